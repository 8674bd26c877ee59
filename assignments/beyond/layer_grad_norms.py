r"""### How far does a gradient reach?

On its way from the loss to the first layer a gradient passes every layer in between, and each one
multiplies it by something. How large is what arrives?

Write `layer_grad_norms(model, X)`. `model` is an `nn.Sequential` of `nn.Linear` layers with
activations between them, and `X` a batch for it. Take the loss

$$L = \frac{1}{n} \sum_{i=1}^{n} \text{model}(x_i)^2,$$

go backward, and return a list with one number for each `nn.Linear` layer, the one next to the input
first: the L2 norm $\sqrt{\sum_{jk} G_{jk}^2}$ of the gradient $G$ of the layer's **weight** (not of
its bias). Do not round: small numbers are the point.

You will be given networks of ten hidden layers with 16 units each, so of 11 `nn.Linear` layers: one
with sigmoids, and one with ReLUs and He initialisation. Graded are that there is one number per
layer, and the norms of either network, each within $10^{-3}$ of itself.
"""

import torch
from torch import nn

from autograder.exercise import attempt, case


def layer_grad_norms(model, X):
    """The norm of each Linear layer's weight gradient, input side first: a list of numbers."""
    raise NotImplementedError("layer_grad_norms")


def deep_net(activation, seed):
    """Ten hidden layers with activation "sigmoid", or "relu" and He initialisation."""
    torch.manual_seed(seed)
    net = nn.Sequential()
    for _ in range(10):
        net.extend([nn.Linear(16, 16), nn.ReLU() if activation == "relu" else nn.Sigmoid()])
    net.append(nn.Linear(16, 1))
    for layer in net[::2] if activation == "relu" else ():
        nn.init.kaiming_normal_(layer.weight, nonlinearity="relu")
        nn.init.zeros_(layer.bias)
    return net


visible = case(seed=13)


def probe(layer_grad_norms, case):
    def norms(activation):
        X = torch.randn(32, 16, generator=torch.Generator().manual_seed(case.seed))
        return layer_grad_norms(deep_net(activation, case.seed), X)

    return {
        "sigmoid": attempt(lambda: norms("sigmoid")),
        "relu": attempt(lambda: norms("relu")),
    }
