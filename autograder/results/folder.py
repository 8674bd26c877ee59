"""What lies in a results folder, by name: nothing else may be written over it."""

from __future__ import annotations

from pathlib import Path

RECORD, EXPORTS = "grades.db", "exports.jsonl"
SCORES, REPORT, ANONYMOUS = "scores.csv", "report.html", "report-anonymous.html"
FEEDBACK, UPLOADS = "feedback", "uploads"  # folders
LOCK = ".lock"  # it stays: taking it away could let two in
OURS = (
    *(RECORD, f"{RECORD}-wal", f"{RECORD}-shm", f"{RECORD}-journal", LOCK),
    *(SCORES, REPORT, ANONYMOUS, FEEDBACK, UPLOADS, EXPORTS),
)
SCORES_JSON, GRADESCOPE = "scores.json", "gradescope"
EXPORTED = (SCORES_JSON, GRADESCOPE, "canvas-feedback.zip", "moodle-feedback.zip")


def is_ours(path: Path, folder: Path) -> bool:
    """Whether a path is, or lies in, what this or any other results folder is made of."""
    path = path.resolve()
    return any(
        path.relative_to(above).parts[0] in OURS
        for above in path.parents
        if above == folder.resolve() or (above / RECORD).is_file()
    )
