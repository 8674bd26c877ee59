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
    """(X, y, seed): 5 rows, 2 of them positive, and the seed of the model that meets them."""

    def candidate():
        X = draw.normal(5, 2)
        return X, torch.tensor(draw.shuffled([1, 1, 0, 0, 0])), draw.seed()

    X, y, seed = draw.screened(candidate, _tells)
    return X, y, seed


def _tells(batch):
    X, y, seed = batch
    model = network(seed)
    with torch.no_grad():
        before_relu = model[0](X)
        logits = model[2](before_relu.relu())
    alive, fires = logits[:, 0] > 0, before_relu > 0
    if not 2 <= int(alive.sum()) <= 3:
        return False
    if not fires.any(dim=0).all() or fires[alive].all():  # a dead unit; no unit off in a live row
        return False
    if min(before_relu.abs().min(), logits.abs().min()) < 1e-3:  # rounding could flip a ReLU
        return False
    if 2 * y[~alive].sum() == (~alive).sum():  # clipped rows whose forgotten gradients cancel
        return False
    labels = y.float()[:, None]
    clipped = F.binary_cross_entropy_with_logits(logits.relu(), labels)
    if abs(clipped - F.binary_cross_entropy_with_logits(logits, labels)) < 0.02:
        return False
    return all(g.abs().max() >= 0.02 for g in gradients(model, X, y).values())
