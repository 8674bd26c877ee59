"""`autograder publish`: what students may see, and nothing else."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from click.testing import CliRunner
from corpus_run import needles
from test_nbgrader import reference_lines

from autograder.building.starter import write_course
from autograder.cli import main
from autograder.commands.publish import publish
from autograder.course.course import find_course
from autograder.errors import CourseError

ROOT = Path(__file__).parent.parent
COURSE = find_course(ROOT)
SECRET = "the secret of a course that publishes"


@pytest.fixture(scope="module")
def published(tmp_path_factory):
    """All of ours."""
    folder = tmp_path_factory.mktemp("published")
    publish(COURSE, folder)
    return folder


@pytest.fixture
def small(tmp_path):
    """A course of one exercise, with a secret."""
    folder = tmp_path / "private"
    write_course(folder)
    (folder / ".autograder-secret").write_text(SECRET)
    return find_course(folder)


def files_of(folder):
    return sorted(str(p.relative_to(folder)) for p in folder.rglob("*") if p.is_file())


def test_all_that_is_published_is_on_the_list(small, tmp_path):
    for stray in ("notes.md", "practice/solutions.ipynb", "practice/__pycache__/x.pyc"):
        path = small.folder / "assignments" / stray
        path.parent.mkdir(exist_ok=True)
        path.write_text("all the answers")
    publish(small, tmp_path / "public")
    assert files_of(tmp_path / "public") == [
        "README.md",
        "assignments/practice/nbgrader/practice.ipynb",
        "assignments/practice/otter/practice.ipynb",
        "assignments/practice/otter/tests/slope_of_cube.py",
        "assignments/practice/practice.ipynb",
        "assignments/practice/slope_of_cube.py",
        "assignments/practice/visible.json",
    ]


def test_a_page_of_theirs_stays_and_ours_is_replaced(small, tmp_path):
    public = tmp_path / "public"
    public.mkdir()
    page = public / "README.md"
    page.write_text("# My course")
    assert publish(small, public)[2] == [page]
    assert page.read_text() == "# My course"
    page.unlink()
    publish(small, public)
    ours = page.read_text()
    page.write_text(ours + "more")
    publish(small, public)
    assert page.read_text() == ours


@pytest.mark.parametrize("file", ["grades.db", "scores.csv", None])
def test_neither_results_nor_a_home_is_a_place_to_publish(small, tmp_path, monkeypatch, file):
    if file:
        (tmp_path / file).write_text("")
    monkeypatch.setenv("HOME", str(tmp_path))
    with pytest.raises(CourseError, match="choose another folder"):
        publish(small, tmp_path)
    assert not (tmp_path / "README.md").exists()


@pytest.mark.parametrize("assignment", COURSE.grading.rubrics)
def test_nothing_of_the_reference_is_published(published, assignment):
    text = "\n".join(path.read_text("utf-8") for path in published.rglob("*") if path.is_file())
    lines = list(reference_lines(assignment))
    assert len(lines) > 100
    assert [line for line in lines if line in text] == []


def test_no_hidden_case_and_no_secret_is_published(small, tmp_path):
    publish(small, tmp_path / "public")
    text = "\n".join(p.read_text() for p in (tmp_path / "public").rglob("*") if p.is_file())
    hidden = list(needles(small.assignment("practice"), SECRET.encode()))
    assert len(hidden) > 5
    assert [needle for needle in (*hidden, SECRET) if needle in text] == []
    assert "policy" not in text and "memory_mb" not in text  # of grading.yml


@pytest.mark.parametrize(
    ("assignment", "done", "todo"),
    [("backprop", "fresh_grads", "grad_stats"), ("beyond", "clip_gradients", "hvp")],
)
def test_students_can_check_their_work_with_what_is_published(
    published, assignment, done, todo, tmp_path
):
    shutil.copytree(published, tmp_path / "got")
    path = tmp_path / f"got/assignments/{assignment}/{assignment}.ipynb"
    notebook = nbformat.read(path, as_version=4)
    reference = COURSE.assignment(assignment).references[done]
    for cell in notebook.cells:
        if cell.id == done:
            cell.source = reference.source(done)
    nbformat.write(notebook, tmp_path / "got/mine.ipynb")
    said = subprocess.run(
        [sys.executable, "-m", "autograder", "check", "mine.ipynb"],
        cwd=tmp_path / "got",
        capture_output=True,
        text=True,
        check=True,
    ).stdout
    assert f"{done}: passes" in said and f"{todo}: not done yet" in said


def test_published_again_only_what_changed_is_written_and_what_is_gone_is_told(small, tmp_path):
    public = tmp_path / "public"
    publish(small, public)
    (public / "LICENSE").write_text("theirs")
    assert publish(small, public) == ([], [], [])
    text = (small.folder / "grading.yml").read_text().replace("practice:", "renamed:")
    (small.folder / "grading.yml").write_text(text)
    for half in ("assignments", "reference"):
        (small.folder / half / "practice").rename(small.folder / half / "renamed")
    runner = CliRunner().invoke(main, ["--course", str(small.folder), "publish", str(public)])
    assert runner.exit_code == 0, runner.output
    gone = public / "assignments/practice/practice.ipynb"
    assert f"no longer published, and still there: {gone}" in runner.output
    assert gone.exists() and (public / "LICENSE").exists()
    assert (public / "assignments/renamed/renamed.ipynb").exists()


@pytest.mark.parametrize(
    ("folder", "message"),
    [
        (".", "is not for students"),
        ("assignments", "is in the course's own assignments/"),
        ("reference/new", "is in the course's own reference/"),
    ],
)
def test_the_course_itself_is_no_place_for_students(small, folder, message):
    before = files_of(small.folder)
    with pytest.raises(CourseError) as error:
        publish(small, small.folder / folder)
    assert message in str(error.value)
    assert files_of(small.folder) == before


def test_a_folder_with_the_answers_of_another_course_is_no_place(small, tmp_path):
    write_course(tmp_path / "other")
    with pytest.raises(CourseError) as error:
        publish(small, tmp_path / "other")
    assert "is not for students" in str(error.value)


def test_a_course_at_fault_publishes_nothing(small, tmp_path):
    half = small.folder / "reference/practice/slope_of_cube.py"
    half.write_text(half.read_text().replace('"shape":', '"form":'))
    with pytest.raises(CourseError):
        publish(small, tmp_path / "public")
    assert not (tmp_path / "public").exists()


def test_the_values_on_the_visible_case_are_there_for_check(published):
    wanted = json.loads((published / "assignments/backprop/visible.json").read_text())
    assert set(wanted) == set(COURSE.grading.rubrics["backprop"])
