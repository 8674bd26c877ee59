"""The commands, as people run them: real processes, real workers, files on the disk.

Most of these processes start warm; where it matters what one imports, it is a cold one.
"""

import contextlib
import csv
import io
import json
import os
import re
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
import warnings
import zipfile
from pathlib import Path

import nbformat
import pytest
import warm
from ours import assignment

from autograder.cli import main

ROOT = Path(__file__).parent.parent
ASSIGNMENT = assignment("backprop")
EXERCISES = list(ASSIGNMENT.references)
IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
SOLUTIONS = [IMPORTS, *(r.source(name) for name, r in ASSIGNMENT.references.items())]
HEADER = [
    "student_id",
    "submission",
    "status",
    "score",
    "max_score",
    *EXERCISES,
    *ASSIGNMENT.questions,
]
POINTS = [f"{sum(points.values()):g}" for points in ASSIGNMENT.rubric.values()]
TOTAL = f"{ASSIGNMENT.max_score:g}"
UNMARKED = ["" for _ in ASSIGNMENT.questions]


def after(cells: int) -> str:
    """What the first so many cells of SOLUTIONS earn; the first one holds imports only."""
    return f"{sum(map(float, POINTS[: cells - 1])):g}"


FULL = ["graded", TOTAL, TOTAL, *POINTS, *UNMARKED]


@pytest.fixture
def course(tmp_path) -> Path:
    """A course of its own, whose files a test may change."""
    folder = tmp_path / "course"
    folder.mkdir()
    for name in ("assignments", "reference"):
        shutil.copytree(ROOT / name, folder / name)
    shutil.copy(ROOT / "grading.yml", folder)
    return folder


def command(course: Path, *arguments: object) -> list[str]:
    return [sys.executable, "-m", "autograder", "--course", str(course), *map(str, arguments)]


def autograder(course: Path, *arguments: object, code: int = 0, **variables: str):
    env = os.environ | {"AUTOGRADER_SECRET": "a secret of the tests"} | variables
    done = warm.run("--course", course, *arguments, cwd=course.parent, env=env)
    assert done.returncode == code, done.stdout + done.stderr
    assert "Traceback" not in done.stderr
    return done


def grade(course: Path, submissions: Path, *options: object, code: int = 0) -> list[list[str]]:
    autograder(course, "grade", submissions, "--out", course / "results", *options, code=code)
    return scores(course)


def scores(course: Path) -> list[list[str]]:
    rows = list(csv.reader(io.StringIO((course / "results" / "scores.csv").read_text())))
    assert rows[0] == HEADER
    return rows[1:]


def notebook(*cells: str, **top: object) -> str:
    plain = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"cells": plain, "nbformat": 4, "nbformat_minor": 5} | top)


def write(folder: Path, **files: str) -> Path:
    folder.mkdir(parents=True, exist_ok=True)
    for name, text in files.items():
        path = folder / name.replace("__", "/").replace("_dot_", ".")
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(text, encoding="utf-8")
    return folder


def version_3(*cells: str) -> str:
    plain = [{"cell_type": "code", "input": cell, "language": "python"} for cell in cells]
    return json.dumps({"nbformat": 3, "nbformat_minor": 0, "worksheets": [{"cells": plain}]})


def released() -> nbformat.NotebookNode:
    return nbformat.read(ROOT / "assignments/backprop/backprop.ipynb", as_version=4)


def answered() -> nbformat.NotebookNode:
    """The student notebook with every answer typed in."""
    notebook = released()
    for cell in notebook.cells:
        if cell.id in ASSIGNMENT.references:
            cell.source = ASSIGNMENT.references[cell.id].source(cell.id)
    return notebook


def test_a_flat_folder_gives_one_exact_row_for_each_file(course):
    bare = answered()
    for cell in bare.cells:
        cell.pop("id"), cell.pop("metadata")
    duplicated = [cell.source for cell in answered().cells if cell.cell_type == "code"] * 2
    wrong_first = [f"def {EXERCISES[0]}(*args): return None", *SOLUTIONS]
    folder = write(
        course.parent / "flat",
        answered_dot_ipynb=nbformat.writes(answered()),
        bare_dot_ipynb=json.dumps(bare),
        deleted_dot_ipynb=notebook(*SOLUTIONS[:-1]),
        duplicated_dot_ipynb=notebook(*duplicated),
        empty_dot_ipynb="",
        essay_dot_txt="Gradients flow backwards.",
        last_counts_dot_ipynb=notebook(*wrong_first),
        old_dot_ipynb=version_3(*SOLUTIONS),
        reordered_dot_ipynb=notebook(SOLUTIONS[0], *reversed(SOLUTIONS[1:])),
        released_dot_ipynb=nbformat.writes(released()),
        script_dot_py="\n\n".join(SOLUTIONS),
        truncated_dot_ipynb=notebook(*SOLUTIONS)[:500],
    )
    (folder / ".ipynb_checkpoints").mkdir()
    (folder / ".ipynb_checkpoints" / "answered-checkpoint.ipynb").write_text("{}")
    nothing = ["0", TOTAL, *("0" for _ in POINTS), *UNMARKED]
    expected = {name: FULL for name in ("answered", "bare", "duplicated", "last_counts")}
    expected |= {name: FULL for name in ("old", "reordered", "script")}
    expected |= {name: ["unreadable", *nothing] for name in ("empty", "essay", "truncated")}
    expected["released"] = ["graded", *nothing]
    expected["deleted"] = ["graded", after(len(POINTS)), TOTAL, *POINTS[:-1], "0", *UNMARKED]
    endings = {"script": ".py", "essay": ".txt"}
    assert grade(course, folder) == [
        [name, name + endings.get(name, ".ipynb"), *expected[name]] for name in sorted(expected)
    ]
    assert sorted(p.stem for p in (course / "results/feedback").iterdir()) == sorted(expected)
    assert (course / "results/report.html").is_file()


def test_folders_trees_single_files_and_zips(course):
    good = notebook(*SOLUTIONS)
    folders = write(
        course.parent / "folders",
        amy__any_dot_ipynb=good,
        ben__backprop__backprop_dot_ipynb=good,
        cat__one_dot_ipynb=good,
        cat__two_dot_ipynb=good,
    )
    (folders / "dan").mkdir()
    rows = grade(course, folders)
    assert {row[0]: row[2] for row in rows} == {
        "amy": "graded",
        "ben": "graded",
        "cat": "unreadable",
        "dan": "unreadable",
    }
    assert "one.ipynb" in (course / "results/feedback/cat.html").read_text()
    archive = course.parent / "class.zip"
    with zipfile.ZipFile(archive, "w") as zipped:
        zipped.writestr("eve.ipynb", good)
        zipped.writestr("__MACOSX/._eve.ipynb", "junk")
    autograder(course, "grade", archive, "--out", course / "zipped")
    assert f"eve,eve.ipynb,graded,{TOTAL},{TOTAL}" in (course / "zipped/scores.csv").read_text()
    autograder(course, "grade", folders / "amy/any.ipynb", "--out", course / "one")
    assert f"any,any.ipynb,graded,{TOTAL},{TOTAL}" in (course / "one/scores.csv").read_text()


@pytest.mark.slow
def test_scores_do_not_depend_on_workers_order_or_run(course):
    names = [f"s{number:02}" for number in range(12)]
    answers = {name: notebook(*SOLUTIONS[: number % 6 + 1]) for number, name in enumerate(names)}
    forward = write(course.parent / "a", **{f"{n}_dot_ipynb": answers[n] for n in names})
    backward = write(course.parent / "b", **{f"{n}_dot_ipynb": answers[n] for n in names[::-1]})
    found = set()
    for number, (folder, workers) in enumerate([(forward, 1), (backward, 2), (forward, 2)]):
        out = course / f"results{number}"
        autograder(course, "grade", folder, "--out", out, "--workers", workers)
        found.add((out / "scores.csv").read_bytes())
    assert len(found) == 1


def graded_at(course: Path) -> dict[str, str]:
    with sqlite3.connect(course / "results" / "grades.db") as database:
        return dict(database.execute("SELECT student_id, id FROM submissions"))


def pages_of(course: Path) -> dict[str, int]:
    """By student, the file that is their page: another one if it was written again."""
    pages = (course / "results" / "feedback").iterdir()
    return {page.stem: page.stat().st_ctime_ns for page in pages}


@pytest.mark.slow
def test_only_what_changed_is_graded_again(course):
    folder = write(
        course.parent / "class",
        amy_dot_ipynb=notebook(*SOLUTIONS),
        ben_dot_ipynb=notebook(*SOLUTIONS[:3]),
        cat_dot_ipynb=notebook(*SOLUTIONS[:2]),
    )
    first = grade(course, folder)
    before = graded_at(course)

    pages = pages_of(course)
    done = subprocess.run(
        command(course, "grade", folder, "--out", course / "results"),
        env=os.environ
        | {"AUTOGRADER_SECRET": "a secret of the tests", "PYTHONPROFILEIMPORTTIME": "1"},
        cwd=course.parent,
        capture_output=True,
        text=True,
    )
    assert done.returncode == 0, done.stderr
    assert scores(course) == first
    assert graded_at(course) == before and pages_of(course) == pages  # nothing ran, or was written
    assert "autograder.pipeline" in done.stderr and "torch" not in done.stderr

    write(folder, ben_dot_ipynb=notebook(*SOLUTIONS))
    rows = grade(course, folder)
    assert [row[3] for row in rows] == [TOTAL, TOTAL, after(2)]
    assert {s for s, key in graded_at(course).items() if key != before[s]} == {"ben"}
    assert {s for s, key in pages_of(course).items() if key != pages[s]} == {"ben"}

    before, pages = graded_at(course), pages_of(course)
    rubric = course / "grading.yml"
    rubric.write_text(rubric.read_text().replace("{values: 2, ints: 1,", "{values: 20, ints: 1,"))
    rows = grade(course, folder)
    more = f"{ASSIGNMENT.max_score + 18:g}"
    assert [row[3:6] for row in rows] == [
        [more, more, "23"],
        [more, more, "23"],
        ["23", more, "23"],
    ]
    assert graded_at(course) == before  # scored anew, and nothing ran
    assert not pages_of(course).items() & pages.items()

    right = rubric.read_text()
    rubric.write_text(right.replace("{values: 20, ints: 1,", "{valuse: 20, ints: 1,"))
    out = course / "results"
    for call in (("grade", folder, "--out", out), ("report", out), ("export", out, "--to", "csv")):
        told = autograder(course, *call, code=1).stderr
        assert "no check 'valuse': did you mean 'values'?" in told
    rubric.write_text(right)

    (folder / "cat.ipynb").rename(course.parent / "cat.ipynb")  # it is kept, and told
    done = autograder(course, "grade", folder, "--out", course / "results")
    assert "not among these submissions: cat" in done.stdout and scores(course) == rows
    (course.parent / "cat.ipynb").rename(folder / "cat.ipynb")

    grade(course, folder, "--student", "amy")
    assert {s for s, key in graded_at(course).items() if key != before[s]} == {"amy"}

    reference = course / "reference/backprop/train.py"
    reference.write_text(reference.read_text() + "\n# a remark\n")
    before = graded_at(course)
    grade(course, folder)
    assert all(key != before[student] for student, key in graded_at(course).items())

    before = graded_at(course)
    grade(course, folder, "--force")
    assert all(key != before[student] for student, key in graded_at(course).items())


@pytest.mark.slow
def test_a_killed_run_is_completed_by_the_next_one(course):
    answers = [notebook(*SOLUTIONS[: number % 6 + 1]) for number in range(100)]
    folder = write(
        course.parent / "class", **{f"s{n:03}_dot_ipynb": a for n, a in enumerate(answers)}
    )
    run = command(course, "grade", folder, "--out", course / "results")
    environment = os.environ | {"AUTOGRADER_SECRET": "a secret of the tests"}
    process = subprocess.Popen(run, env=environment, stderr=subprocess.DEVNULL)
    while process.poll() is None and rows_in(course) < 25:
        time.sleep(0.02)
    process.send_signal(signal.SIGKILL)
    process.wait()
    assert 25 <= rows_in(course) < 100
    rows = grade(course, folder)
    assert [row[3] for row in rows] == [after(number % 6 + 1) for number in range(100)]
    before = graded_at(course)
    assert grade(course, folder) == rows
    assert graded_at(course) == before


def rows_in(course: Path) -> int:
    path = course / "results" / "grades.db"
    try:
        with sqlite3.connect(f"file:{path}?mode=ro", uri=True) as database:
            return database.execute("SELECT count(*) FROM submissions").fetchone()[0]
    except sqlite3.OperationalError:  # not there yet
        return 0


def break_solution(course: Path, name: str) -> None:
    path = course / "reference" / "backprop" / f"{name}.py"
    path.write_text(
        path.read_text().replace(f"def {name}(", f"def {name}(*_): 1 / 0\ndef _({''}", 1)
    )


def test_a_fault_of_ours_is_never_a_zero(course):
    break_solution(course, "train")
    folder = write(course.parent / "class", amy_dot_ipynb=notebook(*SOLUTIONS))
    done = autograder(course, "grade", folder, "--out", course / "results", code=2)
    points = ["" if name == "train" else p for name, p in zip(EXERCISES, POINTS, strict=True)]
    assert scores(course) == [["amy", "amy.ipynb", "grader_error", "", TOTAL, *points, *UNMARKED]]
    assert "train.py: the solution raised" in done.stdout
    page = (course / "results/feedback/amy.html").read_text()
    assert "ZeroDivisionError" not in page and "reference" not in page
    shutil.copy(ROOT / "reference/backprop/train.py", course / "reference/backprop")
    assert grade(course, folder) == [["amy", "amy.ipynb", *FULL]]


def test_a_broken_probe_is_a_fault_of_the_course_and_named(course):
    path = course / "assignments/backprop/train.py"
    path.write_text(path.read_text() + "\n\ndef probe(train, case):\n    return 5\n")
    folder = write(course.parent / "class", amy_dot_ipynb=notebook(*SOLUTIONS))
    assert "train.py: the probe failed with the solution" in one_line(course, "grade", folder)


def test_bad_calls_are_one_line_and_write_nothing(course):
    folder = write(course.parent / "class", amy_dot_ipynb=notebook(*SOLUTIONS))
    (course.parent / "empty").mkdir()
    broken = course.parent / "broken.zip"
    broken.write_bytes(b"PK")
    other = (course / "grading.yml").read_text()
    calls = {
        (
            "grade",
            folder,
            "--assignment",
            "bakprop",
        ): "no assignment 'bakprop': did you mean 'backprop'?",
        ("grade", course / "nowhere"): "there is no such file or folder",
        ("grade", course.parent / "empty"): "nothing to grade",
        ("grade", folder, "--student", "ami"): "no submission of 'ami': did you mean 'amy'?",
        ("grade", folder, "--wrokers", "2"): "No such option",
        ("report", course / "nowhere"): "no grades.db",
        ("build", "bakprop"): "did you mean 'backprop'?",
        ("check", folder): "is a folder",
        ("grade", folder, "--out", broken): "choose another --out",
        ("grade", broken): "not a readable zip file",
        ("grade", folder, "--out", folder): "holds the submissions: choose another --out",
        (
            *("grade", folder, "--roster", course.parent),
            *("--out", course.parent / "results"),
        ): f"{course.parent}: Is a directory",
    }
    for call, message in calls.items():
        assert message in one_line(course, *call)
    for text, message in {
        other.replace("ints: 1", "intz: 1"): "no check 'intz': did you mean 'ints'?",
        other.replace("ints: 1, ", ""): "no points for check 'ints'",
        other.replace("cell_seconds", "cell_second"): "did you mean 'cell_seconds'?",
        other.replace("  train:", "  trian:"): "trian.py is missing",
        other + "\nbackprop: {}\n": "the same key twice",
    }.items():
        (course / "grading.yml").write_text(text)
        assert message in one_line(course, "grade", folder)
    (course / "grading.yml").write_text(other)
    (course / "assignments/backprop/train.py").write_text("def train(:")
    assert "train.py:1: SyntaxError" in one_line(course, "grade", folder)
    assert not (course.parent / "results").exists()


def one_line(course: Path, *arguments: object) -> str:
    """The one line that such a call prints. (In this process: it starts no worker.)

    A secret that is made is told in another one, so no such call may make one.
    """
    errors = io.StringIO()
    with (
        contextlib.chdir(course.parent),
        contextlib.redirect_stderr(errors),
        pytest.raises(SystemExit) as stopped,
    ):
        main(["--course", str(course), *map(str, arguments)])
    assert stopped.value.code == 1
    assert errors.getvalue().startswith("autograder: ") and errors.getvalue().count("\n") == 1
    return errors.getvalue()


def test_a_results_folder_of_something_else_is_refused_and_left_alone(course, monkeypatch):
    folder = write(course.parent / "class", amy_dot_ipynb=notebook(*SOLUTIONS[:2]))
    grade(course, folder)
    record = course / "results/grades.db"
    before = record.read_bytes()
    call = ("grade", folder, "--out", course / "results")
    done = autograder(course, *call, code=1, AUTOGRADER_SECRET="another secret of the tests")
    assert "secret" in done.stderr and "choose another --out" in done.stderr
    assert record.read_bytes() == before
    record.write_bytes(b"not a database at all" * 100)
    monkeypatch.setenv("AUTOGRADER_SECRET", "a secret of the tests")
    assert "damaged" in one_line(course, *call)
    assert record.read_bytes() == b"not a database at all" * 100


def test_results_among_the_submissions_are_no_submission(course):
    folder = write(course.parent / "class", amy_dot_ipynb=notebook(*SOLUTIONS))
    for _ in range(2):
        autograder(course, "grade", folder, "--out", folder / "results")
    assert len((folder / "results/scores.csv").read_text().splitlines()) == 2
    assert "is a results folder" in one_line(course, "grade", folder / "results")
    (folder / "grades.db").write_text("of somebody who calls it so")
    autograder(course, "grade", folder, "--out", folder / "results")
    assert len((folder / "results/scores.csv").read_text().splitlines()) == 3


def test_report_writes_the_pages_again(course):
    folder = write(course.parent / "class", amy_dot_ipynb=notebook(*SOLUTIONS[:2]))
    grade(course, folder)
    files = ["scores.csv", "report.html", "feedback/amy.html"]
    before = [(course / "results" / name).read_bytes() for name in files]
    shutil.rmtree(course / "results/feedback")
    autograder(course, "report", course / "results")
    assert [(course / "results" / name).read_bytes() for name in files] == before


def test_no_page_shows_a_hidden_input_or_an_expected_value(course):
    wrong = [f"def {name}(*a): raise ValueError(a)" for name in EXERCISES]
    folder = write(
        course.parent / "class",
        amy_dot_ipynb=notebook(IMPORTS, *(f"def {name}(*a): return 1.5" for name in EXERCISES)),
        ben_dot_ipynb=notebook(IMPORTS, *(f"def {name}(*a): return None" for name in EXERCISES)),
        cat_dot_ipynb=notebook(IMPORTS, *wrong),
    )
    grade(course, folder)
    judge_values = hidden_numbers()
    for page in ("report", "feedback/amy", "feedback/ben", "feedback/cat"):
        text = (course / "results" / f"{page}.html").read_text()
        assert not [value for value in judge_values if value in text]


def hidden_numbers() -> set[str]:
    """Numbers of the hidden cases, as they would be printed, that are not likely by chance."""
    from autograder.compare import Tolerance
    from autograder.judging.judge import Judge

    judge = Judge("backprop", ASSIGNMENT.references, Tolerance(), b"a secret of the tests")
    cases = [case for name in EXERCISES for case in judge.prepare(name, "").cases]
    numbers = set(re.findall(r"\d+\.\d+", repr([case.data for case in cases])))
    telling = {number for number in numbers if len(number.strip("0.")) > 4}
    assert len(telling) > 40
    return telling


def test_check_runs_the_visible_cases_without_reference_or_rubric(course):
    """What is published is enough: the assignment's own folder."""
    published = course.parent / "published/backprop"
    shutil.copytree(ROOT / "assignments/backprop", published)
    nbformat.write(answered(), published / "mine.ipynb")
    done = autograder(course, "check", published / "mine.ipynb")
    many = len(EXERCISES)
    assert done.stdout.splitlines() == [
        *(f"{name}: passes the visible case" for name in EXERCISES),
        "",
        "without an answer: S1, S2, S3, S4, S5, S6",
        f"exercises of backprop that pass their visible checks: {many} of {many}",
    ]
    done = autograder(course, "check", published / "backprop.ipynb")
    assert done.stdout.splitlines() == [
        *(f"{name}: not done yet" for name in EXERCISES),
        "",
        f"still to do: {', '.join(EXERCISES)}",
        "without an answer: S1, S2, S3, S4, S5, S6",
        f"exercises of backprop that pass their visible checks: 0 of {many}",
    ]


@pytest.mark.slow
def test_scripts_get_json_or_next_to_nothing(course):
    folder = write(course.parent / "class", amy_dot_ipynb=notebook(*SOLUTIONS))
    out = course / "results"
    done = autograder(course, "grade", folder, "--out", out, "--json")
    found = json.loads(done.stdout)
    assert found["counts"] == {"graded": 1, "unreadable": 0, "grader_error": 0}
    assert found["mean"] == found["max_score"] == float(TOTAL) and found["exit_code"] == 0
    assert found["exercises"].keys() == set(EXERCISES) and found["isolation"]
    done = autograder(course, "grade", folder, "--out", out, "--quiet")
    assert (done.stdout, done.stderr) == (f"{out / 'scores.csv'}\n", "")
    backprop = ("--assignment", "backprop")
    other = write(course.parent / "other", amy_dot_ipynb=notebook("x = 1"))
    done = autograder(course, "grade", other, "--out", course / "others", "-q", *backprop)
    assert done.stdout == f"{course / 'others' / 'scores.csv'}\n"
    assert done.stderr.startswith("warning: no submission here defines a single name of")
    break_solution(course, "train")
    done = autograder(course, "grade", folder, "--out", out, "-q", code=2)
    assert done.stdout == f"{out / 'scores.csv'}\n"
    assert done.stderr.startswith("grader error (1 of 1): ")


def test_the_secret_is_made_once_and_is_private(course):
    folder = write(course.parent / "class", amy_dot_ipynb=notebook(*SOLUTIONS))
    environment = {key: v for key, v in os.environ.items() if key != "AUTOGRADER_SECRET"}
    run = command(course, "grade", folder, "--out", course / "results")
    for is_told in (True, False):
        done = subprocess.run(run, env=environment, capture_output=True, check=False)
        assert done.returncode == 0 and is_told == done.stderr.startswith(b"made ")
    secret = course / ".autograder-secret"
    assert secret.stat().st_mode & 0o777 == 0o600
    assert scores(course) == [["amy", "amy.ipynb", *FULL]]


def test_doctor_names_the_tier(course):
    assert autograder(course, "doctor").stdout.startswith("isolation tier ")


def test_build_check_notices_an_edited_notebook(course):
    path = course / "assignments/backprop/backprop.ipynb"
    path.write_text(path.read_text().replace("Back-propagation", "Front-propagation"))
    assert "backprop.ipynb" in one_line(course, "build", "--check")
    autograder(course, "build")
    autograder(course, "build", "--check")


@pytest.mark.parametrize("cases", ["class", "student"])
def test_right_answers_get_full_marks_with_cases_of_the_class_or_of_each_student(course, cases):
    rubric = course / "grading.yml"
    rubric.write_text(rubric.read_text().replace("cases: class", f"cases: {cases}"))
    folder = write(
        course.parent / "class",
        amy_dot_ipynb=notebook(*SOLUTIONS),
        ben_dot_ipynb=notebook(*SOLUTIONS),
    )
    assert [row[2:] for row in grade(course, folder)] == [FULL, FULL]


def test_a_file_that_was_graded_alone_counts_although_the_download_has_two(course):
    right, wrong = notebook(*SOLUTIONS), notebook("x = 1")
    both = {
        "roe_30_40_hw.ipynb": right,
        "doe_10_20_backprop.ipynb": wrong,
        "doe_10_21_backprop-1.ipynb": right,
    }
    download = course.parent / "download.zip"
    with zipfile.ZipFile(download, "w") as zipped:
        for name, text in both.items():
            zipped.writestr(name, text)
    rows = grade(course, download)
    assert [(row[0], row[2]) for row in rows] == [("10", "unreadable"), ("30", "graded")]
    page = (course / "results/feedback/10.html").read_text()
    assert "doe_10_20_backprop.ipynb and doe_10_21_backprop-1.ipynb" in page
    alone = course.parent / "alone"
    write(alone, **{"doe_10_21_backprop-1_dot_ipynb": right})
    out = ("--out", course / "results")
    refused = autograder(course, "grade", alone, *out, code=1)
    assert "all names are canvas's" in refused.stderr and "give --from canvas" in refused.stderr
    assert scores(course) == rows
    rows = grade(course, alone, "--from", "canvas")
    assert rows[0] == ["10", "doe_10_21_backprop-1.ipynb", *FULL]
    done = autograder(course, "grade", download, *out)
    assert "not looked at: doe_10_20_backprop.ipynb: another file of the same" in done.stderr
    assert scores(course) == rows
    told = json.loads(autograder(course, "grade", download, "--json", *out).stdout)
    assert told["beside"] == ["doe_10_20_backprop.ipynb"]
    with zipfile.ZipFile(download, "a") as zipped:  # handed in since: nobody has chosen that
        zipped.writestr("doe_10_22_backprop-2.ipynb", wrong)
    assert [(row[0], row[2]) for row in grade(course, download)] == [
        ("10", "unreadable"),
        ("30", "graded"),
    ]
    grade(course, alone, "--from", "canvas")
    assert grade(course, download)[0] == rows[0]
    autograder(course, "purge", course / "results", "--student", "10", "--yes")
    assert b"several files of" not in (course / "results/grades.db").read_bytes()


def test_a_file_that_was_there_before_was_chosen_by_nobody(course):
    folder = write(
        course.parent / "class", amy__a_dot_ipynb=notebook(SOLUTIONS[1]), ben_dot_py=SOLUTIONS[1]
    )
    assert [row[2] for row in grade(course, folder)] == ["graded", "graded"]
    write(folder, amy__b_dot_ipynb=notebook(*SOLUTIONS), ben_dot_ipynb=notebook(*SOLUTIONS))
    for _ in range(2):
        rows = grade(course, folder, "--assignment", "backprop")
        assert [row[2] for row in rows] == ["unreadable", "unreadable"]


def test_of_two_files_of_one_name_none_is_chosen(course):
    download = course.parent / "download.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(download, "w") as zipped:
        warnings.simplefilter("ignore")  # zipfile's own: Duplicate name
        for cells in (SOLUTIONS[:2], SOLUTIONS[:3]):
            zipped.writestr("doe_10_20_hw.ipynb", notebook(*cells))
        zipped.writestr("roe_30_40_hw.ipynb", notebook(*SOLUTIONS[:2]))
    for _ in range(2):
        rows = grade(course, download, "--from", "canvas")
        assert [row[2] for row in rows] == ["unreadable", "graded"]
        assert "2 files for one student" in (course / "results/feedback/10.html").read_text()


def test_an_unpacked_download_is_refused_only_where_its_students_are_known_by_ids(course):
    names = {
        f"{name}_{n}0_{n}1_hw_dot_ipynb": notebook(SOLUTIONS[1])
        for n, name in [(1, "doe"), (2, "roe")]
    }
    folder = write(course.parent / "class", **names)
    assert [row[0] for row in grade(course, folder)] == ["doe_10_11_hw", "roe_20_21_hw"]
    late = write(course.parent / "late", poe_30_31_hw_dot_ipynb=notebook(SOLUTIONS[1]))
    assert len(grade(course, late)) == 3
