"""H02: the function was never written, or has another name.

file: {kinds: missing, hint: "is it 'accumulate_grad'"}
file never_written: {kinds: missing, hint: "defines no 'accumulated_grad'"}
"""

from corpus_entries import ATTACKED


def another_name(honest):
    return [text.replace(f"def {ATTACKED}", "def accumulate_grad") for text in honest.values()]


def never_written(honest):
    return [text for name, text in honest.items() if name != ATTACKED]
