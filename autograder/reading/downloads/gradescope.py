"""Gradescope: "Export Submissions" of an assignment.

    assignment_9100_export/submission_metadata.yml
    assignment_9100_export/submission_123/backprop.ipynb

and in the metadata, by public scripts that read it, with keys that are Ruby symbols:

    submission_123:
      :submitters: …
      :created_at: 2026-11-20 15:00:00.000000000 Z

A group hands in one submission. Only these two lines are looked for: no YAML parser is needed for
them, ruamel refuses some of what Ruby writes (`{:name: …}`, `!ruby/…`), and the rest, with every
result of every test, would take it minutes.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime

from ...model import Receipt
from ..entries import Entry, load
from ..ipynb import Unreadable, decode
from .layout import Handed, Layout

METADATA = "submission_metadata.yml"
NAME = re.compile(r"submission_(?P<number>[0-9]+)/(?P<path>.+)", re.DOTALL)
# Deeper lines are of what students wrote; the first time counts.
LINE = re.compile(
    r"^submission_(?P<number>[0-9]+):|^ {1,2}:created_at: *(?P<time>.+)", re.MULTILINE
)
TIME = re.compile(
    r"'?\"?(?P<date>\d{4}-\d\d-\d\d)[ T](?P<clock>\d\d:\d\d:\d\d)(?P<fraction>\.\d+)? ?"
    r"(?P<zone>Z|UTC|[+-]\d\d:?\d\d)?'?\"?",
    re.ASCII,
)


def place(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Handed | None]]:
    """Whose each file is, by its folder; when it came, by the metadata."""
    times: dict[str, str] = {}
    for entry in entries:
        if str(entry.path) == METADATA:
            try:
                times |= _times(decode(load(entry)))
            except Unreadable:  # the ids are in the folders, too
                yield entry, None
    for entry in entries:
        if found := NAME.fullmatch(str(entry.path)):
            number = found["number"]
            yield entry, Handed(number, found["path"], Receipt(number, times.get(number, "")))
        elif str(entry.path) != METADATA:
            yield entry, None


def _times(metadata: str) -> dict[str, str]:
    """When each submission was made, ISO 8601, by its number."""
    times: dict[str, str] = {}
    number = ""
    for line in LINE.finditer(metadata):
        number = line["number"] or number
        if line["time"] and (time := _iso(line["time"].strip())):
            times.setdefault(number, time)
    return times


def _iso(text: str) -> str:
    """A time as Ruby writes it to YAML, in UTC where it names no zone, as YAML has it."""
    if not (found := TIME.fullmatch(text)):
        return ""
    zone = (found["zone"] or "Z").replace("UTC", "Z")
    try:
        time = datetime.fromisoformat(f"{found['date']}T{found['clock']}{zone}")
    except ValueError:
        return ""
    return time.astimezone(UTC).isoformat() if zone == "Z" else time.isoformat()


def believable(files: list[Handed]) -> bool:
    """Whether the metadata was there: its folders' names alone could be anybody's."""
    return any(file.receipt.submitted_at for file in files)


LAYOUT = Layout("Gradescope", "submission_123/backprop.ipynb", place, believable)
