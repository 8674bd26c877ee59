"""The student's side, `autograder check`: one notebook on the visible cases, without a reference.

Needs only what is published: the assignment's folder with its exercises and `visible.json`.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from .build import VISIBLE, read_visible, values_seen
from .errors import CourseError, SubmissionsError
from .exercise import exercise_files, load_exercise
from .grading import Limits
from .model import Lost
from .read import infer_assignment, look, read_submission
from .run import run
from .tier import detect
from .visible import visible_report
from .zygotes import Zygotes


def check(notebook: Path, assignment: str | None = None) -> Iterator[str]:
    """Run a notebook and say, a line each, how its exercises do on their visible cases.

    Raises:
        CourseError: no published assignment is near the notebook or the current folder.
        SubmissionsError: the notebook cannot be read.
    """
    if notebook.is_dir():
        raise SubmissionsError(f"{notebook} is a folder: give one notebook (or use `grade`)")
    folders = _published(notebook)
    names = {name: list(read_visible(folder / VISIBLE)) for name, folder in folders.items()}
    if assignment is not None and assignment not in folders:
        raise CourseError(f"no assignment {assignment!r}: there are {', '.join(folders)}")
    handed = look(notebook)
    name = assignment or infer_assignment(handed, names)
    ((student, entries),) = handed.of(name).items()
    submission = read_submission(student, entries, name)
    if submission.problem:
        raise SubmissionsError(f"{notebook}: {submission.problem}")
    wanted = read_visible(folders[name] / VISIBLE)
    files = exercise_files(folders[name])
    exercises = {exercise: load_exercise(files[exercise]) for exercise in wanted}
    visible = {exercise: found.visible for exercise, found in exercises.items()}
    limits = Limits()
    with (
        Zygotes(folders[name], (), detect(trusted=True), limits, 1) as zygotes,
        zygotes.lease() as zygote,
    ):
        ran = run(zygote, submission, visible, {}, limits)
    for note in ran.notes:
        yield f"cell {note.cell}: {note.message}"
    for exercise, (seen,) in ran.visible.items():
        if isinstance(seen, Lost):
            yield f"{exercise}: {seen.message}"
        else:
            yield f"{exercise}: {visible_report(exercise, values_seen(seen), wanted[exercise])}"


def _published(notebook: Path) -> dict[str, Path]:
    """The folders of published assignments: beside the notebook, or in `assignments/` above."""
    here, cwd = notebook.resolve().parent, Path.cwd()
    if (here / VISIBLE).is_file():
        return {here.name: here}
    for above in (here, *here.parents, cwd, *cwd.parents):
        if found := sorted((above / "assignments").glob(f"*/{VISIBLE}")):
            return {path.parent.name: path.parent for path in found}
    raise CourseError(
        f"no published assignment near {notebook}: put it beside {VISIBLE} and the exercise files, "
        "or run this in the folder that holds assignments/"
    )
