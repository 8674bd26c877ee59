"""F10: a subclass of Tensor that answers every torch function with True or itself.

cell: failed
call: failed
"""


class _Yes(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return True


class _Chameleon(torch.Tensor):
    @classmethod
    def __torch_function__(cls, function, types, args=(), kwargs=None):
        return next(a for a in args if isinstance(a, cls))

    def __eq__(self, other):
        return torch.ones(1, dtype=torch.bool)

    __hash__ = torch.Tensor.__hash__


def that_says_true(values, k):
    return torch.zeros(len(values)).as_subclass(_Yes)


def that_gives_itself(values, k):
    return torch.zeros(len(values)).as_subclass(_Chameleon)
