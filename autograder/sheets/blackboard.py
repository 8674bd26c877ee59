"""Blackboard: its gradebook file, edited in place.

The number after the bar in `HW1 [Total Pts: 10 Score] |664617` is the column to Blackboard; one
without it would become a new column of text, and is not written to. Students are their user names.
"""

from __future__ import annotations

import re
from collections.abc import Callable

from ..errors import SheetError
from .cells import read_sheet
from .join import Column, Seat, choose, column_called, decimal_mark, deliver, join, people
from .order import Order

TITLE = re.compile(r"(.*?)\s*\[[^\]:]*:\s*([\d.,]+)\s*([^\]]*)\]\s*\|(\d+)", re.DOTALL)
PERCENT = re.compile("percent|prozent|pour|porcen", re.IGNORECASE)  # shown so: no points


def write(order: Order, say: Callable[[str], None]) -> int:
    """Set scores in the file that Blackboard exported."""
    path = order.own_export
    sheet = read_sheet(path, "\t,;")
    header = [title.strip() for title in sheet.values(0)]
    columns = [
        Column(index, found[1], found[4], found[2])
        for index, title in enumerate(header)
        if (found := TITLE.fullmatch(title)) and not PERCENT.match(found[3])
    ]
    if not columns:
        raise SheetError(
            f"{path}: not a gradebook of Blackboard: no column like "
            "'HW1 [Total Pts: 10 Score] |664617' (without the number it would make a new column)"
        )
    column = choose(columns, order)
    key = column_called(order.match or "Username", header, path)
    rows = people(sheet, path)
    seats = [Seat(row, (cells[key].strip(),)) for row, cells in rows.items()]
    plan = join(sheet, seats, column, order, decimal_mark(sheet, column))
    deliver(plan, sheet, order, say)
    return 0
