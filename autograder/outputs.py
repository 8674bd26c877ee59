"""What a worker says that a cell showed, checked before it is believed: people will look at it."""

from __future__ import annotations

import base64
import binascii
from typing import Any

from .errors import ProtocolError
from .model import Output

MAX_TEXT, MAX_FIGURE = 5_000, 60_000  # characters of one cell, bytes of one figure
MAX_FIGURES = 4  # of one cell
MAX_ALL_TEXT, MAX_ALL_FIGURES = 30_000, 120_000  # characters and bytes of a notebook
PNG = b"\x89PNG\r\n\x1a\n"  # https://www.w3.org/TR/png-3/#5PNG-file-signature


def outputs(message: Any, cell: int) -> list[Output]:
    """What a cell showed, out of the worker's message on it; none if that says nothing.

    Raises:
        ProtocolError: it is not of that form.
    """
    text, figures = message.get("text", ""), message.get("figures", [])
    if type(text) is not str or type(figures) is not list or len(figures) > MAX_FIGURES:
        raise ProtocolError("not what a cell shows")
    shown = [Output(cell, text[:MAX_TEXT])] if text.strip() else []
    return shown + [Output(cell, figure=_figure(figure)) for figure in figures]


def within_limits(found: list[Output]) -> list[Output]:
    """As many of a notebook's, from its first on, as a page can show."""
    text, bytes_, kept = MAX_ALL_TEXT, MAX_ALL_FIGURES, list[Output]()
    for output in found:
        text, bytes_ = text - len(output.text), bytes_ - len(output.figure)
        if text >= 0 and bytes_ >= 0:
            kept.append(output)
    return kept


def _figure(encoded: Any) -> bytes:
    if type(encoded) is not str or len(encoded) > MAX_FIGURE * 4 // 3 + 4:
        raise ProtocolError("not a figure")
    try:
        data = base64.b64decode(encoded, validate=True)
    except (binascii.Error, ValueError) as error:
        raise ProtocolError("not a figure") from error
    if not data.startswith(PNG):
        raise ProtocolError("not a figure")
    return data
