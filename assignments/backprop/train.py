r"""### Repair a training loop

The loop below should fit a linear regression by stochastic gradient descent. It has **four
mistakes**, and not one of them raises an error.

```python
opt = torch.optim.SGD(model.parameters(), lr=lr)
history = []
for step in range(steps):
    loss = ((model(X) - y) ** 2).mean()
    opt.step()
    loss.backward()
    history.append(loss)
return history
```

`model` is an `nn.Linear(2, 1)`, `X` has shape `(n, 2)` and `y` has shape `(n,)`; mind the shape of
`model(X)`. With $\hat y$ for the model's predictions, the loss is

$$L = \frac{1}{n} \sum_{i=1}^{n} (\hat y_i - y_i)^2 .$$

Write `train(model, X, y, lr, steps)`: repair the loop, train `model` itself (not a copy) for
`steps` steps of plain SGD with rate `lr`, and return the loss of every step, taken **before** that
step's update: a list of `steps` Python floats. List the four mistakes in a comment (not graded).

What is graded: that the history holds floats, its first two losses, and the model's weights after
the last step. Plot a history if you like: it should fall.
"""

import torch
from torch import nn

from autograder.exercise import attempt, case


def train(model, X, y, lr, steps):
    """Train `model` by SGD; the loss of each step before its update, a list of floats."""
    raise NotImplementedError("train")


visible = case(
    X=torch.tensor([[1.0, 0.0], [0.0, 1.0], [1.0, 2.0], [-1.0, 1.0]]),
    y=torch.tensor([2.0, -1.5, -2.0, -3.0]),
    weight=torch.tensor([[0.5, 0.25]]),
    bias=torch.tensor([-0.5]),
    lr=0.1,
    steps=3,
)


def probe(train, case):
    model = nn.Linear(2, 1)
    model.load_state_dict({"weight": case.weight, "bias": case.bias})
    history = attempt(lambda: train(model, case.X, case.y, case.lr, case.steps))
    weights = attempt(lambda: {"weight": model.weight, "bias": model.bias})
    return {"history": history, "weights": weights}
