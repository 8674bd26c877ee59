"""The class report: what an instructor reads of a class. One page that fetches nothing."""

from __future__ import annotations

import base64
import hashlib
import platform
import statistics
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path
from typing import TYPE_CHECKING, Any

from markupsafe import Markup

from .. import __version__
from ..course.outline import Outline
from ..course.roster import Roster
from ..escape import file_names
from ..files import replacing
from ..model import Kind, Status
from ..plural import counted
from ..results.score import number
from ..running.tier import ORDER, Tier
from .item_analysis import FEW, FEWEST, LOW, discrimination, interval
from .overview import Mistake, Overview, Row, Tally
from .templating import FOLDER, digest, digest_of, environment, source
from .unmarked import told
from .words import IN_WORDS

if TYPE_CHECKING:
    from types import ModuleType

TEMPLATES = ("base.html", "report.html", "report.js")
SLOWEST = 5  # submissions that are named
FAILED = 10
MISTAKES = 8  # that are shown at once


@dataclass(frozen=True)
class Item:
    """What the report shows of one exercise."""

    name: str
    tally: Tally
    discrimination: float | None
    low: bool  # the discrimination
    voids: tuple[tuple[str, str, str], ...]  # checks that no longer count: name, credit, reason


@dataclass(frozen=True)
class Spread:
    """How the scores of those who were graded lie."""

    count: int
    median: float
    quarters: tuple[float, float]  # the middle half is between them
    full: int
    below_half: int


def write_report(
    path: Path,
    overview: Overview,
    outline: Outline,
    roster: Roster,
    afresh: bool = False,
    anonymous: bool = False,
) -> None:
    """Write the report, with the names of the roster, and who of it handed nothing in.

    If it is there as it would be written it is left, unless it is wanted `afresh`: to draw takes
    longer than all the rest of a run in which nothing is new. An `anonymous` one leads nowhere.

    Raises:
        OSError: it cannot be written.
    """
    rules = (outline.name, outline.digest, outline.rubric, outline.voids)
    templates = [source(name) for name in TEMPLATES]
    made_from = digest(*rules, vars(overview), roster, anonymous, _versions(), templates)
    if not afresh and digest_of(path) == made_from:
        return
    ids = () if anonymous else (row.student_id for row in overview.rows)
    names = file_names(ids, ".html")
    script = (FOLDER / "report.js").read_text(encoding="utf-8")
    page = environment().get_template("report.html")
    with replacing(path) as file:
        parts = page.generate(
            assignment=outline,
            overview=overview,
            pages=names,
            roster=roster,
            missing={id_: person for id_, person in roster.items() if id_ not in names},
            anonymous=anonymous,
            script=Markup(script),  # noqa: S704 (ours)
            script_hash=base64.b64encode(hashlib.sha256(script.encode()).digest()).decode(),
            digest=made_from,
            **_seen(overview, outline),
        )
        file.writelines(parts)


def _seen(overview: Overview, outline: Outline) -> dict[str, Any]:
    """What the page shows of the class."""
    from . import plots  # matplotlib takes a while to import

    mistakes = sorted(overview.mistakes, key=_most_first(overview))
    items = _items(overview, outline)
    failed = [row for row in overview.rows if row.status is not Status.graded]
    timed = sorted((r for r in overview.rows if r.seconds), key=lambda row: -row.seconds)
    tiers = {name: sum(row.tier == name for row in overview.rows) for name in overview.tiers}
    spread = _spread(overview)
    return {
        "items": items,
        "low": LOW,
        "by_hand": Counter(o.exercise for row in overview.rows for o in row.overrides),
        "unmarked": told(overview.unmarked),
        "few": _few(overview, items),
        "spread": spread,
        "histogram": _histogram(plots, overview, spread) if spread else "",
        "chart": _chart(plots, items),
        "mistakes": mistakes,
        "at_once": MISTAKES,
        "places": {mistake: place for place, mistake in enumerate(mistakes)},
        "ways": _ways(overview),
        "failed": failed,
        "failed_at_once": FAILED,
        "slowest": timed[:SLOWEST],
        "tags": {row.student_id: _tags(row) for row in overview.rows},
        "tiers": [(name, count, _lacks(name)) for name, count in tiers.items()],
        "versions": _versions(),
    }


def _most_first(overview: Overview) -> Callable[[Mistake], tuple[int, int, str]]:
    """The order of mistakes; it does not tell who came first."""
    order = {name: place for place, name in enumerate(overview.exercises)}

    def key(mistake: Mistake) -> tuple[int, int, str]:
        return -overview.mistakes[mistake], order[mistake[0]], mistake[1]

    return key


def _items(overview: Overview, outline: Outline) -> list[Item]:
    found = discrimination(overview)
    return [
        Item(
            name,
            tally,
            found[name],
            (r := found[name]) is not None and r < LOW,
            tuple((c, void.credit, void.reason) for c, void in outline.voids.get(name, {}).items()),
        )
        for name, tally in overview.exercises.items()
    ]


def _few(overview: Overview, items: Sequence[Item]) -> str:
    """What to keep in mind of the discriminations of a small class; empty of a large one."""
    students = len(overview.graded)
    if students < FEWEST:
        return f"With fewer than {FEWEST} students it means nothing, and is not shown."
    if all(item.discrimination is None for item in items):
        return ""
    if students >= FEW:
        return ""
    low, high = interval(0.3, students)
    return (
        f"With {students} students it means little: "
        f"a true 0.30 may come out as anything from {low:.2f} to {high:.2f}."
    )


def _spread(overview: Overview) -> Spread | None:
    scores = [row.total for row in overview.graded if row.total is not None]
    if not scores:
        return None
    most = overview.max_score
    low, _, high = (
        statistics.quantiles(scores, n=4, method="inclusive") if scores[1:] else scores * 3
    )
    return Spread(
        count=len(scores),
        median=round(statistics.median(scores), 2),
        quarters=(round(low, 2), round(high, 2)),
        full=sum(score >= most for score in scores),
        below_half=sum(score < most / 2 for score in scores),
    )


def _histogram(plots: ModuleType, overview: Overview, spread: Spread) -> Markup:
    scores = [row.total for row in overview.graded if row.total is not None]
    low, high = map(number, spread.quarters)
    words = (
        f"Histogram of {counted(spread.count, 'score')}, of {number(overview.max_score)} points: "
        f"median {number(spread.median)}, the middle half from {low} to {high}, "
        f"lowest {number(min(scores))}, highest {number(max(scores))}."
    )
    drawn: Markup = plots.histogram(scores, overview.max_score, spread.median, words)
    return drawn


def _chart(plots: ModuleType, items: Sequence[Item]) -> Markup | str:
    """The exercises, the hardest first."""
    shares = {item.name: item.tally.share for item in items}
    known = {name: share for name, share in shares.items() if share is not None}
    if not known:
        return ""
    hardest = dict(sorted(known.items(), key=lambda pair: pair[1]))
    told = ", ".join(f"{name} {100 * share:.0f} %" for name, share in hardest.items())
    found: Mapping[str, float | None] = {item.name: item.discrimination for item in items}
    words = f"Mean share of points by exercise, the hardest first: {told}."
    drawn: Markup = plots.exercises(hardest, found, LOW, words)
    return drawn


def _ways(overview: Overview) -> list[dict[str, Any]]:
    """How checks ended: passed, then the most frequent; where most were."""
    order = {name: place for place, name in enumerate(overview.exercises)}
    there = [(way, tally) for way, tally in overview.ways.items() if tally.checks]
    there.sort(key=lambda pair: (pair[0] != Kind.passed, -pair[1].checks))
    checks = sum(tally.checks for _, tally in there)
    lines = []
    for way, tally in there:
        most = min(tally.exercises, key=lambda name: (-tally.exercises[name], order.get(name, 0)))
        lines.append(
            {
                "words": IN_WORDS[way],
                "checks": tally.checks,
                "share": tally.checks / checks,
                "students": tally.students,
                "most": "" if way == Kind.passed else most,
                "of_most": tally.exercises[most],
            }
        )
    return lines


def _tags(row: Row) -> str:
    """What the table can be filtered by."""
    found = {"by-hand": row.overrides, "late": row.late}
    return " ".join([row.status, *(tag for tag, there in found.items() if there)])


def _lacks(tier: str) -> str:
    """What student code could do on that tier, in one line."""
    lacks = Tier(tier).lacks if tier in ORDER else ()
    return "; ".join(lacks)


def _versions() -> dict[str, str]:
    """Of what wrote the page."""
    return {
        "autograder": __version__,
        "torch": version("torch"),
        "Python": platform.python_version(),
        "matplotlib": version("matplotlib"),
    }
