"""F25: the input itself, zeros, nothing, or one number that would broadcast.

cell: failed
call: failed
"""


def the_list(values, k):
    return values


def the_input(values, k):
    return lambda values, k: torch.tensor(values)


def zeros(values, k):
    return lambda values, k: torch.zeros(len(values))


def empty(values, k):
    return torch.empty(0)


def a_scalar(values, k):
    return torch.tensor(9.0)


def a_number(values, k):
    return 9.0
