"""The wheel alone: our grader grades where neither nbgrader nor otter is installed."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

ROOT = Path(__file__).parent.parent
SCRIPT = "import torch\n{source}\n"


@pytest.mark.slow
@pytest.mark.timeout(900)
def test_the_wheel_grades_a_course_without_nbgrader_and_otter(tmp_path):
    def run(*command, **variables):
        done = subprocess.run(
            list(map(str, command)),
            cwd=tmp_path,
            env={k: v for k, v in os.environ.items() if k != "PYTHONPATH"} | variables,
            capture_output=True,
            text=True,
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout

    build = ("--no-deps", "--no-build-isolation", "--wheel-dir", tmp_path, ROOT)
    run(sys.executable, "-m", "pip", "wheel", *build)
    (wheel,) = tmp_path.glob("*.whl")
    run(sys.executable, "-m", "venv", tmp_path / "clean")
    python = tmp_path / "clean" / "bin" / "python"
    run(python, "-m", "pip", "install", "-q", "--constraint", ROOT / "constraints.txt", wheel)
    find = "import importlib.util as u; print([u.find_spec(n) for n in ('nbgrader', 'otter')])"
    assert run(python, "-c", find) == "[None, None]\n"

    grader = tmp_path / "clean" / "bin" / "autograder"
    (tmp_path / "grading.yml").write_text("practice: {slope: {values: 2, shape: 1}}\n")
    run(grader, "new", "practice", "slope")
    run(grader, "build")  # the doors are made without the tools that they are for
    solution = (tmp_path / "reference/practice/slope.py").read_text()
    source = solution[solution.index("def slope") : solution.index("# One hidden case")]
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / "amy.py").write_text(SCRIPT.format(source=source))
    run(grader, "grade", "class", AUTOGRADER_SECRET="a secret of the tests")
    rows = (tmp_path / "results" / "scores.csv").read_text().splitlines()
    assert rows[1] == "amy,amy.py,graded,3,3,3"
