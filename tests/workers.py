"""Grading in real workers, for the tests of what runs in them."""

from dataclasses import dataclass

import pytest
from ours import COURSE, assignment

from autograder.compare import Tolerance
from autograder.course.policy import Limits
from autograder.errors import SandboxError
from autograder.judging.judge import Judge
from autograder.model import Kind, Submission
from autograder.running.run import run
from autograder.running.tier import Tier, detect
from autograder.running.zygotes import Zygotes

ASSIGNMENT = assignment("backprop")
LIMITS = Limits(cell_seconds=2, notebook_seconds=20, exercise_seconds=2, memory_mb=512)
IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F"
FIRST = next(iter(ASSIGNMENT.references))
FUNCTIONS = [name for name, r in ASSIGNMENT.references.items() if callable(r.solution)]
FULL = {name: sum(points.values()) for name, points in ASSIGNMENT.rubric.items()}


@dataclass(frozen=True)
class Graded:
    points: dict[str, float]
    kinds: dict[str, set[Kind]]
    hints: dict[str, str]
    notes: dict[int, list[str]]
    everything: str
    places: dict[str, set[tuple[int | None, int | None]]]


class Grader:
    def __init__(self, zygotes: Zygotes, tier: Tier):
        self.zygotes, self.tier = zygotes, tier
        self.judge = Judge("backprop", ASSIGNMENT.references, Tolerance(), b"a secret of the tests")

    def __call__(self, *cells: str, limits: Limits = LIMITS, **submission) -> Graded:
        prepared = {name: self.judge.prepare(name, "") for name in ASSIGNMENT.references}
        visible = {name: r.exercise.visible for name, r in ASSIGNMENT.references.items()}
        hidden = {name: found.cases for name, found in prepared.items()}
        with self.zygotes.lease() as zygote:
            found = run(zygote, Submission("s", "s", cells, **submission), visible, hidden, limits)
        outcomes = [prepared[n].outcome(found.hidden[n], found.visible[n]) for n in prepared]
        notes: dict[int, list[str]] = {}
        for note in found.notes:
            notes.setdefault(note.cell, []).append(note.message)
        passed = {
            o.exercise: [v.check for v in o.verdicts if v.kind is Kind.passed] for o in outcomes
        }
        return Graded(
            {name: sum(ASSIGNMENT.rubric[name][c] for c in passed[name]) for name in passed},
            {o.exercise: {v.kind for v in o.verdicts} for o in outcomes},
            {o.exercise: " ".join(v.hint for v in o.verdicts) for o in outcomes},
            notes,
            repr(outcomes) + repr(notes),
            {o.exercise: {(v.cell, v.line) for v in o.verdicts} for o in outcomes},
        )


def solutions(**instead: str) -> list[str]:
    """Cells with every solution, or something else instead of it."""
    return [
        IMPORTS,
        *(instead.get(name) or r.source(name) for name, r in ASSIGNMENT.references.items()),
    ]


def pool(tier: Tier, limits: Limits = LIMITS) -> Zygotes:
    return Zygotes(ASSIGNMENT.folder, (COURSE.folder,), tier, limits, 1)


TIERS = {"namespaces": detect(trusted=True), "landlock alone": Tier("B", 7)}


@pytest.fixture(scope="module", params=TIERS)
def grader(request):
    tier = TIERS[request.param]
    if request.param == "namespaces" and not tier.namespaces:
        pytest.skip("no namespaces on this machine")
    if not detect(trusted=True).landlock:
        pytest.skip("no Landlock on this machine")
    try:
        zygotes = pool(tier)
    except SandboxError as error:  # root, and Python in a folder of root's own
        pytest.skip(str(error))
    with zygotes:
        yield Grader(zygotes, tier)
