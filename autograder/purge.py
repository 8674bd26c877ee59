"""Forgetting: what a results folder holds of one student, or of all of them."""

from __future__ import annotations

import shutil
from pathlib import Path

from .errors import ResultsError
from .escape import file_names
from .files import DRAFT
from .lock import locked
from .record import FILE
from .store import Store, read_about
from .upload.journal import FOLDER, forget

OURS = (
    *(FILE, f"{FILE}-wal", f"{FILE}-shm", "scores.csv", "scores.json", "report.html"),
    *("feedback", "gradescope", "canvas-feedback.zip", "moodle-feedback.zip", FOLDER),
)


def purge_all(results: Path) -> list[str]:
    """Delete all that grading and uploading wrote; returns the names of what was left alone.

    Raises:
        ResultsError: this is no results folder, or another process writes to it.
    """
    read_about(results)  # a wrong folder must lose nothing
    with locked(results):
        left = []
        for path in sorted(results.iterdir()):
            if path.name in OURS or DRAFT.fullmatch(path.name):
                shutil.rmtree(path) if path.is_dir() and not path.is_symlink() else path.unlink()
            elif path.name != ".lock":
                left.append(path.name)
    return left


def purge_student(results: Path, student_id: str) -> None:
    """Delete one student's result, marks, feedback page and lines in the journals.

    Scores, report and other pages have to be written again afterwards.

    Raises:
        ResultsError: there is no such student in the record.
    """
    about = read_about(results)
    with Store(results, about) as store:
        known = [result.student_id for result in store.results()]
        if student_id not in known:
            raise ResultsError(f"{results}: no result of {student_id!r}")
        store.forget(student_id)
        page = results / "feedback" / file_names(known, ".html")[student_id]
        page.unlink(missing_ok=True)
        for journal in sorted((results / FOLDER).glob("*.jsonl")):
            forget(journal, student_id)
