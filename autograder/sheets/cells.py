"""A table of an LMS's, edited in place: every byte stays as it was, but for the cells that change.

Not Python's `csv`, which forgets how a cell was quoted and how each line ended: what it writes
differs everywhere. It decides what a cell says, though: this reads as `csv.reader` does.
"""

from __future__ import annotations

import codecs
import re
from collections.abc import Mapping
from dataclasses import dataclass, replace
from pathlib import Path

from ..errors import SheetError

ENCODINGS = {  # by the mark at the beginning of the file
    codecs.BOM_UTF8: "utf-8",
    codecs.BOM_UTF16_LE: "utf-16-le",
    codecs.BOM_UTF16_BE: "utf-16-be",
    b"": "utf-8",
}
QUOTED = re.compile(r'"((?:[^"]|"")*+)"(.*)', re.DOTALL)
END = re.compile(r"\r\n|\r|\n|\Z")
DELIMITERS = ",;\t"


@dataclass(frozen=True)
class Sheet:
    """A table as it lies in the file."""

    rows: tuple[tuple[str, ...], ...]  # the text of each cell, quotes included
    ends: tuple[str, ...]  # what ends each row
    delimiter: str = ","
    mark: bytes = b""

    def values(self, row: int) -> list[str]:
        """What the cells of a row say; an empty line has none."""
        return [_value(text) for text in self.rows[row]] if self.rows[row] != ("",) else []

    def content(self) -> bytes:
        """The file."""
        lines = (
            self.delimiter.join(row) + end for row, end in zip(self.rows, self.ends, strict=True)
        )
        return self.mark + "".join(lines).encode(ENCODINGS[self.mark])


def parse(content: bytes, delimiters: str = DELIMITERS) -> Sheet:
    """The table in a file; of the delimiters, the one that cuts the first line into most cells.

    Raises:
        SheetError: it is not text in UTF-8 or UTF-16, or a quote is never closed.
    """
    mark = next(mark for mark in ENCODINGS if content.startswith(mark))
    try:
        text = content[len(mark) :].decode(ENCODINGS[mark])
    except UnicodeDecodeError as error:
        raise SheetError(f"not text in {ENCODINGS[mark].upper()} (byte {error.start})") from error
    first = {mark: _row(text, 0, mark)[0] for mark in delimiters}
    delimiter = max(first, key=lambda mark: len(first[mark]))
    rows, ends, position = [], [], 0
    while position < len(text):
        row, end = _row(text, position, delimiter)
        position += sum(map(len, row)) + len(row) - 1 + len(end)
        rows.append(row)
        ends.append(end)
    return Sheet(tuple(rows), tuple(ends), delimiter, mark)


def read_sheet(path: Path, delimiters: str = DELIMITERS) -> Sheet:
    """The table in a file that an LMS wrote.

    Raises:
        SheetError: it cannot be read, or is no table.
    """
    try:
        sheet = parse(path.read_bytes(), delimiters)
    except SheetError as error:
        cure = "download it again, and save it in no other program"
        raise SheetError(f"{path}: {error}: {cure}") from error
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror}") from error
    if len(sheet.rows) < 2:
        raise SheetError(f"{path}: nobody in it")
    return sheet


def edited(sheet: Sheet, changes: Mapping[tuple[int, int], str]) -> Sheet:
    """The same table, where the cells at (row, column) say something else.

    A new cell is quoted if the old one was, or if what it says needs it.
    """
    rows = list(sheet.rows)
    for (row, column), value in changes.items():
        cells = list(rows[row])
        needed = re.search(rf'["\r\n{sheet.delimiter}]', value) or (not value and len(cells) == 1)
        quoted = '"{}"'.format(value.replace('"', '""'))
        cells[column] = quoted if needed or cells[column].startswith('"') else value
        rows[row] = tuple(cells)
    return replace(sheet, rows=tuple(rows))


def _row(text: str, position: int, delimiter: str) -> tuple[tuple[str, ...], str]:
    """The cells from a position to the end of its line, and how that ends."""
    cell = re.compile(rf'"(?:[^"]|"")*+"[^{delimiter}\r\n]*+|(?!")[^{delimiter}\r\n]*+')
    cells = []
    while True:
        if (found := cell.match(text, position)) is None:
            line = len(re.findall(r"\r\n|\r|\n", text[:position])) + 1
            raise SheetError(f"line {line}: a quote is never closed")
        cells.append(found[0])
        position = found.end()
        if (end := END.match(text, position)) is not None:
            return tuple(cells), end[0]
        position += 1


def _value(text: str) -> str:
    if (quoted := QUOTED.fullmatch(text)) is None:
        return text
    return quoted[1].replace('""', '"') + quoted[2]
