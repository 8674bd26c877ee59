r"""### A Hessian times a vector

For a scalar function $f$ of $n$ numbers the second derivatives form the Hessian, an $n \times n$
matrix with $H_{ij} = \partial^2 f / \partial x_i \partial x_j$. For a network with a million
weights nobody can store it, but $H v$ costs about as much as two gradients: take the gradient $g$
first, and then differentiate the *number* $g \cdot v$,

$$(H v)_i = \sum_j \frac{\partial^2 f}{\partial x_i \, \partial x_j} \, v_j
          = \frac{\partial}{\partial x_i} \sum_j g_j \, v_j ,$$

where $v$ is held fixed. Write `hvp(f, x0, v)` this way. `f` takes a tensor of shape `(n,)` and
returns a scalar tensor; `x0` and `v` are float64 tensors of shape `(n,)`. Return $H v$ at
$x = x_0$, a float tensor of shape `(n,)`.

- It must work for a **linear** `f` as well. There $H = 0$, so a tensor of zeros is wanted; look at
  the gradient of a linear `f` to see why the second step needs care.
- `x0` must come out as it went in: the same numbers, and `x0.grad` still `None`.

Why does the first differentiation need `create_graph=True`? (Not graded; nor is whether you build
$H$ on the way, but you need not.)

Example: $f(x) = x_0^2 \, x_1$ at $(1, 2)$ has
$H = \begin{pmatrix} 4 & 2 \\ 2 & 0 \end{pmatrix}$; with $v = (1, 10)$ and everything in float64,
`hvp` gives `tensor([24., 2.])`. Which `v` would give you one column of $H$?
"""

import torch

from autograder.exercise import attempt, case


def hvp(f, x0, v):
    """H v, with H the second derivatives of the scalar function f at x0: a tensor of x0's shape."""
    raise NotImplementedError("hvp")


visible = case(
    x0=torch.tensor([1.0, -0.5, 2.0], dtype=torch.float64),
    v=torch.tensor([0.5, 2.0, -1.0], dtype=torch.float64),
    a=0.25,
    column=1,
    slopes=torch.tensor([3.0, -1.0, 2.0], dtype=torch.float64),
)


def probe(hvp, case):
    a, slopes, x0 = case.a, case.slopes, case.x0

    def curved(x):
        return (x[:-1] ** 2 * x[1:]).sum() + a * (x**4).sum()

    def linear(x):
        return (slopes * x).sum()

    one_column = torch.zeros_like(x0)
    one_column[case.column] = 1.0
    return {
        "product": attempt(lambda: hvp(curved, x0, case.v)),
        "x0_afterwards": attempt(lambda: {"values": x0, "grad": x0.grad}),
        "column": attempt(lambda: hvp(curved, case.x0, one_column)),
        "linear": attempt(lambda: hvp(linear, case.x0, case.v)),
    }
