"""H03: the right numbers in a list, an array, a tuple, one float; or nothing at all.

file: {kinds: failed passed, hint: "expected a tensor of shape .*, got|is a `return` missing"}
"""

from corpus_entries import ATTACKED


def _returning(honest, expression):
    text = honest[ATTACKED].replace("return x.grad", f"return {expression}")
    assert expression in text
    return (honest | {ATTACKED: text}).values()


def a_list(honest):
    return list(_returning(honest, "x.grad.tolist()"))


def an_array(honest):
    return list(_returning(honest, "x.grad.numpy()"))


def a_tuple(honest):
    return list(_returning(honest, "(x.grad, k)"))


def a_float(honest):
    return list(_returning(honest, "float(x.grad[0])"))


def nothing(honest):
    return list(_returning(honest, "None"))
