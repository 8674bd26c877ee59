"""H31: a network of one's own: other names, another order, buffers more.

exercise: build_and_backward
file: passed
file other_order: {kinds: failed passed, hint: "."}
file other_layers: {kinds: failed passed, hint: "yours are .*another|yours have others"}
"""

_NET = """
class Net(nn.Module):
    def __init__(self):
        super().__init__()
        {make}
    def forward(self, x):
        return {run}

def build_and_backward(X, y, seed):
    torch.manual_seed(seed)
    model = Net()
    loss = nn.BCEWithLogitsLoss()(model(X), y.float().unsqueeze(1))
    loss.backward()
    return model, loss
"""
_NAMES = "self.first, self.act, self.second, self.out = "
_LAYERS = "nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU()"
_RUN = "self.out(self.second(self.act(self.first(x))))"


def _with(honest, make, run=_RUN):
    return [*(honest | {"build_and_backward": _NET.format(make=make, run=run)}).values()]


def other_names(honest):
    return _with(honest, _NAMES + _LAYERS)


def a_buffer_more(honest):
    buffer = "; self.register_buffer('count', torch.zeros(1))"
    return _with(honest, _NAMES + _LAYERS + buffer)


def other_order(honest):
    layers = "nn.Linear(3, 1), nn.ReLU(), nn.Linear(2, 3), nn.ReLU()"
    return _with(honest, "self.second, self.act, self.first, self.out = " + layers)


def other_layers(honest):
    layers = "nn.Linear(2, 4), nn.ReLU(), nn.Linear(4, 1), nn.ReLU()"
    return _with(honest, _NAMES + layers)
