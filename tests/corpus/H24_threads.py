"""H24: more threads for torch, and a DataLoader with worker processes.

file: passed
file worker_processes: {kinds: passed, note: Error}
"""

from corpus_entries import ATTACKED

_LOADER = """
from torch.utils.data import DataLoader, TensorDataset
data = TensorDataset(torch.zeros(4, 2))
for (batch,) in DataLoader(data, batch_size=2, num_workers={}):
    assert batch.shape == (2, 2)
"""


def threads(honest):
    text = honest[ATTACKED].replace("x = ", "torch.set_num_threads(8)\n    x = ", 1)
    imports, *answers = (honest | {ATTACKED: text}).values()
    return [imports, "torch.set_num_threads(8)", "torch.ones(9999).sum()", *answers]


def loader(honest):
    return [*honest.values(), _LOADER.format(0)]


def worker_processes(honest):
    return [*honest.values(), _LOADER.format(2)]
