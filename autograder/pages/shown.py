"""What a page shows of a notebook's cells: what happened in each, what it printed, its pictures."""

from __future__ import annotations

import base64
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field

from markupsafe import Markup

from ..model import Kind, Output, Result
from ..worker.outputs import png_size
from .fitting import Piece, Room, fitted

MAX_NOTE = 800  # bytes of HTML


@dataclass(frozen=True)
class Figure:
    """A picture that is in the page itself."""

    source: Markup
    width: int
    height: int


@dataclass
class Shown:
    """All that is shown of one cell."""

    cell: int  # from 1, code cells only
    notes: list[Markup] = field(default_factory=list)
    text: Piece | None = None
    figures: list[Figure] = field(default_factory=list)
    more_notes: int = 0  # that there is no room for
    more_figures: int = 0


def shown_cells(result: Result, notes: int, printed: int) -> dict[int, Shown]:
    """By cell, what happened and what was printed, in so many bytes each. Pictures come later."""
    found: dict[int, Shown] = {}
    room = Room(notes)
    missing = [v.hint for o in result.outcomes for v in o.verdicts if v.kind is Kind.missing]
    for note in result.notes:
        if any(note.message in hint for hint in missing):
            continue  # it is told as the reason why an exercise was not found
        shown = found.setdefault(note.cell, Shown(note.cell))
        if room.left > 0:
            shown.notes.append(room.take(note.message, MAX_NOTE))
        else:
            shown.more_notes += 1
    texts = [output for output in result.outputs if output.text]
    pieces = fitted([output.text for output in texts], printed)
    for output, piece in zip(texts, pieces, strict=True):
        found.setdefault(output.cell, Shown(output.cell)).text = piece
    for output in result.outputs:
        found.setdefault(output.cell, Shown(output.cell)).more_figures += output.left_out
    return found


def draw(result: Result, cells: Mapping[int, Shown], first: Collection[int], room: int) -> None:
    """Add the pictures that there is room for; those of the `first` cells before others."""
    drawn = [output for output in result.outputs if output.figure and output.cell in cells]
    for output in sorted(drawn, key=lambda output: output.cell not in first):
        shown, figure = cells[output.cell], _figure(output)
        if figure is not None and len(figure.source) <= room:
            room -= len(figure.source)
            shown.figures.append(figure)
        else:
            shown.more_figures += 1


def _figure(output: Output) -> Figure | None:
    measured = png_size(output.figure)
    if measured is None:
        return None
    encoded = base64.b64encode(output.figure).decode()
    return Figure(Markup(f"data:image/png;base64,{encoded}"), *measured)  # noqa: S704 (base 64)
