"""F29: another way to the numbers: a library's own, or the formula where autograd is asked for.

cell ready_made: passed
call ready_made: passed
cell: {kinds: passed failed, hint: autograd}
call: {kinds: passed failed, hint: autograd}
answer: right
"""

from torch.func import grad


def ready_made(values, k):
    def slope(x):
        return (x**2 + 3 * x).sum()

    return lambda values, k: sum(grad(slope)(torch.tensor(values)) for _ in range(k))


def formula(values, k):
    return right
