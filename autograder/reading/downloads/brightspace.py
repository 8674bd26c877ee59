"""Brightspace (D2L): "Download" of all submissions in an assignment's folder.

    271836-442356 - Mary-Ann Smith - Sep 24, 2024 926 PM/backprop.ipynb
    271836-442356 - Mary-Ann Smith - Sep 24, 2024 926 PM - backprop.ipynb
    index.html

There is no specification; the names are as public scripts and questions at community.d2l.com have
them, and say nothing of what the two numbers are. The id is the one that tells people apart and
stays through their attempts, the first if both do; both with the name if neither does. Each attempt
has a time.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence

from ...model import Receipt
from ..entries import Entry
from .layout import Handed, Layout, moment

MONTHS = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
NAME = re.compile(
    r"(?P<first>[0-9]+)-(?P<second>[0-9]+) - (?P<name>[^/]+?) - "
    rf"(?P<when>(?P<month>{'|'.join(MONTHS)})[a-z]* (?P<day>[0-9]{{1,2}}), (?P<year>[0-9]{{4}}) "
    r"(?P<hour>[0-9]{1,2})(?P<minute>[0-9]{2}) (?P<half>[AP])M)"
    r"(?: - (?P<file>[^/]+)|/(?P<path>.+))",
    re.DOTALL,
)
IDS: list[Callable[[re.Match[str]], str]] = [
    lambda found: found["first"],
    lambda found: found["second"],
    lambda found: f"{found['first']}-{found['second']} {found['name']}",
]


def place(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Handed | None]]:
    """Whose each file is, by its folder or name."""
    matches = [NAME.fullmatch(str(entry.path)) for entry in entries]
    known = [found for found in matches if found]
    id_of = _id(known)
    for entry, found in zip(entries, matches, strict=True):
        if found:
            receipt = Receipt(attempt=found["when"], submitted_at=_time(found))
            path = found["path"] or found["file"]
            yield entry, Handed(id_of(found), path, receipt, name=found["name"])
        elif str(entry.path) != "index.html":
            yield entry, None


def _id(known: list[re.Match[str]]) -> Callable[[re.Match[str]], str]:
    """What tells these people apart: no id of it has two names. Fewest ids join attempts.

    A number that all have in common is of the folder rather than of somebody.
    """

    def ids(id_of: Callable[[re.Match[str]], str]) -> int:
        return len({id_of(found) for found in known})

    telling = [i for i in IDS if len({(i(found), found["name"]) for found in known}) == ids(i)]
    return min(telling, key=lambda i: (ids(i) == 1, ids(i)))  # the last of IDS always tells


def _time(found: re.Match[str]) -> str:
    """ISO 8601; no zone is given."""
    month = MONTHS.index(found["month"]) + 1
    hour = int(found["hour"]) % 12 + 12 * (found["half"] == "P")
    date = f"{found['year']}-{month:02}-{int(found['day']):02}"
    return moment(f"{date}T{hour:02}:{found['minute']}:00")


LAYOUT = Layout(
    "Brightspace", "271836-442356 - Jane Doe - Sep 24, 2024 926 PM/backprop.ipynb", place
)
