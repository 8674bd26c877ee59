"""H06: right numbers that autograd had no part in, or that were detached afterwards.

file: {kinds: passed failed, hint: autograd}
file detached: passed
file data: passed
file item: {kinds: failed passed, hint: expected a tensor}
"""

from corpus_entries import ATTACKED


def _instead(honest, body):
    return [*(honest | {ATTACKED: f"def {ATTACKED}(values, k):\n    {body}"}).values()]


def formula(honest):
    return _instead(honest, "x = torch.tensor(values)\n    return k * (2 * x + 3)")


def no_grad(honest):
    body = "x = torch.tensor(values)\n    with torch.no_grad(): y = 2 * x + 3\n    return k * y"
    return _instead(honest, body)


def _returning(honest, expression):
    text = honest[ATTACKED].replace("return x.grad", f"return {expression}")
    return [*(honest | {ATTACKED: text}).values()]


def detached(honest):
    return _returning(honest, "x.grad.detach()")


def data(honest):
    return _returning(honest, "x.grad.data")


def item(honest):
    return _returning(honest, "x.grad.sum().item()")
