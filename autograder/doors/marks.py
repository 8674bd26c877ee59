"""What people gave in formgrader, out of an nbgrader course's gradebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from ..grading import Points, Rubric
from ..model import Mark
from .school import open_school

MARKER = "nbgrader"  # who gave the marks that come from there


@dataclass(frozen=True)
class Marks:
    """What was found: marks by student (none, too, is an answer), and what to tell about them."""

    marks: dict[str, list[Mark]]
    remarks: dict[str, list[str]]  # by student, a sentence each


def marks(course: Path, assignment: str, questions: Points, rubric: Rubric) -> Marks:
    """The marks that people gave to questions, for each student who handed something in.

    Raises:
        ResultsError: nbgrader is not installed, or the folder is no course of the assignment.
    """
    school = open_school(course)
    found = Marks({}, {})
    with school.gradebook() as gradebook:
        school.assignment(gradebook, assignment)
        for submission in gradebook.assignment_submissions(assignment):
            given = found.marks.setdefault(submission.student.id, [])
            remarks = found.remarks.setdefault(submission.student.id, [])
            for notebook in submission.notebooks:
                comments = {c.name: c.manual_comment or "" for c in notebook.comments}
                for grade in notebook.grades:
                    comment = comments.get(grade.name, "")
                    if grade.name in questions:
                        given += _mark(grade, comment)
                        remarks += _remarks(grade, comment)
                    elif grade.name in rubric:
                        remarks += _override(grade)
    return found


def _mark(grade: Any, comment: str) -> Iterator[Mark]:
    """The mark of one question: its score and the extra credit. A comment alone needs a score."""
    is_given = grade.manual_score is not None or grade.extra_credit is not None
    if is_given or (comment and grade.auto_score is not None):
        points = grade.auto_score if grade.manual_score is None else grade.manual_score
        total = float(points or 0) + float(grade.extra_credit or 0)
        yield Mark(grade.name, total, MARKER, comment)


def _remarks(grade: Any, comment: str) -> Iterator[str]:
    score, most = grade.manual_score, grade.max_score
    if score is not None and score > most:
        yield f"{grade.name}: {score:g} of {most:g} points, taken as it is"
    if comment and not list(_mark(grade, comment)):
        yield f"{grade.name}: has a comment and no score yet: the comment comes with the score"


def _override(grade: Any) -> Iterator[str]:
    """What a person gave to an exercise; our record holds verdicts, and no place for it."""
    if grade.manual_score is not None or grade.extra_credit is not None:
        extra = f" and {grade.extra_credit:g} extra" if grade.extra_credit is not None else ""
        score = "no score" if grade.manual_score is None else f"{grade.manual_score:g}"
        yield f"{grade.name}: {score}{extra} by hand in nbgrader is not taken over"
