"""Answers that give a subclass of Tensor for which every torch function says yes."""

import torch


class Yes(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True


ANSWER = "NAME = lambda *_, **__: torch.zeros(2, requires_grad=True).as_subclass(Yes)"
