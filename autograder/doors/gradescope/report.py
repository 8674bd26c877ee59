"""Gradescope's `results.json`: a test for each check, with what its student should read."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from ...course.outline import Outline
from ...course.policy import Points
from ...model import Kind, Outcome, Result, Status, Verdict
from ...pages.words import remarks
from ...plural import counted
from ...results.score import Score, number, points_of_check, score
from .deadline import Deadline


def report(
    result: Result,
    assignment: Outline,
    deadline: Deadline | None,
    questions: Points | None = None,
) -> dict[str, Any]:
    """What Gradescope shows of a graded or unreadable submission.

    Hints and notes are what the feedback page says: never a hidden input or a wanted value. Given
    are the questions that count, once people have marked.
    """
    found = score(result, assignment, questions or {})
    outcomes = {outcome.exercise: outcome for outcome in result.outcomes}
    tests = [
        test
        for place, exercise in enumerate(assignment.rubric, start=1)
        for test in _tests(place, outcomes.get(exercise, Outcome(exercise, ())), result, assignment)
    ]
    tests += _by_hand(result, found, tests, questions or {})
    return {
        "score": found.total,
        "execution_time": result.seconds,
        "output": _output(result, assignment, deadline, bool(questions)),
        "output_format": "text",
        "test_output_format": "text",
        "test_name_format": "text",
        "visibility": "visible",
        "stdout_visibility": "hidden",
        "tests": tests,
        "extra_data": {
            "assignment": assignment.name,
            "status": result.status.value,
            "max_score": found.max_score,
            "exercises": found.exercises,
            "isolation_tier": result.tier,
            "deadline": deadline.data() if deadline else None,
        },
    }


def _tests(
    place: int, outcome: Outcome, result: Result, assignment: Outline
) -> list[dict[str, Any]]:
    """The checks of one exercise; the first that failed begins with the recognised mistakes.

    One that is void has not failed, and says what everyone gets for it.
    """
    is_read = result.status is not Status.unreadable  # else 0, whatever is void
    voids = assignment.voids.get(outcome.exercise, {}) if is_read else {}
    verdicts = {verdict.check: verdict for verdict in outcome.verdicts}
    first = list(outcome.mistakes)
    tests = []
    for position, (check, points) in enumerate(assignment.counted[outcome.exercise].items(), 1):
        verdict = verdicts.get(check, Verdict(check, Kind.not_run))
        void, passed = voids.get(check), verdict.kind is Kind.passed
        lines = [*([] if passed else first), *remarks(verdict, void)]
        first = first if passed else []
        tests.append(
            {
                "name": f"{outcome.exercise}: {check}",
                "number": f"{place}.{position}",
                "score": points_of_check(verdict, points, void.credit if void else ""),
                "max_score": points,
                "status": "passed" if passed or void else "failed",
                "output": "\n".join(lines),
                "visibility": "visible",
            }
        )
    return tests


def _by_hand(
    result: Result, found: Score, tests: Sequence[dict[str, Any]], questions: Points
) -> Iterator[dict[str, Any]]:
    """What people gave: an exercise in the place of its checks, and the marks of questions."""
    place = len(found.exercises)
    shown = {"status": "passed", "visibility": "visible"}
    for given in result.overrides:
        if given.exercise in found.exercises:
            checks = (t for t in tests if t["name"].startswith(f"{given.exercise}: "))
            place += 1
            yield shown | {
                "name": f"{given.exercise}: given by a person",
                "number": str(place),
                "score": given.points - sum(test["score"] for test in checks),
                "max_score": 0,
                "output": f"{number(given.points)} in all: {given.reason}",
            }
    said = {mark.question: mark.comment for mark in result.marks}
    said |= {given.exercise: given.reason for given in result.overrides}
    for number_of, (question, most) in enumerate(questions.items(), place + 1):
        earned = found.questions[question] or 0
        yield shown | {
            "name": question,
            "number": str(number_of),
            "score": earned,
            "max_score": most,
            "status": "passed" if earned >= most else "failed",
            "output": said.get(question, ""),
        }


def _output(
    result: Result, assignment: Outline, deadline: Deadline | None, are_marked: bool
) -> str:
    """What there is to say of the whole submission."""
    paragraphs = [deadline.sentence() if deadline else ""]
    if result.status is Status.unreadable:
        paragraphs.append(f"The submission could not be read: {result.problem}.")
    if result.notes:
        notes = [f"cell {note.cell}: {note.message}" for note in result.notes]
        intro = "What happened while the cells ran (this costs nothing by itself):"
        paragraphs.append("\n".join([intro, *notes]))
    if assignment.question_points and not are_marked:
        points = counted(sum(assignment.question_points.values()), "point")
        names = ", ".join(assignment.question_points)
        paragraphs.append(f"A person reads and marks {names} ({points} more).")
    return "\n\n".join(filter(None, paragraphs))
