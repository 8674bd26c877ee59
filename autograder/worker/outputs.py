"""What a cell shows: its text, and its figures as Jupyter's inline backend would take them.

Kept for people to read, and capped: no score depends on it.
"""

from __future__ import annotations

import contextlib
import io
import sys
from collections.abc import Iterator
from typing import Any

MAX_TEXT = 4_000  # bytes of one cell
MAX_FIGURES = 4  # of one cell
MAX_FIGURE = 60_000  # bytes of one PNG
RESOLUTIONS = (80, 50)  # dots per inch: the second where the first takes too many bytes


class _Capped(io.RawIOBase):
    """Keeps the first bytes that are written, and forgets the rest."""

    def __init__(self) -> None:
        self.kept = bytearray()
        self.is_cut = False

    def writable(self) -> bool:
        return True

    def fileno(self) -> int:
        return 1  # for whoever needs one: nobody reads what goes there

    def write(self, data: Any) -> int:
        room = MAX_TEXT - len(self.kept)
        self.kept += bytes(data)[:room]
        self.is_cut |= len(data) > room
        return len(data)

    def text(self) -> str:
        """What was kept."""
        cut = "\n[...]" if self.is_cut else ""
        return self.kept.decode("utf-8", "ignore").strip("\n") + cut


@contextlib.contextmanager
def captured() -> Iterator[_Capped]:
    """Keep what is printed in the block."""
    kept = _Capped()
    # The student's own objects may hold on to the stream: it is never closed.
    stream = io.TextIOWrapper(kept, encoding="utf-8", errors="replace", write_through=True)  # type: ignore[type-var]
    with contextlib.redirect_stdout(stream), contextlib.redirect_stderr(stream):
        yield kept


def figures() -> list[bytes]:
    """The open figures as PNG; one that cannot be drawn, or is too large, is left out."""
    drawn = list[bytes]()
    if plt := sys.modules.get("matplotlib.pyplot"):
        for number in plt.get_fignums()[:MAX_FIGURES]:
            with contextlib.suppress(Exception):  # whatever the student's artists raise
                drawn += _png(plt.figure(number))
    return drawn


def close_figures() -> None:
    """As the inline backend does after each cell."""
    if plt := sys.modules.get("matplotlib.pyplot"):
        with contextlib.suppress(Exception):
            plt.close("all")


def _png(figure: Any) -> list[bytes]:
    for resolution in RESOLUTIONS:
        buffer = io.BytesIO()
        figure.savefig(buffer, format="png", dpi=resolution)
        if buffer.tell() <= MAX_FIGURE:
            return [buffer.getvalue()]
    return []
