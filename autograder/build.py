"""`autograder build`: every generated file of an assignment, as a mapping from path to bytes.

`published` and `distributed` say what each file should hold and touch nothing; `stale` compares,
`write` writes. A door (the student's files, nbgrader, otter, ...) is a function in `PUBLISHED`,
whose files are committed, or in `DISTRIBUTED`, whose files hold answers and go to the git-ignored
`dist/`; `handouts` makes the handout for after the deadline, which is written only when asked for.

Beside the notebook, students get `visible.json`: the reference's values on the visible cases, which
is what `autograder check` compares with where there is no `reference/`.
"""

from __future__ import annotations

import math
import re
from collections.abc import Callable, Mapping
from decimal import Decimal
from pathlib import Path
from typing import Any

import torch

from .building.notebook import Values, notebook, student_cells
from .building.wanted import VISIBLE, visible_json
from .course.assignment import Assignment
from .course.course import Course
from .doors import nbgrader, otter, solutions
from .doors.gradescope.archive import gradescope
from .errors import CourseError
from .files import PUBLIC, replacing
from .judging import judge
from .observation import Foreign

PROMISES = Path(__file__).parent / "templates" / "doors.md"
DIGITS = 6  # of a shown value; the tolerance is 1e-4 of the largest

Files = dict[Path, bytes]
# A door is given the wanted values of the visible cases, by exercise.
Door = Callable[[Course, Assignment, Mapping[str, Values]], Files]


def published(course: Course, assignment_name: str) -> Files:
    """What every generated file that students may see should hold.

    Raises:
        CourseError: the lesson, an exercise or its reference is at fault.
    """
    return _made_by(PUBLISHED, course, assignment_name)


def distributed(course: Course, assignment_name: str) -> Files:
    """What the files for other graders should hold; they contain answers and hidden cases.

    Raises:
        CourseError: the lesson, an exercise or its reference is at fault, or the secret is.
    """
    return _made_by(DISTRIBUTED, course, assignment_name)


def handouts(course: Course, assignment_name: str) -> Files:
    """What the worked solutions, for after the deadline, should hold.

    Raises:
        CourseError: the lesson, an exercise or its reference is at fault, or nbconvert is missing.
    """
    return _made_by((solutions.handout,), course, assignment_name)


def _made_by(doors: tuple[Door, ...], course: Course, assignment_name: str) -> Files:
    assignment = course.assignment(assignment_name)
    wanted = wanted_values(assignment)
    made = (door(course, assignment, wanted) for door in doors)
    return {path: content for files in made for path, content in files.items()}


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


# Values on the visible cases


def wanted_values(assignment: Assignment) -> dict[str, Values]:
    """What the solution of each exercise gives on its visible case, rounded for people to read.

    Raises:
        CourseError: a solution fails, or gives something that is not plain data.
    """
    values: dict[str, Values] = {}
    for name, reference in assignment.references.items():
        (observed,) = judge.want(reference, [reference.exercise.visible])
        shown = observed.keys() if (only := reference.exercise.shown) is None else only
        if lacking := [part for part in shown if part not in observed]:
            raise CourseError(f"{reference.exercise.path}: shown: the probe has no {lacking[0]!r}")
        observation = {part: observed[part] for part in shown}
        for part_name, part in observation.items():
            if part.error is not None or _holds_foreign(part.value):
                problem = part.error or part.value
                raise CourseError(
                    f"{reference.path}: no value to compare with in {part_name!r}: {problem}"
                )
        values[name] = {key: _rounded(part.value) for key, part in observation.items()}
    return values


def _holds_foreign(value: Any) -> bool:
    if isinstance(value, (list, dict)):
        return any(map(_holds_foreign, value.values() if isinstance(value, dict) else value))
    return isinstance(value, Foreign)


def _rounded(value: Any) -> Any:
    """Floats with six digits, counted from the largest entry of a tensor."""
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        exact = value.detach().double()
        size = max(exact[exact.isfinite()].abs().tolist(), default=0.0)
        entries = [_round(entry, size) for entry in exact.flatten().tolist()]
        return torch.tensor(entries, dtype=torch.float64).reshape(value.shape)
    return _round(value, abs(value)) if isinstance(value, float) else value


def _round(value: float, size: float) -> float:
    if not (math.isfinite(value) and size):
        return value
    return round(value, max(DIGITS - 1 - math.floor(math.log10(size)), DIGITS - 1)) + 0.0
