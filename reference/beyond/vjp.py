import torch
import torch.nn as nn

from autograder.checks import close, shape, used_autograd
from autograder.exercise import case
from autograder.reference import alternative, mistake

from ._apart import far_apart, signed


def vjp(A, x0, v):
    x = x0.clone().requires_grad_(True)
    y = torch.tanh(A @ x)
    y.backward(gradient=v)
    return x.grad


why = r"""
A backward pass from one number starts with the slope 1. Here it starts with $v_i$ at output $i$,
and the chain rule makes $\sum_i v_i \, \partial y_i / \partial x_j$ of it, just as if the number
$\sum_i v_i \, y_i$ had been differentiated: $v^\top J$, without $J$. The unit vector that is 1 at
output 2 therefore picks row 2. The leaf is a copy, so the gradient lands in a tensor of your own.
"""


def hidden(draw):
    def candidate():
        A, x0 = draw.normal(4, 3), draw.normal(3)
        return A, x0, torch.tensor(signed(draw, 4, 0.5, 2.0)), draw.integer(0, 3)

    def tells(candidate):
        A, x0, v, row = candidate
        z = A @ x0
        if not 0.3 < z.abs().min() < z.abs().max() < 1.8:  # tanh bends, and is not flat
            return False
        answers = [vjp, v_ignored.answer, mean.answer, no_tanh.answer]
        row_of_jacobian = [answer(A, x0, torch.eye(4)[row]) for answer in answers]
        answers.append(v_on_the_inside.answer)
        return far_apart(row_of_jacobian) and far_apart([answer(A, x0, v) for answer in answers])

    A, x0, v, row = draw.screened(candidate, tells)
    return case(A=A, x0=x0, v=v, row=row)


checks = {
    "values": close("product") & used_autograd("product"),
    "row_of_jacobian": close("row"),
    "shape": shape("product"),
    "autograd_ran": used_autograd("product"),
}

IGNORED = "v plays no part: y.sum() weighs all outputs alike. Pass gradient=v to backward()."


@mistake(2, IGNORED)
def v_ignored(A, x0, v):
    x = x0.clone().requires_grad_(True)
    torch.tanh(A @ x).sum().backward()
    return x.grad


@mistake(2, IGNORED)
def ones_instead_of_v(A, x0, v):
    x = x0.clone().requires_grad_(True)
    y = torch.tanh(A @ x)
    y.backward(torch.ones_like(y))
    return x.grad


@mistake(0, "y has 4 entries, so say how to weigh them: y.backward(gradient=v).")
def not_scalar(A, x0, v):
    x = x0.clone().requires_grad_(True)
    torch.tanh(A @ x).backward()
    return x.grad


@mistake(2, "4 times too small: v weighs the outputs in a sum, not in a mean.")
def mean(A, x0, v):
    x = x0.clone().requires_grad_(True)
    (v * torch.tanh(A @ x)).mean().backward()
    return x.grad


@mistake(1, "This is the whole 4 x 3 Jacobian: its product with v has shape (3,).")
def returned_jacobian(A, x0, v):
    return torch.autograd.functional.jacobian(lambda x: torch.tanh(A @ x), x0)


@mistake(2, "The formula is right; now let backward() find it.")
def no_autograd(A, x0, v):
    y = torch.tanh(A @ x0)
    return (v * (1 - y**2)) @ A


@mistake(1, "The result is a 1 x 3 matrix: return a vector of shape (3,).")
def one_row_matrix(A, x0, v):
    x = x0.clone().requires_grad_(True)
    torch.tanh(A @ x).backward(v)
    return x.grad[None, :]


@mistake(1, "Each row of the Jacobian is weighed, but not added up: sum over the 4 outputs.")
def not_summed(A, x0, v):
    return v[:, None] * torch.autograd.functional.jacobian(lambda x: torch.tanh(A @ x), x0)


@mistake(
    1,
    "Nothing came back: see that there is a `return`, and that x is a leaf, as only a leaf gets a "
    ".grad: clone first, then requires_grad_().",
)
def not_a_leaf(A, x0, v):
    x = x0.requires_grad_(True).clone()
    torch.tanh(A @ x).backward(v)
    return x.grad


@mistake(2, "This differentiates A x: the tanh is missing.")
def no_tanh(A, x0, v):
    x = x0.clone().requires_grad_(True)
    (A @ x).backward(v)
    return x.grad


@mistake(3, "v belongs outside the tanh: it weighs the outputs y, not A x.")
def v_on_the_inside(A, x0, v):
    x = x0.clone().requires_grad_(True)
    torch.tanh(v * (A @ x)).sum().backward()
    return x.grad


@mistake(1, "torch.autograd.grad gives a tuple, one gradient for each input: take its entry [0].")
def tuple_of_one(A, x0, v):
    x = x0.clone().requires_grad_(True)
    return torch.autograd.grad(torch.tanh(A @ x), x, grad_outputs=v)


@alternative
def with_autograd_grad(A, x0, v):
    x = x0.detach().clone().requires_grad_()
    (product,) = torch.autograd.grad(A.matmul(x).tanh(), x, grad_outputs=v)
    return product


@alternative
def weighted_sum(A, x0, v):
    x = torch.tensor(x0.tolist(), dtype=torch.float64, requires_grad=True)
    y = torch.tanh(A.double() @ x)
    torch.dot(v.double(), y).backward()
    return x.grad


@alternative
def with_torch_func(A, x0, v):
    from torch import func

    _, pull_back = func.vjp(lambda x: torch.tanh(A @ x), x0)
    return pull_back(v)[0]


@alternative
def with_functional(A, x0, v):
    def y(x):
        return torch.tanh(torch.mv(A, x))

    return torch.autograd.functional.vjp(y, x0, v=v, create_graph=True)[1]


@alternative
def row_by_row(A, x0, v):
    x = x0.clone().requires_grad_(True)
    y = torch.tanh(A @ x)
    total = torch.zeros(A.shape[1])
    for weight, output in zip(v, y, strict=True):
        total += weight * torch.autograd.grad(output, x, retain_graph=True)[0]
    return total


@alternative
def through_the_jacobian_forwards(A, x0, v):
    jacobian = torch.func.jacfwd(lambda x: (A @ x).tanh())(x0)
    return torch.einsum("i,ij->j", v, jacobian)


@alternative
def with_a_module(A, x0, v):
    layer = nn.Linear(A.shape[1], A.shape[0], bias=False)
    layer.weight.data = A
    x = nn.Parameter(x0.clone())
    torch.autograd.backward(nn.Sequential(layer, nn.Tanh())(x), v)
    return x.grad


@alternative
def column_vectors(A, x0, v):
    x = x0.reshape(-1, 1).clone().requires_grad_(True)
    loss = v.reshape(1, -1) @ torch.tanh(A @ x)
    loss.backward()
    return x.grad.squeeze(1)


@alternative
class as_a_class:
    def __new__(cls, A, x0, v):
        return torch.func.grad(lambda x: sum(map(cls.weighted(x), v, A)))(x0)

    @staticmethod
    def weighted(x):
        return lambda weight, row: weight * torch.tanh(row @ x)
