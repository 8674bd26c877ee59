"""`grades.db`: the record of every result. One transaction for each, so that a kill loses nothing.

What is stored is the judge's verdicts. Points are never stored: they follow from the rubric, so a
changed rubric is a new score without a new run.
"""

from __future__ import annotations

import contextlib
import json
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from pathlib import Path

from sqlalchemy import select
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from ..errors import ResultsError
from ..model import Mark, Override, Receipt, Result, Status
from .folder import RECORD
from .lock import locked
from .record import (
    ABOUT,
    AUDIT,
    MARKS,
    OVERRIDES,
    SCHEMA,
    SUBMISSIONS,
    connect,
    create,
    inspect,
    look,
    trouble,
)
from .rows import Results, mark_of, now, reading, receipt, save

IDENTITY = ("assignment", "secret")  # what a record is of, and stays of
PROVED = "proved"  # a key of `about`
SEVERAL = "several files of "  # begins such keys, which end in a student id


class Store:
    """The open record of one results folder. Close it, or use it as a context manager."""

    def __init__(self, folder: Path, about: dict[str, str]) -> None:
        """Open the record, or start it; nobody else can until it is closed.

        `about` is what must be the same for all that goes into it, such as the assignment.

        Raises:
            ResultsError: the folder's record is of something else, of another schema, or damaged,
                and is left as it is; or another process has it open.
            OSError: the folder cannot be written to.
        """
        self._path = folder / RECORD
        expected = about | {"schema": str(SCHEMA)}
        with contextlib.ExitStack() as opened:
            opened.enter_context(locked(folder))
            if not os.path.lexists(self._path):
                create(self._path, expected)
            _refuse_other(self._path, inspect(self._path), expected)
            self._engine = connect(self._path)
            opened.callback(self._engine.dispose)
            self._opened = opened.pop_all()

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    @property
    def proved(self) -> str:
        """What the assignment claimed when it was last loaded and proved; empty if it never was."""
        return self.recall(PROVED)

    @proved.setter
    def proved(self, claims: str) -> None:
        self.remember(PROVED, claims)

    def recall(self, key: str) -> str:
        """What was remembered under a key; empty if nothing was."""
        with reading(self._engine, self._path) as connection:
            found = connection.execute(select(ABOUT.c.value).where(ABOUT.c.key == key))
            return str(found.scalar() or "")

    def remember(self, key: str, value: str) -> None:
        """Remember something of the whole record."""
        with self._transaction() as connection:
            connection.execute(ABOUT.delete().where(ABOUT.c.key == key))
            connection.execute(ABOUT.insert(), {"key": key, "value": value})

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except DatabaseError as error:
            raise trouble(self._path, error.orig) from error

    def done(self) -> dict[str, tuple[str, str, Receipt]]:
        """Of each result that need not be made again: its fingerprint, path and receipt."""
        done = select(SUBMISSIONS).where(SUBMISSIONS.c.status != Status.grader_error)
        with reading(self._engine, self._path) as connection:
            rows = connection.execute(done)
            return {row.student_id: (row.fingerprint, row.path, receipt(row)) for row in rows}

    def note_several(self, student_id: str, digest: str) -> None:
        """Remember that somebody has to choose among files, and since when."""
        self.remember(SEVERAL + student_id, f"{now()} {digest}")

    def chosen_since(self, student_id: str, digest: str) -> str | None:
        """The path of what was graded since, if these files are as they were then."""
        since, _, known = self.recall(SEVERAL + student_id).partition(" ")
        could_be_read = SUBMISSIONS.c.status != Status.unreadable
        theirs = select(SUBMISSIONS).where(SUBMISSIONS.c.student_id == student_id)
        with reading(self._engine, self._path) as connection:
            row = connection.execute(theirs.where(could_be_read)).one_or_none()
        return str(row.path) if row and known == digest and row.graded_at >= since else None

    @property
    def students(self) -> set[str]:
        """The ids of all who have a result."""
        with reading(self._engine, self._path) as connection:
            return set(connection.execute(select(SUBMISSIONS.c.student_id)).scalars())

    def save(self, *results: Result) -> None:
        """Record results, all or none, each in place of an earlier one of the same student."""
        with self._transaction() as connection:
            for result in results:
                save(connection, result)

    def results(self, with_work: bool = False) -> Results:
        """All results, sorted by student id; with what students wrote and showed if asked for."""
        return Results(self._path.parent, with_work)

    def mark(self, student_id: str, marks: Iterable[Mark], all_of: str | None = None) -> None:
        """Record marks given by hand, in place of earlier ones of the same marker and question.

        If they are `all_of` a marker's, others from there are taken back. Of several markers'
        marks for one answer, the latest counts.
        """
        with self._transaction() as connection:
            of_student = MARKS.c.student_id == student_id
            known = {} if all_of is None else _marks_of(connection, student_id, all_of)
            marks = list(marks)
            given = {mark.question for mark in marks}
            connection.execute(
                MARKS.delete()
                .where(of_student & (MARKS.c.marker == all_of))
                .where(MARKS.c.question.not_in(given))
            )
            for mark in marks:
                if known.get(mark.question) == mark:
                    continue  # as it was: a later mark of another's keeps the last word
                which = of_student & (MARKS.c.question == mark.question)
                connection.execute(MARKS.delete().where(which & (MARKS.c.marker == mark.marker)))
                row = {"student_id": student_id} | asdict(mark)
                row |= {"criteria": json.dumps(mark.criteria), "marked_at": now("microseconds")}
                connection.execute(MARKS.insert(), row)

    def unmark(self, student_id: str, question: str, marker: str) -> None:
        """Take a marker's mark back."""
        which = (MARKS.c.student_id == student_id) & (MARKS.c.question == question)
        with self._transaction() as connection:
            connection.execute(MARKS.delete().where(which & (MARKS.c.marker == marker)))

    def override(self, student_id: str, override: Override, before: str) -> None:
        """Record points that a person gives in the place of the checks', and that they did."""
        what = f"{override.exercise}: {before} -> {override.points:.10g}"
        which = (OVERRIDES.c.student_id == student_id) & (OVERRIDES.c.exercise == override.exercise)
        with self._transaction() as connection:
            connection.execute(OVERRIDES.delete().where(which))
            row = {"student_id": student_id} | asdict(override) | {"at": now("microseconds")}
            connection.execute(OVERRIDES.insert(), row)
            _note(connection, override.by, student_id, what, override.reason)

    def take_back(self, student_id: str, exercise: str, by: str, reason: str, after: str) -> None:
        """Take an override back, and note that."""
        which = (OVERRIDES.c.student_id == student_id) & (OVERRIDES.c.exercise == exercise)
        with self._transaction() as connection:
            connection.execute(OVERRIDES.delete().where(which))
            _note(connection, by, student_id, f"{exercise}: taken back -> {after}", reason)

    def note(self, by: str, student_id: str, what: str, reason: str) -> None:
        """Add a line to the audit log; an empty student id means all."""
        with self._transaction() as connection:
            _note(connection, by, student_id, what, reason)

    def move(self, student_id: str, path: str, receipt: Receipt) -> None:
        """Note that an unchanged submission now lies elsewhere, or was handed in again."""
        with self._transaction() as connection:
            where = SUBMISSIONS.c.student_id == student_id
            values = {"path": path} | asdict(receipt)
            connection.execute(SUBMISSIONS.update().where(where).values(values))

    def forget(self, student_id: str) -> None:
        """Delete a student's result and marks, and what the file still holds of them."""
        with self._transaction() as connection:
            connection.execute(SUBMISSIONS.delete().where(SUBMISSIONS.c.student_id == student_id))
            connection.execute(ABOUT.delete().where(ABOUT.c.key == SEVERAL + student_id))
            for table in (MARKS, OVERRIDES, AUDIT):
                connection.execute(table.delete().where(table.c.student_id == student_id))
        with reading(self._engine, self._path) as connection:
            outside = connection.execution_options(isolation_level="AUTOCOMMIT")
            outside.exec_driver_sql("VACUUM")  # deleted rows stay in the file until then
            outside.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def read_about(folder: Path) -> dict[str, str]:
    """What the record of a results folder says it is of; nothing is written.

    Raises:
        ResultsError: there is none, or it is damaged.
    """
    if not os.path.lexists(folder / RECORD):
        raise ResultsError(f"{folder}: no {RECORD} in it: give the folder that `grade --out` made")
    return inspect(folder / RECORD)


def identity(folder: Path) -> dict[str, str]:
    """What the record of a results folder is of, as `Store` takes it.

    Raises:
        ResultsError: there is none, or it is damaged.
    """
    about = read_about(folder)
    return {key: about[key] for key in IDENTITY if key in about}


def audit(folder: Path) -> list[tuple[str, str, str, str, str]]:
    """What people decided, first things first: when, who, of whom, what, why. Nothing is written.

    Raises:
        ResultsError: there is no record, or it is of another schema, or damaged.
    """
    path = folder / RECORD
    _refuse_other(path, read_about(folder), {"schema": str(SCHEMA)})
    columns = (AUDIT.c[name] for name in ("at", "by", "student_id", "what", "reason"))
    engine = look(path)
    with contextlib.ExitStack() as opened:
        opened.callback(engine.dispose)
        connection = opened.enter_context(reading(engine, path))
        rows = connection.execute(select(*columns).order_by(AUDIT.c.id))
        return [(row.at, row.by, row.student_id, row.what, row.reason) for row in rows]


def _refuse_other(path: Path, found: dict[str, str], expected: dict[str, str]) -> None:
    for key, value in expected.items():
        if found.get(key) != value:
            raise ResultsError(
                f"{path} is of {key} {found.get(key)!r}, not {value!r}: choose another --out"
            )


def _note(connection: Connection, by: str, student_id: str, what: str, reason: str) -> None:
    row = {"at": now(), "by": by, "student_id": student_id, "what": what, "reason": reason}
    connection.execute(AUDIT.insert(), row)


def _marks_of(connection: Connection, student_id: str, marker: str) -> dict[str, Mark]:
    """A marker's marks for a student, by question."""
    of_student = (MARKS.c.student_id == student_id) & (MARKS.c.marker == marker)
    rows = connection.execute(select(MARKS).where(of_student))
    return {row.question: mark_of(row) for row in rows}
