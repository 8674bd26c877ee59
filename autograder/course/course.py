"""A course: the folder with `grading.yml`, and beside it `assignments/` and `reference/`."""

from __future__ import annotations

import contextlib
import hashlib
import os
import secrets
import sys
import tempfile
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import CourseError
from .grading import GRADING, nearest, read_grading
from .outline import Outline
from .policy import Grading, Points

if TYPE_CHECKING:
    from ..reference import Reference
    from .assignment import Assignment

SECRET_FILE = ".autograder-secret"  # noqa: S105 (the name of a file)
SECRET_VARIABLE = "AUTOGRADER_SECRET"  # noqa: S105 (the name of a variable)
KEEP = "hidden inputs are drawn from it, so keep it for regrades, and never publish it"


@dataclass(frozen=True)
class Course:
    """A course folder and what its `grading.yml` says."""

    folder: Path
    grading: Grading

    def outline(self, name: str) -> Outline:
        """What `grading.yml` says of an assignment; nothing of it is loaded.

        Raises:
            CourseError: there is no such assignment.
        """
        if name not in self.grading.rubrics:
            hint = nearest(name, self.grading.rubrics)
            raise CourseError(f"{self.folder / GRADING}: no assignment {name!r}{hint}")
        rubric, questions = self.grading.rubrics[name], self.grading.questions.get(name, {})
        folder = self.folder / "assignments" / name
        return Outline(name, folder, rubric, self.grading.policy, questions)

    def assignment(self, name: str) -> Assignment:
        """Load an assignment: both halves of all, proved.

        Raises:
            CourseError: as `load_assignment`.
        """
        from .assignment import load_assignment  # imports torch, which takes seconds

        return load_assignment(self.outline(name))

    def reference(self, assignment: str, exercise: str) -> Reference:
        """Load one exercise, both halves, whether or not it proves itself.

        Raises:
            CourseError: as `load_one`.
        """
        from .assignment import load_one

        return load_one(self.outline(assignment), exercise)

    def assignment_of(self, exercise: str, assignment: str | None = None) -> str:
        """The assignment that an exercise belongs to.

        Raises:
            CourseError: none in the rubric, or no points yet, or several and none was named.
        """
        rubrics = self.grading.rubrics
        found = [name for name in rubrics if exercise in rubrics[name]]
        if assignment is not None and assignment in found:
            return assignment
        known = rubrics.get(assignment or "", {e for rubric in rubrics.values() for e in rubric})
        if not found and any(exercise in each for each in self.grading.questions.values()):
            raise CourseError(f"{exercise!r} is a question, which a person marks")
        if not found or assignment is not None:
            for path in sorted(self.folder.glob("assignments/*/*.py")):
                if path.stem == exercise and path.parent.name == (assignment or path.parent.name):
                    cure = self._one_point_each(path, exercise)
                    raise CourseError(f"{path} has no points yet: {cure}")
            raise CourseError(
                f"{self.folder / GRADING}: no exercise {exercise!r}{nearest(exercise, known)}"
            )
        if len(found) > 1:
            raise CourseError(f"{exercise!r} is in {' and in '.join(found)}: give --assignment")
        return found[0]

    def without_points(self) -> list[tuple[str, str]]:
        """Assignment and exercise of the files that `grading.yml` does not mention."""
        files = sorted(self.folder.glob("assignments/*/*.py"))
        pairs = [(p.parent.name, p.stem) for p in files if not p.name.startswith("_")]
        return [(a, e) for a, e in pairs if e not in self.grading.rubrics.get(a, ())]

    def _one_point_each(self, path: Path, exercise: str) -> str:
        from ..exercise import load_exercise  # imports torch, which takes seconds
        from ..reference import load_reference

        hidden = self.folder / "reference" / path.parent.name / path.name
        checks = load_reference(hidden, load_exercise(path)).checks
        return self.how_to_add_points(path.parent.name, exercise, dict.fromkeys(checks, 1))

    def how_to_add_points(self, assignment: str, exercise: str, points: Points) -> str:
        """What to do so that a new exercise has these points."""
        each = ", ".join(f"{check}: {worth:g}" for check, worth in points.items())
        line = f"{exercise}: {{{each}}}"
        if assignment in self.grading.rubrics:
            return f"add to {GRADING}, under {assignment}, the line {line}"
        return f"add to {GRADING} the line {assignment}: {{{line}}}"

    def secret(self) -> bytes:
        """The secret of the hidden cases; `AUTOGRADER_SECRET` goes before it.

        It is made at first use, which the standard error is told: nobody could restore it.
        """
        if value := os.environ.get(SECRET_VARIABLE):
            return value.encode()
        path = self.folder / SECRET_FILE
        if not path.exists():
            with tempfile.NamedTemporaryFile("w", dir=self.folder) as draft:  # mode 0600
                draft.write(secrets.token_hex(32) + "\n")
                draft.flush()
                with contextlib.suppress(FileExistsError):  # another run was first: take its secret
                    os.link(draft.name, path)
                    print(f"made {path}: {KEEP}", file=sys.stderr)
        secret = path.read_bytes().strip()
        if len(secret) < 16:
            raise CourseError(f"{path}: too short to be a secret: restore it from a backup")
        return secret


def find_course(start: Path | None = None, results: Path | None = None) -> Course:
    """The course of the nearest folder upwards that holds a `grading.yml`.

    Upwards from `start`, if it is given; else from a results folder, or failing that from here.

    Raises:
        CourseError: there is none, or its `grading.yml` is wrong.
    """
    places = [start] if start else [results, Path.cwd()] if results else [Path.cwd()]
    places = [place.resolve() for place in places]
    for here in places:
        for folder in (here, *here.parents):
            if (folder / GRADING).is_file():
                return Course(folder, read_grading(folder / GRADING))
    where = " or ".join(map(str, places))
    cure = "change folder, or say which course: autograder --course DIR ..."
    raise CourseError(f"no {GRADING} in {where} or above it: {cure}")


def fingerprint(secret: bytes) -> str:
    """What is stored of a secret, so that another one is noticed."""
    return hashlib.sha256(b"fingerprint\0" + secret).hexdigest()[:16]
