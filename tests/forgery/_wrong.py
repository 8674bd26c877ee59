"""Wrong answers to everything, in about the right form: nothing that a rubric pays for."""

import torch


def grad_quadratic(values):
    return torch.zeros(len(values), requires_grad=True)


def accumulated_grad(values, k):
    return torch.zeros(len(values))


def backward_twice(make_loss, leaves):
    return True, [torch.zeros_like(leaf) for leaf in leaves]


def fresh_grads(values, k):
    return [torch.zeros(len(values))] * (k + 1)


def clear_grads(kind, model, optimizer, x):
    return None


def train(model, X, y, lr, steps):
    return [0.0] * (steps + 1)


def build_and_backward(X, y, seed):
    return torch.nn.Linear(2, 1), torch.zeros(())


def grad_stats(model):
    return []


predictions = {f"P{number}": 0 for number in range(1, 10)}
