"""A bundle: all that judging needs, in one folder, for graders that judge in the student's kernel.

    autograder/            the engine's judging half, for `autograder.doors.hidden_tests`
    assignments/, reference/   both halves of the exercises
    cases/<exercise>.bin   the class's hidden cases, as a frame: not the secret that drew them
    about.json             the assignment's name, its rubric, tolerance, time limit and imports

It holds every answer: it may lie where the grader runs, and never where students look.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path, PurePosixPath

from .. import wire
from ..building.notebook import student_cells
from ..building.wanted import Values
from ..course.assignment import Assignment, tolerance
from ..course.course import Course
from ..judging.judge import Judge
from ..worker.released import imports_of

ENGINE = Path(__file__).parent.parent
# What `hidden_tests` imports, itself included (a test compares).
MODULES = (
    *("__init__", "checks", "compare", "draw", "errors", "exercise", "literal", "model"),
    *("observation", "plural", "reference", "wire"),
    *("judging/__init__", "judging/judge", "judging/mistakes"),
    *("doors/__init__", "doors/hidden_tests", "doors/pristine"),
)

Bundled = dict[PurePosixPath, bytes]  # by path inside the bundle


def bundle(course: Course, assignment: Assignment, wanted: Mapping[str, Values]) -> Bundled:
    """The files of an assignment's bundle, with the cases that the course's secret draws.

    Raises:
        CourseError: the reference is at fault, or the secret is.
    """
    name = assignment.name
    files = {
        PurePosixPath("autograder") / f"{module}.py": (ENGINE / f"{module}.py").read_bytes()
        for module in MODULES
    }
    for folder in (f"assignments/{name}", "reference", f"reference/{name}"):
        for path in sorted((course.folder / folder).glob("*.py")):
            files[PurePosixPath(folder) / path.name] = path.read_bytes()
    limit = tolerance(assignment.policy)
    judge = Judge(name, assignment.references, limit, course.secret())
    for exercise in assignment.references:
        cases = [case.data for case in judge.prepare(exercise, "").cases]
        files[PurePosixPath("cases") / f"{exercise}.bin"] = wire.encode(cases)
    about = {
        "assignment": name,
        "rubric": assignment.rubric,
        "absolute": limit.absolute,
        "relative": limit.relative,
        "imports": imports_of(student_cells(assignment, wanted)),
        "seconds": assignment.policy.limits.exercise_seconds,
    }
    files[PurePosixPath("about.json")] = (json.dumps(about, indent=1) + "\n").encode()
    return files
