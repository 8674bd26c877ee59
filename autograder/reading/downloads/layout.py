"""What a layout of downloads has to say."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime

from ...model import NO_RECEIPT, Receipt
from ..entries import Entry


@dataclass(frozen=True)
class Handed:
    """What a name in a download tells of one file."""

    student: str  # their id; empty if it cannot be told
    path: str  # as the student named it
    receipt: Receipt = NO_RECEIPT
    instead: str = ""  # what it is, if no file of theirs, as in "a text entry"
    name: str = ""  # of the student, where there is one; never identifies


UNTOLD = Handed("", "")  # of this LMS, but it could be somebody else's
Told = Iterable[tuple[Entry, Handed | None]]  # None: nobody's; an LMS's own files are not in it


@dataclass(frozen=True)
class Layout:
    """How one LMS names what it lets instructors download."""

    title: str
    example: str  # a typical name
    place: Callable[[Sequence[Entry]], Told]
    believable: Callable[[list[Handed]], bool] = bool  # whether names that fit are not so by chance


def moment(text: str) -> str:
    """A time in ISO 8601 as it stands; empty if there is no such time."""
    try:
        datetime.fromisoformat(text)
    except ValueError:
        return ""
    return text
