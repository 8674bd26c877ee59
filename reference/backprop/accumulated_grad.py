import torch
import torch.nn as nn

from autograder.checks import check, close, used_autograd
from autograder.exercise import case
from autograder.reference import alternative, mistake


def accumulated_grad(values, k):
    x = torch.tensor(values, requires_grad=True)
    for _ in range(k):
        (x**2 + 3 * x).sum().backward()
    return x.grad


why = r"""
`backward()` adds to `.grad` and never overwrites it. Every pass down to the same leaf adds $2x +
3$, so $k$ passes leave $k\,(2x + 3)$. The loss is computed anew each time because a pass frees what
its graph had saved; the leaf stays the same because it is in its `.grad` that the sum grows.
"""


def hidden(draw):
    def candidate():
        return draw.distinct_quarters(4)

    # At -1.5 the gradient is 0, however often it is added.
    values = draw.screened(candidate, lambda values: -1.5 not in values)
    # Not the visible 3, and not 2: two passes add up to what one doubling gives.
    return case(values=values, k=draw.integer(4, 5))


@check("k_passes")
def backward_ran_k_times(seen, wanted, case):
    if seen["k_passes"].autograd < case.k:
        return "autograd should run in every pass: a forward and a backward() of its own, k times"


checks = {
    "k_passes": close("k_passes") & used_autograd("k_passes"),
    "one_pass": close("one_pass"),
    "backward_ran_k_times": backward_ran_k_times,
}

LAST_ALONE = (
    "This is the gradient of one pass alone: keep x the same leaf in all passes, "
    "and neither clear nor divide its .grad."
)
ONE_BACKWARD = (
    "The numbers are right, but backward() ran only once: call it in every pass, "
    "and let .grad do the adding."
)


@mistake(1, "The first backward() frees the graph: compute the loss anew inside the loop.")
def second_time(values, k):
    x = torch.tensor(values, requires_grad=True)
    loss = (x**2 + 3 * x).sum()
    for _ in range(k):
        loss.backward()
    return x.grad


@mistake(2, LAST_ALONE)
def one_pass_only(values, k):
    for _ in range(k):
        x = torch.tensor(values, requires_grad=True)
        (x**2 + 3 * x).sum().backward()
    return x.grad


@mistake(2, LAST_ALONE)
def one_pass_only_cleared(values, k):
    x = torch.tensor(values, requires_grad=True)
    for _ in range(k):
        x.grad = None
        (x**2 + 3 * x).sum().backward()
    return x.grad


@mistake(1, "Only one pass was made: loop k times, and return after the loop, not in it.")
def returned_in_the_loop(values, k):
    x = torch.tensor(values, requires_grad=True)
    for _ in range(k):
        (x**2 + 3 * x).sum().backward()
        return x.grad


@mistake(0, "One pass too few was made: range(1, k) has k - 1 numbers.")
def one_pass_too_few(values, k):
    x = torch.tensor(values, requires_grad=True)
    for _ in range(1, k):
        (x**2 + 3 * x).sum().backward()
    return x.grad


@mistake(1, "Right numbers from a formula: let autograd find them, and .grad add them up.")
def no_autograd(values, k):
    x = torch.tensor(values)
    return k * (2 * x + 3)


@mistake(3, ONE_BACKWARD)
def one_backward(values, k):
    x = torch.tensor(values, requires_grad=True)
    loss = 0
    for _ in range(k):
        loss = loss + (x**2 + 3 * x).sum()
    loss.backward()
    return x.grad


@mistake(3, ONE_BACKWARD)
def one_backward_multiplied(values, k):
    x = torch.tensor(values, requires_grad=True)
    (x**2 + 3 * x).sum().backward()
    return k * x.grad


@mistake(
    2,
    "Earlier passes count more than once: compute the loss anew, and return x.grad as it is.",
)
def added_again(values, k):
    x = torch.tensor(values, requires_grad=True)
    total = torch.zeros_like(x)
    for _ in range(k):
        (x**2 + 3 * x).sum().backward()
        total = total + x.grad
    return total.detach()


@mistake(1, "Everything is divided by n: the loss is the sum over the entries, not their mean.")
def mean(values, k):
    x = torch.tensor(values, requires_grad=True)
    for _ in range(k):
        (x**2 + 3 * x).mean().backward()
    return x.grad


@mistake(0, "backward() starts from one number: add the entries up first.")
def not_scalar(values, k):
    x = torch.tensor(values, requires_grad=True)
    for _ in range(k):
        (x**2 + 3 * x).backward()
    return x.grad


@mistake(1, "This is x itself: the sum of the gradients is in x.grad.")
def returned_x(values, k):
    x = torch.tensor(values, requires_grad=True)
    for _ in range(k):
        (x**2 + 3 * x).sum().backward()
    return x


@alternative
def kept_graph(values, k):
    x = torch.tensor(values, requires_grad=True)
    loss = (x**2 + 3 * x).sum()
    for _ in range(k):
        loss.backward(retain_graph=True)
    return x.grad


@alternative
def with_upstream_gradient(values, k):
    x = torch.tensor(values, dtype=torch.float64).requires_grad_()
    done = 0
    while done < k:
        y = x * (x + 3)
        y.backward(torch.ones_like(y))
        done += 1
    return x.grad.clone()


@alternative
def added_by_hand(values, k):
    from torch.autograd import grad

    x = torch.tensor(values, requires_grad=True)
    return sum(grad((x.square() + 3 * x).sum(), x)[0] for _ in range(k))


@alternative
def leaf_in_a_module(values, k):
    class Loss(nn.Module):
        def __init__(self):
            super().__init__()
            self.x = nn.Parameter(torch.FloatTensor(values))

        def forward(self):
            return torch.sum(self.x**2 + 3 * self.x)

    loss = Loss()
    for _ in range(k):
        torch.autograd.backward([loss()])
    return next(loss.parameters()).grad


@alternative
def entry_by_entry(values, k):
    def one_pass(leaves):
        for x in leaves:
            (x.pow(2) + 3 * x).backward()

    leaves = [torch.tensor(value, requires_grad=True) for value in values]
    for _ in range(k):
        one_pass(leaves)
    return torch.stack([x.grad for x in leaves])


@alternative
def with_functional_gradients(values, k):
    from torch.func import grad

    slope = grad(lambda x: (x**2 + 3 * x).sum())
    x, total = torch.tensor(values), torch.zeros(len(values))
    for _ in range(k):
        total += slope(x)
    return total


@alternative
def steps_of_an_optimizer(values, k):
    x = torch.tensor(values, requires_grad=True)
    optimizer = torch.optim.SGD([x], lr=0.0)
    for _ in range(k):
        optimizer.step(lambda: ((x + 1.5) ** 2).sum().backward())
    return x.grad.detach()
