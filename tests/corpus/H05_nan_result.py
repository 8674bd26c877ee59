"""H05: NaN comes out, by 0/0, by the logarithm of 0, by an unstable softmax.

file: {kinds: failed passed, hint: contains nan}
"""

from corpus_entries import ATTACKED


def _plus(honest, nan):
    text = honest[ATTACKED].replace("return x.grad", f"return x.grad + ({nan})")
    return [*(honest | {ATTACKED: text}).values()]


def zero_by_zero(honest):
    return _plus(honest, "torch.zeros(1) / 0")


def logarithm(honest):
    return _plus(honest, "torch.zeros(1) * torch.log(torch.zeros(1))")


def unstable_softmax(honest):
    return _plus(honest, "torch.exp(torch.tensor([1e4])) / torch.exp(torch.tensor([1e4]))")
