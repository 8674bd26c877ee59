"""Canvas: "Download Submissions" of an assignment.

    doejane_123_456_backprop.ipynb            {name}_{user id}_{attachment id}_{file}
    doejane_LATE_123_456_backprop-1.ipynb     late, and the file's second upload under that name
    anon_acJ4Q_456_backprop.ipynb             anonymous grading: {anonymous id} instead of both
    doejane_123_text.html, …_link.html        a text entry, a link

The rules are those of Canvas' own source (github.com/instructure/canvas-lms): ContentZipper,
`lib/content_zipper.rb`, and Attachment.make_unique_filename, `app/models/attachment.rb`. The name
is lower case, and may be empty; the zip holds each student's latest attempt only.

Students choose the names of their files, and perhaps their own, and both may hold what looks like
ids: the first two numbers count, as they do for Canvas. Others do only where what no student can
choose says so: nobody has two names, no two files have one id, and ids of one class are about as
large as each other. Where that leaves a doubt, the file is nobody's.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence
from itertools import islice

from ...model import Receipt
from ..entries import Entry
from .layout import UNTOLD, Handed, Layout

NAME = re.compile(r"[^A-Z\s./-]*")
IDS = re.compile(
    r"_(?P<late>LATE_)?(?=(?P<student>[0-9]+)_(?P<attachment>[0-9]+)_(?P<file>.))", re.DOTALL
)
LATE = r"(?P<late>LATE_)?"
PAGE = r"_(?P<page>text|link)\.html"
NAMED_PAGE = re.compile(rf"(?P<name>{NAME.pattern})_{LATE}(?P<student>[0-9]+){PAGE}")
ANONYMOUS = rf"{LATE}(?P<student>anon_[A-Za-z0-9]{{5}})(?P<name>)"
ANONYMOUS_FILE = re.compile(rf"{ANONYMOUS}_(?P<attachment>[0-9]+)_(?P<file>[^/]+)", re.DOTALL)
ANONYMOUS_PAGE = re.compile(ANONYMOUS + PAGE)
PAGES = {"text": "a text entry", "link": "a link"}
MAX_READINGS = 10  # of a name: more say nothing more
AGAIN = re.compile(  # before the endings, as make_unique_filename has it
    r"(?<=.)-(?:[0-9]{1,2}|[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12})"
    r"(?=(?:\.[A-Za-z][A-Za-z0-9]*)*(?:\.[A-Za-z0-9]*)?\Z)",
    re.DOTALL,
)


def place(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Handed | None]]:
    """Whose each file is, by its name."""
    names = [str(entry.path) for entry in entries]
    heads = {(re.match(ANONYMOUS + "_", n) or re.match("[^_]*", n) or n)[0] for n in names}
    anonymous = sum("anon_" in head for head in heads) * 2 > len(heads)
    if anonymous:  # a whole assignment is, or is not
        return zip(entries, map(_anonymous, names), strict=True)
    return zip(entries, _chosen([_readings(name) for name in names]), strict=True)


def _anonymous(name: str) -> Handed | None:
    if found := ANONYMOUS_FILE.fullmatch(name):
        return _file(found, "", found["file"])
    found = ANONYMOUS_PAGE.fullmatch(name)
    return _page(found) if found else None


def _readings(name: str) -> list[Handed]:
    """What a name can mean: in doe_12_34_56_x.ipynb, 12 or 34 may be the id of the student."""
    if "/" in name:
        return []
    end = len((NAME.match(name) or name)[0])
    found = (ids for ids in IDS.finditer(name) if ids.start() <= end)
    readings = [
        _file(ids, name[: ids.start()], name[ids.start("file") :])
        for ids in islice(found, MAX_READINGS)
    ]
    page = NAMED_PAGE.fullmatch(name)
    return [*readings, _page(page)] if page else readings


def _file(found: re.Match[str], name: str, file: str) -> Handed:
    receipt = Receipt(found["attachment"], late=bool(found["late"]))
    return Handed(found["student"], AGAIN.sub("", file), receipt, name=name)


def _page(found: re.Match[str]) -> Handed:
    path, instead = f"{found['page']}.html", PAGES[found["page"]]
    return Handed(found["student"], path, Receipt(late=bool(found["late"])), instead, found["name"])


def _chosen(readings: list[list[Handed]]) -> list[Handed | None]:
    """One reading of each name; UNTOLD where there is no safe one."""
    students = {(f[0].name, f[0].student): f for f in readings if f}.values()  # a file of each
    first, second = ([_reading(f, ends) for f in students] for ends in (False, True))
    certain = [found[0] for found in students if len(found) == 1]
    if not certain and _of_one_name(first) and believable(second):
        # All have names that end in numbers, as those of test students do.
        return [_reading(found, ends_in_digits=True) if found else None for found in readings]
    users = _Usual([r.student for r in certain or first])
    uploads = _Usual([r.receipt.attempt for r in certain or first if r.receipt.attempt])

    def likely(found: list[Handed]) -> list[Handed]:
        return [reading for reading in found if uploads.like(reading.receipt.attempt)]

    uses = Counter(_upload(reading) for found in readings for reading in found)
    sure = [
        found[0]
        for found in readings
        if len(found) == 1 or (found and likely(found) == found[:1] and uses[_upload(found[0])] < 2)
    ]
    names = {reading.student: reading.name for reading in sure}
    taken = {reading.receipt.attempt for reading in sure}

    def tell(found: list[Handed]) -> Handed | None:
        if not found or found[0] in sure:
            return found[0] if found else None
        possible = [
            reading
            for reading in found
            if names.get(reading.student, reading.name) == reading.name
            and reading.receipt.attempt not in taken
            and uses[_upload(reading)] < 2
        ]
        fitting = likely(possible)
        if found[0] in (fitting or possible)[:1]:
            doubtful = len(fitting) > 1 and found[0].student in names
            return UNTOLD if doubtful else found[0]
        strange = found[0] not in possible or not users.like(found[0].student)
        if _ends_in_digits(found) and found[1] in fitting and users.like(found[1].student):
            return found[1] if strange else UNTOLD
        return UNTOLD

    told = [tell(found) for found in readings]
    chosen = [reading for reading in told if reading and reading.student]
    known = Counter(student for student, _ in {(r.student, r.name) for r in chosen})
    used = Counter(reading.receipt.attempt for reading in chosen if reading.receipt.attempt)

    def is_shared(reading: Handed) -> bool:
        return known[reading.student] > 1 or used[reading.receipt.attempt] > 1

    return [UNTOLD if r and r not in sure and is_shared(r) else r for r in told]


def _reading(found: list[Handed], ends_in_digits: bool) -> Handed:
    return found[ends_in_digits and _ends_in_digits(found)]


def _upload(reading: Handed) -> tuple[str, str, str]:
    """What only one file can have."""
    return reading.name, reading.student, reading.receipt.attempt


def _ends_in_digits(found: list[Handed]) -> bool:
    """Whether the second reading is that of a name that ends in a number, as doe_12 does."""
    return len(found) > 1 and found[1].name == f"{found[0].name}_{found[0].student}"


class _Usual:
    """How large ids of one kind are here."""

    def __init__(self, ids: Sequence[str]) -> None:
        self._size = sorted(map(_size, ids))[len(ids) // 2] if ids else 0.0

    def like(self, id_: str) -> bool:
        """Whether an id is about as large."""
        return bool(id_) and abs(_size(id_) - self._size) < 1


def _size(digits: str) -> float:
    """A number about as its logarithm: none is too long for it."""
    return len(digits) + float(f"0.{digits}")


def believable(files: list[Handed]) -> bool:
    """Not somebody's own `lab_1_23_alice.ipynb`: ids that are as distinct as Canvas' are."""
    attachments = [f.receipt.attempt for f in files if f.receipt.attempt]
    students = {f.student for f in files}
    names = {(f.student, f.name) for f in files}
    notebooks = sum(f.path.lower().endswith(".ipynb") for f in files)
    return (
        len(set(attachments)) == len(attachments)
        and len(names) == len(students)  # each has one
        and (len(students) > 1 or len(files) == 1 or notebooks == 1)
        and (not any(f.name for f in files) or not _of_one_name(files))  # or it is left out
    )


def _of_one_name(files: list[Handed]) -> bool:
    """Whether most share a name with others."""
    return len({f.name for f in files}) * 2 <= len({f.student for f in files})


LAYOUT = Layout("Canvas", "doejane_123_456_backprop.ipynb", place, believable)
