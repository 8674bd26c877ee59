"""Executing a plan: each score written, read back and journalled, once whatever happens."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import LmsError, OutcomeUnknown
from ..release import Release
from .journal import Journal
from .lms import Lms, Remote, Target, Writing
from .plan import Action, Past, Row, Wishes, plan

Progress = Callable[[], None]  # called for each score that is dealt with
Act = Callable[[Target, Sequence[Row]], Progress | None]  # None: leave it at the plan

TRIES = 5  # of one write whose outcome stays unknown


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
    told = [row.writing for row in rows if row.writing]
    todo = [row.writing for row in rows if row.writing and row.action is not Action.unchanged]
    for writing in todo:
        try:
            _write(lms, writing, journal)
        except LmsError as error:
            journal.add("failed", writing, why=str(error))
            problems[writing.student_id] = str(error)
        progress()
    verified = journal.verified()
    remotes = lms.read() if told else {}
    for writing in told:
        if writing.student_id in problems:
            continue
        remote = remotes.get(writing.student_id, Remote(writing.student_id))
        if _repeated(writing, remote):
            lms.tidy(writing)
        if _is_there(writing, remote):
            if writing.op not in verified:
                journal.add("verified", writing)
        else:
            problem = f"the LMS has {remote.score} and not {writing.score}, though it took it"
            journal.add("failed", writing, why=problem)
            problems[writing.student_id] = problem
    return problems


def _write(lms: Lms, writing: Writing, journal: Journal) -> None:
    """Write one score; where no answer comes, look before trying again."""
    for left in reversed(range(TRIES)):
        at = journal.add("intent", writing)
        try:
            lms.write(writing, at)
        except OutcomeUnknown as error:
            journal.add("unknown", writing, why=str(error))
            remote = lms.read_one(writing.student_id)
            # A comment that cannot be looked up is written again, in place of the old one.
            hidden = remote.comments is None and (writing.comment or writing.file)
            if _is_there(writing, remote) and not hidden:
                break
            if not left:
                raise
        else:
            break
    journal.add("sent", writing)


def _is_there(writing: Writing, remote: Remote) -> bool:
    if remote.score != writing.score:
        return False
    if remote.comments is None or not (writing.comment or writing.file):
        return True
    return any(writing.mark in comment for comment in remote.comments)


def _repeated(writing: Writing, remote: Remote) -> bool:
    return sum(writing.mark in comment for comment in remote.comments or ()) > 1
