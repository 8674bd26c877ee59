"""The judge: what was seen, against what the reference gives for the same case, check by check.

`judge` is a pure function of plain data. A check pays only if it holds in every hidden case; where
it does not, the first case that fails speaks. `Judge` prepares what it needs of the reference, once
for the class or for each student.
"""

from __future__ import annotations

import traceback
from collections.abc import Mapping, Sequence
from functools import cached_property
from threading import Lock
from typing import Any

import torch

from .. import wire
from ..checks import Check
from ..compare import Tolerance
from ..draw import Draw
from ..errors import CourseError, ProtocolError, SolutionRaised
from ..exercise import Case
from ..model import UNFINISHED, Kind, Lost, Outcome, Verdict
from ..observation import EVERY_PART, Error, Observation, Part, is_unfinished, ran_out_of_memory
from ..reference import Reference
from .mistakes import KnownMistake, errors_in, recognise

COMMON_ERRORS = {
    *("AttributeError", "IndexError", "KeyError", "MemoryError", "NameError", "RuntimeError"),
    *("TypeError", "UnboundLocalError", "ValueError", "ZeroDivisionError"),
}
HIDDEN_CASES = 3  # a check must hold in all of them
Seen = Sequence[Observation | Lost]  # one for each hidden case


def judge(
    reference: Reference,
    cases: Sequence[Case],
    wanted: Sequence[Observation],
    seen: Seen,
    tolerance: Tolerance,
    public: Sequence[Error] = (),
) -> tuple[Verdict, ...]:
    """One verdict for each check of the exercise; `public` errors may be quoted in hints.

    Raises:
        CourseError: a check or the reference itself is at fault.
    """
    try:
        return tuple(
            _over_cases(name, check, cases, wanted, seen, tolerance, public)
            for name, check in reference.checks.items()
        )
    except CourseError as error:
        raise CourseError(f"{reference.path}: {error}") from error


def _over_cases(
    name: str,
    check: Check,
    cases: Sequence[Case],
    wanted: Sequence[Observation],
    seen: Seen,
    tolerance: Tolerance,
    public: Sequence[Error],
) -> Verdict:
    for case, want, found in zip(cases, wanted, seen, strict=True):
        verdict = _one_case(name, check, case, want, found, tolerance, public)
        if verdict.kind is not Kind.passed:
            return verdict
    return Verdict(name, Kind.passed)


def _one_case(
    name: str,
    check: Check,
    case: Case,
    want: Observation,
    found: Observation | Lost,
    tolerance: Tolerance,
    public: Sequence[Error],
) -> Verdict:
    if isinstance(found, Lost):
        return Verdict(name, found.kind, found.message, found.cell, found.line)
    for part_name in check.reads:
        part = found.get(part_name, found.get(EVERY_PART))
        if part is None:
            return Verdict(name, Kind.protocol, f"the worker sent no {part_name!r}")
        if part.error is not None:
            return _raised(name, part.error, public)
    seen = _Seen(found)
    try:
        sentence = check.test(seen, want, case, tolerance)
    except Exception as error:
        # Ours, if the check cannot even read the reference's observation; else the data's.
        try:
            check.test(want, want, case, tolerance)
        except Exception:
            problem = f"{type(error).__name__}: {error}"
            raise CourseError(f"check {name!r} fails on the reference itself: {problem}") from error
        sentence = "the result does not have the form that was asked for"
    if not isinstance(sentence, str | None):
        told = f"check {name!r} returned {sentence!r:.100}"
        raise CourseError(f"{told}: expected None where it holds, else a sentence")
    if not sentence:
        return Verdict(name, Kind.passed)
    if any(is_unfinished(found[part].error) for part in seen.looked_at if part in found):
        return Verdict(name, Kind.raised, UNFINISHED)  # it looked beyond the parts that it names
    return Verdict(name, Kind.failed, sentence)


class _Seen(Observation):
    """An observation that knows at which of its parts a check has looked."""

    def __init__(self, parts: Observation) -> None:
        super().__init__(parts)
        self.looked_at: set[str] = set()

    def __getitem__(self, name: str) -> Part:
        self.looked_at.add(name)
        return super().__getitem__(name)


def _raised(name: str, error: Error, public: Sequence[Error]) -> Verdict:
    """What a student may read of an error.

    Message, type and line are the student's to choose, and could spell a hidden input: where the
    visible case raised the same type of error, that one's message and line are as good, and public.
    Of any other error, only a common type is named.
    """
    if is_unfinished(error):
        return Verdict(name, Kind.raised, UNFINISHED)
    kind = Kind.out_of_memory if ran_out_of_memory(error) else Kind.raised
    same = next((known for known in public if known.type == error.type), None)
    if same:
        place = f" (cell {same.cell}, line {same.line}: {same.source})" if same.cell else ""
        hint = f"{same.type}: {same.message}{place}"
        return Verdict(name, kind, hint, same.cell, same.line)
    what = error.type if error.type in COMMON_ERRORS else "an error"
    where = "another than on the visible case" if public else "but not on the visible case"
    return Verdict(name, kind, f"{what}, {where}")


def observe(reference: Reference, answer: Any, cases: Sequence[Case]) -> list[Observation]:
    """The observations that an answer of our own (solution, mistake) gives, one for each case."""
    return [reference.exercise.observe(answer, case) for case in cases]


def no_hidden_case(reference: Reference, error: Exception) -> CourseError:
    """The error for a `hidden(draw)` that failed."""
    steps = traceback.extract_tb(error.__traceback__)
    lines = [step.lineno for step in steps if step.filename == str(reference.path)]
    where = f"{reference.path}:{lines[-1]}" if lines else str(reference.path)
    if isinstance(error, CourseError):
        return CourseError(f"{error} ({where})")
    plain = isinstance(error, ProtocolError)  # what it refuses to send
    told = f"{error}: a case is plain data only" if plain else f"{type(error).__name__}: {error}"
    return CourseError(f"{where}: no hidden case: {told}")


def want(reference: Reference, cases: Sequence[Case]) -> list[Observation]:
    """The reference's own observations.

    Raises:
        CourseError: the solution raised, or a check reads a part that the probe does not give.
    """
    wanted = observe(reference, reference.solution, cases)
    reads = {part for check in reference.checks.values() for part in check.reads}
    for observation in wanted:
        if (broken := observation.get(EVERY_PART)) and broken.error:
            problem = f"{broken.error.type}: {broken.error.message}"
            raise SolutionRaised(
                f"{reference.exercise.path}: the probe failed with the solution: {problem}"
            )
        for part in sorted(reads):
            found = observation.get(part)
            if found is None:
                raise CourseError(
                    f"{reference.path}: a check reads {part!r}, which the probe lacks"
                )
            if found.error is not None:
                problem = f"{found.error.type}: {found.error.message}"
                raise SolutionRaised(
                    f"{reference.path}: the solution raised in {part!r}: {problem} (there, or in "
                    f"the probe of {reference.exercise.path})"
                )
    return wanted


class Prepared:
    """One exercise's hidden cases, and what the reference gives for them."""

    def __init__(
        self, reference: Reference, cases: Sequence[Case], tolerance: Tolerance, lock: Lock
    ) -> None:
        self.reference, self.cases = reference, cases
        self._tolerance, self._lock = tolerance, lock
        with lock:
            self._wanted = want(reference, cases)

    @cached_property
    def known(self) -> list[KnownMistake]:
        """The mistakes of the exercise on these cases; they are run when first asked for."""
        found = []
        with self._lock:
            for mistake in self.reference.mistakes.values():
                seen = observe(self.reference, mistake.answer, self.cases)
                found.append(KnownMistake(mistake.sentence, seen, self.verdicts(seen)))
        return found

    def outcome(self, seen: Seen, visible: Seen = ()) -> Outcome:
        """The verdicts on what was seen, and the mistakes that explain them.

        `visible` is what was seen of the visible case: the only source of messages that student
        code may have written.

        Raises:
            CourseError: a check is at fault.
        """
        public = list(errors_in([found for found in visible if isinstance(found, dict)]))
        verdicts = judge(self.reference, self.cases, self._wanted, seen, self._tolerance, public)
        if all(verdict.kind is Kind.passed for verdict in verdicts):
            return Outcome(self.reference.exercise.name, verdicts)
        mistakes = recognise(self.reference, seen, verdicts, self.known)
        return Outcome(self.reference.exercise.name, verdicts, mistakes)

    def observe(self, answer: Any) -> list[Observation]:
        """What an answer of our own shows on these cases."""
        with self._lock:
            return observe(self.reference, answer, self.cases)

    def verdicts(self, seen: Seen) -> tuple[Verdict, ...]:
        """One for each check, without looking for mistakes that explain them."""
        return judge(self.reference, self.cases, self._wanted, seen, self._tolerance)


class Judge:
    """Draws the hidden cases of an assignment and prepares them, from any thread."""

    def __init__(
        self,
        assignment: str,
        references: Mapping[str, Reference],
        tolerance: Tolerance,
        secret: bytes,
        per_student: bool = False,
    ) -> None:
        self._assignment, self._references, self._tolerance = assignment, references, tolerance
        self._secret, self._per_student = secret, per_student
        self._of_class: dict[str, Prepared] = {}
        torch.set_num_threads(1)  # as in the workers; on tensors this small more are only slower
        # Course code draws from torch's global generator, and observing patches torch for the time:
        # whatever runs a solution, a mistake or hidden(draw) does so alone.
        self._running, self._filling = Lock(), Lock()

    def prepare(self, exercise: str, student_id: str) -> Prepared:
        """The cases of one exercise for one student.

        Raises:
            CourseError: the reference is at fault.
        """
        if self._per_student:
            return self._prepare(exercise, student_id)
        with self._filling:
            if exercise not in self._of_class:
                self._of_class[exercise] = self._prepare(exercise)
            return self._of_class[exercise]

    def _prepare(self, exercise: str, *student_id: str) -> Prepared:
        reference = self._references[exercise]
        try:
            draws = [
                Draw(self._secret, self._assignment, exercise, number, *student_id)
                for number in range(HIDDEN_CASES)
            ]
            with self._running:
                cases = tuple(map(reference.hidden, draws))
            if not all(isinstance(case, Case) for case in cases):
                raise TypeError("hidden(draw) did not return case(...)")
            for case in cases:
                wire.encode(case.data)
        except Exception as error:
            raise no_hidden_case(reference, error) from error
        return Prepared(reference, cases, self._tolerance, self._running)
