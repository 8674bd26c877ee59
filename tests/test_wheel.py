"""The wheel in an environment of its own: alone, and then with each extra that it has."""

import csv
import functools
import json
import os
import subprocess
import sys
import tomllib
import zipfile
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
ENVIRONMENT = {k: v for k, v in os.environ.items() if k != "PYTHONPATH"}
ENVIRONMENT["AUTOGRADER_SECRET"] = "a secret of the tests"
SCRIPT = "import torch\n{source}\n"
EXTRAS = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]["optional-dependencies"]
# What each is for: a command that says what to install, and what the command says once it is.
USES = {
    "nbgrader": ("export results --to nbgrader --course .", "no gradebook.db in it"),
    "otter": (),  # for `otter run` alone; we write its files without it
    "lms": ("upload results --to canvas", "no token for canvas"),
    "cluster": ("grade class --out x --cluster tcp://127.0.0.1:9", "no cluster at"),
    "mark": ("mark results --no-open", "each marker opens the last link"),
    "solutions": ("build --solutions", "dist/solutions"),
}
CODES = {"nbgrader": 1, "lms": 1, "cluster": 1, "solutions": 0}  # there is nobody to talk to
COURSE = {
    "grading.yml": """\
policy:
  lms:
    canvas: {url: "https://127.0.0.1:9", course: 7, assignments: {practice: {id: 3, title: X}}}
practice: {slope: {values: 2, shape: 1}}
questions: {practice: {S1: 2}}
""",
    "assignments/practice/S1.md": "### Why?\n\nSay why.\n\n\n*Your answer here.*\n",
    "reference/practice/S1.yml": "criteria: [{points: 2, text: because}]\nmodel_answer: Because.\n",
}


def in_an_environment(test):
    """One worker makes the environment, for all of these tests: it takes a minute."""
    return pytest.mark.slow(pytest.mark.timeout(900)(pytest.mark.xdist_group("wheel")(test)))


class Place:
    """A folder outside of the repository, with an environment and a course of one exercise."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.python = folder / "clean" / "bin" / "python"
        self.grader = folder / "clean" / "bin" / "autograder"

    def said(self, *command: object, code: int = 0, where: Path | None = None) -> str:
        done = subprocess.run(
            list(map(str, command)),
            cwd=where or self.folder,
            env=ENVIRONMENT,
            capture_output=True,
            text=True,
        )
        said = done.stdout + done.stderr
        assert done.returncode == code and "Traceback" not in said, said
        return said

    def begins(self, *command: object) -> str:
        """The first line of what goes on until it is stopped."""
        options = {"cwd": self.folder, "env": ENVIRONMENT, "text": True}
        with subprocess.Popen(list(map(str, command)), stdout=subprocess.PIPE, **options) as server:
            line = server.stdout.readline()
            server.terminate()
        return line

    def install(self, what: object) -> None:
        constraints = ("--constraint", ROOT / "constraints.txt")
        self.said(self.python, "-m", "pip", "install", "-q", *constraints, what)

    def has(self, *modules: str) -> list[bool]:
        names = f"[u.find_spec(n) is not None for n in {modules}]"
        script = f"import importlib.util as u, json; print(json.dumps({names}))"
        return json.loads(self.said(self.python, "-c", script))

    def scores(self, out: str) -> dict[str, str]:
        self.said(self.grader, "grade", "class", "--out", out)
        with open(self.folder / out / "scores.csv", newline="") as file:
            return {row["student_id"]: row["score"] for row in csv.DictReader(file)}


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    place = Place(tmp_path_factory.mktemp("place"))
    build = ("--no-deps", "--no-build-isolation", "--wheel-dir", place.folder, ROOT)
    place.said(sys.executable, "-m", "pip", "wheel", *build)
    place.said(sys.executable, "-m", "venv", place.folder / "clean")
    (place.wheel,) = place.folder.glob("*.whl")
    place.install(place.wheel)
    return place


def test_every_extra_is_tried():
    assert USES.keys() == EXTRAS.keys()


@in_an_environment
def test_the_wheel_grades_a_course_with_and_without_each_extra(place):
    said, grader, folder = place.said, place.grader, place.folder
    assert not any(place.has("nbgrader", "otter", "requests", "distributed", "flask", "nbconvert"))
    for name, text in COURSE.items():
        (folder / name).parent.mkdir(parents=True, exist_ok=True)
        (folder / name).write_text(text)
    said(grader, "new", "practice", "slope")
    said(grader, "build")  # the doors are made without the tools that they are for
    solution = (folder / "reference/practice/slope.py").read_text()
    source = solution[solution.index("def slope") : solution.index("# One hidden case")]
    (folder / "class").mkdir()
    for student, text in {"amy": source, "ben": "def slope(values):\n    return 7"}.items():
        (folder / "class" / f"{student}.py").write_text(SCRIPT.format(source=text))
    expected = {"amy": "3", "ben": "0"}
    assert place.scores("results") == expected
    for extra, use in USES.items():
        if use:
            command, knows = [grader, *use[0].split()], use[1]
            assert f"pip install '.[{extra}]'" in said(*command, code=1)
        place.install(f"{place.wheel}[{extra}]")
        assert place.scores(f"results-{extra}") == expected
        if use:
            first = place.begins if extra == "mark" else functools.partial(said, code=CODES[extra])
            assert knows in first(*command), extra


@in_an_environment
def test_a_student_who_has_the_wheel_needs_nothing_else(place, tmp_path):
    notebook = json.loads((ROOT / "assignments/backprop/backprop.ipynb").read_text())
    (tmp_path / "mine.ipynb").write_text(json.dumps(notebook))
    said = place.said(
        *(place.grader, "check", "mine.ipynb", "--assignment", "backprop"), where=tmp_path
    )
    assert "grad_quadratic: not done yet" in said


@in_an_environment
def test_the_wheel_holds_the_assignments_and_no_answer(place):
    names = set(zipfile.ZipFile(place.wheel).namelist())
    for path in (ROOT / "assignments").glob("*/*.py"):
        assert f"autograder/{path.relative_to(ROOT).as_posix()}" in names
    kept = [n for n in names if not n.startswith(("autograder/", "backprop_autograder-"))]
    assert kept == [] and not any("/reference/" in name or ".pyc" in name for name in names)
