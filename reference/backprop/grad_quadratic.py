import torch

from autograder.checks import close, plain_tensor, used_autograd
from autograder.exercise import case
from autograder.reference import alternative, mistake


def grad_quadratic(values):
    x = torch.tensor(values, dtype=torch.float32, requires_grad=True)
    (x**2 + 3 * x).sum().backward()
    return x.grad


why = r"""
Each $x_i$ occurs in one term of $\sum_i (x_i^2 + 3x_i)$ only, so the derivative of this one number
with respect to $x_i$ is the slope $2x_i + 3$ at that point: a single backward pass finds the slopes
at all points, and leaves them in `.grad`. Asking for floats makes whole numbers welcome: a slope is
about arbitrarily small changes, which integers do not have.
"""


def hidden(draw):
    def candidate():
        return draw.distinct_quarters(4)

    # At -1.5 the gradient is 0, which a wrong answer may hit as well.
    floats = draw.screened(candidate, lambda values: -1.5 not in values)
    return case(floats=floats, ints=draw.shuffled([-4, -3, -2, 2, 3, 4, 5])[:2])


checks = {
    "values": close("floats") & used_autograd("floats"),
    "ints": close("ints"),
    "plain_tensor": plain_tensor("floats", dimensions=1),
    "autograd_ran": used_autograd("floats"),
}


@mistake(2, "Right values divided by n: you differentiated the mean. Sum y instead.")
def mean(values):
    x = torch.tensor(values, dtype=torch.float32, requires_grad=True)
    (x**2 + 3 * x).mean().backward()
    return x.grad


@mistake(0, "backward() starts from one number. Sum y first, or pass gradient=.")
def not_scalar(values):
    x = torch.tensor(values, dtype=torch.float32, requires_grad=True)
    (x**2 + 3 * x).backward()
    return x.grad


@mistake(0, "In Python a power is written **: ^ combines the bits of whole numbers.")
def caret(values):
    x = torch.tensor(values, dtype=torch.float32, requires_grad=True)
    (x ^ 2 + 3 * x).sum().backward()
    return x.grad


@mistake(
    0,
    "Nothing came back: see that there is a `return`, and that backward() is called, with its "
    "parentheses: before that .grad is None.",
)
def backward_not_called(values):
    x = torch.tensor(values, dtype=torch.float32, requires_grad=True)
    (x**2 + 3 * x).sum().backward  # noqa: B018
    return x.grad


@mistake(
    1,
    "Nothing came back: see that there is a `return`, and that x is a leaf: what is computed from "
    "the tensor that requires grad has no .grad itself.",
)
def not_a_leaf(values):
    x = torch.tensor(values, requires_grad=True, dtype=torch.float32) * 1.0
    (x**2 + 3 * x).sum().backward()
    return x.grad


@mistake(2, "Correct, but autograd never ran: let backward() find the derivative.")
def no_autograd(values):
    x = torch.tensor(values, dtype=torch.float32)
    return 2 * x + 3


@mistake(4, "Only float tensors can require grad: add dtype=torch.float32.")
def int_leaf(values):
    x = torch.tensor(values, requires_grad=True)
    (x**2 + 3 * x).sum().backward()
    return x.grad


@mistake(1, "This is y itself, not dy/dx: backward() puts the gradient into x.grad.")
def returned_y(values):
    x = torch.tensor(values, dtype=torch.float32, requires_grad=True)
    y = x**2 + 3 * x
    y.sum().backward()
    return y


@mistake(1, "torch.autograd.grad gives a tuple, one gradient for each input: take its entry [0].")
def tuple_of_one(values):
    x = torch.tensor(values, dtype=torch.float32, requires_grad=True)
    return torch.autograd.grad((x**2 + 3 * x).sum(), x)


X_ITSELF = "This is x itself, not dy/dx: backward() puts the gradient into x.grad."


@mistake(1, X_ITSELF)
def returned_input(values):
    return torch.tensor(values)


@mistake(1, X_ITSELF)
def returned_x(values):
    x = torch.tensor(values, dtype=torch.float32, requires_grad=True)
    (x**2 + 3 * x).sum().backward()
    return x


@alternative
def with_grad(values):
    x = torch.tensor(values, dtype=torch.float64).requires_grad_()
    (dx,) = torch.autograd.grad((x * x + 3 * x).sum(), x)
    return dx


@alternative
def with_upstream_gradient(values):
    x = torch.tensor([float(value) for value in values], requires_grad=True)
    y = x.pow(2) + 3 * x
    y.backward(torch.ones_like(y))
    return x.grad.clone()


@alternative
def one_number_at_a_time(values):
    from torch.autograd import grad

    gradients = []
    for value in values:
        x = torch.tensor(float(value), requires_grad=True)
        gradients.append(grad(x**2 + 3 * x, x)[0])
    return torch.stack(gradients)


@alternative
def graph_kept_with_create_graph(values):
    from functools import partial

    slope = partial(torch.autograd.grad, create_graph=True)
    x = torch.as_tensor(values).float().requires_grad_(True)
    return slope(torch.sum(x * (x + 3)), x)[0].detach()


@alternative
def column_by_column(values):
    def y(x):
        return x**2 + 3 * x

    jacobian = torch.autograd.functional.jacobian(y, torch.tensor(values, dtype=torch.float64))
    return jacobian.diagonal().clone()


@alternative
def leaf_in_a_module(values):
    import torch.nn as nn

    x = nn.Parameter(torch.FloatTensor(values))
    optimizer = torch.optim.SGD([x], lr=1.0)
    optimizer.zero_grad()
    before = x.detach().clone()
    (x.square() + 3 * x).sum().backward()
    optimizer.step()
    return before - x.detach()
