"""The class at a glance, gathered in one pass over the results: what report and terminal show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable
from dataclasses import dataclass, field

from .decisions import Change
from .model import Kind, Outcome, Result, Status
from .outline import Outline
from .score import Score


@dataclass(frozen=True)
class Row:
    """What is shown of one student."""

    student_id: str
    status: Status
    tier: str
    total: float | None
    max_score: float
    problem: str  # the first thing that went wrong, in one line; empty if nothing did
    seconds: float


@dataclass
class Tally:
    """What is shown of one exercise, over those who were graded."""

    points: float
    earned: float = 0
    known: int = 0  # students whose points are not open
    full: int = 0  # who got all of them
    mistakes: Counter[str] = field(default_factory=Counter)  # sentences, and how often

    @property
    def mean(self) -> float | None:
        """Points, over those whose points are known."""
        return self.earned / self.known if self.known else None

    def add(self, earned: float | None, sentences: Iterable[str]) -> None:
        """Count one student in."""
        self.mistakes.update(sentences)
        if earned is not None:
            self.earned += earned
            self.known += 1
            self.full += earned == self.points


class Overview:
    """A class, of which nothing is kept but a row for each student."""

    def __init__(self, outline: Outline) -> None:
        self.rows: list[Row] = []
        self.exercises = {
            name: Tally(sum(points.values())) for name, points in outline.counted.items()
        }
        self.max_score = outline.max_score  # of those who were seen so far, if any
        self.changes: list[Change] = []  # by checks that became void

    def add(self, result: Result, found: Score) -> None:
        """Count one student in."""
        self.max_score = found.max_score
        if result.status is Status.graded:
            outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
            for name, tally in self.exercises.items():
                tally.add(found.exercises[name], outcomes.get(name, Outcome(name, ())).mistakes)
        row = Row(
            result.student_id,
            result.status,
            result.tier,
            found.total,
            found.max_score,
            summary(result),
            result.seconds,
        )
        self.rows.append(row)

    def of(self, status: Status) -> int:
        """How many of them there are."""
        return sum(row.status == status for row in self.rows)

    @property
    def tiers(self) -> list[str]:
        """Under which isolation they ran."""
        return sorted({row.tier for row in self.rows} - {""})


def summary(result: Result) -> str:
    """The first thing that went wrong, in one line; empty if nothing did."""
    if result.problem:
        return result.problem
    for outcome in result.outcomes:
        if outcome.mistakes:
            return f"{outcome.exercise}: {outcome.mistakes[0]}"
        for verdict in outcome.verdicts:
            if verdict.kind is not Kind.passed:
                return f"{outcome.exercise}: {verdict.hint}"
    return ""
