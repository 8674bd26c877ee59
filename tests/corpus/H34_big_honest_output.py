"""H34: prints 5 MB of losses.

file: passed
"""

from corpus_entries import ATTACKED


def in_a_cell(honest):
    return [*honest.values(), "for step in range(50_000): print(f'{step:6} {0.123456789:90.9f}')"]


def in_an_answer(honest):
    text = honest[ATTACKED].replace("x = ", "print('0.123456789 ' * 50_000)\n    x = ", 1)
    return [*(honest | {ATTACKED: text}).values()]
