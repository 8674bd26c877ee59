"""`grades.db`: the record of every result. One transaction for each, so that a kill loses nothing.

What is stored is the judge's verdicts. Points are never stored: they follow from the rubric, so a
changed rubric is a new score without a new run.
"""

from __future__ import annotations

import contextlib
import itertools
import os
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import ColumnElement, Table, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from .errors import ResultsError
from .lock import locked
from .model import CellNote, Kind, Mark, Outcome, Receipt, Result, Status, Verdict
from .record import (
    ABOUT,
    FILE,
    MARKS,
    MISTAKES,
    NOTES,
    SCHEMA,
    SUBMISSIONS,
    VERDICTS,
    connect,
    create,
    damaged,
    inspect,
    trouble,
)

PROVED = "proved"  # a key of `about`


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
        self._path = folder / FILE
        expected = about | {"schema": str(SCHEMA)}
        with contextlib.ExitStack() as opened:
            opened.enter_context(locked(folder))
            if not os.path.lexists(self._path):
                create(self._path, expected)
            found = inspect(self._path)
            for key, value in expected.items():
                if found.get(key) != value:
                    raise ResultsError(
                        f"{self._path} is of {key} {found.get(key)!r}, not {value!r}: "
                        "choose another --out"
                    )
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
        with _reading(self._engine, self._path) as connection:
            found = connection.execute(select(ABOUT.c.value).where(ABOUT.c.key == PROVED))
            return str(found.scalar() or "")

    @proved.setter
    def proved(self, claims: str) -> None:
        with self._transaction() as connection:
            connection.execute(ABOUT.delete().where(ABOUT.c.key == PROVED))
            connection.execute(ABOUT.insert(), {"key": PROVED, "value": claims})

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
        with _reading(self._engine, self._path) as connection:
            rows = connection.execute(done)
            return {row.student_id: (row.fingerprint, row.path, _receipt(row)) for row in rows}

    def save(self, *results: Result) -> None:
        """Record results, all or none, each in place of an earlier one of the same student."""
        with self._transaction() as connection:
            for result in results:
                _save(connection, result)

    def results(self) -> Results:
        """All results, sorted by student id."""
        return Results(self._path.parent)

    def mark(self, student_id: str, marks: Iterable[Mark], all_of: str | None = None) -> None:
        """Record marks given by hand, in place of earlier ones for the same questions.

        If they are `all_of` a marker's, others from there are taken back.
        """
        with self._transaction() as connection:
            of_student = MARKS.c.student_id == student_id
            connection.execute(MARKS.delete().where(of_student & (MARKS.c.marker == all_of)))
            for mark in marks:
                which = (MARKS.c.student_id == student_id) & (MARKS.c.question == mark.question)
                connection.execute(MARKS.delete().where(which))
                row = {"student_id": student_id, "marked_at": _now()} | asdict(mark)
                connection.execute(MARKS.insert(), row)

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
            connection.execute(MARKS.delete().where(MARKS.c.student_id == student_id))
        with _reading(self._engine, self._path) as connection:
            outside = connection.execution_options(isolation_level="AUTOCOMMIT")
            outside.exec_driver_sql("VACUUM")  # deleted rows stay in the file until then
            outside.exec_driver_sql("PRAGMA wal_checkpoint(TRUNCATE)")


def read_about(folder: Path) -> dict[str, str]:
    """What the record of a results folder says it is of; nothing is written.

    Raises:
        ResultsError: there is none, or it is damaged.
    """
    if not os.path.lexists(folder / FILE):
        raise ResultsError(f"{folder}: no {FILE} in it: give the folder that `grade --out` made")
    return inspect(folder / FILE)


@contextlib.contextmanager
def _reading(engine: Engine, path: Path) -> Iterator[Connection]:
    """A connection that only reads; what goes wrong becomes an error for people."""
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise trouble(path, error.orig) from error
    except ValueError as error:
        raise damaged(path, error) from error


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _save(connection: Connection, result: Result) -> None:
    of_student = SUBMISSIONS.c.student_id == result.student_id
    connection.execute(SUBMISSIONS.delete().where(of_student))
    row = {
        "student_id": result.student_id,
        "path": result.path,
        "status": result.status,
        "problem": result.problem,
        "fingerprint": result.fingerprint,
        "tier": result.tier,
        "seconds": result.seconds,
        "graded_at": _now(),
    } | asdict(result.receipt)
    key = connection.execute(SUBMISSIONS.insert().returning(SUBMISSIONS.c.id), row).scalar_one()
    notes = [{"cell": note.cell, "message": note.message} for note in result.notes]
    verdicts = [
        {"exercise": o.exercise, "check": v.check, "kind": v.kind, "hint": v.hint}
        for o in result.outcomes
        for v in o.verdicts
    ]
    mistakes = [
        {"exercise": o.exercise, "sentence": s} for o in result.outcomes for s in o.mistakes
    ]
    for table, rows in ((NOTES, notes), (VERDICTS, verdicts), (MISTAKES, mistakes)):
        _insert(connection, table, key, rows)


def _insert(
    connection: Connection, table: Table, submission: int, rows: list[dict[str, Any]]
) -> None:
    if rows:
        keys = ({"submission": submission, "position": i} for i in range(len(rows)))
        connection.execute(table.insert(), [key | row for key, row in zip(keys, rows, strict=True)])


def _receipt(row: Any) -> Receipt:
    return Receipt(row.attempt, row.submitted_at, row.late, row.as_of)


class Results(Iterable[Result]):
    """What a record holds, sorted by student id: read anew, one at a time, in each loop over it.

    A loop raises ResultsError if the record cannot be read.
    """

    def __init__(self, folder: Path) -> None:
        self._path = folder / FILE

    def __iter__(self) -> Iterator[Result]:
        engine = connect(self._path)
        with contextlib.ExitStack() as opened:
            opened.callback(engine.dispose)
            connection = opened.enter_context(_reading(engine, self._path))
            notes, verdicts, mistakes = (
                _Belongings(connection, table, table.c.submission == SUBMISSIONS.c.id)
                for table in (NOTES, VERDICTS, MISTAKES)
            )
            marks = _Belongings(connection, MARKS, MARKS.c.student_id == SUBMISSIONS.c.student_id)
            rows = connection.execute(select(SUBMISSIONS).order_by(SUBMISSIONS.c.student_id))
            tables = (notes, verdicts, mistakes, marks)
            for row in rows:
                yield _result(row, *(table.of(row.id) for table in tables))


class _Belongings:
    """The rows of one table, in the order of the submissions that they belong to."""

    def __init__(self, connection: Connection, table: Table, belongs: ColumnElement[bool]) -> None:
        order = table.c.question if table is MARKS else table.c.position
        chosen = select(SUBMISSIONS.c.id.label("owner"), table).join(SUBMISSIONS, belongs)
        rows = connection.execute(chosen.order_by(SUBMISSIONS.c.student_id, order))
        self._groups = itertools.groupby(rows, lambda row: row.owner)
        self._next = next(self._groups, None)

    def of(self, owner: int) -> list[Any]:
        """Those of one submission; ask for each in turn."""
        if self._next is None or self._next[0] != owner:
            return []
        found = list(self._next[1])
        self._next = next(self._groups, None)
        return found


def _result(
    row: Any, notes: list[Any], verdicts: list[Any], mistakes: list[Any], marks: list[Any]
) -> Result:
    by_exercise: dict[str, list[Verdict]] = {}
    for v in verdicts:
        by_exercise.setdefault(v.exercise, []).append(Verdict(v.check, Kind(v.kind), v.hint))
    sentences: dict[str, list[str]] = {}
    for m in mistakes:
        sentences.setdefault(m.exercise, []).append(m.sentence)
    return Result(
        student_id=row.student_id,
        path=row.path,
        status=Status(row.status),
        problem=row.problem,
        notes=tuple(CellNote(n.cell, n.message) for n in notes),
        outcomes=tuple(
            Outcome(exercise, tuple(found), tuple(sentences.get(exercise, ())))
            for exercise, found in by_exercise.items()
        ),
        fingerprint=row.fingerprint,
        tier=row.tier,
        seconds=row.seconds,
        receipt=_receipt(row),
        graded_at=row.graded_at,
        marks=tuple(Mark(m.question, m.points, m.marker, m.comment) for m in marks),
    )
