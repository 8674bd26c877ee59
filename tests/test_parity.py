"""One score through every door: a class of all our answers, graded by the real tools.

Submission i holds the i-th answer of each exercise: the solution, the alternatives, the mistakes
(one of those that fail the same checks), and what is unfinished. What each should earn is stated by
its reference. Some more hold all solutions, and lines that are legal, and that not everybody
writes.
"""

import csv
import json
import os
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder import build
from autograder.compare import Tolerance
from autograder.course.course import find_course
from autograder.judging.judge import Judge

ROOT = Path(__file__).parent.parent
COURSE = find_course(ROOT)
SCRIPTS = Path(sys.executable).parent  # nbgrader calls alembic by its name
ENVIRONMENT = os.environ | {
    "AUTOGRADER_SECRET": "a secret of the tests",
    "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
}


pytestmark = [pytest.mark.slow, pytest.mark.timeout(1200)]
each_assignment = pytest.mark.parametrize("assignment", COURSE.grading.rubrics)


def answers(assignment):
    """By exercise: source and stated score of every answer."""
    known, references = {}, COURSE.assignment(assignment).references
    judge = Judge(assignment, references, Tolerance(), b"a secret of the tests")
    for exercise, reference in references.items():
        full = sum(COURSE.grading.rubrics[assignment][exercise].values())
        right = {reference.source(name): full for name in (exercise, *reference.alternatives)}
        # Of mistakes that fail the same checks in the same way, one: they are one to every door.
        seen = zip(reference.mistakes.items(), judge.prepare(exercise, "").known, strict=True)
        ways = {tuple((v.check, v.kind) for v in known.verdicts): m for m, known in seen}
        wrong = {reference.source(name): mistake.score for name, mistake in ways.values()}
        known[exercise] = [*(right | wrong).items(), (reference.exercise.skeleton, 0)]
    return known


def make_class(assignment, released, place):
    """Write the class, each submission to place(student); returns what each should earn."""
    known = answers(assignment)
    stated = {}
    for number in range(max(map(len, known.values()))):
        notebook = nbformat.read(released, as_version=4)
        given = {exercise: found[number % len(found)] for exercise, found in known.items()}
        for cell in notebook.cells:
            if cell.id in given:
                cell.source = given[cell.id][0]
        path = place(f"s{number:02}")
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
        stated[f"s{number:02}"] = {
            exercise: float(points) for exercise, (_, points) in given.items()
        }
    return stated


NAMES = "str next print max sum type isinstance getattr globals open Exception __import__".split()
SETTINGS = """\
import random, warnings
import numpy as np
import torch
torch.set_default_dtype(torch.float64)
torch.set_grad_enabled(False)
torch.set_default_device("cpu")
torch.set_num_threads(2)
torch.set_printoptions(precision=1, sci_mode=True)
torch.use_deterministic_algorithms(True)
torch.autograd.set_detect_anomaly(True, check_nan=False)
torch.set_flush_denormal(True)
torch.manual_seed(3), random.seed(3), np.random.seed(3), np.seterr(all="raise")
warnings.simplefilter("error")
"""
ELSEWHERE = """\
import os
os.makedirs("data", exist_ok=True)
os.chdir("data")
%precision 1
from IPython.core.interactiveshell import InteractiveShell
InteractiveShell.ast_node_interactivity = "all"
"""
WRAPPED = """

def helper(f, *args):
    return f(*args)

_{0} = {0}
def {0}(*args):
    return helper(_{0}, *args)
"""


def unusual(exercises):
    """By student: a cell before the first exercise, one at the end, and an exercise to wrap."""
    first, *_, last = (name for name in exercises if name != "predictions")
    builtins = "\n".join(f'{name} = "abc"' for name in NAMES)
    return {
        "settings": (SETTINGS, "", ""),
        "shadows": (f"_score = _bundle = _points = {builtins}", "", ""),
        "elsewhere": (ELSEWHERE, "", ""),
        # What counts is what the names mean in the end: wrong for these two.
        "redefined": ("", f"def helper(n):\n    return n\n\ndef {last}(*_):\n    pass", first),
    }


def add_unusual(assignment, released, place):
    """Write these submissions, too; returns what each should earn."""
    references = COURSE.assignment(assignment).references
    full = {name: float(sum(p.values())) for name, p in COURSE.grading.rubrics[assignment].items()}
    stated = {}
    for student, (before, after, wrapped) in unusual(full).items():
        notebook = nbformat.read(released, as_version=4)
        for cell in notebook.cells:
            if cell.id in references:
                cell.source = references[cell.id].source(cell.id)
            if cell.id == wrapped:
                cell.source += WRAPPED.format(wrapped)
        if student == "shadows":  # and has deleted the cell of imports
            notebook.cells = [c for c in notebook.cells if "import torch.nn as nn" not in c.source]
        start = [cell.id in references for cell in notebook.cells].index(True)
        notebook.cells.insert(start, nbformat.v4.new_code_cell(before))
        notebook.cells.append(nbformat.v4.new_code_cell(after))
        path = place(student)
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
        last = [name for name in full if name != "predictions"][-1]
        stated[student] = full | dict.fromkeys([wrapped, last] if wrapped else [], 0.0)
    return stated


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def write_dist(assignment, folder, door):
    """The files of a door in `dist/`, made with the secret of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_SECRET", ENVIRONMENT["AUTOGRADER_SECRET"])
        files = build.made(COURSE, assignment, build.DISTRIBUTED)
    for path, content in files.items():
        if (place := path.relative_to(COURSE.folder / "dist")).parts[0] == door:
            (folder / place).parent.mkdir(parents=True, exist_ok=True)
            (folder / place).write_bytes(content)
    return folder / door


def ours(assignment, submissions, out, exercises):
    command = ("-m", "autograder", "--course", ROOT, "grade", submissions, "--out", out)
    run(sys.executable, *command, "--assignment", assignment, cwd=out.parent)
    with open(out / "scores.csv", newline="") as file:
        return {r["student_id"]: {e: float(r[e]) for e in exercises} for r in csv.DictReader(file)}


@each_assignment
def test_nbgrader_and_our_grader_give_the_stated_scores(assignment, tmp_path):
    school = write_dist(assignment, tmp_path, "nbgrader")
    released = ROOT / "assignments" / assignment / "nbgrader" / f"{assignment}.ipynb"
    submitted = school / "submitted"
    stated = make_class(
        assignment, released, lambda s: submitted / s / assignment / f"{assignment}.ipynb"
    )
    if assignment == "backprop":  # they are the same everywhere
        stated |= add_unusual(
            assignment, released, lambda s: submitted / s / assignment / f"{assignment}.ipynb"
        )
    exercises = list(COURSE.grading.rubrics[assignment])
    assert ours(assignment, submitted, tmp_path / "results", exercises) == stated
    run(sys.executable, "-m", "nbgrader", "generate_assignment", assignment, cwd=school)
    run(sys.executable, "-m", "nbgrader", "autograde", assignment, cwd=school)
    script = (
        "import json\nfrom nbgrader.api import Gradebook\n"
        "with Gradebook('sqlite:///gradebook.db') as g:\n"
        f"    found = g.assignment_submissions({assignment!r})\n"
        "    print(json.dumps({s.student.id: {x.name: x.score for n in s.notebooks"
        f" for x in n.grades if x.name in {exercises}}} for s in found}}))\n"
    )
    assert json.loads(run(sys.executable, "-c", script, cwd=school)) == stated


# What `otter run` calls, once for each submission: otter itself takes seconds to import.
OTTER_RUN = """\
import os, sys
from otter.run import main
archive, *folders = sys.argv[1:]
for folder in folders:
    os.chdir(folder)
    main("hw.ipynb", autograder=archive, output_dir=".", no_logo=True)
"""


@each_assignment
def test_otter_gives_the_stated_scores(assignment, tmp_path):
    archive = write_dist(assignment, tmp_path, "otter") / f"{assignment}-autograder.zip"
    released = ROOT / "assignments" / assignment / "otter" / f"{assignment}.ipynb"
    stated = make_class(assignment, released, lambda s: tmp_path / "class" / s / "hw.ipynb")
    if assignment == "backprop":
        stated |= add_unusual(assignment, released, lambda s: tmp_path / "class" / s / "hw.ipynb")
    folders = {student: tmp_path / "class" / student for student in stated}
    run(sys.executable, "-c", OTTER_RUN, archive, *folders.values(), cwd=tmp_path)
    found = {}
    for student, folder in folders.items():
        tests = json.loads((folder / "results.json").read_text())["tests"]
        exercises = COURSE.grading.rubrics[assignment]
        found[student] = {t["name"]: float(t["score"]) for t in tests if t["name"] in exercises}
    assert found == stated
