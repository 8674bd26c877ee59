"""H28: right answers that warn and print to standard error.

file: passed
"""

from corpus_entries import ATTACKED


def warns(honest):
    noise = "import sys, warnings; warnings.warn('careful'); print('x', file=sys.stderr)"
    text = honest[ATTACKED].replace("x = ", f"{noise}\n    x = ", 1)
    return [noise, *(honest | {ATTACKED: text}).values()]


def logs(honest):
    return ["import logging\nlogging.basicConfig(level=0)\nlogging.error('x')", *honest.values()]


def errors_of_warnings(honest):
    return ["import warnings\nwarnings.simplefilter('error')", *honest.values()]
