"""What a person decides about one student's exercise or question: overrides, with who and why."""

from __future__ import annotations

import getpass
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

from ..course.grading import nearest
from ..course.outline import Outline
from ..errors import ResultsError
from ..model import Override, Result
from .score import Score, by_hand, number, score
from .store import Store

NOBODY = "unknown"
MOST_POINTS = 1_000_000  # more would be a slip, and might not be a number to an LMS


@dataclass(frozen=True)
class Change:
    """A student's total before and after a decision, each with what it is out of."""

    student_id: str
    before: Score
    after: Score

    def __str__(self) -> str:
        return f"{self.student_id}: {self.totals}"

    @property
    def totals(self) -> str:
        """In words; what they are out of only if that changes."""
        of = "" if self.before.max_score == self.after.max_score else " of {}"
        before, after = (
            (number(found.total) or "open") + of.format(number(found.max_score))
            for found in (self.before, self.after)
        )
        return f"{before} -> {after}"


def me() -> str:
    """Who runs this, as the system knows them."""
    try:
        return getpass.getuser()
    except (KeyError, OSError):  # a container's user without a name
        return NOBODY


def override(store: Store, outline: Outline, student_id: str, given: Override) -> Change:
    """Give one exercise or question of a student these points, for good.

    Raises:
        ResultsError: there is no such student or exercise, or that is no number of points.
    """
    result = _result(store, outline, student_id, given.exercise)
    if not 0 <= given.points <= MOST_POINTS:  # nan is neither
        raise ResultsError(f"{given.points:g} points: expected 0 to {MOST_POINTS}")
    before = _total(store, outline, result)
    store.override(student_id, given, _points(result, outline, given.exercise))
    others = tuple(o for o in result.overrides if o.exercise != given.exercise)
    given_now = replace(result, overrides=(*others, given))
    return Change(student_id, before, _total(store, outline, given_now))


def take_back(
    store: Store, outline: Outline, student_id: str, exercise: str, by: str, reason: str
) -> Change:
    """Let the checks (or the mark) speak again.

    Raises:
        ResultsError: there is no such override.
    """
    result = _result(store, outline, student_id, exercise)
    others = tuple(o for o in result.overrides if o.exercise != exercise)
    if len(others) == len(result.overrides):
        raise ResultsError(f"{student_id!r} has no override of {exercise!r}")
    before, after = _total(store, outline, result), replace(result, overrides=others)
    store.take_back(student_id, exercise, by, reason, _points(after, outline, exercise))
    return Change(student_id, before, _total(store, outline, after))


def take_over(
    store: Store, outline: Outline, result: Result, given: Iterable[Override], by: str
) -> Iterator[str]:
    """Have a student's overrides from elsewhere (`by`) be those that are there now; tells which."""
    known = {o.exercise: o for o in result.overrides if o.by == by}
    for override in given:
        if known.pop(override.exercise, None) != override:
            store.override(result.student_id, override, _points(result, outline, override.exercise))
            yield f"{override.exercise}: {number(override.points)} points by hand"
    for exercise in known:
        others = tuple(o for o in result.overrides if o.exercise != exercise)
        now = _points(replace(result, overrides=others), outline, exercise)
        store.take_back(result.student_id, exercise, by, "", now)
        yield f"{exercise}: the points by hand were taken back"


def _result(store: Store, outline: Outline, student_id: str, exercise: str) -> Result:
    known = [*outline.rubric, *outline.question_points]
    if exercise not in known:
        raise ResultsError(f"no exercise or question {exercise!r}{nearest(exercise, known)}")
    students = []
    for result in store.results():
        if result.student_id == student_id:
            return result
        students.append(result.student_id)
    raise ResultsError(f"no result of {student_id!r}{nearest(student_id, students)}")


def _points(result: Result, outline: Outline, exercise: str) -> str:
    """What an exercise or question has now, as it is written in the log."""
    found = score(result, outline, outline.question_points)
    return number((found.exercises | found.questions)[exercise]) or "open"


def _total(store: Store, outline: Outline, result: Result) -> Score:
    """With the questions that count as the record is now."""
    counting = by_hand(store.results(), outline.question_points)
    return score(result, outline, counting, outline.late)
