"""Forgetting: what a results folder holds of one student, or of all of them."""

from __future__ import annotations

import shutil
from collections.abc import Callable, Collection
from pathlib import Path

from ..errors import ResultsError
from ..escape import file_names
from ..files import DRAFT
from ..results import exports, rules
from ..results.folder import ANONYMOUS, EXPORTED, FEEDBACK, LOCK, OURS, UPLOADS
from ..results.lock import locked
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


def purge_students(results: Path, student_ids: Collection[str], say: Say) -> None:
    """Delete the results, marks, feedback pages and lines in the journals of these students.

    What was exported goes as a whole. Scores, report and other pages have to be written again
    afterwards.

    Raises:
        ResultsError: one of them is not in the record or a journal, or one is damaged; nobody is
            forgotten then.
    """
    about = identity(results)
    journals = sorted((results / UPLOADS).glob("*.jsonl"))
    with Store(results, about) as store:
        known = store.students
        for student_id in student_ids:
            if student_id not in known.union(*map(students, journals)):
                raise ResultsError(f"{results}: no result of {student_id!r}")
        for student_id in student_ids:
            for journal in journals:  # first: after an error the student is still known
                forget(journal, student_id)
        _delete_exports(results, say)
        pages = file_names(known, ".html")
        for student_id in student_ids:
            if student_id in known:
                (results / FEEDBACK / pages[student_id]).unlink(missing_ok=True)
                (results / ANONYMOUS).unlink(missing_ok=True)  # it has a row of theirs
            rules.forget(store, student_id)
            store.forget(student_id)


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
