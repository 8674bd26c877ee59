"""What a feedback page says: of a result and its points, as much as a page can hold.

Never who gave a mark, a criterion's text or what a grader error says: those are for the instructor.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..course.outline import Outline
from ..model import Kind, Outcome, Result, Status, Verdict, Work
from ..results.score import Score, points_of_check
from .excerpt import Code, coloured, excerpt
from .fitting import Piece, Room, fitted, size
from .shown import Shown, draw, shown_cells
from .words import VOID, strange, words

MAX_PAGE = 295_000  # bytes, with what the template and the rubric take
FRAME = 50_000  # of these, for template and rubric
HINTS, REMARKS, NOTES, CODE, ANSWERS, PRINTED = 40_000, 20_000, 12_000, 70_000, 25_000, 25_000
MAX_HINT, MAX_REMARK, MAX_NAME = 1_500, 4_000, 1_000  # bytes of one
MAX_CELLS = 60  # whose outputs are shown with no exercise


@dataclass(frozen=True)
class Check:
    """A verdict and its points."""

    name: str
    passed: bool
    words: str
    hint: Markup
    void: str  # what that means for everyone; empty if it counts
    reason: Markup  # why it is void
    earned: float
    points: float


@dataclass(frozen=True)
class Exercise:
    """All there is to say of one exercise."""

    name: str
    earned: float | None
    most: float
    words: str  # at a glance
    mistakes: Sequence[Markup]
    shared: Markup  # the hint of all failed checks, if it is the same
    given: Markup | None  # why a person gave the points
    checks: Sequence[Check]
    code: Code | None
    shown: Shown | None

    @property
    def is_full(self) -> bool:
        """Whether nothing was lost."""
        return self.earned is not None and self.earned >= self.most


@dataclass(frozen=True)
class Answer:
    """One cell of an answer."""

    text: Piece | None
    code: Code | None
    shown: Shown | None


@dataclass(frozen=True)
class Question:
    """All there is to say of one question."""

    name: str
    title: str
    earned: float | None  # None: not marked yet
    most: float
    given: Markup | None
    comment: Markup
    criteria: int  # how many are met
    false_claims: int
    answers: Sequence[Answer]


@dataclass(frozen=True)
class Page:
    """A whole page."""

    student: Markup
    path: Markup
    problem: Markup
    strange: str  # that nothing of the assignment is in it; empty if something is
    percent: int
    seconds: str
    exercises: Sequence[Exercise]
    questions: Sequence[Question]
    unmarked: str  # how many of the questions, in words
    cells: Sequence[Shown]  # that belong to no exercise and no answer
    more: int  # such cells, of which nothing is shown

    @property
    def remarks(self) -> bool:
        """Whether anything happened in these cells."""
        return any(shown.notes or shown.more_notes for shown in self.cells)


def page(result: Result, found: Score, outline: Outline, titles: Mapping[str, str]) -> Page:
    """What there is to say to one student."""
    return _Writer(result, found, outline).page(titles)


class _Writer:
    """Keeps what belongs together, and what room is left."""

    def __init__(self, result: Result, found: Score, outline: Outline) -> None:
        self.result, self.found, self.outline = result, found, outline
        self.hints, self.remarks, self.names = Room(HINTS), Room(REMARKS), Room(3 * MAX_NAME)
        self.counted = outline.counted
        self.outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
        self.overrides = {override.exercise: override for override in result.overrides}
        self.marks = {mark.question: mark for mark in result.marks}
        self.codes = self._codes()
        self.texts = self._texts()
        self.cells = shown_cells(result, NOTES, PRINTED)
        self.others = dict(self.cells)  # that belong to no exercise and no answer

    def page(self, titles: Mapping[str, str]) -> Page:
        """All of it."""
        result, names = self.result, self.names
        exercises = [self._exercise(name) for name in self.outline.rubric]
        was_read, given = result.status is not Status.unreadable, self.found.questions
        asked = (n for n in self.outline.question_points if was_read or given.get(n) is not None)
        questions = [self._question(name, titles.get(name, "")) for name in asked]
        others = [self.others[cell] for cell in sorted(self.others)]
        problem = result.problem if result.status is Status.unreadable else ""  # else: of ours
        student, path, problem = (
            names.take(text, MAX_NAME) for text in (result.student_id, result.path, problem)
        )
        draw(result, self.cells, self.cells.keys() - self.others.keys(), self._left())
        return Page(
            student=student,
            path=path,
            problem=problem,
            strange=strange(result),
            percent=min(100, int(100 * (self.found.total or 0) / (self.found.max_score or 1))),
            seconds=f"{result.seconds:.{1 if result.seconds < 10 else 0}f}" * bool(result.seconds),
            exercises=exercises,
            questions=questions,
            unmarked=_unmarked(self.found) if was_read else "",
            cells=others[:MAX_CELLS],
            more=len(others[MAX_CELLS:]),
        )

    # What the student wrote

    def _codes(self) -> dict[int, Code]:
        """By position in works."""
        of_exercises = [w.cell for w in self.result.works if w.name in self.outline.rubric]
        works = {i: w for i, w in enumerate(self.result.works) if w.cell is not None}
        excerpts = []
        for work in works.values():
            verdicts = self.outcomes.get(work.name, Outcome(work.name, ())).verdicts
            failed = {v.line for v in verdicts if v.cell == work.cell and v.line is not None}
            is_shared = work.name in self.outline.rubric and of_exercises.count(work.cell) > 1
            excerpts.append(excerpt(work, failed, is_shared))
        return dict(zip(works, coloured(list(works.values()), excerpts, CODE), strict=True))

    def _texts(self) -> dict[int, Piece]:
        """By position in works."""
        works = {i: w.source for i, w in enumerate(self.result.works) if w.cell is None}
        return dict(zip(works, fitted(list(works.values()), ANSWERS), strict=True))

    def _of(self, name: str) -> Iterator[tuple[int, Work]]:
        return ((i, work) for i, work in enumerate(self.result.works) if work.name == name)

    def _left(self) -> int:
        """For pictures: what all the rest has not used."""
        rooms = ((HINTS, self.hints), (REMARKS, self.remarks), (3 * MAX_NAME, self.names))
        parts: list[Piece | Code | None] = [*self.texts.values(), *self.codes.values()]
        parts += [shown.text for shown in self.cells.values()]
        notes = [note for shown in self.cells.values() for note in shown.notes]
        used = [most - room.left for most, room in rooms]
        used += [size(html) for html in (*notes, *(part.html for part in parts if part))]
        return MAX_PAGE - FRAME - sum(used)

    # The parts

    def _exercise(self, name: str) -> Exercise:
        outcome = self.outcomes.get(name, Outcome(name, ()))
        position, work = next(self._of(name), (-1, None))
        code = self.codes.get(position)
        hints = {v.check: _hint(v, code) for v in outcome.verdicts}
        shared = _shared_hint(outcome, hints)
        points = self.counted[name]
        given = self.overrides.get(name)
        mistakes = [self.hints.take(sentence, MAX_HINT) for sentence in outcome.mistakes]
        shared_hint = self.hints.take(shared, MAX_HINT)
        checks = [self._check(name, v, "" if shared else hints[v.check]) for v in outcome.verdicts]
        shown = self.others.pop(work.cell, None) if work and work.cell else None
        return Exercise(
            name=name,
            earned=self.found.exercises[name],
            most=sum(points.values()),
            words=_at_a_glance(outcome, checks, given is not None),
            mistakes=mistakes,
            shared=shared_hint,
            given=self.remarks.take(given.reason, MAX_REMARK) if given else None,
            checks=checks,
            code=code,
            shown=shown,
        )

    def _check(self, exercise: str, verdict: Verdict, hint: str) -> Check:
        points = self.counted[exercise].get(verdict.check, 0)
        void = self.outline.voids.get(exercise, {}).get(verdict.check)
        return Check(
            name=verdict.check,
            passed=verdict.kind is Kind.passed,
            words=words(verdict),
            hint=self.hints.take(hint, MAX_HINT),
            void=VOID[void.credit] if void else "",
            reason=self.remarks.take(void.reason if void else "", MAX_REMARK),
            earned=points_of_check(verdict, points, void.credit if void else ""),
            points=points,
        )

    def _question(self, name: str, title: str) -> Question:
        mark, given = self.marks.get(name), self.overrides.get(name)
        return Question(
            name=name,
            title=title,
            earned=self.found.questions.get(name),
            most=self.outline.question_points[name],
            given=self.remarks.take(given.reason, MAX_REMARK) if given else None,
            comment=self.remarks.take(mark.comment if mark else "", MAX_REMARK),
            criteria=len(set(mark.criteria)) if mark else 0,
            false_claims=mark.false_claims if mark else 0,
            answers=[
                Answer(
                    self.texts.get(position),
                    self.codes.get(position),
                    self.others.pop(work.cell, None) if work.cell else None,
                )
                for position, work in self._of(name)
            ],
        )


def _unmarked(found: Score) -> str:
    if not found.questions:
        return "not marked yet"
    missing = [points for points in found.questions.values() if points is None]
    return f"{len(missing)} not marked yet" if missing else ""


def _hint(verdict: Verdict, code: Code | None) -> str:
    """What a student reads of a verdict; where the line is marked below, it is not quoted too."""
    if verdict.kind is Kind.grader_error:
        return ""  # it is about the reference
    if verdict.is_unfinished:
        return ""  # its words say so
    if code and verdict.cell == code.cell and verdict.line in code.marked:
        message, quoted, _ = verdict.hint.rpartition(
            f" (cell {verdict.cell}, line {verdict.line}: "
        )
        return f"{message} (in the line that is marked below)" if quoted else verdict.hint
    return verdict.hint


def _shared_hint(outcome: Outcome, hints: Mapping[str, str]) -> str:
    """What all failed checks say, if they say the same: then it is said once."""
    failed = [v for v in outcome.verdicts if v.kind not in (Kind.passed, Kind.grader_error)]
    said = {hints[verdict.check] for verdict in failed}
    return said.pop() if len(said) == 1 and len(failed) > 1 else ""


def _at_a_glance(outcome: Outcome, checks: Sequence[Check], is_given: bool) -> str:
    """What became of an exercise, in a few words."""
    if is_given:
        return "given by a person"
    lost = [check for check in checks if check.earned < check.points]
    ways = {words(verdict) for verdict in outcome.verdicts}
    if len(ways) == 1 and lost:
        return ways.pop()
    if lost:
        return f"{len(lost)} of {len(checks)} checks failed"
    return "full marks" if checks else "not run"
