"""F26: the right numbers in another type or shape: integers, (1, n), (), none at all.

cell: {kinds: failed, hint: expected|shape|integer|dtype}
call: {kinds: failed, hint: expected|shape|integer|dtype}
"""


def integers(values, k):
    return lambda values, k: right(values, k).long()


def a_row(values, k):
    return lambda values, k: right(values, k)[None]


def a_column(values, k):
    return lambda values, k: right(values, k)[:, None]


def the_first(values, k):
    return lambda values, k: right(values, k)[0]


def none_of_them(values, k):
    return lambda values, k: right(values, k)[:0]


def as_text(values, k):
    return lambda values, k: str(right(values, k).tolist())


def complex_numbers(values, k):
    return lambda values, k: right(values, k).to(torch.complex64)
