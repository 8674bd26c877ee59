"""From verdicts to points, to the record, to `scores.csv` and to the pages."""

from __future__ import annotations

import csv
import io
import sqlite3
import urllib.parse
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from classes import publish

from autograder.course.outline import Outline
from autograder.course.policy import Policy
from autograder.errors import ResultsError
from autograder.escape import file_names
from autograder.files import replacing
from autograder.model import (
    NO_RECEIPT,
    CellNote,
    Kind,
    Outcome,
    Override,
    Receipt,
    Result,
    Status,
    Verdict,
)
from autograder.pages.overview import first_problem
from autograder.pages.words import IN_WORDS, STRANGE
from autograder.results.folder import RECORD
from autograder.results.score import Score, exact, number, score, write_csv
from autograder.results.store import Store, read_about

RUBRIC = {"one": {"a": 2, "b": 0.5}, "two": {"c": 1}}
WRONG = [kind for kind in Kind if kind not in (Kind.passed, Kind.grader_error)]


def outcome(exercise, *kinds, hint="why", mistakes=()):
    """An outcome with a verdict for each check of the exercise, in order."""
    checks = zip(RUBRIC[exercise], kinds, strict=True)
    verdicts = (Verdict(c, kind, "" if kind is Kind.passed else hint) for c, kind in checks)
    return Outcome(exercise, tuple(verdicts), tuple(mistakes))


def result(*outcomes, status=Status.graded, student_id="ann", **more):
    return Result(student_id, f"{student_id}.ipynb", status, outcomes=outcomes, **more)


passed, failed, error = Kind.passed, Kind.failed, Kind.grader_error
absent = Kind.missing
FULL = result(outcome("one", passed, passed), outcome("two", passed))
OURS = result(
    *(outcome("one", error, error), outcome("two", passed)),
    status=Status.grader_error,
    problem="the reference is at fault",
)
UNREADABLE = result(status=Status.unreadable, problem="the file is empty")
CRASHED = result(status=Status.grader_error, problem="ZygoteDied: gone")


# Points


@pytest.mark.parametrize(
    ("found", "exercises", "total"),
    [
        (FULL, {"one": 2.5, "two": 1}, 3.5),
        (result(outcome("one", passed, failed), outcome("two", passed)), {"one": 2, "two": 1}, 3),
        (
            result(outcome("one", failed, passed), outcome("two", failed)),
            {"one": 0.5, "two": 0},
            0.5,
        ),
        *(
            (
                result(outcome("one", kind, passed), outcome("two", kind)),
                {"one": 0.5, "two": 0},
                0.5,
            )
            for kind in WRONG
        ),
        (result(outcome("two", passed)), {"one": 0, "two": 1}, 1),
        (UNREADABLE, {"one": 0, "two": 0}, 0),
        (OURS, {"one": None, "two": 1}, None),
        (
            result(
                outcome("one", passed, error), outcome("two", failed), status=Status.grader_error
            ),
            {"one": None, "two": 0},
            None,
        ),
        (CRASHED, {"one": None, "two": None}, None),
        (result(Outcome("one", (Verdict("gone", passed),))), {"one": 0, "two": 0}, 0),
        (result(Outcome("gone", (Verdict("a", passed),))), {"one": 0, "two": 0}, 0),
    ],
)
def test_every_passed_check_earns_its_points_and_a_grader_error_is_no_zero(found, exercises, total):
    assert score(found, MATHS, {}) == Score(exercises, {}, total, 3.5)


@pytest.mark.parametrize(
    ("points", "text"),
    [
        *(
            (0, "0"),
            (3, "3"),
            (3.0, "3"),
            (2.5, "2.5"),
            (0.1 + 0.2, "0.3"),
            (112.3 / 3, "37.43"),
            (0.125, "0.13"),
            (2.675, "2.68"),
        ),
        *((999999.0, "999999"), (None, ""), (1e300, "1e+300"), (float("inf"), "inf")),
    ],
)
def test_points_are_written_as_people_write_them(points, text):
    assert number(points) == text


def test_files_for_programs_have_points_as_they_are(tmp_path):
    assert [exact(points) for points in (58.0, 112.3 / 3, None)] == ["58", "37.43333333", ""]
    third = replace(FULL, overrides=(Override("one", 1 / 3, "why", "eve"),))
    write_csv(tmp_path / "scores.csv", [third], MATHS)
    assert ",0.3333333333," in (tmp_path / "scores.csv").read_text()


# scores.csv


def test_the_csv_is_exactly_as_promised(tmp_path):
    awkward = ["Müller, Zoë", 'so-called "Bob"', "a\nb", "c\rd", " e ", "=1+1", "x" * 300]
    results = [
        FULL,
        replace(UNREADABLE, student_id="ben", path="ben/essay.pdf"),
        replace(OURS, student_id="cay"),
        replace(CRASHED, student_id="dee"),
        *(replace(UNREADABLE, student_id=name, path=name) for name in awkward),
    ]
    write_csv(tmp_path / "scores.csv", results, MATHS)
    written = (tmp_path / "scores.csv").read_bytes()
    long = b"x" * 300
    zero = b"unreadable,0,3.5,0,0\r\n"
    assert written == (
        b"student_id,submission,status,score,max_score,one,two\r\n"
        b"ann,ann.ipynb,graded,3.5,3.5,2.5,1\r\n"
        b"ben,ben/essay.pdf," + zero + b"cay,ann.ipynb,grader_error,,3.5,,1\r\n"
        b"dee,ann.ipynb,grader_error,,3.5,,\r\n"
        + '"Müller, Zoë","Müller, Zoë",'.encode()
        + zero
        + b'"so-called ""Bob""","so-called ""Bob""",'
        + zero
        + b'"a\nb","a\nb",'
        + zero
        + b'"c\rd","c\rd",'
        + zero
        + (b" e , e ," + zero + b"'=1+1,'=1+1," + zero + long + b"," + long + b"," + zero)
    )
    rows = list(csv.DictReader(io.StringIO(written.decode(), newline="")))
    told = [name.replace("=1+1", "'=1+1") for name in awkward]
    assert [row["student_id"] for row in rows] == ["ann", "ben", "cay", "dee", *told]


def test_a_class_without_submissions_has_a_header(tmp_path):
    write_csv(tmp_path / "scores.csv", [], replace(MATHS, rubric={"one": {"a": 1}}))
    header = b"student_id,submission,status,score,max_score,one\r\n"
    assert (tmp_path / "scores.csv").read_bytes() == header


# Files


def names(folder):
    return sorted(path.name for path in folder.iterdir())


def test_a_file_is_replaced_when_all_of_it_is_written(tmp_path):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with replacing(path) as file:
        file.write("é\r\n\n")
        assert path.read_text() == "old"
    assert path.read_bytes() == b"\xc3\xa9\r\n\n"
    assert names(tmp_path) == ["x.txt"]


@pytest.mark.parametrize("problem", [ValueError, KeyboardInterrupt])
def test_an_error_leaves_the_old_file_and_no_draft(tmp_path, problem):
    path = tmp_path / "x.txt"
    path.write_text("old")
    with pytest.raises(problem), replacing(path) as file:
        file.write("new")
        raise problem
    assert (path.read_text(), names(tmp_path)) == ("old", ["x.txt"])


def test_what_cannot_be_replaced_leaves_no_draft(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError), replacing(tmp_path / "folder") as file:
        file.write("new")
    assert names(tmp_path) == ["folder"]
    with pytest.raises(FileNotFoundError), replacing(tmp_path / "gone" / "x.txt"):
        pass


# The record

ABOUT = {"assignment": "maths", "secret": "0123"}
AGAIN = Receipt("2", "2026-11-20T23:59:00+01:00", late=True)
HOSTILE = "<b>'; DROP TABLE submissions; --\0\x1b[31m é\u2028\n\r"
RICH = Result(
    student_id=HOSTILE,
    path="sub/" + HOSTILE,
    status=Status.graded,
    problem=HOSTILE,
    notes=(CellNote(3, HOSTILE), CellNote(3, "again"), CellNote(1, "")),
    outcomes=(
        Outcome("two", tuple(Verdict(kind.name, kind, f"{kind} {HOSTILE}") for kind in Kind)),
        Outcome("one", (Verdict("a", passed),), (HOSTILE, "second", "first")),
    ),
    fingerprint="f" * 64,
    tier="A",
    seconds=1.234,
)


def stored(folder, *results):
    with Store(folder, ABOUT) as store:
        for found in results:
            store.save(found)
        return list(store.results())


def test_a_result_comes_back_as_it_was_saved(tmp_path):
    assert stored(tmp_path, RICH) == [RICH]
    assert stored(tmp_path) == [RICH]  # by another process, later


def test_results_are_sorted_by_student(tmp_path):
    results = [replace(FULL, student_id=name) for name in ["é", "b", "a", "B", "ab", "\U0001f600"]]
    found = [saved.student_id for saved in stored(tmp_path, *results)]
    assert found == sorted(found) == ["B", "a", "ab", "b", "é", "\U0001f600"]


def rows(folder):
    with sqlite3.connect(folder / RECORD) as connection:
        tables = ("submissions", "cell_notes", "verdicts", "mistakes")
        counts = [
            connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0] for table in tables
        ]
    connection.close()
    return counts


def test_a_result_takes_the_place_of_an_earlier_one(tmp_path):
    stored(tmp_path, RICH, FULL)
    assert rows(tmp_path) == [2, 3, 14, 3]
    for again in (replace(RICH, notes=(), seconds=2.0), replace(UNREADABLE, student_id=HOSTILE)):
        assert stored(tmp_path, again) == [again, FULL]
    assert rows(tmp_path) == [2, 0, 3, 0]


def test_what_is_done_leaves_out_grader_errors(tmp_path):
    with Store(tmp_path, ABOUT) as store:
        for name, found in {"a": FULL, "b": UNREADABLE, "c": OURS, "d": CRASHED}.items():
            store.save(replace(found, student_id=name, fingerprint=name.upper()))
        assert store.done() == {name: (name.upper(), "ann.ipynb", NO_RECEIPT) for name in "ab"}


def test_a_submission_that_moved_is_noted(tmp_path):
    with Store(tmp_path, ABOUT) as store:
        store.save(FULL)
        store.move("ann", "elsewhere/ann.ipynb", AGAIN)
        store.move("nobody", "x", AGAIN)
        moved = replace(FULL, path="elsewhere/ann.ipynb", receipt=AGAIN)
        assert list(store.results()) == [moved]


def change(folder, statement):
    with sqlite3.connect(folder / RECORD) as connection:
        connection.execute(statement)
    connection.close()


@pytest.mark.parametrize(
    ("about", "statement", "message"),
    [
        (
            ABOUT | {"assignment": "physics"},
            "SELECT 1",
            "{} is of assignment 'maths', not 'physics': choose another --out",
        ),
        (
            ABOUT | {"secret": "4567"},
            "SELECT 1",
            "{} is of secret '0123', not '4567': choose another --out",
        ),
        (
            ABOUT,
            "UPDATE about SET value = '0' WHERE key = 'schema'",
            "{} is of schema '0', not '4': choose another --out",
        ),
        (
            ABOUT,
            "DELETE FROM about WHERE key = 'secret'",
            "{} is of secret None, not '0123': choose another --out",
        ),
        (
            ABOUT,
            "DROP TABLE about",
            "{}: not a record of grades, or damaged (no such table: about): "
            "restore it from a backup, or choose another --out",
        ),
    ],
)
def test_a_record_of_something_else_is_refused(tmp_path, about, statement, message):
    stored(tmp_path, FULL)
    change(tmp_path, statement)
    with pytest.raises(ResultsError) as problem:
        Store(tmp_path, about)
    assert str(problem.value) == message.format(tmp_path / RECORD)


@pytest.mark.parametrize(
    "content", [b"student_id,score\r\n", b"garbage" * 1000, b"SQLite format 3\0"]
)
def test_a_file_that_is_no_record_is_refused_and_left_alone(tmp_path, content):
    (tmp_path / RECORD).write_bytes(content)
    message = "not a record of grades, or damaged"
    with pytest.raises(ResultsError, match=f"{message}.*choose another --out"):
        Store(tmp_path, ABOUT)
    with pytest.raises(ResultsError, match=message):
        read_about(tmp_path)
    assert (tmp_path / RECORD).read_bytes() == content


def test_a_record_that_cannot_be_written_is_told(tmp_path):
    with Store(tmp_path, ABOUT) as store:
        change(tmp_path, "DROP TABLE verdicts")
        with pytest.raises(ResultsError, match=r"grades.db: .*damaged \(no such table"):
            store.save(FULL)
        assert store.done() == {}  # all of a result, or nothing


def test_what_a_record_is_of_can_be_read(tmp_path):
    stored(tmp_path)
    assert read_about(tmp_path) == ABOUT | {"schema": "4"}


def test_a_folder_without_a_record_is_told_with_the_cure(tmp_path):
    with pytest.raises(ResultsError) as problem:
        read_about(tmp_path)
    cure = "give the folder that `grade --out` made"
    assert str(problem.value) == f"{tmp_path}: no {RECORD} in it: {cure}"
    assert names(tmp_path) == []


# Pages

MATHS = Outline("maths", Path("assignments/maths"), RUBRIC, Policy())


class Page(HTMLParser):
    """The text, the tags and the links of a page."""

    def __init__(self, path):
        super().__init__()
        self.tags, self.links, self.pieces, self.cells = set(), [], [], []
        self.html = path.read_text(encoding="utf-8")
        self.feed(self.html)
        self.text = " ".join(" ".join(self.pieces).split())

    def handle_starttag(self, tag, attributes):
        self.tags.add(tag)
        self.links += [value for name, value in attributes if name in ("href", "src")]

    def handle_data(self, data):
        self.pieces.append(data)


def written(folder, *results):
    """The report and the feedback pages, by student."""
    publish(results, folder, MATHS)
    names = file_names((r.student_id for r in results), ".html")
    pages = {student: folder / "feedback" / name for student, name in names.items()}
    return Page(folder / "report.html"), {student: Page(path) for student, path in pages.items()}


def test_a_page_tells_points_notes_mistakes_and_reasons(tmp_path):
    found = result(
        outcome("one", passed, failed, hint="it is one off", mistakes=["You counted from 1."]),
        outcome("two", Kind.timed_out, hint="stopped after 5 seconds"),
        notes=(CellNote(3, "NameError: x"),),
    )
    report, pages = written(tmp_path, found)
    text = pages["ann"].text
    for piece in (
        *("ann", "2 of 3.5 points", "cell 3 NameError: x", "one 2 of 2.5", "You counted from 1."),
        *("a passed 2 of 2", "b not right it is one off 0 of 0.5", "two 0 of 1"),
        "c ran too long stopped after 5 seconds 0 of 1",
    ):
        assert piece in text
    for piece in ("1 submission, 1 graded", "1 student You counted from 1.", "ann 2 of 3.5"):
        assert piece in report.text


def test_what_all_checks_say_is_said_once(tmp_path):
    _, pages = written(
        tmp_path, result(outcome("one", Kind.missing, Kind.missing, hint="not there"))
    )
    assert pages["ann"].text.count("not there") == 1


@pytest.mark.parametrize("kind", Kind)
def test_every_kind_of_verdict_has_words(tmp_path, kind):
    found = result(
        outcome("two", kind), status=Status.grader_error if kind is error else Status.graded
    )
    _, pages = written(tmp_path, found)
    assert f"c {IN_WORDS[kind]}" in pages["ann"].text


def test_an_unreadable_submission_is_told_why(tmp_path):
    report, pages = written(tmp_path, UNREADABLE)
    assert "could not be read: the file is empty." in pages["ann"].text
    assert "0 of 3.5 points" in pages["ann"].text
    assert "1 unreadable" in report.text and "the file is empty" in report.text


@pytest.mark.parametrize("found", [OURS, CRASHED], ids=["verdicts", "all of it"])
def test_a_grader_error_is_told_to_the_instructor_and_not_to_the_student(tmp_path, found):
    secret = "expected tensor([42.]) from the reference"
    outcomes = tuple(
        replace(o, verdicts=tuple(replace(v, hint=v.hint and secret) for v in o.verdicts))
        for o in found.outcomes
    )
    found = replace(found, outcomes=outcomes, problem=secret)
    report, pages = written(tmp_path, found)
    assert "tensor" not in pages["ann"].html
    assert "Not scored yet" in pages["ann"].text and "not on yours" in pages["ann"].text
    assert "of 3.5 points" not in pages["ann"].text
    assert secret in report.text and "1 with a grader error" in report.text


def test_the_means_are_of_graded_submissions_alone(tmp_path):
    half = result(outcome("one", passed, failed), outcome("two", passed), student_id="ben")
    report, _ = written(tmp_path, FULL, half, replace(CRASHED, student_id="cay"))
    assert "one 2.2 of 2.5 1" in report.text and "two 1.0 of 1 2" in report.text


EVIL = """<script>alert(1)</script>"'><img src=x onerror=alert(1)>{{ 7 * 7 }}&amp;"""


def test_nothing_of_the_students_becomes_markup(tmp_path):
    evil = replace(
        result(outcome("one", failed, Kind.raised, hint=EVIL, mistakes=[EVIL]), student_id=EVIL),
        student_id=EVIL.replace("/", "\u2044"),
        notes=(CellNote(1, EVIL),),
        path=EVIL,
        tier=EVIL,
        outcomes=(
            Outcome(
                "one", (Verdict("a", failed, EVIL), Verdict("b", Kind.raised, "x" + EVIL)), (EVIL,)
            ),
        ),
    )
    broken = replace(UNREADABLE, problem=EVIL)
    ours = replace(CRASHED, student_id="cay", problem=EVIL)
    report, pages = written(tmp_path, evil, broken, ours)
    for page in (report, *pages.values()):
        ours = page is report  # which has a script of its own
        assert page.html.count("<script") == ours and "onerror=alert(1)>" not in page.html
        assert not page.tags & ({"img"} if ours else {"script", "img"})
    assert all(EVIL in page.text for page in (report, pages[evil.student_id], pages["ann"]))


def test_pages_load_nothing_and_links_lead_to_pages(tmp_path):
    students = [
        "a b",
        "50%",
        "#1",
        "a?b",
        "Müller, Zoë",
        "a&b",
        "..x",
        "a\\b",
        "x" * 300,
        "é" * 150,
    ]
    report, pages = written(tmp_path, *(replace(FULL, student_id=name) for name in students))
    for page in pages.values():
        assert page.links == ["#e1", "#e2"]
    scores, *feedback = dict.fromkeys(report.links)
    assert scores == "scores.csv"
    for link, student in zip(feedback, students, strict=True):
        page = Page(tmp_path / urllib.parse.unquote(link))
        assert f"{student} maths" in page.text


@pytest.mark.parametrize(
    ("found", "text"),
    [
        (FULL, ""),
        (UNREADABLE, "the file is empty"),
        (OURS, "the reference is at fault"),
        (result(outcome("one", passed, failed)), "one: why"),
        (result(outcome("one", absent, absent), outcome("two", absent)), STRANGE),
        (result(outcome("one", absent, absent), outcome("two", failed)), "one: why"),
        (result(outcome("one", passed, failed, mistakes=["You added."])), "one: You added."),
        (
            result(outcome("one", passed, passed), outcome("two", failed, hint="no")),
            "two: no",
        ),
    ],
)
def test_the_first_problem_is_the_first_thing_that_went_wrong(found, text):
    assert first_problem(found) == text
