r"""### Two losses, one forward pass

A network's *trunk* is often shared by several losses, and it is the expensive part. With
$h = \mathrm{trunk}(x)$, let

$$L_1 = \sum_i h_i, \qquad L_2 = \sum_i h_i^2 .$$

Write `two_losses(trunk, x0)`. `trunk` is a differentiable function that maps a float tensor to a
float tensor of the same shape, and `x0` is a float tensor of shape `(n,)`. Return the pair
$(\partial L_1 / \partial x, \; \partial L_2 / \partial x)$ at $x = x_0$: two float tensors of shape
`(n,)`, each the gradient of **its own** loss, not of the sum of both.

Call `trunk` **once**; the calls are counted. Both losses then share one graph, and a backward pass
frees what that graph has saved: say `retain_graph=True` exactly where it is needed and nowhere else
(where you say it is not graded). Why does the last backward pass not need it?

Example: `two_losses(lambda x: x**2, torch.tensor([1.0, 2.0]))` gives
`(tensor([2., 4.]), tensor([4., 32.]))`.
"""

import torch

from autograder.exercise import attempt, case


def two_losses(trunk, x0):
    """(dL1/dx, dL2/dx) at x0 from one call of trunk: two tensors of x0's shape."""
    raise NotImplementedError("two_losses")


visible = case(x0=torch.tensor([0.5, 1.0, -0.5]), a=0.5)


def probe(two_losses, case):
    def run():
        a, calls = case.a, []

        def trunk(x):
            calls.append("forward")
            return torch.exp(a * x) + x * x.roll(1, dims=-1)

        g1, g2 = two_losses(trunk, case.x0)
        return {"g1": g1, "g2": g2, "trunk_calls": len(calls)}

    return {"run": attempt(run)}
