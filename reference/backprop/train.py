import torch
import torch.nn as nn
import torch.nn.functional as F

from autograder.checks import came_back, close, floats, length
from autograder.exercise import case
from autograder.reference import alternative, mistake


def train(model, X, y, lr, steps):
    # 1. (n, 1) - (n,) is n x n.  2. Gradients were never cleared.
    # 3. The step came before backward.  4. The history held tensors, each with its graph.
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X).squeeze(1) - y) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        history.append(loss.item())
    return history


why = r"""
A step of SGD is $w \leftarrow w - \eta \, \partial L / \partial w$, with the gradient of this
step's loss at the present weights and nothing else: so clear, go backward, and only then step. The
loss compares each prediction with its own label, which takes two tensors of the same shape; $(n,
1)$ minus $(n,)$ would pair every prediction with every label. `item()` keeps the number and lets go
of the graph.
"""


def hidden(draw):
    def candidate():
        X = draw.normal(12, 2)
        y = X @ torch.tensor([1.5, -2.0]) + 0.5 + 0.1 * draw.normal(12)
        return X, y, 0.5 * draw.normal(1, 2), 0.5 * draw.normal(1)

    def broadcasting_shows(candidate):
        X, y, weight, bias = candidate
        predicted = X @ weight.T + bias
        right = ((predicted.squeeze(1) - y) ** 2).mean()
        wrong = ((predicted - y) ** 2).mean()
        return abs(wrong - right) > 0.1 * right

    X, y, weight, bias = draw.screened(candidate, broadcasting_shows)
    lr = draw.choice([0.05, 0.08])  # not the visible 0.1, which could be written into the answer
    return case(X=X, y=y, weight=weight, bias=bias, lr=lr, steps=6)


checks = {
    "history": length("history") & floats("history"),
    "first_loss": close("history", 0),
    "second_loss": close("history", 1),
    "final_weights": came_back("history") & close("weights", relative=1e-3),
}

BROADCAST = (
    "model(X) has shape (n, 1) and y has (n,): their difference is n x n, every prediction minus "
    "every label. Give both the same shape."
)
NEVER_MOVED = (
    "The weights of the model never move: call zero_grad(), then backward() on the loss of this "
    "model(X), then step() in each step, in this order and with parentheses."
)
BEHIND = (
    "Each step uses the gradient of the step before, and the first none: call step() after "
    "backward()."
)


@mistake(0, BROADCAST)
def untouched(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X) - y) ** 2).mean()
        opt.step()
        loss.backward()
        history.append(loss)
    return history


@mistake(1, BROADCAST)
def broadcast(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X) - y) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        history.append(loss.item())
    return history


@mistake(4, "Later steps use gradients summed over all steps: call zero_grad() in every step.")
def no_zero_grad(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X).squeeze(1) - y) ** 2).mean()
        loss.backward()
        opt.step()
        history.append(loss.item())
    return history


@mistake(
    3,
    "The loss still holds those of the steps before: compute it anew in each step (= and not +=).",
)
def loss_summed(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history, loss = [], 0
    for _ in range(steps):
        opt.zero_grad()
        loss = loss + ((model(X).squeeze(1) - y) ** 2).mean()
        loss.backward(retain_graph=True)
        opt.step()
        history.append(loss.item())
    return history


@mistake(3, NEVER_MOVED)
def never_moved(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X).squeeze(1) - y) ** 2).mean()
        opt.zero_grad()
        opt.step()
        loss.backward()
        history.append(loss.item())
    return history


@mistake(3, NEVER_MOVED)
def never_moved_cleared_too_late(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X).squeeze(1) - y) ** 2).mean()
        loss.backward()
        opt.zero_grad()
        opt.step()
        history.append(loss.item())
    return history


@mistake(3, BEHIND)
def one_step_behind(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X).squeeze(1) - y) ** 2).mean()
        opt.step()
        opt.zero_grad()
        loss.backward()
        history.append(loss.item())
    return history


@mistake(3, f"{BEHIND} And gradients are summed over the steps: call zero_grad() in every step.")
def one_step_behind_and_summed(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X).squeeze(1) - y) ** 2).mean()
        opt.step()
        loss.backward()
        history.append(loss.item())
    return history


@mistake(7, "Each entry is a tensor, which can keep its whole graph alive: append loss.item().")
def kept_tensors(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X).squeeze(1) - y) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        history.append(loss)
    return history


@mistake(1, "The loss is n times too big: take the mean over the rows, not the sum.")
def summed(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X).squeeze(1) - y) ** 2).sum()
        opt.zero_grad()
        loss.backward()
        opt.step()
        history.append(loss.item())
    return history


@mistake(5, "These losses are of after the updates: compute each before step(), and append that.")
def loss_after_the_step(model, X, y, lr, steps):
    opt = torch.optim.SGD(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X).squeeze(1) - y) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        history.append(((model(X).squeeze(1) - y) ** 2).mean().item())
    return history


@mistake(3, "These are the steps of Adam: plain SGD was asked for.")
def adam(model, X, y, lr, steps):
    opt = torch.optim.Adam(model.parameters(), lr=lr)
    history = []
    for _ in range(steps):
        loss = ((model(X).squeeze(1) - y) ** 2).mean()
        opt.zero_grad()
        loss.backward()
        opt.step()
        history.append(loss.item())
    return history


@alternative
def with_mse_loss(model, X, y, lr, steps):
    optimizer, criterion = torch.optim.SGD(model.parameters(), lr), nn.MSELoss()
    losses = torch.empty(steps)
    for i in range(steps):
        loss = criterion(model(X), y.unsqueeze(-1))
        loss.backward()
        optimizer.step()
        optimizer.zero_grad(set_to_none=False)
        losses[i] = loss.detach()
    return losses.tolist()


@alternative
def without_optimizer(model, X, y, lr, steps):
    history = []
    for _ in range(steps):
        model.zero_grad()
        loss = F.mse_loss(model(X).flatten(), y)
        loss.backward()
        with torch.no_grad():
            for p in model.parameters():
                p -= lr * p.grad
        history.append(float(loss))
    return tuple(history)


@alternative
def with_autograd_grad(model, X, y, lr, steps):
    def step():
        parameters = list(model.parameters())
        loss = (model(X)[:, 0] - y).square().mean()
        for p, g in zip(parameters, torch.autograd.grad(loss, parameters), strict=True):
            p.data.sub_(g, alpha=lr)
        return loss.item()

    return [step() for _ in range(steps)]


@alternative
def with_closure(model, X, y, lr, steps):
    from torch.optim import SGD

    optimizer = SGD(model.parameters(), lr=lr, foreach=False)

    def closure():
        optimizer.zero_grad()
        loss = torch.mean((model(X) - y.view(-1, 1)) ** 2)
        loss.backward()
        return loss

    return [optimizer.step(closure).item() for _ in range(steps)]


@alternative
def gradient_by_hand(model, X, y, lr, steps):
    X, y = X.double(), y.double()
    weight, bias = model.weight.detach().double()[0], model.bias.detach().double()
    history = []
    for _ in range(steps):
        error = X @ weight + bias - y
        history.append(error.dot(error).item() / len(y))
        weight = weight - lr * 2 * (X.T @ error) / len(y)
        bias = bias - lr * 2 * error.mean()
    model.load_state_dict({"weight": weight.float()[None], "bias": bias.float()})
    return history


@alternative
def row_by_row(model, X, y, lr, steps):
    optimizer = torch.optim.SGD([{"params": [p], "lr": lr} for p in model.parameters()], lr=1.0)
    history = []
    while len(history) < steps:
        for p in model.parameters():
            p.grad = None
        loss = sum((model(row).squeeze() - label) ** 2 for row, label in zip(X, y, strict=True))
        loss = loss / y.numel()
        loss.backward()
        optimizer.step()
        history.append(loss.item())
    return history
