"""Executing a plan: each score written, read back and journalled, once whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import LmsError, OutcomeUnknown
from ..results.release import Release
from .journal import Journal
from .lms import Lms, Remote, Target, Writing
from .plan import Action, Past, Row, Wishes, is_there, plan, repeated

TRIES = 5  # of one write whose outcome stays unknown
Progress = Callable[[], None]  # called for each score that is dealt with
Act = Callable[[Target, Sequence[Row]], Progress | None]  # None: leave it at the plan


def upload(
    lms: Lms, told: Sequence[Release], results: Path, wishes: Wishes, act: Act
) -> tuple[list[Row], dict[str, str]]:
    """The whole flow: look, plan, have `act` show the plan and say how to go on, then apply.

    Returns the plan, and what went wrong by student id.

    Raises:
        LmsError: the LMS refuses, has another number of points, or is another one than before.
        ResultsError: the journal is damaged.
    """
    target = lms.target()
    with Journal(results, target) as journal:
        past = Past(journal.scores_of_ours(), journal.done())
        rows = plan(target, told, lms.read(), past, wishes)
        advance = act(target, rows)
        return rows, apply(lms, rows, journal, advance) if advance else {}


def apply(lms: Lms, rows: Sequence[Row], journal: Journal, progress: Progress) -> dict[str, str]:
    """Write what the plan says, then read everything back.

    Returns what went wrong, by student id; the next run goes on from there.
    """
    problems: dict[str, str] = {}
    for row in rows:
        if row.writing is None or row.action is Action.unchanged:
            continue
        try:
            _write(lms, row, row.writing, journal)
        except LmsError as error:
            journal.add("failed", row.writing, why=str(error))
            problems[row.student_id] = str(error)
        progress()
    told = [row.writing for row in rows if row.writing]
    verified = journal.verified()
    remotes = lms.read() if told else {}
    for writing in told:
        if writing.student_id in problems:
            continue
        remote = remotes.get(writing.student_id, Remote(writing.student_id))
        if repeated(writing, remote):
            lms.tidy(writing)
        if is_there(writing, remote):
            if writing.op not in verified:
                journal.add("verified", writing)
        else:
            problem = f"the LMS has {remote.score} and not {writing.score}, though it took it"
            journal.add("failed", writing, why=problem)
            problems[writing.student_id] = problem
    return problems


def _write(lms: Lms, row: Row, writing: Writing, journal: Journal) -> None:
    """Write one score, unless somebody was there meanwhile; where no answer comes, look again.

    Raises:
        LmsError: it could not be written, or must not be any more.
    """
    for left in reversed(range(TRIES)):
        if _is_done(lms, row, writing):
            break
        at = journal.add("intent", writing)
        try:
            lms.write(writing, at)
        except OutcomeUnknown as error:
            journal.add("unknown", writing, why=str(error))
            if not left and not _is_done(lms, row, writing):
                raise
        else:
            break
    journal.add("sent", writing)


def _is_done(lms: Lms, row: Row, writing: Writing) -> bool:
    """Whether the LMS has it already.

    Raises:
        LmsError: it has something else than when the plan was made: a person's.
    """
    remote = lms.read_one(writing.student_id)
    if remote.score not in (row.old, writing.score):
        raise LmsError(f"changed to {remote.score} since the plan was made: run it again")
    before = row.seen or remote
    if (remote.uploads, remote.submitted_at) != (before.uploads, before.submitted_at):
        raise LmsError("handed in again since the plan was made: download and grade again")
    # What cannot be looked up is written again, in place of the old one.
    hidden = writing.score is None or (remote.comments is None and bool(writing.marks))
    return is_there(writing, remote) and not hidden
