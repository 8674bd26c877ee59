"""What a student wrote for each exercise and question, found in their notebook: for people.

Grading never looks at it: there, what names are bound to when all cells have run is what counts.
"""

from __future__ import annotations

import re
from collections.abc import Collection, Iterable, Iterator, Sequence

from .model import Cell, Work

MAX_SOURCE = 20_000  # characters of one cell that are kept
CUT = "\n[...]"


def exercise_works(cells: Sequence[str], exercises: Iterable[str]) -> Iterator[Work]:
    """The last code cell that defines each exercise."""
    for name in exercises:
        defines = re.compile(rf"^(?:(?:async +)?def|class) +{name}\b|^{name}\s*[:=]", re.MULTILINE)
        for number in range(len(cells), 0, -1):
            if defines.search(cells[number - 1]):
                yield Work(name, _shortened(cells[number - 1]), number)
                break


def question_works(
    notebook: Sequence[Cell], released: Sequence[Cell], questions: Collection[str]
) -> Iterator[Work]:
    """The cells of each answer, by their ids; where a tool dropped those, by what is around them.

    An answer is what stands from its first cell (or its prompt) to the next cell that is ours.
    Cells that were left as they were released are no answer.
    """
    ours = {cell.id: cell for cell in released}
    is_template = {cell.id for cell in released if _question(cell.id, questions)}
    known = {_stripped(cell.source): cell.id for cell in released if cell.id not in is_template}
    untouched = {_stripped(ours[id_].source) for id_ in is_template}
    current, number = "", 0
    for cell in notebook:
        number += cell.kind == "code"
        id_ = cell.id if cell.id in ours else known.get(_stripped(cell.source), "")
        if id_ in is_template:
            current = _question(id_, questions)
        elif id_:
            prompted = id_.removesuffix("-prompt")
            current = prompted if prompted in questions else ""
            continue
        text = cell.source.strip()
        if current and text and _stripped(text) not in untouched:
            yield Work(current, _shortened(text), number if cell.kind == "code" else None)


def _question(id_: str, questions: Collection[str]) -> str:
    """The question that an answer cell of ours (`NAME`, `NAME-2`) belongs to; empty if none."""
    name = id_ if id_ in questions else re.sub(r"-\d+$", "", id_)
    return name if name in questions else ""


def _stripped(source: str) -> str:
    return source.strip()


def _shortened(source: str) -> str:
    return source if len(source) <= MAX_SOURCE else source[:MAX_SOURCE] + CUT
