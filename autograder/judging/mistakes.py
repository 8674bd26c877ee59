"""Recognising known mistakes: which sentence explains what a submission showed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from ..compare import alike
from ..model import Kind, Lost, Verdict
from ..observation import EVERY_PART, Error, Foreign, Observation, Part
from ..reference import Reference


@dataclass(frozen=True)
class KnownMistake:
    """A mistake of the exercise, as it shows on the cases at hand."""

    sentence: str
    seen: list[Observation]
    verdicts: tuple[Verdict, ...]


def recognise(
    reference: Reference,
    seen: Sequence[Observation | Lost],
    verdicts: Sequence[Verdict],
    known: Sequence[KnownMistake],
) -> tuple[str, ...]:
    """The sentences of the mistakes that this submission made, in the order of the failed checks.

    A mistake fits if all that it shows is alike; failing that, one that explains a failed check
    (it fails it too, and the parts that the check reads are alike); failing that, one that raised
    the very same error.
    """
    if not all(isinstance(observation, dict) for observation in seen):
        return ()
    found = [observation for observation in seen if isinstance(observation, dict)]
    kinds = [verdict.kind for verdict in verdicts]
    for mistake in known:
        if kinds == [v.kind for v in mistake.verdicts] and _all_alike(found, mistake.seen):
            return (mistake.sentence,)
    failed = [verdict for verdict in verdicts if verdict.kind is not Kind.passed]
    sentences = [s for verdict in failed if (s := _explain(reference, verdict, found, known))]
    return tuple(dict.fromkeys(sentences))


def _explain(
    reference: Reference, verdict: Verdict, found: list[Observation], known: Sequence[KnownMistake]
) -> str | None:
    reads = reference.checks[verdict.check].reads
    for mistake in known:
        fails = any(v.check == verdict.check and v.kind is verdict.kind for v in mistake.verdicts)
        if fails and _all_alike(found, mistake.seen, reads):
            return mistake.sentence
    errors = [error for error in errors_in(found) if error.type != "NotImplementedError"]
    for mistake in known if verdict.kind is Kind.raised else ():
        theirs = [(error.type, error.message) for error in errors_in(mistake.seen)]
        if any((error.type, error.message) in theirs for error in errors):
            return mistake.sentence
    return None


def errors_in(observations: list[Observation]) -> Iterator[Error]:
    """All errors that parts of these observations hold."""
    for observation in observations:
        yield from (part.error for part in observation.values() if part.error is not None)


def _all_alike(
    a: list[Observation], b: list[Observation], reads: tuple[str, ...] | None = None
) -> bool:
    def alike_in(x: Observation, y: Observation) -> bool:
        names = reads or tuple(y)
        return all(_alike(_part(x, name), _part(y, name)) for name in names)

    return all(alike_in(x, y) for x, y in zip(a, b, strict=True))


def _part(observation: Observation, name: str) -> Part:
    return observation.get(name, observation.get(EVERY_PART, Part(Foreign("nothing"))))


def _alike(a: Part, b: Part) -> bool:
    if a.error is not None or b.error is not None:
        if a.error is None or b.error is None:
            return False
        return (a.error.type, a.error.message) == (b.error.type, b.error.message)
    return alike(a.value, b.value)
