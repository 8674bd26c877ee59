"""What a results folder has to tell an LMS: one `Release` for each student, rounded once."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path

from ..course.outline import Outline
from ..escape import file_names, plain
from ..model import Kind, Outcome, Result, Status
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
    """The score, and a line for each part that lost points or was given by a person: its reason."""
    if points.total is None:
        return ""
    unread = result.status is Status.unreadable
    lines = [f"The submission could not be read: {result.problem}."] if unread else []
    if points.total or not unread:
        lines.append(f"{rounded(points.total)} of {rounded(points.max_score)} points.")
    if points.late.reason:
        lines.append(f"{rounded(points.late.points)} taken off: {points.late.reason}.")
    given = {override.exercise: override.reason for override in result.overrides}
    said = {outcome.exercise: _why(outcome) for outcome in result.outcomes}
    said |= {mark.question: mark.comment for mark in result.marks}
    worth = {name: sum(checks.values()) for name, checks in assignment.counted.items()}
    worth |= {name: assignment.question_points[name] for name in points.questions}
    for name, earned in (points.exercises | points.questions).items():
        what = f"{name} ({rounded(earned or 0)} of {rounded(worth[name])})"
        if name in given:
            lines.append(plain(f"{what}, given by a person: {given[name]}"))
        elif name in said and (earned or 0) < worth[name]:
            lines.append(plain(f"{what}: {said[name]}" if said[name] else what))
    return "\n".join(lines)


def _why(outcome: Outcome) -> str:
    """The first thing to read of an exercise that lost points."""
    hints = (verdict.hint for verdict in outcome.verdicts if verdict.kind is not Kind.passed)
    return next(iter(outcome.mistakes), "") or next(hints, "")
