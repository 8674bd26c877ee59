r"""### Freeze one layer

To fine-tune a network, one often *freezes* some of its layers: their parameters stay as they are
and get no gradient, and the other layers learn as if nothing had been frozen.

Write `freeze_and_backward(model, X, y, prefix)`.

1. Freeze every parameter whose name in `model.named_parameters()` starts with `prefix`. The model
   is `nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))`, and `prefix` is `"0."` for its
   first layer or `"2."` for its last: it must work for both.
2. Run one forward and one backward pass of the mean loss `F.binary_cross_entropy_with_logits` (`F`
   is `torch.nn.functional`). `X` has shape `(n, 2)` and `y` has shape `(n, 1)`; both are float
   tensors.
3. Return a dict that maps the name of **every** parameter $w$ to its gradient. For a frozen one
   that is `None`. For the others it is what it would be without freezing,

   $$\frac{\partial L}{\partial w} \quad \text{with} \quad L = \frac{1}{n} \sum_{i=1}^{n} \ell_i,$$

   where $\ell_i$ is the loss of row $i$.

The model may hold old gradients when you start, in all of its parameters: they must be in none of
the results. Do not take an optimizer step, and do not change the numbers in the parameters.

Example: for `prefix = "0."` the dict maps `"0.weight"` and `"0.bias"` to `None`, `"2.weight"` to a
tensor of shape `(1, 3)` and `"2.bias"` to one of shape `(1,)`.

Not graded: layer 2 lies between layer 0 and the loss. Why does layer 0 still learn when layer 2 is
frozen?
"""

import torch
from torch import nn

from autograder.exercise import attempt, case

from ._filled_net import filled_net


def freeze_and_backward(model, X, y, prefix):
    """Freeze what starts with `prefix` and go backward; {name: gradient, or None if frozen}."""
    raise NotImplementedError("freeze_and_backward")


visible = case(
    parameters={
        "0.weight": torch.tensor([[0.5, 1.0], [-1.0, 0.25], [0.75, -0.5]]),
        "0.bias": torch.tensor([-0.25, 0.5, 0.25]),
        "2.weight": torch.tensor([[-0.75, 1.0, 0.5]]),
        "2.bias": torch.tensor([0.25]),
    },
    old_gradients={
        "0.weight": torch.tensor([[1.0, -0.5], [0.5, 1.5], [-1.0, 0.5]]),
        "0.bias": torch.tensor([0.5, 1.0, -1.5]),
        "2.weight": torch.tensor([[1.5, -0.5, 1.0]]),
        "2.bias": torch.tensor([-1.0]),
    },
    X=torch.tensor([[0.5, -1.0], [1.5, 2.0], [-1.0, 0.5], [-2.0, -0.5]]),
    y=torch.tensor([[1.0], [1.0], [0.0], [1.0]]),
)


def probe(freeze_and_backward, case):
    def run(prefix):
        layers = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        net = filled_net(layers, case.parameters, case.old_gradients)
        grads = attempt(lambda: freeze_and_backward(net, case.X, case.y, prefix))
        return grads, attempt(net.state_dict)

    first, parameters_after_first = run("0.")
    last, parameters_after_last = run("2.")
    return {
        "first_frozen": first,
        "last_frozen": last,
        "parameters_after_first": parameters_after_first,
        "parameters_after_last": parameters_after_last,
    }
