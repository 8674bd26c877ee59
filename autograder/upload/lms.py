"""What the plan and its execution know of an LMS: these few words, whichever it is."""

from __future__ import annotations

from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Protocol


@dataclass(frozen=True)
class Target:
    """Where the scores go, as the LMS describes it."""

    platform: str  # canvas, moodle or lti
    place: str  # address and numbers: what tells it from any other target
    title: str
    max_score: Decimal
    remarks: tuple[str, ...] = ()  # such as: students see nothing before you post
    knows_everybody: bool = True  # whether a student whom it does not list is not enrolled


@dataclass(frozen=True)
class Remote:
    """What the LMS holds of one student."""

    student_id: str
    score: Decimal | None = None
    excused: bool = False
    uploads: frozenset[str] = (
        frozenset()
    )  # attempts of which the latest submission is; empty: unknown
    submitted_at: str = ""  # of the latest submission, ISO 8601; empty: unknown
    group: str = ""  # members share one score
    comments: tuple[str, ...] | None = None  # all there are; None: the LMS does not tell


@dataclass(frozen=True)
class Writing:
    """One score on its way: what to write, and by which name the journal knows it."""

    op: str  # the same for the same content, another for anything else
    student_id: str
    score: Decimal | None  # None: say that there is none (LTI only)
    max_score: Decimal
    comment: str = ""
    file: Path | None = None

    @property
    def signed_comment(self) -> str:
        """The comment with a mark by which it is found again, so that it is never posted twice."""
        return f"{self.comment}\n{self.mark}".strip()

    @property
    def mark(self) -> str:
        """What tells our comment from others."""
        return f"ref:{self.op}"


class Lms(Protocol):
    """One assignment in one LMS. Reading never writes.

    Methods raise `LmsError` where the LMS refuses, and `OutcomeUnknown` where it does not answer.
    """

    def target(self) -> Target:
        """Where the scores go."""

    def read(self) -> dict[str, Remote]:
        """What it holds of everybody, by student id."""

    def read_one(self, student_id: str) -> Remote:
        """What it holds of one student now."""

    def write(self, writing: Writing, at: str) -> None:
        """Write a score, with its comment and file, in one go; not tried again in here.

        `at` is when (ISO 8601, UTC), later than that of any write before.
        """

    def tidy(self, writing: Writing) -> None:
        """Take away what the wire delivered twice; only where comments pile up."""
