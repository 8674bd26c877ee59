"""The plan: for each student, what would be done and why. Pure: no wire, no journal."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping, Sequence, Set
from dataclasses import dataclass, replace
from datetime import datetime
from decimal import Decimal
from enum import StrEnum

from ..errors import LmsError
from ..model import Status
from ..results.release import Release
from .lms import COMMENT_MARK, FILE_MARK, Remote, Target, Writing


class Action(StrEnum):
    """What becomes of one student's score."""

    set = "set"
    unchanged = "unchanged"
    conflict = "conflict"  # somebody else gave another score
    stale = "stale"  # another submission came in since
    not_enrolled = "not enrolled"
    excused = "excused"
    no_score = "no score"  # a fault of ours left it open, or people have still to mark
    not_graded = "not graded"  # handed something in, of which we have no result
    missing = "missing"  # enrolled, and nothing handed in


LEFT = (Action.conflict, Action.stale, Action.not_enrolled, Action.no_score, Action.not_graded)


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
    writing: Writing | None = None  # to be written, or, if unchanged, to be looked for
    seen: Remote | None = None  # what the plan was made from


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
    groups: dict[str, list[Remote]] = {}
    for remote in remotes.values():
        groups.setdefault(remote.group, []).append(remote)
    rows = []
    for release in releases:
        student = release.student_id
        found = remotes.get(student) or (None if target.knows_everybody else Remote(student))
        others = groups[found.group] if found and found.group else ()
        rows.append(_row(target, release, found, others, past, wishes))
    known = {release.student_id for release in releases}
    graded = {remotes[student].group for student in known & remotes.keys()} - {""}
    for student, remote in sorted(remotes.items()):
        if student not in known and remote.group not in graded:
            rows.append(_without_result(target, remote, wishes))
    return rows


def _row(
    target: Target,
    release: Release,
    remote: Remote | None,
    group: Sequence[Remote],
    past: Past,
    wishes: Wishes,
) -> Row:
    student, new = release.student_id, release.score
    if remote is None:
        return Row(student, Action.not_enrolled, None, new, "the LMS knows no such student there")
    row = Row(student, Action.unchanged, remote.score, new, remote.remark, seen=remote)
    writing = _writing(target, release, remote, wishes)
    if remote.excused:
        return replace(row, action=Action.excused, why="excused in the LMS")
    if new is None:
        # Where that can be said at all, it is said once, and never in place of a score.
        sayable = target.platform == "lti" and remote.score is None and writing.op not in past.done
        told = writing if sayable else None
        return replace(row, action=Action.no_score, why=release.open, writing=told)
    if why := _stale(release, remote):
        return replace(row, action=Action.stale, why=why)
    if remote.score == new and _is_told(writing, remote, past):
        why = "feedback was there twice" if repeated(writing, remote) else remote.remark
        return replace(row, why=why, writing=writing)
    if not wishes.overwrite and (why := _conflict(remote, new, group, past)):
        return replace(row, action=Action.conflict, why=f"{why}: --overwrite replaces it")
    why = "" if remote.score != new else "feedback only"
    return replace(row, action=Action.set, why=why, writing=writing)


def _conflict(remote: Remote, new: Decimal, group: Sequence[Remote], past: Past) -> str:
    """Whose decision a score of ours would replace: this student's, or a member's of the group."""
    ours = past.scores.get(remote.student_id, frozenset())
    if remote.score is not None and remote.score != new and remote.score not in ours:
        return "not the score that we gave"
    for one in group:
        if one.excused:
            return f"{one.student_id}, of the same group, is excused"
        if one.score is not None and one.score != new and one.score not in ours:
            return f"{one.student_id}, of the same group, has {one.score}"
    return ""


def _writing(target: Target, release: Release, remote: Remote, wishes: Wishes) -> Writing:
    comment = release.comment if wishes.comment else ""
    file = release.feedback if wishes.file else None
    what = (target.platform, target.place, release.student_id, release.attempt, str(release.score))
    marks = [f"{COMMENT_MARK}{_digest(*what, comment)}"] if comment else []
    if file:
        marks.append(f"{FILE_MARK}{_digest(*what, file.read_bytes().hex())}")
    if target.comments_pile_up and comment and _has(marks[0], remote):
        comment = ""  # only the file is still to come; the mark stays, to be looked for
    return Writing(
        op=_digest(*what, *marks),
        student_id=release.student_id,
        score=release.score,
        max_score=release.max_score,
        comment=comment,
        file=file,
        marks=tuple(marks),
        pending=release.score is None and release.status is Status.graded,
    )


def _digest(*content: str) -> str:
    return hashlib.sha256("\0".join(content).encode()).hexdigest()[:12]


def _has(mark: str, remote: Remote) -> bool:
    return any(mark in comment for comment in remote.comments or ())


def is_there(writing: Writing, remote: Remote) -> bool:
    """Whether the LMS has the score, and the feedback if it can tell."""
    if remote.score != writing.score:
        return False
    return remote.comments is None or all(_has(mark, remote) for mark in writing.marks)


def _is_told(writing: Writing, remote: Remote, past: Past) -> bool:
    """Whether the feedback is there already, or none was asked for."""
    if remote.comments is None and writing.marks:
        return writing.op in past.done
    return all(_has(mark, remote) for mark in writing.marks)


def repeated(writing: Writing, remote: Remote) -> bool:
    """Whether a comment of ours is there more than once."""
    comments = remote.comments or ()
    return any(sum(mark in comment for comment in comments) > 1 for mark in writing.marks)


def _stale(release: Release, remote: Remote) -> str:
    """Why what was graded is not the latest; empty if it is, or nobody can tell."""
    if remote.uploads and release.attempt:
        known = release.attempt in remote.uploads
        return "" if known else "handed in again since: download and grade again"
    if remote.submitted_at and release.as_of:
        if datetime.fromisoformat(remote.submitted_at) > datetime.fromisoformat(release.as_of):
            return f"handed in again ({remote.submitted_at}): download and grade again (--force)"
    return ""


def _without_result(target: Target, remote: Remote, wishes: Wishes) -> Row:
    """Somebody of whom we have nothing: 0 only for who handed nothing in, and if that is asked."""
    student = remote.student_id
    if remote.excused:
        return Row(student, Action.excused, remote.score, None, "excused in the LMS")
    if remote.handed_in:
        why = "handed in, and not graded here: download and grade"
        return Row(student, Action.not_graded, remote.score, None, why)
    if not wishes.zero_missing or remote.score is not None:
        return Row(student, Action.missing, remote.score, None, "handed nothing in")
    zero = Decimal(0)
    op = _digest(target.platform, target.place, student, "missing")
    writing = Writing(op, student, zero, target.max_score)
    return Row(
        student, Action.set, None, zero, "handed nothing in: --zero-missing", writing, remote
    )
