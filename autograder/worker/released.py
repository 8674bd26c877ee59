"""What the released notebook tells before any submission is run: its imports, and our own cells."""

from __future__ import annotations

import ast
import contextlib
import json
import linecache
from collections.abc import Iterable
from pathlib import Path
from types import CodeType
from typing import Any

HELPER_CELL = "visible-checks"  # ids of cells that students need not touch
CHECK_ENDING = "-check"
OURS = ""  # the form of the notebook that lies in the assignment's folder itself
FORMS = (OURS, "nbgrader", "otter")
IMPORTS = (ast.Import, ast.ImportFrom)
Cells = list[dict[str, Any]]


def released_cells(assignment: Path, forms: Iterable[str] = (OURS, "nbgrader")) -> Cells:
    """The cells of the notebooks that students may have got; none if there is none yet.

    otter's is left out where they are run: it has no cells of ours, and imports otter.
    """
    cells: Cells = []
    for path in (assignment / form for form in forms):
        with contextlib.suppress(FileNotFoundError):
            text = (path / f"{assignment.name}.ipynb").read_text(encoding="utf-8")
            cells += json.loads(text)["cells"]
    return cells


def imports_of(cells: Iterable[dict[str, Any]]) -> list[str]:
    """The imports in a notebook's cells, each as a line.

    They are there for a student who has deleted their cell, too.
    """
    code = (source_of(cell) for cell in cells if cell["cell_type"] == "code")
    found = list[str]()
    for source in code:
        with contextlib.suppress(SyntaxError):  # a cell with magics
            found += [ast.unparse(n) for n in ast.parse(source).body if isinstance(n, IMPORTS)]
    return list(dict.fromkeys(found))


def known_cells(cells: Iterable[dict[str, Any]]) -> dict[str, CodeType]:
    """By source, the code of the cells that are ours: the helpers and the visible checks."""
    known = {}
    for cell in (cell for cell in cells if cell["cell_type"] == "code"):
        source, name = source_of(cell), cell.get("id", "")
        if name == HELPER_CELL or name.endswith(CHECK_ENDING):
            file = f"<{name}>"
            with contextlib.suppress(SyntaxError):  # not as we made it: then a cell like any other
                known[source.strip()] = compile(source, file, "exec")
                linecache.cache[file] = (len(source), None, source.splitlines(True), file)
    return known


def idle_cells(assignment: Path) -> dict[str, CodeType]:
    """By source, the cells in which otter's notebook calls otter: they do nothing here."""
    idle = {}
    for cell in released_cells(assignment, ["otter"]):
        name = cell.get("id", "")
        if name.partition("-")[0] == "otter" or name.endswith(CHECK_ENDING):
            idle[source_of(cell).strip()] = compile("", f"<{name}>", "exec")
    return idle


def source_of(cell: dict[str, Any]) -> str:
    """A cell's source: nbformat allows a string, and a list of lines."""
    return "".join(cell["source"])
