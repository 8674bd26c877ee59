"""An assignment, complete: both halves of its exercises, loaded and proved, and its questions."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from functools import cached_property

from ..compare import Tolerance
from ..errors import CourseError
from ..exercise import exercise_files, load_exercise
from ..reference import Reference, load_reference
from .grading import GRADING, nearest
from .outline import Outline
from .policy import Policy
from .proof import refuse_unproved
from .questions import Question, check_rubrics, load_questions, question_files


@dataclass(frozen=True)
class Assignment(Outline):
    """An outline with all that it names."""

    references: Mapping[str, Reference] = field(default_factory=dict)  # in rubric order

    @cached_property
    def questions(self) -> Mapping[str, Question]:
        """What a person marks; loaded when first asked for, as grading has no use for it.

        Raises:
            CourseError: a question is damaged.
        """
        return load_questions(self)


def load_assignment(outline: Outline) -> Assignment:
    """Load an assignment, hold it against the rubric, and have it prove itself.

    Raises:
        CourseError: an exercise or a question is in one place only, a check name does not fit, a
            solution fails its own checks, or a mistake loses nothing.
    """
    name, rubric = outline.name, outline.rubric
    for folder in (outline.folder, outline.hidden):
        found = exercise_files(folder)
        if missing := [exercise for exercise in rubric if exercise not in found]:
            hint = nearest(missing[0], found) if found else ""
            raise CourseError(f"{folder / missing[0]}.py is missing (it is in the rubric){hint}")
        if extra := [exercise for exercise in found if exercise not in rubric]:
            raise CourseError(
                f"{found[extra[0]]} has no points: add {extra[0]!r} to {name!r} in {GRADING}"
            )
    for question in outline.question_points:
        for path in question_files(outline, question):
            if not path.is_file():
                raise CourseError(f"{path} is missing: {question!r} is among the questions")
    for path in sorted(outline.hidden.glob("*.yml")):
        if path.stem not in outline.question_points:
            raise CourseError(
                f"{path} has no points: add {path.stem!r} to {name!r}, under questions in {GRADING}"
            )
    check_rubrics(outline)
    references = {exercise: load_one(outline, exercise) for exercise in rubric}
    refuse_unproved(name, references, rubric, tolerance(outline.policy))
    return Assignment(
        name,
        outline.folder,
        rubric,
        outline.policy,
        outline.question_points,
        references=references,
    )


def load_one(outline: Outline, exercise: str) -> Reference:
    """Load one exercise, both halves, whether or not it proves itself.

    Raises:
        CourseError: a half is missing or damaged, or a check name does not fit the rubric.
    """
    public, hidden = (folder / f"{exercise}.py" for folder in (outline.folder, outline.hidden))
    reference = load_reference(hidden, load_exercise(public))
    where = f"{outline.course / GRADING}: {outline.name}.{exercise}"
    _check_names(where, outline.rubric[exercise], reference)
    return reference


def _check_names(where: str, points: Iterable[str], reference: Reference) -> None:
    for check in points:
        if check not in reference.checks:
            raise CourseError(f"{where}: no check {check!r}{nearest(check, reference.checks)}")
    for check in reference.checks:
        if check not in points:
            raise CourseError(f"{where}: no points for check {check!r}")


def tolerance(policy: Policy) -> Tolerance:
    """The policy's tolerance, as the judge takes it."""
    return Tolerance(policy.tolerance.absolute, policy.tolerance.relative)
