"""What `grading.yml` says of an assignment, before anything of it is loaded."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, field
from functools import cached_property
from importlib.metadata import version
from pathlib import Path

from .. import __version__
from ..worker.released import FORMS, released_cells, source_of
from .late import LateRules
from .policy import Points, Policy, Rubric, Void

DECIDING = ("course", "judging", "reading", "running", "worker")  # rooms that verdicts depend on


@dataclass(frozen=True)
class Outline:
    """An assignment as its scores need it: names, points and policy."""

    name: str
    folder: Path  # assignments/<name>: all that a worker may see of it
    rubric: Rubric
    policy: Policy
    question_points: Points = field(default_factory=dict)  # of each question marked by hand

    @property
    def course(self) -> Path:
        """The folder of the course."""
        return self.folder.parent.parent

    @property
    def hidden(self) -> Path:
        """The folder of all that no worker may see of it."""
        return self.course / "reference" / self.name

    @property
    def max_score(self) -> float:
        """Points for everything that is graded automatically."""
        return sum(sum(points.values()) for points in self.counted.values())

    @property
    def voids(self) -> dict[str, dict[str, Void]]:
        """Checks that turned out to be faulty, by exercise."""
        return self.policy.void.get(self.name, {})

    @property
    def counted(self) -> Rubric:
        """The rubric, with 0 points for the checks that no longer count."""
        return {
            exercise: {
                check: 0 if self.void(exercise, check) == "none" else each
                for check, each in points.items()
            }
            for exercise, points in self.rubric.items()
        }

    def void(self, exercise: str, check: str) -> str:
        """What everyone gets for a check that is void (full or none); empty if it is not."""
        found = self.voids.get(exercise, {}).get(check)
        return found.credit if found else ""

    @property
    def late(self) -> LateRules | None:
        """The late policy, if there is one for this assignment."""
        policy = self.policy.late
        if policy is None or self.name not in policy.due:
            return None
        return LateRules(policy, policy.due[self.name], policy.extensions.get(self.name, {}))

    @cached_property
    def digest(self) -> str:
        """Changes when anything does that a verdict depends on, the engine and torch included.

        So it does with the cells of the released notebook and the names of the questions: imports
        are taken from there, and what is an answer is told by them.
        """
        digest = hashlib.sha256()
        matters = self.policy.model_copy(
            update={"late": None, "lms": None, "void": {}}
        )  # points, and not verdicts
        digest.update(f"{__version__} {version('torch')} {matters!r}".encode())
        engine = Path(__file__).parent.parent
        shared = self.hidden.parent  # helpers of several assignments
        rooms = (engine / room for room in DECIDING)
        for folder in (engine, *rooms, self.folder, self.hidden, shared):
            for file in sorted(folder.glob("*.py")):
                digest.update(file.name.encode() + b"\0" + file.read_bytes() + b"\0")
        prompts = {f"{exercise}-prompt" for exercise in self.rubric}  # these tell the points
        cells = (c for c in released_cells(self.folder, FORMS) if c.get("id") not in prompts)
        known = [(c.get("id"), c["cell_type"], source_of(c)) for c in cells]
        digest.update(repr((list(self.question_points), known)).encode())
        return digest.hexdigest()

    @property
    def claims(self) -> str:
        """Changes when there is something new that loading has to prove, the points included."""
        claims = (self.digest, self.rubric, self.question_points)
        return hashlib.sha256(repr(claims).encode()).hexdigest()

    def fingerprint(self, submission: str) -> str:
        """Of a submission with that digest: the same means that its verdicts would be."""
        return hashlib.sha256(f"{self.digest} {submission}".encode()).hexdigest()
