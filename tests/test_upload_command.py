"""`autograder upload` and `purge` as people call them."""

from __future__ import annotations

import json
import re
import sqlite3
import stat
from pathlib import Path

import keyring
import pytest
from click.testing import CliRunner
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from keyring.backends import null
from lms import canvas as canvas_stub
from lms import moodle as moodle_stub
from lms.ags import CLIENT, KEY_ID, Ags
from lms.serve import Answer, serving
from ours import assignment
from ruamel.yaml import YAML

from autograder import pipeline
from autograder.cli import main
from autograder.model import Kind, Mark, Outcome, Receipt, Result, Status, Verdict
from autograder.results.store import Store, read_about

ROOT = Path(__file__).parent.parent
NAME = "Zoë Ångström"


@pytest.fixture(scope="module")
def backprop():
    return assignment("backprop")


@pytest.fixture
def results(tmp_path, backprop):
    """Three students: all right, all wrong, and one that our fault left without a score."""

    def result(student, kind, status=Status.graded):
        outcomes = tuple(
            Outcome(exercise, tuple(Verdict(check, kind, "why") for check in points))
            for exercise, points in backprop.rubric.items()
        )
        path = f"zoeangstrom_{student}_{student}9_backprop.ipynb"
        receipt = Receipt(f"{student}9")
        return Result(student, path, status, outcomes=outcomes, receipt=receipt)

    folder = tmp_path / "results"
    folder.mkdir()
    with Store(folder, {"assignment": "backprop", "secret": "0"}) as store:
        store.save(result("101", Kind.passed))
        store.save(result("102", Kind.failed))
        store.save(result("103", Kind.grader_error, Status.grader_error))
        pipeline.write_results(store, folder, backprop)
    return folder


@pytest.fixture
def course(tmp_path, monkeypatch):
    """A course whose grading.yml names a Canvas; call with what to change."""
    folder = tmp_path / "course"
    folder.mkdir()
    for half in ("assignments", "reference"):
        (folder / half).symlink_to(ROOT / half)
    monkeypatch.setenv("AUTOGRADER_CANVAS_TOKEN", canvas_stub.TOKEN)

    def configured(address, **more):
        place = {"url": address, "course": 7}
        place["assignments"] = {"backprop": {"id": 2345, "title": "Homework 3"}}
        return configure(folder, canvas=place | more)

    return configured


def configure(folder, **places):
    grading = YAML(typ="safe", pure=True).load((ROOT / "grading.yml").read_text())
    grading["policy"]["lms"] = places
    (folder / "grading.yml").write_text(json.dumps(grading))
    return folder


@pytest.fixture
def canvas():
    students = [canvas_stub.Student(n, attachments=[n * 10 + 9]) for n in (101, 102, 103)]
    made = canvas_stub.Canvas([*students, canvas_stub.Student(104)], points=58)
    with serving(made.answer) as made.address:
        yield made


def call(*command):
    done = CliRunner().invoke(main, list(map(str, command)), standalone_mode=False)
    return done.exit_code, done.output


def test_a_plan_then_the_writing_then_nothing_to_do(course, canvas, results):
    upload = ("--course", course(canvas.address), "upload", results, "--to", "canvas")
    code, said = call(*upload)
    assert code == 2  # one has no score
    assert "Homework 3" in said and "58 points" in said and "students see scores at once" in said
    assert "set 2 · no score 1 · missing 1" in said
    assert "nothing was written: --apply writes it" in said
    assert {method for method, _ in canvas.log} == {"GET"}
    code, said = call(*upload, "--apply", "--comment", "--feedback")
    assert code == 2 and "nothing was written" not in said
    scores = {s.user: s.score for s in canvas.students.values()}
    assert scores == {101: 58, 102: 0, 103: None, 104: None}
    ((name, page),) = {tuple(file) for n, file in canvas.files.items() if file[0] == "101.html"}
    assert page == (results / "feedback" / name).read_bytes()
    assert "why" in canvas.students[102].comments[0]["comment"]
    code, said = call(*upload, "--apply", "--comment", "--feedback")
    assert "unchanged 2" in said and len(canvas.students[102].comments) == 1


def test_answers_without_a_mark_are_told_beside_the_plan(course, canvas, results):
    canvas.about["points_possible"] = 82  # with the six questions
    upload = ("--course", course(canvas.address), "upload", results, "--to", "canvas")
    with Store(results, read_about(results)) as store:
        store.mark("101", [Mark("S1", 3, "ada")])
    done = CliRunner().invoke(main, list(map(str, upload)), standalone_mode=False)
    told = "11 answers are not marked yet: students who wrote them get no score"
    assert done.stderr == f"warning: {told}\n" and "warning" not in done.stdout


def test_no_name_and_no_token_is_in_what_is_printed_or_written(course, canvas, results):
    upload = ("--course", course(canvas.address), "upload", results, "--to", "canvas")
    _, said = call(*upload, "--apply", "--comment")
    journal = results / "uploads" / "canvas.jsonl"
    for text in (said, journal.read_text()):
        assert canvas_stub.TOKEN not in text and "zoeangstrom" not in text
    assert stat.S_IMODE(journal.stat().st_mode) == 0o600


@pytest.mark.parametrize(
    ("more", "token", "said"),
    [
        (
            {"assignments": {"backprop": {"id": 2345, "title": "Homework 4"}}},
            canvas_stub.TOKEN,
            "should be 'Homework 4', and there it is 'Homework 3'",
        ),
        (
            {"assignments": {"backprop": {"id": 1, "title": "Homework 3"}}},
            canvas_stub.TOKEN,
            "Canvas: Not Found",
        ),
        ({"assignments": {}}, canvas_stub.TOKEN, "assignments: backprop is missing"),
        ({}, "wrong", "Invalid access token"),
        ({}, "", "no token for canvas: set AUTOGRADER_CANVAS_TOKEN"),
        ({"url": "http://canvas.example"}, canvas_stub.TOKEN, "only https"),
    ],
)
def test_what_is_wrong_is_one_line_and_writes_nothing(
    course, canvas, results, monkeypatch, more, token, said
):
    monkeypatch.setenv("AUTOGRADER_CANVAS_TOKEN", token)
    monkeypatch.setenv("PYTHON_KEYRING_BACKEND", "keyring.backends.null.Keyring")
    folder = course(canvas.address, **more)
    done = CliRunner().invoke(
        main, ["--course", str(folder), "upload", str(results), "--to", "canvas", "--apply"]
    )
    assert done.exit_code == 1 and re.search(said, done.output), done.output
    assert {method for method, _ in canvas.log} <= {"GET"}


def test_other_points_possible_are_refused(course, canvas, results):
    canvas.about["points_possible"] = 60
    done = CliRunner().invoke(
        main,
        ["--course", str(course(canvas.address)), "upload", str(results), "--to", "canvas"],
    )
    assert done.exit_code == 1 and "60 points possible there, and 58 here" in done.output


def test_a_token_may_be_in_a_file_that_nobody_else_can_read(course, canvas, results, monkeypatch):
    monkeypatch.delenv("AUTOGRADER_CANVAS_TOKEN")
    path = results.parent / "token"
    path.write_text(f"{canvas_stub.TOKEN}\n")
    monkeypatch.setenv("AUTOGRADER_CANVAS_TOKEN_FILE", str(path))
    command = ["--course", str(course(canvas.address)), "upload", str(results), "--to", "canvas"]
    path.chmod(0o644)
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1 and "chmod 600" in done.output
    path.chmod(0o600)
    assert "set 2" in CliRunner().invoke(main, command).output


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (None, "No such file or directory"),
        (b"\xff\xfeSECRET", "not a token, or not in UTF-8"),
    ],
)
def test_a_file_without_a_token_is_told_with_its_name_and_the_variable(
    course, canvas, results, monkeypatch, content, said
):
    monkeypatch.delenv("AUTOGRADER_CANVAS_TOKEN")
    path = results.parent / "token"
    if content is not None:
        path.write_bytes(content)
        path.chmod(0o600)
    monkeypatch.setenv("AUTOGRADER_CANVAS_TOKEN_FILE", str(path))
    folder = course(canvas.address)
    done = CliRunner().invoke(
        main, ["--course", str(folder), "upload", str(results), "--to", "canvas"]
    )
    told = f"autograder: AUTOGRADER_CANVAS_TOKEN_FILE: {path}: {said}\n"
    assert (done.exit_code, done.stderr) == (1, told)
    assert canvas.log == []


def test_a_token_may_be_in_the_keyring_under_the_address(course, canvas, results, monkeypatch):
    monkeypatch.delenv("AUTOGRADER_CANVAS_TOKEN")

    class Ring(null.Keyring):
        def get_password(self, service, username):
            return {("autograder", canvas.address): canvas_stub.TOKEN}.get((service, username))

    before = keyring.get_keyring()
    keyring.set_keyring(Ring())
    try:
        upload = ("--course", course(canvas.address), "upload", results, "--to", "canvas")
        code, said = call(*upload)
    finally:
        keyring.set_keyring(before)
    assert code == 2 and "set 2" in said and canvas_stub.TOKEN not in said


def test_scores_go_to_moodle(course, results, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_MOODLE_TOKEN", moodle_stub.TOKEN)
    users = [moodle_stub.Participant(n, 5000 + n) for n in (101, 102, 103, 104)]
    moodle = moodle_stub.Moodle(users, points=58)
    with serving(moodle.answer) as address:
        place = {"url": address, "course": moodle_stub.COURSE}
        place["assignments"] = {"backprop": {"id": moodle_stub.ASSIGNMENT, "title": "Homework 3"}}
        upload = ("upload", results, "--to", "moodle", "--comment", "--apply")
        code, said = call("--course", configure(course(""), moodle=place), *upload)
    assert code == 2 and "set 2 · no score 1 · missing 1" in said, said
    assert {p.number: p.grade for p in users} == {101: 58, 102: 0, 103: None, 104: None}
    assert "why" in users[1].comment and moodle_stub.TOKEN not in said


def test_moodle_s_assignment_of_another_title_is_refused(course, results, monkeypatch):
    monkeypatch.setenv("AUTOGRADER_MOODLE_TOKEN", moodle_stub.TOKEN)
    user = moodle_stub.Participant(101, 5101)
    with serving(moodle_stub.Moodle([user], points=58).answer) as address:
        place = {"url": address, "course": moodle_stub.COURSE}
        place["assignments"] = {"backprop": {"id": moodle_stub.ASSIGNMENT, "title": "Homework 4"}}
        folder = configure(course(""), moodle=place)
        done = CliRunner().invoke(
            main, ["--course", str(folder), "upload", str(results), "--to", "moodle", "--apply"]
        )
    assert done.exit_code == 1 and "should be 'Homework 4'" in done.stderr
    assert (user.grade, user.writes) == (None, 0)


@pytest.mark.parametrize("titles", [{}, {"backprop": "Homework 3"}])
def test_scores_go_to_a_line_item_that_is_called_as_the_assignment_or_as_was_said(
    course, results, monkeypatch, titles
):
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    pem, pkcs8 = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8
    private = key.private_bytes(pem, pkcs8, serialization.NoEncryption()).decode()
    spki = serialization.PublicFormat.SubjectPublicKeyInfo
    monkeypatch.setenv("AUTOGRADER_LTI_TOKEN", private)
    ags = Ags(key.public_key().public_bytes(pem, spki).decode())
    with serving(ags.answer) as address:
        place = {"token_url": f"{address}/token", "client_id": CLIENT, "key_id": KEY_ID}
        place |= {"lineitems": f"{address}/lineitems", "titles": titles}
        upload = ("--course", configure(course(""), lti=place), "upload", results, "--to", "lti")
        code, said = call(*upload)
        assert code == 2 and not ags.items and not ags.scores, said
        code, said = call(*upload, "--apply")
    assert code == 2 and "set 2" in said and "PRIVATE KEY" not in said, said
    (item,) = ags.items
    assert (item["label"], item["scoreMaximum"]) == (titles.get("backprop", "backprop"), 58)
    scores = {s["userId"]: s["scoreGiven"] for s in ags.scores if "scoreGiven" in s}
    assert scores == {"101": 58, "102": 0}


def test_a_score_that_the_lms_refuses_is_named_and_the_others_are_written(course, canvas, results):
    def answer(request):
        if request.method == "PUT" and request.path.endswith("/102"):
            return Answer(400, {"errors": [{"message": "no grades for this one"}]})
        return canvas.answer(request)

    with serving(answer) as address:
        canvas.public = address
        upload = ("--course", course(address), "upload", results, "--to", "canvas", "--apply")
        done = CliRunner().invoke(main, list(map(str, upload)), standalone_mode=False)
    assert done.exit_code == 2
    assert re.fullmatch("102: Canvas: .*no grades for this one.*\n", done.stderr), done.output
    assert {s.user: s.score for s in canvas.students.values()}[101] == 58


def test_an_lms_that_grading_yml_does_not_name_is_told_with_where_to_read_on(
    course, canvas, results
):
    folder = course(canvas.address)
    done = CliRunner().invoke(
        main, ["--course", str(folder), "upload", str(results), "--to", "moodle"]
    )
    told = "grading.yml: policy.lms.moodle is missing: docs/lms.md says what belongs there"
    assert done.exit_code == 1 and told in done.stderr


def test_there_is_nothing_to_upload_before_something_was_graded(course, canvas, results, tmp_path):
    empty = tmp_path / "empty"
    empty.mkdir()
    with Store(empty, {"assignment": "backprop", "secret": "0"}):
        pass
    done = CliRunner().invoke(
        main, ["--course", str(course(canvas.address)), "upload", str(empty), "--to", "canvas"]
    )
    assert done.exit_code == 1 and "no results to upload: grade something first" in done.stderr


def test_purge_forgets_one_student_everywhere_or_all_of_them(course, canvas, results):
    folder = course(canvas.address)
    call("--course", folder, "upload", results, "--to", "canvas", "--apply")
    for answer in ("n\n", ""):  # no, and nobody there to ask
        done = CliRunner().invoke(main, ["--course", str(folder), "purge", str(results)], answer)
        assert done.exit_code == 1 and "not confirmed: nothing was done" in done.output
    code, said = call("--course", folder, "purge", results, "--student", "102", "--yes")
    assert code == 0, said
    assert not (results / "feedback" / "102.html").exists()
    held = b"".join(p.read_bytes() for p in results.rglob("*") if p.is_file())
    assert b"102" not in re.sub(rb'"(at|after|op)": "[^"]*"|[0-9a-f]{16,}', b"", held).replace(
        b"1029", b""
    )
    assert b"zoeangstrom_102" not in held and b"zoeangstrom_101" in held
    with sqlite3.connect(results / "grades.db") as connection:
        assert connection.execute("SELECT count(*) FROM submissions").fetchone() == (2,)
    code, said = call("--course", folder, "upload", results, "--to", "canvas")  # the chain holds
    assert "unchanged 1" in said
    (results / "notes.txt").write_text("mine")
    code, said = call("--course", folder, "purge", results, "--yes")
    assert code == 0 and "left alone: notes.txt" in said
    assert {p.name for p in results.iterdir()} <= {"notes.txt", ".lock"}


def exported(course, results, tmp_path):
    """All that may be exported, here and elsewhere; returns the files elsewhere."""
    own = tmp_path / "Grades.csv"
    rows = (
        "Student,ID,Section,Backprop (1)",
        "    Points Possible,,,58",
        "Doe,101,x,",
        "Roe,102,x,",
    )
    own.write_text("\n".join(rows))
    mine = ("--gradebook", own, "--feedback")
    for more in (("json",), ("canvas", *mine), ("gradescope",)):
        call("--course", course, "export", results, "--to", *more)
    for target, name in (("csv", "a.csv"), ("json", "a\n.json"), ("gradescope", "a")):
        call("--course", course, "export", results, "--to", target, "--file", tmp_path / name)
    assert (results / "canvas-feedback.zip").exists() and (results / "Grades.csv").exists()
    assert stat.S_IMODE((results / "exports.jsonl").stat().st_mode) == 0o600
    return [tmp_path / "a.csv", tmp_path / "a\n.json", *(tmp_path / "a").iterdir()]


@pytest.mark.parametrize("student", [("--student", "102"), ()])
def test_purge_deletes_what_was_exported_and_tells(course, canvas, results, tmp_path, student):
    folder = course(canvas.address)
    elsewhere = exported(folder, results, tmp_path)
    assert len(elsewhere) == 4
    (tmp_path / "a.csv").write_text("of mine by now")
    (results / "scores.json").write_text("changed, and ours by its name")
    moved = results.rename(tmp_path / "moved")
    code, said = call("--course", folder, "purge", moved, "--yes", *student)
    assert code == 0 and "deleted what was exported" in said, said
    assert f"changed since, and left alone: {tmp_path / 'a.csv'}" in said
    assert [path for path in elsewhere if path.exists()] == [tmp_path / "a.csv"]
    assert (tmp_path / "Grades.csv").exists()  # not ours
    kept = {"grades.db", "scores.csv", "report.html", "feedback"} if student else set()
    assert {p.name for p in moved.iterdir()} - {".lock", "exports.jsonl"} == kept
    held = b"".join(p.read_bytes() for p in moved.rglob("*") if p.is_file())
    assert b"zoeangstrom_102" not in held


def test_purge_after_a_killed_upload_forgets_the_journal_too(course, canvas, results):
    folder = course(canvas.address)
    call("--course", folder, "upload", results, "--to", "canvas", "--apply")
    journal = results / "uploads" / "canvas.jsonl"
    whole = journal.read_bytes()
    journal.write_bytes(whole + b'{"at": "2026", "event": "intent", "student": "10')
    code, said = call("--course", folder, "purge", results, "--student", "101", "--yes")
    assert code == 0, said
    students = {json.loads(line).get("student") for line in journal.read_text().splitlines()}
    assert students == {None, "102"}
    assert call("--course", folder, "upload", results, "--to", "canvas")[0] == 2  # the chain holds


def test_a_damaged_journal_stops_purge_before_anything_is_gone(course, canvas, results):
    folder = course(canvas.address)
    call("--course", folder, "upload", results, "--to", "canvas", "--apply")
    journal = results / "uploads" / "canvas.jsonl"
    journal.write_bytes(b"{half\n" + journal.read_bytes())
    command = ["--course", str(folder), "purge", str(results), "--student", "102", "--yes"]
    done = CliRunner().invoke(main, command)
    assert done.exit_code == 1 and "canvas.jsonl: line 1 is not as we wrote it" in done.output
    assert (results / "feedback" / "102.html").exists()


def test_who_is_in_a_journal_only_can_be_forgotten(course, canvas, results):
    folder = course(canvas.address)
    code, said = call(
        *("--course", folder, "upload", results, "--to", "canvas", "--apply", "--zero-missing")
    )
    journal = results / "uploads" / "canvas.jsonl"
    assert '"104"' in journal.read_text(), said
    code, said = call("--course", folder, "purge", results, "--student", "104", "--yes")
    assert code == 0 and '"104"' not in journal.read_text(), said
    done = CliRunner().invoke(main, ["purge", str(results), "--student", "999", "--yes"])
    assert done.exit_code == 1 and "no result of '999'" in done.output


def test_purge_deletes_nothing_of_a_folder_that_is_not_ours(tmp_path):
    (tmp_path / "report.html").write_text("somebody's")
    done = CliRunner().invoke(main, ["purge", str(tmp_path), "--yes"])
    assert done.exit_code == 1 and (tmp_path / "report.html").exists()
    done = CliRunner().invoke(main, ["purge", str(tmp_path), "--student", "a", "--yes"])
    assert done.exit_code == 1 and "no grades.db in it" in done.output
    assert [path.name for path in tmp_path.iterdir()] == ["report.html"]
