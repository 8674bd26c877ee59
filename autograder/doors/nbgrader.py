"""nbgrader's files: a course folder for the instructor, and the notebook that its students get.

`dist/nbgrader/` is the course folder: `nbgrader_config.py`, the source notebooks, and in `hidden/`
a bundle for each assignment, which the hidden tests find from wherever nbgrader starts the kernel.
`assignments/<assignment>/nbgrader/` holds what `nbgrader generate_assignment` makes of the source,
byte for byte, though nbgrader itself is not needed to write either.

In both the cells are those of the student notebook, dressed for nbgrader by their ids: a skeleton
becomes an autograded answer, a visible check a test whose last line is the points, the prompt of a
question a task of no points that holds the mark scheme, and the first cell of its answer a manually
graded one.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path, PurePosixPath
from typing import Any

from ..building.notebook import Cell, notebook, student_cells
from ..building.wanted import Values
from ..course.assignment import Assignment
from ..course.course import Course
from ..course.questions import Question
from ..worker.released import HELPER_CELL
from .bundle import bundle
from .solved import BEGIN, END, solved

STUBS = {"code": "# YOUR CODE HERE", "markdown": ""}  # as in nbgrader_config.py
CONFIG = Path(__file__).parent.parent / "templates" / "nbgrader_config.py"

# No name of a student's is in the way: all is in functions that name no built-in, as these may mean
# anything by now. The folder where the kernel started is known, wherever the notebook went since.
BUNDLE = """\
# BEGIN HIDDEN TESTS
def _find_bundle():
    import sys
    import warnings
    from pathlib import Path

    from IPython import get_ipython

    shell = get_ipython()
    shell.ast_node_interactivity = "last_expr"  # the points are the last expression, and a float
    shell.display_formatter.formatters["text/plain"].float_precision = ""
    for place in Path(shell.starting_dir).parents:
        folder = place / "hidden/{assignment}"
        if folder.is_dir():
            break
    sys.path.insert(0, f"{{folder}}")  # its engine goes before an installed one
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        from autograder.doors.hidden_tests import Bundle
    return Bundle.of(folder), shell.user_ns
"""
# From the first cell on, the bundle's engine counts what autograd does.
FIRST = (
    BUNDLE
    + """

_bundle, _names = _find_bundle()
_nothing = _bundle.give_imports(_names)  # as an expression it could be shown
# END HIDDEN TESTS"""
)
TEST = (
    "_score = None if {check} else 0.0\n"
    + BUNDLE
    + """

def _points():
    try:
        bundle, namespace = _find_bundle()
        return bundle.score("{exercise}", namespace)
    except:  # whatever it is: a fault on our side must not become a zero
        import sys

        sys.stdout.write(f"not graded: {{sys.exc_info()[1]!r}}\\n")
        return 1e999  # infinity is too much: nbgrader refuses the submission, and says so


_score = _points()
# END HIDDEN TESTS
_score  # points: of all checks when graded; before, 0 unless the visible case passes"""
)


def released(
    course: Course, assignment: Assignment, wanted: Mapping[str, Values]
) -> dict[Path, bytes]:
    """The notebook that students get, as nbgrader makes it of the source."""
    path = assignment.folder / "nbgrader" / f"{assignment.name}.ipynb"
    return {path: notebook(map(_released, source_cells(assignment, wanted)))}


def course_folder(
    course: Course, assignment: Assignment, wanted: Mapping[str, Values]
) -> dict[Path, bytes]:
    """What the instructor runs nbgrader on: configuration, source notebook and bundle.

    Raises:
        CourseError: the reference is at fault, or the secret is.
    """
    name = assignment.name
    files = {
        PurePosixPath("nbgrader_config.py"): CONFIG.read_bytes(),
        PurePosixPath(f"source/{name}/{name}.ipynb"): notebook(source_cells(assignment, wanted)),
    }
    for path, content in bundle(course, assignment, wanted).items():
        files[PurePosixPath("hidden", name) / path] = content
    return {course.folder / "dist" / "nbgrader" / path: data for path, data in files.items()}


def source_cells(assignment: Assignment, wanted: Mapping[str, Values]) -> Iterator[Cell]:
    """The student notebook's cells with solutions, hidden tests and mark schemes."""
    for cell in student_cells(assignment, wanted):
        name, _, role = cell["id"].partition("-")
        if cell["id"] == HELPER_CELL:
            source = f"{_source(cell)}\n" + FIRST.format(assignment=assignment.name)
            yield _dressed(cell, HELPER_CELL, source, grade=True, locked=True, points=0)
        elif name in assignment.references and role == "check":
            points = sum(assignment.rubric[name].values())
            test = _test(assignment.name, name, _source(cell))
            yield _dressed(cell, name, test, grade=True, locked=True, points=points)
        elif name in assignment.references and not role:
            answer = solved(assignment.references[name])
            yield _dressed(cell, f"{name}-answer", answer, solution=True)
        elif name in assignment.questions and role == "prompt":
            task = f"{_source(cell)}\n\n{_mark_scheme(assignment.questions[name])}"
            yield _dressed(cell, cell["id"], task, locked=True, task=True, points=0)
        elif name in assignment.questions and not role:
            # Nothing between the marks: without them nbgrader's stub would replace all of it.
            answer = f"{_source(cell)}\n{BEGIN}\n{END}"
            points = assignment.questions[name].points
            yield _dressed(cell, name, answer, grade=True, solution=True, points=points)
        else:
            yield cell


def _test(assignment: str, exercise: str, check_cell: str) -> str:
    """The visible check, then the hidden tests; the only line that shows a value is the last.

    Without the hidden regions the value is that of the visible check, and nbgrader takes no value
    (None) for full marks: this is what `nbgrader validate` tells students.
    """
    *lines, call = check_cell.splitlines()
    check = call.replace("check(", "passes_visible_case(", 1)
    test = TEST.format(assignment=assignment, exercise=exercise, check=check)
    return "\n".join([*lines, test])


def _mark_scheme(question: Question) -> str:
    lines = [*question.mark_scheme, "", "A model answer:", "", question.model_answer.strip()]
    return "\n".join(["<!-- BEGIN MARK SCHEME -->", *lines, "<!-- END MARK SCHEME -->"])


def _source(cell: Cell) -> str:
    return "".join(cell["source"])


def _dressed(cell: Cell, grade_id: str, source: str, **kind: Any) -> Cell:
    about = {"grade": False, "locked": False, "solution": False, "task": False, **kind}
    about |= {"grade_id": grade_id, "schema_version": 3}
    return cell | {
        "metadata": cell["metadata"] | {"nbgrader": about},
        "source": source.splitlines(keepends=True),
    }


# What `nbgrader generate_assignment` does to a cell

REGION = re.compile(
    r"^([ \t]*)[^\n]*BEGIN (SOLUTION|HIDDEN TESTS|MARK SCHEME).*?END \2[^\n]*(?:\n|\Z)",
    re.DOTALL | re.MULTILINE,
)


def _released(cell: Cell) -> Cell:
    if "nbgrader" not in cell["metadata"]:
        return cell
    stub = STUBS[cell["cell_type"]]

    def replaced(region: re.Match[str]) -> str:
        return f"{region[1]}{stub}\n" if region[2] == "SOLUTION" else ""

    source = REGION.sub(replaced, _source(cell) + "\n")[:-1]
    about = cell["metadata"]["nbgrader"]
    about = about | {"cell_type": cell["cell_type"], "checksum": _checksum(cell, source)}
    fixed = {"deletable": False} | ({} if about["solution"] else {"editable": False})
    return cell | {
        "metadata": cell["metadata"] | fixed | {"nbgrader": about},
        "source": source.splitlines(keepends=True),
    }


def _checksum(cell: Cell, source: str) -> str:
    """nbgrader's own: by it, a changed test is put right and an untouched answer is known."""
    about = cell["metadata"]["nbgrader"]
    locked = not about["solution"]  # every cell that is dressed is locked, or for an answer
    parts: Iterable[Any] = (source, cell["cell_type"], about["grade"], about["solution"], locked)
    text = "".join(map(str, parts)) + about["grade_id"]
    text += str(float(about["points"])) if about["grade"] else ""
    return hashlib.md5(text.encode(), usedforsecurity=False).hexdigest()
