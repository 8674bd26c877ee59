"""From verdicts to points, and to `scores.csv`."""

from __future__ import annotations

import contextlib
import csv
import itertools
from collections.abc import Generator, Iterable, Sequence, Set
from dataclasses import dataclass, replace
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from ..course.late import ON_TIME, LateRules, Penalty, penalty
from ..course.outline import Outline
from ..course.policy import Points
from ..escape import cell
from ..files import PRIVATE, replacing
from ..model import Kind, Outcome, Result, Status, Verdict

CENT = Decimal("0.01")  # an LMS keeps two places, and people read no more
ABSURD = 1e15  # points; a message that refuses them names them


@dataclass(frozen=True)
class Score:
    """The points of one submission; None where a grader error or a missing mark left them open."""

    exercises: dict[str, float | None]  # in rubric order
    questions: dict[str, float | None]  # marked by hand
    total: float | None  # what lateness costs is taken off
    max_score: float
    late: Penalty = ON_TIME


def by_hand(results: Iterable[Result], questions: Points) -> Points:
    """The questions that count: all once a person has given points for any, none before."""
    is_given = questions and any(
        result.marks or any(override.exercise in questions for override in result.overrides)
        for result in results
    )
    return questions if is_given else {}


def score(
    result: Result, outline: Outline, questions: Points, late: LateRules | None = None
) -> Score:
    """Points for each passed check, and for each mark if the questions count.

    An exercise without verdicts (unreadable work) earns 0. Checks that are void are as
    `grading.yml` says, and what a person gave by an override is the last word.
    """
    outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
    exercises: dict[str, float | None] = {}
    given = {override.exercise: override.points for override in result.overrides}
    read = result.status is not Status.unreadable  # else 0, whatever is void
    for exercise, points in outline.counted.items():
        verdicts = outcomes.get(exercise, Outcome(exercise, ())).verdicts
        is_open = result.status is Status.grader_error and not verdicts
        full = {c for c in points if read and outline.void(exercise, c) == "full"}
        if exercise in given:
            exercises[exercise] = given[exercise]
        else:
            exercises[exercise] = None if is_open else _earned(points, verdicts, full)
    marks = {mark.question: mark.points for mark in result.marks} | given
    marked = {question: marks.get(question) for question in questions}
    earned = [points for points in (*exercises.values(), *marked.values()) if points is not None]
    most = outline.max_score + sum(questions.values())
    if None in exercises.values():
        return Score(exercises, marked, None, most)
    lost = penalty(result.receipt, result.student_id, sum(earned), most, late)
    return Score(exercises, marked, sum(earned) - lost.points, most, lost)


def unmarked(result: Result, found: Score) -> list[str]:
    """The questions that a total counts as 0, as nobody has marked the answer yet.

    Nobody has to mark what could not be read.
    """
    if result.status is not Status.graded or found.total is None:
        return []
    return [question for question, points in found.questions.items() if points is None]


def _earned(points: Points, verdicts: Iterable[Verdict], full: Set[str]) -> float | None:
    """Points of one exercise; None where a fault of ours leaves them open."""
    kinds = {verdict.check: verdict.kind for verdict in verdicts}
    if any(kinds.get(c) is Kind.grader_error and points[c] and c not in full for c in points):
        return None
    passed = full | {check for check, kind in kinds.items() if kind is Kind.passed}
    return sum(points[check] for check in points if check in passed)


def points_of_check(verdict: Verdict, points: float, void: str) -> float:
    """What a check of read work earns of its points; `void` is what everyone gets, if it is."""
    return points if verdict.kind is Kind.passed or void == "full" else 0


def write_csv(path: Path, results: Iterable[Result], outline: Outline) -> None:
    """Write `scores.csv` (UTF-8, RFC 4180): one row for each submission, a column an exercise.

    Nobody else may read it, as it is of a whole class.
    The columns of the questions come after these; they are empty where nobody has marked yet. Where
    there is a late policy, `late` is last: the points taken away, as a negative number.
    """
    with replacing(path, PRIVATE) as file, contextlib.closing(scored(results, outline)) as each:
        writer = csv.writer(file)
        rows = (row(result, found, outline) for result, found in each)
        for values in itertools.chain([header(outline)], rows):
            writer.writerow(cell(v) if isinstance(v, str) else exact(v) for v in values)


def scored(
    results: Iterable[Result], outline: Outline, counting: Points | None = None
) -> Generator[tuple[Result, Score], None, None]:
    """Each result with its points; what a fault of ours left open and a person closed is graded.

    Where the questions that count are not given, it goes over `results` twice.
    """
    if counting is None:
        counting = by_hand(results, outline.question_points)
    for result in results:
        found = score(result, outline, counting, outline.late)
        if result.status is Status.grader_error and found.total is not None:
            result = replace(result, status=Status.graded, problem="")  # a person has closed it
        yield result, found


def header(outline: Outline) -> Sequence[str]:
    """The names of the columns of `scores.csv`."""
    late = ["late"] if outline.late else []
    known = ("student_id", "submission", "status", "score", "max_score")
    return [*known, *outline.rubric, *outline.question_points, *late]


def row(result: Result, found: Score, outline: Outline) -> Sequence[str | float | None]:
    """A row of `scores.csv`; what is open is None."""
    marks = [found.questions.get(question) for question in outline.question_points]
    lost = [0.0 - found.late.points] if outline.late else []
    known = (result.student_id, result.path, result.status.value)
    return [*known, found.total, found.max_score, *found.exercises.values(), *marks, *lost]


def exact(points: float | None) -> str:
    """Points as files for programs have them, or nothing."""
    return "" if points is None else f"{points:.10g}"


def number(points: float | None) -> str:
    """Points as people read them, and as an LMS gets them: 3, 2.5, 37.43, or nothing."""
    if points is None or not abs(points) < ABSURD:
        return exact(points)
    return f"{rounded(points):f}"


def rounded(points: float) -> Decimal:
    """To two places, half up, as people round; without needless zeros."""
    exact = Decimal(repr(round(points, 9))).quantize(CENT, ROUND_HALF_UP)  # 0.0749…9 is 0.075
    return exact.normalize() if exact % 1 else exact.quantize(Decimal(1))
