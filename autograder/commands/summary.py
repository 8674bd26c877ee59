"""What `grade` prints with `--json`: one object, for scripts.

    {
      "assignment": "backprop",
      "submissions": 32,                   in the record, also from earlier runs
      "counts": {"graded": 30, "unreadable": 2, "grader_error": 0},
      "mean": 41.2,                        of who was graded and has a score; null if nobody has
      "max_score": 58.0,
      "unmarked": 0,                       answers not marked yet, which totals count as 0
      "exercises": {                       in the order of grading.yml
        "train": {"mean": 3.1, "full": 12, "of": 5}     full: how many got all points
      },
      "questions": {                       that people mark; the mean is over the answers marked
        "S1": {"mean": 1.5, "marked": 20, "unmarked": 10, "disputed": 0, "of": 2}
      },
      "paths": {"scores": "results/scores.csv", "report": ..., "feedback": ..., "record": ...},
      "isolation": ["S"],                  the tiers that they ran under
      "kept": [],                          ids in the record, and not among these submissions
      "missing": [],                       ids of the class list who handed nothing in
      "left_out": [],                      names of files that are no student's
      "without_folder": [],                ids who have files, but no folder of this assignment
      "beside": [],                        not looked at: beside one called as it, or graded alone
      "problems": [                        faults on our side: these students have no score
        {"problem": "train.py: the solution raised ...", "students": ["amy"]}
      ],
      "exit_code": 0                       2 if there are problems
    }

Keys may be added, and none changes its meaning. If grading stops (exit code 1), the reason is one
line on the standard error, and nothing is printed here.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterable, Sequence
from pathlib import Path
from typing import Any

from ..model import Status
from ..pages.overview import Overview
from ..results.folder import FEEDBACK, RECORD, REPORT, SCORES

PATHS = {"scores": SCORES, "report": REPORT, "feedback": FEEDBACK}


def as_json(
    assignment: str,
    overview: Overview,
    out: Path,
    here: Container[str],
    roster: Iterable[str] = (),
    left_out: Sequence[str] = (),
    without_folder: Sequence[str] = (),
    beside: Sequence[str] = (),
) -> str:
    """The object; `here` are the students whose submissions there are now."""
    exercises = {
        name: {"mean": tally.mean, "full": tally.full, "of": tally.points}
        for name, tally in overview.exercises.items()
    }
    questions = {
        name: {
            "mean": tally.mean,
            "marked": tally.known,
            "unmarked": tally.unmarked,
            "disputed": tally.disputed,
            "of": tally.points,
        }
        for name, tally in overview.questions.items()
    }
    about: dict[str, Any] = {
        "assignment": assignment,
        "submissions": len(overview.rows),
        "counts": {status.value: overview.of(status) for status in Status},
        "mean": mean(overview),
        "max_score": overview.max_score,
        "unmarked": overview.unmarked,
        "exercises": exercises,
        "questions": questions,
        "paths": {what: str(out / name) for what, name in (PATHS | {"record": RECORD}).items()},
        "isolation": overview.tiers,
        "kept": kept(overview, here),
        "missing": missing(overview, roster),
        "left_out": list(left_out),
        "without_folder": list(without_folder),
        "beside": list(beside),
        "problems": [{"problem": p, "students": ids} for p, ids in problems(overview).items()],
        "exit_code": exit_code(overview),
    }
    return json.dumps(about, indent=2)


def exit_code(overview: Overview) -> int:
    """2 if some could not be graded through a fault on our side."""
    return 2 if problems(overview) else 0


def problems(overview: Overview) -> dict[str, list[str]]:
    """What went wrong on our side, and for whom."""
    found: dict[str, list[str]] = {}
    for row in overview.rows:
        if row.status is Status.grader_error:
            found.setdefault(row.problem, []).append(row.student_id)
    return found


def kept(overview: Overview, here: Container[str]) -> list[str]:
    """Who is in the record from earlier runs only."""
    return [row.student_id for row in overview.rows if row.student_id not in here]


def missing(overview: Overview, roster: Iterable[str]) -> list[str]:
    """Who of the class list handed nothing in."""
    handed_in = {row.student_id for row in overview.rows}
    return [student for student in roster if student not in handed_in]


def mean(overview: Overview) -> float | None:
    """The mean score, over who was graded, as those of the exercises are."""
    totals = [row.total for row in overview.rows if row.status is Status.graded]
    known = [total for total in totals if total is not None]
    return sum(known) / len(known) if known else None
