"""Plots of the class report: SVG that belongs to the page, in its colours and at its width.

The same numbers give the same bytes. matplotlib is imported only when this module is.
"""

from __future__ import annotations

import io
import math
import re
import warnings
from collections.abc import Mapping, Sequence
from typing import Any

from markupsafe import Markup, escape
from matplotlib import rc_context
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from ..results.score import number

WIDTH = 380.0  # of the drawing, in its own units; the page scales it
SIZE = 10.5  # of letters, in the same units
TALL = 125.0  # of the highest bar
MOST_BARS = 15
STEPS = (0.1, 0.2, 0.25, 0.5, 1, 2, 5, 10, 20, 25, 50, 100)  # points that a bar may span
LONGEST = 20  # characters of an exercise's name
SHARE, DIGIT = 38.0, 7.0  # the room of "100 %" beside a bar, and what each more digit takes
# What is drawn in these gets the page's colours in their place; no plot needs them for themselves.
INK, SOFT, LINE, BAR, BAD, PAPER = (f"#0d0e{n:02x}" for n in range(6))
COLOURS = {INK: "ink", SOFT: "soft", LINE: "line", BAR: "bar", BAD: "bad", PAPER: "paper"}
GROUP = re.compile(r'<g id="[^"]*"')
HEAD = re.compile(r"<svg [^>]*>")
RULES: dict[Any, Any] = {  # matplotlib says which names there are, in a type too long to repeat
    "svg.fonttype": "none",  # text stays text
    "text.usetex": False,
    "text.parse_math": False,
    "font.family": ["DejaVu Sans"],  # comes with matplotlib: text takes the same room anywhere
    "font.size": SIZE,
    "axes.edgecolor": LINE,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "axes.unicode_minus": True,
}


def histogram(scores: Sequence[float], most: float, middle: float, words: str) -> Markup:
    """How many students have how many points, with the median, `middle`, marked."""
    span = max(most, *scores) or 1
    step = next((s for s in STEPS if span / s <= MOST_BARS), span / MOST_BARS)
    count = max(1, math.ceil(round(span / step, 9)))
    counts = [0] * count
    for score in scores:
        counts[_place(score, step, count)] += 1
    with rc_context(RULES | {"svg.hashsalt": "histogram"}):
        figure = _figure(205)
        plot = _axes(figure, (14, 40, WIDTH - 28, TALL))
        lefts = [step * place for place in range(count)]
        widths = [min(step, span - left) for left in lefts]
        bars = plot.bar(
            lefts, counts, widths, align="edge", color=BAR, edgecolor=PAPER, linewidth=1.5
        )
        told = [str(each) if each else "" for each in counts]
        plot.bar_label(bars, told, padding=1, color=INK, fontsize=SIZE)
        top = max(counts)
        below = counts[_place(middle, step, count)] / top + 16 / TALL  # the bar and its number
        across = plot.get_xaxis_transform()
        plot.plot([middle] * 2, [below, 1.22], color=INK, lw=1, transform=across, clip_on=False)
        side, shift = ("right", -span / 80) if middle > span / 2 else ("left", span / 80)
        median = f"median {number(round(middle, 2))}"
        plot.text(middle + shift, 1.15, median, transform=across, ha=side, color=INK)
        plot.set_xlim(0, span)
        plot.set_ylim(0, top)
        plot.spines["left"].set_visible(False)
        plot.set_yticks([])
        plot.set_xlabel("points", color=SOFT)
        return _svg(figure, words)


def exercises(
    shares: Mapping[str, float], discriminations: Mapping[str, float | None], low: float, words: str
) -> Markup:
    """Each exercise's mean share of its points, as a bar, and its discrimination, as a dot.

    From top to bottom in the order that they are given. A bar ends at all points; its number is
    higher where some have more.
    """
    with rc_context(RULES | {"svg.hashsalt": "exercises"}):
        dots = [(p, r) for p, name in enumerate(shares) if (r := discriminations[name]) is not None]
        told = [f"{100 * share:.0f} %" for share in shares.values()]
        beside = SHARE + DIGIT * max(0, *(len(each) - len("100 %") for each in told))
        room, left, right = 20.0 * len(shares), 128.0, 96.0 if dots else 0.0
        width = WIDTH - left - right - beside
        figure = _figure(room + 52)
        plot = _axes(figure, (left, 24, width, room))
        plot.barh(range(len(shares)), 1, 0.6, color=LINE)
        plot.barh(range(len(shares)), [min(1, s) for s in shares.values()], 0.6, color=BAR)
        for place, each in enumerate(told):
            end = 1 + (beside - 1) / width
            plot.text(end, place, each, ha="right", va="center_baseline", color=INK)
        plot.set_yticks(range(len(shares)), [_short(name) for name in shares], color=INK)
        plot.set_xlim(0, 1)
        plot.set_xticks([])
        _rows(plot, len(shares), "mean share of points")
        if dots:
            plot = _axes(figure, (WIDTH - right + 14, 24, right - 22, room))
            plot.axvline(0, color=LINE, linewidth=1)
            plot.axvline(low, color=SOFT, linewidth=1, linestyle=(0, (2, 2)))
            for place, found in dots:
                colour = BAD if found < low else INK
                plot.plot([found], [place], "o", color=colour, markersize=6, clip_on=False)
            plot.set_xlim(min(-0.1, *(found for _, found in dots)), 1)
            plot.set_xticks([low, 1], [number(low), "1"])
            plot.set_yticks([])
            _rows(plot, len(shares), "discrimination")
        return _svg(figure, words)


def _place(points: float, step: float, count: int) -> int:
    """Which bar points are in; full points are in the last one, whatever they are."""
    return max(0, min(count - 1, math.floor(round(points / step, 9))))


def _short(name: str) -> str:
    return name if len(name) <= LONGEST else name[: LONGEST - 1] + "…"


def _figure(height: float) -> Figure:
    return Figure((WIDTH / 72, height / 72), dpi=72, facecolor="none")


def _axes(figure: Figure, place: tuple[float, float, float, float]) -> Axes:
    """Axes at a place in the drawing's units, from its lower left corner: left, up, width, height.

    (A layout that matplotlib finds by itself would depend on the fonts of the machine.)
    """
    height = figure.get_figheight() * 72
    left, up, width, room = place
    plot = figure.add_axes((left / WIDTH, up / height, width / WIDTH, room / height))
    plot.set_facecolor("none")
    plot.tick_params(length=0, colors=SOFT, labelsize=SIZE)
    return plot


def _rows(plot: Axes, count: int, title: str) -> None:
    """Rows of a table with a title, the first on top."""
    plot.set_title(title, color=SOFT, fontsize=SIZE, loc="left", pad=8)
    plot.set_ylim(count - 0.5, -0.5)
    for side in ("left", "bottom"):
        plot.spines[side].set_visible(False)


def _svg(figure: Figure, words: str) -> Markup:
    """The drawing as an element of a page; `words` are for those who do not see it."""
    file = io.StringIO()
    nothing = dict.fromkeys(("Date", "Creator", "Format", "Type"))
    with warnings.catch_warnings():
        # Letters that matplotlib's font lacks: the browser, whose font is used, has them.
        warnings.filterwarnings("ignore", "Glyph .* missing", UserWarning)
        figure.savefig(file, format="svg", metadata=nothing, facecolor="none")
    text = file.getvalue()
    text = GROUP.sub("<g", text[text.index("<svg ") :])  # names that another drawing has, too
    for colour, name in COLOURS.items():
        text = text.replace(colour, f"var(--{name})")
    width, height = (72 * inches for inches in figure.get_size_inches())
    head = f'<svg viewBox="0 0 {width:g} {height:g}" role="img" aria-label="{escape(words)}">'
    return Markup(HEAD.sub(lambda _: head, text, count=1))  # noqa: S704 (matplotlib escapes text)
