"""What a worker says that a cell showed, checked before it is believed: people will look at it."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from click import unstyle

from ..errors import ProtocolError
from ..model import Output
from ..worker.outputs import MAX_FIGURE, MAX_FIGURES, png_size

MAX_TEXT = 5_000  # characters of one cell
MAX_ALL_TEXT, MAX_ALL_FIGURES = 30_000, 120_000  # characters and bytes of a notebook
MAX_OUTPUTS = 200  # of a notebook
MAX_LEFT_OUT = 9_999  # figures of a cell that are counted
CUT = "\n[...]"


def outputs(message: Any, cell: int) -> list[Output]:
    """What a cell showed, out of the worker's message on it; none if that says nothing.

    Raises:
        ProtocolError: it is not of that form.
    """
    text, figures = message.get("text", ""), message.get("figures", [])
    left_out = message.get("left_out", 0)
    if type(text) is not str or type(figures) is not list or len(figures) > MAX_FIGURES:
        raise ProtocolError("not what a cell shows")
    if type(left_out) is not int or left_out < 0:
        raise ProtocolError("not a number of figures")
    text = _readable(text[:MAX_TEXT])
    shown = [Output(cell, text)] if text.strip() else []
    shown += [Output(cell, figure=_figure(figure)) for figure in figures]
    return shown + [Output(cell, left_out=min(left_out, MAX_LEFT_OUT))] * bool(left_out)


def within_limits(found: list[Output]) -> list[Output]:
    """As many of a notebook's, from its first on, as a page can show.

    Where there is no room left, what was printed is cut, and figures are only counted.
    """
    text, bytes_, kept = MAX_ALL_TEXT, MAX_ALL_FIGURES, list[Output]()
    for output in found[:MAX_OUTPUTS]:
        if len(output.text) > text:
            output = Output(output.cell, output.text[:text] + CUT)
        elif len(output.figure) > bytes_:
            output = Output(output.cell, left_out=1)
        text, bytes_ = max(0, text - len(output.text)), bytes_ - len(output.figure)
        kept.append(output)
    return kept


def _readable(text: str) -> str:
    """As a terminal would leave it: each line as it was written last, and without colours."""
    lines = unstyle(text).split("\n")
    return "\n".join(line.rstrip("\r").rpartition("\r")[2] for line in lines).strip("\n")


def _figure(encoded: Any) -> bytes:
    if type(encoded) is not str or len(encoded) > MAX_FIGURE * 4 // 3 + 4:
        raise ProtocolError("not a figure")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError("not a figure") from error
    if png_size(data) is None:
        raise ProtocolError("not a figure")
    return data
