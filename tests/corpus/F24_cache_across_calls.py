"""F24: works once for each form of input, and repeats that result ever after.

cell: failed
call: failed
"""

_cache = {}


def _once(key, values, k):
    if key not in _cache:
        x = torch.tensor(values, requires_grad=True)
        for _ in range(k):
            (x**2 + 3 * x).sum().backward()
        _cache[key] = x.grad
    return _cache[key]


def by_shape(values, k):
    return lambda values, k: _once((len(values), k == 1), values, k)


def by_identity(values, k):
    return lambda values, k: _once(id(torch.float32), values, k)


def first_call(values, k):
    return lambda values, k: _once("first", values, k)
