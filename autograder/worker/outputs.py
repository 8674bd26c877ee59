"""What a cell shows: its text, and its figures as Jupyter's inline backend would take them.

Kept for people to read, and capped. No score depends on it, and so nothing that goes wrong here may
cost a student more than what they would have shown.
"""

from __future__ import annotations

import contextlib
import io
import struct
import sys
from typing import Any, TextIO

MAX_TEXT = 4_000  # bytes of one cell
MAX_FIGURES = 4  # of one cell
MAX_FIGURE = 60_000  # bytes of one PNG
MAX_SIDE = 4_000  # pixels: a small file may hold a picture that takes gigabytes to look at
RESOLUTIONS = (80, 50)  # dots per inch: the second where the first takes too much
PNG_HEAD = struct.Struct(">8s4x4sII")  # https://www.w3.org/TR/png-3/#5PNG-file-signature
PNG_SIGNATURE = b"\x89PNG\r\n\x1a\n"


class Printed(io.RawIOBase):
    """Keeps the first bytes that a cell prints, and forgets the rest.

    A line that is written anew after a carriage return takes no more room than its last state, so
    that progress bars leave some for the rest.
    """

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Forget all of it: another cell begins."""
        self._lines, self._line = bytearray(), bytearray()
        self._is_cut = False

    def writable(self) -> bool:
        """Always."""
        return True

    def fileno(self) -> int:
        """For whoever needs one: nobody reads what goes there."""
        return 1

    def write(self, data: Any) -> int:
        """Keep it, as far as there is room."""
        *whole, rest = bytes(data).split(b"\n") if not self._is_cut else [b""]
        for piece in whole:
            self._add(piece)
            if self._is_cut:
                break
            self._lines += self._line.rstrip(b"\r") + b"\n"
            self._line.clear()
        else:
            self._add(rest)
        return len(data)

    def _add(self, piece: bytes) -> None:
        self._line += piece
        if (begins := self._line.rstrip(b"\r").rfind(b"\r")) >= 0:
            del self._line[: begins + 1]
        room = MAX_TEXT - len(self._lines)
        if len(self._line) >= room:
            del self._line[room:]
            self._is_cut = True

    def text(self) -> str:
        """What was kept."""
        cut = "\n[...]" if self._is_cut else ""
        return (self._lines + self._line).decode("utf-8", "ignore").strip("\r\n") + cut


def screen(printed: Printed) -> TextIO:
    """What cells print to. As in Jupyter it is one for all of them: they may hold on to it."""
    return io.TextIOWrapper(printed, "utf-8", errors="replace", write_through=True)  # type: ignore[type-var]


def figures() -> tuple[list[bytes], int]:
    """The open figures as PNG, and how many are left out.

    Those are the ones after the first few, and what cannot be drawn or is too large.
    """
    drawn, numbers = list[bytes](), list[int]()
    if plt := sys.modules.get("matplotlib.pyplot"):
        numbers = plt.get_fignums()
        for number in numbers[:MAX_FIGURES]:
            with contextlib.suppress(Exception):  # whatever the student's artists raise
                drawn += _png(plt.figure(number))
    return drawn, len(numbers) - len(drawn)


def close_figures() -> None:
    """As the inline backend does after each cell."""
    if plt := sys.modules.get("matplotlib.pyplot"):
        with contextlib.suppress(BaseException):  # the student's figures, and perhaps their pyplot
            plt.close("all")


def png_size(data: bytes) -> tuple[int, int] | None:
    """Width and height in pixels of what begins as a PNG does; None if too large, or no PNG."""
    if not PNG_HEAD.size <= len(data) <= MAX_FIGURE:
        return None
    signature, chunk, width, height = PNG_HEAD.unpack_from(data)
    fits = 0 < width <= MAX_SIDE and 0 < height <= MAX_SIDE
    return (width, height) if fits and (signature, chunk) == (PNG_SIGNATURE, b"IHDR") else None


def _png(figure: Any) -> list[bytes]:
    for resolution in RESOLUTIONS:
        if max(figure.get_size_inches()) * resolution > MAX_SIDE:
            continue  # before it takes the memory
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=resolution)
        if png_size(found := buffer.getvalue()):
            return [found]
    return []
