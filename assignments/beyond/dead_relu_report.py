r"""### Which units are dead?

Where the input of a ReLU is not positive, its output is 0 and its slope is 0. A hidden unit that is
off for **every** row gets a gradient from none of them: it is *dead*. And a row for which the
**last** ReLU is off sends nothing back at all, to no unit.

Write `dead_relu_report(model, X)` for a model
`nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1), nn.ReLU())` and a batch `X`, a float
tensor of shape `(n, 2)`. Return a dict with three entries:

| entry | meaning | type |
|---|---|---|
| `"hidden_dead"` | for each hidden unit: is its ReLU output 0 for every row? | list of 4 bools |
| `"alive_rows"` | the number of rows whose output, after the last ReLU, is above 0 | int |
| `"output_dead"` | is there no such row? | bool |

Decide from activations, not from gradients. Leave the model as you found it: the same parameters,
and no gradients.

Example: if the first ReLU gives `[0., 2., 0., 1.]` for one row and `[0., 0., 3., 1.]` for another,
and there are no more rows, then `hidden_dead` is `[True, False, False, False]`.

Graded are the report on a network with some rows alive, the one on a network with a dead output,
and that both networks are left as they were. Not graded: what are the loss and the gradients when
the output is dead?
"""

import torch
from torch import nn

from autograder.exercise import attempt, case

from ._filled_net import filled_net, grads_left_in


def dead_relu_report(model, X):
    """Which hidden units are dead, how many rows are alive, and whether none is: a dict."""
    raise NotImplementedError("dead_relu_report")


visible = case(
    alive={
        "0.weight": torch.tensor([[1.0, 1.5], [0.5, 0.5], [2.0, -0.5], [0.5, -2.0]]),
        "0.bias": torch.tensor([1.0, -1.25, 1.5, -0.5]),
        "2.weight": torch.tensor([[-1.0, 2.0, -1.0, 0.5]]),
        "2.bias": torch.tensor([2.0]),
    },
    dead={
        "0.weight": torch.tensor([[0.5, 0.5], [1.0, -0.5], [-0.5, 1.0], [1.5, -0.5]]),
        "0.bias": torch.tensor([1.0, -1.0, -0.5, 1.5]),
        "2.weight": torch.tensor([[-1.0, -0.5, -1.0, 0.5]]),
        "2.bias": torch.tensor([-0.5]),
    },
    X=torch.tensor([[-1.0, 1.0], [-0.5, 1.0], [-1.0, 1.5], [0.5, 2.0], [1.0, -1.0], [-0.5, -0.5]]),
)


def plainly(report):
    """A report whose tensors are lists and numbers: either will do."""
    if isinstance(report, dict):
        return {key: plainly(value) for key, value in report.items()}
    if isinstance(report, (list, tuple)):
        return [plainly(entry) for entry in report]
    return report.tolist() if isinstance(report, torch.Tensor) else report


def probe(dead_relu_report, case):
    def run(parameters):
        layers = nn.Sequential(nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1), nn.ReLU())
        net = filled_net(layers, parameters)
        report = attempt(lambda: plainly(dead_relu_report(net, case.X)))
        left = attempt(lambda: {"parameters": net.state_dict(), "gradients": grads_left_in(net)})
        return report, left

    alive, model_alive = run(case.alive)
    dead, model_dead = run(case.dead)
    return {"alive": alive, "dead": dead, "model_alive": model_alive, "model_dead": model_dead}
