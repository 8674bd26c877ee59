r"""### The same graph, twice

Write `backward_twice(make_loss, leaves)`. `leaves` is a list of leaf tensors, and
`make_loss(*leaves)` computes a loss from them.

1. Build the loss **once**.
2. Call `backward()` on it a first time, which always works.
3. Call `backward()` on it a second time, without `retain_graph`. Sometimes this raises a
   `RuntimeError` and sometimes it does not; your function must come back in either case.

Return `(raised, grads)`: a bool that says whether the second call raised, and a list with the
`.grad` of every leaf, in order, as it is **after** the second call.

You will be given three kinds of losses, with numbers and an index $j$ that you do not know:

- `squares`: $\sum_i (x_i^2 + 3x_i)$ of one leaf $x$;
- `sums`: $\sum_i x_i + x_j$ of one leaf $x$;
- `mixed`: $a^2 + b$ of two leaves, which hold one number each.

Can you tell beforehand which of them raise, and what the gradients are then? Write it down; then
run the check. Look twice at `mixed`.
"""

import torch

from autograder.exercise import attempt, case


def backward_twice(make_loss, leaves):
    """Whether a second backward() raises, and all gradients after it: (bool, list of tensors)."""
    raise NotImplementedError("backward_twice")


visible = case(squares=[2.0, 3.0], sums=[2.0, 3.0, 1.5], j=0, mixed=[3.0, 2.0])


def probe(backward_twice, case):
    def leaf(value):
        return torch.tensor(value, requires_grad=True)

    def squares(x):
        return (x**2 + 3 * x).sum()

    def sums(x):
        return x.sum() + x[case.j]

    def mixed(a, b):
        return a**2 + b

    return {
        "squares": attempt(lambda: backward_twice(squares, [leaf(case.squares)])),
        "sums": attempt(lambda: backward_twice(sums, [leaf(case.sums)])),
        "mixed": attempt(lambda: backward_twice(mixed, [leaf(v) for v in case.mixed])),
    }
