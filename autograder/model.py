"""The data that travels through the pipeline, one frozen dataclass for each station."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from .observation import Observation  # with numpy, which takes seconds to import


@dataclass(frozen=True)
class Receipt:
    """How a submission came in, as far as the download says."""

    attempt: str = ""  # the number or name that the LMS gives it; later ones do not sort later
    submitted_at: str = ""  # ISO 8601; without an offset where the download has none
    late: bool = False  # flagged by the LMS
    as_of: str = ""  # when the download was made, or later: ISO 8601, UTC


NO_RECEIPT = Receipt()


@dataclass(frozen=True)
class Cell:
    """A cell of a notebook, as it was handed in."""

    kind: str  # code or markdown
    source: str
    id: str = ""  # some tools drop it


@dataclass(frozen=True)
class Submission:
    """What one student handed in, read but never executed."""

    student_id: str
    path: str  # relative to what was given to grade
    cells: tuple[str, ...] = ()  # source of the code cells, in order
    files: dict[str, str] = field(default_factory=dict)  # modules beside the notebook, by name
    notebook: tuple[Cell, ...] = ()  # all cells, in order: for people, who read the text as well
    problem: str = ""  # why it cannot be read; empty if it can
    several: tuple[str, ...] = ()  # paths of files that may all be meant, which is the problem
    digest: str = ""  # of all the content
    receipt: Receipt = NO_RECEIPT


@dataclass(frozen=True)
class CellNote:
    """What happened in a cell that the student should know; costs nothing by itself."""

    cell: int  # from 1, code cells only
    message: str


@dataclass(frozen=True)
class Output:
    """What a cell of the student's own showed when it ran."""

    cell: int  # from 1, code cells only
    text: str = ""
    figure: bytes = b""  # PNG; either this or text is empty
    left_out: int = 0  # how many more figures of the cell are not kept


@dataclass(frozen=True)
class Work:
    """What a student wrote for an exercise or a question; a question's may be of several cells."""

    name: str  # of the exercise or question
    source: str  # code, or Markdown
    cell: int | None = None  # from 1, code cells only; None: text


class Kind(StrEnum):
    """What a check's verdict can be."""

    passed = "passed"
    failed = "failed"
    raised = "raised"
    timed_out = "timed_out"
    crashed = "crashed"
    out_of_memory = "out_of_memory"
    protocol = "protocol"
    missing = "missing"
    not_run = "not_run"
    grader_error = "grader_error"


@dataclass(frozen=True)
class Lost:
    """Why there is no observation of a case: the worker was stopped or died."""

    kind: Kind
    message: str
    cell: int | None = None  # where the message points to in the notebook
    line: int | None = None


@dataclass(frozen=True)
class Run:
    """What came out of running one submission: by exercise, what was seen of each of its cases."""

    visible: dict[str, list[Observation | Lost]]
    hidden: dict[str, list[Observation | Lost]]
    notes: tuple[CellNote, ...] = ()
    outputs: tuple[Output, ...] = ()
    seconds: float = 0.0  # wall-clock


UNFINISHED = "not done yet"  # the hint of what raises the skeleton's NotImplementedError


@dataclass(frozen=True)
class Verdict:
    """The judge's answer for one check."""

    check: str
    kind: Kind
    hint: str = ""  # one sentence for the student, empty if the check passed
    cell: int | None = None  # where the student's code raised, as far as they may know it
    line: int | None = None  # of that cell, from 1

    @property
    def is_unfinished(self) -> bool:
        """Whether there is nothing to judge yet: the skeleton, and no error of the student's."""
        return self.kind is Kind.raised and self.hint == UNFINISHED


@dataclass(frozen=True)
class Outcome:
    """All verdicts of one exercise, and the sentences of the mistakes that were recognised."""

    exercise: str
    verdicts: tuple[Verdict, ...]
    mistakes: tuple[str, ...] = ()


SETTLED = " (settled)"  # ends a marker's name where they decided between others


@dataclass(frozen=True)
class Mark:
    """What a person gave for the answer to one question."""

    question: str
    points: float
    marker: str  # who gave it, as they are known where they marked
    comment: str = ""
    criteria: tuple[int, ...] = ()  # that the answer meets: positions in the rubric, from 0
    false_claims: int = 0
    marked_at: str = field(default="", compare=False)  # ISO 8601, UTC; the record says when


def disputed(marks: Sequence[Mark]) -> bool:
    """Whether an answer was given different points, the latest mark last, and it is not settled."""
    return len({mark.points for mark in marks}) > 1 and not marks[-1].marker.endswith(SETTLED)


@dataclass(frozen=True)
class Override:
    """Points that a person gave in the place of the checks', for good."""

    exercise: str  # or question
    points: float
    reason: str
    by: str
    at: str = field(default="", compare=False)  # ISO 8601, UTC; the record says when


class Status(StrEnum):
    """What became of a submission."""

    graded = "graded"
    unreadable = "unreadable"
    grader_error = "grader_error"


@dataclass(frozen=True)
class Result:
    """Everything that is recorded about one submission; points are not: they follow from it."""

    student_id: str
    path: str
    status: Status
    problem: str = ""  # why unreadable, or what went wrong on our side
    notes: tuple[CellNote, ...] = ()
    outcomes: tuple[Outcome, ...] = ()
    fingerprint: str = ""  # of submission and assignment: unchanged means nothing to do
    tier: str = ""  # isolation that it ran under
    seconds: float = 0.0
    receipt: Receipt = NO_RECEIPT
    graded_at: str = field(default="", compare=False)  # ISO 8601, UTC; the record says when
    marks: tuple[Mark, ...] = ()  # given by hand so far, the latest of each question last
    works: tuple[Work, ...] = ()
    outputs: tuple[Output, ...] = ()
    overrides: tuple[Override, ...] = ()
