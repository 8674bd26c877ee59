"""A class without the people: what may be shown to those who must not know who is who."""

from __future__ import annotations

import contextlib
import hmac
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path

from ..course.outline import Outline
from ..model import SETTLED, Mark, Outcome, Override, Result, Status, Verdict
from ..results.score import scored
from .overview import Overview
from .report import write_report
from .words import words

REASONS = {
    Status.graded: "",
    Status.unreadable: "could not be read",
    Status.grader_error: "could not be graded (our fault)",
}


def write_anonymous(path: Path, results: Iterable[Result], outline: Outline, key: str) -> None:
    """Write the report with `student 1`, `student 2` for names, and nothing that students wrote.

    Their order is that of a keyed hash of the ids: without the `key`, which the record holds, a
    class list does not tell it. The same record gives the same order.

    Raises:
        OSError: it cannot be written.
    """
    overview = Overview(outline)
    with contextlib.closing(scored(results, outline)) as each:
        for result, score in each:
            hidden = hmac.digest(key.encode(), _bytes(result.student_id), "sha256").hex()
            overview.add(_masked(result, hidden), score)
    overview.rows.sort(key=lambda row: row.student_id)
    overview.rows[:] = [
        replace(row, student_id=f"student {number}")
        for number, row in enumerate(overview.rows, start=1)
    ]
    write_report(path, overview, outline, {}, anonymous=True)


def _masked_mark(mark: Mark) -> Mark:
    """The points and their time, by nobody, or by nobody who settled it."""
    marker = SETTLED if mark.marker.endswith(SETTLED) else ""
    return Mark(mark.question, mark.points, marker, marked_at=mark.marked_at)


def _masked_verdict(verdict: Verdict) -> Verdict:
    return Verdict(verdict.check, verdict.kind, words(verdict))


def _bytes(student_id: str) -> bytes:
    return student_id.encode("utf-8", "surrogatepass")


def _masked(result: Result, name: str) -> Result:
    """What is left of a result without words of its student's, or of who decided on it.

    The sentences of recognised mistakes stay: they are the course's, the same for everyone.
    """
    outcomes = tuple(
        Outcome(
            outcome.exercise,
            tuple(map(_masked_verdict, outcome.verdicts)),
            outcome.mistakes,
        )
        for outcome in result.outcomes
    )
    return Result(
        name,
        path="",
        status=result.status,
        problem=REASONS[result.status],
        outcomes=outcomes,
        tier=result.tier,
        seconds=result.seconds,
        graded_at=result.graded_at,
        marks=tuple(map(_masked_mark, result.marks)),
        overrides=tuple(Override(o.exercise, o.points, "", "") for o in result.overrides),
    )
