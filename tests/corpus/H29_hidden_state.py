"""H29: relies on what a deleted cell had defined.

file: {kinds: raised, hint: "NameError: name '.*' is not defined"}
file at_the_top: {kinds: passed, note: "NameError: name 'model' is not defined"}
"""

from corpus_entries import ATTACKED


def a_variable(honest):
    text = honest[ATTACKED].replace("return x.grad", "return x.grad * factor")
    return [*(honest | {ATTACKED: text}).values()]


def a_helper(honest):
    text = honest[ATTACKED].replace("return x.grad", "return clean(x.grad)")
    return [*(honest | {ATTACKED: text}).values()]


def at_the_top(honest):
    return [*honest.values(), "print(model)"]
