"""The class at a glance, gathered in one pass over the results: what report and terminal show."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field, replace
from typing import Any

from ..course.outline import Outline
from ..model import Kind, Outcome, Override, Result, Status, disputed
from ..results.decisions import Change
from ..results.score import Score, number, score, unmarked
from .words import IN_WORDS, strange, way

Mistake = tuple[str, str]  # exercise and sentence


@dataclass(frozen=True, slots=True)  # there is one for each of a hundred thousand
class Row:
    """What is shown of one student."""

    student_id: str
    status: Status
    tier: str
    total: float | None
    max_score: float
    problem: str  # the first thing that went wrong, in one line; empty if nothing did
    seconds: float
    points: tuple[float | None, ...] = ()  # of each exercise, in the order of the rubric
    mistakes: tuple[Mistake, ...] = ()
    overrides: tuple[Override, ...] = ()
    late: float = 0.0  # points that lateness cost
    is_strange: bool = False  # it could be read, and defines nothing that was asked for


@dataclass
class Tally:
    """What is shown of one exercise, over those who were graded."""

    points: float
    earned: float = 0
    known: int = 0  # students whose points are not open
    full: int = 0  # who got all of them

    @property
    def mean(self) -> float | None:
        """Points, over those whose points are known."""
        return self.earned / self.known if self.known else None

    @property
    def share(self) -> float | None:
        """The mean as a share of the points that there are: what test theory calls difficulty."""
        return self.mean / self.points if self.mean is not None and self.points else None

    def add(self, earned: float | None) -> None:
        """Count one student in."""
        if earned is not None:
            self.earned += earned
            self.known += 1
            self.full += earned >= self.points  # more is a bonus


@dataclass
class QuestionTally(Tally):
    """What is shown of one question, over those who were graded; `known` are those with a mark."""

    unmarked: int = 0
    disputed: int = 0  # answers on which markers disagree, and nobody has settled it


@dataclass
class WayTally:
    """How often checks ended in one way."""

    exercises: Counter[str] = field(default_factory=Counter)  # checks, by exercise
    students: int = 0

    @property
    def checks(self) -> int:
        """All of them."""
        return self.exercises.total()


class Overview:
    """A class, of which nothing is kept but a row for each student."""

    def __init__(self, outline: Outline) -> None:
        self.rows: list[Row] = []
        self.exercises = {
            name: Tally(sum(points.values())) for name, points in outline.counted.items()
        }
        self.questions = {name: QuestionTally(p) for name, p in outline.question_points.items()}
        self.unmarked = 0  # answers that totals count as 0, as nobody has marked them yet
        self.mistakes: Counter[Mistake] = Counter()  # and how many students made them
        self.ways = {way: WayTally() for way in IN_WORDS}
        self.max_score = outline.max_score  # of those who were seen so far, if any
        self.changes: list[Change] = []  # by rules that have changed
        self.beside: list[str] = []  # files that do not count, as another one was graded before
        self.below: list[str] = []  # overrides that give less than the checks do now
        self._outline = outline
        self.newest = ""  # when the newest result was made
        self._known: dict[object, Any] = {}  # what many have is kept once

    def add(self, result: Result, found: Score) -> None:
        """Count one student in."""
        self.max_score = found.max_score
        self.newest = max(self.newest, result.graded_at)
        mistakes: tuple[Mistake, ...] = ()
        if result.status is Status.graded:
            for name, tally in self.exercises.items():
                tally.add(found.exercises[name])
            for name, question in self.questions.items():
                points = found.questions.get(name)  # there are none before anybody has marked
                question.add(points)
                question.unmarked += points is None
                question.disputed += _is_disputed(result, name)
            self.unmarked += len(unmarked(result, found))
            mistakes = tuple(map(self._once, self._made(result)))
            self.mistakes.update(mistakes)
        self._count(result.outcomes)
        self.below += self._below(result)
        row = Row(
            student_id=result.student_id,
            status=result.status,
            tier=result.tier,
            total=found.total,
            max_score=found.max_score,
            problem=self._once(first_problem(result)),
            seconds=result.seconds,
            points=tuple(self._once(points) for points in found.exercises.values()),
            mistakes=mistakes,
            overrides=result.overrides,
            late=found.late.points,
            is_strange=bool(strange(result)),
        )
        self.rows.append(row)

    def _below(self, result: Result) -> Iterator[str]:
        if result.overrides:
            checks = score(replace(result, overrides=()), self._outline, {}).exercises
            for given in result.overrides:
                earned = checks.get(given.exercise) or 0
                if given.points < earned:
                    points = f"{number(given.points)}, and the checks give {number(earned)}"
                    yield f"{result.student_id} {given.exercise} ({points})"

    def _once(self, thing: Any) -> Any:
        return self._known.setdefault(thing, thing)

    def _made(self, result: Result) -> Iterable[Mistake]:
        """The mistakes of a student, each once, in exercises that there still are."""
        made = ((o.exercise, s) for o in result.outcomes for s in o.mistakes)
        return dict.fromkeys(mistake for mistake in made if mistake[0] in self.exercises)

    def _count(self, outcomes: Iterable[Outcome]) -> None:
        ways = Counter((way(v), o.exercise) for o in outcomes for v in o.verdicts)
        for (each, exercise), checks in ways.items():
            self.ways[each].exercises[exercise] += checks
        for each in {each for each, _ in ways}:
            self.ways[each].students += 1

    def of(self, status: Status) -> int:
        """How many of them there are."""
        return sum(row.status == status for row in self.rows)

    @property
    def graded(self) -> list[Row]:
        """Those whose points count in means, and who have all of them."""
        return [row for row in self.rows if row.status is Status.graded and None not in row.points]

    @property
    def tiers(self) -> list[str]:
        """Under which isolation they ran."""
        return sorted({row.tier for row in self.rows} - {""})


def _is_disputed(result: Result, question: str) -> bool:
    """Whether markers disagree on an answer, and no override has the last word."""
    marks = [m for m in result.marks if m.question == question]
    return disputed(marks) and all(o.exercise != question for o in result.overrides)


def first_problem(result: Result) -> str:
    """The first thing that went wrong, in one line; empty if nothing did."""
    if result.problem:
        return result.problem
    if sentence := strange(result):
        return sentence
    for outcome in result.outcomes:
        if outcome.mistakes:
            return f"{outcome.exercise}: {outcome.mistakes[0]}"
        for verdict in outcome.verdicts:
            if verdict.kind is not Kind.passed:
                return f"{outcome.exercise}: {verdict.hint}"
    return ""
