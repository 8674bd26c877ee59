"""Grading inside a student's own kernel, for nbgrader and otter: same checks, same points.

There the answers share the kernel with student code, which could read or replace them: that is how
those tools work. Nothing that a test prints or raises here may be taken for a score by accident, so
answers run with their output swallowed, and what comes back is a plain float or bool.

This module runs from a *bundle* (see `autograder.doors.bundle`): a folder with the engine's judging
half, both halves of the exercises, their drawn cases and the rubric. Only torch is needed, and
numpy.
"""

from __future__ import annotations

import contextlib
import io
import json
import signal
import threading
import time
from collections.abc import Callable, Iterator, Sequence
from functools import cache
from pathlib import Path
from threading import Lock
from typing import Any

from .. import wire
from ..compare import Tolerance
from ..exercise import Case, Exercise, count_autograd, load_exercise
from ..judging.judge import Prepared
from ..model import Kind, Lost, Outcome
from ..observation import Observation
from ..plural import counted
from ..reference import load_reference
from .pristine import as_at_the_start, as_for_an_answer

count_autograd()  # from the first cell on, if this is imported there


class Bundle:
    """The exercises of one assignment, as they lie in a bundle's folder."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        about = json.loads((folder / "about.json").read_text(encoding="utf-8"))
        self.assignment, self.rubric = about["assignment"], about["rubric"]
        self.tolerance = Tolerance(about["absolute"], about["relative"])
        self.imports: list[str] = about["imports"]  # of the released notebook
        self.seconds: float = about["seconds"]  # for all hidden cases of one exercise
        self._judged: dict[str, tuple[Any, Outcome]] = {}

    @staticmethod
    @cache
    def of(folder: Path) -> Bundle:
        """The bundle in that folder, the same one whenever it is asked for."""
        return Bundle(folder)

    @property
    def finished(self) -> bool:
        """Whether all exercises were judged, so that no answer will be called again."""
        return set(self._judged) == set(self.rubric)

    def give_imports(self, namespace: dict[str, Any]) -> None:
        """Have the released notebook's imports there, for who deleted their cell."""
        given = dict[str, Any]()
        with _quietly(), as_at_the_start():
            for line in self.imports:
                with contextlib.suppress(ImportError):
                    exec(line, given)  # noqa: S102 (our own notebook's)
        for name in given.keys() - namespace.keys():
            namespace[name] = given[name]

    def score(self, exercise: str, namespace: dict[str, Any]) -> float:
        """The points of one exercise; prints the verdict of each check that failed."""
        outcome = self.outcome(exercise, namespace)
        points: dict[str, float] = self.rubric[exercise]
        passed = [v.check for v in outcome.verdicts if v.kind is Kind.passed]
        for sentence in outcome.mistakes:
            print(f"{exercise}: {sentence}")
        for verdict in outcome.verdicts:
            earned = points[verdict.check] if verdict.check in passed else 0
            print(f"{verdict.check}: {earned:g} of {points[verdict.check]:g}", verdict.hint)
        # In the rubric's order, so that rounding never gives more than all of them.
        return float(sum(worth for check, worth in points.items() if check in passed))

    def problem(self, exercise: str, check: str, namespace: dict[str, Any]) -> str:
        """What the student should read of a check that does not hold; empty if it holds."""
        outcome = self.outcome(exercise, namespace)
        (verdict,) = (verdict for verdict in outcome.verdicts if verdict.check == check)
        if verdict.kind is Kind.passed:
            return ""
        return "\n".join([*outcome.mistakes, verdict.hint or verdict.kind])

    def outcome(self, exercise: str, namespace: dict[str, Any]) -> Outcome:
        """The verdicts on what the notebook defines under that name; run once for each answer."""
        missing = object()
        answer = namespace.get(exercise, missing)
        known = self._judged.get(exercise)
        if known is not None and known[0] is answer:
            return known[1]
        probed = _never_defined(exercise) if answer is missing else answer
        self.give_imports(namespace)
        with _quietly(), as_at_the_start():
            prepared = _prepared(self, exercise)
        public = prepared.reference.exercise
        visible = _observed(public, probed, [public.visible], self.seconds)
        seen = _observed(public, probed, prepared.cases, self.seconds)
        with _quietly(), as_at_the_start():
            outcome = prepared.outcome(seen, visible)
        self._judged[exercise] = (answer, outcome)
        return outcome


@cache
def _prepared(bundle: Bundle, exercise: str) -> Prepared:
    folder, name = bundle.folder, bundle.assignment
    public = load_exercise(folder / "assignments" / name / f"{exercise}.py")
    reference = load_reference(folder / "reference" / name / f"{exercise}.py", public)
    with open(folder / "cases" / f"{exercise}.bin", "rb") as file:
        cases = tuple(Case(inputs) for inputs in wire.decode(file.read, wire.MAX_JOB))
    return Prepared(reference, cases, bundle.tolerance, Lock())


def _observed(
    exercise: Exercise, answer: Any, cases: Sequence[Case], seconds: float
) -> list[Observation | Lost]:
    """What is seen in each case; from where the time is up, nothing."""
    end, found = time.monotonic() + seconds, list[Observation | Lost]()
    for case in cases:
        seen = None
        with (
            _quietly(),
            as_for_an_answer(),
            contextlib.suppress(_TimeIsUp),
            _limited(end - time.monotonic()) as rings,
        ):
            seen = exercise.observe(answer, case)
        if seen is None or rings:
            lost = Lost(Kind.timed_out, f"stopped after {counted(seconds, 'second')}")
            return found + [lost] * (len(cases) - len(found))
        found.append(wire.sent(seen))
    return found


class _TimeIsUp(BaseException):
    """Raised in the midst of student code."""


@contextlib.contextmanager
def _limited(seconds: float) -> Iterator[list[int]]:
    """Raise when the time is up, and on and on: a probe takes it for the error of one call."""
    rings = list[int]()

    def ring(number: int, _: Any) -> None:
        rings.append(number)
        raise _TimeIsUp

    if threading.current_thread() is not threading.main_thread():  # signals cannot be had there
        yield rings
        return
    handler = signal.signal(signal.SIGALRM, ring)
    timer = signal.setitimer(signal.ITIMER_REAL, max(seconds, 0.001), 0.1)
    try:
        yield rings
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)
        signal.signal(signal.SIGALRM, handler)
        signal.setitimer(signal.ITIMER_REAL, *timer)  # somebody else's, such as a test's


def _never_defined(exercise: str) -> Callable[..., Any]:
    def missing(*_: Any, **__: Any) -> Any:
        raise NameError(f"the notebook defines no {exercise!r}")

    return missing


@contextlib.contextmanager
def _quietly() -> Iterator[None]:
    """Swallow what answers print: nbgrader takes anything on stderr for a failed test."""
    with contextlib.redirect_stdout(io.StringIO()), contextlib.redirect_stderr(io.StringIO()):
        yield
