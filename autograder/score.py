"""From verdicts to points, and to `scores.csv`."""

from __future__ import annotations

import csv
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from .files import replacing
from .grading import Rubric
from .model import Kind, Result, Status


@dataclass(frozen=True)
class Score:
    """The points of one submission; None where a grader error left them open."""

    exercises: dict[str, float | None]  # in rubric order
    total: float | None
    max_score: float


def score(result: Result, rubric: Rubric) -> Score:
    """Points for each passed check. An exercise without verdicts (unreadable work) earns 0."""
    outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
    exercises: dict[str, float | None] = {}
    for exercise, points in rubric.items():
        outcome = outcomes.get(exercise)
        verdicts = outcome.verdicts if outcome else ()
        if any(verdict.kind is Kind.grader_error for verdict in verdicts):
            exercises[exercise] = None
        elif result.status is Status.grader_error and not verdicts:
            exercises[exercise] = None
        else:
            passed = [v.check for v in verdicts if v.kind is Kind.passed]
            exercises[exercise] = sum(points.get(check, 0) for check in passed)
    earned = [points for points in exercises.values() if points is not None]
    total = sum(earned) if result.status is not Status.grader_error else None
    return Score(exercises, total, sum(sum(points.values()) for points in rubric.values()))


def write_csv(
    path: Path, results: Iterable[Result], rubric: Rubric, questions: Iterable[str] = ()
) -> None:
    """Write `scores.csv` (UTF-8, RFC 4180): one row for each submission, a column an exercise.

    The columns of `questions` come last and are empty: a person marks those.
    """
    unmarked = dict.fromkeys(questions, "")
    with replacing(path) as file:
        writer = csv.writer(file)
        header = ["student_id", "submission", "status", "score", "max_score", *rubric, *unmarked]
        writer.writerow(header)
        for result in results:
            found = score(result, rubric)
            points = (number(found.total), number(found.max_score))
            cells = (number(value) for value in found.exercises.values())
            row = [result.student_id, result.path, result.status, *points, *cells]
            writer.writerow([*row, *unmarked.values()])


def number(points: float | None) -> str:
    """Points as people write them: 3, 2.5, or nothing."""
    return "" if points is None else f"{points:.10g}"
