"""What a student wrote for each exercise and question, found in their notebook: for people.

Grading never looks at it: there, what names are bound to when all cells have run is what counts.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Container, Iterable, Iterator, Sequence
from pathlib import Path

from ..model import Cell, CellNote, Work
from ..worker.released import FORMS, released_cells, source_of

MAX_SOURCE = 20_000  # characters that are kept of one cell, and of all cells of an answer
MAX_CELLS = 20  # of an answer
TEXTS = re.compile(r"\"{3}.*?\"{3}|'{3}.*?'{3}", re.DOTALL)  # of several lines
NOT_COMPILED = re.compile("(Syntax|Indentation|Tab)Error:")  # how a note of such a cell begins
CUT = "\n[...]"


def released(assignment: Path, forms: Iterable[str] = FORMS) -> list[Cell]:
    """The cells of the notebooks that students may have got."""
    cells = released_cells(assignment, forms)
    return [Cell(cell["cell_type"], source_of(cell), cell.get("id", "")) for cell in cells]


def exercise_works(
    cells: Sequence[str], exercises: Iterable[str], failed: Container[int] = ()
) -> Iterator[Work]:
    """The last code cell that defines each exercise; of those that `failed` only if all did."""
    for name in exercises:
        defines = definition(name)
        defining = [n for n, cell in enumerate(cells, start=1) if defines.search(cell)]
        ran = [number for number in defining if number not in failed]
        if defining:
            number = (ran or defining)[-1]
            yield Work(name, _shortened(cells[number - 1]), number)


def redefined(
    cells: Sequence[str], exercises: Iterable[str], notes: Iterable[CellNote]
) -> Iterator[CellNote]:
    """That a cell defines an exercise once more, so that the one before it counts no longer."""
    failed = {note.cell for note in notes if NOT_COMPILED.match(note.message)}
    codes = {n: TEXTS.sub("", c) for n, c in enumerate(cells, start=1) if n not in failed}
    for name in exercises:
        defines = definition(name)
        numbers = [number for number, code in codes.items() if defines.search(code)]
        *before, last = numbers or [0]
        if before:
            told = f"{name} is defined here once more, after cell {before[-1]}: this one counts"
            yield CellNote(last, told)


def definition(name: str) -> re.Pattern[str]:
    """Finds the line that defines a name; in source that need not be valid."""
    name = re.escape(name)
    return re.compile(
        rf"^(?:(?:async +)?def|class) +{name}\b|^{name}[ \t]*(?::|=(?!=))", re.MULTILINE
    )


def question_works(
    notebook: Sequence[Cell], released: Sequence[Cell], questions: Collection[str]
) -> Iterator[Work]:
    """The cells of each answer, by their ids; where a tool dropped those, by what is around them.

    An answer is what stands from its first cell (or its prompt) to the next cell that is ours, and
    what was written into the prompt itself. Cells that were left as they were released are none.
    """
    written, cells = Counter[str](), Counter[str]()  # characters and cells of each answer
    for work in _answers(notebook, released, questions):
        room = MAX_SOURCE - written[work.name]
        if room > 0 and cells[work.name] < MAX_CELLS:
            written[work.name] += len(work.source)
            cells[work.name] += 1
            yield Work(work.name, _shortened(work.source, room), work.cell)


def _answers(
    notebook: Sequence[Cell], released: Sequence[Cell], questions: Collection[str]
) -> Iterator[Work]:
    ours: dict[str, list[str]] = {}  # by id; a notebook may have been released in two forms
    for cell in released:
        if cell.id:
            ours.setdefault(cell.id, []).append(cell.source.strip())
    is_template = {id_ for id_ in ours if _question(id_, questions)}
    untouched = {source for id_ in is_template for source in ours[id_]}
    known = {source: id_ for id_ in ours if id_ not in is_template for source in ours[id_]}
    current, number = "", 0
    for cell in notebook:
        number += cell.kind == "code"
        text = cell.source.strip()
        id_ = cell.id if cell.id in ours else known.get(text, "")
        if id_ in is_template:
            current = _question(id_, questions)
        elif id_:
            prompted = id_.removesuffix("-prompt")
            current = prompted if prompted in questions else ""
            for source in ours[id_]:
                text = text.removeprefix(source).strip()
        if current and text and text not in untouched:
            yield Work(current, text, number if cell.kind == "code" else None)


def _question(id_: str, questions: Collection[str]) -> str:
    """The question that an answer cell of ours (`NAME`, `NAME-2`) belongs to; empty if none."""
    name = id_ if id_ in questions else re.sub(r"-\d+$", "", id_)
    return name if name in questions else ""


def _shortened(source: str, room: int = MAX_SOURCE) -> str:
    return source if len(source) <= room else source[:room] + CUT
