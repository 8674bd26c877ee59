"""Our results into an nbgrader course, and its manual marks out, through nbgrader's own API.

`export` does what `nbgrader autograde` does, with nbgrader's own converter, but for one thing:
where it would run the notebook and believe what the kernel says, our results are filled in.
Formgrader, late penalties, feedback and `nbgrader export` go on from there. Test cells are found by
their grade id, which is the exercise's name (as in the notebooks of `dist/nbgrader`), questions by
theirs. nbgrader is an extra: it is imported when one of these functions is called.
"""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from types import ModuleType
from typing import Any

from ..course import Assignment
from ..errors import ResultsError
from ..grading import Points
from ..model import Kind, Mark, Outcome, Result
from ..score import score

CONFIG = "nbgrader_config.py"
DATABASE = "gradebook.db"


def export(
    course: Path, assignment: Assignment, results: Iterable[Result]
) -> Iterator[tuple[str, str]]:
    """Write autograded notebooks, scores and comments; yields each student, and what went wrong.

    A notebook that nbgrader cannot convert gets its scores all the same, and is named.

    Raises:
        ResultsError: nbgrader is not installed, or the folder is no course of the assignment.
    """
    api = _nbgrader()
    config = _config(course)
    with _gradebook(api, course) as gradebook:
        known = _graded_cells(gradebook, api, assignment)
        if not known & assignment.rubric.keys():
            raise ResultsError(
                f"{course}: its {assignment.name!r} has no test cell named like an exercise: "
                "use the source notebook of dist/nbgrader, and nbgrader generate_assignment"
            )
    for result in results:
        if not (course / "submitted" / result.student_id / assignment.name).is_dir():
            yield result.student_id, "has nothing in submitted/: left out"
            continue
        if score(result, assignment.rubric, {}).total is None:
            yield result.student_id, "has no score (grader error): left out"
            continue
        problem = _convert(api, config, assignment, result)
        with _gradebook(api, course) as gradebook:
            _save(gradebook, assignment, result)
        yield result.student_id, problem


def marks(course: Path, assignment: str, questions: Points) -> dict[str, list[Mark]]:
    """The scores that people gave to questions in formgrader, by student.

    Raises:
        ResultsError: nbgrader is not installed, or the folder is no course of the assignment.
    """
    api = _nbgrader()
    found: dict[str, list[Mark]] = {}
    with _gradebook(api, course) as gradebook:
        for submission in gradebook.assignment_submissions(assignment):
            for notebook in submission.notebooks:
                comments = {c.name: c.manual_comment for c in notebook.comments}
                for grade in notebook.grades:
                    if grade.name in questions and grade.manual_score is not None:
                        points, comment = float(grade.manual_score), comments.get(grade.name) or ""
                        mark = Mark(grade.name, points, "nbgrader", comment)
                        found.setdefault(submission.student.id, []).append(mark)
    return found


def _convert(api: ModuleType, config: Any, assignment: Assignment, result: Result) -> str:
    """Run nbgrader's converter for one student; returns why it failed, or nothing."""
    from nbgrader import preprocessors as steps  # type: ignore[import-untyped]
    from nbgrader.converters import Autograde  # type: ignore[import-untyped]
    from nbgrader.converters.base import NbGraderException  # type: ignore[import-untyped]
    from nbgrader.coursedir import CourseDirectory  # type: ignore[import-untyped]

    class FillIn(steps.Execute):  # type: ignore[misc]
        """In the place of running the notebook: the outputs that our results stand for."""

        def preprocess(self, nb: Any, resources: Any) -> Any:
            _fill_in(nb, assignment, result)
            return nb, resources

    class FillInGrades(Autograde):  # type: ignore[misc]
        """`nbgrader autograde`, without running anything."""

        autograde_preprocessors: Any

        def _init_preprocessors(self) -> None:
            known = self.autograde_preprocessors
            self.autograde_preprocessors = [FillIn if s is steps.Execute else s for s in known]
            super()._init_preprocessors()

    config = config.copy()
    config.CourseDirectory.student_id = result.student_id
    config.CourseDirectory.assignment_id = assignment.name
    directory = CourseDirectory(config=config)
    converter = FillInGrades(coursedir=directory, config=config)
    converter.force = True
    try:
        converter.start()
    except NbGraderException:
        return (
            "nbgrader could not convert the notebook; the scores are in the gradebook all the same"
        )
    return ""


def _fill_in(notebook: Any, assignment: Assignment, result: Result) -> None:
    """Put scores and sentences where the outputs of the test cells would be."""
    points = score(result, assignment.rubric, {}).exercises
    outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
    for cell in notebook.cells:
        name = cell.metadata.get("nbgrader", {}).get("grade_id")
        if name in points and cell.cell_type == "code" and cell.metadata.nbgrader.get("grade"):
            text = "\n".join(_sentences(outcomes.get(name), assignment.rubric[name]))
            shown = {"data": {"text/plain": repr(float(points[name] or 0))}, "metadata": {}}
            cell.execution_count = 1
            cell.outputs = [
                type(cell)(output_type="stream", name="stdout", text=text + "\n"),
                type(cell)(output_type="execute_result", execution_count=1, **shown),
            ]


def _save(gradebook: Any, assignment: Assignment, result: Result) -> None:
    """Scores, also of test cells that the student deleted; and what they should read."""
    points = score(result, assignment.rubric, {}).exercises
    outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
    submission = gradebook.update_or_create_submission(assignment.name, result.student_id)
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


def _sentences(outcome: Outcome | None, points: Points) -> Iterator[str]:
    if outcome is None:
        yield "not found"
        return
    yield from outcome.mistakes
    for verdict in outcome.verdicts:
        earned = points.get(verdict.check, 0) if verdict.kind is Kind.passed else 0
        most = points.get(verdict.check, 0)
        yield f"{verdict.check}: {earned:g} of {most:g} {verdict.hint}".rstrip()


def _graded_cells(gradebook: Any, api: ModuleType, assignment: Assignment) -> set[str]:
    try:
        found = gradebook.find_assignment(assignment.name)
    except api.MissingEntry as error:
        raise ResultsError(
            f"no assignment {assignment.name!r} in {DATABASE}: run "
            f"nbgrader generate_assignment {assignment.name} first"
        ) from error
    return {cell.name for notebook in found.notebooks for cell in notebook.grade_cells}


def _nbgrader() -> ModuleType:
    try:
        from nbgrader import api
    except ImportError as error:
        raise ResultsError("nbgrader is not installed: pip install nbgrader") from error
    # nbgrader calls `alembic` by its name, also where the environment is not activated.
    scripts, path = os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)
    if scripts not in path.split(os.pathsep):
        os.environ["PATH"] = scripts + os.pathsep + path
    module: ModuleType = api
    return module


def _gradebook(api: ModuleType, course: Path) -> Any:
    if not (course / DATABASE).is_file():
        raise ResultsError(
            f"{course}: no {DATABASE} in it: give the nbgrader course folder, after "
            "nbgrader generate_assignment"
        )
    return api.Gradebook(f"sqlite:///{(course / DATABASE).resolve()}")


def _config(course: Path) -> Any:
    from traitlets.config.loader import Config, PyFileConfigLoader

    loaded = Config()
    if (course / CONFIG).is_file():
        loaded = PyFileConfigLoader(CONFIG, path=str(course)).load_config()
    loaded.CourseDirectory.root = str(course.resolve())
    return loaded
