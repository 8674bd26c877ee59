"""Where an nbgrader course keeps what was handed in, and since when; nothing of it is executed.

What is given to grade may come from students: no Python in it may run, not even a configuration.
"""

from __future__ import annotations

import ast
import contextlib
import re
from dataclasses import replace
from datetime import UTC, datetime, tzinfo
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from ..errors import SubmissionsError
from ..model import Receipt
from .entries import Entry, load
from .ipynb import Unreadable, decode

CONFIG = "nbgrader_config.py"
STRUCTURE = "{nbgrader_step}/{student_id}/{assignment_id}"
STAMP = "timestamp.txt"
TIME = re.compile(r"(\d{4}-\d\d-\d\d) (\d\d:\d\d:\d\d)(?:\.\d+)? ?(.*)", re.ASCII)


def submitted_folder(course: Path) -> Path | None:
    """The folder with a folder for each student, if this is an nbgrader course.

    Raises:
        SubmissionsError: nobody has handed in there, or it has another structure than nbgrader's.
    """
    if not any((course / name).is_file() for name in (CONFIG, "gradebook.db")):
        return None
    options = _options(course / CONFIG)
    name = options.get("submitted_directory", "submitted")
    folder = course / name
    if not folder.is_dir():
        if not (course / options.get("source_directory", "source")).is_dir():
            return None  # a class in which somebody has a file of that name
        raise SubmissionsError(
            f"{course}: no {name}/ in this nbgrader course: collect what was handed in first, or "
            "give the folder that holds it"
        )
    if options.get("directory_structure", STRUCTURE) != STRUCTURE:
        raise SubmissionsError(
            f"{course / CONFIG}: directory_structure: give the folder that holds a folder for each "
            "student, instead of the course"
        )
    return folder


def stamped(entries: list[Entry]) -> list[Entry]:
    """One student's files for one assignment, with the time that nbgrader wrote beside them."""
    stamp = next((entry for entry in entries if entry.path.name == STAMP), None)
    try:
        receipt = Receipt(submitted_at=read_time(decode(load(stamp)))) if stamp else Receipt()
    except Unreadable:
        receipt = Receipt()
    return [replace(entry, receipt=receipt) for entry in entries]


def read_time(text: str) -> str:
    """A `timestamp.txt` as ISO 8601; empty if it is none.

    As `nbgrader.utils.parse_utc` takes it, "2015-02-02 15:58:23.948203 America/Los_Angeles". Where
    no zone is known it stays without an offset.
    """
    if not (found := TIME.fullmatch(text.strip())):
        return ""
    date, clock, zone = found.groups()
    try:
        time = datetime.fromisoformat(f"{date}T{clock}")
    except ValueError:
        return ""
    known: tzinfo | None = None
    with contextlib.suppress(ValueError, OSError, ZoneInfoNotFoundError):
        known = UTC if zone == "UTC" else ZoneInfo(zone)
    return time.replace(tzinfo=known).isoformat()


def _options(config: Path) -> dict[str, str]:
    """What `c.CourseDirectory.OPTION = "text"` says; the last one counts."""
    try:
        tree = ast.parse(config.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                _, _, option = ast.unparse(target).rpartition(".CourseDirectory.")
                if option.isidentifier() and isinstance(node.value.value, str):
                    found[option] = node.value.value
    return found
