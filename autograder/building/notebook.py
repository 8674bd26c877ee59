"""The student notebook: the lesson, and in it each exercise's prompt, skeleton and visible check.

The lesson is `assignments/<assignment>/lesson.md`, where a line `<!-- exercise: NAME -->` or
`<!-- question: NAME -->` marks the place of one; those that it does not mention follow at the end,
in rubric order. The notebook's bytes depend on nothing but such files and the reference's values on
the visible cases.
"""

from __future__ import annotations

import ast
import contextlib
import itertools
import json
import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path
from typing import Any

import jupytext  # type: ignore[import-untyped]

from ..course.assignment import Assignment
from ..course.grading import nearest
from ..errors import CourseError
from ..exercise import Exercise
from ..literal import literal
from ..worker.released import CHECK_ENDING, HELPER_CELL
from .wanted import Values

LESSON = "lesson.md"
MARKER = re.compile(r"^<!--\s*((?i:exercise|question))\b[\s:]*(.*?)\s*-->[ \t]*$", re.MULTILINE)
LIKE_A_MARKER = re.compile(r"<!--\s*(?i:exercise|question)s?[\s:]+\w+\s*-->")
HELPERS = Path(__file__).with_name("visible.py")
FOLDED = {"cellView": "form", "jupyter": {"source_hidden": True}}  # in Colab, in JupyterLab
HELPED = {"attempt", "case"}  # what a probe may use of the engine: the helper cell has its own
IMPORTS = {  # by name, what every notebook has before the first skeleton
    "torch": "import torch",
    "nn": "import torch.nn as nn",
    "F": "import torch.nn.functional as F",
}
KERNEL = {"display_name": "Python 3", "language": "python", "name": "python3"}
METADATA = {"kernelspec": KERNEL, "language_info": {"name": "python"}}
HELPER_NOTE = """\
The next cell makes the checks work. Run it once, and again after each restart of the kernel; you
need not read it."""

Cell = dict[str, Any]  # as nbformat 4.5 has it


def notebook(cells: Iterable[Cell], **metadata: Any) -> bytes:
    """A notebook file of these cells, the same bytes every time."""
    about = METADATA | metadata
    content = {"cells": list(cells), "metadata": about, "nbformat": 4, "nbformat_minor": 5}
    return (json.dumps(content, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()


def student_cells(assignment: Assignment, wanted: Mapping[str, Values]) -> list[Cell]:
    """The cells of the student notebook, given the wanted values of each visible case.

    Their ids tell what they are: `lesson-01`, ..., `lesson-imports` (what the lesson itself does
    not import), `visible-checks` (the helper cell, after `visible-checks-note`), and for an
    exercise `NAME-prompt`, `NAME` (the skeleton) and `NAME-check`. A question has `NAME-prompt`
    and `NAME`, and where the answer is of several cells also `NAME-2`, ...

    Raises:
        CourseError: the lesson mentions an unknown exercise, or one of them twice.
    """
    cells = list(_cells(assignment, wanted))
    # After the title, if the lesson begins with one.
    place = [cell["cell_type"] for cell in cells if cell["id"] == "lesson-01"].count("markdown")
    title, source = helpers()  # Colab folds the cell under the title
    before = itertools.takewhile(lambda cell: cell["id"] not in assignment.references, cells)
    sources = ["".join(cell["source"]) for cell in before if cell["cell_type"] == "code"]
    there = set[str]().union(*map(_defined_in, sources))
    lacking = [line for name, line in IMPORTS.items() if name not in there]
    cells[place:place] = [
        *([code_cell("lesson-imports", "\n".join(lacking))] if lacking else []),
        markdown_cell(f"{HELPER_CELL}-note", HELPER_NOTE),
        code_cell(HELPER_CELL, f"# @title {title}\n{source}") | {"metadata": FOLDED},
    ]
    return cells


def _cells(assignment: Assignment, wanted: Mapping[str, Values]) -> Iterator[Cell]:
    number = 0
    for text, name in _sections(assignment):
        for cell in jupytext.reads(text, fmt="md").cells:
            if cell.source.strip():
                number += 1
                is_code = cell.cell_type == "code"
                if is_code and (taken := _defined_in(cell.source) & assignment.references.keys()):
                    told = f"a cell defines {min(taken)!r}, which is the name of an exercise"
                    raise CourseError(
                        f"{assignment.folder / LESSON}: {told}: it would stand for a missing answer"
                    )
                yield (code_cell if is_code else markdown_cell)(f"lesson-{number:02}", cell.source)
        if name in assignment.questions:
            question = assignment.questions[name]
            yield markdown_cell(
                f"{name}-prompt", _headed(question.prompt, "Question", name, question.points)
            )
            for position, (kind, source) in enumerate(question.answer, start=1):
                make = code_cell if kind == "code" else markdown_cell
                yield make(name if position == 1 else f"{name}-{position}", source)
        elif name:
            exercise = assignment.references[name].exercise
            points = sum(assignment.rubric[name].values())
            yield markdown_cell(
                f"{name}-prompt", _headed(exercise.prompt, "Exercise", name, points)
            )
            yield code_cell(name, exercise.skeleton)
            yield code_cell(f"{name}{CHECK_ENDING}", _check(exercise, wanted[name]))


def markdown_cell(name: str, source: str) -> Cell:
    """A cell of text, with that id."""
    lines = source.strip().splitlines(keepends=True)
    return {"cell_type": "markdown", "id": name, "metadata": {}, "source": lines}


def code_cell(name: str, source: str) -> Cell:
    """A cell of code that was never run, with that id."""
    run: Cell = {"cell_type": "code", "execution_count": None, "outputs": []}
    return markdown_cell(name, source) | run


def _sections(assignment: Assignment) -> Iterator[tuple[str, str]]:
    """Pieces of the lesson, each with the exercise that follows it ("" where none does)."""
    path = assignment.folder / LESSON
    text = path.read_text(encoding="utf-8") if path.exists() else ""
    known = {"exercise": list(assignment.references), "question": list(assignment.questions)}
    left, start = [*assignment.references, *assignment.questions], 0
    markers = {marker.start(): marker for marker in MARKER.finditer(text)}
    for almost in LIKE_A_MARKER.finditer(text):
        if almost.start() not in markers:
            line = text.count("\n", 0, almost.start()) + 1
            own = "a marker is a line of its own, as <!-- exercise: NAME -->"
            raise CourseError(f"{path}:{line}: {own} or <!-- question: NAME -->")
    for marker in markers.values():
        kind, name = marker[1].lower(), marker[2]
        line = text.count("\n", 0, marker.start()) + 1
        if name not in known[kind]:
            hint = nearest(name, known[kind])
            raise CourseError(f"{path}:{line}: no {kind} {name!r} in {assignment.name!r}{hint}")
        if name not in left:
            raise CourseError(f"{path}:{line}: {kind} {name!r} a second time: keep one marker")
        left.remove(name)
        yield text[start : marker.start()], name
        start = marker.end()
    yield text[start:], ""
    yield from (("", name) for name in left)


def helpers() -> tuple[str, str]:
    """The helper module: its docstring, and its source without it."""
    _, docstring, source = HELPERS.read_text(encoding="utf-8").split('"""', 2)
    return docstring, source.strip()


def _headed(prompt: str, kind: str, name: str, points: float) -> str:
    """A prompt, with the name and the points of what it asks under its heading."""
    head, _, rest = prompt.partition("\n")
    worth = f"*{kind} `{name}`, {points:g} point{'s' * (points != 1)}*"
    parts = [head, worth, rest.strip()] if head.startswith("#") else [worth, prompt]
    return "\n\n".join(parts)


def _check(exercise: Exercise, wanted: Values) -> str:
    """Source of the check cell."""
    return "\n\n".join(
        [
            f"# Visible check of {exercise.name}: run it after the cell above",
            *visible_case(exercise, wanted),
            f'check("{exercise.name}", probe, visible, wanted)',
        ]
    )


def visible_case(exercise: Exercise, wanted: Values) -> list[str]:
    """Source of probe and visible case, as in the exercise's file, and of the wanted values."""
    needed = definitions(exercise.path, {"visible", "probe"}, exercise.name)
    return [*needed, f"wanted = {literal(dict(wanted), before=9)}"]


def definitions(path: Path, names: set[str], without: str = "") -> list[str]:
    """Source of what defines `names` at the top of a course file, and of all that this needs.

    Definitions from neighbours (`from ._shared import net`) come with it; the engine's `attempt`
    and `case` are left to the helper cell, as is `import torch`.
    """
    text = path.read_text(encoding="utf-8")
    statements = [s for s in ast.parse(text).body if without not in _defined(s)]
    kept: list[ast.stmt] = []
    while (found := [s for s in statements if _defined(s) & names]) != kept:
        kept = found
        names = names | {n.id for s in kept for n in ast.walk(s) if isinstance(n, ast.Name)}
    sources = []
    for statement in kept:
        module = statement.module or "" if isinstance(statement, ast.ImportFrom) else ""
        if isinstance(statement, ast.ImportFrom) and statement.level:
            neighbour = path.parent / f"{module}.py"
            if not neighbour.is_file():
                raise CourseError(f"{path}:{statement.lineno}: import names: from ._file import x")
            used = [a for a in statement.names if (a.asname or a.name) in names]
            sources += definitions(neighbour, {a.name for a in used})
            sources += [f"{a.asname} = {a.name}" for a in used if a.asname]
        elif module.split(".")[0] == "autograder":
            if lacking := (_defined(statement) & names) - HELPED:
                raise CourseError(
                    f"{path}:{statement.lineno}: a student's notebook has no {min(lacking)!r}: of "
                    f"the engine, a probe can use {' and '.join(sorted(HELPED))}"
                )
        elif ast.unparse(statement) != "import torch":
            sources.append(_source(text.splitlines(), statement))
    return sources


def _defined_in(source: str) -> set[str]:
    with contextlib.suppress(SyntaxError):  # a cell with magics
        return {name for statement in ast.parse(source).body for name in _defined(statement)}
    return set()


def _defined(statement: ast.stmt) -> set[str]:
    """The names that a top-level statement defines."""
    if isinstance(statement, (ast.Import, ast.ImportFrom)):
        return {(a.asname or a.name).split(".")[0] for a in statement.names}
    if isinstance(statement, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
        return {statement.name}
    nodes = (n for n in ast.walk(statement) if isinstance(n, ast.Name))
    return {n.id for n in nodes if isinstance(n.ctx, ast.Store)}


def _source(lines: list[str], statement: ast.stmt) -> str:
    """A statement as written, with its decorators and the comment above it."""
    start = min(n.lineno for n in [statement, *getattr(statement, "decorator_list", [])]) - 1
    while start and lines[start - 1].startswith("#"):
        start -= 1
    return "\n".join(lines[start : statement.end_lineno])
