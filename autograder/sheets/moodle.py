"""Moodle: its offline grading worksheet, edited in place, and the zip of feedback files.

Titles and words are in the site's language. What holds in all of them: the first column ends with
the participant's number, which is the one of the downloaded folders; after the grade comes the
maximum, and after that, perhaps behind the marking workflow, whether the grade can be changed.
"""

from __future__ import annotations

import html
import re
from collections.abc import Callable, Mapping, Sequence

from ..errors import SheetError
from ..escape import cell
from .cells import Sheet, read_sheet
from .feedback import Page
from .join import (
    Column,
    Plan,
    Seat,
    column_called,
    decimal,
    decimal_mark,
    deliver,
    join,
    people,
    refuse_other_points,
)
from .order import Order

TIME = re.compile(r"[^\d]*\d+[^\d]+\d")  # "Wednesday, 10 June 2026, 2:14 PM", in any language
PARTICIPANT = re.compile(r"\D*(\d+)")
GRADES = (
    "Grade Bewertung Note Calificación Qualificació Valutazione Nota Cijfer Betyg Karakter "
    "Arvosana Ocena Známka Оценка 評点 成绩"
)
# What `submissionstatus_` is in Moodle's own translations; more may follow, as of an overdue one.
NO_SUBMISSION = (
    "no submission|no attempt|keine abgabe|pas de travail remis|sin entrega|nenhum envio|"
    "não submetido|geen ingestuurde opdracht|ingen inlämning|нет ответа на задание|提出なし"
)
YES = "yes ja oui sí sì sim kyllä tak ano да はい 是"
NO = "no nein non não nee nej nei ei nie ne нет いいえ 否"


def write(order: Order, say: Callable[[str], None]) -> int:
    """Set grades in the worksheet that Moodle exported; with --feedback, make the zip, too."""
    path = order.own_export
    sheet = read_sheet(path)
    header = [title.strip() for title in sheet.values(0)]
    rows = people(sheet, path)
    found = {row: PARTICIPANT.fullmatch(cells[0].strip()) for row, cells in rows.items()}
    numbers = {row: match[1] for row, match in found.items() if match}
    if len(numbers) < len(rows) or PARTICIPANT.fullmatch(header[0]):
        raise SheetError(f"{path}: not a grading worksheet: its first column is no participant's")
    column = _column(header, rows, order)
    refuse_other_points(column, order)
    locked = _locked(rows, column.index + 2)
    seats = [
        Seat(
            row,
            (number,),
            "locked in Moodle" if row in locked else "",
            _handed_in(rows[row], column.index),
        )
        for row, number in numbers.items()
    ]
    plan = join(sheet, seats, column, order, decimal_mark(sheet, column))
    if order.comments is not None:
        _comment(plan, sheet, column_called(order.comments, header, path), order, say)
    deliver(plan, sheet, order, say, _pages(plan, order) if order.feedback else None)
    return 0


def _column(header: Sequence[str], rows: Mapping[int, Sequence[str]], order: Order) -> Column:
    """The column of the grade, with the one maximum that the column after it has."""
    names = GRADES.casefold().split() if order.column is None else [order.column.casefold()]
    found = [index for index, title in enumerate(header) if title.casefold() in names]
    if len(found) != 1 or found[0] + 1 == len(header):
        raise SheetError(
            f"{order.own_export}: cannot tell the column of the grade: give --column, one of "
            f"{', '.join(map(repr, header[1:]))}"
        )
    index = found[0]
    maxima = {decimal(cells[index + 1]): cells[index + 1] for cells in rows.values()}
    if len(maxima) != 1 or None in maxima:
        raise SheetError(
            f"{order.own_export}: after {header[index]!r} should come the maximum, a number, and "
            f"there is {header[index + 1]!r}: is it graded by points?"
        )
    return Column(index, header[index], most=next(iter(maxima.values())))


def _locked(rows: Mapping[int, Sequence[str]], first: int) -> set[int]:
    """The rows whose grade cannot be changed; none if the language is not known here."""
    yes, no = set(YES.split()), set(NO.split())
    for index in range(first, min(first + 2, len(next(iter(rows.values()))))):
        words = {row: cells[index].strip().casefold() for row, cells in rows.items()}
        if set(words.values()) <= yes | no:
            return {row for row, word in words.items() if word in no}
    return set()


def _handed_in(cells: Sequence[str], grade: int) -> bool:
    """Whether somebody handed in, or may have: the status says that, or nothing that is known here.

    After the maximum, a time is that of a submission, or of a grade.
    """
    statuses = [cell.strip().casefold() for cell in cells[1:grade]]
    nothing = any(status.startswith(tuple(NO_SUBMISSION.split("|"))) for status in statuses)
    return not nothing or any(TIME.match(cell) for cell in cells[grade + 2 :])


def _comment(
    plan: Plan, sheet: Sheet, index: int, order: Order, say: Callable[[str], None]
) -> None:
    """The comment of each student who has our score, where there is no other one."""
    counts, conflicts = {"set": 0, "unchanged": 0}, []
    for release in order.releases:
        if release.student_id in plan.with_our_score:
            row = plan.seats[release.student_id].row
            old = sheet.values(row)[index].replace("\r\n", "\n").strip()
            new = _as_html(release.comment)
            if old and old not in ("-", new) and not order.overwrite:
                conflicts.append(release.student_id)
                continue
            counts["unchanged" if old == new else "set"] += 1
            if old != new:
                plan.changes[row, index] = new
    listed = f": {', '.join(conflicts)}" if conflicts else ""
    told = f"set {counts['set']}, unchanged {counts['unchanged']}, conflict {len(conflicts)}"
    say(f"comments: {told}{listed}")


def _as_html(comment: str) -> str:
    """As Moodle keeps a comment. No quote and no backslash: its CSV reader stumbles over them."""
    lines = html.escape(comment).replace("\\", "&#92;").splitlines()
    return cell("<br>\n".join(lines))


def _pages(plan: Plan, order: Order) -> list[Page]:
    """The feedback pages, in folders as Moodle reads them: anything, the number, and a plug-in."""
    return [
        Page(
            f"Participant_{plan.seats[release.student_id].ids[0]}_assignsubmission_file_/"
            f"{order.assignment.name}_feedback.html",
            release.feedback,
        )
        for release in order.releases
        if release.student_id in plan.with_our_score
    ]
