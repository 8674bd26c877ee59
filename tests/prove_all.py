"""Try every answer of every exercise with some number of threads; name those not as stated.

python tests/prove_all.py THREADS      what is wanted is always computed with one
"""

import sys
from pathlib import Path

import torch

from autograder.course.assignment import tolerance
from autograder.course.course import find_course
from autograder.course.proof import prove
from autograder.judging.judge import Judge

course = find_course(Path(__file__).parent)
limit = tolerance(course.grading.policy)
problems = []
for name in course.grading.rubrics:
    ready = course.assignment(name)
    judge = Judge(name, ready.references, limit, b"the secret of the tests")
    for exercise, points in ready.rubric.items():
        prepared = judge.prepare(exercise, "")
        torch.set_num_threads(int(sys.argv[1]))
        for trial in prove(prepared, points):
            if trial.problem:
                problems.append(f"{exercise}: {trial.name} {trial.problem}")
        torch.set_num_threads(1)
print("\n".join(problems) or "every answer earned what is stated")
