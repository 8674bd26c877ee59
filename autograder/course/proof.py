"""An exercise's own proof: that its checks tell right answers from wrong ones.

The solution and every alternative must earn full marks and read nothing; the skeleton and an answer
that returns None must earn 0; every mistake must earn exactly its stated score, which is less than
full marks, and read its own sentence. Answers are judged as a student's are, wire included.
"""

from __future__ import annotations

import inspect
import math
import time
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, replace
from inspect import Parameter
from statistics import median
from typing import Any

import torch
from torch import nn
from torch.nn import functional

from .. import wire
from ..compare import Tolerance
from ..draw import Draw
from ..errors import CourseError, SolutionRaised
from ..exercise import Case
from ..judging.judge import Judge, Prepared, no_hidden_case, observe
from ..model import UNFINISHED, Kind, Verdict
from ..observation import EVERY_PART, Observation, is_unfinished
from ..reference import Reference
from .policy import Points

SKELETON = "the skeleton"
NAMED = 5  # students on whose cases an answer is at fault
NOTEBOOK = {"torch": torch, "nn": nn, "F": functional}  # what answers may rely on


@dataclass(frozen=True)
class Trial:
    """One answer of ours, and what it earned."""

    kind: str  # solution, alternative, mistake or unfinished
    name: str
    stated: float  # what it should earn
    score: float
    reads: tuple[str, ...]  # the sentences of the mistakes that were recognised
    hint: str  # of the first check that failed
    seconds: float  # to observe one case, the median
    problem: str  # why this is not as it should be; empty if it is
    passed: tuple[str, ...] = ()  # checks


def prove(prepared: Prepared, points: Points) -> Iterator[Trial]:
    """Try every answer that the reference knows, on the cases at hand.

    Raises:
        CourseError: a check or the reference itself is at fault.
    """
    reference, full = prepared.reference, sum(points.values())
    for kind, name, answer, stated, sentences in _answers(reference, full):
        (public,) = observe(reference, answer, [reference.exercise.visible])
        timed = [_timed(reference, answer, case) for case in prepared.cases]
        outcome = prepared.outcome([wire.sent(seen) for seen, _ in timed], [wire.sent(public)])
        score = points_of(outcome.verdicts, points)
        reads = outcome.mistakes if kind != "unfinished" else ()
        failed = [v for v in outcome.verdicts if v.kind is not Kind.passed]
        passed = tuple(v.check for v in outcome.verdicts if v.kind is Kind.passed)
        problem = _problem(kind, score, stated, full, reads, sentences)
        of_it = reference.exercise.name
        errors = [part.error for part in public.values() if part.error]
        says_so = any(is_unfinished(e) and e.message.startswith(of_it) for e in errors)
        if name == SKELETON and not problem and not says_so:
            raises = f'raise NotImplementedError("{of_it}")'
            problem = f"students do not read that it is {UNFINISHED}: have it {raises}"
        if kind != "unfinished" and (lacks := _lacking(reference, name)):
            problem = f"does not work in a cell of its own: {lacks}"
        hint = f"{failed[0].check}: {failed[0].hint}" if failed else ""
        seconds = median(time for _, time in timed)
        yield Trial(kind, name, stated, score, reads, hint, seconds, problem, passed)


def is_constant(prepared: Prepared) -> bool:
    """Whether all hidden cases are the same one: right if their inputs are no secret."""
    return len({bytes(wire.encode(case.data)) for case in prepared.cases}) == 1


def is_bare(reference: Reference) -> bool:
    """Whether the probe calls answers outside `attempt`, which alone tells errors and autograd."""

    def raises(*_: Any, **__: Any) -> None:
        raise NotImplementedError

    (seen,) = observe(reference, raises, [reference.exercise.visible])
    return EVERY_PART in seen


def pasted(source: str, what: str) -> dict[str, Any]:
    """What a cell of a notebook with this source defines, beside what every notebook imports.

    Raises:
        CourseError: it cannot run there, so that students would get a cell that fails.
    """
    cell = dict[str, Any](NOTEBOOK)
    try:
        exec(compile(source, "<cell>", "exec", dont_inherit=True), cell)  # noqa: S102 (our own)
    except Exception as error:
        cure = "a cell has torch, nn and F, and no more"
        raise CourseError(f"{what}: {type(error).__name__}: {error}: {cure}") from error
    return cell


def _lacking(reference: Reference, name: str) -> str:
    """What an answer needs and a cell of its own would not have, as handouts give it."""
    if not callable(reference.answer(name)):
        return ""
    cell = pasted(reference.source(name), f"{reference.path}: {name}")
    answer = cell[reference.exercise.name]
    (seen,) = observe(reference, answer, [reference.exercise.visible])
    errors = [part.error for part in seen.values() if part.error]
    return next((e.message for e in errors if e.type == "NameError"), "")


def over(proofs: Mapping[str, Iterable[Trial]]) -> Iterator[Trial]:
    """One trial of each answer, over several students: where one is at fault, that one's.

    Its problem names who is at fault, as they differ then.
    """
    for trials in zip(*proofs.values(), strict=True):
        faults = {student: t for student, t in zip(proofs, trials, strict=True) if t.problem}
        first = next(iter(faults.values()), trials[0])
        more = f" and {len(faults) - NAMED} more" if len(faults) > NAMED else ""
        whose = f" ({', '.join(list(faults)[:NAMED])}{more})" if faults and len(proofs) > 1 else ""
        seconds = median(trial.seconds for trial in trials)
        yield replace(first, problem=first.problem + whose, seconds=seconds)


def _timed(reference: Reference, answer: Any, case: Case) -> tuple[Observation, float]:
    began = time.perf_counter()
    (seen,) = observe(reference, answer, [case])
    return seen, time.perf_counter() - began


def points_of(verdicts: Iterable[Verdict], points: Points) -> float:
    """What the checks that passed are worth, in the rubric's order, on which rounding depends."""
    passed = {verdict.check for verdict in verdicts if verdict.kind is Kind.passed}
    return sum(worth for check, worth in points.items() if check in passed)


def _answers(
    reference: Reference, full: float
) -> Iterator[tuple[str, str, Any, float, tuple[str, ...]]]:
    """Kind, name, answer, stated score and sentences of every answer."""
    name = reference.exercise.name
    yield "solution", name, reference.solution, full, ()
    for other, alternative in reference.alternatives.items():
        yield "alternative", other, alternative.answer, full, ()
    skeleton = pasted(reference.exercise.skeleton, f"{reference.exercise.path}: the skeleton")
    yield "unfinished", SKELETON, skeleton[name], 0, ()
    yield "unfinished", "return None", lambda *_, **__: None, 0, ()
    for slip, mistake in reference.mistakes.items():
        yield "mistake", slip, mistake.answer, mistake.score, (mistake.sentence,)


def _problem(
    kind: str,
    score: float,
    stated: float,
    full: float,
    reads: tuple[str, ...],
    sentences: tuple[str, ...],
) -> str:
    if not math.isclose(score, stated, abs_tol=1e-9):  # 0.1 + 0.2 is 0.3
        return f"earns {score:g} of {full:g} points, should earn {stated:g}"
    if kind == "mistake" and score >= full:
        return "loses no points"
    if reads != sentences:
        return f"reads {' '.join(reads)!r}" if reads else "is not recognised"
    return ""


def refuse_unproved(
    assignment: str, references: dict[str, Reference], rubric: dict[str, Points], limit: Tolerance
) -> None:
    """Refuse exercises whose solution fails a check, or of which a mistake loses nothing.

    A solution that raises is left for grading to find: it may do so for one student's cases only.

    Raises:
        CourseError: names the file, the answer, and what is wrong with it.
    """
    judge = Judge(assignment, references, limit, b"the cases of the proof")
    for exercise, reference in references.items():
        points = rubric[exercise]
        full = sum(points.values())
        refuse_luck(reference)
        refuse_other_parameters(reference)
        refuse_nothing(reference)
        try:
            prepared = judge.prepare(exercise, "")
        except SolutionRaised:
            continue
        for verdict in prepared.verdicts(prepared.observe(reference.solution)):
            if verdict.kind is not Kind.passed:
                raise CourseError(
                    f"{reference.path}: the solution fails its own check {verdict.check!r}: "
                    f"{verdict.hint}"
                )
        for name, mistake in reference.mistakes.items():
            verdicts = prepared.verdicts(prepared.observe(mistake.answer))
            if points_of(verdicts, points) >= full:
                raise CourseError(
                    f"{reference.path}: the mistake {name!r} loses no points: no check sees it"
                )


def refuse_nothing(reference: Reference) -> None:
    """Refuse a solution that gives nothing on the visible case.

    Raises:
        CourseError: the probe fails with it, or each of its parts is None.
    """
    (public,) = observe(reference, reference.solution, [reference.exercise.visible])
    if (broken := public.get(EVERY_PART)) and broken.error:
        raise CourseError(
            f"{reference.exercise.path}: the probe failed with the solution: "
            f"{broken.error.type}: {broken.error.message}"
        )
    if all(part.value is None and part.error is None for part in public.values()):
        raise CourseError(
            f"{reference.path}: the solution gives nothing but None: is a `return` missing?"
        )


def refuse_other_parameters(reference: Reference) -> None:
    """Refuse a skeleton that takes more or fewer inputs than the solution.

    Raises:
        CourseError: it does, or it cannot run in a notebook.
    """
    exercise = reference.exercise
    skeleton = pasted(exercise.skeleton, f"{exercise.path}: the skeleton")[exercise.name]
    theirs, ours = _signature(skeleton), _signature(reference.solution)
    if theirs and ours and len(theirs.parameters) != len(ours.parameters):
        told = f"the skeleton takes {theirs}, and the solution {ours}"
        raise CourseError(f"{reference.path}: {told}: who fills it in would fail")


def _signature(answer: Any) -> inspect.Signature | None:
    """What a function takes; None if it tells nothing, or takes any number of inputs."""
    try:
        signature = inspect.signature(answer)
    except (TypeError, ValueError):  # a value, or a callable that does not say
        return None
    kinds = {parameter.kind for parameter in signature.parameters.values()}
    return None if kinds & {Parameter.VAR_POSITIONAL, Parameter.VAR_KEYWORD} else signature


def refuse_luck(reference: Reference) -> None:
    """Refuse cases that depend on more than the secret: a regrade would have others.

    Raises:
        CourseError: they do, or there is none.
    """
    cases = []
    with torch.random.fork_rng():
        for seed in (1, 2):
            torch.manual_seed(seed)
            try:
                case = reference.hidden(Draw(b"the same for both", reference.exercise.name))
                cases.append(wire.encode(case.data) if isinstance(case, Case) else b"")
            except Exception as error:
                raise no_hidden_case(reference, error) from error
    if cases[0] != cases[1]:
        raise CourseError(
            f"{reference.path}: hidden(draw) gives another case when it is asked again: "
            "take all that is random from draw (draw.seed() is for torch.manual_seed)"
        )
