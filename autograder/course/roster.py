"""The class list: who the ids are, and who handed nothing in. Nothing needs it to grade."""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from ..errors import CourseError
from ..plural import counted
from .grading import nearest

COLUMNS = ("id", "name", "e-mail", "section")
DELIMITERS = ",;\t"  # spreadsheets write semicolons where a comma is in numbers
ALIASES = {"email": "e-mail", "student_id": "id", "student id": "id"}


@dataclass(frozen=True)
class Person:
    """One line of the class list."""

    name: str = ""
    email: str = ""
    section: str = ""


Roster = dict[str, Person]  # by student id


def read_roster(path: Path) -> Roster:
    """Read a CSV file with a header: id, and any of name, e-mail and section.

    Raises:
        CourseError: names the file, the line, and what is wrong with it.
    """
    try:
        with open(path, encoding="utf-8-sig", newline="") as file:
            first = file.readline()
            file.seek(0)
            rows = list(csv.reader(file, strict=True, delimiter=max(DELIMITERS, key=first.count)))
    except OSError as error:
        raise CourseError(f"{path}: {error.strerror}") from error
    except (UnicodeDecodeError, csv.Error) as error:
        raise CourseError(f"{path}: not a CSV file in UTF-8 ({error})") from error
    header = [column.strip().lower() for column in rows[0]] if rows else []
    columns = [ALIASES.get(column, column) for column in header]
    if "id" not in columns:
        hint = nearest("id", header)
        raise CourseError(f"{path}: no column 'id' in its first line{hint}")
    if len(set(columns)) != len(columns):
        raise CourseError(f"{path}: a column is there twice: {', '.join(header)}")
    roster: Roster = {}
    for number, row in enumerate(rows[1:], start=2):
        cells = dict(zip(columns, map(str.strip, row), strict=False))
        if not any(cells.values()):
            continue
        if len(row) > len(columns):
            told = f"{counted(len(row), 'cell')}, and the first line has {len(columns)}"
            raise CourseError(f"{path}: line {number}: {told}: put quotes around what has a comma")
        if not (student_id := cells.get("id", "")):
            raise CourseError(
                f"{path}: line {number}: no id: is this a class list, with a line each?"
            )
        if student_id in roster:
            raise CourseError(f"{path}: line {number}: {student_id!r} is there twice")
        roster[student_id] = Person(*(cells.get(column, "") for column in COLUMNS[1:]))
    if not roster:
        raise CourseError(f"{path}: nobody in it")
    return roster
