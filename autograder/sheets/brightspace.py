"""Brightspace: its grades CSV, edited in place.

Students are OrgDefinedId, Username and Email there, the first two perhaps with a # before them.
Its downloaded submissions have another number, which no file of Brightspace's joins to these: for
those, a class list says which e-mail address belongs to which number.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..course.roster import read_roster
from ..errors import SheetError
from .cells import read_sheet
from .join import Column, Seat, choose, column_called, decimal_mark, deliver, join, people
from .order import Order

TITLE = re.compile(r"(.*?) Points Grade(?:\s*<.*?MaxPoints:([\d.,]+).*>)?", re.DOTALL)
KEYS = ("OrgDefinedId", "Username", "Email")
END = "End-of-Line Indicator"


def write(order: Order, say: Callable[[str], None]) -> int:
    """Set scores in the file that Brightspace exported."""
    path = order.own_export
    sheet = read_sheet(path)
    header = [title.strip() for title in sheet.values(0)]
    keys = [header.index(key) for key in KEYS if key in header]
    if header[-1] != END or not keys:
        raise SheetError(
            f"{path}: not grades of Brightspace: its last column should be {END!r}, and one of "
            f"{', '.join(KEYS)} be there"
        )
    if order.match is not None:
        keys = [column_called(order.match, header, path)]
    columns = [
        Column(index, found[1], most=found[2])
        for index, title in enumerate(header)
        if (found := TITLE.fullmatch(title))
    ]
    column = choose(columns, order)
    ids = _ids_by_address(order)
    seats = []
    for row, cells in people(sheet, path).items():
        known = [text for key in keys if (text := cells[key].strip().removeprefix("#"))]
        listed = [id_ for text in known for id_ in ids.get(text.casefold(), ())]
        if known:
            seats.append(Seat(row, (*known, *listed)))
    plan = join(sheet, seats, column, order, decimal_mark(sheet, column))
    deliver(plan, sheet, order, say)
    if column.most is None:
        ours = f"{order.releases[0].max_score:f}"
        say(f"the file does not say of how many points {column.shown} is: it must be {ours}")
    return 0


def _ids_by_address(order: Order) -> dict[str, list[str]]:
    """Our ids, by the e-mail address that the class list has for them."""
    found: dict[str, list[str]] = {}
    for id_, person in (read_roster(order.roster) if order.roster else {}).items():
        if person.email:
            found.setdefault(person.email.casefold(), []).append(id_)
    return found
