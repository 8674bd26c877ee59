r"""### Backward from a vector

Let $y = \tanh(A x)$, with a matrix $A$ of 4 rows and 3 columns: $x$ has 3 entries and $y$ has 4.
Their derivatives form the Jacobian matrix

$$J_{ij} = \frac{\partial y_i}{\partial x_j}.$$

Backward mode never builds $J$. Given one weight $v_i$ for every output it computes the
*vector-Jacobian product*

$$v^\top J, \qquad (v^\top J)_j = \sum_i v_i \, \frac{\partial y_i}{\partial x_j},$$

in a single pass. That is why `y.backward()` alone is refused here: nothing says how to weigh the
four outputs against each other.

Write `vjp(A, x0, v)`. `A`, `x0` and `v` are float tensors of shapes `(4, 3)`, `(3,)` and `(4,)`.
Return $v^\top J$ at $x = x_0$ as a **1-D** float tensor (of what length?). Let autograd
differentiate: a formula of your own passes the visible check, but most of the points need autograd.
Work on a copy: `x0` and `v` belong to the caller.

Example with a smaller matrix: at $x_0 = 0$ the slope of tanh is 1, so there $J = A$, and
`vjp(torch.eye(2), torch.zeros(2), torch.tensor([3.0, 5.0]))` gives `tensor([3., 5.])`.

One check calls your function with the `v` that picks out a single row of $J$. Which one does that
for row 2 (counted from 0)?
"""

import torch

from autograder.exercise import attempt, case


def vjp(A, x0, v):
    """vᵀJ at x0, where J is the Jacobian of tanh(A x): a 1-D tensor."""
    raise NotImplementedError("vjp")


visible = case(
    A=torch.tensor([[0.5, -1.0, 0.25], [1.0, 0.5, -0.5], [-0.25, 0.75, 1.0], [0.75, -0.5, 0.5]]),
    x0=torch.tensor([1.0, -0.5, 0.25]),
    v=torch.tensor([2.0, -0.5, 1.5, -1.0]),
    row=2,
)


def probe(vjp, case):
    one_row = torch.zeros(4)
    one_row[case.row] = 1.0
    return {
        "product": attempt(lambda: vjp(case.A, case.x0, case.v)),
        "row": attempt(lambda: vjp(case.A, case.x0, one_row)),
    }
