"""H15: asks the reader for something: at once an error, which is explained.

file: {kinds: passed, note: "EOFError|no keyboard|getpass"}
file in_an_answer: {kinds: raised, hint: no keyboard}
"""

from corpus_entries import ATTACKED


def by_input(honest):
    return ["name = input('your name? ')", *honest.values()]


def by_getpass(honest):
    return ["import getpass\ngetpass.getpass()", *honest.values()]


def in_an_answer(honest):
    text = honest[ATTACKED].replace("return x.grad", "input()\n    return x.grad")
    return [*(honest | {ATTACKED: text}).values()]
