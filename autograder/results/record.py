"""`grades.db` as a file: its tables, and how it is made, looked through and opened.

It is SQLite in WAL mode with every commit on the disk before it counts as done: neither a kill nor
a power cut undoes one. Whatever looks wrong is told before anything is written.
"""

from __future__ import annotations

import contextlib
import os
import sqlite3
from pathlib import Path
from typing import Any
from urllib.parse import quote

from sqlalchemy import (
    URL,
    Boolean,
    Column,
    Engine,
    Float,
    ForeignKey,
    Integer,
    LargeBinary,
    MetaData,
    String,
    Table,
    create_engine,
    event,
)
from sqlalchemy.exc import DatabaseError

from ..errors import ResultsError
from ..files import PRIVATE, draft_of
from .folder import RECORD
from .wal import is_broken

SCHEMA = 4
LOG = "-wal"  # SQLite's write-ahead log: beside the file while it is open, or after a kill
JOURNAL = "-journal"  # SQLite's other one, where something took the file out of WAL mode
BESIDE = (LOG, "-shm", JOURNAL)  # what belongs to one state of the file, and to no backup of it
ALONE = "immutable=1"  # how SQLite opens a file that has nothing beside it
ROOM = "make room, then run the same again to go on"
CURES = {  # by the second word of SQLite's name of an error; for others, the file is damaged
    "FULL": ROOM,
    "IOERR": "see whether the disk is full or failing, then run the same again to go on",
    "READONLY": "make the folder writable, or choose another --out",
    "CANTOPEN": "make the folder writable, or choose another --out",
    "PERM": "make the folder writable, or choose another --out",
    "BUSY": "close what else has it open, then run the same again to go on",
    "LOCKED": "close what else has it open, then run the same again to go on",
}

_tables = MetaData()
ABOUT = Table(
    "about",
    _tables,
    Column("key", String, primary_key=True),
    Column("value", String, nullable=False),
)
SUBMISSIONS = Table(
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
    Column("attempt", String, nullable=False),
    Column("submitted_at", String, nullable=False),
    Column("late", Boolean, nullable=False),
    Column("as_of", String, nullable=False),
    Column("graded_at", String, nullable=False),  # UTC, ISO 8601
    sqlite_autoincrement=True,  # no id is ever used again
)


def _belonging(name: str, *columns: Column[Any]) -> Table:
    """A table of rows that belong to a submission, in their order, and go with it."""
    owner = ForeignKey("submissions.id", ondelete="CASCADE")
    submission = Column("submission", Integer, owner, primary_key=True)
    return Table(name, _tables, submission, Column("position", Integer, primary_key=True), *columns)


NOTES = _belonging(
    "cell_notes",
    Column("cell", Integer, nullable=False),
    Column("message", String, nullable=False),
)
VERDICTS = _belonging(
    "verdicts",
    Column("exercise", String, nullable=False),
    Column("check", String, nullable=False),
    Column("kind", String, nullable=False),
    Column("hint", String, nullable=False),
    Column("cell", Integer),
    Column("line", Integer),
)
MISTAKES = _belonging(
    "mistakes",
    Column("exercise", String, nullable=False),
    Column("sentence", String, nullable=False),
)
WORKS = _belonging(
    "works",
    Column("name", String, nullable=False),
    Column("source", String, nullable=False),
    Column("cell", Integer),
)
OUTPUTS = _belonging(
    "outputs",
    Column("cell", Integer, nullable=False),
    Column("text", String, nullable=False),
    Column("figure", LargeBinary, nullable=False),  # PNG
    Column("left_out", Integer, nullable=False),
)


# Of a student, not of a submission: what a person gave outlives the run that it was given after.
MARKS = Table(
    "marks",
    _tables,
    Column("student_id", String, primary_key=True),
    Column("question", String, primary_key=True),
    Column("marker", String, primary_key=True),
    Column("points", Float, nullable=False),
    Column("comment", String, nullable=False),
    Column("criteria", String, nullable=False),  # JSON: a list of positions
    Column("false_claims", Integer, nullable=False),
    Column("marked_at", String, nullable=False),  # UTC, ISO 8601, to the microsecond
)
OVERRIDES = Table(
    "overrides",
    _tables,
    Column("student_id", String, primary_key=True),
    Column("exercise", String, primary_key=True),
    Column("points", Float, nullable=False),
    Column("reason", String, nullable=False),
    Column("by", String, nullable=False),
    Column("at", String, nullable=False),  # UTC, ISO 8601
)

# What people decided, and took back: rows are added, and never changed.
AUDIT = Table(
    "audit",
    _tables,
    Column("id", Integer, primary_key=True),
    Column("at", String, nullable=False),  # UTC, ISO 8601
    Column("by", String, nullable=False),
    Column("student_id", String, nullable=False),  # empty: of all
    Column("what", String, nullable=False),  # one line, with points before and after
    Column("reason", String, nullable=False),
    sqlite_autoincrement=True,
)


def create(path: Path, about: dict[str, str]) -> None:
    """Start a record: complete, or not at all.

    Raises:
        ResultsError: it cannot be written, or the log of a lost record lies there.
    """
    for ending in (LOG, JOURNAL):
        if os.path.lexists(rest := f"{path}{ending}"):
            raise ResultsError(
                f"{rest} is there without its {path.name}: restore that as it was, or a backup"
                f"{_first_remove(path)}, or choose another --out"
            )
    draft = draft_of(path)
    engine = create_engine(URL.create("sqlite", database=str(draft)))
    try:
        # SQLite gives what it puts beside a file the rights of the file.
        os.close(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE))
        with engine.begin() as connection:
            _tables.create_all(connection)
            connection.execute(ABOUT.insert(), [{"key": k, "value": about[k]} for k in about])
        with engine.connect() as connection:
            # While it is nobody's: a kill in this step leaves a journal that must be rolled back.
            connection.exec_driver_sql("PRAGMA journal_mode = WAL")
        engine.dispose()  # all of it is on the disk by now
        os.replace(draft, path)
    except DatabaseError as error:
        raise trouble(path, error.orig) from error
    except OSError as error:
        raise OSError(error.errno, error.strerror, str(path)) from error
    finally:
        engine.dispose()
        for ending in ("", *BESIDE):
            Path(f"{draft}{ending}").unlink(missing_ok=True)


def connect(path: Path) -> Engine:
    """An engine on a record that `inspect` has found whole."""
    engine = create_engine(URL.create("sqlite", database=str(path)))

    @event.listens_for(engine, "connect")
    def configure(connection: Any, _: Any) -> None:
        connection.execute("PRAGMA foreign_keys = ON")
        connection.execute("PRAGMA journal_mode = WAL")
        connection.execute("PRAGMA synchronous = FULL")

    return engine


def look(path: Path) -> Engine:
    """An engine for reading a record that `inspect` has found whole; it changes no byte of it."""
    return create_engine("sqlite://", creator=lambda: _look(path, _reading(path)))


def _reading(path: Path) -> str:
    """How SQLite is to open a record of which nothing may change."""
    # Without a log it need not put anything beside the file to read it.
    log, journal = (os.path.lexists(f"{path}{ending}") for ending in (LOG, JOURNAL))
    return ALONE if not (log or journal) else "mode=rw" if journal else "mode=ro"


def _look(path: Path, mode: str) -> sqlite3.Connection:
    return sqlite3.connect(f"file:{quote(str(path))}?{mode}", uri=True)


def inspect(path: Path) -> dict[str, str]:
    """What a record says it is of, after a look through all of it. No byte of it is changed.

    (But for a journal: SQLite first takes back what was being written when its writer was killed.)

    Raises:
        ResultsError: it is damaged, or no record.
    """
    if not path.is_file():
        raise damaged(path, "no file")
    if is_broken(log := Path(f"{path}{LOG}")):
        raise damaged(log, "not a log of SQLite's")
    mode = _reading(path)
    try:
        with contextlib.closing(_look(path, mode)) as connection:
            if (found := connection.execute("PRAGMA integrity_check(1)").fetchone()[0]) != "ok":
                raise damaged(path, found)
            pages, size = (
                connection.execute(f"PRAGMA {name}").fetchone()[0]
                for name in ("page_count", "page_size")
            )
            if mode == ALONE and pages * size != path.stat().st_size:
                raise damaged(path, f"it should have {pages * size} bytes")
            about = dict(connection.execute("SELECT key, value FROM about"))
            if about.get("schema") == str(SCHEMA):
                for table in _tables.sorted_tables:
                    columns = connection.execute(
                        "SELECT name FROM pragma_table_info(?)", [table.name]
                    )
                    if missing := {c.name for c in table.columns} - {name for (name,) in columns}:
                        raise damaged(path, f"no {table.name}.{min(missing)}")
    except sqlite3.Error as error:
        raise trouble(path, error) from error
    if "assignment" not in about:
        raise damaged(path, "it does not say of what")
    return about


def damaged(path: Path, reason: object) -> ResultsError:
    """The error for a file that is not as we write it."""
    record = path.with_name(RECORD)
    what = "it" if path == record else record.name
    return ResultsError(
        f"{path}: not a record of grades, or damaged ({reason}): restore {what} from a backup"
        f"{_first_remove(record)}, or choose another --out"
    )


def _first_remove(path: Path) -> str:
    """What to do before a backup takes the place of a record: its log would be read into that."""
    names = [f"{path.name}{ending}" for ending in BESIDE if os.path.lexists(f"{path}{ending}")]
    return f" (first remove {' and '.join(names)})" if names else ""


def trouble(path: Path, error: BaseException | None) -> ResultsError:
    """The error for what SQLite says, with the cure."""
    name = getattr(error, "sqlite_errorname", "")
    cure = CURES.get(name.partition("_")[2].partition("_")[0])
    if cure is None:
        return damaged(path, error)
    return ResultsError(f"{path}: could not be read or written ({error}): {cure}")
