"""One score through every door: a class of all our answers, graded by the real tools.

Submission i holds the i-th answer of each exercise: the solution, the alternatives, the mistakes,
and what is unfinished. What each should earn is stated by its reference.
"""

import csv
import json
import os
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest

from autograder import build
from autograder.course import find_course

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
    known = {}
    for exercise, reference in COURSE.assignment(assignment).references.items():
        full = sum(COURSE.grading.rubrics[assignment][exercise].values())
        right = {reference.source(name): full for name in (exercise, *reference.alternatives)}
        wrong = {reference.source(name): m.score for name, m in reference.mistakes.items()}
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


def run(*command, cwd):
    done = subprocess.run(command, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-3000:]
    return done.stdout


def write_dist(assignment, folder, door):
    """The files of a door in `dist/`, made with the secret of these tests."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_SECRET", ENVIRONMENT["AUTOGRADER_SECRET"])
        files = build.distributed(COURSE, assignment)
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


@each_assignment
def test_otter_gives_the_stated_scores(assignment, tmp_path):
    archive = write_dist(assignment, tmp_path, "otter") / f"{assignment}-autograder.zip"
    released = ROOT / "assignments" / assignment / "otter" / f"{assignment}.ipynb"
    stated = make_class(assignment, released, lambda s: tmp_path / "class" / s / "hw.ipynb")
    found = {}
    for student in stated:
        folder = tmp_path / "class" / student
        run(SCRIPTS / "otter", "run", "hw.ipynb", "-a", archive, "-o", ".", "--no-logo", cwd=folder)
        tests = json.loads((folder / "results.json").read_text())["tests"]
        exercises = COURSE.grading.rubrics[assignment]
        found[student] = {t["name"]: float(t["score"]) for t in tests if t["name"] in exercises}
        shutil.rmtree(folder)
    assert found == stated
