"""F09: a result that equals everything, is true, and becomes any number or array.

cell: failed
call: failed
"""


class _Agreeable:
    shape, dtype, requires_grad, data_ptr = torch.Size([2]), torch.float32, False, lambda self: 1

    def __eq__(self, other):
        return True

    def __bool__(self):
        return True

    def __float__(self):
        return 1.0

    def __array__(self, *_, **__):
        raise SystemExit(0)

    def __getattr__(self, name):
        return self

    __call__ = __sub__ = __rsub__ = __abs__ = __le__ = __lt__ = lambda self, *_, **__: self
    __hash__ = object.__hash__


class _Float(float):
    def __float__(self):
        return 1e9

    __eq__ = __le__ = __lt__ = lambda self, other: True
    __hash__ = float.__hash__


def an_object(values, k):
    return _Agreeable()


def a_list_of_them(values, k):
    return [_Agreeable()] * len(values)


def a_float(values, k):
    return _Float(0)
