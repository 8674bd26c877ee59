"""What students wrote, as HTML in which nothing of theirs runs, loads or leads anywhere.

Markdown becomes paragraphs, lists, tables and code. HTML, links and images stay the text that they
are written as, and formulas their TeX.
"""

from __future__ import annotations

import base64
import functools
from collections.abc import Iterable
from html import escape

from markdown_it import MarkdownIt
from mdit_py_plugins.dollarmath import dollarmath_plugin

from ..escape import plain
from ..worker.outputs import PNG_SIGNATURE
from .answers import Piece

# Definitions of links would vanish, as would what they are for.
OFF = ["html_block", "html_inline", "link", "image", "autolink", "reference"]


@functools.cache
def _parser() -> MarkdownIt:
    parser = MarkdownIt("commonmark", {"html": False}).enable("table").disable(OFF)
    return parser.use(dollarmath_plugin, allow_labels=False, allow_space=False, allow_digits=False)


def markdown(text: str) -> str:
    """Markdown as HTML."""
    parser = _parser()
    tokens = parser.parse(plain(text, kept="\n\t"))
    for token in tokens:
        token.attrs.pop("style", None)  # a page without inline styles shows none
        if token.type in ("heading_open", "heading_close"):  # the page has headings of its own
            token.attrs = {"class": "heading"} if token.nesting > 0 else {}
            token.tag = "p"
    return str(parser.renderer.render(tokens, parser.options, {}))


def answer(pieces: Iterable[Piece]) -> str:
    """An answer as HTML: text, code, and what the code showed."""
    return "".join(map(_piece, pieces))


def _piece(piece: Piece) -> str:
    if not piece.is_code:
        return markdown(piece.source)
    shown = [f'<pre class="shown">{_text(text)}</pre>' for text in piece.texts]
    shown += [_figure(figure, number) for number, figure in enumerate(piece.figures, start=1)]
    return f'<pre class="source"><code>{_text(piece.source)}</code></pre>{"".join(shown)}'


def _text(text: str) -> str:
    return escape(plain(text, kept="\n\t"))


def _figure(content: bytes, number: int) -> str:
    if not content.startswith(PNG_SIGNATURE):
        return '<p class="soft">A figure that is no PNG.</p>'
    data = base64.b64encode(content).decode()
    return f'<img alt="Figure {number} that this code drew" src="data:image/png;base64,{data}">'
