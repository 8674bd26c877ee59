"""H08: cells that were run in another order than they stand in.

file: {kinds: passed, note: "NameError: name 'later' is not defined"}
file used_inside: {kinds: raised, hint: "NameError: name 'rate' is not defined"}
file imports_last: passed
"""

from corpus_entries import ATTACKED


def uses_what_comes_later(honest):
    return [*honest.values(), "print(later)", "later = 1"]


def used_inside(honest):
    """A name that no cell defines any more."""
    text = honest[ATTACKED].replace("return x.grad", "return x.grad * rate")
    return [*(honest | {ATTACKED: text}).values()]


def imports_last(honest):
    imports, *answers = honest.values()
    return [*reversed(answers), imports]
