"""What the plan and its execution know of an LMS: these few words, whichever it is."""

from __future__ import annotations

import functools
from collections.abc import Callable
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import ParamSpec, Protocol, TypeVar

from ..errors import LmsError

COMMENT_MARK, FILE_MARK = "ref:", "file:"
P = ParamSpec("P")
T = TypeVar("T")
MISSHAPEN = (AttributeError, LookupError, TypeError, ValueError, ArithmeticError)


@dataclass(frozen=True)
class Target:
    """Where the scores go, as the LMS describes it."""

    platform: str  # canvas, moodle or lti
    place: str  # address and numbers: what tells it from any other target
    title: str
    max_score: Decimal
    remarks: tuple[str, ...] = ()  # such as: students see nothing before you post
    knows_everybody: bool = True  # whether a student whom it does not list is not enrolled
    comments_pile_up: bool = False  # or else one takes the place of the one before


@dataclass(frozen=True)
class Remote:
    """What the LMS holds of one student."""

    student_id: str
    score: Decimal | None = None
    excused: bool = False
    uploads: frozenset[str] = (
        frozenset()
    )  # attempts of which the latest submission is; empty: unknown
    submitted_at: str = ""  # of the latest submission, ISO 8601; empty: none, or unknown
    group: str = ""  # members share one score
    comments: tuple[str, ...] | None = None  # all there are; None: the LMS does not tell
    remark: str = ""  # what its instructor should know

    @property
    def handed_in(self) -> bool:
        """Whether there is a submission."""
        return bool(self.uploads or self.submitted_at)


@dataclass(frozen=True)
class Writing:
    """One score on its way: what to write, and by which name the journal knows it."""

    op: str  # the same for the same content, another for anything else
    student_id: str
    score: Decimal | None  # None: say that there is none (LTI only)
    max_score: Decimal
    comment: str = ""
    file: Path | None = None
    marks: tuple[str, ...] = ()  # by which the comment and the file are found again
    pending: bool = False  # if there is no score: because people have not marked it all

    @property
    def signed_comment(self) -> str:
        """The comment with the marks of what is sent, so that it is never posted twice."""
        marks = [m for m in self.marks if self.comment or not m.startswith(COMMENT_MARK)]
        return "\n".join(filter(None, (self.comment, " ".join(marks))))


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


def understood(method: Callable[P, T]) -> Callable[P, T]:
    """Turn what comes of an answer that is not as documented into an error for people."""

    @functools.wraps(method)
    def careful(*rest: P.args, **options: P.kwargs) -> T:
        try:
            return method(*rest, **options)
        except MISSHAPEN as error:
            kind = type(error).__name__
            raise LmsError(
                f"the LMS's answer is not as documented ({kind}: {str(error)[:100]}): is its "
                "address in grading.yml right?"
            ) from error

    return careful
