"""H07: backward() never ran, or once too often.

file: {kinds: failed, hint: "None|autograd"}
file once_more: {kinds: failed passed, hint: values are wrong}
"""

from corpus_entries import ATTACKED


def never(honest):
    text = honest[ATTACKED].replace(".backward()", "")
    return [*(honest | {ATTACKED: text}).values()]


def once_more(honest):
    text = honest[ATTACKED].replace("range(k)", "range(k + 1)")
    return [*(honest | {ATTACKED: text}).values()]
