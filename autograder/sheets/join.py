"""Our scores and an LMS's table: who gets what, and whose cell stays as it is, for every format.

The default writes scores into empty cells and nothing else. Nobody is told by name: students are
ids here, and what the terminal shows of a table are ids, scores and titles of columns.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from decimal import ROUND_HALF_UP, Decimal
from pathlib import Path

from ..course.grading import nearest
from ..errors import SheetError
from ..plural import counted
from ..results.score import rounded
from .cells import Sheet, edited
from .feedback import Page, zipped
from .order import Order

NUMBER = re.compile(r"-?[0-9.,]*[0-9]")
WAITING = "Needs Grading"  # Blackboard's word for what was handed in
NOTHING = ("", "-", "–", WAITING)  # how an LMS says: no score
FATES = {  # what may become of a student, and how it is said
    "set": "set",
    "zero": "0 for nothing handed in",
    "unchanged": "unchanged",
    "conflict": "conflict",
    "kept": "kept",
    "missing": "missing",
    "ungraded": "not graded",
    "absent": "not in the gradebook",
    "open": "no score",
}
WHY = {  # those that are listed one by one
    "conflict": "another score is there, and stays (--overwrite replaces it)",
    "kept": "stays as it is",
    "missing": "nothing handed in, left as it is (--zero-missing writes 0 where nothing is)",
    "ungraded": "handed in as far as the file tells: left as it is, and never 0",
    "absent": "graded, but not in the gradebook",
    "open": "a grader error, or not marked yet: left as it is",
}


@dataclass(frozen=True)
class Column:
    """A column that scores may go to."""

    index: int
    title: str
    id: str = ""
    most: str | None = None  # points possible, as the table has them; None: it does not say

    @property
    def shown(self) -> str:
        """As a person names it."""
        return f"{self.title} ({self.id})" if self.id else self.title


@dataclass(frozen=True)
class Seat:
    """A student's row."""

    row: int
    ids: tuple[str, ...]  # any of which may be ours; the first one is shown
    kept: str = ""  # why the cell must stay as it is
    handed_in: bool = False  # as far as the table says, if we did not grade them


@dataclass
class Plan:
    """What becomes of each student, and the cells that change."""

    changes: dict[tuple[int, int], str] = field(default_factory=dict)
    fates: dict[str, list[str]] = field(default_factory=lambda: {fate: [] for fate in FATES})
    seats: dict[str, Seat] = field(default_factory=dict)  # by our id

    @property
    def with_our_score(self) -> set[str]:
        """Who has our score in the table, so that feedback fits."""
        return {*self.fates["set"], *self.fates["unchanged"]}


def decimal(text: str) -> Decimal | None:
    """The number in a cell; its last point or comma is the decimal one, as importers have it."""
    if not NUMBER.fullmatch(text.strip()):
        return None
    *whole, last = re.split("[.,]", text.strip())
    return Decimal(f"{''.join(whole)}.{last}" if whole else last)


def same(one: Decimal | None, other: Decimal) -> bool:
    """Whether two scores are the same to an LMS, which looks at two places."""
    cent = Decimal("0.01")
    return one is not None and one.quantize(cent, ROUND_HALF_UP) == other.quantize(cent)


def choose(columns: Sequence[Column], order: Order) -> Column:
    """The column of the assignment: the one that --column names, else the one named like it.

    Raises:
        SheetError: there is not exactly one, or it is of other points than ours.
    """
    name = order.column or order.assignment.name
    if order.column is None:
        found = [column for column in columns if _folded(column.title) == _folded(name)]
    else:
        found = [c for c in columns if name.strip() in (c.shown, c.id, c.title)]
    if len(found) != 1:
        several = f"{len(found)} columns are" if found else "no column is"
        listed = ", ".join(repr(column.shown) for column in columns) or "none"
        raise SheetError(
            f"{order.own_export}: {several} called {name!r}: "
            f"give --column, one of the columns with points: {listed}"
        )
    (column,) = found
    refuse_other_points(column, order)
    return column


def refuse_other_points(column: Column, order: Order) -> None:
    """The LMS's assignment must be worth what ours is, if the table says.

    Raises:
        SheetError: it is not; then it may be another one.
    """
    ours = order.releases[0].max_score
    if column.most is not None and not same(decimal(column.most), ours):
        by_hand = rounded(sum(order.assignment.question_points.values()))
        cure = "is it the right column? If so, make them the same"
        if by_hand and same(decimal(column.most), ours + by_hand):
            cure = f"the {by_hand:f} points of the questions count once they are marked"
        raise SheetError(
            f"{order.own_export}: different points possible: {column.shown!r} has "
            f"{column.most.strip() or 'none'}, {order.assignment.name} here {ours:f}: {cure}"
        )


def join(
    sheet: Sheet, seats: Iterable[Seat], column: Column, order: Order, point: str = "."
) -> Plan:
    """Decide for everybody; nothing is written.

    Raises:
        SheetError: nobody matches, somebody is there twice, or would get 0 who may be one of ours.
    """
    releases = {_normal(release.student_id): release for release in order.releases}
    plan = Plan()
    for seat in seats:
        cell = (seat.row, column.index)
        old = sheet.values(seat.row)[column.index].strip()
        found = {id_: releases[_normal(id_)] for id_ in seat.ids if _normal(id_) in releases}
        students = {release.student_id: release for release in found.values()}
        if len(students) > 1 or plan.seats.keys() & students.keys():
            twice = " and ".join(students)
            raise SheetError(f"{order.own_export}: cannot tell who is who: {twice} in two rows")
        for student, release in students.items():
            plan.seats[student] = seat
            new = None if release.score is None else f"{release.score:f}".replace(".", point)
            fate = _fate(seat, release.score, old, order)
            told = {"kept": f" ({seat.kept})", "conflict": f" ({old}, ours is {new})"}
            plan.fates[fate].append(student + told.get(fate, ""))
            if fate == "set" and new is not None:
                plan.changes[cell] = new
        if not students and (seat.handed_in or old == WAITING):
            plan.fates["ungraded"].append(seat.ids[0])
        elif not students:
            zero = order.zero_missing and old in NOTHING and not seat.kept
            plan.fates["zero" if zero else "missing"].append(seat.ids[0])
            if zero:
                plan.changes[cell] = "0"
    absent = [r.student_id for r in order.releases if r.student_id not in plan.seats]
    if not plan.seats:
        raise SheetError(
            f"{order.own_export}: nobody in it was graded here: its ids look like "
            f"{_some(plan.fates['missing'] + plan.fates['zero'])}, those in {order.folder} like "
            f"{_some(absent)}{_anonymous(absent)}"
        )
    if absent and plan.fates["zero"]:
        raise SheetError(
            f"{order.own_export}: {_some(absent)} was graded and is not in it, and may be somebody "
            f"who would get 0, like {_some(plan.fates['zero'])}: give --match, or drop "
            "--zero-missing"
        )
    plan.fates["absent"] = absent
    return plan


def deliver(
    plan: Plan,
    sheet: Sheet,
    order: Order,
    say: Callable[[str], None],
    pages: Sequence[Page] | None = None,
) -> None:
    """Write the edited file and perhaps a zip of feedback pages, and tell what was done.

    Raises:
        AutograderError: a page is not there, or the file would replace another; nothing is written.
    """
    archive = None if pages is None else zipped(pages, order)
    order.write(order.destination, edited(sheet, plan.changes).content())
    counts = {fate: len(students) for fate, students in plan.fates.items()}
    always = ("set", "unchanged", "conflict", "missing", "absent")
    say(", ".join(f"{FATES[f]} {n}" for f, n in counts.items() if n or f in always))
    for fate, why in WHY.items():
        if students := plan.fates[fate]:
            say(f"{FATES[fate]} ({why}): {', '.join(students)}{_anonymous(students)}")
    if order.has_late_penalties:
        say("what grading.yml takes for lateness is taken: have the LMS take nothing more")
    say(f"wrote {order.destination}")
    if pages is not None and archive is not None:
        path = order.folder / f"{order.target}-feedback.zip"
        order.write(path, archive)
        say(f"wrote {path}: {len(pages)} feedback pages")


def decimal_mark(sheet: Sheet, column: Column) -> str:
    """How the table writes half a point: 0,5 if it has such numbers, else 0.5."""
    cells = (sheet.values(row) for row in range(1, len(sheet.rows)))
    texts = [c[column.index].strip() for c in cells if len(c) > column.index]
    numbers = [t for t in [*texts, (column.most or "").strip()] if decimal(t) is not None]
    return "," if any(re.search(r",\d+$", number) for number in numbers) else "."


def column_called(name: str, header: Sequence[str], path: Path) -> int:
    """Where a column is, by its title.

    Raises:
        SheetError: there is not exactly one.
    """
    found = [i for i, title in enumerate(header) if title.strip().casefold() == name.casefold()]
    if len(found) != 1:
        hint = "" if found else nearest(name, filter(None, header))
        raise SheetError(f"{path}: {len(found) or 'no'} columns are called {name!r}{hint}")
    return found[0]


def people(sheet: Sheet, path: Path) -> Mapping[int, list[str]]:
    """What each row below the first says, by its number, without empty ones.

    Raises:
        SheetError: a row has fewer or more cells than the first line.
    """
    width = len(sheet.rows[0])
    rows = {row: sheet.values(row) for row in range(1, len(sheet.rows))}
    rows = {row: cells for row, cells in rows.items() if any(map(str.strip, cells))}
    for row, cells in rows.items():
        if len(cells) != width:
            raise SheetError(
                f"{path}: row {row + 1} has {counted(len(cells), 'cell')}, the first {width}"
            )
    return rows


def _fate(seat: Seat, score: Decimal | None, old: str, order: Order) -> str:
    if score is None:
        return "open"
    if seat.kept:
        return "kept"
    if same(decimal(old), score):
        return "unchanged"
    return "set" if old in NOTHING or order.overwrite else "conflict"


def _normal(id_: str) -> str:
    return unicodedata.normalize("NFC", id_.strip())


def _folded(title: str) -> str:
    return re.sub(r"[\W_]+", "", unicodedata.normalize("NFKC", title).casefold())


def _some(ids: Sequence[str]) -> str:
    return repr(ids[0]) if ids else "nothing"


def _anonymous(students: Sequence[str]) -> str:
    if not any(student.startswith("anon_") for student in students):
        return ""
    return "; anonymous ids (anon_...) match nobody: switch anonymous grading off, download again"
