"""H10: a cell was copied, its id as well, and one of the two is wrong: the last one counts.

file: passed
file wrong_one_last: {kinds: failed raised, hint: "."}
"""

import json

from corpus_entries import ATTACKED, notebook

_WRONG = f"def {ATTACKED}(values, k):\n    return None"


def _same_ids(*cells):
    content = json.loads(notebook(*cells))
    for cell in content["cells"]:
        cell["id"] = "the-same"
        cell["metadata"] = {"nbgrader": {"grade_id": "same", "solution": True}}
    return {"a.ipynb": json.dumps(content).encode()}


def right_one_last(honest):
    imports, *answers = honest.values()
    return _same_ids(imports, _WRONG, *answers)


def wrong_one_last(honest):
    return _same_ids(*honest.values(), _WRONG)
