import torch
import torch.nn as nn
import torch.nn.functional as F

from autograder.checks import check, close
from autograder.compare import alike, is_tensor
from autograder.exercise import case
from autograder.reference import alternative, mistake

from ._small_net import apart, flat, gradients, labels, some_gradients, some_parameters


def micro_batch_grads(model, X, y, size):
    model.zero_grad()
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        loss = F.binary_cross_entropy_with_logits(model(xb), yb)
        (loss * len(xb) / len(X)).backward()


why = r"""
The mean over all rows is a weighted sum of the chunks' means, $L = \sum_c \frac{n_c}{n} L_c$, where
chunk $c$ has $n_c$ rows. The gradient of a sum is the sum of the gradients, and adding is what
`backward()` does by itself: clear once, at the start, and go backward from each weighted loss. Each
chunk's graph is freed before the next one is built.
"""


ROWS, SIZE = 10, 4  # chunks of 4, 4 and 2 rows


def hidden(draw):
    def candidate():
        return some_parameters(draw), draw.normal(ROWS, 2), labels(draw, ROWS)

    parameters, X, y = draw.screened(candidate, mistakes_show)
    return case(parameters=parameters, old_gradients=some_gradients(draw), X=X, y=y, size=SIZE)


def mistakes_show(batch):
    parameters, X, y = batch
    whole = gradients(parameters, X, y)
    if min(g.abs().max() for g in whole.values()) < 0.02:
        return False
    chunks = zip(X.split(SIZE), y.split(SIZE), strict=True)
    a, b, c = (flat(gradients(parameters, xb, yb)) for xb, yb in chunks)
    right, total = flat(whole), a + b + c
    uneven = [right, total, total / 3, 0.4 * total, 0.4 * (a + b), 0.2 * c, c]
    even = [a + b, (a + b) / 2, b / 2, b]
    return apart(uneven) and apart(even)


@check("uneven")
def have_gradients(seen, wanted, case):
    for name in wanted["uneven"].value:
        if not is_tensor(seen["uneven"].value.get(name)):
            return f"{name} has no gradient afterwards"


@check("uneven", "after_old_gradients")
def same_without_old_ones(seen, wanted, case):
    if not alike(seen["uneven"].value, seen["after_old_gradients"].value):
        return "the result is another one where the model held old gradients at the start"


checks = {
    "uneven": close("uneven"),
    "even": close("even"),
    "starts_clean": have_gradients & same_without_old_ones,
    "no_step": have_gradients
    & close("parameters", absolute=1e-6, relative=0).saying(
        "the parameters have changed: only gradients were asked for, and no step"
    ),
}

WEIGHT = (
    "The chunks have the wrong weights: the mean over a chunk counts with its share of the rows, "
    "len(xb) / len(X)."
)
LAST_CHUNK_ONLY = (
    "Only the last chunk's gradient survives: clear once, before the loop, and let backward() add."
)


@mistake(
    2,
    "You added up the chunks' means, which is too big by a factor of about the number of chunks: "
    "weigh each by its share of the rows.",
)
def unscaled(model, X, y, size):
    model.zero_grad()
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        F.binary_cross_entropy_with_logits(model(xb), yb).backward()


@mistake(
    3,
    "Dividing by the number of chunks lets a small last chunk count as much as a full one: weigh "
    "each by its share of the rows.",
)
def chunk_mean(model, X, y, size):
    model.zero_grad()
    chunks = list(zip(X.split(size), y.split(size), strict=True))
    for xb, yb in chunks:
        loss = F.binary_cross_entropy_with_logits(model(xb), yb)
        (loss / len(chunks)).backward()


@mistake(
    3, "The last chunk may have fewer than `size` rows: weigh it by the rows that it really has."
)
def nominal_size(model, X, y, size):
    model.zero_grad()
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        loss = F.binary_cross_entropy_with_logits(model(xb), yb)
        (loss * size / len(X)).backward()


@mistake(2, WEIGHT)
def divided_by_size(model, X, y, size):
    model.zero_grad()
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        (F.binary_cross_entropy_with_logits(model(xb), yb) / size).backward()


@mistake(3, WEIGHT)
def full_chunks_counted(model, X, y, size):
    model.zero_grad()
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        loss = F.binary_cross_entropy_with_logits(model(xb), yb)
        (loss / (len(X) // size)).backward()


@mistake(3, "The rows after the last full chunk are left out: they form one more, smaller chunk.")
def dropped_rest(model, X, y, size):
    model.zero_grad()
    for i in range(len(X) // size):
        rows = slice(i * size, (i + 1) * size)
        loss = F.binary_cross_entropy_with_logits(model(X[rows]), y[rows])
        (loss * size / len(X)).backward()


@mistake(2, "This is the gradient of the sum, n times too big: divide by the number of all rows.")
def sum_not_mean(model, X, y, size):
    model.zero_grad()
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        F.binary_cross_entropy_with_logits(model(xb), yb, reduction="sum").backward()


@mistake(2, LAST_CHUNK_ONLY)
def last_chunk_only(model, X, y, size):
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        model.zero_grad()
        loss = F.binary_cross_entropy_with_logits(model(xb), yb)
        (loss * len(xb) / len(X)).backward()


@mistake(2, LAST_CHUNK_ONLY)
def last_chunk_only_unscaled(model, X, y, size):
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        model.zero_grad()
        F.binary_cross_entropy_with_logits(model(xb), yb).backward()


@mistake(5, "The old gradients were added in: clear them before the first chunk.")
def stale(model, X, y, size):
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        loss = F.binary_cross_entropy_with_logits(model(xb), yb)
        (loss * len(xb) / len(X)).backward()


@mistake(
    0,
    "No gradient is in the model when the function returns: they belong in .grad, and zero_grad() "
    "before the first chunk, not after the last.",
)
def cleared_at_the_end(model, X, y, size):
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        loss = F.binary_cross_entropy_with_logits(model(xb), yb)
        (loss * len(xb) / len(X)).backward()
    model.zero_grad()


@mistake(5, "The gradients are right, but the parameters changed: leave the optimizer's step out.")
def stepped(model, X, y, size):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        loss = F.binary_cross_entropy_with_logits(model(xb), yb)
        (loss * len(xb) / len(X)).backward()
    optimizer.step()


@mistake(
    1,
    "This trains on one chunk after the other: no optimizer here, only the chunks' gradients, "
    "added up.",
)
def trained(model, X, y, size):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    for xb, yb in zip(X.split(size), y.split(size), strict=True):
        optimizer.zero_grad()
        F.binary_cross_entropy_with_logits(model(xb), yb).backward()
        optimizer.step()


@alternative
def sums_over_n(model, X, y, size):
    n = X.shape[0]
    for p in model.parameters():
        p.grad = None
    for start in range(0, n, size):
        out = model(X[start : start + size])
        target = y[start : start + size]
        loss = F.binary_cross_entropy_with_logits(out, target, reduction="sum") / n
        loss.backward()
    return model


@alternative
def scaled_in_the_end(model, X, y, size):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad(set_to_none=False)
    for rows in torch.arange(len(X)).split(size):
        losses = nn.BCEWithLogitsLoss(reduction="none")(model(X[rows]), y[rows])
        torch.autograd.backward(losses.sum())
    for p in model.parameters():
        p.grad /= y.numel()


@alternative
def with_autograd_grad(model, X, y, size):
    parameters = list(model.parameters())
    sums = [torch.zeros_like(p) for p in parameters]
    n = len(X)
    while len(X):
        logits, target = model(X[:size]).squeeze(1), y[:size].squeeze(1)
        loss = F.binary_cross_entropy_with_logits(logits, target, reduction="sum") / n
        for total, g in zip(sums, torch.autograd.grad(loss, parameters), strict=True):
            total += g
        X, y = X[size:], y[size:]
    for p, total in zip(parameters, sums, strict=True):
        p.grad = total
    return sums


@alternative
def with_torch_func(model, X, y, size):
    from torch.func import functional_call, grad

    def share(weights, xb, yb):
        mean = F.binary_cross_entropy_with_logits(functional_call(model, weights, (xb,)), yb)
        return mean * (yb.numel() / y.numel())

    weights = {name: p.detach() for name, p in model.named_parameters()}
    pairs = zip(X.split(size), y.split(size), strict=True)
    chunks = [grad(share)(weights, xb, yb) for xb, yb in pairs]
    for name, p in model.named_parameters():
        p.grad = torch.stack([chunk[name] for chunk in chunks]).sum(dim=0)


@alternative
def copy_in_double_precision(model, X, y, size):
    from copy import deepcopy

    from torch.utils.data import DataLoader, TensorDataset

    double = deepcopy(model).double()
    double.zero_grad()
    for xb, yb in DataLoader(TensorDataset(X.double(), y.double()), batch_size=size):
        out = double(xb)
        ((F.softplus(out) - out * yb).mean() * (xb.size(0) / X.size(0))).backward()
    for p, q in zip(model.parameters(), double.parameters(), strict=True):
        p.grad = q.grad.float()


@alternative
def with_upstream_gradient(model, X, y, size):
    list(map(lambda p: setattr(p, "grad", None), model.parameters()))
    for start in range(0, len(y), size):
        end = min(start + size, len(y))
        losses = F.binary_cross_entropy_with_logits(
            model(X[start:end]), y[start:end], reduction="none"
        )
        losses.backward(gradient=torch.full_like(losses, 1 / len(y)))


@alternative
def running_mean(model, X, y, size):
    def criterion(o, t):
        return -(t * F.logsigmoid(o) + (1 - t) * F.logsigmoid(-o)).mean()

    model.zero_grad()
    done = 0
    for xb, yb in zip(torch.split(X, size), torch.split(y, size), strict=True):
        for p in model.parameters():
            if p.grad is not None:
                p.grad.mul_(done / (done + len(xb)))
        done += len(xb)
        criterion(model(xb), yb).mul(len(xb) / done).backward()
    print("rows seen:", done)


@alternative
def one_backward_at_the_end(model, X, y, size):  # not what was meant, but the same gradients
    model.zero_grad()
    losses = [
        F.binary_cross_entropy_with_logits(model(xb), yb, reduction="sum")
        for xb, yb in zip(X.split(size), y.split(size), strict=True)
    ]
    (sum(losses) / len(X)).backward()
