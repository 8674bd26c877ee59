"""Canvas: "Download Submissions" of an assignment.

    doejane_123_456_backprop.ipynb            {name}_{user id}_{attachment id}_{file}
    doejane_LATE_123_456_backprop-1.ipynb     late, and the file's second upload under that name
    anon_acJ4Q_456_backprop.ipynb             anonymous grading: {anonymous id} instead of both
    doejane_123_text.html, …_link.html        a text entry, a link

The rules are those of Canvas' own source (github.com/instructure/canvas-lms): ContentZipper,
`lib/content_zipper.rb`, and Attachment.make_unique_filename, `app/models/attachment.rb`. The name
is lower case, and may be empty; the zip holds each student's latest attempt only. A name that ends
in an underscore and digits cannot be told from the ids after it, not by Canvas either.
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
    r"(?=(?:\.[A-Za-z][A-Za-z0-9]*)*(?:\.[A-Za-z0-9]*)?\Z)"
)


def place(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Handed | None]]:
    """Whose each file is, by its name."""
    names = [str(entry.path) for entry in entries]
    anonymous = sum(bool(re.match(ANONYMOUS + "_", name)) for name in names) * 2 > len(names)
    who = ANONYMOUS if anonymous else NAMED  # a whole assignment is either
    file, page = re.compile(who + FILE, re.DOTALL), re.compile(who + PAGE)
    for entry, name in zip(entries, names, strict=True):
        if found := file.fullmatch(name):
            given = AGAIN.sub("", found["file"])
            receipt = Receipt(attempt=found["attachment"], late=bool(found["late"]))
            yield entry, Handed(found["student"], given, receipt, name=found["name"])
        elif found := page.fullmatch(name):
            receipt, instead = Receipt(late=bool(found["late"])), PAGES[found["page"]]
            given = f"{found['page']}.html"
            yield entry, Handed(found["student"], given, receipt, instead, name=found["name"])
        else:
            yield entry, None


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
