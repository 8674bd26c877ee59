"""The wheel in an environment of its own: alone, and then with each extra that it has."""

import csv
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = "import torch\n{source}\n"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
# What each is for: a command that says what to install, and what the command says once it is.
USES = {
    "nbgrader": ("export results --to nbgrader --course .", "no nbgrader course"),
    "otter": (),  # for `otter run` alone; we write its files without it
    "lms": ("upload results --to canvas", "policy.lms.canvas is missing"),
    "cluster": ("grade class --out x --cluster tcp://127.0.0.1:9", "no scheduler answers"),
    "mark": ("mark results", "no question"),
    "solutions": ("build --solutions", "dist/solutions"),
}


class Place:
    """A folder outside of the repository, with an environment and a course of one exercise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "clean" / "bin" / "python"
        self.grader = folder / "clean" / "bin" / "autograder"

    def try_(self, *command: object) -> subprocess.CompletedProcess[str]:
        kept = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
        return subprocess.run(
            list(map(str, command)),
            cwd=self.folder,
            env=kept | {"AUTOGRADER_SECRET": "a secret of the tests"},
            capture_output=True,
            text=True,
        )

    def run(self, *command: object) -> str:
        done = self.try_(*command)
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    def install(self, what: object) -> None:
        constraints = ("--constraint", ROOT / "constraints.txt")
        self.run(self.python, "-m", "pip", "install", "-q", *constraints, what)

    def has(self, *modules: str) -> list[bool]:
        names = f"[u.find_spec(n) is not None for n in {modules}]"
        script = f"import importlib.util as u, json; print(json.dumps({names}))"
        return json.loads(self.run(self.python, "-c", script))

    def scores(self, out: str) -> dict[str, str]:
        self.run(self.grader, "grade", "class", "--out", out)
        with open(self.folder / out / "scores.csv", newline="") as file:
            return {row["student_id"]: row["score"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("place"))
    build = ("--no-deps", "--no-build-isolation", "--wheel-dir", place.folder, ROOT)
    place.run(sys.executable, "-m", "pip", "wheel", *build)
    place.run(sys.executable, "-m", "venv", place.folder / "clean")
    (place.wheel,) = place.folder.glob("*.whl")
    place.install(place.wheel)
    return place


def test_every_extra_is_tried():
    assert USES.keys() == EXTRAS.keys()


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_wheel_grades_a_course_with_and_without_each_extra(place):
    run, grader, folder = place.run, place.grader, place.folder
    assert not any(place.has("nbgrader", "otter", "requests", "distributed", "flask", "nbconvert"))
    (folder / "grading.yml").write_text("practice: {slope: {values: 2, shape: 1}}\n")
    run(grader, "new", "practice", "slope")
    run(grader, "build")  # the doors are made without the tools that they are for
    solution = (folder / "reference/practice/slope.py").read_text()
    source = solution[solution.index("def slope") : solution.index("# One hidden case")]
    (folder / "class").mkdir()
    for student, text in {"amy": source, "ben": "def slope(values):\n    return 7"}.items():
        (folder / "class" / f"{student}.py").write_text(SCRIPT.format(source=text))
    expected = {"amy": "3", "ben": "0"}
    assert place.scores("results") == expected
    for extra, use in USES.items():
        if use:
            command, knows = use
            without = place.try_(grader, *command.split())
            assert without.returncode == 1 and "Traceback" not in without.stderr
            assert f"pip install 'backprop-autograder[{extra}]'" in without.stderr, without.stderr
        place.install(f"{place.wheel}[{extra}]")
        assert place.scores(f"results-{extra}") == expected
        if use:
            done = place.try_(grader, *command.split())
            assert knows in done.stdout + done.stderr, (extra, done.stdout + done.stderr)
            assert "Traceback" not in done.stderr


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_a_student_who_has_the_wheel_needs_nothing_else(place):
    notebook = json.loads((ROOT / "assignments/backprop/backprop.ipynb").read_text())
    (place.folder / "mine.ipynb").write_text(json.dumps(notebook))
    said = place.run(place.grader, "check", "mine.ipynb", "--assignment", "backprop")
    assert "grad_quadratic: not done yet" in said


@pytest.mark.slow
def test_the_wheel_holds_the_assignments_and_no_answer(place):
    names = set(zipfile.ZipFile(place.wheel).namelist())
    for path in (ROOT / "assignments").glob("*/*.py"):
        assert f"autograder/{path.relative_to(ROOT).as_posix()}" in names
    kept = [n for n in names if not n.startswith(("autograder/", "backprop_autograder-"))]
    assert kept == [] and not any("/reference/" in name or ".pyc" in name for name in names)
