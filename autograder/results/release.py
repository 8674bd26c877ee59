"""What a results folder has to tell an LMS: one `Release` for each student, rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ..course.outline import Outline
from ..escape import file_names, plain
from ..model import Kind, Result, Status
from .folder import FEEDBACK
from .score import Score, rounded, scored, unmarked


@dataclass(frozen=True)
class Release:
    """One student's score, as an LMS takes it."""

    student_id: str
    score: Decimal | None  # None: it is open, and nothing may be sent as one
    max_score: Decimal
    comment: str  # plain text, in lines
    feedback: Path  # the page
    attempt: str  # what was graded, as the LMS named it
    as_of: str  # nothing that came in later was graded: ISO 8601, UTC
    status: Status
    open: str = ""  # why there is no score


def releases(results: Sequence[Result], assignment: Outline, folder: Path) -> list[Release]:
    """What there is to tell of each result; `folder` is the results folder."""
    pages = file_names((result.student_id for result in results), ".html")
    found = []
    for result, points in scored(results, assignment):
        why = _open(result, points)
        found.append(
            Release(
                student_id=result.student_id,
                score=None if why or points.total is None else rounded(points.total),
                max_score=rounded(points.max_score),
                comment=_comment(result, points, assignment),
                feedback=folder / FEEDBACK / pages[result.student_id],
                attempt=result.receipt.attempt,
                as_of=result.receipt.as_of or result.graded_at,
                status=result.status,
                open=why,
            )
        )
    return found


def _open(result: Result, points: Score) -> str:
    """Why there is no score yet."""
    if points.total is None:
        return "a grader error: nothing is known of it"
    questions = unmarked(result, points)
    return f"not marked yet: {', '.join(questions)}" if questions else ""


def _comment(result: Result, points: Score, assignment: Outline) -> str:
    """The score, and a line for each exercise that lost points: what its student should read."""
    if points.total is None:
        return ""
    if result.status is Status.unreadable:
        return f"The submission could not be read: {result.problem}."
    lines = [f"{rounded(points.total)} of {rounded(points.max_score)} points."]
    if points.late.reason:
        lines.append(f"{rounded(points.late.points)} taken off: {points.late.reason}.")
    for outcome in result.outcomes:
        earned = points.exercises.get(outcome.exercise) or 0
        most = sum(assignment.counted.get(outcome.exercise, {}).values())
        if earned < most:
            hints = (v.hint for v in outcome.verdicts if v.kind is not Kind.passed)
            first = plain(next(iter(outcome.mistakes), "") or next(hints, ""))
            lines.append(f"{outcome.exercise} ({rounded(earned)} of {rounded(most)}): {first}")
    return "\n".join(lines)
