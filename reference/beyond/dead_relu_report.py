import torch
import torch.nn as nn

from autograder.checks import check, close
from autograder.compare import brief, dig, identical, wrong_length
from autograder.exercise import case
from autograder.reference import alternative, mistake


def dead_relu_report(model, X):
    with torch.no_grad():
        before_relu = model[0](X)
        out = model(X)
    return {
        "hidden_dead": (before_relu <= 0).all(dim=0).tolist(),
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


why = r"""
A ReLU is off exactly where its input is not positive, so activations alone tell what is asked: a
hidden unit is dead if that holds in every row, which is `all` over the rows. Gradients would not
tell: behind a dead output all of them are 0, also those of units that fire. Under `no_grad` the
look leaves no trace in the model.
"""


# All numbers are halves, so sums are exact in any order and an input of a ReLU may be exactly 0.


def halves(draw, *shape):
    numbers = draw.normal(*shape)
    return numbers.sign() * (2 * numbers.abs()).ceil() / 2  # none is 0


def hidden(draw):
    X = draw.screened(lambda: halves(draw, 6, 2), lambda X: len(X.unique(dim=0)) == len(X))
    alive = draw.screened(lambda: some_rows_alive(draw, X), lambda net: mistakes_show(net, X, 1))
    dead = draw.screened(lambda: output_dead(draw, X), lambda net: mistakes_show(net, X, 0))
    return case(alive=alive, dead=dead, X=X)


def some_parameters(draw):
    return {
        "0.weight": halves(draw, 4, 2),
        "0.bias": halves(draw, 4),
        "2.weight": halves(draw, 1, 4),
        "2.bias": torch.zeros(1),
    }


def activations(net, X):
    """What comes into the first ReLU, and into the last."""
    before_relu = X @ net["0.weight"].T + net["0.bias"]
    return before_relu, before_relu.relu() @ net["2.weight"][0] + net["2.bias"]


def some_rows_alive(draw, X):
    """2 to 4 rows are alive, one more only just not; a unit is dead, but only just, one fires."""
    net, units = some_parameters(draw), draw.shuffled([0, 1, 2, 3])
    for unit, largest in zip(units, (0.0, 0.5), strict=False):
        net["0.bias"][unit] = largest - (X @ net["0.weight"][unit]).max()
    net["2.bias"][0] = -activations(net, X)[1].sort(descending=True).values[draw.integer(2, 4)]
    return net


def output_dead(draw, X):
    """No row is alive, and one only just not."""
    net = some_parameters(draw)
    net["2.bias"][0] = -activations(net, X)[1].max()
    return net


def mistakes_show(net, X, dead_units):
    before_relu, logits = activations(net, X)
    fires, alive = before_relu > 0, logits > 0
    working = fires.any(dim=0)
    if (~working).sum() != dead_units:
        return False
    if fires[0, working].all() or fires[-1, working].all():  # a single row would tell
        return False
    if dead_units:
        gradients = fires[alive].float().T @ X[alive]  # of 0.weight, but for a factor for each unit
        if not 2 <= alive.sum() <= 4 or (gradients.any(dim=1) != working).any():
            return False
        if logits[alive].min() > 0.5:
            return False
    partly, positive = working & ~fires.all(dim=0), before_relu.sum(dim=0) > 0
    return (partly & positive).any() and (partly & ~positive).any()


def bools(part, entry, where):
    @check(part)
    def test(seen, wanted, case):
        found, problem = dig(seen[part].value, (entry,))
        expected = wanted[part].value[entry]
        if problem or identical(found, expected):
            return problem
        if isinstance(expected, list):
            if isinstance(found, list) and len(found) != len(expected):
                return f"{entry}: {wrong_length(found, expected)}"
            if not (isinstance(found, list) and [type(f) for f in found] == [bool] * len(expected)):
                return f"{entry}: expected {len(expected)} bools, got {brief(found)}"
        return f"{entry} is wrong for the network {where}"

    return test


def complete(part):
    @check(part)
    def test(seen, wanted, case):
        found = seen[part].value
        if not (isinstance(found, dict) and wanted[part].value.keys() <= found.keys()):
            return f"expected a dict with {', '.join(wanted[part].value)}"

    return test


SOME_ALIVE, NONE_ALIVE = "with some rows alive", "with a dead output"

CHANGED = "the model is not as it was: leave its parameters and their .grad alone"

checks = {
    "unit_mask": bools("alive", "hidden_dead", SOME_ALIVE),
    "mask_when_output_dead": bools("dead", "hidden_dead", NONE_ALIVE),
    "alive_rows": close("alive", "alive_rows") & close("dead", "alive_rows"),
    "output_dead": bools("alive", "output_dead", SOME_ALIVE)
    & bools("dead", "output_dead", NONE_ALIVE),
    "untouched": complete("alive")
    & complete("dead")
    & close("model_alive", absolute=1e-6, relative=0).saying(CHANGED)
    & close("model_dead", absolute=1e-6, relative=0).saying(CHANGED),
}

NEVER_NEGATIVE = (
    "A ReLU's output is never negative, and an input of exactly 0 gives 0 too: "
    "test the output with == 0, or the input with <= 0."
)
ZERO_GRADIENT = (
    "A gradient of 0 does not make a unit dead: when the output is dead every gradient is 0, "
    "yet these units fire. Look at activations."
)


@mistake(5, ZERO_GRADIENT)
def zero_grad_is_not_dead(model, X):
    out = model(X)
    (slope,) = torch.autograd.grad(out.sum(), model[0].bias)
    return {
        "hidden_dead": (slope == 0).tolist(),
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


@mistake(5, ZERO_GRADIENT)
def zero_grad_after_backward(model, X):
    out = model(X)
    out.mean().backward()
    hidden_dead = (model[0].weight.grad == 0).all(dim=1).tolist()
    model.zero_grad()
    return {
        "hidden_dead": hidden_dead,
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


@mistake(
    3, "Being off for one row is normal: a dead unit is off for all rows, so all(), not any()."
)
def any_not_all(model, X):
    with torch.no_grad():
        before_relu = model[0](X)
        out = model(X)
    return {
        "hidden_dead": (before_relu <= 0).any(dim=0).tolist(),
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


@mistake(5, NEVER_NEGATIVE)
def never_negative(model, X):
    with torch.no_grad():
        after_relu = model[1](model[0](X))
        out = model(X)
    return {
        "hidden_dead": (after_relu < 0).all(dim=0).tolist(),
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


@mistake(5, NEVER_NEGATIVE)
def exactly_0_forgotten(model, X):
    with torch.no_grad():
        before_relu = model[0](X)
        out = model(X)
    return {
        "hidden_dead": (before_relu < 0).all(dim=0).tolist(),
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


@mistake(3, "This tells of each row, not of each unit: reduce over the rows, dim=0.")
def wrong_axis(model, X):
    with torch.no_grad():
        before_relu = model[0](X)
        out = model(X)
    return {
        "hidden_dead": (before_relu <= 0).all(dim=1).tolist(),
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


@mistake(
    3, "Before the ReLU a few negative rows outweigh the others: look at each row, then all()."
)
def average_before_relu(model, X):
    with torch.no_grad():
        before_relu = model[0](X)
        out = model(X)
    return {
        "hidden_dead": (before_relu.mean(dim=0) <= 0).tolist(),
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


@mistake(3, "The answers are the wrong way round: True stands for a unit that never fires.")
def alive_instead_of_dead(model, X):
    with torch.no_grad():
        before_relu = model[0](X)
        out = model(X)
    return {
        "hidden_dead": (before_relu > 0).any(dim=0).tolist(),
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


@mistake(6, "Every ReLU output is >= 0, so that counts all rows: count those greater than 0.")
def rows_at_least_0(model, X):
    with torch.no_grad():
        before_relu = model[0](X)
        out = model(X)
    return {
        "hidden_dead": (before_relu <= 0).all(dim=0).tolist(),
        "alive_rows": int((out >= 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


@mistake(6, "One row that is off does not make the output dead: it is dead if no row is alive.")
def dead_if_any(model, X):
    with torch.no_grad():
        before_relu = model[0](X)
        out = model(X)
    return {
        "hidden_dead": (before_relu <= 0).all(dim=0).tolist(),
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).any()),
    }


@mistake(6, "backward() left its gradients in the model: a report needs none, so use no_grad().")
def left_grads(model, X):
    before_relu = model[0](X)
    out = model(X)
    out.sum().backward()
    return {
        "hidden_dead": (before_relu <= 0).all(dim=0).tolist(),
        "alive_rows": int((out > 0).sum()),
        "output_dead": bool((out == 0).all()),
    }


@alternative
def with_forward_hook(model, X):
    outputs = {}
    handles = [
        layer.register_forward_hook(lambda m, i, out, n=n: outputs.update({n: out.detach()}))
        for n, layer in enumerate(model)
    ]
    model(X)
    for handle in handles:
        handle.remove()
    alive = outputs[3].squeeze(1).gt(0)
    return {
        "output_dead": not alive.any(),
        "alive_rows": alive.sum().item(),
        "hidden_dead": [bool(unit.eq(0).all()) for unit in outputs[1].T],
    }


@alternative
def with_loops(model, X):
    fired, alive = [False] * 4, 0
    for row in X:
        activations = torch.relu(model[0](row)).tolist()
        fired = [f or a != 0 for f, a in zip(fired, activations, strict=True)]
        if model(row).item() > 0:
            alive += 1
    return dict(hidden_dead=[not f for f in fired], alive_rows=alive, output_dead=alive == 0)


@alternative
def largest_activation(model, X):
    hidden = model[:2](X).detach()
    logits = model[2](hidden).detach()
    dead = hidden.max(dim=0).values == 0
    report = {"hidden_dead": tuple(dead.tolist())}
    report["alive_rows"] = torch.count_nonzero(model[3](logits))
    report["output_dead"] = logits.max() <= 0
    return report


@alternative
def with_numpy(model, X):
    import numpy as np

    w1, b1, w2, b2 = (p.detach().double().numpy() for p in model.parameters())
    hidden = np.maximum(X.double().numpy() @ w1.T + b1, 0)
    out = np.maximum(hidden @ w2.T + b2, 0)
    alive = int(np.count_nonzero(out))
    return {
        "hidden_dead": (hidden.sum(axis=0) == 0).tolist(),
        "alive_rows": alive,
        "output_dead": not alive,
    }


@alternative
def slope_of_the_hidden_layer(model, X):
    from copy import deepcopy

    net = deepcopy(model)
    net.zero_grad()
    net[:2](X).sum().backward()  # the bias gradient counts the rows in which a unit fires
    with torch.inference_mode():
        out = net(X)
    return {
        "hidden_dead": net[0].bias.grad == 0,
        "alive_rows": (out > 0).float().sum(),
        "output_dead": torch.all(out == 0),
    }


@alternative
def with_functional_call(model, X):
    weights = {name: p.detach().double() for name, p in model.named_parameters()}
    out = torch.func.functional_call(model, weights, (X.double(),))
    units = nn.functional.linear(X.double(), weights["0.weight"], weights["0.bias"]).clamp(min=0)
    alive = sum(1 for value in out.flatten().tolist() if value > 0)
    dead = [units[:, j].norm().item() == 0 for j in range(units.shape[1])]
    return {"hidden_dead": dead, "alive_rows": alive, "output_dead": alive < 1}
