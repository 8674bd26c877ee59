"""H11: a cell became text, or raw; or was split, or merged with another.

file: passed
file became_text: {kinds: missing, hint: defines no}
file became_raw: {kinds: missing, hint: defines no}
"""

import json

from corpus_entries import ATTACKED, EXERCISES, notebook


def _retyped(honest, kind):
    content = json.loads(notebook(*honest.values()))
    content["cells"][1 + EXERCISES.index(ATTACKED)]["cell_type"] = kind
    return {"a.ipynb": json.dumps(content).encode()}


def became_text(honest):
    return _retyped(honest, "markdown")


def became_raw(honest):
    return _retyped(honest, "raw")


def merged(honest):
    return ["\n\n".join(honest.values())]


def split(honest):
    imports, *answers = honest.values()
    return [*imports.splitlines(), "# nothing", "", *answers]
