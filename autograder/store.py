"""`grades.db`: the record of every result. One transaction for each, so that a kill loses nothing.

What is stored is the judge's verdicts. Points are never stored: they follow from the rubric, so a
changed rubric is a new score without a new run.
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import (
    Column,
    Engine,
    Float,
    ForeignKey,
    Integer,
    MetaData,
    String,
    Table,
    create_engine,
    event,
    select,
)
from sqlalchemy.engine import Connection
from sqlalchemy.exc import DatabaseError

from .errors import ResultsError
from .model import CellNote, Kind, Mark, Outcome, Result, Status, Verdict

SCHEMA = 2
FILE = "grades.db"

_tables = MetaData()
_about = Table(
    "about",
    _tables,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)
_submissions = Table(
    "submissions",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("student_id", String, nullable=False, unique=True),
    Column("path", String, nullable=False),
    Column("status", String, nullable=False),
    Column("problem", String, nullable=False),
    Column("fingerprint", String, nullable=False),
    Column("tier", String, nullable=False),
    Column("seconds", Float, nullable=False),
    Column("graded_at", String, nullable=False),  # UTC, ISO 8601
    sqlite_autoincrement=True,  # no id is ever used again
)


def _belonging(name: str, *columns: Column[Any]) -> Table:
    """A table of rows that belong to a submission, in their order, and go with it."""
    owner = ForeignKey("submissions.id", ondelete="CASCADE")
    submission = Column("submission", Integer, owner, primary_key=True)
    return Table(name, _tables, submission, Column("position", Integer, primary_key=True), *columns)


_notes = _belonging(
    "cell_notes",
    Column("cell", Integer, nullable=False),
    Column("message", String, nullable=False),
)
_verdicts = _belonging(
    "verdicts",
    Column("exercise", String, nullable=False),
    Column("check", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("hint", String, nullable=False),
)
_mistakes = _belonging(
    "mistakes",
    Column("exercise", String, nullable=False),
    Column("sentence", String, nullable=False),
)


# Of a student, not of a submission: a mark outlives the run that it was given after.
_marks = Table(
    "marks",
    _tables,
    Column("student_id", String, primary_key=True),
    Column("question", String, primary_key=True),
    Column("points", Float, nullable=False),
    Column("marker", String, nullable=False),
    Column("comment", String, nullable=False),
    Column("marked_at", String, nullable=False),  # UTC, ISO 8601
)


class Store:
    """The open record of one results folder. Close it, or use it as a context manager."""

    def __init__(self, folder: Path, about: dict[str, str]) -> None:
        """Open the record, or start it.

        `about` is what must be the same for all that goes into it, such as the assignment.

        Raises:
            ResultsError: the folder's record is of something else, of another schema, or damaged.
        """
        self._path = folder / FILE
        is_new = not self._path.exists()
        self._engine = _connect(self._path)
        expected = about | {"schema": str(SCHEMA)}
        try:
            with self._engine.begin() as connection:
                if is_new:
                    _tables.create_all(connection)
                    rows = [{"key": key, "value": value} for key, value in expected.items()]
                    connection.execute(_about.insert(), rows)
                found = {row.key: row.value for row in connection.execute(select(_about))}
        except DatabaseError as error:
            raise ResultsError(
                f"{self._path}: not a record of grades, or damaged ({error.orig}): "
                "restore it from a backup, or choose another --out"
            ) from error
        for key, value in expected.items():
            if found.get(key) != value:
                raise ResultsError(
                    f"{self._path} is of {key} {found.get(key)!r}, not {value!r}: "
                    "choose another --out"
                )

    def __enter__(self) -> Store:
        return self

    def __exit__(self, *_: object) -> None:
        self._engine.dispose()

    @contextlib.contextmanager
    def _transaction(self) -> Iterator[Connection]:
        try:
            with self._engine.begin() as connection:
                yield connection
        except DatabaseError as error:
            raise ResultsError(f"{self._path}: could not be written ({error.orig})") from error

    def done(self) -> dict[str, tuple[str, str]]:
        """Fingerprint and path of each result that need not be made again, by student id."""
        done = select(_submissions).where(_submissions.c.status != Status.grader_error)
        with self._engine.connect() as connection:
            rows = connection.execute(done)
            return {row.student_id: (row.fingerprint, row.path) for row in rows}

    def save(self, result: Result) -> None:
        """Record one result, in place of an earlier one of the same student."""
        with self._transaction() as connection:
            of_student = _submissions.c.student_id == result.student_id
            connection.execute(_submissions.delete().where(of_student))
            row = {
                "student_id": result.student_id,
                "path": result.path,
                "status": result.status,
                "problem": result.problem,
                "fingerprint": result.fingerprint,
                "tier": result.tier,
                "seconds": result.seconds,
                "graded_at": _now(),
            }
            new = connection.execute(_submissions.insert().returning(_submissions.c.id), row)
            key = new.scalar_one()
            _insert(
                connection,
                _notes,
                key,
                [{"cell": note.cell, "message": note.message} for note in result.notes],
            )
            _insert(
                connection,
                _verdicts,
                key,
                [
                    {"exercise": o.exercise, "check": v.check, "kind": v.kind, "hint": v.hint}
                    for o in result.outcomes
                    for v in o.verdicts
                ],
            )
            _insert(
                connection,
                _mistakes,
                key,
                [
                    {"exercise": o.exercise, "sentence": s}
                    for o in result.outcomes
                    for s in o.mistakes
                ],
            )

    def results(self) -> Iterator[Result]:
        """All results, sorted by student id, one at a time."""
        with self._engine.connect() as connection:
            rows = connection.execute(select(_submissions).order_by(_submissions.c.student_id))
            for row in rows:
                yield _result(connection, row)

    def mark(self, student_id: str, marks: Iterable[Mark]) -> None:
        """Record marks given by hand, in place of earlier ones for the same questions."""
        with self._transaction() as connection:
            for mark in marks:
                which = (_marks.c.student_id == student_id) & (_marks.c.question == mark.question)
                connection.execute(_marks.delete().where(which))
                row = {"student_id": student_id, "marked_at": _now()} | asdict(mark)
                connection.execute(_marks.insert(), row)

    def move(self, student_id: str, path: str) -> None:
        """Note that an unchanged submission now lies elsewhere."""
        with self._transaction() as connection:
            where = _submissions.c.student_id == student_id
            connection.execute(_submissions.update().where(where).values(path=path))


def read_about(folder: Path) -> dict[str, str]:
    """What the record of a results folder says it is of.

    Raises:
        ResultsError: there is none.
    """
    path = folder / FILE
    if not path.is_file():
        raise ResultsError(f"{folder}: no {FILE} in it: give the folder that `grade --out` made")
    engine = _connect(path)
    try:
        with engine.connect() as connection:
            return {row.key: row.value for row in connection.execute(select(_about))}
    except DatabaseError as error:
        raise ResultsError(f"{path}: not a record of grades, or damaged ({error.orig})") from error
    finally:
        engine.dispose()


def _connect(path: Path) -> Engine:
    engine = create_engine(f"sqlite:///{path}")

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = NORMAL")  # safe against kills; power loss may undo

    return engine


def _now() -> str:
    return datetime.now(UTC).isoformat(timespec="seconds")


def _insert(
    connection: Connection, table: Table, submission: int, rows: list[dict[str, Any]]
) -> None:
    if rows:
        keys = ({"submission": submission, "position": i} for i in range(len(rows)))
        connection.execute(table.insert(), [key | row for key, row in zip(keys, rows, strict=True)])


def _result(connection: Connection, row: Any) -> Result:
    def belonging(table: Table) -> list[Any]:
        chosen = select(table).where(table.c.submission == row.id).order_by(table.c.position)
        return list(connection.execute(chosen))

    of_student = select(_marks).where(_marks.c.student_id == row.student_id)
    marks = connection.execute(of_student.order_by(_marks.c.question))
    verdicts: dict[str, list[Verdict]] = {}
    for v in belonging(_verdicts):
        verdicts.setdefault(v.exercise, []).append(Verdict(v.check, Kind(v.kind), v.hint))
    mistakes: dict[str, list[str]] = {}
    for m in belonging(_mistakes):
        mistakes.setdefault(m.exercise, []).append(m.sentence)
    return Result(
        student_id=row.student_id,
        path=row.path,
        status=Status(row.status),
        problem=row.problem,
        notes=tuple(CellNote(n.cell, n.message) for n in belonging(_notes)),
        outcomes=tuple(
            Outcome(exercise, tuple(found), tuple(mistakes.get(exercise, ())))
            for exercise, found in verdicts.items()
        ),
        fingerprint=row.fingerprint,
        tier=row.tier,
        seconds=row.seconds,
        marks=tuple(Mark(m.question, m.points, m.marker, m.comment) for m in marks),
    )
