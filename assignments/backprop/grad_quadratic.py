r"""### Let autograd differentiate

Let $y = x^2 + 3x$. Write `grad_quadratic(values)`, which returns $dy/dx$ at every number in
`values` (a list; whole numbers are allowed) as a 1-D float tensor without gradient history.

Let autograd do it: make a leaf tensor, compute $y$, reduce it to one number, call `backward()` and
read `.grad`. Return the gradient, not $y$ and not $x$.

Example: `grad_quadratic([2.0, 3.0])` gives `tensor([7., 9.])`.
"""

from autograder.exercise import attempt, case


def grad_quadratic(values):
    """dy/dx of y = x² + 3x at every number in `values`: a tensor of shape (len(values),)."""
    raise NotImplementedError("grad_quadratic")


visible = case(floats=[2.0, 3.0], ints=[1, 4])


def probe(grad_quadratic, case):
    return {
        "floats": attempt(lambda: grad_quadratic(case.floats)),
        "ints": attempt(lambda: grad_quadratic(case.ints)),
    }
