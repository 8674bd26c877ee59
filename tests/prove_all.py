"""Try every answer of every exercise in this process, and name those that are not as stated."""

from pathlib import Path

from autograder.compare import Tolerance
from autograder.course import find_course
from autograder.judge import Judge
from autograder.proof import prove

course = find_course(Path(__file__).parent)
limit = Tolerance(**course.grading.policy.tolerance.model_dump())
problems = []
for name in course.grading.rubrics:
    ready = course.assignment(name)
    judge = Judge(name, ready.references, limit, b"the secret of the tests")
    for exercise, points in ready.rubric.items():
        for trial in prove(judge.prepare(exercise, ""), points):
            if trial.problem:
                problems.append(f"{exercise}: {trial.name} {trial.problem}")
print("\n".join(problems) or "every answer earned what is stated")
