"""H23: seeds, and uses up, the random numbers of the whole process.

file: passed
"""

from corpus_entries import ATTACKED


def at_the_top(honest):
    seeds = (
        "import random\nimport numpy as np\ntorch.manual_seed(0); random.seed(0); np.random.seed(0)"
    )
    imports, *answers = honest.values()
    return [imports, seeds, "torch.rand(1000)", *answers]


def in_the_function(honest):
    text = honest[ATTACKED].replace("return x.grad", "torch.manual_seed(k)\n    return x.grad")
    return [*(honest | {ATTACKED: text}).values()]


def used_up(honest):
    text = honest[ATTACKED].replace("return x.grad", "torch.rand(999)\n    return x.grad")
    return [*(honest | {ATTACKED: text}).values()]
