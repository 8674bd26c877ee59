"""`autograder build`: every generated file of an assignment, as a mapping from path to bytes.

`made` says what each file should hold and touches nothing; `stale` compares, `write` writes. A door
(the student's files, nbgrader, otter, ...) is a function in `PUBLISHED`, whose files are committed,
in `DISTRIBUTED`, whose files hold answers and go to the git-ignored `dist/`, or in `HANDOUTS`, for
after the deadline, which are written only when asked for.

Beside the notebook, students get `visible.json`: the reference's values on the visible cases, which
is what `autograder check` compares with where there is no `reference/`.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Mapping
from decimal import Decimal
from pathlib import Path

from .building.notebook import notebook, student_cells
from .building.wanted import DIGITS, VISIBLE, Values, visible_json, wanted_values
from .course.assignment import Assignment
from .course.course import Course
from .doors import nbgrader, otter, solutions
from .doors.gradescope.archive import gradescope
from .files import PUBLIC, replacing

PROMISES = Path(__file__).parent / "templates" / "doors.md"

Files = dict[Path, bytes]
# A door is given the wanted values of the visible cases, by exercise.
Door = Callable[[Course, Assignment, Mapping[str, Values]], Files]


def made(course: Course, name: str, doors: Iterable[Door]) -> Files:
    """What every file that these doors make of an assignment should hold.

    Raises:
        CourseError: the lesson, an exercise or its reference is at fault, or the secret is, or
            nbconvert is missing, which the handout needs.
    """
    assignment = course.assignment(name)
    wanted = wanted_values(assignment)
    each = (door(course, assignment, wanted) for door in doors)
    return {path: content for files in each for path, content in files.items()}


def student_files(course: Course, assignment: Assignment, wanted: Mapping[str, Values]) -> Files:
    """The student notebook and the values that `autograder check` compares with."""
    return {
        assignment.folder / f"{assignment.name}.ipynb": notebook(student_cells(assignment, wanted)),
        assignment.folder / VISIBLE: visible_json(wanted),
    }


def what_doors_promise(
    course: Course, assignment: Assignment, wanted: Mapping[str, Values]
) -> Files:
    """A page for the instructor beside the files with answers: what each door can and cannot do."""
    return {course.folder / "dist" / "README.md": PROMISES.read_bytes()}


PUBLISHED: tuple[Door, ...] = (student_files, nbgrader.released, otter.student_folder)
DISTRIBUTED: tuple[Door, ...] = (
    what_doors_promise,
    nbgrader.course_folder,
    otter.distributed,
    gradescope,
)


HANDOUTS: tuple[Door, ...] = (solutions.handout,)


# Files


def write(files: Mapping[Path, bytes]) -> list[Path]:
    """Write the files that are stale, each one whole or not at all; returns their paths."""
    paths = stale(files)
    for path in paths:
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, PUBLIC) as draft:
            draft.buffer.write(files[path])
    return paths


def stale(files: Mapping[Path, bytes]) -> list[Path]:
    """The files that are missing or do not hold what they should."""
    return [
        path
        for path, content in files.items()
        if not path.is_file() or not _alike(path.read_bytes(), content)
    ]


def left(course: Course, names: Iterable[str], files: Files) -> list[Path]:
    """Tests of otter's that lie beside its notebooks and are made no more, as after a renaming."""
    folders = (course.folder / "assignments" / name / "otter" for name in names)
    there = (path for folder in folders for path in sorted(folder.glob("*tests/*.py")))
    return [path for path in there if path not in files]


def _alike(old: bytes, new: bytes) -> bool:
    """The same but for rounding: another processor may change the last digit of a value."""
    if old == new:
        return True
    old, new = (_CHECKSUM.sub(b"", text) for text in (old, new))  # they follow from the digits
    if _NUMBER.sub(b"", old) != _NUMBER.sub(b"", new):
        return False
    numbers = ([Decimal(n.decode()) for n in _NUMBER.findall(text)] for text in (old, new))
    differing = [(a, b) for a, b in zip(*numbers, strict=True) if a != b]
    return bool(differing) and all(abs(a - b) <= _noise(a, b) for a, b in differing)


_NUMBER = re.compile(rb"\d+\.\d+(?:e-?\d+)?")
_CHECKSUM = re.compile(rb'"checksum": "[0-9a-f]{32}"')  # of a cell, in nbgrader's notebooks


def _noise(a: Decimal, b: Decimal) -> Decimal:
    """Two units in the last place, if they have a decimal place that rounding could change."""
    place = min(int(a.as_tuple().exponent), int(b.as_tuple().exponent))
    return Decimal(2).scaleb(place) if place <= 1 - DIGITS else Decimal(0)
