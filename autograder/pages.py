"""The pages: feedback for each student, and a report for the instructor. Self-contained HTML."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from jinja2 import Environment, PackageLoader, StrictUndefined

from .course import Assignment
from .escape import file_names, plain
from .files import PRIVATE_FOLDER, replacing
from .model import Kind, Outcome, Result, Status
from .roster import Roster
from .score import Score, by_hand, number, score

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


def write_pages(
    out: Path, results: Sequence[Result], assignment: Assignment, roster: Roster | None = None
) -> None:
    """Write `feedback/<student_id>.html` for every result, and `report.html`.

    The report has the names of the roster, and who of it handed nothing in.
    """
    environment = Environment(
        loader=PackageLoader("autograder"),
        autoescape=True,
        undefined=StrictUndefined,
        finalize=_shown,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    environment.filters["number"] = number
    feedback, report = (environment.get_template(f"{p}.html") for p in ("feedback", "report"))
    (out / "feedback").mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
    rows = []
    names = file_names((result.student_id for result in results), ".html")
    counting = by_hand(results, assignment.question_points)
    for result in results:
        found = score(result, assignment.rubric, counting, assignment.late)
        name = names[result.student_id]
        page = {"result": result, "score": found, "assignment": assignment}
        exercises = [_exercise(name, result, found, assignment) for name in assignment.rubric]
        with replacing(out / "feedback" / name) as file:
            file.writelines(feedback.generate(**page, exercises=exercises))
        rows.append({"result": result, "score": found, "page": name, "problem": summary(result)})
    with replacing(out / "report.html") as file:
        parts = report.generate(
            assignment=assignment,
            rows=rows,
            exercises=_overview(rows, assignment),
            roster=roster or {},
            missing={id_: person for id_, person in (roster or {}).items() if id_ not in names},
        )
        file.writelines(parts)


def _shown(value: Any) -> Any:
    """What a page shows of a value: text with its lines, and with nothing that steers."""
    return plain(value, kept="\n\t") if type(value) is str else value


def summary(result: Result) -> str:
    """The first thing that went wrong, in one line; empty if nothing did."""
    if result.problem:
        return result.problem
    for outcome in result.outcomes:
        if outcome.mistakes:
            return f"{outcome.exercise}: {outcome.mistakes[0]}"
        for verdict in outcome.verdicts:
            if verdict.kind is not Kind.passed:
                return f"{outcome.exercise}: {verdict.hint}"
    return ""


def _exercise(name: str, result: Result, found: Score, assignment: Assignment) -> dict[str, Any]:
    outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
    outcome = outcomes.get(name, Outcome(name, ()))
    points = assignment.rubric[name]
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


def _overview(rows: list[dict[str, Any]], assignment: Assignment) -> list[dict[str, Any]]:
    """For each exercise: the mean, and how often each mistake was recognised."""
    graded = [row for row in rows if row["result"].status is Status.graded]
    overview = []
    for name, points in assignment.rubric.items():
        earned = [row["score"].exercises[name] for row in graded]
        mistakes = Counter(
            sentence
            for row in graded
            for outcome in row["result"].outcomes
            if outcome.exercise == name
            for sentence in outcome.mistakes
        )
        overview.append(
            {
                "name": name,
                "mean": sum(earned) / len(earned) if earned else None,
                "max": sum(points.values()),
                "full": sum(value == sum(points.values()) for value in earned),
                "mistakes": mistakes.most_common(),
            }
        )
    return overview
