r"""### Clip gradients by their global norm

One batch with huge gradients can undo a long training. A common safeguard limits the length of the
**whole** gradient, that of all parameters together, and keeps its direction.

Write `clip_gradients(model, max_norm)`. Let $g_1, \dots, g_m$ be all entries of all gradients in
the model, whichever parameter they belong to, and

$$N = \sqrt{g_1^2 + \dots + g_m^2}$$

their L2 norm.

- If $N$ exceeds `max_norm`, multiply every gradient by the same factor, such that the norm becomes
  `max_norm`. Afterwards the scaled gradients are in `.grad`.
- Otherwise change nothing.
- Parameters without a gradient (`.grad` is `None`) are skipped, and stay without one.

In both cases return $N$, the norm **before** clipping, as a float.

Example: the gradients `[3., 0.]` and `[[4.]]` have norm 5. With `max_norm = 1.0` they become
`[0.6, 0.]` and `[[0.8]]`, and 5.0 is returned.

Write it out: `torch.nn.utils.clip_grad_norm_` gives the same numbers (but for a relative difference
of about $10^{-6}$), so you can compare with it.
"""

import torch
from torch import nn

from autograder.exercise import attempt, case

from ._filled_net import filled_net, grads_left_in


def clip_gradients(model, max_norm):
    """Scale all gradients to a global norm of at most `max_norm`; the norm before, a float."""
    raise NotImplementedError("clip_gradients")


visible = case(
    parameters={
        "0.weight": torch.tensor([[0.5, -0.25], [0.75, 0.5], [-0.5, 0.25]]),
        "0.bias": torch.tensor([0.25, -0.5, 0.25]),
        "2.weight": torch.tensor([[0.5, 0.25, -0.75]]),
        "2.bias": torch.tensor([0.75]),
    },
    gradients={
        "0.weight": torch.tensor([[3.0, -2.0], [0.0, 1.0], [2.0, -1.0]]),
        "0.bias": torch.tensor([1.0, 0.0, -1.0]),
        "2.weight": torch.tensor([[1.0, -1.0, 1.0]]),
        "2.bias": torch.tensor([1.0]),
    },
    removed="0.bias",
    low_limit=2.5,
    high_limit=10.0,
)


def probe(clip_gradients, case):
    def run(max_norm, without=None):
        layers = nn.Sequential(nn.Linear(2, 3), nn.Tanh(), nn.Linear(3, 1))
        net = filled_net(layers, case.parameters, case.gradients | {without: None})
        norm = attempt(lambda: clip_gradients(net, max_norm))
        return norm, attempt(lambda: grads_left_in(net))

    norm_above, grads_above = run(case.low_limit)
    norm_below, grads_below = run(case.high_limit)
    norm_one_none, grads_one_none = run(case.low_limit, without=case.removed)
    return {
        "norm_above": norm_above,
        "grads_above": grads_above,
        "norm_below": norm_below,
        "grads_below": grads_below,
        "norm_one_none": norm_one_none,
        "grads_one_none": grads_one_none,
    }
