import torch
import torch.nn as nn
import torch.nn.functional as F

from autograder.checks import check, close, shape
from autograder.exercise import case
from autograder.reference import alternative, mistake


def two_losses(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    h.sum().backward(retain_graph=True)
    g1 = x.grad.clone()
    x.grad = None
    (h**2).sum().backward()
    return g1, x.grad


why = r"""
Both losses share the graph from $x$ to $h$, so the first pass keeps what it saved there and the
second, after which nobody comes, may free it. Both passes also share one `x.grad`, to which they
add: the first result is taken out and the place cleared before the second arrives. So each gradient
is that of its own loss, though the trunk ran only once.
"""


def hidden(draw):
    # All entries are positive, so h > 1 and no gradient is near 0 or near another one.
    x0 = torch.tensor([draw.uniform(0.3, 1.2) for _ in range(4)])
    return case(x0=x0, a=draw.uniform(0.6, 1.4))


@check("run")
def called_once(seen, wanted, case):
    calls = seen["run"].value["trunk_calls"]
    if calls != 1:  # how often exactly is the student's choice: it could spell a hidden input
        return (
            f"trunk ran {'more than once: keep h and use it for both losses' if calls else 'never'}"
        )


checks = {
    "g1": close("run", "g1"),
    "g2": close("run", "g2"),
    "one_forward": called_once & shape("run", "g1") & shape("run", "g2"),
}

SUM_OF_BOTH = (
    "This is the gradient of L1 + L2: go backward once for each loss, clone the first "
    "gradient and clear it before the second pass."
)


@mistake(0, "Both losses need what the trunk has saved: keep it in the first pass (retain_graph).")
def no_retain_graph(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    h.sum().backward()
    g1 = x.grad.clone()
    x.grad = None
    (h**2).sum().backward()
    return g1, x.grad


@mistake(3, "The second gradient contains the first: clear x.grad between the two passes.")
def accumulated(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    h.sum().backward(retain_graph=True)
    g1 = x.grad.clone()
    (h**2).sum().backward()
    return g1, x.grad


@mistake(3, "Right, but with two forward passes: keep h and use it for both losses.")
def forward_twice(trunk, x0):
    x = x0.clone().requires_grad_(True)
    trunk(x).sum().backward()
    g1 = x.grad.clone()
    x.grad = None
    (trunk(x) ** 2).sum().backward()
    return g1, x.grad


@mistake(4, "The first gradient is x.grad itself, which the second pass rewrote: clone it.")
def alias(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    h.sum().backward(retain_graph=True)
    g1 = x.grad
    x.grad.zero_()
    (h**2).sum().backward()
    return g1, x.grad


@mistake(0, "torch.autograd.grad gives a tuple, one gradient for each input: take its entry [0].")
def tuples(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    g1 = torch.autograd.grad(h.sum(), x, retain_graph=True)
    return g1, torch.autograd.grad((h**2).sum(), x)


@mistake(2, SUM_OF_BOTH)
def alias_accumulated(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    h.sum().backward(retain_graph=True)
    g1 = x.grad
    (h**2).sum().backward()
    return g1, x.grad


@mistake(2, SUM_OF_BOTH)
def alias_the_other_way_round(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    (h**2).sum().backward(retain_graph=True)
    g2 = x.grad
    h.sum().backward()
    return x.grad - g2, g2


@mistake(2, SUM_OF_BOTH)
def added_losses(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    (h.sum() + (h**2).sum()).backward()
    return x.grad, x.grad


@mistake(2, "n times too small: the losses are sums over the entries, not means.")
def means(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    (g1,) = torch.autograd.grad(h.mean(), x, retain_graph=True)
    (g2,) = torch.autograd.grad((h**2).mean(), x)
    return g1, g2


@mistake(3, "L2 is the sum of the squares, not the square of the sum: square h first.")
def square_of_sum(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    (g1,) = torch.autograd.grad(h.sum(), x, retain_graph=True)
    (g2,) = torch.autograd.grad(h.sum() ** 2, x)
    return g1, g2


@mistake(2, "These are the gradients with respect to h: go on through the trunk, down to x.")
def stopped_at_h(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    (g1,) = torch.autograd.grad(h.sum(), h)
    (g2,) = torch.autograd.grad((h**2).sum(), h)
    return g1, g2


@mistake(2, "The pair is in the wrong order: the gradient of L1 comes first.")
def swapped(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    (g1,) = torch.autograd.grad(h.sum(), x, retain_graph=True)
    (g2,) = torch.autograd.grad((h**2).sum(), x)
    return g2, g1


@alternative
def with_autograd_grad(trunk, x0):
    x = x0.double().requires_grad_()
    h = trunk(x)
    losses = [h.sum(), h.pow(2).sum()]
    return [torch.autograd.grad(loss, x, retain_graph=loss is losses[0])[0] for loss in losses]


@alternative
def zeroed_in_place(trunk, x0):
    x0.requires_grad_(True)
    h = trunk(x0)
    L1, L2 = torch.sum(h), torch.sum(h * h)
    L2.backward(retain_graph=True)
    g2 = x0.grad.detach().clone()
    x0.grad.zero_()
    L1.backward()
    return x0.grad, g2


@alternative
def with_torch_func(trunk, x0):
    h, pull_back = torch.func.vjp(trunk, x0)
    return pull_back(torch.ones_like(h)) + pull_back(2 * h)


@alternative
def both_in_one_backward(trunk, x0):
    x = x0.clone().requires_grad_(True)
    h = trunk(x)
    upstream = torch.stack([torch.ones_like(h), 2 * h.detach()])
    (both,) = torch.autograd.grad(h, x, upstream, is_grads_batched=True)
    return both.unbind()


@alternative
def the_second_by_subtraction(trunk, x0):
    x = nn.Parameter(x0.clone())
    h = trunk(x)
    h.sum().backward(retain_graph=True)
    first = x.grad.clone()
    F.mse_loss(h, torch.zeros_like(h), reduction="sum").backward()
    return first, x.grad - first


@alternative
def optimizer_clears(trunk, x0):
    from torch.optim import SGD

    x = x0.clone().requires_grad_(True)
    optimizer, grads = SGD([x], lr=0.1), []
    h = trunk(x)
    for loss in (h.sum(), h.square().sum()):
        optimizer.zero_grad()  # a new x.grad in each pass
        loss.backward(retain_graph=True)
        grads.append(x.grad)
    return grads


@alternative
def through_the_jacobian(trunk, x0):
    def twice(x):
        h = trunk(x)
        return h, h

    jacobian, h = torch.func.jacrev(twice, has_aux=True)(x0)
    return torch.stack([jacobian.sum(dim=0), 2 * h @ jacobian])


@alternative
class as_a_class:
    def __new__(cls, trunk, x0):
        x = x0.detach().clone().requires_grad_(True)
        h = trunk(x)
        h.backward(gradient=torch.ones_like(h), create_graph=True)
        ones, x.grad = x.grad, None
        h.backward(gradient=2 * h)
        return (ones, x.grad.clone())
