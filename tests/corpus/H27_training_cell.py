"""H27: trains at the top level for longer than a cell may take, and downloads its data.

file: {kinds: passed, note: stopped after|Error, stops: 1}
"""

_TRAIN = """
model = nn.Linear(2, 1)
optimizer = torch.optim.SGD(model.parameters(), lr=0.1)
for epoch in range(10**9):
    optimizer.zero_grad()
    loss = model(torch.ones(4, 2)).pow(2).mean()
    loss.backward()
    optimizer.step()
"""


def trains(honest):
    imports, *answers = honest.values()
    return [imports, _TRAIN, *answers]


def downloads(honest):
    code = "import urllib.request\nurllib.request.urlretrieve('http://yann.lecun.com/mnist', 'x')"
    return [code, *honest.values()]
