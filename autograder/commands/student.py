"""The student's side, `autograder check`: one notebook on the visible cases, without a reference.

Needs only what is published: the assignment's folder with its exercises and `visible.json`; our
own come with the wheel. Works on Windows and macOS, too: the notebook is its owner's, and runs in a
plain process of theirs.
"""

from __future__ import annotations

import re
from collections.abc import Container, Iterable, Iterator, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from typing import Any

from ..building.visible import differences, visible_report
from ..building.wanted import VISIBLE, read_visible, values_seen
from ..course.policy import Limits
from ..errors import CourseError, SubmissionsError
from ..exercise import exercise_files, load_exercise
from ..model import CellNote, Kind, Lost, Submission
from ..observation import EVERY_PART, Observation, Part, is_unfinished
from ..reading.read import Found, infer_assignment, look, read_submission
from ..reading.work import question_works, redefined, released
from ..running.alone import Alone
from ..running.run import run
from ..worker.released import OURS

STILL, MISSING, WRONG = "still to do", "not in the notebook", "not right yet"
UNANSWERED = "without an answer"
SKELETON, PASSES = "not done yet", "passes"  # what `visible_report` says, or begins with


def check(notebook: Path, assignment: str | None = None) -> Iterator[str]:
    """Run a notebook and say, in a text each, how its exercises do on their visible cases.

    Raises:
        CourseError: no published assignment is near the notebook or the current folder.
        SubmissionsError: the notebook cannot be read.
        SandboxError: no process for it starts here.
    """
    handed, submission = _read(notebook, assignment)
    folders = _published(notebook)
    if assignment is not None and assignment not in folders:
        raise CourseError(f"no assignment {assignment!r} here, only {', '.join(folders)}")
    name = assignment or _assignment_of(handed, folders, notebook.resolve().parent)
    wanted = read_visible(folders[name] / VISIBLE)
    files = exercise_files(folders[name])
    exercises = {exercise: load_exercise(files[exercise]) for exercise in wanted}
    visible = {exercise: found.visible for exercise, found in exercises.items()}
    limits = Limits()
    ran = run(Alone(folders[name], limits), submission, visible, {}, limits)
    reports = dict[str, str]()
    todo: dict[str, list[str]] = {STILL: [], MISSING: [], WRONG: [], UNANSWERED: []}
    for exercise, (seen,) in ran.visible.items():
        reports[exercise], left = _reported(exercise, seen, wanted[exercise])
        for why, what in left.items():
            todo[why].append(what)
    todo[UNANSWERED] += _unanswered(folders[name], submission, reports)
    again = redefined(submission.cells, exercises, ran.notes)
    notes = sorted([*ran.notes, *again], key=lambda note: note.cell)
    yield from told(notes, reports, todo, name)
    if submission.files:
        yield f"it imports files, which have to be handed in with it: {', '.join(submission.files)}"


def _assignment_of(handed: Found, folders: Mapping[str, Path], here: Path) -> str:
    """By what it defines; where that tells nothing, that of the notebook's own folder, if any."""
    exercises = dict[str, list[str]]()
    for name, folder in folders.items():
        try:
            exercises[name] = list(read_visible(folder / VISIBLE))
        except CourseError:
            if folder.parent != here.parent or folder == here:
                raise
            # else a neighbour of the notebook's folder, which may be anything
    try:
        return infer_assignment(handed, exercises)
    except SubmissionsError:
        if folders.get(here.name) != here:
            raise
        return here.name


def _read(notebook: Path, assignment: str | None) -> tuple[Found, Submission]:
    if notebook.is_dir():
        raise SubmissionsError(f"{notebook} is a folder: give one notebook")
    handed = look(notebook)
    if len(students := handed.of("")) != 1:
        raise SubmissionsError(f"{notebook}: work of {len(students)} students: give one notebook")
    ((student, entries),) = students.items()
    submission = read_submission(student, entries, assignment or "")
    if submission.problem:
        raise SubmissionsError(f"{notebook}: {submission.problem}")
    if entries[0].path.name == notebook.name:  # else it came out of a zip, with its files
        files = _imported(notebook.resolve().parent, submission)
        submission = replace(submission, files=submission.files | files)
    return handed, submission


def _imported(folder: Path, submission: Submission) -> dict[str, str]:
    """The files beside a notebook that it imports, as grading finds them if they are handed in."""
    code = "\n".join(submission.cells)
    imports = re.findall(r"^[ \t]*(?:from[ \t]+(\w+)|import[ \t]+(.+))", code, re.MULTILINE)
    modules = (module for one, many in imports for module in (one, *many.split(",")))
    names = {re.split(r"\W", module.strip())[0] for module in modules}
    found = ((f"{name}.py", folder / f"{name}.py") for name in sorted(names))
    return {name: path.read_text("utf-8", "replace") for name, path in found if path.is_file()}


def _reported(
    exercise: str, seen: Observation | Lost, wanted: Mapping[str, Any]
) -> tuple[str, dict[str, str]]:
    """What to say of an exercise, and what of it is left to do, by why."""
    if isinstance(seen, Lost):
        return seen.message, {MISSING if seen.kind is Kind.missing else WRONG: exercise}
    values = values_seen(seen)
    report = visible_report(exercise, values, wanted)
    if report == SKELETON or is_unfinished(seen.get(EVERY_PART, Part()).error):
        return report, {STILL: exercise}
    blank = [part for part, each in seen.items() if is_unfinished(each.error)]
    if not blank:
        return report, {} if report.startswith(PASSES) else {WRONG: exercise}
    left = {STILL: f"{exercise} ({', '.join(blank)})"}
    of_blank = re.compile(rf"\b({'|'.join(map(re.escape, blank))})\b")
    shown = differences({part: values[part] for part in wanted if part in values}, wanted)
    places = [line.partition(":")[0] for line in shown if not line.startswith("note")]
    if not all(map(of_blank.search, places)):
        left[WRONG] = exercise
    return report, left


def _unanswered(folder: Path, submission: Submission, exercises: Container[str]) -> list[str]:
    """The questions for which nothing was written, as far as the released notebook tells."""
    cells, ours = released(folder), released(folder, [OURS])
    prompts = [c.id.removesuffix("-prompt") for c in ours if c.id.endswith("-prompt")]
    questions = [name for name in dict.fromkeys(prompts) if name not in exercises]
    written = {work.name for work in question_works(submission.notebook, cells, questions)}
    return [question for question in questions if question not in written]


def told(
    notes: Iterable[CellNote],
    reports: Mapping[str, str],
    todo: Mapping[str, Sequence[str]],
    assignment: str,
) -> Iterator[str]:
    """What a student reads: of cells, of each exercise, and what is left to do, by why."""
    for note in notes:
        yield f"code cell {note.cell}: {note.message}"
    for exercise, report in reports.items():
        yield f"{exercise}: {report}"
    yield ""
    for why, names in todo.items():
        if names:
            yield f"{why}: {', '.join(names)}"
    passing = sum(report.startswith(PASSES) for report in reports.values())
    yield f"exercises of {assignment} that pass their visible checks: {passing} of {len(reports)}"


def _published(notebook: Path) -> dict[str, Path]:
    """The folders of published assignments: near the notebook, in `assignments/` above, or ours.

    Near it are its own folder and those beside that one: it may have been saved in another's. Ours
    come with the wheel, so that a student who has it needs nothing else.
    """
    here, cwd = notebook.resolve().parent, Path.cwd()
    if (here / VISIBLE).is_file():
        return {path.parent.name: path.parent for path in sorted(here.parent.glob(f"*/{VISIBLE}"))}
    for above in (here, *here.parents, cwd, *cwd.parents, Path(__file__).parent.parent):
        if found := sorted((above / "assignments").glob(f"*/{VISIBLE}")):
            return {path.parent.name: path.parent for path in found}
    raise CourseError(
        f"no published assignment near {notebook}: put it into the folder of the assignment that "
        f"you got (with {VISIBLE} in it), or run this in the folder that holds assignments/"
    )
