r"""### What do the gradients look like?

Write `grad_stats(model)`, which describes the **gradient** (not the value) of every named parameter
of a model that has gone backward. Return a dict that maps every name, in the order of
`model.named_parameters()`, to a dict with four entries. For a gradient with entries
$g_1, \dots, g_n$ they are

| entry | meaning | type |
|---|---|---|
| `"shape"` | the gradient's shape | tuple |
| `"mean"` | $\bar g = \frac{1}{n} \sum_i g_i$ | float |
| `"std"` | $\sqrt{\frac{1}{n-1} \sum_i (g_i - \bar g)^2}$, as `Tensor.std` computes it | float |
| `"first"` | the first 5 entries of the flattened gradient, or all if fewer | list of floats |

"float" means a Python float, not a tensor, and not rounded. Two special cases:

- The standard deviation of **one** entry divides by $n - 1 = 0$: it is undefined. Return
  `float("nan")` for it, without the warning about "degrees of freedom" that torch gives.
- A parameter **without** a gradient maps to `None`; it must not be left out.

Return the dict; what you print does not count.

Example: for a model with `model.weight.grad = tensor([[1., 2., 3.]])` and
`model.bias.grad = tensor([4.])` it is
`{"weight": {"shape": (1, 3), "mean": 2.0, "std": 1.0, "first": [1.0, 2.0, 3.0]},`
`"bias": {"shape": (1,), "mean": 4.0, "std": nan, "first": [4.0]}}`.
"""

import torch
from torch import nn

from autograder.exercise import attempt, case


def grad_stats(model):
    """Shape, mean, std and first entries of every parameter's gradient: a dict by name."""
    raise NotImplementedError("grad_stats")


visible = case(
    parameters={
        "0.weight": torch.tensor([[0.5, -0.25], [0.75, 0.5], [-0.5, 0.25]]),
        "0.bias": torch.tensor([0.125, -0.5, 0.25]),
        "2.weight": torch.tensor([[0.5, 0.25, -0.75]]),
        "2.bias": torch.tensor([0.375]),
    },
    gradients={
        "0.weight": torch.tensor([[0.5, -1.0], [2.0, 0.0], [1.5, -0.75]]),
        "0.bias": torch.tensor([0.025, 0.1, -0.06]),  # shows what is rounded
        "2.weight": torch.tensor([[1.0, 2.0, 3.0]]),
        "2.bias": torch.tensor([0.5]),
    },
    removed="0.bias",
)


def probe(grad_stats, case):
    def model(without=None):
        units, inputs = case.parameters["0.weight"].shape
        net = nn.Sequential(nn.Linear(inputs, units), nn.ReLU(), nn.Linear(units, 1), nn.ReLU())
        net.load_state_dict(case.parameters)
        for name, parameter in net.named_parameters():
            parameter.grad = None if name == without else case.gradients[name]
        return net

    return {
        "all": attempt(lambda: grad_stats(model())),
        "one_removed": attempt(lambda: grad_stats(model(without=case.removed))),
    }
