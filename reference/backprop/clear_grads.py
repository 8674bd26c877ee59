import torch

from autograder.checks import check, close
from autograder.exercise import case
from autograder.reference import alternative, mistake


def clear_grads(kind, model, optimizer, x):
    if kind == "optimizer":
        optimizer.zero_grad()
    elif kind == "model":
        model.zero_grad()
    elif x.grad is not None:
        x.grad.zero_()


why = r"""
Each object clears what it knows of: the optimizer the parameters that it was given, here those of
the last layer, and the model all of its own. `x` belongs to neither, so nobody but you clears it,
and as its `.grad` is `None` before the first backward pass, that is tested first. Both
`zero_grad()` leave `None`, and `zero_()` leaves zeros: for the next pass, which adds, the two are
the same.
"""


SHAPES = {"0.weight": (2, 2), "0.bias": (2,), "2.weight": (1, 2), "2.bias": (1,), "x": (2,)}


def hidden(draw):
    def numbers(shape):
        return torch.tensor(draw.distinct_quarters(4)[: torch.Size(shape).numel()]).view(shape)

    # No quarter is a whole number, so none is 0 before it is cleared.
    parameters = {name: numbers(shape) for name, shape in SHAPES.items()}
    gradients = {name: numbers(shape) for name, shape in SHAPES.items()}
    return case(x=parameters.pop("x"), parameters=parameters, gradients=gradients)


@check()
def something_was_cleared(seen, wanted, case):  # else it means little that no harm was done
    for kind in ("optimizer", "model", "tensor"):
        asked = [name for name, gradient in wanted[kind].value.items() if not gradient.any()]
        if seen[kind].error is None and not all(seen[kind].value[name].any() for name in asked):
            return None
    return "no gradient that was asked for has been cleared"


checks = {
    "optimizer": close("optimizer"),
    "model": close("model"),
    "tensor": close("tensor"),
    "none_safe": close("no_gradient") & something_was_cleared,
    "data_kept": close("numbers").saying("values have changed, and not only gradients")
    & something_was_cleared,
}

X_TOO = (
    'x is cleared where another kind is asked for, too: clear it only when kind is "tensor" '
    "(an else belongs to the last if alone)."
)
NOTHING = (
    'Nothing was cleared when kind is "%s": see that its branch is reached, calls what it names '
    "(with parentheses) and clears gradients, not values."
)
GRAD_IS_NONE = (
    "Before the first backward() .grad is None, which has no zero_(): test for None first."
)


@mistake(
    3,
    "model.zero_grad() clears layer 0 as well, which the optimizer does not manage, "
    "and it never reaches x.",
)
def too_much(kind, model, optimizer, x):
    model.zero_grad()


@mistake(
    2,
    "This clears more than was asked: layer 0 is not the optimizer's, and x is neither's. "
    "Clear what the kind asks for, and nothing else.",
)
def too_much_all_three(kind, model, optimizer, x):
    optimizer.zero_grad()
    model.zero_grad()
    if x.grad is not None:
        x.grad.zero_()


@mistake(4, "The optimizer reaches the last layer only: for the other kinds, go to the model or x.")
def optimizer_always(kind, model, optimizer, x):
    optimizer.zero_grad()


@mistake(4, "These two are swapped: the model clears every layer, the optimizer only its own.")
def swapped(kind, model, optimizer, x):
    if kind == "optimizer":
        model.zero_grad()
    elif kind == "model":
        optimizer.zero_grad()
    elif x.grad is not None:
        x.grad.zero_()


@mistake(6, GRAD_IS_NONE)
def grad_is_none(kind, model, optimizer, x):
    if kind == "optimizer":
        optimizer.zero_grad()
    elif kind == "model":
        model.zero_grad()
    else:
        x.grad.zero_()


@mistake(6, GRAD_IS_NONE)
def grad_is_none_in_loops(kind, model, optimizer, x):
    if kind == "optimizer":
        leaves = optimizer.param_groups[0]["params"]
    else:
        leaves = list(model.parameters()) if kind == "model" else [x]
    for leaf in leaves:
        leaf.grad.zero_()


@mistake(4, "x itself was wiped, and not its gradient: clear x.grad.")
def wiped_data(kind, model, optimizer, x):
    if kind == "optimizer":
        optimizer.zero_grad()
    elif kind == "model":
        model.zero_grad()
    else:
        with torch.no_grad():
            x.zero_()


@mistake(4, "Modules and optimizers have a zero_grad(), tensors have none: clear x.grad yourself.")
def no_such_method(kind, model, optimizer, x):
    if kind == "optimizer":
        optimizer.zero_grad()
    elif kind == "model":
        model.zero_grad()
    else:
        x.zero_grad()


@mistake(
    5,
    'x.grad is as it was when kind is "tensor": see that its branch is reached and clears x.grad '
    "itself, neither x nor what you name x by x = ....",
)
def another_x(kind, model, optimizer, x):
    if kind == "optimizer":
        optimizer.zero_grad()
    elif kind == "model":
        model.zero_grad()
    else:
        x = x.detach().requires_grad_()


@mistake(5, NOTHING % "optimizer")
def optimizer_never(kind, model, optimizer, x):
    if kind == "optimiser":
        optimizer.zero_grad()
    elif kind == "model":
        model.zero_grad()
    elif kind == "tensor":
        x.grad = None


@mistake(6, NOTHING % "model")
def model_never(kind, model, optimizer, x):
    if kind == "optimizer":
        optimizer.zero_grad()
    elif kind == "Model":
        model.zero_grad()
    elif kind == "tensor":
        x.grad = None


@mistake(5, X_TOO)
def else_of_the_last_if(kind, model, optimizer, x):
    if kind == "optimizer":
        optimizer.zero_grad()
    if kind == "model":
        model.zero_grad()
    else:
        x.grad = None


@mistake(6, X_TOO)
def x_with_the_model(kind, model, optimizer, x):
    if kind == "optimizer":
        optimizer.zero_grad()
        return
    if kind == "model":
        model.zero_grad()
    x.grad = None


@mistake(4, X_TOO)
def x_always(kind, model, optimizer, x):
    if kind == "optimizer":
        optimizer.zero_grad()
    elif kind == "model":
        model.zero_grad()
    x.grad = None


@mistake(6, "The parameters moved: step() is not part of clearing.")
def stepped(kind, model, optimizer, x):
    if kind == "optimizer":
        optimizer.step()
        optimizer.zero_grad()
    elif kind == "model":
        model.zero_grad()
    else:
        x.grad = None


@mistake(4, "The biases keep their gradients: clear every parameter, not the weights alone.")
def weights_only(kind, model, optimizer, x):
    if kind == "tensor":
        x.grad = None
    else:
        for layer in model if kind == "model" else [model[2]]:
            if hasattr(layer, "weight"):
                layer.weight.grad = None


@alternative
def set_to_none(kind, model, optimizer, x):
    if kind == "optimizer":
        leaves = [p for group in optimizer.param_groups for p in group["params"]]
    elif kind == "model":
        leaves = model.parameters()
    else:
        leaves = [x]
    for leaf in leaves:
        leaf.grad = None


@alternative
def zeros_everywhere(kind, model, optimizer, x):
    match kind:
        case "optimizer":
            optimizer.zero_grad(set_to_none=False)
        case "model":
            model.zero_grad(set_to_none=False)
        case "tensor" if x.grad is not None:
            x.grad = torch.zeros_like(x)


@alternative
def with_a_table(kind, model, optimizer, x):
    ways = {
        "optimizer": optimizer.zero_grad,
        "model": model.zero_grad,
        "tensor": lambda: setattr(x, "grad", None),
    }
    return ways[kind]()


@alternative
def with_an_optimizer_for_x(kind, model, optimizer, x):
    from torch.optim import SGD

    owner = {"optimizer": optimizer, "model": model}.get(kind) or SGD([x], lr=0.0)
    owner.zero_grad()


@alternative
def multiplied_by_zero(kind, model, optimizer, x):
    def gradients(leaves):
        return [leaf.grad for leaf in leaves if leaf.grad is not None]

    if kind == "tensor":
        chosen = gradients([x])
    else:
        chosen = gradients(model.parameters() if kind == "model" else model[2].parameters())
    with torch.no_grad():
        for gradient in chosen:
            gradient.mul_(0)


@alternative
def module_by_module(kind, model, optimizer, x):
    def clear(module):
        for leaf in module.parameters(recurse=False):
            del leaf.grad

    if kind == "model":
        model.apply(clear)
    if kind == "optimizer":
        clear(list(model)[-1])
    if kind == "tensor":
        del x.grad


@alternative
def with_torch_foreach(kind, model, optimizer, x):
    leaves = {"optimizer": [*model[-1].parameters()], "model": [*model.parameters()], "tensor": [x]}
    found = [leaf.grad for leaf in leaves[kind] if torch.is_tensor(leaf.grad)]
    if found:
        torch._foreach_zero_(found)
    return model, x
