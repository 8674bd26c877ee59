"""H35: imports a module of one's own, which lies beside the notebook, or was forgotten.

file: passed
file forgotten: {kinds: missing, hint: "ModuleNotFoundError: No module named 'helper'",
  note: "ModuleNotFoundError: No module named 'helper'"}
"""

from corpus_entries import ATTACKED, IMPORTS, notebook

_CELL = f"import sys; sys.path.append('.')\nfrom helper import {ATTACKED}"


def shipped(honest):
    helper = (IMPORTS + honest[ATTACKED]).encode()
    return {
        "a.ipynb": notebook(*(honest | {ATTACKED: _CELL}).values()),
        "helper.py": helper,
    }


def forgotten(honest):
    return [*(honest | {ATTACKED: _CELL}).values()]
