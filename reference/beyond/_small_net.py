"""A small network of tanh units (none is ever dead) and what its gradients are."""

import torch
import torch.nn.functional as F


def some_parameters(draw):
    return {
        "0.weight": draw.normal(3, 2),
        "0.bias": 0.5 * draw.normal(3),
        "2.weight": draw.normal(1, 3),
        "2.bias": 0.5 * draw.normal(1),
    }


def some_gradients(draw):
    """Gradients of an earlier pass: they have nothing to do with the batch."""
    return {
        "0.weight": draw.normal(3, 2),
        "0.bias": draw.normal(3),
        "2.weight": draw.normal(1, 3),
        "2.bias": draw.normal(1),
    }


def labels(draw, rows):
    """Half of them 1, in random order: shape (rows, 1)."""
    return torch.tensor(draw.shuffled([1.0, 0.0] * (rows // 2)))[:, None]


def gradients(parameters, X, y):
    """The gradients of the mean loss, by name."""
    w = {name: p.clone().requires_grad_() for name, p in parameters.items()}
    hidden = torch.tanh(X @ w["0.weight"].T + w["0.bias"])
    logits = hidden @ w["2.weight"].T + w["2.bias"]
    loss = F.binary_cross_entropy_with_logits(logits, y)
    return dict(zip(w, torch.autograd.grad(loss, w.values()), strict=True))


def flat(tensors):
    return torch.cat([t.flatten() for t in tensors.values()])


def apart(results):
    """Whether each two of these vectors differ clearly in some entry."""
    stacked = torch.stack(results)
    gaps = (stacked[:, None] - stacked[None]).abs().amax(dim=2)
    return gaps.fill_diagonal_(1.0).min() > 0.03 * stacked.abs().max(dim=1).values.min()
