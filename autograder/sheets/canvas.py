"""Canvas: its gradebook CSV, edited in place, and the zip of feedback that it takes back.

As Canvas reads it: a column is known by the id in `Name (2345)`, and one without an id would become
a new assignment; a row whose first cell holds "Points Possible" sets the points of the assignment;
`EX` is excused. A number's last point or comma is the decimal one, so that 8.5 is right everywhere.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import PurePosixPath

from ..errors import SheetError
from .cells import read_sheet
from .feedback import Page
from .join import Column, Plan, Seat, choose, column_called, deliver, join, people
from .order import Order

TITLE = re.compile(r"(.*)\s\((\d+)\)", re.DOTALL)
POSSIBLE = "Points Possible"
KEPT = {"EX": "excused", "N/A": "not assigned to them"}


def write(order: Order, say: Callable[[str], None]) -> int:
    """Set scores in the file that Canvas exported; with --feedback, make the zip, too."""
    path = order.own_export
    sheet = read_sheet(path, ",;")
    header = [title.strip() for title in sheet.values(0)]
    if not _is_gradebook(header):
        raise SheetError(f"{path}: not a gradebook of Canvas: no columns Student, ID and Section")
    rows = people(sheet, path)
    possible = next((cells for cells in rows.values() if POSSIBLE in cells[0]), None)
    if possible is None:
        raise SheetError(f"{path}: no row {POSSIBLE!r}: export the gradebook again, all of it")
    column = choose(_columns(header, possible), order)
    key = column_called(order.match or "ID", header, path)
    seats = [
        Seat(row, (cells[key].strip(),), KEPT.get(cells[column.index].strip().upper(), ""))
        for row, cells in rows.items()
        if cells[key].strip()  # the rows of points and of "Manual Posting" have no id
    ]
    plan = join(sheet, seats, column, order)
    deliver(plan, sheet, order, say, _pages(plan, order, say) if order.feedback else None)
    return 0


def _is_gradebook(header: Sequence[str]) -> bool:
    names = header[:2] == ["LastName", "FirstName"] or header[:1] == ["Student"]
    return names and "ID" in header[:3] and "Section" in header


def _columns(header: Sequence[str], possible: Sequence[str]) -> list[Column]:
    """The assignments that can be written to, which have an id."""
    first = header.index("Section") + 1
    return [
        Column(index, found[1], found[2], possible[index])
        for index, title in islice(enumerate(header), first, None)
        if (found := TITLE.fullmatch(title)) and "read only" not in possible[index]
    ]


def _pages(plan: Plan, order: Order, say: Callable[[str], None]) -> list[Page]:
    """The feedback pages, under names that begin as what the students handed in.

    Canvas takes the first two numbers between underscores for the user and the file, and ignores
    names that begin with "link".
    """
    pages, unnamed = [], []
    paths = {result.student_id: PurePosixPath(result.path).name for result in order.results}
    for release in order.releases:
        student = release.student_id
        if student not in plan.with_our_score:
            continue
        parts = paths[student].split("_")
        numbers = [place for place, part in enumerate(parts) if re.fullmatch(r"[0-9]+", part)]
        if len(numbers) < 2 or parts[numbers[0]] != student or parts[0].startswith("link"):
            unnamed.append(student)
            continue
        beginning = "_".join(parts[: numbers[1] + 1])
        pages.append(Page(f"{beginning}_{order.assignment.name}_feedback.html", release.feedback))
    if unnamed:
        told = "no feedback page (Canvas could not tell whose it is by the name of the submission)"
        say(f"{told}: {', '.join(unnamed)}")
    return pages
