import torch
import torch.nn as nn
import torch.nn.functional as F

from autograder.checks import close, length, own_storage
from autograder.exercise import case
from autograder.reference import alternative, mistake


def fresh_grads(values, k):
    x = torch.tensor(values, requires_grad=True)
    out = []
    for j in range(k):
        x.grad = None
        ((j + 1) * (x**2 + 3 * x)).sum().backward()
        out.append(x.grad.clone())
    return out


why = r"""
Where `.grad` is `None` there is nothing to add to, so the next pass leaves the gradient of its own
loss alone, $(j + 1)(2x + 3)$. The clone has memory of its own and keeps its numbers whatever
happens to `x.grad` later. After `None` each pass makes a new tensor anyway; after `zero_()`, which
writes into the old one, only the clone saves the record.
"""


def hidden(draw):
    def candidate():
        return draw.distinct_quarters(4)

    # At -1.5 every gradient is 0, alone or summed.
    values = draw.screened(candidate, lambda values: -1.5 not in values)
    return case(values=values, k=draw.integer(3, 4))


checks = {
    "length": length("grads"),
    "values": close("grads"),
    "independent": own_storage("grads"),
}

TUPLE = "torch.autograd.grad gives a tuple, one gradient for each input: take its entry [0]."
ALIAS = (
    "All entries are one tensor, x.grad itself, as it is in the end: append a clone in each pass, "
    "or set x.grad = None between passes and append each."
)


@mistake(1, ALIAS)
def alias(values, k):
    x = torch.tensor(values, requires_grad=True)
    out = []
    for j in range(k):
        if x.grad is not None:
            x.grad.zero_()
        ((j + 1) * (x**2 + 3 * x)).sum().backward()
        out.append(x.grad)
    return out


@mistake(1, ALIAS)
def alias_zeroed_after(values, k):
    x = torch.tensor(values, requires_grad=True)
    out = []
    for j in range(k):
        ((j + 1) * (x**2 + 3 * x)).sum().backward()
        out.append(x.grad)
        x.grad.zero_()
    return out


@mistake(2, "Entry j holds the sum of passes 0 to j: clear the gradient between passes.")
def accumulated(values, k):
    x = torch.tensor(values, requires_grad=True)
    out = []
    for j in range(k):
        ((j + 1) * (x**2 + 3 * x)).sum().backward()
        out.append(x.grad.clone())
    return out


@mistake(
    0, "There .grad is None, as it is before the first backward(): test for None before zero_()."
)
def grad_is_none(values, k):
    x = torch.tensor(values, requires_grad=True)
    out = []
    for j in range(k):
        x.grad.zero_()
        ((j + 1) * (x**2 + 3 * x)).sum().backward()
        out.append(x.grad.clone())
    return out


@mistake(0, "append() changes the list itself and returns None: do not assign what it returns.")
def appended_and_assigned(values, k):
    x = torch.tensor(values, requires_grad=True)
    out = []
    for j in range(k):
        x.grad = None
        ((j + 1) * (x**2 + 3 * x)).sum().backward()
        out = out.append(x.grad.clone())
    return out


@mistake(2, "Each gradient has the factor of the pass before, and the first is 0: it is j + 1.")
def factor_of_the_pass_before(values, k):
    x = torch.tensor(values, requires_grad=True)
    out = []
    for j in range(k):
        x.grad = None
        (j * (x**2 + 3 * x)).sum().backward()
        out.append(x.grad.clone())
    return out


@mistake(
    2, "All entries are the gradient of the first pass: the loss of pass j has a factor j + 1."
)
def without_the_factor(values, k):
    x = torch.tensor(values, requires_grad=True)
    out = []
    for _ in range(k):
        x.grad = None
        (x**2 + 3 * x).sum().backward()
        out.append(x.grad.clone())
    return out


@mistake(1, TUPLE)
def tuples(values, k):
    x = torch.tensor(values, requires_grad=True)
    return [torch.autograd.grad(((j + 1) * (x**2 + 3 * x)).sum(), x) for j in range(k)]


@alternative
def with_autograd_grad(values, k):
    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    return [torch.autograd.grad((j * (x.square() + 3 * x)).sum(), x)[0] for j in range(1, k + 1)]


@alternative
def new_gradient_in_each_pass(values, k):
    x = torch.tensor(values).requires_grad_()
    out = []
    for j in range(k):
        ((j + 1) * (x * x + 3 * x)).sum().backward()
        out.append(x.grad)
        x.grad = None
    return tuple(out)


@alternative
def zeroed_in_place(values, k):
    x = torch.tensor(values, requires_grad=True)
    out = []
    for j in range(k):
        if x.grad is not None:
            x.grad.zero_()
        y = x**2 + 3 * x
        y.backward(torch.full_like(y, j + 1))
        out += [x.grad.detach().clone()]
    return out


@alternative
def optimizer_clears(values, k):
    from torch.optim import SGD

    x = nn.Parameter(torch.tensor(values))
    optimizer, out = SGD([x], lr=0.0), []
    for j in range(k):
        optimizer.zero_grad(set_to_none=False)
        loss = (j + 1) * (F.mse_loss(x, torch.zeros_like(x), reduction="sum") + 3 * x.sum())
        loss.backward()
        optimizer.step()
        out.append(x.grad.clone())
    return out


@alternative
def differences_of_sums(values, k):
    from itertools import pairwise

    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    sums = [torch.zeros_like(x)]
    for weight in torch.arange(1, k + 1):
        torch.sum(weight * (x.pow(2) + 3 * x)).backward()
        sums.append(x.grad.clone().detach())
    return [after - before for before, after in pairwise(sums)]


@alternative
def one_leaf_for_each_pass(values, k):
    from functools import partial

    def one_pass(weight, numbers):
        x = torch.tensor(numbers, requires_grad=True)
        sum(weight * (entry**2 + 3 * entry) for entry in x).backward()
        return x.grad

    return list(map(partial(one_pass, numbers=values), range(1, k + 1)))
