"""The seed's small network, on batches where every misconception shows."""

import torch
import torch.nn as nn
import torch.nn.functional as F


def network(seed):
    torch.default_generator.manual_seed(seed)  # as torch.manual_seed on a CPU, and much faster
    return nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())


def gradients(model, X, y):
    loss = F.binary_cross_entropy_with_logits(model(X), y.float()[:, None])
    parameters = dict(model.named_parameters())
    return dict(zip(parameters, torch.autograd.grad(loss, parameters.values()), strict=True))


def telling_batch(draw):
    """(X, y, seed): 5 rows, and the seed of the model that meets them and clips 3 of them.

    Of the 2 rows that stay alive one is positive, and so is one of the clipped ones: no label can
    be ignored, and the gradients that clipped rows must not send back do not cancel.
    """

    def candidate():
        seed, batches = draw.seed(), draw.normal(32, 5, 2)
        with torch.no_grad():
            alive = network(seed)(batches)[:, :, 0] > 0
        split = (alive.sum(dim=1) == 2).nonzero()
        if not len(split):
            return None
        first = int(split[0])
        y = torch.zeros(5, dtype=torch.int64)
        for side in (alive[first], ~alive[first]):
            y[draw.choice(side.nonzero().flatten().tolist())] = 1
        return batches[first], y, seed

    return draw.screened(candidate, lambda batch: batch is not None and _tells(*batch))


def _tells(X, y, seed):
    model = network(seed)
    with torch.no_grad():
        before_relu = model[0](X)
        logits = model[2](before_relu.relu())
    alive, fires = logits[:, 0] > 0, before_relu > 0
    if not fires.any(dim=0).all() or fires[alive].all():  # a dead unit; no unit off in a live row
        return False
    if min(before_relu.abs().min(), logits.abs().min()) < 1e-3:  # rounding could flip a ReLU
        return False
    labels = y.float()[:, None]
    clipped = F.binary_cross_entropy_with_logits(logits.relu(), labels)
    if abs(clipped - F.binary_cross_entropy_with_logits(logits, labels)) < 0.02:
        return False
    return all(g.abs().max() >= 0.02 for g in gradients(model, X, y).values())
