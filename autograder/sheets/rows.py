"""scores.csv, and the same as JSON with what else is known of each submission."""

from __future__ import annotations

import json
from collections.abc import Callable

from ..errors import ResultsError
from ..results import exports, score
from ..results.folder import SCORES, SCORES_JSON
from ..results.score import exact
from .order import Order


def write_csv(order: Order, say: Callable[[str], None]) -> int:
    """Write the file that `grade` writes."""
    path = order.place(SCORES, usual=True)
    score.write_csv(path, order.results, order.assignment)
    if order.file:
        exports.note(order.folder, path)
    say(str(path))
    return 0


def write_json(order: Order, say: Callable[[str], None]) -> int:
    """Write an array with an object for each row of scores.csv; what is open there is null."""
    path = order.place(SCORES_JSON)
    names = score.header(order.assignment)
    more = ("attempt", "submitted_at", "flagged_late", "comment")
    if len({*names, *more}) < len(names) + len(more):
        raise ResultsError(f"{path}: an exercise has the name of another column: rename it")
    releases = {release.student_id: release for release in order.releases}
    found = []
    for result, points in score.scored(order.results, order.assignment):
        receipt = result.receipt
        known = (receipt.attempt or None, receipt.submitted_at or None, receipt.late)
        comment = releases[result.student_id].comment or None
        cells = [_value(cell) for cell in score.row(result, points, order.assignment)]
        found.append(dict(zip([*names, *more], [*cells, *known, comment], strict=True)))
    order.write(path, (json.dumps(found, indent=1) + "\n").encode())
    say(str(path))
    return 0


def _value(cell: str | float | None) -> str | float | None:
    """A cell as JSON has it; numbers as scores.csv writes them."""
    return cell if isinstance(cell, str | None) else json.loads(exact(cell))
