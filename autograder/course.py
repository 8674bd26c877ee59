"""A course: the folder with `grading.yml`, and beside it `assignments/` and `reference/`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import tempfile
from collections.abc import Iterable
from dataclasses import dataclass, field
from functools import cached_property
from pathlib import Path

import torch

from . import __version__
from .compare import Tolerance
from .errors import CourseError
from .exercise import exercise_files, load_exercise
from .grading import Grading, Points, Policy, Rubric, nearest, read_grading
from .late import LateRules
from .proof import refuse_unproved
from .questions import Question, load_question
from .reference import Reference, load_reference

SECRET_FILE = ".autograder-secret"  # noqa: S105 (the name of a file)
SECRET_VARIABLE = "AUTOGRADER_SECRET"  # noqa: S105 (the name of a variable)
GRADING = "grading.yml"


@dataclass(frozen=True)
class Assignment:
    """An assignment, complete: exercises with their references, rubric and policy."""

    name: str
    folder: Path  # assignments/<name>: all that a worker may see of it
    references: dict[str, Reference]  # in rubric order
    rubric: Rubric
    policy: Policy
    questions: dict[str, Question] = field(default_factory=dict)  # marked by hand

    @property
    def max_score(self) -> float:
        """Points for everything that is graded automatically."""
        return sum(sum(points.values()) for points in self.rubric.values())

    @property
    def question_points(self) -> Points:
        """Points of each question that a person marks."""
        return {name: question.points for name, question in self.questions.items()}

    @property
    def late(self) -> LateRules | None:
        """The late policy, if there is one for this assignment."""
        policy = self.policy.late
        if policy is None or self.name not in policy.due:
            return None
        return LateRules(policy, policy.due[self.name], policy.extensions.get(self.name, {}))

    @cached_property
    def digest(self) -> str:
        """Changes when anything does that a verdict depends on, the engine and torch included."""
        digest = hashlib.sha256()
        matters = self.policy.model_copy(
            update={"late": None, "lms": None}
        )  # points, and not verdicts
        digest.update(f"{__version__} {torch.__version__} {matters!r}".encode())
        engine = Path(__file__).parent
        hidden = {reference.path.parent for reference in self.references.values()}
        shared = {folder.parent for folder in hidden}  # helpers of several assignments
        for folder in (engine, engine / "worker", self.folder, *hidden, *shared):
            for file in sorted(folder.glob("*.py")):
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        return digest.hexdigest()


@dataclass(frozen=True)
class Course:
    """A course folder and what its `grading.yml` says."""

    folder: Path
    grading: Grading

    def assignment(self, name: str) -> Assignment:
        """Load an assignment, hold it against the rubric, and have it prove itself.

        Raises:
            CourseError: an exercise is in one place only, a check name does not fit, a solution
                fails its own checks, or a mistake loses nothing.
        """
        if name not in self.grading.rubrics:
            hint = nearest(name, self.grading.rubrics)
            raise CourseError(f"{self.folder / GRADING}: no assignment {name!r}{hint}")
        rubric = self.grading.rubrics[name]
        public, hidden = self.folder / "assignments" / name, self.folder / "reference" / name
        files = {public: exercise_files(public), hidden: exercise_files(hidden)}
        for folder, found in files.items():
            if missing := [exercise for exercise in rubric if exercise not in found]:
                hint = nearest(missing[0], found) if found else ""
                raise CourseError(
                    f"{folder / missing[0]}.py is missing (it is in the rubric){hint}"
                )
            if extra := [exercise for exercise in found if exercise not in rubric]:
                raise CourseError(
                    f"{found[extra[0]]} has no points: add {extra[0]!r} to {name!r} in {GRADING}"
                )
        references = {exercise: self.reference(name, exercise) for exercise in rubric}
        questions = {
            question: load_question(public / f"{question}.md", hidden / f"{question}.yml", points)
            for question, points in self.grading.questions.get(name, {}).items()
        }
        refuse_unproved(name, references, rubric, tolerance(self.grading.policy))
        return Assignment(name, public, references, rubric, self.grading.policy, questions)

    def reference(self, assignment: str, exercise: str) -> Reference:
        """Load one exercise, both halves, whether or not it proves itself.

        Raises:
            CourseError: a half is missing or damaged, or a check name does not fit the rubric.
        """
        public, hidden = (
            self.folder / half / assignment / f"{exercise}.py"
            for half in ("assignments", "reference")
        )
        reference = load_reference(hidden, load_exercise(public))
        points = self.grading.rubrics[assignment][exercise]
        self._check_names(f"{assignment}.{exercise}", points, reference)
        return reference

    def assignment_of(self, exercise: str, assignment: str | None = None) -> str:
        """The assignment that an exercise belongs to.

        Raises:
            CourseError: none in the rubric, or several and none was named.
        """
        rubrics = self.grading.rubrics
        found = [name for name in rubrics if exercise in rubrics[name]]
        if assignment is not None and assignment in found:
            return assignment
        known = rubrics.get(assignment or "", {e for rubric in rubrics.values() for e in rubric})
        if not found or assignment is not None:
            raise CourseError(
                f"{self.folder / GRADING}: no exercise {exercise!r}{nearest(exercise, known)}"
            )
        if len(found) > 1:
            raise CourseError(f"{exercise!r} is in {' and in '.join(found)}: give --assignment")
        return found[0]

    def _check_names(self, where: str, points: Iterable[str], reference: Reference) -> None:
        for check in points:
            if check not in reference.checks:
                hint = nearest(check, reference.checks)
                raise CourseError(f"{self.folder / GRADING}: {where}: no check {check!r}{hint}")
        for check in reference.checks:
            if check not in points:
                raise CourseError(
                    f"{self.folder / GRADING}: {where}: no points for check {check!r}"
                )

    def secret(self) -> bytes:
        """The secret of the hidden cases, made at first use; `AUTOGRADER_SECRET` goes before it."""
        if value := os.environ.get(SECRET_VARIABLE):
            return value.encode()
        path = self.folder / SECRET_FILE
        if not path.exists():
            with tempfile.NamedTemporaryFile("w", dir=self.folder) as draft:  # mode 0600
                draft.write(secrets.token_hex(32) + "\n")
                draft.flush()
                with contextlib.suppress(FileExistsError):  # another run was first: take its secret
                    os.link(draft.name, path)
        secret = path.read_bytes().strip()
        if len(secret) < 16:
            raise CourseError(f"{path}: too short to be a secret: restore it from a backup")
        return secret


def tolerance(policy: Policy) -> Tolerance:
    """The policy's tolerance, as the judge takes it."""
    return Tolerance(policy.tolerance.absolute, policy.tolerance.relative)


def find_course(start: Path | None = None) -> Course:
    """The course of the nearest folder upwards that holds a `grading.yml`.

    Raises:
        CourseError: there is none, or its `grading.yml` is wrong.
    """
    here = (start or Path.cwd()).resolve()
    for folder in (here, *here.parents):
        if (folder / GRADING).is_file():
            return Course(folder, read_grading(folder / GRADING))
    raise CourseError(f"no {GRADING} in {here} or above it: change folder, or give --course DIR")


def fingerprint(secret: bytes) -> str:
    """What is stored of a secret, so that another one is noticed."""
    return hashlib.sha256(b"fingerprint\0" + secret).hexdigest()[:16]
