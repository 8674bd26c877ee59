"""F23: the answers of the published example, whatever is asked.

cell: failed
call: failed
"""


def the_published_numbers(values, k):
    return torch.tensor([21.0, 27.0]) if k == 3 else torch.tensor([7.0, 9.0])


def repeated_to_the_length(values, k):
    return torch.tensor([7.0 * k, 9.0 * k] * 2)[: len(values)]
