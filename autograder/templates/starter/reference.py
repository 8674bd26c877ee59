import torch

from autograder.checks import close, shape, used_autograd
from autograder.exercise import case
from autograder.reference import alternative, mistake


# The solution: what is expected is what it gives, so no value is ever typed.
def {{ name }}(values):
    x = torch.tensor(values, requires_grad=True)
    cubes = x**3
    cubes.sum().backward()
    return x.grad


# Why it is right: the idea, in Markdown, for the handout after the deadline.
why = r"""
The sum mixes nothing: each number occurs in one term, so the derivative of the sum with respect to
it is its own slope, $3x^2$.
"""


# One hidden case (three are drawn): inputs on which every mistake below shows.
def hidden(draw):
    return case(values=draw.distinct_quarters(4))


# What is paid for: names as in grading.yml. A check must hold in all three cases.
checks = {
    "values": close("slopes") & used_autograd("slopes"),
    "shape": shape("slopes") & used_autograd("slopes"),
}


# What students get wrong: the points that it earns, and the sentence that they read.
@mistake(0, "Right, but autograd never ran: let backward() differentiate.")
def by_hand(values):
    x = torch.tensor(values)
    return 3 * x**2


@mistake(1, "These are the slopes divided by their number: add up, do not take the mean.")
def mean(values):
    x = torch.tensor(values, requires_grad=True)
    (x**3).mean().backward()
    return x.grad


# Other right answers: each must earn full marks.
@alternative
def with_autograd_grad(values):
    x = torch.tensor(values, dtype=torch.float64, requires_grad=True)
    return torch.autograd.grad((x * x * x).sum(), x)[0]
