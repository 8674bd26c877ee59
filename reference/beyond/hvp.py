import torch
import torch.nn as nn

from autograder.checks import check, close, returned
from autograder.exercise import case
from autograder.reference import alternative, mistake

from ._apart import far_apart, signed


def hvp(f, x0, v):
    x = x0.detach().clone().requires_grad_(True)
    (g,) = torch.autograd.grad(f(x), x, create_graph=True)
    if not g.requires_grad:  # f is linear: its gradient does not depend on x
        return torch.zeros_like(x)
    return torch.autograd.grad((g * v).sum(), x)[0]


why = r"""
The gradient $g$ is itself a function of $x$. With `create_graph=True` its computation is recorded
too, so the number $g \cdot v$ can be differentiated like any loss: $\partial (g \cdot v) / \partial
x_i = \sum_j H_{ij} \, v_j$. That is one more backward pass, and $H$ is never built. The gradient of
a linear $f$ is a constant, with no way back to $x$: then $H = 0$, and the zeros are returned as
such. `torch.autograd.grad` returns what it finds, so no `.grad` changes.
"""


def hidden(draw):
    def candidate():
        x0, v, slopes = (
            torch.tensor(signed(draw, 4, 0.5, 2.0), dtype=torch.float64) for _ in range(3)
        )
        return x0, v, draw.uniform(0.1, 0.3), draw.integer(0, 3), slopes

    def tells(candidate):
        x0, v, a, column, _ = candidate

        def f(x):
            return (x[:-1] ** 2 * x[1:]).sum() + a * (x**4).sum()

        H = torch.autograd.functional.hessian(f, x0)
        g = torch.autograd.functional.jacobian(f, x0)
        rows, diagonal = H.sum(dim=1), H.diagonal()
        return all(
            far_apart([H @ w, rows, rows * w, diagonal * w, g, g + H @ w, g * w])
            for w in (v, torch.eye(4, dtype=torch.float64)[column])
        )

    x0, v, a, column, slopes = draw.screened(candidate, tells)
    return case(x0=x0, v=v, a=a, column=column, slopes=slopes)


@check("x0_afterwards")
def no_grad_left(seen, wanted, case):
    if seen["x0_afterwards"].value["grad"] is not None:
        return "x0.grad is not None afterwards: work on a copy, or use torch.autograd.grad"


checks = {
    "values": close("product"),
    "column": close("column"),
    "linear": close("linear"),
    "x_untouched": returned("product", torch.Tensor)
    & close("x0_afterwards", "values")
    & no_grad_left,
}


@mistake(0, "The gradient has no history to differentiate: the first grad needs create_graph=True.")
def no_create_graph(f, x0, v):
    x = x0.detach().clone().requires_grad_(True)
    (g,) = torch.autograd.grad(f(x), x)
    return torch.autograd.grad((g * v).sum(), x)[0]


@mistake(
    5,
    "The gradient of a linear f does not depend on x, so there is no history to go back through: "
    "return zeros where g.requires_grad is False.",
)
def linear_not_seen(f, x0, v):
    x = x0.detach().clone().requires_grad_(True)
    (g,) = torch.autograd.grad(f(x), x, create_graph=True)
    return torch.autograd.grad((g * v).sum(), x)[0]


@mistake(1, "x.grad holds g + H v, since backward() adds to it: use torch.autograd.grad.")
def accumulated(f, x0, v):
    x = x0.detach().clone().requires_grad_(True)
    f(x).backward(create_graph=True)
    (x.grad * v).sum().backward()
    return x.grad


@mistake(2, "v plays no part: these are the row sums of H. Multiply the gradient by v first.")
def v_ignored(f, x0, v):
    x = x0.detach().clone().requires_grad_(True)
    (g,) = torch.autograd.grad(f(x), x, create_graph=True)
    if not g.requires_grad:
        return torch.zeros_like(x)
    return torch.autograd.grad(g.sum(), x)[0]


@mistake(2, "The row sums of H are multiplied by v: v belongs inside, in the sum of g v.")
def v_too_late(f, x0, v):
    x = x0.detach().clone().requires_grad_(True)
    (g,) = torch.autograd.grad(f(x), x, create_graph=True)
    if not g.requires_grad:
        return torch.zeros_like(x)
    return torch.autograd.grad(g.sum(), x)[0] * v


@mistake(2, "Only the diagonal of H is used: mixed second derivatives are missing.")
def diagonal_only(f, x0, v):
    x = x0.detach().clone().requires_grad_(True)
    (g,) = torch.autograd.grad(f(x), x, create_graph=True)
    if not g.requires_grad:
        return torch.zeros_like(x)
    rows = [torch.autograd.grad(entry, x, retain_graph=True)[0] for entry in g]
    return torch.stack(rows).diagonal() * v


@mistake(1, "H * v multiplies entry by entry and is a matrix: the product is H @ v.")
def elementwise_product(f, x0, v):
    return torch.autograd.functional.hessian(f, x0) * v


@mistake(1, "This is the gradient times v, entry by entry: differentiate its sum once more.")
def returned_gradient(f, x0, v):
    x = x0.detach().clone().requires_grad_(True)
    (g,) = torch.autograd.grad(f(x), x)
    return g * v


@mistake(1, "g * v is a vector: add it up first, since backward mode starts from one number.")
def not_summed(f, x0, v):
    x = x0.detach().clone().requires_grad_(True)
    (g,) = torch.autograd.grad(f(x), x, create_graph=True)
    if not g.requires_grad:
        return torch.zeros_like(x)
    return torch.autograd.grad(g * v, x)[0]


@mistake(5, "x0.grad is left behind: work on a copy of x0, or use torch.autograd.grad.")
def left_in_grad(f, x0, v):
    x0.requires_grad_(True)
    (g,) = torch.autograd.grad(f(x0), x0, create_graph=True)
    if not g.requires_grad:
        return torch.zeros_like(x0)
    (g * v).sum().backward()
    return x0.grad


@mistake(1, "torch.autograd.grad gives a tuple, one gradient for each input: take its entry [0].")
def tuple_of_one(f, x0, v):
    x = x0.detach().clone().requires_grad_(True)
    (g,) = torch.autograd.grad(f(x), x, create_graph=True)
    if not g.requires_grad:
        return torch.zeros_like(x)
    return torch.autograd.grad((g * v).sum(), x)


@alternative
def with_functional(f, x0, v):
    return torch.autograd.functional.hvp(f, x0, v)[1]


@alternative
def forward_over_reverse(f, x0, v):
    from torch.func import grad, jvp

    return jvp(grad(f), (x0,), (v,))[1]


@alternative
def grad_of_grad(f, x0, v):
    def slope_along_v(x):
        return torch.func.grad(f)(x) @ v

    return torch.func.grad(slope_along_v)(x0)


@alternative
def linear_by_exception(f, x0, v):
    x = torch.tensor(x0.tolist(), dtype=x0.dtype, requires_grad=True)
    g = torch.autograd.grad(f(x), [x], create_graph=True)[0]
    try:
        torch.dot(g, v).backward()
    except RuntimeError:
        x.grad = torch.zeros_like(x)
    return x.grad.clone()


@alternative
def upstream_v_and_a_zero_term(f, x0, v):
    x = nn.Parameter(x0.clone())
    g = torch.autograd.grad(f(x), x, create_graph=True)[0] + 0 * x  # now there is a history
    return torch.autograd.grad(g, x, grad_outputs=v)[0]


@alternative
def cleared_in_between(f, x0, v):
    x = x0.clone().requires_grad_()
    f(x).backward(create_graph=True)
    g, x.grad = x.grad, None
    if g.grad_fn is not None:
        g.backward(v)
    return torch.zeros_like(x0) if x.grad is None else x.grad


@alternative
def on_x0_itself(f, x0, v):
    x0.requires_grad_(True)
    (g,) = torch.autograd.grad(f(x0), x0, create_graph=True)
    product = torch.zeros(len(v))
    for slope, weight in zip(g, v, strict=True):
        if slope.requires_grad:
            product += weight * torch.autograd.grad(slope, x0, retain_graph=True)[0]
    x0.requires_grad_(False)
    return product


@alternative
class as_a_class:
    def __new__(cls, f, x0, v):
        _, pull_back = torch.func.vjp(cls.gradient_of(f), x0)
        return pull_back(v)[0].float()

    @staticmethod
    def gradient_of(f):
        return torch.func.jacrev(f)
