"""Our results into an nbgrader course, through nbgrader's own API (marks out: see `marks`).

`export` does what `nbgrader autograde` does, with nbgrader's own converter, but for one thing:
where it would run the notebook and believe what the kernel says, our results are filled in.
Formgrader, late penalties, feedback and `nbgrader export` go on from there. Test cells are found by
their grade id, which is the exercise's name (as in the notebooks of `dist/nbgrader`), questions by
theirs. nbgrader is an extra: it is imported when `export` is called.
"""

from __future__ import annotations

import contextlib
import shutil
import tempfile
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any

from ..course.outline import Outline
from ..errors import ResultsError
from ..model import Outcome, Result
from ..pages.words import remarks
from ..reading.entries import NOTEBOOK_ENDINGS
from ..results.score import points_of_check, score
from .school import LOGGED, School, open_school, without_noise

UNCONVERTED = (
    "nbgrader could not convert the notebook; scores and late penalty are in the gradebook all the "
    "same, but formgrader has no page of it, and generate_feedback none for the student"
)


def export(
    course: Path, assignment: Outline, results: Iterable[Result]
) -> Iterator[tuple[str, str]]:
    """Write autograded notebooks, scores and comments; yields each student, and what went wrong.

    A notebook that nbgrader cannot convert gets its scores all the same, and is named.

    Raises:
        ResultsError: nbgrader is not installed, or the folder is no course of the assignment.
    """
    school = open_school(course)
    with school.gradebook() as gradebook:
        notebooks = school.assignment(gradebook, assignment.name).notebooks
        cells = {cell.name for notebook in notebooks for cell in notebook.grade_cells}
        names = [notebook.name for notebook in notebooks]
    if not cells & assignment.rubric.keys():
        raise ResultsError(
            f"{course}: its {assignment.name!r} has no test cell named like an exercise: "
            "use the source notebook of dist/nbgrader, and nbgrader generate_assignment"
        )
    for result in results:
        folder = school.submitted(result.student_id, assignment.name)
        if not folder.is_dir():
            step = school.directory.submitted_directory
            yield result.student_id, f"has nothing in {step}/: left out"
            continue
        if score(result, assignment, {}).total is None:
            yield result.student_id, "has no score (grader error): left out"
            continue
        with (
            _named_as_released(school, folder, names, assignment, result) as place,
            without_noise(),
        ):
            converter = _converter(school, place, assignment, result)
            is_converted = _convert(converter)
        with school.gradebook() as gradebook:
            _save(gradebook, assignment, result, school.directory, folder)
        for name in names:
            _assign_late_penalty(converter, name, assignment.name, result.student_id)
        yield result.student_id, "" if is_converted else UNCONVERTED


@contextlib.contextmanager
def _named_as_released(
    school: School, folder: Path, names: list[str], assignment: Outline, result: Result
) -> Iterator[str]:
    """The folder to take for `submitted`: a copy where the student renamed the notebook.

    nbgrader knows a notebook by its name alone.
    """
    graded = folder / Path(result.path).name
    is_notebook = graded.is_file() and graded.name.lower().endswith(NOTEBOOK_ENDINGS)
    if not is_notebook or len(names) != 1 or (folder / f"{names[0]}.ipynb").exists():
        yield school.directory.submitted_directory
        return
    with tempfile.TemporaryDirectory() as step:
        copied = school.directory.format_path(step, result.student_id, assignment.name)
        shutil.copytree(folder, copied, ignore=shutil.ignore_patterns(graded.name))
        shutil.copy(graded, Path(copied) / f"{names[0]}.ipynb")
        yield step


def _converter(school: School, submitted: str, assignment: Outline, result: Result) -> Any:
    """`nbgrader autograde` for one student, with our results where it would run the notebook."""
    from nbgrader import preprocessors as steps  # type: ignore[import-untyped]
    from nbgrader.converters import Autograde  # type: ignore[import-untyped]
    from nbgrader.coursedir import CourseDirectory  # type: ignore[import-untyped]

    class FillIn(steps.Execute):  # type: ignore[misc]
        """In the place of running the notebook: the outputs that our results stand for."""

        def preprocess(self, nb: Any, resources: Any) -> Any:
            _fill_in(nb, assignment, result)
            return nb, resources

    config = school.config.copy()
    config.CourseDirectory.student_id = result.student_id
    config.CourseDirectory.assignment_id = assignment.name
    config.CourseDirectory.submitted_directory = submitted
    directory = CourseDirectory(config=config)
    converter = Autograde(coursedir=directory, config=config)
    converter.log.setLevel(LOGGED)
    converter.force = True
    known = [_imported(step) for step in converter.autograde_preprocessors]
    converter.autograde_preprocessors = [
        FillIn if issubclass(step, steps.Execute) else step for step in known
    ]
    return converter


def _convert(converter: Any) -> bool:
    from nbgrader.converters.base import NbGraderException  # type: ignore[import-untyped]

    try:
        converter.start()
    except NbGraderException:
        return False
    return True


def _assign_late_penalty(converter: Any, notebook: str, assignment: str, student: str) -> None:
    """As nbgrader's own step does it, of the scores as they now are."""
    import nbformat
    from nbgrader.preprocessors import AssignLatePenalties  # type: ignore[import-untyped]

    where = {"notebook": notebook, "assignment": assignment, "student": student}
    where["db_url"] = converter.coursedir.db_url
    for step in converter.autograde_preprocessors:
        if issubclass(step, AssignLatePenalties):
            nothing: Any = nbformat.from_dict({"cells": []})  # type: ignore[no-untyped-call]
            step(parent=converter).preprocess(nothing, {"nbgrader": where})


def _imported(step: Any) -> Any:
    """A step of nbgrader's, which a configuration may name by a string."""
    from traitlets.utils.importstring import import_item

    return import_item(step) if isinstance(step, str) else step


def _fill_in(notebook: Any, assignment: Outline, result: Result) -> None:
    """Put scores and sentences where the outputs of the test cells would be."""
    points = score(result, assignment, {}).exercises
    outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in points and cell.cell_type == "code" and cell.metadata.nbgrader.get("grade"):
            text = "\n".join(_sentences(outcomes.get(name), assignment))
            shown = {"data": {"text/plain": repr(float(points[name] or 0))}, "metadata": {}}
            cell.execution_count = 1
            cell.outputs = [
                type(cell)(output_type="stream", name="stdout", text=text + "\n"),
                type(cell)(output_type="execute_result", execution_count=1, **shown),
            ]


def _save(
    gradebook: Any, assignment: Outline, result: Result, directory: Any, folder: Path
) -> None:
    """Scores, also of test cells that the student deleted; what they should read; and when."""
    points = score(result, assignment, {}).exercises
    outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
    gradebook.update_or_create_student(result.student_id)
    submission = gradebook.update_or_create_submission(assignment.name, result.student_id)
    with contextlib.suppress(AttributeError, ValueError):  # how nbgrader says: no time
        if when := directory.get_existing_timestamp(str(folder)):
            submission.timestamp = when
    for notebook in submission.notebooks:
        for grade in notebook.grades:
            if grade.name in points:
                grade.auto_score = points[grade.name]
                grade.needs_manual_grade = grade.manual_score is not None
        for comment in notebook.comments:
            exercise = comment.name.removesuffix("-answer")
            if exercise in outcomes:
                comment.auto_comment = "\n\n".join(outcomes[exercise].mistakes) or None
    gradebook.db.commit()


def _sentences(outcome: Outcome | None, assignment: Outline) -> Iterator[str]:
    """The mistakes that were recognised, and a line for each check."""
    if outcome is None:
        yield "not found"
        return
    yield from outcome.mistakes
    points = assignment.counted[outcome.exercise]
    voids = assignment.voids.get(outcome.exercise, {})
    for verdict in outcome.verdicts:
        void, most = voids.get(verdict.check), points.get(verdict.check, 0)
        got = points_of_check(verdict, most, void.credit if void else "")
        yield " ".join([f"{verdict.check}: {got:g} of {most:g}", *remarks(verdict, void)])
