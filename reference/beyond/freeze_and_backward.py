import torch
import torch.nn as nn
import torch.nn.functional as F

from autograder.checks import check, close
from autograder.compare import is_tensor
from autograder.exercise import case
from autograder.reference import alternative, mistake

from ._small_net import apart, flat, gradients, labels, some_gradients, some_parameters


def freeze_and_backward(model, X, y, prefix):
    model.zero_grad()
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(prefix))
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    return {name: p.grad for name, p in model.named_parameters()}


why = r"""
A parameter with `requires_grad` off is a constant: if that is so before the forward pass, no way
back to it is recorded, and its `.grad`, once cleared, stays `None`. The gradient still passes
*through* a frozen layer: on the way to layer 0 it is multiplied by the weights of layer 2, which
takes their values and not their gradients. So the others get what they would have got anyway.
"""


def hidden(draw):
    def candidate():
        return some_parameters(draw), some_gradients(draw), draw.normal(6, 2), labels(draw, 6)

    def mistakes_show(batch):
        parameters, old, X, y = batch
        right = gradients(parameters, X, y)
        clear = min(g.abs().max() for g in (*right.values(), *old.values())) >= 0.02
        return clear and apart([flat(right), flat(old)])

    parameters, old, X, y = draw.screened(candidate, mistakes_show)
    return case(parameters=parameters, old_gradients=old, X=X, y=y)


FROZEN = {"first_frozen": ["0.weight", "0.bias"], "last_frozen": ["2.weight", "2.bias"]}
PREFIXES = {"first_frozen": 'with the prefix "0."', "last_frozen": 'with the prefix "2."'}


@check(*FROZEN)
def others_learn(seen, wanted, case):
    """What the checks on frozen parameters and on data ask first: else nothing has happened."""
    for part, frozen in FROZEN.items():
        found = seen[part].value
        if not isinstance(found, dict):
            return "expected a dict {name: gradient}"
        for name in wanted[part].value:
            if name not in found:
                return f"{name} is missing: the dict should hold every parameter"
            if name not in frozen and not is_tensor(found[name]):
                return f"{name} is not frozen {PREFIXES[part]}: it should have a gradient"


@check(*FROZEN)
def frozen_have_none(seen, wanted, case):
    for part, frozen in FROZEN.items():
        for name in frozen:
            if seen[part].value[name] is not None:
                return f"{name} is frozen {PREFIXES[part]}: its gradient should be None"


CHANGED = "the parameters have changed: only gradients were asked for"

checks = {
    "frozen_are_none": others_learn & frozen_have_none,
    "others_right": close("first_frozen", "2.weight")
    & close("first_frozen", "2.bias")
    & close("last_frozen", "0.weight")
    & close("last_frozen", "0.bias"),
    "data_kept": others_learn.saying(
        "this counts only where the gradients that were asked for are there"
    )
    & close("parameters_after_first", absolute=1e-6, relative=0).saying(CHANGED)
    & close("parameters_after_last", absolute=1e-6, relative=0).saying(CHANGED),
}

NOT_FROZEN = (
    "Nothing was frozen during the backward pass: switch requires_grad off before the forward pass "
    "(afterwards is too late, and eval() does something else)."
)
ZEROS = (
    "The frozen gradients are zeros, not None: with momentum or weight decay an optimizer still "
    "moves a parameter whose gradient is 0, and leaves it alone only where it is None."
)
CUT_GRAPH = (
    "Nothing is left that leads back to the other layers: switch requires_grad off for the "
    "parameters of the prefix alone, and leave the forward pass as it is."
)


@mistake(3, NOT_FROZEN)
def frozen_too_late(model, X, y, prefix):
    model.zero_grad()
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(prefix))
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(3, NOT_FROZEN)
def eval_mode(model, X, y, prefix):
    model.zero_grad()
    model.get_submodule(prefix.rstrip(".")).eval()
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(3, ZEROS)
def zeros_not_none(model, X, y, prefix):
    model.zero_grad()
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(prefix))
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    grads = {}
    for name, p in model.named_parameters():
        grads[name] = torch.zeros_like(p) if p.grad is None else p.grad
    return grads


@mistake(3, ZEROS)
def cleared_to_zeros(model, X, y, prefix):
    model.zero_grad(set_to_none=False)
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(prefix))
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(
    1,
    "Old gradients are in all results, and an optimizer would step even on those of the frozen "
    "parameters: clear all of them at the start.",
)
def stale(model, X, y, prefix):
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(prefix))
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(
    3,
    "The frozen parameters still hold their old gradients: clear those too, not only the ones that "
    "learn.",
)
def stale_where_frozen(model, X, y, prefix):
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(prefix))
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    optimizer.zero_grad()
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(0, CUT_GRAPH)
def cut_graph(model, X, y, prefix):
    model.zero_grad()
    out = X
    for number, layer in enumerate(model):
        with torch.set_grad_enabled(f"{number}." != prefix):
            out = layer(out)
    F.binary_cross_entropy_with_logits(out, y).backward()
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(0, CUT_GRAPH)
def detached_layer(model, X, y, prefix):
    model.zero_grad()
    out = X
    for number, layer in enumerate(model):
        out = layer(out).detach() if f"{number}." == prefix else layer(out)
    F.binary_cross_entropy_with_logits(out, y).backward()
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(
    0, 'Layer 0 is frozen whatever the prefix is: freeze what begins with it, be it "0." or "2.".'
)
def first_layer_always(model, X, y, prefix):
    model.zero_grad()
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith("0."))
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(
    0, "You froze the others: requires_grad must be False where the name starts with the prefix."
)
def froze_the_others(model, X, y, prefix):
    model.zero_grad()
    for name, p in model.named_parameters():
        p.requires_grad_(name.startswith(prefix))
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(
    0,
    "No parameter has a gradient when you read it: zero_grad() belongs before backward(), and the "
    "reading after it.",
)
def cleared_too_late(model, X, y, prefix):
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(prefix))
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    model.zero_grad()
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(2, "The frozen parameters are left out of the dict: report them too, as None.")
def left_out(model, X, y, prefix):
    model.zero_grad()
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(prefix))
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    return {name: p.grad for name, p in model.named_parameters() if p.requires_grad}


@mistake(3, "The gradients are n times too big: take the mean over the rows, not the sum.")
def sum_reduction(model, X, y, prefix):
    model.zero_grad()
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(prefix))
    F.binary_cross_entropy_with_logits(model(X), y, reduction="sum").backward()
    return {name: p.grad for name, p in model.named_parameters()}


@mistake(4, "The gradients are right, but parameters changed: leave the optimizer's step out.")
def stepped(model, X, y, prefix):
    model.zero_grad()
    for name, p in model.named_parameters():
        p.requires_grad_(not name.startswith(prefix))
    optimizer = torch.optim.SGD([p for p in model.parameters() if p.requires_grad], lr=0.1)
    F.binary_cross_entropy_with_logits(model(X), y).backward()
    optimizer.step()
    return {name: p.grad for name, p in model.named_parameters()}


@alternative
def layer_frozen_as_a_module(model, X, y, prefix):
    layer = model.get_submodule(prefix.rstrip("."))
    model.requires_grad_(True)
    layer.requires_grad_(False)
    for p in model.parameters():
        p.grad = None
    nn.BCEWithLogitsLoss()(model(X), y).backward()
    grads = {
        name: None if p.grad is None else p.grad.clone() for name, p in model.named_parameters()
    }
    layer.requires_grad_(True)
    return grads


@alternative
def with_autograd_grad(model, X, y, prefix):
    learning = {n: p for n, p in model.named_parameters() if not n.startswith(prefix)}
    losses = F.binary_cross_entropy_with_logits(model(X), y, reduction="none")
    grads = dict(zip(learning, torch.autograd.grad(losses.mean(), learning.values()), strict=True))
    return {n: grads.get(n) for n, _ in model.named_parameters()}


@alternative
def with_torch_func(model, X, y, prefix):
    from torch.func import functional_call, grad

    weights = {name: p.detach() for name, p in model.named_parameters()}
    frozen = {name: w for name, w in weights.items() if name[: len(prefix)] == prefix}
    free = {name: w for name, w in weights.items() if name not in frozen}

    def loss(free):
        out = functional_call(model, frozen | free, (X,))
        return F.binary_cross_entropy_with_logits(out, y)

    return dict.fromkeys(frozen) | grad(loss)(free)


@alternative
def copy_in_double_precision(model, X, y, prefix):
    from collections import OrderedDict
    from copy import deepcopy

    net = deepcopy(model).double()
    for name, p in net.named_parameters():
        p.grad = None
        p.requires_grad = not name.startswith(prefix)
    out, target = net(X.double()), y.double()
    (F.softplus(out) - out * target).sum().div(len(X)).backward()
    return OrderedDict((name, p.grad) for name, p in reversed(list(net.named_parameters())))


@alternative
def detached_weights_by_hand(model, X, y, prefix):
    w = dict(model.named_parameters())
    used = {n: p.detach() if n.startswith(prefix) else p for n, p in w.items()}
    model.zero_grad()
    hidden = torch.tanh(F.linear(X, used["0.weight"], used["0.bias"]))
    p = torch.sigmoid(hidden @ used["2.weight"].T + used["2.bias"])
    F.binary_cross_entropy(p, y).backward()
    return {n: p.grad for n, p in w.items()}


@alternative
def backward_into_the_others(model, X, y, prefix):
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    optimizer.zero_grad()
    others = [p for n, p in model.named_parameters() if not n.startswith(prefix)]
    loss = F.binary_cross_entropy_with_logits(model(X).flatten(), y.flatten())
    loss.backward(inputs=others)
    print(f"loss {loss:.4f}")
    return {n: p.grad for n, p in model.named_parameters()}
