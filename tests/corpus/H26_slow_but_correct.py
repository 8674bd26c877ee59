"""H26: right, and slow: a loop over every number, a fifth of the limit in all.

file: passed
"""

from corpus_entries import ATTACKED


def loops(honest):
    loop = "for _ in range(100_000): pass"
    text = honest[ATTACKED].replace("x = ", f"{loop}\n    x = ", 1)
    return [*(honest | {ATTACKED: text}).values()]


def waits(honest):
    text = honest[ATTACKED].replace("x = ", "import time; time.sleep(0.03)\n    x = ", 1)
    return [*(honest | {ATTACKED: text}).values()]
