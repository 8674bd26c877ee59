"""otter-grader: the student folder with its visible tests, and the autograder zip.

Nothing here imports otter: the files are what `otter assign` and `otter generate` of version 7
would write. Tests have otter's exception format, whose functions run in a module of their own and
say in one sentence what is wrong. Check cells are left out when otter grades, so that answers are
judged once, after the last cell, as our own grader does it, wherever a student moved them.
"""

from __future__ import annotations

import ast
import io
import json
import re
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

import torch
from jinja2 import Environment, PackageLoader, StrictUndefined

from ..building import notebook
from ..building.notebook import Cell, code_cell, markdown_cell
from ..building.wanted import Values
from ..course.assignment import Assignment
from ..course.course import Course
from ..course.policy import Points
from ..exercise import Exercise
from ..worker.released import CHECK_ENDING, HELPER_CELL
from .bundle import bundle

BUNDLE = "autograder_bundle"  # beside the submission, when otter grades it
MESSAGE = "{} does not hold for inputs that you have not seen."
LOCKED = {"deletable": False, "editable": False}
ANSWER = {"tags": ["otter_answer_cell"]}
UNGRADED = LOCKED | {"tags": ["otter_ignore"]}
BEGIN, END = "<!-- BEGIN QUESTION -->", "<!-- END QUESTION -->"  # what the PDF is filtered by
EXPORT = """\
## Submission

Run all cells from top to bottom and **save the notebook**. Then run the cells below: they make a
zip file to hand in, and try the visible cases on it once more."""
# otter finds its tests, and exports the notebook, from the current folder.
HOME = """\
def _go_back():  # to the notebook's folder, if a cell above went elsewhere
    import os

    from IPython import get_ipython

    os.chdir(get_ipython().starting_dir)


_go_back()"""
OLDEST = (1980, 1, 1, 0, 0, 0)  # the date of every file in the zip

_templates = Environment(  # noqa: S701 (Python and shell, not HTML)
    loader=PackageLoader("autograder", "templates/otter"),
    undefined=StrictUndefined,
    keep_trailing_newline=True,
    trim_blocks=True,
)
_templates.filters["python"] = repr


def student_folder(
    course: Course, assignment: Assignment, wanted: Mapping[str, Values]
) -> dict[Path, bytes]:
    """The student notebook and its visible tests, to be published."""
    return _student(course, assignment, wanted, assignment.folder / "otter")


def distributed(
    course: Course, assignment: Assignment, wanted: Mapping[str, Values]
) -> dict[Path, bytes]:
    """The autograder zip, which holds the answers, and the student folder once more.

    Raises:
        CourseError: the reference is at fault, or the secret is.
    """
    folder = course.folder / "dist" / "otter"
    archive = {
        f"files/{BUNDLE}/{path}": data for path, data in bundle(course, assignment, wanted).items()
    }
    for name, reference in assignment.references.items():
        test = test_file(reference.exercise, wanted[name], assignment.rubric[name])
        archive[f"tests/{name}.py"] = test.encode()
    for script in ("run_autograder", "run_otter.py", "setup.sh"):
        archive[script] = _rendered(script).encode()
    version = torch.__version__.split("+")[0]  # as here: the reference runs with it
    archive["environment.yml"] = _rendered("environment.yml", torch=version).encode()
    archive["otter_config.json"] = json.dumps({"lang": "python"}, indent=2).encode()
    return {
        folder / f"{assignment.name}-autograder.zip": _zipped(archive),
        **_student(course, assignment, wanted, folder / "student"),
    }


def _student(
    course: Course, assignment: Assignment, wanted: Mapping[str, Values], folder: Path
) -> dict[Path, bytes]:
    name, tests = assignment.name, _tests_folder(course, assignment)
    cells = _cells(assignment, notebook.student_cells(assignment, wanted), tests)
    files = {
        folder / f"{name}.ipynb": notebook.notebook(cells, otter={"assignment_name": name}),
    }
    for exercise, reference in assignment.references.items():
        test = test_file(reference.exercise, wanted[exercise])
        files[folder / tests / f"{exercise}.py"] = test.encode()
    return files


def _tests_folder(course: Course, assignment: Assignment) -> str:
    """`tests`, unless assignments share an exercise's name: in `dist` they lie side by side."""
    others = {
        exercise
        for name, rubric in course.grading.rubrics.items()
        for exercise in rubric
        if name != assignment.name
    }
    return f"{assignment.name}-tests" if others & assignment.rubric.keys() else "tests"


# The notebook


def _cells(assignment: Assignment, cells: Sequence[Cell], tests: str) -> Iterator[Cell]:
    """The cells of the student notebook, as otter's students know them."""
    path = json.dumps(f"{assignment.name}.ipynb")
    place = "" if tests == "tests" else f", tests_dir={json.dumps(f'./{tests}')}"
    start = f"# Initialize Otter\nimport otter\ngrader = otter.Notebook({path}{place})"
    yield code_cell("otter", start) | {"metadata": LOCKED}
    checks = {f"{name}{CHECK_ENDING}": name for name in assignment.references}
    prompts = {f"{name}-prompt" for name in assignment.references}
    questions = {f"{name}-prompt": question for name, question in assignment.questions.items()}
    answers, left = set(assignment.references), 0
    for cell in cells:
        name = cell["id"]
        if name in checks:
            exercise = assignment.references[checks[name]].exercise
            if given := _given(exercise, cells):
                yield code_cell(f"{exercise.name}-given", given)
            source = f"grader.check({json.dumps(exercise.name)})"
            yield code_cell(name, source) | {"metadata": UNGRADED}
        elif name in questions:
            left = len(questions[name].answer)
            source = f"{BEGIN}\n\n{''.join(cell['source'])}"
            yield markdown_cell(name, source) | {"metadata": LOCKED}
        elif left:
            left -= 1
            yield cell | {"metadata": ANSWER}
            if not left:
                yield markdown_cell(f"{name}-end", END) | {"metadata": LOCKED}
        elif name in answers:
            yield cell | {"metadata": ANSWER}
        elif name in prompts:
            yield cell | {"metadata": LOCKED}
        elif not name.startswith(HELPER_CELL):
            yield cell
    yield markdown_cell("otter-export-prompt", EXPORT) | {"metadata": LOCKED}
    yield code_cell("otter-home", HOME) | {"metadata": LOCKED}
    # A PDF would need LaTeX; a log is unpickled where grading happens, and counts other points.
    export = "grader.export(pdf=False, run_tests=True, ignore_log=True)"
    yield code_cell("otter-export", export) | {"metadata": UNGRADED}


def _given(exercise: Exercise, cells: Sequence[Cell]) -> str:
    """What the notebook's own check cell defines and other cells mention."""
    text = "\n".join("".join(c["source"]) for c in cells if not c["id"].endswith(CHECK_ENDING))
    sources = notebook.definitions(exercise.path, {"visible", "probe"}, exercise.name)
    defined = {
        statement.name
        for statement in ast.parse("\n".join(sources)).body
        if isinstance(statement, (ast.FunctionDef, ast.ClassDef))
    }
    named = {name for name in defined - {"probe"} if re.search(rf"`{name}\b|\b{name}\(", text)}
    return "\n\n".join(notebook.definitions(exercise.path, named, exercise.name)) if named else ""


# Tests


def test_file(exercise: Exercise, wanted: Values, points: Points | None = None) -> str:
    """A test file: the visible case, and with points the hidden checks.

    Alone the visible case is worth a point: `otter check` divides by what is worth something.
    """
    return _rendered(
        "test.py",
        helpers=notebook.helpers()[1],
        visible="\n\n".join(notebook.visible_case(exercise, wanted)),
        exercise=exercise.name,
        points=points,
        bundle=BUNDLE,
        message=MESSAGE,
    )


def _rendered(template: str, **fields: object) -> str:
    return _templates.get_template(template).render(**fields)


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """A zip file of these, the same bytes every time."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w") as archive:  # stored: how zlib packs depends on its version
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, OLDEST)
            entry.external_attr = (0o755 if b"#!" == files[name][:2] else 0o644) << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()
