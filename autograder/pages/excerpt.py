"""The part of a student's code that a page shows: in colours, with the lines that failed marked."""

from __future__ import annotations

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

from markupsafe import Markup

from ..escape import plain
from ..model import Work
from ..reading.work import definition
from . import highlight
from .fitting import escaped, share, size

MAX_SOURCE = 6_000  # characters of one cell
MAX_LINE = 400  # characters of a line
BEFORE = 10  # lines of a long cell that are shown before the one that failed
ABOVE = re.compile(r"[@#]")  # a line that belongs to the definition under it
NEXT = re.compile(r"[^\s)\]}#'\"]")  # a line that no definition above it goes on with


@dataclass(frozen=True)
class Excerpt:
    """Some lines of a cell."""

    lines: tuple[str, ...]
    first: int  # the number of the first, from 1
    of: int  # how many there are to show
    is_definition: bool  # and not the whole cell
    marked: frozenset[int]  # numbers of those that failed


@dataclass(frozen=True)
class Code:
    """An excerpt as HTML."""

    html: Markup
    cell: int
    first: int
    last: int
    is_cell: bool  # all of it
    is_cut: bool  # fewer lines than there are to show
    marked: frozenset[int]  # of those shown


def excerpt(work: Work, failed: Collection[int], shared: bool) -> Excerpt:
    """The cell, or of one that is shared with other exercises the definition that counts."""
    lines = _lines(work.source)
    begin, end = _definition(lines, work.name) if shared else _without_margins(lines)
    numbers = sorted(number for number in failed if begin < number <= end)
    start, stop = _window(lines, begin, end, begin)
    if numbers and numbers[0] > stop:
        start, stop = _window(lines, begin, end, max(begin, numbers[0] - 1 - BEFORE))
    shown = (x if len(x) <= MAX_LINE else x[:MAX_LINE] + " [...]" for x in lines[start:stop])
    marked = frozenset(number for number in numbers if start < number <= stop)
    return Excerpt(tuple(shown), start + 1, max(end - begin, 1), shared, marked)


def coloured(works: Sequence[Work], excerpts: Sequence[Excerpt], room: int) -> list[Code]:
    """All of them in so many bytes. Colours go first, then lines at the end."""
    pages = [
        highlight.python("\n".join(e.lines), frozenset(n - e.first + 1 for n in e.marked))
        for e in excerpts
    ]
    most = share([size(html) for html in pages], room)
    found = []
    for work, part, html in zip(works, excerpts, pages, strict=True):
        count = len(part.lines)
        if size(html) > most:
            html, count = _plain(part, most)
        last, is_cut = part.first + count - 1, count < part.of
        marked = frozenset(number for number in part.marked if number <= last)
        is_cell = not (is_cut or part.is_definition)
        found.append(Code(html, work.cell or 0, part.first, last, is_cell, is_cut, marked))
    return found


def _lines(source: str) -> list[str]:
    """As Python counts them; without the empty ones at the end."""
    text = source.replace("\r\n", "\n").replace("\r", "\n")
    return plain(text, kept="\n\t").rstrip().split("\n")


def _without_margins(lines: Sequence[str]) -> tuple[int, int]:
    begin = next((i for i, line in enumerate(lines) if line.strip()), 0)
    return begin, len(lines)


def _definition(lines: Sequence[str], name: str) -> tuple[int, int]:
    """Where in a cell the last definition of a name is; nowhere if not in what was kept of it."""
    defines = definition(name)
    begin = next((i for i in range(len(lines) - 1, -1, -1) if defines.match(lines[i])), None)
    if begin is None:
        return 0, 0
    end = next((i for i in range(begin + 1, len(lines)) if NEXT.match(lines[i])), len(lines))
    while end > begin + 1 and (not lines[end - 1].strip() or ABOVE.match(lines[end - 1])):
        end -= 1
    while begin and ABOVE.match(lines[begin - 1]):
        begin -= 1
    return begin, end


def _window(lines: Sequence[str], begin: int, end: int, start: int) -> tuple[int, int]:
    """From `start` on as many lines as are shown of one cell."""
    room, stop = MAX_SOURCE, start
    while stop < end and room >= 0:
        room -= min(len(lines[stop]), MAX_LINE) + 1
        stop += room >= 0
    return start, stop


def _plain(part: Excerpt, room: int) -> tuple[Markup, int]:
    """Without colours; the lines that fit, and how many those are."""
    shown = list[Markup]()
    for number, line in enumerate(part.lines, start=part.first):
        html = escaped(f"{line}\n")
        if number in part.marked:
            html = Markup('<span class="hll">{}</span>').format(html)
        if size(html) > room:
            break
        room -= size(html)
        shown.append(html)
    return Markup("").join(shown), len(shown)
