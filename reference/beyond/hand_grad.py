import torch

from autograder.checks import close, shape, without_autograd
from autograder.exercise import case
from autograder.reference import alternative, mistake

from ._apart import far_apart, signed


def hand_grad(x, a, b):
    s = torch.sigmoid(a * x + b)
    # Product rule: (u v)' = u' v + u v'.  Chain rule: the inside a x + b gives the factor a.
    return 2 * x * s + x**2 * a * s * (1 - s)


why = r"""
$f$ is a product of $u = x^2$ and $v = \sigma(a x + b)$. The product rule asks for $u'v + u\,v'$;
$u' = 2x$, and by the chain rule $v' = \sigma (1 - \sigma) \cdot a$, where $\sigma$ is taken at the
inside, $a x + b$. Every entry of $f(x)$ depends on its own entry of $x$ only, so the same
arithmetic on whole tensors gives all derivatives at once.
"""


def hidden(draw):
    def candidate():
        x = torch.tensor(signed(draw, 5, 0.5, 2.5))
        a = -draw.uniform(1.5, 3)  # the visible one is positive
        b = draw.choice([-1, 1]) * draw.uniform(0.4, 1.2)
        return x, a, b

    def tells(candidate):
        slips = (no_inner_a, product_of_derivatives, first_term_only, second_term_only)
        slips += (
            sigmoid_is_its_own_slope,
            slope_at_x,
            minus_sign,
            square_kept,
            the_function,
            sign_of_b,
            inner_slope_a_x,
            brackets_missing,
        )
        answers = [hand_grad, *(slip.answer for slip in slips)]
        return far_apart([answer(*candidate) for answer in answers])

    x, a, b = draw.screened(candidate, tells)
    return case(x=x, a=a, b=b)


checks = {
    "values": close("gradient") & without_autograd("gradient"),
    "shape": shape("gradient"),
    "no_autograd": shape("gradient") & without_autograd("gradient"),
}

ONE_TERM = "One term of the product rule is missing: (u v)' = u' v + u v'."
BY_HAND = "Derive it by hand here: autograd may check the result in a cell of its own."


@mistake(2, "Chain rule: the inside a x + b has the slope a, which multiplies sigmoid'.")
def no_inner_a(x, a, b):
    s = torch.sigmoid(a * x + b)
    return 2 * x * s + x**2 * s * (1 - s)


@mistake(2, "The derivatives of both factors are multiplied, but (u v)' is u' v + u v'.")
def product_of_derivatives(x, a, b):
    s = torch.sigmoid(a * x + b)
    return 2 * x * a * s * (1 - s)


@mistake(2, ONE_TERM)
def first_term_only(x, a, b):
    return 2 * x * torch.sigmoid(a * x + b)


@mistake(2, ONE_TERM)
def second_term_only(x, a, b):
    s = torch.sigmoid(a * x + b)
    return x**2 * a * s * (1 - s)


@mistake(2, "The sigmoid is not its own derivative: multiply by 1 - sigmoid as well.")
def sigmoid_is_its_own_slope(x, a, b):
    s = torch.sigmoid(a * x + b)
    return 2 * x * s + x**2 * a * s


@mistake(2, "sigmoid' is taken at x: chain rule, it belongs at the inside, a x + b.")
def slope_at_x(x, a, b):
    inner = torch.sigmoid(x)
    return 2 * x * torch.sigmoid(a * x + b) + x**2 * a * inner * (1 - inner)


@mistake(2, "The inside has the wrong sign: sigmoid(z) is 1 / (1 + exp(-z)) with z = a x + b.")
def sign_of_b(x, a, b):
    s = 1 / (1 + torch.exp(-a * x + b))
    return 2 * x * s + x**2 * a * s * (1 - s)


@mistake(2, "The inside a x + b has the slope a, and not a x.")
def inner_slope_a_x(x, a, b):
    s = torch.sigmoid(a * x + b)
    return 2 * x * s + x**2 * a * x * s * (1 - s)


@mistake(2, "Brackets are missing: a * s * 1 - s is not a * s * (1 - s).")
def brackets_missing(x, a, b):
    s = torch.sigmoid(a * x + b)
    return 2 * x * s + x**2 * a * s * 1 - s


@mistake(2, "The second term has the wrong sign: the two terms of a product rule are added.")
def minus_sign(x, a, b):
    s = torch.sigmoid(a * x + b)
    return 2 * x * s - x**2 * a * s * (1 - s)


@mistake(2, "Check the derivative of x²: it is 2 x, so the first term is 2 x sigmoid(a x + b).")
def square_kept(x, a, b):
    s = torch.sigmoid(a * x + b)
    return x * s + x**2 * a * s * (1 - s)


@mistake(2, "This is f itself: return its derivative.")
def the_function(x, a, b):
    return x**2 * torch.sigmoid(a * x + b)


@mistake(1, BY_HAND)
def used_autograd(x, a, b):
    x = x.clone().requires_grad_(True)
    return torch.autograd.grad((x**2 * torch.sigmoid(a * x + b)).sum(), x)[0]


@mistake(1, BY_HAND)
def used_func_grad(x, a, b):
    def f(x):
        return x**2 * torch.sigmoid(a * x + b)

    return torch.func.vmap(torch.func.grad(f))(x)


@mistake(1, BY_HAND)
def compared_inside(x, a, b):
    s = torch.sigmoid(a * x + b)
    by_hand = 2 * x * s + x**2 * a * s * (1 - s)
    leaf = x.clone().requires_grad_(True)
    (leaf**2 * torch.sigmoid(a * leaf + b)).sum().backward()
    assert torch.allclose(by_hand, leaf.grad, atol=1e-5)
    return by_hand


@alternative
def number_by_number(x, a, b):
    import math

    out = []
    for t in x.tolist():
        s = 1 / (1 + math.exp(-(a * t + b)))
        out.append(2 * t * s + t * t * s * (1 - s) * a)
    return torch.tensor(out, dtype=x.dtype)


@alternative
def in_place(x, a, b):
    s = x.mul(a).add_(b).sigmoid_()
    inner = (1 - s).mul_(x).mul_(a).add_(2)
    x *= s
    x *= inner
    return x


@alternative
def in_double_precision_with_tanh(x, a, b):
    x = x.double()
    t = torch.tanh((a * x + b) / 2)
    s, slope = (1 + t) / 2, (1 - t**2) / 4
    return 2 * x * s + a * x.pow(2) * slope


@alternative
def quotient_rule(x, a, b):
    # f = x² / (1 + e), e = exp(-(a x + b))
    e = torch.exp(-(a * x + b))
    numerator = 2 * x * (1 + e) + x**2 * a * e
    return numerator / (1 + e) ** 2


@alternative
def with_numpy(x, a, b):
    import numpy as np

    t = x.numpy().astype(np.float64)
    s = 1.0 / (1.0 + np.exp(-a * t - b))
    return torch.from_numpy(2.0 * t * s + np.square(t) * a * s * (1.0 - s))


@alternative
class as_a_class:
    def __new__(cls, x, a, b):
        self = super().__new__(cls)
        self.s = torch.special.expit(torch.addcmul(torch.full_like(x, b), torch.tensor(a), x))
        return self.product_rule(
            (x.square(), self.s), (x + x, a * self.s * torch.sigmoid(-a * x - b))
        )

    def product_rule(self, values, slopes):
        (u, v), (du, dv) = values, slopes
        return torch.stack([du * v, u * dv]).sum(dim=0)


@alternative
def with_helpers_and_a_parameter(x, a, b):
    def product(u, v):
        return u[0] * v[0], u[1] * v[0] + u[0] * v[1]  # (value, slope)

    def sigmoid(u):
        value = F.sigmoid(u[0])
        return value, value * (1 - value) * u[1]

    import torch.nn.functional as F

    x = torch.nn.Parameter(x)  # the result has a history, which nobody asks for
    me = (x, torch.ones_like(x))
    return product(product(me, me), sigmoid((a * x + b, a * me[1])))[1]
