"""What people gave in formgrader, out of an nbgrader course's gradebook."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from ..course.policy import Points, Rubric
from ..model import Mark, Override
from .school import open_school

MARKER = "nbgrader"  # who gave the marks that come from there; they go when they go there
REASON = "given in nbgrader"


@dataclass
class Given:
    """What people gave to one student, and what to tell about it."""

    marks: list[Mark] = field(default_factory=list)  # of questions
    overrides: list[Override] = field(default_factory=list)  # of exercises
    remarks: list[str] = field(default_factory=list)  # a sentence each


def marks(course: Path, assignment: str, questions: Points, rubric: Rubric) -> dict[str, Given]:
    """What people gave, for each student who handed something in: nothing, too, is an answer.

    Raises:
        ResultsError: nbgrader is not installed, or the folder is no course of the assignment.
    """
    school = open_school(course)
    found: dict[str, Given] = {}
    with school.gradebook() as gradebook:
        school.assignment(gradebook, assignment)
        for submission in gradebook.assignment_submissions(assignment):
            given = found.setdefault(submission.student.id, Given())
            for notebook in submission.notebooks:
                comments = {c.name: c.manual_comment or "" for c in notebook.comments}
                for grade in notebook.grades:
                    comment = comments.get(grade.name, "")
                    if grade.name in questions:
                        given.marks += _mark(grade, comment)
                        given.remarks += _remarks(grade, comment)
                    elif grade.name in rubric:
                        given.overrides += _override(grade, comments.get(f"{grade.name}-answer"))
    return found


def _mark(grade: Any, comment: str) -> Iterator[Mark]:
    """The mark of one question. A comment alone needs a score."""
    if _is_given(grade) or (comment and grade.auto_score is not None):
        yield Mark(grade.name, _total(grade), MARKER, comment)


def _remarks(grade: Any, comment: str) -> Iterator[str]:
    score, most = grade.manual_score, grade.max_score
    if score is not None and score > most:
        yield f"{grade.name}: {score:g} of {most:g} points, taken as it is"
    if comment and not list(_mark(grade, comment)):
        yield f"{grade.name}: has a comment and no score yet: the comment comes with the score"


def _override(grade: Any, comment: str | None) -> Iterator[Override]:
    """What a person gave to an exercise."""
    if _is_given(grade):
        yield Override(grade.name, _total(grade), comment or REASON, MARKER)


def _is_given(grade: Any) -> bool:
    """Whether a person gave anything."""
    return grade.manual_score is not None or grade.extra_credit is not None


def _total(grade: Any) -> float:
    """The score and the extra credit."""
    points = grade.auto_score if grade.manual_score is None else grade.manual_score
    return float(points or 0) + float(grade.extra_credit or 0)
