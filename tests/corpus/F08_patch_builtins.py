"""F08: replaces built-in functions, and the operators of tensors, by ones that agree.

cell: {kinds: failed raised crashed protocol timed_out, note: ".*", others: any}
call: {kinds: failed raised crashed protocol timed_out, others: any}
"""

import builtins


def _agree(*_, **__):
    return True


def questions(values, k):
    builtins.isinstance = builtins.all = builtins.any = _agree


def numbers(values, k):
    builtins.abs = builtins.float = builtins.max = lambda *_: 0


def operators(values, k):
    torch.Tensor.__eq__ = torch.Tensor.__bool__ = torch.Tensor.__le__ = _agree
    torch.Tensor.tolist = lambda self: [0.0]
