"""Scores out, as files: each is read again by the rules of the importer that it is for."""

from __future__ import annotations

import contextlib
import csv
import io
import json
import re
import stat
import subprocess
import sys
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from decimal import Decimal
from pathlib import Path

import jsonschema
import pytest
from classes import publish
from hypothesis import assume, given
from hypothesis import strategies as st
from ours import assignment
from test_gradescope import SCHEMA

from autograder.cli import main
from autograder.course.outline import Outline
from autograder.course.policy import LatePolicy, Policy
from autograder.errors import ResultsError, SheetError
from autograder.files import write_private
from autograder.model import Kind, Outcome, Receipt, Result, Status, Verdict
from autograder.results.score import write_csv
from autograder.results.store import Store
from autograder.sheets import FORMATS
from autograder.sheets.cells import edited, parse
from autograder.sheets.join import decimal, same
from autograder.sheets.order import Order

ROOT = Path(__file__).parent.parent
RUBRIC = {"one": {"a": 8.5, "b": 1.5}}
HW1 = Outline("hw1", Path("assignments/hw1"), RUBRIC, Policy())
HINT = 'Not \\ "right": x;=1 <b>1</b>\\'  # of what stumbles over backslashes, quotes and markup


def graded(student, passed="a", path=None, **more):
    """8.5 of 10 points, or what else the checks that passed earn."""
    verdicts = [
        Verdict(c, Kind.passed if c in passed else Kind.failed, "" if c in passed else HINT)
        for c in "ab"
    ]
    outcome = Outcome("one", tuple(verdicts))
    return Result(student, path or f"{student}.ipynb", Status.graded, outcomes=(outcome,), **more)


def failed(student):
    """Whom our grader failed."""
    return Result(student, f"{student}.ipynb", Status.grader_error, problem="ZygoteDied: gone")


@pytest.fixture
def export(tmp_path):
    """Export a class; returns the file, as bytes, and what was told."""

    def run(target, content, *results, name="in.csv", assignment=HW1, **options):
        folder = tmp_path / "results"
        folder.mkdir(exist_ok=True)
        if content is not None:
            options["gradebook"] = tmp_path / name
            (tmp_path / name).write_bytes(content)
        told = []
        order = Order(target, folder, assignment, results, **options)
        FORMATS[target].write(order, told.append)
        if content is not None:
            assert (tmp_path / name).read_bytes() == content
        path = options.get("file") or folder / name
        return path.read_bytes() if path.is_file() else None, "\n".join(told)

    return run


# Cells

TEXTS = st.text("a,;\t\"'\r\n= \u00e9\u5b66\U0001f600", max_size=30)
MARKS = st.sampled_from([b"", b"\xef\xbb\xbf", b"\xff\xfe", b"\xfe\xff"])
CODES = {b"\xff\xfe": "utf-16-le", b"\xfe\xff": "utf-16-be"}


def grid(text, delimiter):
    return list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter))


def opened(text, delimiter, mark=b""):
    """The table, unless a quote is never closed, which is refused."""
    try:
        return parse(mark + text.encode(CODES.get(mark, "utf-8")), delimiter)
    except SheetError as error:
        assert "a quote is never closed" in str(error)
        with pytest.raises(csv.Error):
            list(csv.reader(io.StringIO(text, newline=""), delimiter=delimiter, strict=True))
        assume(False)


@given(TEXTS, st.sampled_from(",;\t"), MARKS)
def test_a_table_says_what_csv_reads_and_is_written_as_it_was(text, delimiter, mark):
    sheet = opened(text, delimiter, mark)
    assert sheet.content() == mark + text.encode(CODES.get(mark, "utf-8"))
    assert [sheet.values(row) for row in range(len(sheet.rows))] == grid(text, delimiter)


@given(TEXTS, st.sampled_from(",;\t"), TEXTS, st.data())
def test_a_changed_cell_changes_nothing_else(text, delimiter, value, data):
    sheet = opened(text, delimiter)
    before = grid(text, delimiter)
    cells = [(r, c) for r, row in enumerate(before) for c in range(len(row))]
    assume(cells)
    row, column = data.draw(st.sampled_from(cells))
    written = edited(sheet, {(row, column): value}).content().decode()
    before[row][column] = value
    assert grid(written, delimiter) == before
    old = sheet.rows[row][column]
    beginning = "".join(delimiter.join(sheet.rows[r]) + sheet.ends[r] for r in range(row))
    beginning += "".join(cell + delimiter for cell in sheet.rows[row][:column])
    assert written.startswith(beginning)
    assert written.endswith(text[len(beginning) + len(old) :])
    if old.startswith('"'):
        assert written[len(beginning)] == '"'


@pytest.mark.parametrize(
    ("content", "told"),
    [
        (b'a,b\n1,"2\n3', "line 2: a quote is never closed"),
        ("a,ü\n".encode("latin-1"), r"not text in UTF-8 \(byte 2\)"),
        (b"\xff\xfea", "not text in UTF-16-LE"),
    ],
)
def test_what_is_no_table_is_refused(content, told):
    with pytest.raises(SheetError, match=told):
        parse(content)


@pytest.mark.parametrize(
    ("text", "number"),
    [
        *(("8.5", "8.5"), ("8,5", "8.5"), ("1,234", "1.234"), ("1.234,5", "1234.5"), (" 7 ", "7")),
        *(("-2", "-2"), ("58.00", "58"), (".5", "0.5"), ("", None), ("-", None), ("A+", None)),
        *(("40%", None), ("1e3", None), ("²", None), ("8.", None)),
    ],
)
def test_numbers_are_read_as_importers_read_them(text, number):
    assert decimal(text) == (None if number is None else Decimal(number))


@pytest.mark.parametrize(
    ("one", "other", "is_same"),
    [("8.50", "8.5", True), ("8.504", "8.5", True), ("8.505", "8.51", True), ("8.4", "8.5", False)],
)
def test_an_lms_looks_at_two_places(one, other, is_same):
    assert same(Decimal(one), Decimal(other)) is is_same


# Canvas

CANVAS = (
    b"\xef\xbb\xbfStudent,ID,SIS User ID,SIS Login ID,Section,"
    b'"HW1 (2345)",HW1 (late) (99),Final Score\r\n'
    b",,,,,Manual Posting,,\r\n"
    b"    Points Possible,,,,,10.00,10,(read only)\r\n"
    b'"Doe, ""J"" Jane",101,s1,jd,"Sec, 1",,=1+1,""\r\n'
    b'Roe,102,007,ar,Sec 1,"7.00",3,\n'
    b"Poe,103,,,Sec 1,8.50,,\r\n"
    b'Loe,104,,,"Sec\n1",EX,,\r\n'
    b"Moe,105,,,Sec 1,N/A,,\r\n"
    b'Noe,106,,,Sec 1,"-",,\r\n'
    b'Zoe,107,,,Sec 1,"",@x,y'
)
CLASS = [graded(str(number)) for number in (101, 102, 103, 104, 105)]
EMPTY, OTHER = b'"Sec, 1",,=1', b'"7.00"'


def canvas_import(content, points=10):
    """What Canvas would change, by user: the grade column of assignment 2345, and new columns."""

    def number(text):
        if not re.fullmatch(r"-?[0-9.,]+%?", text):
            return text
        *parts, last = re.split("[,.]", text)
        return f"{''.join(parts)}.{last}" if parts else last

    text = content.decode("utf-8-sig")
    counts = {}
    for delimiter in ";,":
        with contextlib.suppress(csv.Error):
            lines = text.splitlines(keepends=True)[:3]
            sizes = {len(next(csv.reader([x], delimiter=delimiter, strict=True))) for x in lines}
            counts[delimiter] = sizes.pop() if len(sizes) == 1 else 0
    delimiter = ";" if counts.get(";", 0) > counts.get(",", 0) else ","
    header, *rows = grid(text, delimiter)
    assert "Student" in header[0] and "ID" in header[1] and "Section" in header
    after = header[header.index("Section") + 1 :]
    new = [h for h in after if "Score" not in h and not re.fullmatch(r".*\s\(\d+\)", h)]
    column = next(i for i, h in enumerate(header) if re.fullmatch(r".*\s\(2345\)", h))
    grades, change = {}, False
    for row in rows:
        cells = [number(cell.strip()) for cell in row]
        if "Points Possible" in cells[0]:
            change = Decimal(cells[column]) != points
        elif not all(re.fullmatch(r"(?i)\s*(Muted|Manual Posting.*)?\s*", cell) for cell in row):
            grades[cells[1]] = cells[column]
    assert not new and not change
    return grades


def canvas_changes(before, after):
    """What Canvas notices: it compares at two places, and takes "-" for nothing."""
    old, new = canvas_import(before), canvas_import(after)
    assert old.keys() == new.keys()

    def seen(grade):
        nothing = grade in ("", "-")
        return "" if nothing else f"{float(grade):.2f}" if decimal(grade) is not None else grade

    return {user: new[user] for user in new if seen(old[user]) != seen(new[user])}


@pytest.mark.parametrize(
    ("options", "edits", "changes"),
    [
        ({}, {EMPTY: b'"Sec, 1",8.5,=1'}, {"101": "8.5"}),
        (
            {"overwrite": True},
            {EMPTY: b'"Sec, 1",8.5,=1', OTHER: b'"8.5"'},
            {"101": "8.5", "102": "8.5"},
        ),
        (
            {"zero_missing": True},
            {EMPTY: b'"Sec, 1",8.5,=1', b'"-"': b'"0"', b'"",@x': b'"0",@x'},
            {"101": "8.5", "106": "0", "107": "0"},
        ),
    ],
)
def test_canvas_sees_our_scores_and_no_other_byte_is_changed(export, options, edits, changes):
    written, told = export("canvas", CANVAS, *CLASS, **options)
    expected = CANVAS
    for old, new in edits.items():
        assert expected.count(old) == 1
        expected = expected.replace(old, new)
    assert written == expected
    assert canvas_changes(CANVAS, written) == changes
    assert "kept (stays as it is): 104 (excused), 105 (not assigned to them)" in told


def test_what_is_left_alone_is_listed_by_id(export):
    anonymous = graded("anon_acJ4Q")
    written, told = export("canvas", CANVAS, *CLASS, anonymous, failed("106"), graded("9\x1b[1m"))
    lines = told.splitlines()
    counts = "set 1, unchanged 1, conflict 1, kept 2, missing 1, not in the gradebook 2, no score 1"
    assert lines[0] == counts
    assert "102 (7.00, ours is 8.5)" in lines[1]
    assert lines[3].startswith("missing") and lines[3].endswith(": 107")
    assert "anon_acJ4Q, 9\x1b[1m; anonymous ids" in lines[4]
    assert lines[5].startswith("no score") and lines[5].endswith(": 106")
    assert not re.search("Doe|Jane|Roe|Poe|Loe|Moe|Noe|Zoe|Sec", told)
    assert canvas_changes(CANVAS, written) == {"101": "8.5"}


def test_a_student_without_a_score_is_no_zero_even_if_missing_ones_are(export):
    written, _ = export("canvas", CANVAS, graded("101"), failed("106"), zero_missing=True)
    assert canvas_changes(CANVAS, written) == {"101": "8.5", "107": "0"}


def test_with_semicolons_and_decimal_commas_canvas_still_reads_a_point(export):
    before = CANVAS.replace(b"Sec, 1", b"Sec 1").replace(b",", b";").replace(b"10.00", b"10,00")
    before = before.replace(b"8.50", b"8,50").replace(b"Doe;", b"Doe,")
    written, told = export("canvas", before, *CLASS)
    assert "set 1, unchanged 1, conflict 1" in told
    assert written == before.replace(b'"Sec 1";;', b'"Sec 1";8.5;')
    assert canvas_changes(before, written) == {"101": "8.5"}


@pytest.mark.parametrize("name", ["HW1 (2345)", "2345", "HW1"])
def test_a_column_is_named_by_title_or_id_or_both(export, name):
    written, _ = export("canvas", CANVAS, graded("101"), column=name)
    assert canvas_changes(CANVAS, written) == {"101": "8.5"}


def test_scores_can_be_matched_by_another_column(export):
    written, _ = export("canvas", CANVAS, graded("jd"), match="SIS Login ID")
    assert canvas_changes(CANVAS, written) == {"101": "8.5"}
    _, told = export("canvas", CANVAS, graded("007"), match="sis user id")
    assert "conflict 1" in told  # leading zeros count


def changed(old, new):
    assert CANVAS.count(old) >= 1
    return CANVAS.replace(old, new)


@pytest.mark.parametrize(
    ("content", "options", "told"),
    [
        (
            changed(b"10.00", b"12"),
            {},
            r"different points possible: 'HW1 \(2345\)' has 12, hw1 here 10",
        ),
        (changed(b"10.00", b""), {}, "different points possible: .* has none"),
        (changed(b"10.00", b"(read only)"), {}, r"no column is called 'hw1'"),
        (changed(b"HW1 (2345)", b"HW1"), {}, "no column is called"),
        (changed(b"HW1 (late)", b"HW1"), {}, r"2 columns .*: 'HW1 \(2345\)', 'HW1 \(99\)'"),
        (CANVAS, {"column": "HW2"}, r"called 'HW2': .*: 'HW1 \(2345\)', 'HW1 \(late\) \(99\)'$"),
        (changed(b"Points Possible", b"Points"), {}, "no row 'Points Possible'"),
        (changed(b"Section", b"Group"), {}, "not a gradebook of Canvas"),
        (changed(b"102,", b"101,"), {}, "101 in two rows"),
        (changed(b"101,", b"1,"), {}, "nobody in it was graded here: its ids look like '1'"),
        (changed(b"7.00", b'7","'), {}, "row 5 has 9 cells, the first 8"),
        (CANVAS, {"match": "Nobody"}, "no columns are called 'Nobody'"),
        (b"Student,ID,Section,HW1 (2345)\n", {}, "nobody in it"),
        (CANVAS + b'\r\n"', {}, "a quote is never closed: download it again"),
    ],
)
def test_what_is_no_gradebook_of_the_assignment_is_refused(
    export, tmp_path, content, options, told
):
    with pytest.raises(SheetError, match=told) as refused:
        export("canvas", content, graded("101"), **options)
    assert not re.search("Doe|Roe|Jane", str(refused.value))
    assert list((tmp_path / "results").iterdir()) == []


def test_anonymous_ids_are_said_to_match_nobody(export):
    with pytest.raises(SheetError, match="switch anonymous grading off"):
        export("canvas", CANVAS, graded("anon_acJ4Q"))


def test_the_given_file_and_ours_are_not_replaced(export, tmp_path):
    (tmp_path / "results").mkdir()
    given = tmp_path / "results/in.csv"
    given.write_bytes(CANVAS)
    twice = {"gradebook": given, "file": given}
    for options in ({"gradebook": given}, twice, {"name": "scores.csv"}, {"name": "grades.db"}):
        content = None if "gradebook" in options else CANVAS
        with pytest.raises(SheetError, match=r"would be replaced: .* --file"):
            export("canvas", content, graded("101"), **options)
    assert given.read_bytes() == CANVAS


OURS = (
    *("grades.db", "grades.db-wal", "grades.db-shm", "grades.db-journal", ".lock", "scores.csv"),
    *("report.html", "feedback", "feedback/1.html", "uploads/canvas.jsonl", "exports.jsonl"),
)


@pytest.mark.parametrize("name", OURS)
@pytest.mark.parametrize("target", ["canvas", "csv", "json", "gradescope"])
def test_no_format_writes_over_what_is_ours(export, tmp_path, target, name):
    if (target, name) == ("csv", "scores.csv"):
        return  # where it goes without --file
    content = CANVAS if target == "canvas" else None
    other = tmp_path / "other"
    other.mkdir()
    (other / "grades.db").write_bytes(b"another class")
    (tmp_path / "link").symlink_to(tmp_path / "results")
    for folder in (tmp_path / "results", tmp_path / "link", other):
        with pytest.raises(SheetError, match="is ours, and would be replaced"):
            export(target, content, graded("101"), file=folder / name)
    assert (other / "grades.db").read_bytes() == b"another class"
    assert list((tmp_path / "results").iterdir()) == []


@pytest.mark.parametrize(
    ("target", "ours"),
    [
        ("canvas", ("0101", "102")),
        ("moodle", ("011", "12")),
        ("blackboard", ("JDOE", "a_roe")),
        ("brightspace", ("123", "aroe")),
    ],
)
def test_nobody_gets_0_while_one_of_ours_is_not_in_the_gradebook(export, tmp_path, target, ours):
    own = {"canvas": CANVAS, "moodle": MOODLE}.get(target)
    own = own or {"blackboard": BLACKBOARD, "brightspace": BRIGHTSPACE}[target].encode()
    results = [graded(student) for student in ours]
    told = f"'{ours[0]}' was graded and is not in it, and may be somebody who would get 0, like '"
    with pytest.raises(SheetError, match=told):
        export(target, own, *results, zero_missing=True)
    assert list((tmp_path / "results").iterdir()) == []
    assert "not in the gradebook 1" in export(target, own, *results)[1]


@pytest.mark.parametrize("target", ["canvas", "moodle", "blackboard", "brightspace", "csv"])
def test_before_anybody_was_graded_there_is_nothing_to_export(export, target):
    before = {
        "canvas": CANVAS,
        "moodle": MOODLE,
        "blackboard": BLACKBOARD.encode(),
        "brightspace": BRIGHTSPACE.encode(),
    }
    if target == "csv":
        assert export(target, None)
    else:
        with pytest.raises((ResultsError, SheetError), match="grade"):
            export(target, before[target])


def test_without_its_own_export_an_lms_gets_nothing(export):
    for target in ("canvas", "moodle", "blackboard", "brightspace"):
        with pytest.raises(SheetError, match="--gradebook FILE"):
            export(target, None, graded("101"))


# Moodle

MOODLE = (
    b"\xef\xbb\xbfIdentifier,Full name,Email address,Status,Grade,Maximum Grade,"
    b"Grade can be changed,Last modified (submission),Last modified (grade),Feedback comments\r\n"
    b'Participant 11,"Doe, Jane",jd@x.edu,Submitted,,10.00,Yes,"Wednesday, 2:14 PM",-,\r\n'
    b"Participant 12,Al Roe,ar@x.edu,Submitted,8.50,10.00,Yes,-,-,Good work\r\n"
    b"Participant 13,Bo Poe,bp@x.edu,Submitted,,10.00,No,-,-,\r\n"
    b'Participant 14,Cy Loe,cl@x.edu,No submission,,10.00,Yes,-,-,"see me\nplease"\r\n'
)
GERMAN = (
    "ID,Vollständiger Name,Status,Bewertung,Bestwertung,Status der Bewertung,"
    "Bewertung kann geändert werden,Zuletzt geändert (Bewertung),Feedback als Kommentar\n"
    'Teilnehmer/in11,Jörg,"Abgegeben, bewertet",,"10,00",Nicht bewertet,Ja,-,\n'
    'Teilnehmer/in12,Anna,Abgegeben,"1,50","10,00",Nicht bewertet,Nein,-,'
).encode()


def moodle_import(content, known, grade="Grade", comma=False, maximum=10):
    """What Moodle's importer takes over: grades and comments, by participant.

    PHP's reader has a backslash that keeps a quote from closing a cell; what a participant number
    is begins after the word for it; grades that are blank or out of range are skipped.
    """
    text = content.decode("utf-8-sig").replace("\r\n", "\n").strip()
    header, *rows = csv.reader(io.StringIO(text, newline=""), escapechar="\\", strict=True)
    grades, comments = {}, {}
    for row in rows:
        assert len(row) == len(header)
        user = int(re.search(r"\d+$", row[0])[0])
        assert user in known
        text = row[header.index(grade)]
        value = float(text.replace(",", ".") if comma else text) if text else None
        if value is not None and 0 <= value <= maximum:
            grades[user] = value
        comments[user] = row[-1]
    return grades, comments


def test_moodle_takes_our_grades_and_no_other_byte_is_changed(export):
    results = [graded(str(n), passed) for n, passed in ((11, "a"), (12, "a"), (13, "a"))]
    written, told = export("moodle", MOODLE, *results)
    assert written == MOODLE.replace(b"Submitted,,10.00,Yes", b"Submitted,8.5,10.00,Yes")
    assert moodle_import(written, range(11, 15))[0] == {11: 8.5, 12: 8.5}
    assert "set 1, unchanged 1, conflict 0, kept 1, missing 1" in told
    assert "13 (locked in Moodle)" in told and "Jane" not in told
    written, _ = export("moodle", MOODLE, *results, zero_missing=True)
    assert moodle_import(written, range(11, 15))[0] == {11: 8.5, 12: 8.5, 14: 0}


def test_in_a_language_that_is_not_known_no_moodle_row_counts_as_locked(export):
    before = MOODLE.replace(b",Yes,", b",Igen,").replace(b",No,", b",Nem,")
    written, told = export("moodle", before, *(graded(str(n)) for n in (11, 12, 13)))
    assert moodle_import(written, range(11, 15))[0] == {11: 8.5, 12: 8.5, 13: 8.5}
    assert told.startswith("set 2, unchanged 1, ") and "locked" not in told


@pytest.mark.parametrize(
    ("status", "when", "gets_0"),
    [
        ("No submission", "-", True),
        ("No submission - Assignment is overdue by: 5 days", "-", True),
        ("Keine Abgabe", "-", True),
        ("Pas de travail remis", "", True),
        ("No submission", '"Wednesday, 10 June 2026, 2:14 PM"', False),
        ("Submitted for grading", "-", False),
        ("Submitted for grading - 3 mins late", '"10 juin 2026, 14:14"', False),
        ("Draft (not submitted)", "-", False),
        ("Zur Bewertung abgegeben", "-", False),
        ("Értékelésre beadva", '"2026. június 10., szerda, 14:14"', False),
        ("", "-", False),
    ],
)
def test_moodle_s_0_is_for_who_handed_nothing_in(export, status, when, gets_0):
    old = b"No submission,,10.00,Yes,-,-"
    assert MOODLE.count(old) == 1
    before = MOODLE.replace(old, f"{status},,10.00,Yes,{when},-".encode())
    results = [graded(str(number)) for number in (11, 12, 13)]
    written, told = export("moodle", before, *results, zero_missing=True)
    assert moodle_import(written, range(11, 15))[0].get(14) == (0 if gets_0 else None)
    assert (
        "not graded (handed in as far as the file tells: left as it is, and never 0): 14" in told
    ) is not gets_0
    assert ("not graded 1" in export("moodle", before, *results)[1]) is not gets_0


def test_what_waits_for_a_grade_in_blackboard_is_no_0(export):
    before = BLACKBOARD.replace('"3"', '""').encode()
    written, told = export("blackboard", before, graded("jdoe"), zero_missing=True)
    assert blackboard_import(written) == {"jdoe": "8.5", "a_roe": "Needs Grading", "bpoe": "0"}
    assert "never 0): a_roe" in told


def test_moodle_in_german_has_decimal_commas_and_other_words(export):
    written, told = export("moodle", GERMAN, graded("11"), graded("12"))
    assert written == GERMAN.replace(b'bewertet",,', b'bewertet","8,5",')
    grades, _ = moodle_import(written, (11, 12), grade="Bewertung", comma=True)
    assert grades == {11: 8.5, 12: 1.5}
    assert "12 (locked in Moodle)" in told


def test_comments_reach_moodle_as_html_and_replace_no_others(export):
    results = [graded("11"), graded("12"), graded("13")]
    written, told = export("moodle", MOODLE, *results, comments="Feedback comments")
    _, comments = moodle_import(written, range(11, 15))
    assert "x;'=1" in comments[11]  # no formula for who opens it in a spreadsheet
    assert comments[11].startswith("8.5 of 10 points.<br>\none (8.5 of 10): ")
    assert "&lt;b&gt;1&lt;/b&gt;&#92;" in comments[11] and not set('"\\') & set(comments[11])
    assert [comments[12], comments[13], comments[14]] == ["Good work", "", "see me\nplease"]
    assert "comments: set 1, unchanged 0, conflict 1: 12" in told
    again, told = export("moodle", written, *results, comments="Feedback comments")
    assert again == written and "comments: set 0, unchanged 1, conflict 1" in told
    written, _ = export(
        "moodle", MOODLE, *results, comments="Feedback comments", overwrite=True, zero_missing=True
    )
    _, comments = moodle_import(written, range(11, 15))
    assert comments[12] == comments[11] and comments[14] == "see me\nplease"


@pytest.mark.parametrize(
    ("old", "new", "options", "told"),
    [
        (b"10.00", b"12.00", {}, "different points possible: 'Grade' has 12.00, hw1 here 10"),
        (b"Grade,M", b"Punkte,M", {}, "cannot tell the column of the grade: .*'Punkte'"),
        (b"Grade,M", b"Grade,M", {"column": "Marks"}, "cannot tell the column of the grade"),
        (b"10.00", b"bad, good", {}, "cells"),
        (b"10.00", b"pass", {}, "is it graded by points"),
        (b"Participant 13", b"Bo Poe", {}, "not a grading worksheet"),
        (b"Identifier", b"Participant 9", {}, "not a grading worksheet"),
        (b"Participant 1", b"Participant 7", {}, "nobody in it was graded here"),
        (b"Grade,M", b"Grade,M", {"comments": "Remarks"}, "no columns are called 'Remarks'"),
    ],
)
def test_what_is_no_worksheet_of_the_assignment_is_refused(export, old, new, options, told):
    assert old in MOODLE
    with pytest.raises(SheetError, match=told):
        export("moodle", MOODLE.replace(old, new), graded("11"), **options)


def test_moodle_s_column_can_be_named_in_any_language(export):
    before = MOODLE.replace(b"Grade,M", b"\xc3\x89rdemjegy,M")
    written, _ = export("moodle", before, graded("11"), column="Érdemjegy")
    assert moodle_import(written, range(11, 15), grade="Érdemjegy")[0] == {11: 8.5, 12: 8.5}


# Blackboard and Brightspace

BLACKBOARD = (
    '"Last Name"\t"First Name"\t"Username"\t"Student ID"\t"HW1 [Total Pts: 10 Score] |664617"'
    '\t"HW1 [Total Pts: 10 Percentage] |9"\t"HW1"\n'
    '"Doe"\t"Jane"\t"jdoe"\t"007"\t""\t""\t""\n'
    '"Roe"\t"Al"\t"a_roe"\t"8"\t"Needs Grading"\t""\t""\n'
    '"Poe"\t"Bo"\t"bpoe"\t"9"\t"3"\t""\t""\n'
)


def blackboard_import(content):
    text = content.decode("utf-16" if content[:2] == b"\xff\xfe" else "utf-8-sig")
    header, *rows = grid(text, "\t" if "\t" in text else ",")
    column = next(i for i, title in enumerate(header) if title.endswith("|664617"))
    return {row[header.index("Username")]: row[column] for row in rows}


@pytest.mark.parametrize("delimiter", ["\t", ","])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_blackboard_gets_back_its_own_encoding_and_quotes(export, delimiter, encoding):
    before = BLACKBOARD.replace("\t", delimiter).encode(encoding)
    written, told = export("blackboard", before, graded("jdoe"), graded("a_roe"), graded("bpoe"))
    assert blackboard_import(written) == {"jdoe": "8.5", "a_roe": "8.5", "bpoe": "3"}
    assert "bpoe (3, ours is 8.5)" in told and "Jane" not in told
    changed = BLACKBOARD.replace('"007"\t""', '"007"\t"8.5"').replace("Needs Grading", "8.5")
    assert written == changed.replace("\t", delimiter).encode(encoding)


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        (" |664617", "", "no column like .*without the number it would make a new column"),
        ("Pts: 10 Score", "Pts: 20 Score", "different points possible"),
        ("Username", "Benutzername", "no columns are called 'Username'"),
        ("HW1 [", "HW2 [", "no column is called 'hw1': .*'HW2 .664617.'"),
    ],
)
def test_what_blackboard_would_not_understand_is_refused(export, old, new, told):
    assert old in BLACKBOARD
    with pytest.raises(SheetError, match=told):
        export("blackboard", BLACKBOARD.replace(old, new).encode(), graded("jdoe"))


BRIGHTSPACE = (
    "OrgDefinedId,Username,Last Name,Email,"
    "HW1 Points Grade <Numeric MaxPoints:10 Weight:5>,End-of-Line Indicator\r\n"
    "#00123,#jdoe,Doe,jane@x.edu,,#\r\n"
    '#00124,#aroe,"Roe, Al",al@x.edu,2.00,#\r\n'
)


def brightspace_import(content):
    header, *rows = grid(content.decode(), ",")
    assert header[-1] == "End-of-Line Indicator" and {row[-1] for row in rows} == {"#"}
    (column,) = [i for i, title in enumerate(header) if title.startswith("HW1 Points Grade")]
    return {row[1].removeprefix("#"): row[column] for row in rows}


@pytest.mark.parametrize("student", ["00123", "jdoe", "jane@x.edu"])
def test_brightspace_knows_students_by_three_columns(export, student):
    written, _ = export("brightspace", BRIGHTSPACE.encode(), graded(student))
    assert written.decode() == BRIGHTSPACE.replace("edu,,#", "edu,8.5,#")
    assert brightspace_import(written) == {"jdoe": "8.5", "aroe": "2.00"}


def test_the_number_of_a_brightspace_download_needs_a_class_list(export, tmp_path):
    student = graded("397063-2557369")
    with pytest.raises(SheetError, match=r"nobody .* like '00123', those in .* '397063-2557369'"):
        export("brightspace", BRIGHTSPACE.encode(), student)
    (tmp_path / "class.csv").write_text("id,e-mail\n397063-2557369,Jane@x.edu\n5,no@x.edu\n")
    written, _ = export("brightspace", BRIGHTSPACE.encode(), student, roster=tmp_path / "class.csv")
    assert brightspace_import(written)["jdoe"] == "8.5"
    ambiguous = "id,e-mail\n397063-2557369,jane@x.edu\n5,jane@x.edu\n"
    (tmp_path / "class.csv").write_text(ambiguous)
    with pytest.raises(SheetError, match="cannot tell who is who: 397063-2557369 and 5"):
        export(
            *("brightspace", BRIGHTSPACE.encode(), student, graded("5")),
            roster=tmp_path / "class.csv",
        )


def test_brightspace_rows_are_found_by_the_column_that_was_named(export):
    before = BRIGHTSPACE.replace("Last Name", "Number").replace("Doe", "#42").encode()
    written, _ = export("brightspace", before, graded("42"), match="Number")
    assert brightspace_import(written) == {"jdoe": "8.5", "aroe": "2.00"}
    with pytest.raises(SheetError, match="nobody"):  # the usual columns no longer count
        export("brightspace", before, graded("jdoe"), match="Number")
    with pytest.raises(SheetError, match="called 'Nmber': did you mean 'Number'"):
        export("brightspace", before, graded("42"), match="Nmber")


def test_a_brightspace_row_without_ids_and_a_person_without_an_address_are_passed_over(
    export, tmp_path
):
    before = BRIGHTSPACE + ",,Nobody,,,#\r\n"
    (tmp_path / "class.csv").write_text("id,e-mail\n8,\n397063-2557369,jane@x.edu\n")
    results = [graded("397063-2557369"), graded("8")]
    written, told = export("brightspace", before.encode(), *results, roster=tmp_path / "class.csv")
    assert written.decode() == before.replace("jane@x.edu,,", "jane@x.edu,8.5,")
    assert "graded, but not in the gradebook" in told and "8" in told


def test_points_of_questions_that_nobody_has_marked_are_told_where_they_are_missing(export):
    asked = replace(HW1, question_points={"S1": 2})
    before = BRIGHTSPACE.replace("MaxPoints:10", "MaxPoints:12").encode()
    with pytest.raises(
        SheetError, match="the 2 points of the questions count once they are marked"
    ):
        export("brightspace", before, graded("jdoe"), assignment=asked)


def test_brightspace_s_maximum_is_compared_where_it_says_one(export):
    with pytest.raises(SheetError, match="different points possible"):
        before = BRIGHTSPACE.replace("MaxPoints:10", "MaxPoints:12").encode()
        export("brightspace", before, graded("jdoe"))
    before = BRIGHTSPACE.replace(" <Numeric MaxPoints:10 Weight:5>", "").encode()
    written, told = export("brightspace", before, graded("jdoe"))
    assert brightspace_import(written)["jdoe"] == "8.5"
    assert "does not say of how many points HW1 is: it must be 10" in told
    with pytest.raises(SheetError, match="not grades of Brightspace"):
        before = BRIGHTSPACE.replace("End-of-Line Indicator", "End").encode()
        export("brightspace", before, graded("jdoe"))


# Feedback

CANVAS_NAMES = {
    "101": ("doejane_101_456_hw1-2.ipynb", "doejane_101_456_hw1_feedback.html"),
    "102": ("in/roe_al_LATE_102_7_8.ipynb", "roe_al_LATE_102_7_hw1_feedback.html"),
    "103": ("poe.ipynb", None),
    "104": ("linka_104_9_hw1.ipynb", None),
    "105": ("5_105_9_hw1.ipynb", None),
}


def unzipped(path, told):
    assert f"wrote {path}" in told
    with zipfile.ZipFile(path) as zipped:
        return {name: zipped.read(name) for name in zipped.namelist()}


def test_canvas_takes_feedback_under_the_name_that_was_handed_in(export, tmp_path):
    results = [graded(student, path=path) for student, (path, _) in CANVAS_NAMES.items()]
    (tmp_path / "results").mkdir()
    publish(results, tmp_path / "results", HW1)
    ours = replace(failed("106"), path="noe_106_7_hw1.ipynb")
    before = CANVAS.replace(b"EX", b"").replace(b"N/A", b"").replace(b"7.00", b"")
    _, told = export("canvas", before, *results, ours, feedback=True)
    pages = unzipped(tmp_path / "results/canvas-feedback.zip", told)
    expected = {student: name for student, (_, name) in CANVAS_NAMES.items() if name}
    assert list(pages) == list(expected.values())
    for student, name in expected.items():  # as Canvas reads it: the first two numbers
        assert next(part for part in name.split("_") if part.isdigit()) == student
        assert pages[name] == (tmp_path / f"results/feedback/{student}.html").read_bytes()
    assert "no feedback page" in told and told.count(": 103, 104, 105") == 1
    assert "doe" not in told
    _, told = export("canvas", CANVAS, *results, feedback=True)  # 102 has another score there
    assert list(unzipped(tmp_path / "results/canvas-feedback.zip", told)) == [expected["101"]]


def moodle_page_of(name, known):
    """Whose page Moodle takes it for, as it splits each part of a path."""
    for part in name.split("/"):
        info = part.split("_", 4)
        if len(info) >= 4 and info[1].isnumeric() and int(info[1]) in known:
            assert info[2:4] == ["assignsubmission", "file"]
            return int(info[1])
    return None


def test_moodle_takes_feedback_by_participant_and_the_zip_names_nobody(export, tmp_path):
    results = [graded(n, path=f"Jane Doe_{n}_assignsubmission_file_/a.ipynb") for n in ("11", "12")]
    (tmp_path / "results").mkdir()
    publish(results, tmp_path / "results", HW1)
    others = (failed("14"), graded("13"), graded("99"))  # ours, locked, not there
    _, told = export("moodle", MOODLE, *results, *others, feedback=True)
    pages = unzipped(tmp_path / "results/moodle-feedback.zip", told)
    assert [moodle_page_of(name, range(11, 15)) for name in pages] == [11, 12]
    assert all(name.endswith("/hw1_feedback.html") and "Jane" not in name for name in pages)
    assert b"8.5" in next(iter(pages.values()))
    first = (tmp_path / "results/moodle-feedback.zip").read_bytes()
    export("moodle", MOODLE, *results, feedback=True)
    assert (tmp_path / "results/moodle-feedback.zip").read_bytes() == first


def test_a_page_that_is_not_there_is_told_with_its_cure(export, tmp_path):
    with pytest.raises(ResultsError, match="autograder report"):
        export("canvas", CANVAS, graded("101", path="doe_101_2_a.ipynb"), feedback=True)
    assert list((tmp_path / "results").iterdir()) == []


# Rows and results.json


def test_json_has_the_fields_of_scores_csv_and_more(export, tmp_path):
    receipt = Receipt("456", "2026-11-20T15:00:00+00:00", late=True)
    results = [graded("amy", "ab"), graded("=ben", receipt=receipt), failed("cat")]
    export("json", None, *results)
    rows = json.loads((tmp_path / "results/scores.json").read_text())
    assert rows[1].pop("comment").startswith("8.5 of 10 points.\none")
    assert rows[1] == {
        **{"student_id": "=ben", "submission": "=ben.ipynb", "status": "graded"},
        **{"score": 8.5, "max_score": 10, "one": 8.5, "attempt": "456"},
        **{"submitted_at": "2026-11-20T15:00:00+00:00", "flagged_late": True},
    }
    assert [rows[0]["score"], rows[0]["attempt"]] == [10, None]
    assert [rows[2][key] for key in ("status", "score", "one", "comment")] == [
        *("grader_error", None, None, None)
    ]
    write_csv(tmp_path / "scores.csv", results, HW1)
    header = next(csv.reader((tmp_path / "scores.csv").read_text().splitlines()))
    assert list(rows[0])[: len(header)] == header


def test_an_exercise_cannot_be_called_like_another_field(export):
    assignment = replace(HW1, rubric={"comment": {"a": 10}})
    with pytest.raises(ResultsError, match="an exercise has the name of another column"):
        export("json", None, graded("amy"), assignment=assignment)


def test_gradescope_s_results_fit_its_schema_and_who_has_no_score_has_no_file(export, tmp_path):
    export("gradescope", None, graded("1"), graded("2", "ab"))
    export("gradescope", None, graded("1"), failed("2"), graded("a/b"))
    folder = tmp_path / "results/gradescope"
    found = {path.name: json.loads(path.read_text()) for path in folder.iterdir()}
    assert len(found) == 2 and "1.json" in found and "2.json" not in found
    for data in found.values():
        jsonschema.validate(data, SCHEMA)
        assert data["score"] == sum(test["score"] for test in data["tests"]) == 8.5


def test_a_late_policy_is_in_the_score_and_is_told_once(export, tmp_path):
    due = datetime(2026, 11, 20, tzinfo=UTC)
    policy = Policy(late=LatePolicy(due={"hw1": due}, percent_per_day=10))
    late = graded("101", receipt=Receipt("1", "2026-11-20T01:00:00+00:00"))
    assignment = replace(HW1, policy=policy)
    written, told = export("canvas", CANVAS, late, assignment=assignment)
    assert canvas_changes(CANVAS, written) == {"101": "7.5"}
    assert "have the LMS take nothing more" in told
    assert "lateness" not in export("canvas", CANVAS, graded("101"), assignment=assignment)[1]
    export("gradescope", None, late, assignment=assignment)
    data = json.loads((tmp_path / "results/gradescope/101.json").read_text())
    assert data["score"] == 7.5 and data["output"].startswith("1 taken off: late by 1 h")
    export("json", None, late, assignment=assignment)
    (row,) = json.loads((tmp_path / "results/scores.json").read_text())
    assert (row["score"], row["late"], row["flagged_late"]) == (7.5, -1, False)


# The command


@pytest.fixture(scope="module")
def results(tmp_path_factory):
    """A results folder of the real assignment: two who earn nothing, and one that we failed."""
    folder = tmp_path_factory.mktemp("class") / "results"
    folder.mkdir()
    with Store(folder, {"assignment": "backprop", "secret": "x"}) as store:
        for student in ("101", "9\x1b]0;x\x07"):
            store.save(Result(student, f"doe_{student}.ipynb", Status.unreadable, problem="empty"))
        store.save(failed("102"))
    return folder


POINTS = f"{assignment('backprop').max_score:g}".encode()
OWN = CANVAS.replace(b"HW1 (2345)", b"Back-Prop (2345)").replace(b"10.00", POINTS)


def said(capsys, *arguments):
    with pytest.raises(SystemExit) as stopped:
        main(["--course", str(ROOT), "export", *map(str, arguments)])
    output = capsys.readouterr()
    return stopped.value.code, output.out + output.err


def test_a_student_without_a_score_is_named_and_the_exit_code_says_so(results, capsys, tmp_path):
    (tmp_path / "own.csv").write_bytes(OWN)
    given = ("--to", "canvas", "--gradebook", tmp_path / "own.csv", "--overwrite")
    code, told = said(capsys, results, *given)
    assert code == 2
    assert "no score, as our grader failed: 102: grade them again" in told
    assert "not in the gradebook 1" in told and "9 ]0;x " in told and "\x1b" not in told
    assert not re.search("(?i)doe|jane|roe", told.replace("\n", " "))
    path = results / "own.csv"
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert path.read_bytes() == OWN.replace(EMPTY, b'"Sec, 1",0,=1')


def test_every_file_is_for_our_eyes_only(results, capsys, tmp_path):
    for target, place in (("csv", "x.csv"), ("json", "x.json"), ("gradescope", "x")):
        assert said(capsys, results, "--to", target, "--file", tmp_path / place)[0] == 2
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert len(files) == 4
    assert {stat.S_IMODE(path.stat().st_mode) for path in files} == {0o600}
    assert stat.S_IMODE((tmp_path / "x").stat().st_mode) == 0o700


@pytest.mark.parametrize("target", FORMATS)
def test_an_option_that_means_nothing_to_a_format_is_refused(results, capsys, target):
    options = {"gradebook": "x", "column": "x", "match": "x", "roster": "x", "comments": "x"}
    options |= {"course": "x", "feedback": None, "zero_missing": None, "overwrite": None}
    for option, value in options.items():
        if option not in FORMATS[target].options:
            name = f"--{option.replace('_', '-')}"
            code, told = said(capsys, results, "--to", target, name, *filter(None, [value]))
            assert (code, f"{name} means nothing to {target}" in told) == (1, True)


def test_a_refusal_is_one_line_and_writes_nothing(results, capsys, tmp_path):
    (tmp_path / "in.csv").write_bytes(OWN.replace(POINTS, b"3"))
    before = sorted(results.iterdir())
    given = ("--to", "canvas", "--gradebook", tmp_path / "in.csv")
    code, told = said(capsys, results, *given)
    assert code == 1 and told.count("\n") == 1 and "different points possible" in told
    code, told = said(capsys, results, "--to", "canvas", "--gradebook", tmp_path / "none.csv")
    assert code == 1 and told.count("\n") == 1 and "No such file" in told
    assert sorted(results.iterdir()) == before


def test_help_waits_for_nothing_heavy():
    loaded = "import sys, autograder.cli; print({'torch', 'numpy', 'pydantic'} & {*sys.modules})"
    done = subprocess.run([sys.executable, "-c", loaded], capture_output=True, text=True)
    assert done.stdout == "set()\n"


def test_a_private_file_is_whole_or_not_there(tmp_path):
    (tmp_path / "folder").mkdir()
    with pytest.raises(OSError, match=str(tmp_path)):
        write_private(tmp_path / "folder", b"x")
    assert [path.name for path in tmp_path.iterdir()] == ["folder"]
