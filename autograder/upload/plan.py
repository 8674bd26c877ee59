"""The plan: for each student, what would be done and why. Pure: no wire, no journal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Set
from dataclasses import dataclass
from datetime import datetime
from decimal import Decimal
from enum import StrEnum
from pathlib import Path

from ..errors import LmsError
from ..release import Release
from .lms import Remote, Target, Writing


class Action(StrEnum):
    """What becomes of one student's score."""

    set = "set"
    unchanged = "unchanged"
    conflict = "conflict"  # somebody else gave another score
    stale = "stale"  # another submission came in since
    not_enrolled = "not enrolled"
    excused = "excused"
    no_score = "no score"  # a fault of ours left it open
    missing = "missing"  # enrolled, and nothing handed in


LEFT = (Action.conflict, Action.stale, Action.not_enrolled, Action.no_score)


@dataclass(frozen=True)
class Wishes:
    """What the instructor asked for."""

    comment: bool = False
    file: bool = False
    overwrite: bool = False
    zero_missing: bool = False


@dataclass(frozen=True)
class Row:
    """One line of the plan."""

    student_id: str
    action: Action
    old: Decimal | None
    new: Decimal | None
    why: str = ""
    writing: Writing | None = None  # if something is to be written


@dataclass(frozen=True)
class Past:
    """What the journal knows."""

    scores: Mapping[str, Set[Decimal]]  # that came from us, by student
    done: Set[str]  # ops


def plan(
    target: Target,
    releases: Iterable[Release],
    remotes: Mapping[str, Remote],
    past: Past,
    wishes: Wishes,
) -> list[Row]:
    """A row for each release, then one for each student who is enrolled and has none.

    Raises:
        LmsError: the LMS gives another number of points for it.
    """
    releases = list(releases)
    for release in releases:
        if release.max_score != target.max_score:
            raise LmsError(
                f"{target.title}: {target.max_score} points possible there, and "
                f"{release.max_score} here: correct one of them"
            )
    rows = []
    for release in releases:
        student = release.student_id
        remote = remotes.get(student) or (None if target.knows_everybody else Remote(student))
        rows.append(_row(target, release, remote, past, wishes))
    known = {release.student_id for release in releases}
    groups = {remotes[s].group for s in known & remotes.keys()} - {""}
    for student_id, remote in sorted(remotes.items()):
        if student_id not in known and remote.group not in groups:
            rows.append(_missing(target, remote, wishes))
    return rows


def _row(
    target: Target, release: Release, remote: Remote | None, past: Past, wishes: Wishes
) -> Row:
    student, new = release.student_id, release.score
    if remote is None:
        return Row(student, Action.not_enrolled, None, new, "the LMS knows no such student there")
    row = Row(student, Action.unchanged, remote.score, new)
    if remote.excused:
        return _but(row, Action.excused, "excused in the LMS")
    writing = _writing(target, release, wishes)
    if new is None:
        # Where that can be said at all, it is said once, and never in place of a score.
        sayable = target.platform == "lti" and remote.score is None and writing.op not in past.done
        return _but(
            row,
            Action.no_score,
            "a grader error: nothing is known of it",
            writing if sayable else None,
        )
    if why := _stale(release, remote):
        return _but(row, Action.stale, why)
    if remote.score == new and _is_told(writing, remote, past):
        twice = sum(writing.mark in comment for comment in remote.comments or ()) > 1
        return _but(row, Action.unchanged, "feedback was there twice" if twice else "", writing)
    others = remote.score is not None and remote.score != new
    if others and remote.score not in past.scores.get(student, ()) and not wishes.overwrite:
        return _but(row, Action.conflict, "not the score that we gave: --overwrite replaces it")
    why = "" if remote.score != new else "feedback only"
    return _but(row, Action.set, why, writing)


def _but(row: Row, action: Action, why: str, writing: Writing | None = None) -> Row:
    return Row(row.student_id, action, row.old, row.new, why, writing)


def _writing(target: Target, release: Release, wishes: Wishes) -> Writing:
    comment = release.comment if wishes.comment else ""
    file = release.feedback if wishes.file else None
    content = (
        *(target.platform, target.place, release.student_id, release.attempt, str(release.score)),
        *(comment, _digest(file) if file else ""),
    )
    op = hashlib.sha256("\0".join(content).encode()).hexdigest()[:12]
    return Writing(op, release.student_id, release.score, release.max_score, comment, file)


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def _is_told(writing: Writing, remote: Remote, past: Past) -> bool:
    """Whether the feedback is there already, or none was asked for."""
    if not writing.comment and not writing.file:
        return True
    if remote.comments is None:
        return writing.op in past.done
    return any(writing.mark in comment for comment in remote.comments)


def _stale(release: Release, remote: Remote) -> str:
    """Why what was graded is not the latest; empty if it is, or nobody can tell."""
    if remote.uploads and release.attempt and release.attempt not in remote.uploads:
        return "handed in again since: download and grade again"
    if remote.submitted_at and release.graded_at and not release.attempt:
        if datetime.fromisoformat(remote.submitted_at) > datetime.fromisoformat(release.graded_at):
            return f"handed in again ({remote.submitted_at}), after it was graded"
    return ""


def _missing(target: Target, remote: Remote, wishes: Wishes) -> Row:
    row = Row(remote.student_id, Action.missing, remote.score, None, "handed nothing in")
    if remote.excused:
        return _but(row, Action.excused, "excused in the LMS")
    if not wishes.zero_missing or remote.score is not None:
        return row
    zero = Decimal(0)
    content = "\0".join((target.platform, target.place, remote.student_id, "missing"))
    op = hashlib.sha256(content.encode()).hexdigest()[:12]
    writing = Writing(op, remote.student_id, zero, target.max_score)
    return Row(
        remote.student_id, Action.set, None, zero, "handed nothing in: --zero-missing", writing
    )
