"""Between a `Result` and its rows in the record."""

from __future__ import annotations

import contextlib
import itertools
import json
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from sqlalchemy import Table, func, select
from sqlalchemy.engine import Connection, Engine
from sqlalchemy.exc import DatabaseError

from ..model import (
    CellNote,
    Kind,
    Mark,
    Outcome,
    Output,
    Override,
    Receipt,
    Result,
    Status,
    Verdict,
    Work,
)
from .folder import RECORD
from .record import (
    MARKS,
    MISTAKES,
    NOTES,
    OUTPUTS,
    OVERRIDES,
    SUBMISSIONS,
    VERDICTS,
    WORKS,
    connect,
    damaged,
    trouble,
)


@contextlib.contextmanager
def reading(engine: Engine, path: Path) -> Iterator[Connection]:
    """A connection that only reads; what goes wrong becomes an error for people."""
    try:
        with engine.connect() as connection:
            yield connection
    except DatabaseError as error:
        raise trouble(path, error.orig) from error
    except ValueError as error:
        raise damaged(path, error) from error


def now(precision: str = "seconds") -> str:
    """ISO 8601, UTC."""
    return datetime.now(UTC).isoformat(timespec=precision)


def save(connection: Connection, result: Result) -> None:
    """Write a result in place of an earlier one of the same student."""
    of_student = SUBMISSIONS.c.student_id == result.student_id
    _drop_zeros(connection, result)
    connection.execute(SUBMISSIONS.delete().where(of_student))
    row = {
        "student_id": result.student_id,
        "path": result.path,
        "status": result.status,
        "problem": result.problem,
        "fingerprint": result.fingerprint,
        "tier": result.tier,
        "seconds": result.seconds,
        "graded_at": now(),
    } | asdict(result.receipt)
    key = connection.execute(SUBMISSIONS.insert().returning(SUBMISSIONS.c.id), row).scalar_one()
    notes = [{"cell": note.cell, "message": note.message} for note in result.notes]
    verdicts = [
        {"exercise": outcome.exercise} | asdict(verdict)
        for outcome in result.outcomes
        for verdict in outcome.verdicts
    ]
    mistakes = [
        {"exercise": o.exercise, "sentence": s} for o in result.outcomes for s in o.mistakes
    ]
    works, outputs = map(asdict, result.works), map(asdict, result.outputs)
    everything = {NOTES: notes, VERDICTS: verdicts, MISTAKES: mistakes}
    everything |= {WORKS: list(works), OUTPUTS: list(outputs)}
    for table, rows in everything.items():
        _insert(connection, table, key, rows)


def _drop_zeros(connection: Connection, result: Result) -> None:
    """Take back marks of 0 points for answers that are others now: they may be worth more.

    Other marks stay, as they may still be right, and nobody should lose points by handing in again.
    """
    zeros = (MARKS.c.student_id == result.student_id) & (MARKS.c.points == 0)
    for question in connection.execute(select(MARKS.c.question).where(zeros)).scalars().all():
        owner = SUBMISSIONS.c.student_id == result.student_id
        works, outputs = (
            connection.execute(
                select(table)
                .join(SUBMISSIONS, table.c.submission == SUBMISSIONS.c.id)
                .where(owner)
                .order_by(table.c.position)
            ).all()
            for table in (WORKS, OUTPUTS)
        )
        if _answer(question, works, outputs) != _answer(question, result.works, result.outputs):
            connection.execute(MARKS.delete().where(zeros & (MARKS.c.question == question)))


def _answer(question: str, works: Iterable[Any], outputs: Iterable[Any]) -> list[Any]:
    """What was written for a question, and what that showed."""
    mine = [work for work in works if work.name == question]
    cells = {work.cell for work in mine} - {None}
    shown = [(output.text, output.figure) for output in outputs if output.cell in cells]
    return [[work.source for work in mine], shown]


def _insert(
    connection: Connection, table: Table, submission: int, rows: list[dict[str, Any]]
) -> None:
    if rows:
        keys = ({"submission": submission, "position": i} for i in range(len(rows)))
        connection.execute(table.insert(), [key | row for key, row in zip(keys, rows, strict=True)])


def receipt(row: Any) -> Receipt:
    """How a submission came in, of its row."""
    return Receipt(row.attempt, row.submitted_at, row.late, row.as_of)


class Results(Iterable[Result]):
    """What a record holds, sorted by student id: read anew, one at a time, in each loop over it.

    What students wrote and what their cells showed come only if they are asked for.

    A loop raises ResultsError if the record cannot be read.
    """

    def __init__(self, folder: Path, with_work: bool = False) -> None:
        self._path, self._with_work = folder / RECORD, with_work

    def __len__(self) -> int:
        engine = connect(self._path)
        with contextlib.ExitStack() as opened:
            opened.callback(engine.dispose)
            connection = opened.enter_context(reading(engine, self._path))
            return connection.execute(select(func.count()).select_from(SUBMISSIONS)).scalar_one()

    def __iter__(self) -> Iterator[Result]:
        engine = connect(self._path)
        with contextlib.ExitStack() as opened:
            opened.callback(engine.dispose)
            connection = opened.enter_context(reading(engine, self._path))
            tables = [NOTES, VERDICTS, MISTAKES, MARKS, OVERRIDES]
            tables += [WORKS, OUTPUTS] if self._with_work else []
            belonging = [_Belongings(connection, table) for table in tables]
            rows = connection.execute(select(SUBMISSIONS).order_by(SUBMISSIONS.c.student_id))
            for row in rows:
                yield _result(row, *(table.of(row.id) for table in belonging))


class _Belongings:
    """The rows of one table, in the order of the submissions that they belong to."""

    def __init__(self, connection: Connection, table: Table) -> None:
        of_student = {MARKS: MARKS.c.marked_at, OVERRIDES: OVERRIDES.c.at}  # in which order
        if table in of_student:
            order, belongs = of_student[table], table.c.student_id == SUBMISSIONS.c.student_id
        else:
            order, belongs = table.c.position, table.c.submission == SUBMISSIONS.c.id
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
    row: Any,
    notes: list[Any],
    verdicts: list[Any],
    mistakes: list[Any],
    marks: list[Any],
    overrides: list[Any],
    works: Sequence[Any] = (),
    outputs: Sequence[Any] = (),
) -> Result:
    by_exercise: dict[str, list[Verdict]] = {}
    for v in verdicts:
        verdict = Verdict(v.check, Kind(v.kind), v.hint, v.cell, v.line)
        by_exercise.setdefault(v.exercise, []).append(verdict)
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
        receipt=receipt(row),
        graded_at=row.graded_at,
        marks=tuple(map(mark_of, marks)),
        works=tuple(Work(w.name, w.source, w.cell) for w in works),
        outputs=tuple(Output(o.cell, o.text, o.figure, o.left_out) for o in outputs),
        overrides=tuple(Override(o.exercise, o.points, o.reason, o.by, o.at) for o in overrides),
    )


def mark_of(row: Any) -> Mark:
    """A mark, of its row."""
    criteria = tuple(json.loads(row.criteria))
    known = (row.question, row.points, row.marker, row.comment)
    return Mark(*known, criteria, row.false_claims, row.marked_at)
