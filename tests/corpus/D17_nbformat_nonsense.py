"""D17: files that are no notebooks, or odd ones; and their content as a result.

file: {kinds: unreadable, note: "not a notebook|is empty"}
file no_source: passed
file source_is_a_number: passed
file source_of_numbers: passed
file version_99: passed
file version_3: passed
cell: failed
call: failed
place: after
"""

import json

from corpus_entries import notebook


def _with(cells, **other):
    content = {"cells": cells, "metadata": {}, "nbformat": 4, "nbformat_minor": 5} | other
    return {"a.ipynb": json.dumps(content).encode()}


def _and_honest(honest, *cells):
    return [*cells, *json.loads(notebook(*honest.values()))["cells"]]


def cells_is_a_dict(honest):
    return _with({"0": {"cell_type": "code", "source": "x"}})


def no_source(honest):
    return _with(_and_honest(honest, {"cell_type": "code"}, {"source": "x"}, None, 7, []))


def source_is_a_number(honest):
    return _with(_and_honest(honest, {"cell_type": "code", "source": 7}))


def source_of_numbers(honest):
    return _with(_and_honest(honest, {"cell_type": "code", "source": [1, 2, {}, None]}))


def version_99(honest):
    return _with(_and_honest(honest), nbformat=99, metadata=[])


def version_3(honest):
    code = [{"cell_type": "code", "input": source} for source in honest.values()]
    return {"a.ipynb": json.dumps({"nbformat": 3, "worksheets": [{"cells": code}]}).encode()}


def not_json(honest):
    return {"a.ipynb": b"\x89PNG\r\n"}


def a_list(honest):
    return {"a.ipynb": b"[1, 2]"}


def empty(honest):
    return {"a.ipynb": b""}


def truncated(honest):
    return {"a.ipynb": notebook(*honest.values())[:-200]}


def as_a_result(values, k):
    return {"cells": {"0": 7}, "nbformat": 99, "metadata": None, "observation": ["passed"]}
