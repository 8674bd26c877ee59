"""Blackboard Learn: "Assignment File Download" in the grade centre.

    HW1_jdoe_attempt_2026-11-20-15-00-00_backprop.ipynb
    HW1_jdoe_attempt_2026-11-20-15-00-00.txt                  Name: Jane Doe (jdoe) …

There is no specification; the names are as several public parsers have them. `attempt` is in the
language of the site, and both assignment and user names may hold underscores, so the text file that
comes with every attempt is the safer index: its first line ends with the user name. Where it is
missing, the assignment is what all names begin with. Each attempt has a time.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator, Sequence

from ...model import Receipt
from ..entries import Entry, load
from ..ipynb import Unreadable, decode
from .layout import Handed, Layout, moment

NAME = re.compile(
    r"(?P<who>[^/]+?)_[^_/]+_(?P<time>[0-9]{4}(?:-[0-9]{2}){5})(?:\.txt|_(?P<file>[^/]+))",
    re.DOTALL,
)
MAX_INDEX = 1 << 20  # bytes: it holds what students type as well
MAX_LINE = 1000  # characters of its first line, of which each bracket is tried


def place(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Handed | None]]:
    """Whose each file is, by the text files and the names."""
    matches = [NAME.fullmatch(str(entry.path)) for entry in entries]
    students = _students(
        {
            found["who"]: _user(entry, found["who"])
            for entry, found in zip(entries, matches, strict=True)
            if found and not found["file"]
        },
        {found["who"] for found in matches if found},
    )
    for entry, found in zip(entries, matches, strict=True):
        if not found:
            yield entry, None
            continue
        receipt = Receipt(attempt=found["time"], submitted_at=_iso(found["time"]))
        instead = "" if found["file"] else "a text entry"
        path = found["file"] or f"{found['time']}.txt"
        yield entry, Handed(students[found["who"]], path, receipt, instead)


def _user(index: Entry, who: str) -> str:
    """The user name in brackets that ends the first line of a text file; empty if there is none."""
    if index.size > MAX_INDEX:
        return ""
    try:
        first = decode(load(index)).strip().partition("\n")[0]
    except Unreadable:
        return ""
    if len(first) > MAX_LINE:
        return ""
    user = first.rstrip().removesuffix(")")
    # A display name may hold brackets; the name of the file, which has both, tells what is meant.
    inside = [user[at + 1 :] for at, letter in enumerate(user) if letter == "("]
    fitting = [name for name in inside if name and who.endswith(f"_{name}")]
    return max(fitting, key=len, default="")


def _students(told: dict[str, str], everyone: set[str]) -> dict[str, str]:
    """The user name of each `{assignment}_{user name}`."""
    known = {who: user for who, user in told.items() if user}
    assignments = Counter(who[: -len(user)] for who, user in known.items())
    assignment = next((name for name, _ in assignments.most_common(1)), "") or _shared(everyone)
    rest = {who: who[len(assignment) :] for who in everyone if who.startswith(assignment)}
    return {w: known.get(w) or rest.get(w) or w.rpartition("_")[2] or w for w in everyone}


def _shared(names: set[str]) -> str:
    """What all names begin with, up to an underscore, and something after it."""
    pieces = [name.split("_")[:-1] for name in names]
    shared = []
    for step in zip(*pieces, strict=False):
        if len(set(step)) > 1:
            break
        shared.append(step[0] + "_")
    return "".join(shared)


def _iso(time: str) -> str:
    """`2026-11-20-15-00-00` as ISO 8601; no zone is given."""
    return moment(f"{time[:10]}T{time[11:].replace('-', ':')}")


LAYOUT = Layout("Blackboard", "HW1_jdoe_attempt_2026-11-20-15-00-00_backprop.ipynb", place)
