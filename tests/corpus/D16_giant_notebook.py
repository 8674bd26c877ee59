"""D16: notebooks of enormous size: bytes, cells, an output, nesting; and the same from within.

file: {kinds: unreadable, note: too large|more than|nested too deeply}
file one_output: passed
cell: {kinds: passed, note: RecursionError}
call: raised
"""

import json

from corpus_entries import notebook


def five_hundred_megabytes(honest):
    return {"a.ipynb": 500 << 20}


def fifty_thousand_cells(honest):
    return ["x = 1"] * 50_000


def one_output(honest):
    content = json.loads(notebook(*honest.values()))
    text = {"output_type": "stream", "name": "stdout", "text": "x" * (100 << 20)}
    content["cells"][0]["outputs"] = [text]
    return {"a.ipynb": json.dumps(content).encode()}


def deep_json(honest):
    return {"a.ipynb": b"[" * 100_000 + b"]" * 100_000}


def deep_metadata(honest):
    deep = b'{"a":' * 100_000 + b"1" + b"}" * 100_000
    return {"a.ipynb": b'{"cells": [], "metadata": ' + deep + b"}"}


def json_in_the_worker(values, k):
    json.loads("[" * 100_000)
