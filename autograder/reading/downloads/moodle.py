"""Moodle: "Download all submissions" of an assignment.

    Jane Doe_12345_assignsubmission_file/backprop.ipynb      _file_/ before Moodle 4.1
    Participant_12345_assignsubmission_file/backprop.ipynb   blind marking
    Group A_77_assignsubmission_file/backprop.ipynb          a team; "Default group" has no number
    Jane Doe_12345_assignsubmission_file_backprop.ipynb      "download in folders" switched off
    Jane Doe_12345_assignsubmission_onlinetext/…             a text entry

The number is the one of the grading worksheet's `Participant 12345`. The rules are those of
Moodle's own source (github.com/moodle/moodle), `mod/assign/classes/downloader.php`. Names hold no
underscore there. Neither lateness nor time is in them; the zip holds the current attempt only.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from ..entries import Entry
from .layout import Handed, Layout

NAME = re.compile(
    r"(?P<name>[^_/]*)(?:_(?P<number>[0-9]+))?_assignsubmission_(?P<plugin>[a-z]+)"
    r"(?:_?/(?P<path>.+)|_(?P<file>[^/]+))",
    re.DOTALL,
)


def place(entries: Sequence[Entry]) -> Iterator[tuple[Entry, Handed | None]]:
    """Whose each file is, by its folder or name."""
    for entry in entries:
        found = NAME.fullmatch(str(entry.path))
        if not found or not (student := found["number"] or found["name"]):
            yield entry, None
            continue
        instead = "a text entry" if found["plugin"] == "onlinetext" else ""
        path = found["path"] or found["file"]
        yield entry, Handed(student, path, instead=instead, name=found["name"])


LAYOUT = Layout("Moodle", "Jane Doe_12345_assignsubmission_file/backprop.ipynb", place)
