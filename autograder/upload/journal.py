"""The journal of an upload: what was about to be written, and what came of it.

One JSON object a line, appended and on the disk before the next step, chained by hashes so that a
missing or changed line shows. It holds no name and no token.
"""

from __future__ import annotations

import hashlib
import json
import os
from datetime import UTC, datetime, timedelta
from decimal import Decimal
from pathlib import Path
from typing import Any

from ..errors import LmsError, ResultsError
from ..files import replacing
from ..results.folder import UPLOADS
from .lms import Target, Writing

MILLISECOND = timedelta(milliseconds=1)
DONE = ("sent", "verified")


class Journal:
    """The journal of one results folder for one target. Use it as a context manager."""

    def __init__(self, results: Path, target: Target) -> None:
        """Open the journal, or start it.

        Raises:
            LmsError: scores of this folder went to another target of the platform before.
            ResultsError: a line of it is damaged.
            OSError: it cannot be written to.
        """
        folder = results / UPLOADS
        folder.mkdir(mode=0o700, exist_ok=True)
        self.path = folder / f"{target.platform}.jsonl"
        self._file = os.open(self.path, os.O_RDWR | os.O_CREAT | os.O_APPEND | os.O_CLOEXEC, 0o600)
        for place in (results, folder):  # a new name is on the disk only then
            _sync(place)
        try:
            self._last, self.records = self._replay()
        except BaseException:
            os.close(self._file)
            raise
        self._target = target
        first = next(iter(self.records), {"place": target.place})
        if first["place"] != target.place:
            self.close()
            raise LmsError(
                f"{results}: its scores went to {first['title']!r} ({first['place']}) before, and "
                f"would now go to {target.title!r} ({target.place}): correct grading.yml, or grade "
                "into another --out"
            )

    def __enter__(self) -> Journal:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the file."""
        os.close(self._file)

    def add(self, event: str, writing: Writing, **more: str) -> str:
        """Note an event of one writing: intent, sent, unknown, failed or verified.

        Returns when: ISO 8601 in UTC, later than any time before, even if the clock was set back.
        """
        score = None if writing.score is None else str(writing.score)
        return self._add(event, op=writing.op, student=writing.student_id, score=score, **more)

    def scores_of_ours(self) -> dict[str, set[Decimal]]:
        """By student: the score that we wrote last, and any later one that may have got through."""
        found: dict[str, set[Decimal]] = {}
        for record in self.records:
            if record.get("score") is not None:
                ours = found.setdefault(record["student"], set())
                if record["event"] in DONE:
                    ours.clear()
                ours.add(Decimal(record["score"]))
        return found

    def done(self) -> set[str]:
        """The ops that are known to have been written."""
        return {r["op"] for r in self.records if r["event"] in DONE}

    def verified(self) -> set[str]:
        """The ops that were read back."""
        return {r["op"] for r in self.records if r["event"] == "verified"}

    def _add(self, event: str, **content: Any) -> str:
        if not self.records and event != "target":
            self._add("target", place=self._target.place, title=self._target.title)
        now = datetime.now(UTC)
        if self.records:
            now = max(now, datetime.fromisoformat(self.records[-1]["at"]) + MILLISECOND)
        at = now.isoformat(timespec="milliseconds")
        record = {"at": at, "event": event} | content | {"after": self._last}
        line = json.dumps(record) + "\n"
        data = line.encode()
        if os.write(self._file, data) != len(data):
            raise ResultsError(f"{self.path}: the disk is full: make room, then run the same again")
        os.fsync(self._file)
        self._last = _hash(line)
        self.records.append(record)
        return at

    def _replay(self) -> tuple[str, list[dict[str, Any]]]:
        """All records; a half line at the end, of a run that was killed, is cut off."""
        content = os.pread(self._file, os.fstat(self._file).st_size, 0)
        whole = content[: content.rfind(b"\n") + 1]
        os.ftruncate(self._file, len(whole))
        last, records = "", []
        for number, line in enumerate(whole.decode(errors="replace").splitlines(True), start=1):
            try:
                record = json.loads(line)
                intact = record["after"] == last
            except (ValueError, KeyError, TypeError):
                intact = False
            if not intact:
                raise ResultsError(
                    f"{self.path}: line {number} is not as we wrote it: restore the file from a "
                    "backup; without it scores that people changed cannot be told from ours"
                )
            last = _hash(line)
            records.append(record)
        return last, records


def students(path: Path) -> set[str]:
    """Whom a journal tells of.

    Raises:
        ResultsError: a line of it is damaged.
    """
    return {record["student"] for record in _whole(path) if "student" in record}


def forget(path: Path, student_id: str) -> None:
    """Write a journal again without the lines of one student; it is chained anew.

    Raises:
        ResultsError: a line of it is damaged.
        OSError: it could not be written, and is as before.
    """
    last, lines = "", []
    for record in _whole(path):
        if record.get("student") != student_id:
            lines.append(json.dumps(record | {"after": last}) + "\n")
            last = _hash(lines[-1])
    with replacing(path) as file:
        file.writelines(lines)


def _whole(path: Path) -> list[dict[str, Any]]:
    """The records of a journal, without a half line at the end, of a run that was killed."""
    records = []
    lines = path.read_bytes().decode(errors="replace").split("\n")[:-1]
    for number, line in enumerate(lines, start=1):
        try:
            record = json.loads(line)
        except ValueError:
            record = None
        if not isinstance(record, dict):
            raise ResultsError(f"{path}: line {number} is not as we wrote it: delete the line")
        records.append(record)
    return records


def _sync(folder: Path) -> None:
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _hash(line: str) -> str:
    return hashlib.sha256(line.encode()).hexdigest()[:16]
