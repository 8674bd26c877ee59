r"""### Clear the right gradients

Write `clear_grads(kind, model, optimizer, x)`. `model` is an
`nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))`, `optimizer` an SGD that was given the
parameters of the **last** layer only, and `x` a leaf tensor. All of them may hold gradients. Clear
those that `kind`, a string, asks for, and no others:

| `kind` | whose gradients |
|---|---|
| `"optimizer"` | all parameters that the optimizer manages |
| `"model"` | all parameters of the model |
| `"tensor"` | `x` alone |

A cleared gradient may be `None` or all zeros, as you like. Nothing else may change: neither the
other gradients, nor the numbers in the parameters and in `x`. Whatever the kind, it must also work
when there is no gradient yet. Change the objects that you are given; return nothing.

What is graded: each kind, that nothing raises without gradients, and that the numbers stay as they
are. The check cell shows gradients that are `None` as zeros.

Afterwards, look with your own eyes: which of your three ways leaves `None`, and which leaves zeros?
"""

import torch
from torch import nn

from autograder.exercise import attempt, case


def clear_grads(kind, model, optimizer, x):
    """Clear the gradients that `kind` asks for, in place: "optimizer", "model" or "tensor"."""
    raise NotImplementedError("clear_grads")


visible = case(
    parameters={
        "0.weight": torch.tensor([[0.5, -0.25], [0.75, 1.0]]),
        "0.bias": torch.tensor([0.25, -0.5]),
        "2.weight": torch.tensor([[-0.75, 0.5]]),
        "2.bias": torch.tensor([0.25]),
    },
    x=torch.tensor([1.5, -1.0]),
    gradients={
        "0.weight": torch.tensor([[1.0, 2.0], [3.0, 4.0]]),
        "0.bias": torch.tensor([5.0, 6.0]),
        "2.weight": torch.tensor([[7.0, 8.0]]),
        "2.bias": torch.tensor([9.0]),
        "x": torch.tensor([10.0, 11.0]),
    },
)


def probe(clear_grads, case):
    numbers = {}  # after each kind of call, whether or not it came back

    def gradients_after(kind, gradients):
        model = nn.Sequential(nn.Linear(2, 2), nn.Tanh(), nn.Linear(2, 1))
        model.load_state_dict(case.parameters)
        x = case.x.requires_grad_()
        leaves = dict(model.named_parameters(), x=x)
        for name, gradient in gradients.items():
            leaves[name].grad = gradient
        try:
            clear_grads(kind, model, torch.optim.SGD(model[2].parameters(), lr=0.1), x)
        finally:
            *parameters, _ = leaves.values()
            vector = torch.cat([p.detach().flatten() for p in parameters])
            numbers[kind] = {"parameters": vector, "x": x.detach().clone()}
        return {n: torch.zeros_like(v) if v.grad is None else v.grad for n, v in leaves.items()}

    return {
        "optimizer": attempt(lambda: gradients_after("optimizer", case.gradients)),
        "model": attempt(lambda: gradients_after("model", case.gradients)),
        "tensor": attempt(lambda: gradients_after("tensor", case.gradients)),
        "numbers": attempt(lambda: numbers),
        "no_gradient": attempt(lambda: [gradients_after(kind, {})["x"] for kind in numbers]),
    }
