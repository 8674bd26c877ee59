r"""### A small network, forward and backward

Write `build_and_backward(X, y, seed)`.

1. Call `torch.manual_seed(seed)`, and right after it build
   `nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())`. Parameters are drawn
   while a layer is built, so nothing random may come between the two.
2. Feed `X`, a float tensor of shape `(n, 2)`, forward.
3. Take the mean loss of `nn.BCEWithLogitsLoss`. For outputs $o_i$, with the sigmoid
   $p_i = 1 / (1 + e^{-o_i})$ that the loss applies itself, it is

   $$L = -\frac{1}{n} \sum_{i=1}^{n} \bigl( y_i \log p_i + (1 - y_i) \log(1 - p_i) \bigr).$$

   The labels `y` are a tensor of $n$ integers 0 or 1, of shape `(n,)`: mind dtype and shape.
4. Clear the gradients and go backward, once.

Return `(model, loss)`: the model with its gradients left in it, and the loss as a tensor or a
number. Graded are the layers, the freshly drawn parameters (do not update them), the loss, and the
gradients of `0.weight`, `0.bias`, `2.weight` and `2.bias`.

Keep the last ReLU although it is a bad idea, as was said above. Where an output would be
negative, it changes the loss and the gradients; the batch of the visible check has two such rows.

Example: with `X = torch.randn(3, 2, generator=torch.Generator().manual_seed(42))`,
`y = torch.tensor([0, 1, 0])` and `seed = 42` the loss is 0.8779, and the means of the four
gradients are -0.0246, 0.0699, 0.1308 and 0.3437. (All three outputs happen to be positive there, so
this batch cannot tell whether the last ReLU is in its place.)
"""

import torch
from torch import nn

from autograder.exercise import attempt, case


def build_and_backward(X, y, seed):
    """Build the network from `seed`, go forward and backward; returns (model, loss)."""
    raise NotImplementedError("build_and_backward")


visible = case(
    X=torch.tensor([[2.5, -1.5], [0.5, -1.0], [0.0, 0.0], [1.0, -0.5], [-1.0, 1.5]]),
    y=torch.tensor([1, 0, 0, 1, 0]),
    seed=43,
)


def probe(build_and_backward, case):
    def run():
        answer = build_and_backward(case.X, case.y, case.seed)
        pair = isinstance(answer, (tuple, list)) and len(answer) == 2
        if not (pair and isinstance(answer[0], nn.Module)):
            raise TypeError("expected (model, loss) back, with an nn.Module for the model")
        model, loss = answer
        modules = [m for _, m in model.named_modules(remove_duplicate=False)]
        return {
            "layers": [type(m).__name__ for m in modules if not list(m.children())],
            "parameters": list(model.parameters()),
            "gradients": [p.grad for p in model.parameters()],
            "loss": loss,
        }

    return {"run": attempt(run)}
