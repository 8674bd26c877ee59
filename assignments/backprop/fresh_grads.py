r"""### One gradient for each pass

`backward()` *adds* to `.grad`. To see what one pass contributes, the gradient must be cleared
before the next pass, and what you record must not be overwritten later.

Write `fresh_grads(values, k)`. Make one leaf tensor $x$ from `values` (a list of floats). In pass
$j = 0, 1, \dots, k-1$ compute

$$L_j = \sum_i (j+1)\,(x_i^2 + 3x_i),$$

call `backward()`, and record the gradient of that pass **alone**, $\partial L_j / \partial x$.
Clear the gradient between passes in any correct way; before the first pass there is nothing to
clear.

Return a list of the $k$ recorded float tensors in order, each of shape `(len(values),)`. Each must
have memory of its own, so that it keeps its numbers whatever happens afterwards.

Example: `fresh_grads([2.0, 3.0], 3)` gives
`[tensor([7., 9.]), tensor([14., 18.]), tensor([21., 27.])]`.
"""

from autograder.exercise import attempt, case


def fresh_grads(values, k):
    """The gradient of each of k passes alone: a list of k tensors of shape (len(values),)."""
    raise NotImplementedError("fresh_grads")


visible = case(values=[2.0, 3.0], k=3)


def probe(fresh_grads, case):
    return {"grads": attempt(lambda: fresh_grads(case.values, case.k))}
