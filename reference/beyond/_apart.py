"""Screening: on a good case, answers that differ give numbers that differ."""


def far_apart(tensors, by=0.02):
    """Whether every two of these tensors, of one shape, differ by that part of their size."""
    return all(
        (a - b).abs().max() > by * max(a.abs().max(), b.abs().max())
        for i, a in enumerate(tensors)
        for b in tensors[:i]
    )


def signed(draw, n, low, high):
    """`n` numbers of size `low` to `high`, of both signs."""
    signs = draw.screened(lambda: [draw.choice([-1, 1]) for _ in range(n)], lambda s: len({*s}) > 1)
    return [sign * draw.uniform(low, high) for sign in signs]
