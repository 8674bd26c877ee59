"""Python in colours, for pages: Pygments' classes, and their rules on light and dark paper."""

from __future__ import annotations

import re
from functools import lru_cache
from typing import Any

from markupsafe import Markup
from pygments import highlight  # type: ignore[import-untyped]
from pygments.formatters import HtmlFormatter  # type: ignore[import-untyped]
from pygments.lexers import PythonLexer  # type: ignore[import-untyped]

CLASS = "highlight"  # of whatever holds such code; nbconvert's name for it, too
LIGHT, DARK = "default", "github-dark"  # with contrast enough for WCAG AA
_lexer = PythonLexer(stripnl=False)  # lines keep their numbers


@lru_cache(maxsize=1)
def rules() -> Markup:
    """The style sheet. Paper is light whatever the screen was."""
    light, dark = _rules(LIGHT), _rules(DARK)
    return Markup(  # noqa: S704 (Pygments')
        f"@media print, (prefers-color-scheme: light) {{\n{light}\n}}\n"
        f"@media screen and (prefers-color-scheme: dark) {{\n{dark}\n}}"
    )


def python(source: str, marked: frozenset[int] = frozenset()) -> Markup:
    """The source as HTML; the lines with those numbers, from 1, are of the class `hll`."""
    return Markup(highlight(source, _lexer, _formatter(marked)))  # noqa: S704 (Pygments escapes)


def _rules(style: str) -> str:
    found = HtmlFormatter(style=style).get_token_style_defs(f".{CLASS}")
    return re.sub(r" /\*.*?\*/", "", "\n".join(found))


@lru_cache(maxsize=256)
def _formatter(marked: frozenset[int]) -> Any:
    return HtmlFormatter(nowrap=True, hl_lines=list(marked))
