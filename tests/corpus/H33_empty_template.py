"""H33: nothing was done: the notebook as it was handed out, or with `...` or `pass` in it.

file: {kinds: raised, hint: not done yet, others: none}
file dots: {kinds: failed, hint: "None|autograd", others: none}
file passes: {kinds: failed, hint: "None|autograd", others: none}
file no_cells: {kinds: missing, hint: defines no, others: none}
"""

from corpus_entries import EXERCISES, IMPORTS


def _all(body):
    return [IMPORTS, *(f"def {name}(*args):\n    {body}" for name in EXERCISES)]


def untouched(honest):
    return _all("raise NotImplementedError")


def dots(honest):
    return _all("...")


def passes(honest):
    return _all("pass")


def no_cells(honest):
    return []
