r"""### An operation of your own

Autograd knows the derivative of every operation that PyTorch brings along. For one of your own you
tell it: a `torch.autograd.Function` holds the forward computation and, beside it, the rule that
takes the gradient back through it.

Write the class `LeakyReLU`, which is used as `LeakyReLU.apply(x, slope)`. For every entry of the
float tensor `x`, of any shape, with a number `slope` ($s$),

$$y_i = \begin{cases} x_i & \text{if } x_i > 0 \\ s\,x_i & \text{otherwise.} \end{cases}$$

- `forward(ctx, x, slope)` returns $y$, and keeps in `ctx` what `backward` will need: tensors with
  `ctx.save_for_backward(...)`, anything else as an attribute of `ctx`.
- `backward(ctx, gradient)` receives $\partial L / \partial y$ for whatever loss $L$ comes later,
  and returns $\partial L / \partial x$. Autograd expects one value for **every** input of
  `forward`: which one belongs to `slope`, which is a plain number?

Work on new tensors: neither may `forward` change `x`, nor `backward` the gradient that it receives.
Both may be in use elsewhere.

Example: with `x = torch.tensor([-2.0, 3.0], requires_grad=True)`, `y = LeakyReLU.apply(x, 0.1)` is
`tensor([-0.2000, 3.0000])`, and after `(5 * y).sum().backward()` `x.grad` is
`tensor([0.5000, 5.0000])`.

Graded are the forward values, the gradient for an incoming gradient of ones and for another one,
and what `backward` returns for `slope`. One point is for what `torch.autograd.gradcheck` tests, in
float64: that the Jacobian which `backward` gives, one unit vector at a time, is the one that shows
when each entry of `x` is nudged a little up and down. Try gradcheck yourself.
"""

import torch

from autograder.exercise import attempt, case


class LeakyReLU(torch.autograd.Function):
    """x where x > 0, else slope * x."""

    @staticmethod
    def forward(ctx, x, slope):
        """Return y, a new tensor of x's shape."""
        raise NotImplementedError("LeakyReLU")

    @staticmethod
    def backward(ctx, gradient):
        """Return the gradient with respect to every input of forward."""
        raise NotImplementedError("LeakyReLU")


visible = case(
    x=torch.tensor([-2.0, -0.5, 0.75, 1.5], dtype=torch.float64),
    slope=0.25,
    upstream=torch.tensor([3.0, -2.0, -1.5, 2.0], dtype=torch.float64),
)


def probe(LeakyReLU, case):
    def apply(x):
        if not (isinstance(LeakyReLU, type) and issubclass(LeakyReLU, torch.autograd.Function)):
            raise TypeError("expected a class derived from torch.autograd.Function")
        return LeakyReLU.apply(x, case.slope)

    def forward():
        x = case.x
        return {"y": apply(x), "x_afterwards": x}

    def gradient(upstream):
        x = case.x.requires_grad_()
        apply(x.clone()).backward(upstream)
        return x.grad

    def returned_by_backward():
        y = apply(case.x.requires_grad_().clone())  # torch 2.4 forgets what it saved without it
        return y.grad_fn.apply(case.upstream)

    def jacobians():
        x, vectors, h = case.x, torch.eye(len(case.x), dtype=torch.float64), 1e-6
        by_backward = [gradient(vector) for vector in vectors]
        by_nudging = []
        for i in range(len(x)):
            x[i] += h
            up = apply(x).clone()
            x[i] -= 2 * h
            by_nudging.append((up - apply(x)) / (2 * h))
            x[i] += h
        return {"rows": by_backward, "columns": by_nudging, "vectors_afterwards": vectors}

    return {
        "forward": attempt(forward),
        "ones": attempt(lambda: gradient(torch.ones_like(case.x))),
        "upstream": attempt(lambda: gradient(case.upstream)),
        "jacobians": attempt(jacobians),
        "returned": attempt(returned_by_backward),
    }
