"""Our grader inside an nbgrader course: scores in, marks out, and nbgrader goes on from there."""

import contextlib
import csv
import io
import os
import re
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import nbformat
import pytest
from nbformat import v4
from test_grade import ASSIGNMENT, IMPORTS, autograder, course  # noqa: F401 (a fixture)

from autograder.cli import main
from autograder.doors import marks
from autograder.doors.gradebook import export
from autograder.doors.school import find_alembic, without_noise
from autograder.model import Mark, Override, Result, Status
from autograder.results.score import score
from autograder.results.store import Store

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
    assert "1 mark of 1 student" in said.stdout
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


LATE = """
c.CourseDirectory.db_url = "sqlite:///records/grades.db"
c.CourseDirectory.submitted_directory = "handed_in"
c.CourseDirectory.autograded_directory = "graded"
c.LateSubmissionPlugin.penalty_method = "zero"
"""
DUE = """
from datetime import datetime
from nbgrader.api import Gradebook
with Gradebook("sqlite:///records/grades.db") as g:
    g.find_assignment("backprop").duedate = datetime(2026, 1, 1)
    g.db.commit()
"""
PENALTIES = """
from nbgrader.api import Gradebook
with Gradebook("sqlite:///records/grades.db") as g:
    for s in g.assignment_submissions("backprop"):
        print(s.student.id, s.score, s.late_submission_penalty)
"""


@pytest.mark.slow
def test_a_course_is_taken_as_its_configuration_says_and_late_is_late(course, tmp_path):  # noqa: F811
    folder = tmp_path / "school"
    script = "\n".join([IMPORTS, *RIGHT.values()])
    files = {
        "source/backprop/backprop.ipynb": notebook(SOURCE, "*Your answer here.*"),
        "handed_in/amy/backprop/my homework.ipynb": notebook(RIGHT),
        "handed_in/ben/backprop/backprop.py": script,  # nothing that nbgrader could convert
        "handed_in/cat/backprop/backprop.ipynb": notebook(RIGHT, dropped=[SECOND]),
        "handed_in/dan/backprop/backprop.ipynb": notebook(RIGHT),
        "nbgrader_config.py": "c = get_config()\nc.CourseDirectory.course_id = 'school'" + LATE,
    }
    for student in ("amy", "ben", "cat"):
        files[f"handed_in/{student}/backprop/timestamp.txt"] = "2026-01-02 00:00:00 UTC"
    for path, text in files.items():
        (folder / path).parent.mkdir(parents=True, exist_ok=True)
        (folder / path).write_text(text)
    (folder / "records").mkdir()
    nbgrader(folder, "generate_assignment", "backprop")
    subprocess.run([sys.executable, "-c", DUE], cwd=folder, env=ENVIRONMENT, check=True)
    results = course / "results"
    autograder(course, "grade", folder, "--assignment", "backprop", "--out", results)
    done = autograder(course, "export", results, "--to", "nbgrader", "--course", folder, code=2)
    assert re.findall(r"^(\w+): written$", done.stdout, re.M) == ["amy", "cat", "dan"]
    assert "ben: nbgrader could not convert the notebook; scores and late penalty" in done.stdout
    assert "Warning" not in done.stderr
    assert not (folder / "gradebook.db").exists()
    found = subprocess.run(
        [sys.executable, "-c", PENALTIES],
        cwd=folder,
        env=ENVIRONMENT,
        capture_output=True,
        text=True,
    ).stdout.splitlines()
    full = sum(sum(ASSIGNMENT.rubric[name].values()) for name in RIGHT)
    late = [f"{student} {full} {full}" for student in ("amy", "ben", "cat")]
    assert sorted(found) == [*late, f"dan {full} 0.0"]
    nbgrader(folder, "generate_feedback", "backprop")
    assert "values: " in (folder / "feedback/amy/backprop/backprop.html").read_text()


# Marks that come back


def grade(manual=None, extra=None, auto=None, most=4.0, name="S1"):
    return SimpleNamespace(
        name=name, manual_score=manual, extra_credit=extra, auto_score=auto, max_score=most
    )


@pytest.mark.parametrize(
    "given, comment, points",
    [
        (grade(3), "", 3),
        (grade(3, extra=1.5), "So.", 4.5),
        (grade(extra=1.5), "", 1.5),
        (grade(extra=1.5, auto=0), "So.", 1.5),
        (grade(auto=0), "Why not?", 0),
        (grade(30), "", 30),
        (grade(0), "", 0),
        (grade(auto=0), "", None),
        (grade(), "", None),
        (grade(), "Wait.", None),
    ],
)
def test_a_mark_is_the_score_with_the_extra_credit_and_the_comment(given, comment, points):
    expected = [] if points is None else [Mark("S1", points, "nbgrader", comment)]
    assert expected == list(marks._mark(given, comment))


def test_what_is_not_taken_over_is_told():
    assert list(marks._remarks(grade(4), "")) == []
    assert list(marks._remarks(grade(30), "")) == ["S1: 30 of 4 points, taken as it is"]
    assert "comes with the score" in next(marks._remarks(grade(), "Wait."))


def test_what_a_person_gave_to_an_exercise_is_an_override():
    assert list(marks._override(grade(auto=8, name="train"), "")) == []
    (given,) = marks._override(grade(3, auto=8, name="train"), "")
    assert given == Override("train", 3, "given in nbgrader", "nbgrader")
    (given,) = marks._override(grade(extra=1, auto=8, name="train"), "So.")
    assert given == Override("train", 9, "So.", "nbgrader")


def test_a_second_import_takes_back_what_was_taken_back_and_tells_whom_it_leaves_out(
    course,  # noqa: F811
    results,
    monkeypatch,
    capsys,
):
    def import_(**found):
        given = {
            student: marks.Given(
                [Mark(n, p, "nbgrader") for n, p in points.items() if n != "train"],
                [Override(n, p, "so", "nbgrader") for n, p in points.items() if n == "train"],
                ["S1: so"],
            )
            for student, points in found.items()
        }
        monkeypatch.setattr(marks, "marks", lambda *_: given)
        with pytest.raises(SystemExit) as stopped:
            source = ["--from", "nbgrader", "--course", "school"]
            main(["--course", str(course), "import", str(results), *source])
        assert not stopped.value.code
        with Store(results, {"assignment": "backprop", "secret": "x"}) as store:
            (amy,) = store.results()
        given = amy.marks + tuple(Mark(o.exercise, o.points, o.by) for o in amy.overrides)
        return {m.question: m.points for m in given}, capsys.readouterr().out.splitlines()

    with Store(results, {"assignment": "backprop", "secret": "x"}) as store:
        store.mark("amy", [Mark("S6", 1, "eve")])
    kept, said = import_(amy={"S1": 3, "S2": 2}, zed={"S1": 1, "S2": 2}, yan={})
    assert kept == {"S1": 3, "S2": 2, "S6": 1}
    assert said == [
        "amy: S1: so",
        f"zed: left out: 2 marks of one who is not in {results}",
        "2 marks of 1 student",
    ]
    kept, said = import_(amy={"S2": 2.5})
    assert kept == {"S2": 2.5, "S6": 1}
    assert said[1:] == ["amy: S1: the mark was taken back", "1 mark of 1 student"]
    for _ in range(2):
        kept, said = import_(amy={"S2": 2.5, "train": 7})
        assert kept == {"S2": 2.5, "S6": 1, "train": 7}
    assert said[1:] == ["1 mark of 1 student"]  # it was known
    kept, said = import_(amy={"S2": 2.5})
    assert kept == {"S2": 2.5, "S6": 1}
    assert said[1] == "amy: train: the points by hand were taken back"
    assert import_(bob={})[0] == {"S2": 2.5, "S6": 1}  # another course's


@pytest.mark.parametrize(
    "content, told",
    [
        (b"no database at all, but long enough for a header", "not a gradebook, or damaged"),
        (b"", "not a gradebook of nbgrader"),
        (None, "no gradebook.db in it"),
    ],
    ids=["text", "empty", "missing"],
)
def test_a_gradebook_that_is_none_is_told_in_one_line_and_left_alone(
    course,  # noqa: F811
    results,
    tmp_path,
    content,
    told,
):
    path = tmp_path / "gradebook.db"
    if content is not None:
        path.write_bytes(content)
    for command, option in (("export", "--to"), ("import", "--from")):
        said = said_by(course, command, results, option, "nbgrader", "--course", tmp_path)
        assert told in said and said.count("\n") == 1
    assert content == (path.read_bytes() if path.exists() else None)


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


@pytest.mark.parametrize(
    ("address", "said"),
    [
        (None, "there is no such folder"),
        ("7", "nbgrader does not take its configuration"),
        ("'SECRET: no address'", "nbgrader's CourseDirectory.db_url is no address, such as sqlite"),
        ("'postgresql+psycopg://x:SECRET@host/y'", "needs psycopg here: pip install psycopg"),
        ("'nosuch://x:SECRET@host/y'", "no gradebook can be opened in nosuch"),
    ],
    ids=["folder", "refused", "address", "driver", "kind"],
)
def test_what_cannot_be_opened_as_a_course_is_told_with_its_name(
    course,  # noqa: F811
    results,
    tmp_path,
    address,
    said,
    monkeypatch,
):
    monkeypatch.setitem(sys.modules, "psycopg", None)  # as where it is not installed
    school = tmp_path / "elsewhere"
    if address is not None:
        school.mkdir()
        option = f"c.CourseDirectory.db_url = {address}"
        (school / "nbgrader_config.py").write_text(f"c = get_config()\n{option}\n")
    told = said_by(course, "export", results, "--to", "nbgrader", "--course", school)
    assert said in told.splitlines()[-1] and "SECRET" not in told


def test_an_assignment_that_the_gradebook_does_not_know_is_told_with_the_cure(
    course,  # noqa: F811
    results,
    tmp_path,
):
    gradebook(tmp_path / "school", "another")
    told = said_by(course, "export", results, "--to", "nbgrader", "--course", tmp_path / "school")
    assert "no assignment 'backprop' in the gradebook: run nbgrader generate_assignment" in told


def gradebook(folder, assignment, *cells):
    """The gradebook of a course with one assignment, made without nbgrader's commands."""
    from nbgrader.api import Gradebook

    folder.mkdir()
    find_alembic()
    (folder / "nbgrader_config.py").write_text("c = get_config()\n")
    with without_noise(), Gradebook(f"sqlite:///{folder}/gradebook.db") as made:
        made.add_assignment(assignment)
        made.add_notebook(assignment, assignment)
        for cell_name in cells:
            made.add_grade_cell(cell_name, assignment, assignment, max_score=9, cell_type="code")


def test_a_gradebook_without_a_cell_of_an_exercise_is_told_with_the_cure(
    course,  # noqa: F811
    results,
    tmp_path,
):
    gradebook(tmp_path / "school", "backprop", "other")
    told = said_by(course, "export", results, "--to", "nbgrader", "--course", tmp_path / "school")
    assert "no test cell named like an exercise: use the source notebook" in told


def test_who_has_nothing_in_the_course_or_no_score_is_left_out_and_named(course, tmp_path):  # noqa: F811
    school = tmp_path / "school"
    gradebook(school, "backprop", FIRST)
    (school / "submitted/ben/backprop").mkdir(parents=True)
    results = [
        Result("amy", "amy.ipynb", Status.graded),
        Result("ben", "ben.ipynb", Status.grader_error),
    ]
    assert list(export(school, ASSIGNMENT, results)) == [
        ("amy", "has nothing in submitted/: left out"),
        ("ben", "has no score (grader error): left out"),
    ]


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
    assert "3.5 of 4" in pages[0] and pages[0].count("not marked yet") == 6  # 5, and how many
    assert "3.5 of 4" not in pages[1]
    header, amy, ben = csv.reader((results / "scores.csv").read_text().splitlines())
    most = f"{ASSIGNMENT.max_score + 24:g}"
    assert [amy[3], amy[4], amy[header.index("S2")]] == ["3.5", most, "3.5"]
    assert [ben[3], ben[4], ben[header.index("S2")]] == ["0", most, ""]
    points = ASSIGNMENT.question_points
    assert score(found[1], ASSIGNMENT, {}).max_score == ASSIGNMENT.max_score
    assert score(found[1], ASSIGNMENT, points).questions["S1"] is None


def test_the_folder_of_an_nbgrader_course_stands_for_what_was_submitted(tmp_path):
    from autograder.reading.read import look

    for path in ("submitted/amy/backprop/backprop.ipynb", "source/backprop/backprop.ipynb"):
        (tmp_path / path).parent.mkdir(parents=True)
        (tmp_path / path).write_text("{}")
    (tmp_path / "gradebook.db").touch()
    assert list(look(Path(tmp_path)).of("backprop")) == ["amy"]


def tree(folder, submitted, *config):
    for path in (f"{submitted}/amy/backprop/backprop.ipynb", "source/backprop/backprop.ipynb"):
        (folder / path).parent.mkdir(parents=True)
        (folder / path).write_text("{}")
    (folder / "nbgrader_config.py").write_text("\n".join(["c = get_config()", *config]))


def test_the_configuration_says_where_submissions_are_and_is_never_executed(tmp_path):
    from autograder.reading.read import look

    option = "c.CourseDirectory.submitted_directory"
    tree(tmp_path, "handed_in", f"{option} = 'handed_in'", "raise SystemExit('it ran')")
    assert list(look(tmp_path).of("backprop")) == ["amy"]


def test_another_structure_of_folders_is_told_with_the_cure(tmp_path):
    from autograder.errors import SubmissionsError
    from autograder.reading.read import look

    structure = "{nbgrader_step}/{assignment_id}/{student_id}"
    tree(tmp_path, "submitted", f"c.CourseDirectory.directory_structure = {structure!r}")
    with pytest.raises(SubmissionsError, match="a folder for each student, instead"):
        look(tmp_path)


@pytest.mark.parametrize("option", [(), ("c.CourseDirectory.submitted_directory = 'handed_in'",)])
def test_a_course_to_which_nobody_has_handed_in_is_no_class_of_its_own_folders(tmp_path, option):
    from autograder.errors import SubmissionsError
    from autograder.reading.read import look

    tree(tmp_path, "release", *option)  # a name that no student has
    name = "handed_in" if option else "submitted"
    with pytest.raises(SubmissionsError, match=f"no {name}/ in this nbgrader course"):
        look(tmp_path)


def test_an_option_that_is_no_text_is_as_if_it_were_not_there(tmp_path):
    from autograder.reading.read import look

    tree(tmp_path, "submitted", "c.CourseDirectory.submitted_directory = 7")
    assert list(look(tmp_path).of("backprop")) == ["amy"]
