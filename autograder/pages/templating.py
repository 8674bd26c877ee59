"""Templates of pages: escaped, with nothing in them that steers, and a last line that says of what.

A page says at its end what it was made from, so that one that is there need not be written again.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup, escape

from ..escape import plain
from ..results.score import number

FOLDER = Path(__file__).parent.parent / "templates"
MADE_FROM = re.compile(rb"<!-- made from ([0-9a-f]{64}) -->\n</html>$")  # a page's last words
TAIL = 100  # bytes that hold them


def environment() -> Environment:
    """What templates are read and filled in with."""
    made = Environment(
        loader=PackageLoader("autograder"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters |= {"number": number, "breaking": breaking}
    return made


def text_environment() -> Environment:
    """What templates of Markdown, Python and YAML are filled in with: not HTML, so not escaped."""
    return Environment(  # noqa: S701 (not HTML)
        loader=PackageLoader("autograder"), undefined=StrictUndefined, keep_trailing_newline=True
    )


def breaking(name: str) -> Markup:
    """A name of something in code: a line may end after an underscore, and nowhere else in it."""
    return Markup("_<wbr>").join(map(escape, plain(name).split("_")))


def source(name: str) -> bytes:
    """A template as it lies in its file."""
    return (FOLDER / name).read_bytes()


def digest(*made_from: object) -> str:
    """Of all that a page is made from; things are told apart by how they are printed."""
    return hashlib.sha256(repr(made_from).encode()).hexdigest()


def digest_of(page: Path) -> str:
    """What a page says that it was made from; empty if there is none, or it does not say."""
    try:
        with open(page, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            found = MADE_FROM.search(file.read())
    except FileNotFoundError:
        return ""
    return found[1].decode() if found else ""


def _shown(value: Any) -> Any:
    """What a page shows of a value: text with its lines, and with nothing that steers."""
    return plain(value, kept="\n\t") if type(value) is str else value
