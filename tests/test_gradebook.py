"""Our grader inside an nbgrader course: scores in, marks out, and nbgrader goes on from there."""

import contextlib
import csv
import io
import os
import re
import subprocess
import sys
from pathlib import Path

import nbformat
import pytest
from nbformat import v4
from test_grade import ASSIGNMENT, IMPORTS, autograder, course  # noqa: F401 (a fixture)

from autograder.cli import main
from autograder.model import Mark, Result, Status
from autograder.score import score
from autograder.store import Store

FIRST, SECOND = list(ASSIGNMENT.references)[:2]
RIGHT = {name: ASSIGNMENT.references[name].source(name) for name in (FIRST, SECOND)}
ANSWER = "Because it adds."


SCRIPTS = str(Path(sys.executable).parent)  # nbgrader calls alembic by its name
ENVIRONMENT = os.environ | {"PATH": SCRIPTS + os.pathsep + os.environ["PATH"]}


def cell(make, source, grade_id, **meta):
    kind = {"schema_version": 3, "grade_id": grade_id, "task": False}
    return make(source, metadata={"nbgrader": kind | meta})


def notebook(answers, question=ANSWER, dropped=()):
    """Two exercises and a question, as nbgrader's source and submissions have them."""
    cells = [v4.new_code_cell(IMPORTS)]
    for name, source in answers.items():
        answer = {"grade": False, "solution": True, "locked": False}
        test = {"grade": True, "solution": False, "locked": True, "points": 9}
        cells.append(cell(v4.new_code_cell, source, f"{name}-answer", **answer))
        if name not in dropped:
            cells.append(cell(v4.new_code_cell, "assert True", name, **test))
    manual = {"grade": True, "solution": True, "locked": False, "points": 4}
    cells.append(cell(v4.new_markdown_cell, question, "S1", **manual))
    return nbformat.writes(v4.new_notebook(cells=cells))


SOURCE = {
    name: f"def {name}():\n    # BEGIN SOLUTION\n    pass\n    # END SOLUTION" for name in RIGHT
}


@pytest.fixture
def school(tmp_path):
    """An nbgrader course: one all right, one wrong and without a test cell, one no notebook."""
    folder = tmp_path / "school"
    answers = {
        "source/backprop/backprop.ipynb": notebook(SOURCE, "*Your answer here.*"),
        "submitted/amy/backprop/backprop.ipynb": notebook(RIGHT),
        "submitted/ben/backprop/backprop.ipynb": notebook(
            RIGHT | {FIRST: f"def {FIRST}(values):\n    return torch.tensor(values)"},
            dropped=[SECOND],
        ),
        "submitted/cat/backprop/backprop.ipynb": "this is no notebook",
        "nbgrader_config.py": "c = get_config()\nc.CourseDirectory.course_id = 'school'\n",
    }
    for path, text in answers.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    nbgrader(folder, "generate_assignment", "backprop")
    return folder


def nbgrader(folder, *arguments):
    done = subprocess.run(
        [sys.executable, "-m", "nbgrader", *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        env=ENVIRONMENT | {"HOME": str(folder)},
    )
    assert done.returncode == 0, done.stderr
    return done.stderr


def in_gradebook(folder, statement):
    script = (
        "from nbgrader.api import Gradebook\n"
        f"with Gradebook('sqlite:///gradebook.db') as g:\n    {statement}\n"
    )
    done = subprocess.run(
        [sys.executable, "-c", script],
        cwd=folder,
        capture_output=True,
        text=True,
        env=ENVIRONMENT,
    )
    assert done.returncode == 0, done.stderr
    return done.stdout


@pytest.mark.slow
def test_results_go_into_the_gradebook_and_marks_come_back(course, school):  # noqa: F811
    results = course / "results"
    autograder(course, "grade", school, "--assignment", "backprop", "--out", results)
    done = autograder(course, "export", results, "--to", "nbgrader", "--course", school, code=2)
    assert re.findall(r"^(amy|ben): written$", done.stdout, re.M) == ["amy", "ben"]
    assert "cat: nbgrader could not convert the notebook" in done.stdout

    grades = "[print(s.student.id, *sorted((x.name, x.auto_score) for n in s.notebooks"
    grades += " for x in n.grades)) for s in g.assignment_submissions('backprop')]"
    full = {name: float(sum(ASSIGNMENT.rubric[name].values())) for name in RIGHT}
    assert sorted(in_gradebook(school, grades).splitlines()) == [
        " ".join(["amy", *map(str, sorted([*full.items(), ("S1", None)]))]),
        " ".join(["ben", *map(str, sorted([(SECOND, full[SECOND]), (FIRST, 1.0), ("S1", None)]))]),
        " ".join(["cat", *map(str, sorted([(SECOND, 0.0), (FIRST, 0.0), ("S1", None)]))]),
    ]

    page = nbformat.read(school / "autograded/ben/backprop/backprop.ipynb", as_version=4)
    shown = next(c for c in page.cells if c.metadata.get("nbgrader", {}).get("grade_id") == FIRST)
    assert shown.outputs[1].data["text/plain"] == "1.0"
    assert "This is x itself" in shown.outputs[0].text
    nbgrader(school, "generate_feedback", "backprop")
    feedback = (school / "feedback/ben/backprop/backprop.html").read_text()
    assert "This is x itself" in feedback and "plain_tensor: 1 of 1" in feedback
    nbgrader(school, "export")
    rows = list(csv.DictReader(io.StringIO((school / "grades.csv").read_text())))
    assert {row["student_id"]: float(row["raw_score"]) for row in rows} == {
        "amy": sum(full.values()),
        "ben": full[SECOND] + 1,
        "cat": 0,
    }

    find = "g.find_grade('S1', 'backprop', 'backprop', 'amy')"
    in_gradebook(school, f"x = {find}; x.manual_score = 3; g.db.commit()")
    said = autograder(course, "import", results, "--from", "nbgrader", "--course", school)
    assert "1 marks of 1 students" in said.stdout
    autograder(course, "export", results, "--to", "csv", "--file", course / "out.csv")
    rows = {
        row["student_id"]: row
        for row in csv.DictReader((course / "out.csv").read_text().splitlines())
    }
    assert rows["amy"]["S1"] == "3" and rows["ben"]["S1"] == ""
    assert float(rows["amy"]["score"]) == sum(full.values()) + 3
    assert float(rows["amy"]["max_score"]) == ASSIGNMENT.max_score + 24
    assert "3 of 4" in (results / "feedback/amy.html").read_text()

    autograder(course, "grade", school, "--assignment", "backprop", "--out", results, "--force")
    again = {
        r["student_id"]: r
        for r in csv.DictReader((results / "scores.csv").read_text().splitlines())
    }
    assert again["amy"]["S1"] == "3"  # a mark outlives a regrade


def said_by(course, *arguments):  # noqa: F811
    out = io.StringIO()
    with (
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(out),
        pytest.raises(SystemExit) as stopped,
    ):
        main(["--course", str(course), *map(str, arguments)])
    assert stopped.value.code == 1
    return out.getvalue()


@pytest.fixture
def results(course):  # noqa: F811
    folder = course / "results"
    folder.mkdir()
    with Store(folder, {"assignment": "backprop", "secret": "x"}) as store:
        store.save(Result("amy", "amy.ipynb", Status.graded))
    return folder


def test_what_is_no_nbgrader_course_is_told_in_one_line(course, results):  # noqa: F811
    for command, option in (("export", "--to"), ("import", "--from")):
        told = said_by(course, command, results, option, "nbgrader", "--course", course)
        assert "no gradebook.db in it" in told and told.count("\n") == 1
        told = said_by(course, command, results, option, "nbgrader")
        assert "nbgrader needs --course" in told and told.count("\n") == 1
    assert "is not one of" in said_by(course, "export", results, "--to", "word")


def test_a_mark_counts_for_everybody_once_it_is_there(course, results):  # noqa: F811
    with Store(results, {"assignment": "backprop", "secret": "x"}) as store:
        store.save(Result("ben", "ben.ipynb", Status.unreadable))
        store.mark("amy", [Mark("S2", 2.5, "eve", "Nearly.")])
        store.mark("amy", [Mark("S2", 3.5, "eve")])  # in place of the earlier one
        found = list(store.results())
    assert found[0].marks == (Mark("S2", 3.5, "eve"),)
    autograder(course, "export", results, "--to", "csv")
    autograder(course, "report", results)
    pages = [(results / f"feedback/{student}.html").read_text() for student in ("amy", "ben")]
    assert "3.5 of 4" in pages[0] and pages[0].count("not marked yet") == 5
    assert "3.5 of 4" not in pages[1]
    header, amy, ben = csv.reader((results / "scores.csv").read_text().splitlines())
    most = f"{ASSIGNMENT.max_score + 24:g}"
    assert [amy[3], amy[4], amy[header.index("S2")]] == ["3.5", most, "3.5"]
    assert [ben[3], ben[4], ben[header.index("S2")]] == ["0", most, ""]
    points = ASSIGNMENT.question_points
    assert score(found[1], ASSIGNMENT.rubric, {}).max_score == ASSIGNMENT.max_score
    assert score(found[1], ASSIGNMENT.rubric, points).questions["S1"] is None


def test_the_folder_of_an_nbgrader_course_stands_for_what_was_submitted(tmp_path):
    from autograder.read import find_students

    for path in ("submitted/amy/backprop/backprop.ipynb", "source/backprop/backprop.ipynb"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("{}")
    (tmp_path / "gradebook.db").touch()
    assert list(find_students(Path(tmp_path), "backprop")) == ["amy"]
