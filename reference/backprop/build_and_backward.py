import torch
import torch.nn as nn
import torch.nn.functional as F

from autograder.checks import check, close
from autograder.exercise import case
from autograder.reference import alternative, mistake

from .._mlp import network, telling_batch


def build_and_backward(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    loss = nn.BCEWithLogitsLoss()(model(X), y.float().unsqueeze(1))
    model.zero_grad()
    loss.backward()
    return model, loss


why = r"""
Layers draw their parameters while they are built, so the same seed right before gives everybody the
same network. The loss applies the sigmoid itself and compares output and label entry by entry, so
the labels become floats of shape $(n, 1)$, like the output. Since `backward()` adds, "clear, then
once" is what makes the gradients those of this loss. A row that the last ReLU clips counts in the
loss, as $\ln 2$, and sends nothing back.
"""


def hidden(draw):
    X, y, seed = draw.screened(lambda: telling_batch(draw), below_1)
    return case(X=X, y=y, seed=seed)


def below_1(batch):
    """So that nn.BCELoss, which is not the loss, takes the outputs for everybody."""
    X, _, seed = batch
    return network(seed)(X).max() <= 1


MOST_LAYERS = 8  # that are told one by one


@check("run")
def architecture(seen, wanted, case):
    found, asked = seen["run"].value, wanted["run"].value
    if not isinstance(found, dict):
        return "expected a model and its loss"
    if found["layers"] != asked["layers"]:
        told = [name if name in asked["layers"] else "another" for name in found["layers"]]
        told = told if len(told) <= MOST_LAYERS else [str(len(told))]
        return f"expected the layers {' '.join(asked['layers'])}; yours are {' '.join(told)}"
    shapes, expected = ([list(p.shape) for p in net["parameters"]] for net in (found, asked))
    if shapes != expected:
        return f"expected parameters of the shapes {expected}; yours have others"


checks = {
    "architecture": architecture,
    "init": close("run", "parameters", absolute=1e-6, relative=0).saying(
        "not the parameters that come of torch.manual_seed(seed) right before the layers are made, "
        "and that nothing has changed since"
    ),
    "loss": close("run", "loss"),
    "grad_0_weight": close("run", "gradients", 0, called="the gradient of 0.weight"),
    "grad_0_bias": close("run", "gradients", 1, called="the gradient of 0.bias"),
    "grad_2_weight": close("run", "gradients", 2, called="the gradient of 2.weight"),
    "grad_2_bias": close("run", "gradients", 3, called="the gradient of 2.bias"),
}


@mistake(1, "Your net ends in Linear: negative logits must be clipped by a last ReLU here.")
def final_relu(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1))
    loss = nn.BCEWithLogitsLoss()(model(X), y.float().unsqueeze(1))
    model.zero_grad()
    loss.backward()
    return model, loss


@mistake(1, "Your net ends in Sigmoid: a last ReLU was asked for, the loss has the sigmoid.")
def final_sigmoid(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Sigmoid())
    loss = nn.BCEWithLogitsLoss()(model(X), y.float().unsqueeze(1))
    model.zero_grad()
    loss.backward()
    return model, loss


@mistake(1, "Your net ends in Sigmoid: end it in ReLU, and take nn.BCEWithLogitsLoss.")
def ends_in_sigmoid(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.Sigmoid())
    loss = nn.BCELoss()(model(X), y.float().unsqueeze(1))
    model.zero_grad()
    loss.backward()
    return model, loss


@mistake(1, "Parameters are drawn while the model is built: call torch.manual_seed(seed) first.")
def seed_order(X, y, seed):
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    torch.manual_seed(seed)
    loss = nn.BCEWithLogitsLoss()(model(X), y.float().unsqueeze(1))
    model.zero_grad()
    loss.backward()
    return model, loss


@mistake(4, "The gradients are exactly twice too big, as after two backward passes: one is enough.")
def doubled(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    loss = nn.BCEWithLogitsLoss()(model(X), y.float().unsqueeze(1))
    model.zero_grad()
    loss.backward(retain_graph=True)
    loss.backward()
    return model, loss


@mistake(2, "BCEWithLogitsLoss applies the sigmoid itself: leave yours out.")
def double_sigmoid(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    loss = nn.BCEWithLogitsLoss()(torch.sigmoid(model(X)), y.float().unsqueeze(1))
    model.zero_grad()
    loss.backward()
    return model, loss


@mistake(2, "nn.BCELoss takes probabilities, and these are none: use nn.BCEWithLogitsLoss.")
def no_sigmoid(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    loss = nn.BCELoss()(model(X), y.float().unsqueeze(1))
    model.zero_grad()
    loss.backward()
    return model, loss


@mistake(2, "Loss and gradients are n times too big: take the mean over the rows, not the sum.")
def sum_reduction(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    loss = nn.BCEWithLogitsLoss(reduction="sum")(model(X), y.float().unsqueeze(1))
    model.zero_grad()
    loss.backward()
    return model, loss


LABELS = "The labels must be floats of shape (n, 1), like the output: y.float().unsqueeze(1)."


@mistake(0, LABELS)
def y_dtype(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    loss = nn.BCEWithLogitsLoss()(model(X), y.unsqueeze(1))
    model.zero_grad()
    loss.backward()
    return model, loss


@mistake(7, "The parameters have moved since they were drawn: no step() was asked for.")
def stepped(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    opt = torch.optim.SGD(model.parameters(), lr=0.1)
    loss = nn.BCEWithLogitsLoss()(model(X), y.float().unsqueeze(1))
    opt.zero_grad()
    loss.backward()
    opt.step()
    return model, loss


@mistake(0, LABELS)
def y_shape(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    loss = nn.BCEWithLogitsLoss()(model(X), y.float())
    model.zero_grad()
    loss.backward()
    return model, loss


@mistake(4, "The model that came back holds no gradients: zero_grad() first, then loss.backward().")
def grad_is_none(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    loss = nn.BCEWithLogitsLoss()(model(X), y.float().unsqueeze(1))
    loss.backward()
    model.zero_grad()
    return model, loss


@alternative
def appended_layers(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential()
    for inputs, outputs in ((2, 3), (3, 1)):
        model.append(nn.Linear(inputs, outputs))
        model.append(nn.ReLU(inplace=True))
    loss = F.binary_cross_entropy_with_logits(model(X), y.view(-1, 1).type_as(X))
    loss.backward()
    return [model, loss.item()]


@alternative
def named_layers(X, y, seed):
    from collections import OrderedDict

    torch.manual_seed(seed)
    layers = OrderedDict(hidden=nn.Linear(2, 3), on=nn.ReLU(), out=nn.Linear(3, 1), clip=nn.ReLU())
    model = nn.Sequential(layers)
    optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
    target = y[:, None].to(torch.float32)
    loss = nn.functional.binary_cross_entropy_with_logits(model(X), target)
    optimizer.zero_grad()
    loss.backward()
    return model, loss.detach()


@alternative
def in_double_precision(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU()).double()
    out = model(X.double())
    loss = (F.softplus(out) - out * y.double().reshape(-1, 1)).mean()
    loss.backward()
    return model, loss


@alternative
def one_shared_relu(X, y, seed):
    torch.manual_seed(seed)
    relu = nn.ReLU()
    net = nn.Sequential(nn.Linear(2, 3), relu, nn.Linear(3, 1), relu)
    losses = nn.BCEWithLogitsLoss(reduction="none")(net(X).squeeze(1), y.float())
    (losses.sum() / len(losses)).backward()
    return net, float(losses.mean())


@alternative
def own_class(X, y, seed):
    class Net(nn.Module):
        def __init__(self):
            super().__init__()
            self.first = nn.Linear(2, 3)
            self.relu1 = nn.ReLU()
            self.second = nn.Linear(3, 1)
            self.relu2 = nn.ReLU()

        def forward(self, rows):
            return self.relu2(self.second(self.relu1(self.first(rows))))

    torch.manual_seed(seed)
    model = Net()
    model.zero_grad(set_to_none=False)
    loss = torch.nn.BCEWithLogitsLoss()(model(X), y.to(X.dtype).unsqueeze(-1))
    torch.autograd.backward(loss)
    return model, loss


@alternative
def row_by_row(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(*[nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU()])
    total = 0.0
    for row, label in zip(X, y.tolist(), strict=True):
        loss = F.binary_cross_entropy_with_logits(model(row), torch.tensor([float(label)])) / len(X)
        loss.backward()
        total += loss.item()
    return model, total


@alternative
def gradients_assigned(X, y, seed):
    torch.manual_seed(seed)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    target = torch.stack([y]).T.float()
    loss = torch.nn.functional.binary_cross_entropy(model(X).sigmoid(), target)
    for p, g in zip(model.parameters(), torch.autograd.grad(loss, model.parameters()), strict=True):
        p.grad = g
    return model, loss
