"""Which answers are still to be marked, and by whom: the rules, on what is known at a moment."""

from __future__ import annotations

import hashlib
import math
from collections import Counter
from collections.abc import Collection, Mapping
from dataclasses import dataclass
from functools import cached_property

from ..errors import MarkError
from ..model import Mark, disputed
from .answers import Group, Papers

OFFERED = 9  # earlier comments


@dataclass(frozen=True)
class Progress:
    """How far a question is."""

    students: int
    marked: int  # of them
    open: int  # answers that somebody has to look at
    disputed: int  # answers on which markers disagree


@dataclass(frozen=True)
class Pile:
    """The answers and marks of a class."""

    papers: Papers
    double: float  # per cent of the answers to each question that two people mark

    def groups(self, question: str) -> dict[str, Group]:
        """The answers to a question, in the order of marking.

        Raises:
            MarkError: there is no such question.
        """
        if question not in self.papers.groups:
            raise MarkError(f"no question {question!r}")
        return self.papers.groups[question]

    def group(self, question: str, key: str) -> Group:
        """The answer of a key.

        Raises:
            MarkError: there is none: its author has handed in something else since, perhaps.
        """
        if (group := self.groups(question).get(key)) is None:
            raise MarkError(f"{question}: this answer is gone: its author has handed in anew")
        return group

    @cached_property
    def _sample(self) -> set[str]:
        """The keys that two people mark: the same ones as long as the class is the same."""
        chosen = set[str]()
        for by_key in self.papers.groups.values():
            keys = sorted((k for k, group in by_key.items() if not group.blank), key=_by_lot)
            chosen.update(keys[: math.ceil(len(keys) * self.double / 100)])
        return chosen

    def is_double(self, group: Group) -> bool:
        """Whether two people mark it."""
        return group.key in self._sample

    def marks(self, student: str, question: str) -> Mapping[str, Mark]:
        """A student's marks for a question by marker, the latest last."""
        return self.papers.marks.get((student, question), {})

    def given(self, group: Group) -> dict[str, Mark]:
        """The marks that everybody of a group has, by marker, the latest last."""
        first, *others = (self.marks(student, group.question) for student in group.students)
        return {k: mark for k, mark in first.items() if all(k in other for other in others)}

    def earlier(self, group: Group) -> list[Mark]:
        """Marks of some who gave this answer, where others have handed it in since.

        Of those that two people mark, none: they do not see each other's.
        """
        if self.given(group) or self.is_double(group):
            return []
        marks = (self.marks(student, group.question) for student in group.students)
        return list({k: mark for known in marks for k, mark in known.items()}.values())

    def lacks(self, group: Group) -> int:
        """How many people have yet to mark an answer."""
        return max(0, 1 + self.is_double(group) - len(self.given(group)))

    def is_due(self, group: Group, marker: str) -> bool:
        """Whether an answer is still to be marked, and a marker may be the one who does."""
        return self.lacks(group) > 0 and marker not in self.given(group)

    def next_open(
        self, question: str, marker: str, held: Collection[str], after: str = ""
    ) -> Group | None:
        """The first answer behind `after` (then from the start) that a marker should mark.

        `held` are the keys that others have before them, each as often as it is there.
        """
        holders = Counter(held)
        for group in _from(self.groups(question), after):
            if self.is_due(group, marker) and self.lacks(group) > holders[group.key]:
                return group
        return None

    def next_disputed(self, question: str, after: str = "") -> Group | None:
        """The first answer behind `after` (then from the start) on which markers disagree."""
        return next(filter(self.is_disputed, _from(self.groups(question), after)), None)

    def is_disputed(self, group: Group) -> bool:
        """Whether people gave it different points, and nobody has settled that since."""
        return bool(self.dispute(group))

    def dispute(self, group: Group) -> list[Mark]:
        """The marks that disagree, the latest last; none if they do not."""
        for student in group.students:
            marks = list(self.marks(student, group.question).values())
            if disputed(marks):
                return marks
        return []

    def mine(self, question: str, marker: str) -> list[str]:
        """The keys of what a marker has marked, in the order of marking."""
        return [k for k, g in self.groups(question).items() if marker in self.given(g)]

    def comments(self, question: str, marker: str) -> list[str]:
        """What was commented on answers to a question, the most used first.

        What others wrote of an answer that a marker may still be handed is kept from them.
        """
        each = Counter(
            comment
            for group in self.groups(question).values()
            if not self.is_due(group, marker)
            for comment in {mark.comment for mark in self.given(group).values()}
            if comment
        )
        return [comment for comment, _ in each.most_common(OFFERED)]

    def progress(self, question: str) -> Progress:
        """How far a question is."""
        groups = self.groups(question).values()
        students = [student for group in groups for student in group.students]
        return Progress(
            len(students),
            sum(bool(self.marks(student, question)) for student in students),
            sum(self.lacks(group) > 0 for group in groups),
            sum(self.is_disputed(group) for group in groups),
        )


def _from(groups: Mapping[str, Group], after: str) -> list[Group]:
    """All of them, those behind a key first."""
    later = [group for key, group in groups.items() if key > after]
    return later + [group for key, group in groups.items() if key <= after]


def _by_lot(key: str) -> bytes:
    return hashlib.sha256(b"double" + key.encode()).digest()
