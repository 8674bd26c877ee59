"""Canvas: "Download Submissions" of an assignment.

    doejane_123_456_backprop.ipynb            {name}_{user id}_{attachment id}_{file}
    doejane_LATE_123_456_backprop-1.ipynb     late, and the file's second upload under that name
    anon_acJ4Q_456_backprop.ipynb             anonymous grading: {anonymous id} instead of both
    doejane_123_text.html, …_link.html        a text entry, a link

The rules are those of Canvas' own source (github.com/instructure/canvas-lms): ContentZipper,
`lib/content_zipper.rb`, and Attachment.make_unique_filename, `app/models/attachment.rb`. The name
is lower case, and may be empty; the zip holds each student's latest attempt only. The digits that a
name may end in look like an id, to Canvas as well: the others' ids have to tell.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..entries import Entry
from ..model import Receipt
from .layout import Handed, Layout

NAMED = r"(?P<name>[^A-Z\s./-]*?)_(?P<late>LATE_)?(?P<student>[0-9]+)"
ANONYMOUS = r"(?P<late>LATE_)?(?P<student>anon_[A-Za-z0-9]{5})(?P<name>)"
FILE = r"_(?P<attachment>[0-9]+)_(?P<file>[^/]+)"
PAGE = r"_(?P<page>text|link)\.html"
PAGES = {"text": "a text entry", "link": "a link"}
AGAIN = re.compile(  # before the endings, as make_unique_filename has it
    r"(?<=.)-(?:[0-9]{1,2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"(?=(?:\.[A-Za-z][A-Za-z0-9]*)*(?:\.[A-Za-z0-9]*)?\Z)",
    re.DOTALL,
)


def place(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Handed | None]]:
    """Whose each file is, by its name."""
    names = [str(entry.path) for entry in entries]
    anonymous = sum(bool(re.match(ANONYMOUS + "_", name)) for name in names) * 2 > len(names)
    who = ANONYMOUS if anonymous else NAMED  # a whole assignment is either
    file, page = re.compile(who + FILE, re.DOTALL), re.compile(who + PAGE)
    readings = [_readings(file.fullmatch(name), page.fullmatch(name)) for name in names]
    return zip(entries, _likeliest(readings), strict=True)


def _readings(file: re.Match[str] | None, page: re.Match[str] | None) -> list[Handed]:
    """What a name can mean: in doe_12_34_56_x.ipynb, 12 or 34 may be the id of the student."""
    if not (found := file or page):
        return []
    student, name, late = found["student"], found["name"], bool(found["late"])
    if not file:
        path, instead = f"{found['page']}.html", PAGES[found["page"]]
        return [Handed(student, path, Receipt(late=late), instead, name)]
    readings, numbers = [], [student, found["attachment"]]
    given: str = found["file"]
    while True:
        path = AGAIN.sub("", given)
        readings.append(Handed(numbers[-2], path, Receipt(numbers[-1], late=late), name=name))
        number, underscore, given = given.partition("_")
        pinned = late or student.startswith("anon_")
        if pinned or not (underscore and given and re.fullmatch("[0-9]+", number)):
            return readings
        name += f"_{numbers[-2]}"
        numbers.append(number)


def _likeliest(readings: list[list[Handed]]) -> list[Handed | None]:
    """One reading of each name: the first, unless the ids of the others' uploads say otherwise.

    What is uploaded for one assignment has ids that are near each other.
    """
    first = [found[0] if found else None for found in readings]
    sure = [_size(f[0]) for f in readings if len(f) == 1 and f[0].receipt.attempt]
    if sure:
        usual = sorted(sure)[len(sure) // 2]
        return [min(f, key=lambda r: abs(_size(r) - usual)) if f else None for f in readings]
    second = [found[:2][-1] if found else None for found in readings]
    if not believable([f for f in first if f]) and believable([f for f in second if f]):
        return second  # all have names that end in numbers, as those of test students do
    return first


def _size(handed: Handed) -> float:
    """The number of the upload, about as its logarithm: no number is too long for it."""
    digits = handed.receipt.attempt
    return len(digits) + float(f"0.{digits}")


def believable(files: list[Handed]) -> bool:
    """Not somebody's own `lab_1_23_alice.ipynb`: ids that are as distinct as Canvas' are."""
    attachments = [f.receipt.attempt for f in files if f.receipt.attempt]
    students = {f.student for f in files}
    names = {(f.student, f.name) for f in files}
    return (
        len(set(attachments)) == len(attachments)
        and len(names) == len(students)  # each has one
        and (len(students) > 1 or len(files) == 1)
        # Not all of one name, unless it is left out.
        and (not any(f.name for f in files) or len({f.name for f in files}) * 2 > len(students))
    )


LAYOUT = Layout("Canvas", "doejane_123_456_backprop.ipynb", place, believable)
