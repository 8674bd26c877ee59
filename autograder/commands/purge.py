"""Forgetting: what a results folder holds of one student, or of all of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Sequence
from pathlib import Path

from ..errors import ResultsError
from ..escape import file_names
from ..files import DRAFT
from ..results import exports, rules
from ..results.folder import ANONYMOUS, EXPORTED, FEEDBACK, LOCK, OURS, UPLOADS
from ..results.lock import locked
from ..results.rows import Results
from ..results.store import Store, identity, read_about
from ..upload.journal import forget, students

Say = Callable[[str], None]


def purge_all(results: Path, say: Say) -> None:
    """Delete all that grading, exporting and uploading wrote, and say what is left.

    Raises:
        ResultsError: this is no results folder, or another process writes to it.
    """
    read_about(results)  # a wrong folder must lose nothing
    with locked(results):
        _delete_exports(results, say)
        left = []
        for path in sorted(results.iterdir()):
            if path.name in OURS or DRAFT.fullmatch(path.name):
                if path.name != LOCK:
                    _delete(path)
            else:
                left.append(path.name)
    if left:
        say(f"not ours, and left alone: {', '.join(left)}")


def purge_students(results: Path, student_ids: Sequence[str], say: Say) -> None:
    """The same of several students; of none, if one of them is not known.

    Raises:
        ResultsError: there is no such student in the record or a journal, or one is damaged.
    """
    known = {result.student_id for result in Results(results)}
    known = known.union(*map(students, _journals(results)))
    for student_id in student_ids:
        if student_id not in known:
            raise _unknown(results, student_id)
    for student_id in student_ids:
        purge_student(results, student_id, say)


def purge_student(results: Path, student_id: str, say: Say) -> None:
    """Delete one student's result, marks, feedback page and lines in the journals.

    What was exported goes as a whole. Scores, report and other pages have to be written again
    afterwards.

    Raises:
        ResultsError: there is no such student in the record or a journal, or one is damaged.
    """
    about = identity(results)
    journals = _journals(results)
    with Store(results, about) as store:
        known = store.students
        if student_id not in known.union(*map(students, journals)):
            raise _unknown(results, student_id)
        for journal in journals:  # first: after an error the student is still known
            forget(journal, student_id)
        _delete_exports(results, say)
        if student_id in known:
            page = results / FEEDBACK / file_names(known, ".html")[student_id]
            page.unlink(missing_ok=True)
            (results / ANONYMOUS).unlink(missing_ok=True)  # it has a row of theirs
        rules.forget(store, student_id)
        store.forget(student_id)


def _journals(results: Path) -> list[Path]:
    return sorted((results / UPLOADS).glob("*.jsonl"))


def _unknown(results: Path, student_id: str) -> ResultsError:
    return ResultsError(f"{results}: no result of {student_id!r}")


def _delete_exports(results: Path, say: Say) -> None:
    named = [path for path in (results / name for name in EXPORTED) if path.exists()]
    for path in named:
        _delete(path)
    deleted, changed = exports.delete(results)
    if named or deleted:
        say(f"deleted what was exported: {', '.join(map(str, [*named, *deleted]))}")
    if changed:
        say(f"exported, changed since, and left alone: {', '.join(map(str, changed))}")


def _delete(path: Path) -> None:
    if path.is_dir() and not path.is_symlink():
        shutil.rmtree(path)
    else:
        path.unlink(missing_ok=True)
