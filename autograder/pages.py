"""The pages: feedback for each student, and a report for the instructor. Self-contained HTML."""

from __future__ import annotations

import hashlib
import os
import re
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from .escape import file_names, plain
from .files import PRIVATE_FOLDER, replacing
from .model import Kind, Outcome, Result
from .outline import Outline
from .overview import Overview
from .roster import Roster
from .score import Score, number

MADE_FROM = re.compile(rb"<!-- made from ([0-9a-f]{64}) -->\n</html>$")  # a page's last words
TAIL = 100  # bytes that hold them
IN_WORDS = {
    Kind.passed: "passed",
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


class Feedback:
    """Writes `feedback/<student_id>.html`, each unless it is there as it would be written.

    `afresh` writes it all the same: somebody may have changed it.
    """

    def __init__(
        self, folder: Path, students: Iterable[str], outline: Outline, afresh: bool = False
    ) -> None:
        self._folder, self._outline, self._afresh = folder, outline, afresh
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        self._names = file_names(students, ".html")
        environment = _environment()
        self._template = environment.get_template("feedback.html")
        sources = (
            Path(__file__).with_name("templates") / n for n in ("base.html", "feedback.html")
        )
        rules = (outline.rubric, outline.voids, outline.question_points)
        same = (outline.name, outline.digest, *rules, IN_WORDS)
        self._same = repr((*same, *(source.read_bytes() for source in sources))).encode()

    def write(self, result: Result, found: Score) -> None:
        """Write a student's page.

        Raises:
            OSError: it cannot be written.
        """
        path = self._folder / self._names[result.student_id]
        made_from = repr((result, result.graded_at, found)).encode()
        digest = hashlib.sha256(self._same + made_from).hexdigest()
        if not self._afresh and _digest_of(path) == digest:
            return
        outline = self._outline
        page = {"result": result, "score": found, "assignment": outline, "digest": digest}
        exercises = [_exercise(name, result, found, outline) for name in outline.rubric]
        with replacing(path) as file:
            file.writelines(self._template.generate(**page, exercises=exercises))


def _digest_of(page: Path) -> str:
    """What a page says that it was made from; empty if there is none, or it does not say."""
    try:
        with open(page, "rb") as file:
            file.seek(max(0, os.fstat(file.fileno()).st_size - TAIL))
            found = MADE_FROM.search(file.read())
    except FileNotFoundError:
        return ""
    return found[1].decode() if found else ""


def write_report(path: Path, overview: Overview, outline: Outline, roster: Roster) -> None:
    """Write `report.html`, with the names of the roster, and who of it handed nothing in."""
    names = file_names((row.student_id for row in overview.rows), ".html")
    template = _environment().get_template("report.html")
    with replacing(path) as file:
        parts = template.generate(
            assignment=outline,
            overview=overview,
            pages=names,
            roster=roster,
            missing={id_: person for id_, person in roster.items() if id_ not in names},
        )
        file.writelines(parts)


def _environment() -> Environment:
    environment = Environment(
        loader=PackageLoader("autograder"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    return environment


def _shown(value: Any) -> Any:
    """What a page shows of a value: text with its lines, and with nothing that steers."""
    return plain(value, kept="\n\t") if type(value) is str else value


def _exercise(name: str, result: Result, found: Score, assignment: Outline) -> dict[str, Any]:
    outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
    outcome = outcomes.get(name, Outcome(name, ()))
    points = assignment.counted[name]
    shared = _shared_hint(outcome)
    checks = [
        {
            "name": verdict.check,
            "passed": verdict.kind is Kind.passed,
            "words": IN_WORDS[verdict.kind],
            # What a grader error says is about the reference: for the instructor only.
            "hint": "" if shared or verdict.kind is Kind.grader_error else verdict.hint,
            "points": points.get(verdict.check, 0),
        }
        for verdict in outcome.verdicts
    ]
    return {
        "name": name,
        "earned": found.exercises[name],
        "max": sum(points.values()),
        "mistakes": outcome.mistakes,
        "checks": checks,
        "shared": shared,
    }


def _shared_hint(outcome: Outcome) -> str:
    """What all failed checks say, if they say the same: then it is said once."""
    failed = [v for v in outcome.verdicts if v.kind not in (Kind.passed, Kind.grader_error)]
    hints = {verdict.hint for verdict in failed}
    return hints.pop() if len(hints) == 1 and len(failed) > 1 else ""
