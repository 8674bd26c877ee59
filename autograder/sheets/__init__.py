"""Scores out, as files: one module for each format, and the table of them.

Where an LMS imports only what it exported, its own file is edited in place (`cells`); who gets
which score, and whose cell is left alone, is decided in one place for all of them (`join`).
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from pkgutil import resolve_name
from typing import cast

from ..pages.unmarked import COUNTED, LEFT_OUT
from .order import Order

Say = Callable[[str], None]
Write = Callable[[Order, Say], int]  # tells what it does; returns how many problems there were
JOINED = frozenset({"gradebook", "file", "column", "match", "zero_missing", "overwrite"})


@dataclass(frozen=True)
class Format:
    """A format: the function that writes it, which is imported when it is called."""

    where: str
    options: frozenset[str]  # of `export`, those that mean something to it
    unmarked: str = ""  # what becomes of answers that nobody has marked; empty: it has no marks

    def write(self, order: Order, say: Say) -> int:
        """Write what was ordered."""
        write = cast("Write", resolve_name(f"{__name__}.{self.where}"))
        return write(order, say)


# To drop a format, delete its row (and the module that it names).
FORMATS = {
    "csv": Format("rows:write_csv", frozenset({"file"}), COUNTED),
    "json": Format("rows:write_json", frozenset({"file"}), COUNTED),
    "canvas": Format("canvas:write", JOINED | {"feedback"}, LEFT_OUT),
    "moodle": Format("moodle:write", JOINED | {"feedback", "comments"}, LEFT_OUT),
    "blackboard": Format("blackboard:write", JOINED, LEFT_OUT),
    "brightspace": Format("brightspace:write", JOINED | {"roster"}, LEFT_OUT),
    "gradescope": Format("gradescope:write", frozenset({"file"}), LEFT_OUT),
    "nbgrader": Format("nbgrader:write", frozenset({"course"})),
}
