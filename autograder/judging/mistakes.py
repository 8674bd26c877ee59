"""Recognising known mistakes: which sentence explains what a submission showed."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any

from ..checks import Place
from ..compare import alike, dig, is_number, is_tensor
from ..model import Kind, Lost, Verdict
from ..observation import EVERY_PART, Error, Foreign, Observation, Part
from ..reference import Reference


@dataclass(frozen=True)
class KnownMistake:
    """A mistake of the exercise, as it shows on the cases at hand."""

    sentence: str
    seen: list[Observation]
    verdicts: tuple[Verdict, ...]

    @property
    def failed(self) -> set[tuple[str, Kind]]:
        """The checks that it fails, and how."""
        return {(v.check, v.kind) for v in self.verdicts if v.kind is not Kind.passed}


def recognise(
    reference: Reference,
    seen: Sequence[Observation | Lost],
    verdicts: Sequence[Verdict],
    known: Sequence[KnownMistake],
) -> tuple[str, ...]:
    """The sentences of the mistakes that this submission made, in the order of the failed checks.

    A mistake fits if all that it shows is alike; failing that, one that fails nothing that passed
    and explains a failed check (it fails it too, and the parts that the check reads are alike);
    failing that, the only one that does so by what the check is about; failing that, one that
    raised the very same error.
    """
    if not all(isinstance(observation, dict) for observation in seen):
        return ()
    found = [observation for observation in seen if isinstance(observation, dict)]
    kinds = [verdict.kind for verdict in verdicts]
    for mistake in known:
        if kinds == [v.kind for v in mistake.verdicts] and _all_alike(found, mistake.seen):
            return (mistake.sentence,)
    failed = [verdict for verdict in verdicts if verdict.kind is not Kind.passed]
    sentences = [s for v in failed if (s := _explain(reference, failed, v, found, known))]
    return tuple(dict.fromkeys(sentences))


def _explain(
    reference: Reference,
    failed: Sequence[Verdict],
    verdict: Verdict,
    found: list[Observation],
    known: Sequence[KnownMistake],
) -> str | None:
    check, names = reference.checks[verdict.check], {v.check for v in failed}
    parts = [(part,) for part in check.reads]
    failing = [
        mistake
        for mistake in known
        if (verdict.check, verdict.kind) in mistake.failed
        and {name for name, _ in mistake.failed} <= names
    ]
    if exact := [mistake for mistake in failing if _all_alike(found, mistake.seen, parts)]:
        return min(exact, key=lambda mistake: len(mistake.failed)).sentence  # claims the least
    if verdict.kind is Kind.failed and _is_telling(found, check.places):
        fitting = {m.sentence for m in failing if _all_alike(found, m.seen, check.places)}
        if len(fitting) == 1:
            return fitting.pop()
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
    a: list[Observation], b: list[Observation], places: Sequence[Place] | None = None
) -> bool:
    def alike_in(x: Observation, y: Observation) -> bool:
        where = [(name,) for name in y] if places is None else places
        return all(_alike(x, y, place) for place in where)

    return all(alike_in(x, y) for x, y in zip(a, b, strict=True))


def _alike(x: Observation, y: Observation, place: Place) -> bool:
    name, path = str(place[0]), place[1:]
    a, b = _part(x, name), _part(y, name)
    if a.error is not None or b.error is not None:
        if a.error is None or b.error is None:
            return False
        return (a.error.type, a.error.message) == (b.error.type, b.error.message)
    (value, lacks), (other, lacks_too) = dig(a.value, path), dig(b.value, path)
    return alike(a.value, b.value) if lacks or lacks_too else alike(value, other)


def _is_telling(found: list[Observation], places: Sequence[Place]) -> bool:
    """Whether numbers lie there that were computed: many an answer has None, False or 0."""

    def tells(value: Any) -> bool:
        if isinstance(value, (list, dict)):
            return any(map(tells, value.values() if isinstance(value, dict) else value))
        if is_tensor(value):
            return bool(value.any())
        return is_number(value) and bool(value)

    return any(
        tells(dig(_part(seen, str(place[0])).value, place[1:])[0])
        for seen in found
        for place in places
    )


def _part(observation: Observation, name: str) -> Part:
    return observation.get(name, observation.get(EVERY_PART, Part(Foreign("nothing"))))
