"""Gradescope: a `results.json` for each submission, as our grader writes it in its container."""

from __future__ import annotations

import json
from collections.abc import Callable

from ..doors.gradescope.report import report
from ..escape import file_names
from ..files import PRIVATE_FOLDER, write_private
from ..plural import counted
from ..results import exports
from ..results.folder import GRADESCOPE
from ..results.score import by_hand, rounded, scored, unmarked
from .order import Order


def write(order: Order, say: Callable[[str], None]) -> int:
    """Write a file for each student who has a score; an older one of who has none is deleted.

    As for other systems, nobody has one who wrote an answer that nobody has marked yet, once people
    have begun to mark.
    """
    folder = order.place(GRADESCOPE)
    folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    names = file_names((result.student_id for result in order.results), ".json")
    written = []
    counting = by_hand(order.results, order.assignment.question_points)
    for result, points in scored(order.results, order.assignment, counting):
        path = folder / names[result.student_id]
        if points.total is None or unmarked(result, points):
            path.unlink(missing_ok=True)
            continue
        made = report(result, order.assignment, None, counting)
        made["score"] = float(rounded(points.total))
        if points.late.reason:
            lost = f"{rounded(points.late.points)} taken off: {points.late.reason}."
            made["output"] = "\n\n".join(filter(None, (lost, made["output"])))
        write_private(path, json.dumps(made, indent=1).encode())
        written.append(path)
    exports.note(order.folder, *written)
    say(f"wrote {counted(len(written), 'file')} in {folder}")
    return 0
