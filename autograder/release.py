"""What a results folder has to tell an LMS: one `Release` for each student, rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from .course import Assignment
from .escape import file_names, plain
from .model import Kind, Result, Status
from .score import Score, by_hand, score

CENT = Decimal("0.01")  # an LMS keeps two places


@dataclass(frozen=True)
class Release:
    """One student's score, as an LMS takes it."""

    student_id: str
    score: Decimal | None  # None: a fault of ours left it open, and nothing may be sent
    max_score: Decimal
    comment: str  # plain text, in lines
    feedback: Path  # the page
    attempt: str  # what was graded, as the LMS named it
    graded_at: str  # ISO 8601, UTC
    status: Status


def releases(results: Sequence[Result], assignment: Assignment, folder: Path) -> list[Release]:
    """What there is to tell of each result; `folder` is the results folder."""
    counting = by_hand(results, assignment.question_points)
    pages = file_names((result.student_id for result in results), ".html")
    found = []
    for result in results:
        points = score(result, assignment.rubric, counting, assignment.late)
        found.append(
            Release(
                student_id=result.student_id,
                score=None if points.total is None else rounded(points.total),
                max_score=rounded(points.max_score),
                comment=_comment(result, points, assignment),
                feedback=folder / "feedback" / pages[result.student_id],
                attempt=result.receipt.attempt,
                graded_at=result.graded_at,
                status=result.status,
            )
        )
    return found


def rounded(points: float) -> Decimal:
    """To two places, half up, as people round; without needless zeros."""
    exact = Decimal(repr(points)).quantize(CENT, ROUND_HALF_UP)
    return exact.normalize() if exact % 1 else exact.quantize(Decimal(1))


def _comment(result: Result, points: Score, assignment: Assignment) -> str:
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
        most = sum(assignment.rubric.get(outcome.exercise, {}).values())
        if earned < most:
            hints = (v.hint for v in outcome.verdicts if v.kind is not Kind.passed)
            first = plain(next(iter(outcome.mistakes), "") or next(hints, ""))
            lines.append(f"{outcome.exercise} ({rounded(earned)} of {rounded(most)}): {first}")
    return "\n".join(lines)
