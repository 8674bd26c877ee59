"""H09: the cell of the imports was deleted, or that of a question.

file: {kinds: missing, hint: defines no}
file without_imports: passed
"""

from corpus_entries import ATTACKED


def without_a_question(honest):
    return [text for name, text in honest.items() if name != ATTACKED]


def without_imports(honest):
    return [text for name, text in honest.items() if name]
