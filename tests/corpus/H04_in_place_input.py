"""H04: the function changes its argument.

file: passed
"""

from corpus_entries import ATTACKED


def _at_the_end(honest, statement):
    text = honest[ATTACKED].replace("return x.grad", f"{statement}\n    return x.grad")
    return [*(honest | {ATTACKED: text}).values()]


def cleared(honest):
    return _at_the_end(honest, "values.clear()")


def sorted_in_place(honest):
    return _at_the_end(honest, "values.sort(); values.append(7.0)")
