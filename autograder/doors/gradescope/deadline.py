"""When a submission came and was due, from Gradescope's `submission_metadata.json`."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from ...errors import SubmissionsError


@dataclass(frozen=True)
class Deadline:
    """Lateness is told, not punished: what it costs is Gradescope's or the instructor's to say."""

    submitted: datetime
    due: datetime | None
    late_due: datetime | None  # until when late work is taken

    @property
    def late_by(self) -> timedelta:
        """Nothing if it came in time, or was never due."""
        return max(self.submitted - self.due, timedelta()) if self.due else timedelta()

    def sentence(self) -> str:
        """What the student reads of it; empty if nothing was due."""
        if not self.due:
            return ""
        times = f"Handed in {self.submitted:%Y-%m-%d %H:%M %z}, due {self.due:%Y-%m-%d %H:%M %z}"
        if not self.late_by:
            return f"{times}: in time."
        return f"{times}: late by {self.late_by}. These points do not take that into account."

    def data(self) -> dict[str, Any]:
        """The same for programs."""
        return {
            "submitted": self.submitted.isoformat(),
            "due": self.due and self.due.isoformat(),
            "late_due": self.late_due and self.late_due.isoformat(),
            "late": bool(self.late_by),
            "seconds_late": self.late_by.total_seconds(),
        }


def read_deadline(path: Path) -> Deadline | None:
    """The deadline of the submission that the file is about; None if there is no such file.

    Raises:
        SubmissionsError: it is not what Gradescope documents.
    """
    try:
        content = json.loads(path.read_bytes())
        assignment = content.get("assignment") or {}
        submitted = _time(content["created_at"])
        if submitted is None:
            raise ValueError("no time of submission")
        due, late_due = (_time(assignment.get(key)) for key in ("due_date", "late_due_date"))
        return Deadline(submitted, due, late_due)
    except FileNotFoundError:
        return None
    except (OSError, ValueError, TypeError, KeyError, AttributeError) as error:
        problem = f"{type(error).__name__}: {error}"
        raise SubmissionsError(
            f"{path}: expected Gradescope's submission data: {problem}"
        ) from error


def _time(text: str | None) -> datetime | None:
    if text is None:
        return None
    time = datetime.fromisoformat(text)
    return time if time.tzinfo else time.replace(tzinfo=UTC)
