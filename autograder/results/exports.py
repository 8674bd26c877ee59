"""What was exported, so that it can be forgotten: `RESULTS/exports.jsonl`, a line for each file."""

from __future__ import annotations

import contextlib
import hashlib
import json
import os
from pathlib import Path

from ..errors import ResultsError
from ..files import write_private
from .folder import EXPORTS


def note(results: Path, *exported: Path) -> None:
    """Remember files of ours, and what is in each: another may take its place one day.

    Raises:
        OSError: it could not be read, or the list not be written.
    """
    folder = results.resolve()
    lines = _lines(results)
    for path in exported:
        place = path.resolve()
        if place.is_relative_to(folder):  # which may be moved as a whole
            place = place.relative_to(folder)
        lines.append(json.dumps({"path": str(place), "sha256": _hash(path)}))
    content = "".join(f"{line}\n" for line in dict.fromkeys(lines))
    write_private(results / EXPORTS, content.encode())


def refuse_others(results: Path, path: Path) -> None:
    """Refuse to write over a file that is there, unless it is as it was exported.

    Raises:
        ResultsError: it is something else, or somebody has changed it.
    """
    if not os.path.lexists(path):
        return
    known = _known(results.resolve()).get(path.resolve(), ())
    if not (path.is_file() and _hash(path) in known):
        raise ResultsError(
            f"{path} is there already, and not as it was exported: give another file, or move it"
        )


def delete(results: Path) -> tuple[list[Path], list[Path]]:
    """Delete the files that were exported. Returns these, and those that somebody has changed.

    Raises:
        OSError: one could not be deleted.
    """
    known = _known(results)
    deleted: list[Path] = []
    changed: list[Path] = []
    for path, hashes in known.items():
        if path.is_file():
            (deleted if _hash(path) in hashes else changed).append(path)
    for path in deleted:
        path.unlink()
    if not changed:
        (results / EXPORTS).unlink(missing_ok=True)
    return deleted, changed


def _known(results: Path) -> dict[Path, set[str]]:
    """By path, what was in each file that was exported."""
    known: dict[Path, set[str]] = {}
    for line in _lines(results):
        with contextlib.suppress(ValueError, KeyError, TypeError):  # not a line of ours
            found = json.loads(line)
            known.setdefault(results / found["path"], set()).add(found["sha256"])
    return known


def _lines(results: Path) -> list[str]:
    try:
        return (results / EXPORTS).read_text(encoding="utf-8").splitlines()
    except FileNotFoundError:
        return []


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
