"""The answers of a class, as a marker gets them: without names, the same ones together.

A key stands for an answer. It follows from what was written, so it is the same after a restart, and
from the course's secret, so that nobody can choose their place: keys are the order of marking.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import unicodedata
from collections.abc import Collection, Iterable, Iterator
from dataclasses import dataclass, field, replace

from ..model import Mark, Result, Status
from ..results.store import Store

# No spreadsheet takes such letters for a number or a date.
LETTERS = str.maketrans("0123456789abcdef", "abcdefghijklmnop")
KEY_BYTES = 8


@dataclass(frozen=True)
class Piece:
    """One cell of an answer, and what it showed when it ran."""

    source: str
    is_code: bool = False
    texts: tuple[str, ...] = ()
    figures: tuple[bytes, ...] = ()  # PNG


@dataclass(frozen=True)
class Group:
    """One answer, and everybody who gave it; most are of one student."""

    key: str
    question: str
    pieces: tuple[Piece, ...]  # none: they left it blank
    students: tuple[str, ...]

    @property
    def blank(self) -> bool:
        """Whether nothing was written."""
        return not self.pieces


@dataclass(frozen=True)
class Papers:
    """What a class wrote, and the marks that it has so far."""

    groups: dict[str, dict[str, Group]]  # by question, by key, in the order of marking
    # by student and question, then by marker, the latest last
    marks: dict[tuple[str, str], dict[str, Mark]] = field(default_factory=dict)

    def latest(self, group: Group) -> Mark | None:
        """The mark that an answer has, by some of who gave it at least."""
        marks = (self.marks.get((student, group.question), {}) for student in group.students)
        return max((m for known in marks for m in known.values()), key=_marked_at, default=None)

    def has(self, group: Group, mark: Mark) -> bool:
        """Whether this is what all who gave an answer have, whoever marked it."""
        marks = (self.marks.get((student, group.question), {}) for student in group.students)
        return all(known and _alike(list(known.values())[-1], mark) for known in marks)

    def give(self, store: Store, group: Group, mark: Mark) -> int:
        """Record a mark for everybody of a group. Returns for how many it is new.

        What is there already stays as it is: sent a second time, it does not get the last word.
        """
        count = 0
        for student in group.students:
            known = self.marks.setdefault((student, group.question), {})
            if known.get(mark.marker) != mark:
                store.mark(student, [mark])
                known.pop(mark.marker, None)
                known[mark.marker] = mark
                count += 1
        return count

    def take_back(self, store: Store, group: Group, marker: str) -> None:
        """Take a marker's mark back from everybody of a group."""
        for student in group.students:
            known = self.marks.get((student, group.question), {})
            if marker in known:
                store.unmark(student, group.question, marker)
                del known[marker]


def _marked_at(mark: Mark) -> str:
    return mark.marked_at


def _alike(mark: Mark, other: Mark) -> bool:
    return replace(mark, marker=other.marker) == other


def gather(results: Iterable[Result], questions: Collection[str], secret: str) -> Papers:
    """The answers to the questions, of everybody who handed something in."""
    writers: dict[str, dict[str, list[str]]] = {question: {} for question in questions}
    written: dict[str, tuple[Piece, ...]] = {}
    papers = Papers({})
    for result in results:
        if result.status is Status.grader_error and not result.works:
            continue  # a fault of ours: nobody knows yet what they wrote
        if result.status is Status.unreadable and not result.marks:
            continue  # nobody has to mark what could not be read
        for question in questions:
            pieces = tuple(_pieces(result, question))
            key = _key(secret, question, pieces)
            written.setdefault(key, pieces)
            writers[question].setdefault(key, []).append(result.student_id)
            if marks := {m.marker: m for m in result.marks if m.question == question}:
                papers.marks[result.student_id, question] = marks
    for question, by_key in writers.items():
        papers.groups[question] = {
            key: Group(key, question, written[key], tuple(by_key[key])) for key in sorted(by_key)
        }
    return papers


def _pieces(result: Result, question: str) -> Iterator[Piece]:
    for work in result.works:
        if work.name == question:
            shown = [o for o in result.outputs if work.cell is not None and o.cell == work.cell]
            texts = tuple(output.text for output in shown if output.text)
            figures = tuple(output.figure for output in shown if output.figure)
            yield Piece(work.source, work.cell is not None, texts, figures)


def _key(secret: str, question: str, pieces: Iterable[Piece]) -> str:
    content = [
        [p.is_code, _same(p.source), *map(_same, p.texts), *map(_digest, p.figures)] for p in pieces
    ]
    words = json.dumps([question, content]).encode()
    return hmac.digest(secret.encode(), words, "sha256")[:KEY_BYTES].hex().translate(LETTERS)


def _same(text: str) -> str:
    """The same for texts that look the same: ends of lines, and spaces there, do not count."""
    lines = unicodedata.normalize("NFC", text).splitlines()
    return "\n".join(line.rstrip() for line in lines).strip()


def _digest(content: bytes) -> str:
    return hashlib.sha256(content).hexdigest()
