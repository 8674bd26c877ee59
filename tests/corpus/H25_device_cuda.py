"""H25: asks for a GPU without looking whether there is one.

file: {kinds: raised, hint: "CUDA|NVIDIA|cuda"}
file apple: {kinds: raised, hint: "MPS|mps"}
file guarded: passed
"""

from corpus_entries import ATTACKED


def _first(honest, statement):
    text = honest[ATTACKED].replace("x = ", f"{statement}\n    x = ", 1)
    return [*(honest | {ATTACKED: text}).values()]


def moved(honest):
    return _first(honest, "torch.zeros(1).cuda()")


def made_there(honest):
    return _first(honest, "torch.zeros(1, device='cuda')")


def apple(honest):
    return _first(honest, "torch.zeros(1, device='mps')")


def guarded(honest):
    return _first(honest, "torch.zeros(1, device='cuda' if torch.cuda.is_available() else 'cpu')")
