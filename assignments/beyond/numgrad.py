r"""### A gradient without autograd

Whoever writes a backward pass wants to test it against something simpler. A derivative can be read
off from values of the function alone, one entry of $x$ at a time. With $e_i$ for the tensor that is
1 at entry $i$ and 0 elsewhere,

$$f(x + h\,e_i) = f(x) + h\,\frac{\partial f}{\partial x_i}
+ \frac{h^2}{2}\,\frac{\partial^2 f}{\partial x_i^2} + O(h^3).$$

Write down the same for $f(x - h\,e_i)$, and combine the two so that the term with $h^2$ drops out:
this is a *central difference*.

Write `numgrad(f, x)`, which approximates the gradient of `f` at `x` by central differences with
$h = 10^{-5}$. `x` is a float64 tensor of any shape; `f` takes such a tensor and returns one number,
a 0-d tensor. `f` is a black box: it leaves no graph, so `backward()` finds nothing to go through.

Return a float64 tensor of the shape of `x`. Stay in float64 all the way, since in float32 rounding
drowns such small differences. You may change `x` on the way, but afterwards it must have its old
values.

Example: for `f = lambda x: (x**3).sum()` and `x = torch.tensor([1.0, -2.0], dtype=torch.float64)`
it is `tensor([ 3., 12.], dtype=torch.float64)`, with an error below $10^{-8}$.

Graded are an error below $10^{-3}$ of the largest entry, then one below $10^{-8}$ (which a quotient
that looks to one side of $x$ cannot reach), both in float64 only; the shape; and that `x` is as it
was.

Not graded: take a function that autograd can differentiate, and plot the error of your gradient for
$h = 10^{-1}, 10^{-2}, \dots, 10^{-12}$ on log axes. Why is there a best $h$?
"""

import torch

from autograder.exercise import attempt, case


def numgrad(f, x):
    """The gradient of f at x by central differences: a float64 tensor of x's shape."""
    raise NotImplementedError("numgrad")


visible = case(  # near a stationary point, where even a small error stands out
    x=torch.tensor([[0.99, 0.95, -0.49], [-0.49, 0.96, 1.06], [0.96, -0.5, -0.42]]).double(),
    exp=2.0,
    cube=-2.0,
    product=0.5,
)


def probe(numgrad, case):
    given = set()

    def f(x):
        given.add(str(x.dtype))
        entries = x.detach().flatten()
        sum_of_exps, sum_of_cubes = entries.exp().sum(), (entries**3).sum()
        products = (entries[:-1] * entries[1:]).sum()
        return case.exp * sum_of_exps + case.cube * sum_of_cubes + case.product * products

    def run():
        x = case.x
        gradient = numgrad(f, x)
        return {
            "gradient": gradient,
            "dtype": str(getattr(gradient, "dtype", None)),
            "dtypes_given_to_f": sorted(given),
            "change_of_x": x - case.x,
        }

    return {"run": attempt(run)}
