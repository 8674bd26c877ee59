r"""### A batch in pieces

A batch of $n$ rows does not fit in memory. Write `micro_batch_grads(model, X, y, size)`, which goes
through it in chunks of `size` rows (the last one may be smaller) and calls `backward()` **once for
each chunk**, so that only one chunk's graph is in memory at a time.

When it returns, the `.grad` of every parameter must be what one backward of the mean loss over the
**whole** batch would have given, the gradient of

$$L = \frac{1}{n} \sum_{i=1}^{n} \ell_i,$$

where $\ell_i$ is the loss of row $i$. Whatever rows you give it,
`F.binary_cross_entropy_with_logits` returns the mean over just these (`F` is
`torch.nn.functional`).

- `X` has shape `(n, 2)`; `y` has shape `(n, 1)`, the shape of `model(X)`. All are float tensors.
- The model may hold old gradients when you start: they must not be in the result.
- Do not take an optimizer step, and do not change the parameters.

The gradients stay in the model; what the function returns is not looked at.

Example: 10 rows with `size = 4` are chunks of 4, 4 and 2 rows, and 3 backward passes.

Graded are the gradients with a smaller last chunk, those with chunks of one size, that old
gradients make no difference, and that the parameters are as before.
"""

import torch
from torch import nn

from autograder.exercise import attempt, case

from ._filled_net import filled_net, grads_left_in


def micro_batch_grads(model, X, y, size):
    """Leave the gradient of the mean loss over all rows in `model`, `size` rows at a time."""
    raise NotImplementedError("micro_batch_grads")


visible = case(
    parameters={
        "0.weight": torch.tensor([[1.0, -0.5], [-0.5, 0.75], [0.25, 1.0]]),
        "0.bias": torch.tensor([0.25, -0.5, 0.5]),
        "2.weight": torch.tensor([[1.0, -0.75, 0.5]]),
        "2.bias": torch.tensor([-0.25]),
    },
    old_gradients={
        "0.weight": torch.tensor([[0.5, 1.0], [-1.0, 0.5], [1.5, -0.5]]),
        "0.bias": torch.tensor([1.0, -0.5, 0.5]),
        "2.weight": torch.tensor([[-1.0, 0.5, 2.0]]),
        "2.bias": torch.tensor([1.5]),
    },
    X=torch.tensor([[1.0, 0.5], [-1.5, 1.0], [0.5, -2.0], [2.0, 1.5], [-0.5, -1.0]]),
    y=torch.tensor([[1.0], [0.0], [0.0], [1.0], [1.0]]),
    size=2,
)


def probe(micro_batch_grads, case):
    def net(gradients=None):
        layers = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        return filled_net(layers, case.parameters, gradients)

    def run(net, rows):
        micro_batch_grads(net, case.X[:rows], case.y[:rows], case.size)
        return grads_left_in(net)

    rows = len(case.X)
    first = net()
    return {
        "uneven": attempt(lambda: run(first, rows)),
        "parameters": attempt(first.state_dict),
        "even": attempt(lambda: run(net(), rows - rows % case.size)),
        "after_old_gradients": attempt(lambda: run(net(case.old_gradients), rows)),
    }
