import functools
import operator
from pathlib import Path

import torch
import torch.nn as nn
import torch.nn.functional as F

from autograder.checks import close, length, shape
from autograder.exercise import case, load_module
from autograder.reference import alternative, mistake

public, _ = load_module(Path(__file__).parents[2] / "assignments/beyond/layer_grad_norms.py")


def layer_grad_norms(model, X):
    model.zero_grad()
    model(X).pow(2).mean().backward()
    return [m.weight.grad.norm().item() for m in model if isinstance(m, nn.Linear)]


why = r"""
The gradient of a layer's weight is what arrives at its output times its input, so its norm shows
how much of the signal is left after all the later layers. Each sigmoid on the way multiplies by a
slope of at most $\tfrac{1}{4}$; a ReLU multiplies by 1 or 0, and He initialisation makes up for the
zeros. Clearing first keeps old gradients out, and numbers that are not rounded stay comparable over
many powers of ten.
"""


def hidden(draw):
    return case(seed=draw.screened(draw.seed, _tells))


def _tells(seed):
    X = torch.randn(32, 16, generator=torch.Generator().manual_seed(seed))
    relu = layer_grad_norms(net := public.deep_net("relu", seed), X)
    if not (0.03 < min(relu) and max(relu) < 1):
        return False
    if abs(relu[0] - relu[-1]) < 0.1 * max(relu[0], relu[-1]):  # the order would not show
        return False
    with torch.no_grad():
        for layer in net:
            X = layer(X)
            if isinstance(layer, nn.Linear) and X.abs().min() < 1e-5:  # rounding could flip a ReLU
                return False
    X = torch.randn(32, 16, generator=torch.Generator().manual_seed(seed))
    sigmoid = layer_grad_norms(public.deep_net("sigmoid", seed), X)
    return sigmoid[0] < 1e-7 * sigmoid[-1] and 0.05 < sigmoid[-1] < 2


def norms(part):
    return close(part, absolute=0, relative=1e-3)  # 1e-9 must not pass as 0


def eleven_numbers(part):
    return functools.reduce(operator.and_, (shape(part, i) for i in range(11)), length(part))


checks = {
    "sigmoid": norms("sigmoid"),
    "relu": norms("relu"),
    "one_per_layer": eleven_numbers("sigmoid") & eleven_numbers("relu"),
}


@mistake(0, "22 numbers for 11 layers: leave the gradients of the biases out.")
def with_biases(model, X):
    model.zero_grad()
    model(X).pow(2).mean().backward()
    return [p.grad.norm().item() for p in model.parameters()]


@mistake(1, "These are norms of the weights themselves: take those of weight.grad.")
def weights_not_grads(model, X):
    model.zero_grad()
    model(X).pow(2).mean().backward()
    return [m.weight.norm().item() for m in model if isinstance(m, nn.Linear)]


@mistake(1, "This list starts at the output: put the layer next to the input first.")
def from_the_output(model, X):
    model.zero_grad()
    model(X).pow(2).mean().backward()
    return [m.weight.grad.norm().item() for m in reversed(model) if isinstance(m, nn.Linear)]


@mistake(1, "This is the mean of |g|, which is smaller: the root of the sum of squares is asked.")
def mean_not_norm(model, X):
    model.zero_grad()
    model(X).pow(2).mean().backward()
    return [m.weight.grad.abs().mean().item() for m in model if isinstance(m, nn.Linear)]


@mistake(1, "This is the square of the norm: take the root of the sum.")
def squared(model, X):
    model.zero_grad()
    model(X).pow(2).mean().backward()
    return [m.weight.grad.pow(2).sum().item() for m in model if isinstance(m, nn.Linear)]


@mistake(3, "The smallest norms are lost, and they are the point: return them without rounding.")
def rounded_to_0(model, X):
    model.zero_grad()
    model(X).pow(2).mean().backward()
    return [round(m.weight.grad.norm().item(), 6) for m in model if isinstance(m, nn.Linear)]


@mistake(
    1, "The loss is the mean of the squared outputs: square each, then take the mean, not a sum."
)
def summed_loss(model, X):
    model.zero_grad()
    model(X).pow(2).sum().backward()
    return [m.weight.grad.norm().item() for m in model if isinstance(m, nn.Linear)]


@mistake(1, "The loss is the mean of the squared outputs: square before you take the mean.")
def output_not_squared(model, X):
    model.zero_grad()
    model(X).mean().backward()
    return [m.weight.grad.norm().item() for m in model if isinstance(m, nn.Linear)]


@mistake(3, "This squares the mean: square each output, then take the mean.")
def mean_squared(model, X):
    model.zero_grad()
    model(X).mean().pow(2).backward()
    return [m.weight.grad.norm().item() for m in model if isinstance(m, nn.Linear)]


@mistake(
    0, "The gradients were cleared before you read them: zero_grad() belongs before backward()."
)
def cleared_too_late(model, X):
    model(X).pow(2).mean().backward()
    model.zero_grad()
    return [m.weight.grad.norm().item() for m in model if isinstance(m, nn.Linear)]


@alternative
def by_name(model, X):
    loss = torch.mean(model(X) ** 2)
    loss.backward()
    norms = {}
    for name, parameter in model.named_parameters():
        if name.endswith("weight"):
            norms[name] = torch.sqrt(torch.sum(parameter.grad**2))
    return list(norms.values())


@alternative
def with_autograd_grad(model, X):
    weights = [p for p in model.parameters() if p.dim() == 2]
    out = model(X)
    gradients = torch.autograd.grad(F.mse_loss(out, torch.zeros_like(out)), weights)
    return tuple(float(torch.linalg.vector_norm(g)) for g in gradients)


@alternative
def in_double_precision(model, X):
    import copy

    twin = copy.deepcopy(model).double()
    twin(X.double()).square().mean().backward()
    return [layer.weight.grad.square().sum().sqrt() for layer in twin[::2]]


@alternative
def with_functional_call(model, X):
    from torch.func import functional_call, grad

    def loss(parameters):
        return functional_call(model, parameters, (X,)).pow(2).mean()

    gradients = grad(loss)({name: p.detach() for name, p in model.named_parameters()})
    return [torch.linalg.matrix_norm(g).item() for g in gradients.values() if g.ndim > 1]


@alternative
def with_hooks(model, X):
    norms = []
    for module in model.modules():
        if type(module) is nn.Linear:
            module.weight.register_hook(lambda g: norms.insert(0, torch.norm(g)))
    model(X).pow(2).mean().backward()
    return norms


@alternative
def row_by_row(model, X):
    from math import hypot

    optimizer = torch.optim.SGD(model.parameters(), lr=0.0)
    optimizer.zero_grad()
    for row in X:
        (model(row)[0] ** 2 / len(X)).backward()
    return [hypot(*m.weight.grad.flatten().tolist()) for m in model if hasattr(m, "weight")]
