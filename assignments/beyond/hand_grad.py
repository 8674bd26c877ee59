r"""### A derivative by hand

Autograd only applies rules that you know: here you apply them yourself. Let

$$f(x) = x^2 \, \sigma(a x + b), \qquad \sigma(z) = \frac{1}{1 + e^{-z}},$$

for every entry of a tensor `x`, with two numbers `a` and `b`. Derive $f'(x)$ on paper, with the
product rule and the chain rule; it helps that $\sigma' = \sigma (1 - \sigma)$.

Write `hand_grad(x, a, b)`. `x` is a float tensor of shape `(n,)`, `a` and `b` are Python floats.
Return $f'$ at every entry of `x`, again a float tensor of shape `(n,)`, by plain tensor arithmetic.
**No autograd inside the function**: with it, only the shape pays (the visible check below looks at
the numbers alone). Name the two rules in a comment where you use them; this is not graded.

To test yourself, compare with autograd in a cell of your own: the two should agree to about six
digits. A first thing to try on paper: with $a = b = 0$ the sigmoid is $\tfrac{1}{2}$ everywhere, so
`hand_grad(x, 0.0, 0.0)` must give `x` itself.
"""

import torch

from autograder.exercise import attempt, case


def hand_grad(x, a, b):
    """f'(x) of f(x) = x² · sigmoid(a x + b), entry by entry: a tensor of x's shape."""
    raise NotImplementedError("hand_grad")


visible = case(x=torch.tensor([-2.0, -1.0, 0.5, 1.0, 2.5]), a=1.25, b=0.25)


def probe(hand_grad, case):
    return {"gradient": attempt(lambda: hand_grad(case.x, case.a, case.b))}
