"""Downloads of learning management systems: whose files are whose, told by their names."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import PurePosixPath

from ..entries import JUNK, Entry
from .blackboard import LAYOUT as BLACKBOARD
from .brightspace import LAYOUT as BRIGHTSPACE
from .canvas import LAYOUT as CANVAS
from .gradescope import LAYOUT as GRADESCOPE
from .layout import Handed, Layout, Told
from .moodle import LAYOUT as MOODLE

LAYOUTS: dict[str, Layout] = {  # of those that fit alike the first counts: loose names come last
    "moodle": MOODLE,
    "brightspace": BRIGHTSPACE,
    "gradescope": GRADESCOPE,
    "blackboard": BLACKBOARD,
    "canvas": CANVAS,
}
STRAYS = 4  # one file in so many may be nobody's


@dataclass(frozen=True)
class Download:
    """The files of a recognised download."""

    title: str  # of the LMS
    students: dict[str, list[Entry]]  # of the latest attempt, by student id
    left_out: list[str]  # names that fit no student, or perhaps two


def recognise(entries: Sequence[Entry], layout: str | None = None) -> Download | None:
    """The download that these files are; None if they are none, or none of the given `layout`.

    Without `layout`, nearly all names have to fit, and the one that most fit is taken: what a
    student chose to call many files must not make it another; with it, those that fit are taken.
    """
    layouts = [LAYOUTS[layout]] if layout else list(LAYOUTS.values())
    for view in (entries, _unwrapped(entries)):
        fitting = []
        for known in layouts:
            told, handed, strays = _placed(known, view)
            nearly_all = len(strays) * STRAYS <= len(told)
            if handed and (layout or (nearly_all and known.believable(handed))):
                fitting.append((len(strays), known.title, told))
        if fitting:
            _, title, told = min(fitting, key=lambda found: found[0])
            return _sorted(title, told)
    return None


def nearly(entries: Sequence[Entry]) -> dict[str, list[str]]:
    """The layout that most names fit, and the names that do not; empty if there is none.

    Of files that are not to be recognised, as in a folder, all may.
    """
    for view in (entries, _unwrapped(entries)):
        fitting = []
        for name, known in LAYOUTS.items():
            _, handed, strays = _placed(known, view)
            if len(strays) < len(handed) and known.believable(handed):
                fitting.append((len(strays), name, strays))
        if fitting:
            _, name, strays = min(fitting, key=lambda found: found[0])
            return {name: strays}
    return {}


def _placed(
    known: Layout, entries: Sequence[Entry]
) -> tuple[list[tuple[Entry, Handed | None]], list[Handed], list[str]]:
    """What a layout tells of each file, what of it is a student's, and names that do not fit."""
    told = list(known.place(entries))
    handed = [found for _, found in told if found and found.student]
    return told, handed, [entry.shown for entry, found in told if found is None]


def _unwrapped(entries: Sequence[Entry]) -> list[Entry]:
    """As they lie in the one folder around all, if there is one: people zip again what they unzip.

    Empty if there is none.
    """
    tops = {entry.path.parts[0] for entry in entries}
    if len(tops) != 1 or any(len(entry.path.parts) == 1 for entry in entries):
        return []
    return [
        replace(e, path=e.path.relative_to(e.path.parts[0]), origin=e.origin or e.path)
        for e in entries
    ]


def _sorted(title: str, told: Told) -> Download:
    """By student, without what is older than their latest attempt."""
    students: dict[str, list[tuple[Entry, Handed]]] = {}
    left_out = []
    for entry, handed in told:
        if handed and handed.student:
            students.setdefault(handed.student, []).append((entry, handed))
        else:
            left_out.append(entry.shown)
    return Download(
        title, {student: _latest(files) for student, files in students.items()}, left_out
    )


def _latest(files: list[tuple[Entry, Handed]]) -> list[Entry]:
    latest = max(handed.receipt.submitted_at for _, handed in files)
    return [
        replace(
            entry,
            path=PurePosixPath(handed.student, handed.path),
            origin=entry.origin or entry.path,
            receipt=handed.receipt,
            instead=handed.instead,
        )
        for entry, handed in files
        if handed.receipt.submitted_at == latest
        and not any(map(JUNK.search, handed.path.split("/")))
    ]
