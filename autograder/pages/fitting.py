"""What others wrote, as HTML and in as many bytes as a page has room for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from markupsafe import Markup, escape

from ..escape import plain

CUT = " [...]"


@dataclass(frozen=True)
class Piece:
    """A text as HTML, or its beginning."""

    html: Markup


class Room:
    """The bytes that are left for texts of one kind."""

    def __init__(self, left: int) -> None:
        self.left = left

    def take(self, text: str, most: int) -> Markup:
        """The text, or its beginning, in no more bytes than `most` and than there are."""
        html = _beginning(text, min(most, self.left)).html
        self.left -= size(html)
        return html


def size(html: Markup) -> int:
    """In bytes."""
    return len(html.encode())


def escaped(text: str) -> Markup:
    """Text with its lines, and with nothing that steers."""
    return escape(plain(text, kept="\n\t"))


def fitted(texts: Sequence[str], room: int) -> list[Piece]:
    """All of them in so many bytes: the longest are cut, and none to less than another."""
    whole = [escaped(text) for text in texts]
    most = share([size(html) for html in whole], room)
    return [
        Piece(html) if size(html) <= most else _beginning(text, most)
        for text, html in zip(texts, whole, strict=True)
    ]


def share(sizes: Sequence[int], room: int) -> int:
    """The most that each may have so that all fit, if those that need less leave the rest."""
    for many, needed in zip(range(len(sizes), 0, -1), sorted(sizes), strict=True):
        if needed * many > room:
            return room // many
        room -= needed
    return max(sizes, default=0)


def _beginning(text: str, room: int) -> Piece:
    html = escaped(text)
    if (needed := size(html)) <= room:
        return Piece(html)
    while text and needed > room - len(CUT):
        text = text[: len(text) * max(0, room - len(CUT)) // needed]
        html = escaped(text)
        needed = size(html)
    return Piece(html + CUT)
