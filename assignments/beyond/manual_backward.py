r"""### Back-propagation by hand

The network of the lecture, `Linear(2, 3)`, `ReLU`, `Linear(3, 1)`, `ReLU`, without `nn` and without
autograd. `P` is a dict of its parameters: `P["0.weight"]` of shape `(3, 2)`, `P["0.bias"]` of shape
`(3,)`, `P["2.weight"]` of shape `(1, 3)` and `P["2.bias"]` of shape `(1,)`. `X` holds $n$ rows,
shape `(n, 2)`, and `y` their labels 0 or 1 as floats, shape `(n, 1)`. Forward, for one row $x$:

$$z_1 = W_1 x + b_1, \quad h = \max(0, z_1), \quad z_2 = W_2 h + b_2, \quad o = \max(0, z_2),$$

and with the sigmoid $p_i = 1 / (1 + e^{-o_i})$ the loss over all rows is

$$L = -\frac{1}{n} \sum_{i=1}^{n} \bigl( y_i \log p_i + (1 - y_i) \log(1 - p_i) \bigr).$$

Write `manual_backward(P, X, y)`, which returns `(loss, grads)`: the loss as a number or a 0-d
tensor, and a dict with the same four names as `P`, each gradient in the shape of its parameter.

Work back one step at a time, $L \to o \to z_2 \to h \to z_1$, and on the way to the parameters of
each layer. The first step comes out short: simplify $\partial L / \partial o_i$ on paper. Where
does the $1/n$ enter? What does a ReLU do to the gradient of an entry that it has set to 0? (Its
slope at 0 counts as 0.) Compare shapes at every step: a gradient has the shape of the value that it
belongs to.

Autograd must not run in your function. Outside of it, compare with autograd as often as you like;
where several names are wrong, look at `2.bias` first, then at `2.weight`, `0.bias` and `0.weight`:
the first wrong one shows the step that failed.
"""

import torch

from autograder.exercise import attempt, case


def manual_backward(P, X, y):
    """The loss, and a dict of its gradients with the names and shapes of P."""
    raise NotImplementedError("manual_backward")


visible = case(
    P={
        "0.weight": torch.tensor([[0.5, -1.0], [1.0, 0.5], [-0.75, 0.25]]),
        "0.bias": torch.tensor([0.25, -0.5, 0.5]),
        "2.weight": torch.tensor([[1.0, -0.75, 0.5]]),
        "2.bias": torch.tensor([-0.25]),
    },
    X=torch.tensor([[1.5, -0.5], [-1.0, 1.0], [0.5, 1.5], [2.0, 1.0]]),
    y=torch.tensor([[1.0], [0.0], [0.0], [0.0]]),
)


def probe(manual_backward, case):
    def run():
        answer = manual_backward(case.P, case.X, case.y)
        if not (isinstance(answer, (tuple, list)) and len(answer) == 2):
            raise TypeError("expected (loss, grads) back")
        loss, grads = answer
        return {"loss": loss, "grads": grads}

    return {"run": attempt(run)}
