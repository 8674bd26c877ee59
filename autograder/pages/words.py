"""How a check ended, in a few words: for pages and counts."""

from __future__ import annotations

from ..course.policy import Void
from ..model import UNFINISHED, Kind, Result, Verdict

STRANGE = "nothing that was asked for is defined in it: is it another assignment's notebook?"
IN_WORDS: dict[str, str] = {
    Kind.passed: "passed",
    UNFINISHED: UNFINISHED,
    Kind.failed: "not right",
    Kind.raised: "raised an error",
    Kind.timed_out: "ran too long",
    Kind.crashed: "crashed",
    Kind.out_of_memory: "ran out of memory",
    Kind.protocol: "gave no readable answer",
    Kind.missing: "not found",
    Kind.not_run: "not run",
    Kind.grader_error: "could not be graded (our fault)",
}
VOID = {"full": "Counts in full for everyone", "none": "Does not count"}


def way(verdict: Verdict) -> str:
    """How a check ended: its verdict's kind, with what is not done yet apart from errors."""
    return UNFINISHED if verdict.is_unfinished else verdict.kind


def words(verdict: Verdict) -> str:
    """The same, for people."""
    return IN_WORDS[way(verdict)]


def remarks(verdict: Verdict, void: Void | None) -> list[str]:
    """What a student reads of a check in another grader: its hint, and why it is void.

    Never what a grader error says: it is about the reference.
    """
    hint = "" if verdict.kind in (Kind.passed, Kind.grader_error) else verdict.hint
    return [line for line in (hint, void and f"{VOID[void.credit]}: {void.reason}") if line]


def strange(result: Result) -> str:
    """That nothing was found of what was asked for; empty if something was, or nothing was read."""
    kinds = {verdict.kind for outcome in result.outcomes for verdict in outcome.verdicts}
    return STRANGE if kinds == {Kind.missing} else ""
