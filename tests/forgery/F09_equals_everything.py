"""Answers that give an object which equals everything, is true, and has any attribute."""

import torch


class Agreeable:
    shape, dtype, requires_grad = torch.Size([2]), torch.float32, False
    __hash__ = object.__hash__

    def __eq__(self, other):
        return True

    def __float__(self):
        return 1.0

    def __getattr__(self, name):
        return self

    __call__ = __sub__ = __rsub__ = __abs__ = __le__ = __lt__ = lambda self, *_, **__: self


ANSWER = "NAME = Agreeable()"
