r"""### Let gradients add up

Write `accumulated_grad(values, k)`. Make **one** leaf tensor $x$ from `values` (a list of floats).
Then, $k$ times in a row, compute

$$L = \sum_i (x_i^2 + 3x_i)$$

anew and call `backward()`, without ever clearing the gradient. Return `x.grad` as it stands after
the last pass: a float tensor of shape `(len(values),)`.

With a single pass this is nothing new: `accumulated_grad([2.0, 3.0], 1)` gives `tensor([7., 9.])`.
Before you run anything, write down what you expect for $k = 3$; the check below tells.

What is graded: the gradient after $k$ passes, the gradient after one, and that autograd ran in each
of the $k$ passes.
"""

from autograder.exercise import attempt, case


def accumulated_grad(values, k):
    """x.grad after k passes that nobody cleared: a tensor of shape (len(values),)."""
    raise NotImplementedError("accumulated_grad")


visible = case(values=[2.0, 3.0], k=3)


def probe(accumulated_grad, case):
    return {
        "k_passes": attempt(lambda: accumulated_grad(case.values, case.k)),
        "one_pass": attempt(lambda: accumulated_grad(case.values, 1)),
    }
