"""`autograder init`: a course of one's own, outside of ours."""

import csv
import subprocess
import sys

import pytest
from click.testing import CliRunner

from autograder.building.starter import COURSE_FILES, write_course
from autograder.cli import main
from autograder.course.course import find_course
from autograder.errors import CourseError

MISTAKEN = "def slope_of_cube(values):\n    return 3 * torch.tensor(values) ** 2\n"


def autograder(*command, cwd):
    done = subprocess.run(
        [sys.executable, "-m", "autograder", *map(str, command)],
        cwd=cwd,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout


@pytest.mark.slow
def test_a_new_course_builds_grades_and_exports(tmp_path):
    autograder("init", "physics", cwd=tmp_path)
    course = tmp_path / "physics"
    assert "✓ solution slope_of_cube" in autograder("exercise", "slope_of_cube", cwd=course)
    autograder("build", cwd=course)
    autograder("build", "--check", cwd=course)
    reference = find_course(course).assignment("practice").references["slope_of_cube"]
    (course / "submissions").mkdir()
    for student, source in {"amy": reference.source("slope_of_cube"), "ben": MISTAKEN}.items():
        (course / "submissions" / f"{student}.py").write_text(f"import torch\n\n{source}")
    autograder("grade", "submissions", cwd=course)
    autograder("export", "results", "--to", "csv", cwd=course)
    rows = csv.DictReader((course / "results/scores.csv").read_text().splitlines())
    assert {row["student_id"]: row["score"] for row in rows} == {"amy": "3", "ben": "0"}
    assert "Right, but autograd never ran" in (course / "results/feedback/ben.html").read_text()


def test_what_must_not_be_committed_is_ignored(tmp_path):
    write_course(tmp_path / "physics")
    subprocess.run(["git", "init", "-q"], cwd=tmp_path / "physics", check=True)
    for path in (".autograder-secret", "dist/otter/x", "results/grades.db"):
        asked = ["git", "check-ignore", "-q", path]
        assert subprocess.run(asked, cwd=tmp_path / "physics").returncode == 0, path


def test_a_new_course_can_go_into_an_empty_repository(tmp_path):
    subprocess.run(["git", "init", "-q", "physics"], cwd=tmp_path, check=True)
    assert len(write_course(tmp_path / "physics")) == len(COURSE_FILES) + 2


def test_nothing_is_written_where_there_is_something(tmp_path):
    (tmp_path / "mine.txt").write_text("mine")
    with pytest.raises(CourseError, match="is not empty: choose a new folder"):
        write_course(tmp_path)
    assert [path.name for path in tmp_path.iterdir()] == ["mine.txt"]
    done = CliRunner().invoke(main, ["init", str(tmp_path)])
    assert done.exit_code == 1 and done.output.startswith("autograder: ")
