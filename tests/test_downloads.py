"""Downloads of learning management systems give exactly the right rows, whatever is in them."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import stat
import subprocess
import sys
import warnings
import zipfile
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

import pytest
import vendors
from hypothesis import assume, given
from hypothesis import strategies as st

from autograder.build import write as write_built
from autograder.commands import terminal
from autograder.course.course import find_course
from autograder.errors import SubmissionsError
from autograder.model import Receipt
from autograder.reading import downloads
from autograder.reading import entries as entries_module
from autograder.reading import read as read_module
from autograder.reading.downloads import recognise
from autograder.reading.entries import JUNK, Entry
from autograder.reading.ipynb import Unreadable
from autograder.reading.read import LAYOUTS, look, read_submission
from autograder.reading.submitted import read_time

ROOT = Path(__file__).parent.parent
UUID = "0b1d6c0e-7d5f-4c9a-9a53-0d1b5a0e7f11"
TEXT = "a text entry, no notebook"
NO_JSON = "this is not a notebook: not valid JSON"


def nb(*sources):
    cells = [{"cell_type": "code", "source": source} for source in sources]
    return json.dumps({"cells": cells}).encode()


def find_students(source, assignment, **options):
    return look(source, **options).of(assignment)


A, B = nb("a"), nb("b")
GOOD = {vendors.canvas(f"Student {n}", 10 + n, 20 + n, "hw.ipynb"): A for n in range(4)}


@pytest.fixture
def archive(tmp_path):
    def archive(files, name="submissions.zip"):
        with zipfile.ZipFile(tmp_path / name, "w", zipfile.ZIP_DEFLATED) as zipped:
            for entry, content in dict(files).items():
                zipped.writestr(entry, content)
        return tmp_path / name

    return archive


def rows(source, layout=None):
    """By student: what is shown of the path, cells or problem, and the receipt."""
    found = {
        student: read_submission(student, entries, "maths")
        for student, entries in find_students(source, "maths", layout=layout).items()
    }
    downloaded = datetime.fromtimestamp(source.stat().st_mtime, UTC).isoformat(timespec="seconds")
    assert {f.receipt.as_of for f in found.values()} <= {"" if source.is_dir() else downloaded, ""}
    return {
        s: (f.path, f.problem or f.cells, replace(f.receipt, as_of="")) for s, f in found.items()
    }


def only(source, **options):
    """By student: cells or problem."""
    return {student: row[1] for student, row in rows(source, **options).items()}


# Canvas


def late(attempt):
    return Receipt(attempt, late=True)


CANVAS = {  # sortable name, user, attachment, file, options; the row
    "plain": (("Doe, Jane", 123, 456, "hw1.ipynb", {}), "123", Receipt("456")),
    "late": (("Doe, Jane", 123, 456, "hw1.ipynb", {"late": True}), "123", late("456")),
    "umlauts": (("Müller, Jürgen", 7, 8, "Übung 1.ipynb", {}), "7", Receipt("8")),
    "CJK": (("王小明", 9, 10, "作业.ipynb", {}), "9", Receipt("10")),
    "marks": (("हिन्दी", 11, 12, "x.ipynb", {}), "11", Receipt("12")),
    "digits": (("Doe 2, Jane 3", 13, 14, "1_2_3.ipynb", {}), "13", Receipt("14")),
    "only digits": (("42", 15, 16, "7_8.ipynb", {}), "15", Receipt("16")),
    "underscores": (("_a__b_", 17, 18, "a_b_.ipynb", {}), "17", Receipt("18")),
    "numbers in underscores": (("a_12_b", 19, 20, "x.ipynb", {}), "19", Receipt("20")),
    "a number at the end": (("a_12", 21, 22, "x.ipynb", {"late": True}), "21", late("22")),
    "no name": (("😀", 23, 24, "x.ipynb", {}), "23", Receipt("24")),
    "called late": (("Late, LATE", 25, 26, "LATE_1_2.ipynb", {}), "25", Receipt("26")),
    "called anon": (("anon", 12345, 28, "x.ipynb", {}), "12345", Receipt("28")),
    "a group": (("Team 7 (A)", 29, 30, "x.ipynb", {}), "29", Receipt("30")),
    "large ids": (("x", 170000001234567, 31, "x.ipynb", {}), "170000001234567", Receipt("31")),
    "odd file": (("y", 32, 33, 'a:b*"c".ipynb', {}), "32", Receipt("33")),
}


@pytest.mark.parametrize(("given", "student", "receipt"), CANVAS.values(), ids=CANVAS)
def test_a_canvas_name_tells_student_upload_and_lateness(archive, given, student, receipt):
    *parts, options = given
    name = vendors.canvas(*parts, **options)
    source = archive({name: A, vendors.canvas("Other", 99, 98, "o.ipynb"): B})
    other = ("other_99_98_o.ipynb", ("b",), Receipt("98"))
    assert rows(source) == {student: (name, ("a",), receipt), "99": other}


def test_all_of_a_canvas_class_is_told_apart(archive):
    names = {
        vendors.canvas(*parts[:-1], **parts[-1]): i for parts, i, _ in list(CANVAS.values())[1:]
    }
    assert len(names) == len(CANVAS) - 1
    found = rows(archive(dict.fromkeys(names, A)))
    assert {path: student for student, (path, *_) in found.items()} == names
    assert look(archive(dict.fromkeys(names, A))).lms == "Canvas"


def test_anonymous_grading_of_canvas_has_ids_of_its_own(archive):
    names = [
        vendors.canvas("Doe", 1, 8, "f.ipynb", anonymous="acJ4Q"),
        vendors.canvas("Roe", 2, 9, "f.ipynb", anonymous="12345", late=True),
    ]
    assert rows(archive(dict.fromkeys(names, A))) == {
        "anon_acJ4Q": ("anon_acJ4Q_8_f.ipynb", ("a",), Receipt("8")),
        "anon_12345": ("LATE_anon_12345_9_f.ipynb", ("a",), Receipt("9", late=True)),
    }


@pytest.mark.parametrize(("page", "what"), [("text", "a text entry"), ("link", "a link")])
def test_text_entries_and_links_are_told_of_anonymous_students_too(archive, page, what):
    files = {f"LATE_anon_acJ4Q_{page}.html": b"<p>", "anon_12345_9_f.ipynb": A}
    assert rows(archive(files)) == {
        "anon_acJ4Q": (
            f"LATE_anon_acJ4Q_{page}.html",
            f"{what}, no notebook",
            Receipt(late=True),
        ),
        "anon_12345": ("anon_12345_9_f.ipynb", ("a",), Receipt("9")),
    }


def test_one_student_who_is_called_anon_is_not_anonymous():
    assert placed("canvas", "anon_123456_7_x.ipynb") == ("123456", "x.ipynb")


@pytest.mark.parametrize(
    ("uploaded", "named"),
    [
        ("maths.ipynb", "maths.ipynb"),
        ("maths-1.ipynb", "maths.ipynb"),
        ("maths-12.ipynb", "maths.ipynb"),
        (f"maths-{UUID}.ipynb", "maths.ipynb"),
        ("maths-1.ipynb.txt", "maths.ipynb.txt"),
        ("maths.ipynb-1.txt", "maths.ipynb.txt"),
        ("maths-2026.ipynb", "maths-2026.ipynb"),
        ("maths-v2.ipynb", "maths-v2.ipynb"),
        ("-1.ipynb", "-1.ipynb"),
    ],
)
def test_what_canvas_adds_to_a_name_uploaded_again_is_taken_off(uploaded, named):
    assert placed("canvas", f"doejane_1_2_{uploaded}") == ("1", named)


def test_two_notebooks_of_one_canvas_upload_are_one_students_problem(archive):
    names = [vendors.canvas("Doe", 1, 2, "a.ipynb"), vendors.canvas("Doe", 1, 3, "b-1.ipynb")]
    source = archive(dict.fromkeys([*names, vendors.canvas("Roe", 4, 5, "c.ipynb")], A))
    problem = "2 files for one student: a.ipynb and b.ipynb; keep one of them"  # no name of theirs
    assert rows(source)["1"][:2] == (names[0], problem)
    assert rows(source)["4"][1] == ("a",)


def test_the_notebook_named_like_the_assignment_counts_under_canvas_names_too(archive):
    files = {"doe_1_2_scratch.ipynb": A, "doe_1_3_maths-2.ipynb": B, "roe_4_5_x.ipynb": A}
    assert rows(archive(files))["1"] == ("doe_1_3_maths-2.ipynb", ("b",), Receipt("3"))


def test_helpers_beside_a_canvas_notebook_have_their_own_names_again(archive):
    files = {"doe_1_2_hw.ipynb": A, "doe_1_3_helper-1.py": b"h = 1", "roe_4_5_helper.py": b"r = 1"}
    students = find_students(archive(files), "maths")
    assert read_submission("1", students["1"], "maths").files == {"helper.py": "h = 1"}
    assert read_submission("4", students["4"], "maths").cells == ("r = 1",)


@pytest.mark.parametrize("late", [False, True])
def test_text_entries_and_links_of_canvas_are_told(archive, late):
    prefixes = [vendors.canvas_prefix(n, u, late) for n, u in [("Doe", 1), ("Roe", 2)]]
    files = {f"{prefixes[0]}_text.html": b"<p>", f"{prefixes[1]}_link.html": b"<p>"}
    assert rows(archive(files | {"poe_3_4_x.ipynb": A})) == {
        "1": (f"{prefixes[0]}_text.html", TEXT, Receipt(late=late)),
        "2": (f"{prefixes[1]}_link.html", "a link, no notebook", Receipt(late=late)),
        "3": ("poe_3_4_x.ipynb", ("a",), Receipt("4")),
    }


@pytest.mark.parametrize(
    "names",
    [
        ["alice.ipynb"],
        ["12_34_x.ipynb"],
        ["12_34_x.ipynb", "13_35_y.ipynb"],
        ["alice_2024_11_hw.ipynb", "bob_2024_11_hw.ipynb"],
        ["alice_2024_11_hw.ipynb", "bob_2025_11_hw.ipynb"],
        ["alice_2024_11_hw.ipynb", "bob_2024_12_hw.ipynb", "carol_2025_13_hw.ipynb"],
        ["hw_1_23_alice.ipynb", "hw_1_24_bob.ipynb"],
        ["hw_1_23_alice.ipynb", "hw_2_24_bob.ipynb", "hw_3_25_carol.ipynb"],
        ["Alice_1_2_hw.ipynb", "Bob_3_4_hw.ipynb"],
        ["alice_1_2_hw.ipynb", "bob.ipynb"],
        ["submission_1.ipynb", "submission_2.ipynb"],
        ["2026-11-20-15-00-00.ipynb"],
    ],
)
def test_a_plain_zip_is_not_taken_for_a_download(archive, names):
    found = look(archive(dict.fromkeys(names, A)))
    assert (found.lms, list(found.students)) == (
        "",
        [name.removesuffix(".ipynb") for name in names],
    )


def test_folders_of_submissions_are_not_taken_for_gradescope(archive):
    files = {"submission_1/x.ipynb": A, "submission_2/x.ipynb": B}
    assert only(archive(files)) == {"submission_1": ("a",), "submission_2": ("b",)}


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["test_1_501_9001_hw.ipynb", "test_2_502_9002_hw.ipynb"], ["501", "502"]),
        (["test_1_501_9001_1_hw.ipynb", "test_2_502_9002_1_hw.ipynb"], ["501", "502"]),
        (["doe_12_501_9001_hw.ipynb", "roe_502_9002_hw.ipynb"], ["501", "502"]),
        (["doe_501_9001_12_hw.ipynb", "roe_502_9002_hw.ipynb"], ["501", "502"]),
        (["doe_12_501_9001_3_hw.ipynb", "roe_502_9002_hw.ipynb"], ["501", "502"]),
        (["doe_501_9001_1_hw.ipynb", "roe_502_9002_1_hw.ipynb"], ["501", "502"]),
        (["doe_LATE_1_9001_502_hw.ipynb", "roe_2_503_hw.ipynb"], ["1", "2"]),
        (["anon_acJ4Q_9001_502_x.ipynb", "anon_bcJ4Q_503_x.ipynb"], ["anon_acJ4Q", "anon_bcJ4Q"]),
    ],
)
def test_a_name_that_ends_in_digits_is_told_by_the_others_uploads(archive, names, expected):
    assert list(rows(archive(dict.fromkeys(names, A)))) == expected


CANVAS_CLASS = {"Doe, Jane": (101, 456001), "Roe, Al": (102, 456010), "Poe, Bob": (103, 456020)}


def canvas_class(*more, file="backprop.ipynb"):
    """A class of three, and others: sortable name, user, attachment, file."""
    names = [vendors.canvas(name, *numbers, file) for name, numbers in CANVAS_CLASS.items()]
    return dict.fromkeys([*names, *(vendors.canvas(*parts) for parts in more)], A)


@pytest.mark.parametrize("asked", [None, "canvas"])
@pytest.mark.parametrize(
    "file",
    [
        *("101_456011_backprop.ipynb", "888_456011_backprop.ipynb", "105_456089_1_2_3_x.ipynb"),
        *("20261120_hw.ipynb", "hw_101_456011_x.ipynb", "LATE_101_456011_x.ipynb", "101_text.html"),
        *("_101_456011_x.ipynb", "456090_101_x.ipynb", "456001_x.ipynb", "text.html"),
    ],
)
def test_the_name_of_a_file_moves_it_to_nobody_else(archive, file, asked):
    source = archive(canvas_class(("Mallory", 104, 456090, file)))
    found = look(source, layout=asked)
    assert (found.lms, found.left_out) == ("Canvas", ())
    assert {student: len(files) for student, files in found.students.items()} == dict.fromkeys(
        ["101", "102", "103", "104"], 1
    )
    assert found.students["104"][0].path.name == file


def test_a_date_before_a_file_s_name_is_no_id(archive):
    benign = ("Poe", 120, 456, "20261120_hw.ipynb")
    for others in (canvas_class(benign), {vendors.canvas(*benign): A, "roe_121_470_hw.ipynb": A}):
        assert "120" in look(archive(others)).students
    found = look(archive(canvas_class(file="01_backprop.ipynb")))  # as the course calls it
    assert (found.lms, list(found.students)) == ("Canvas", ["101", "102", "103"])
    everybody = canvas_class(("Mallory", 104, 456090, "101_456011_b.ipynb"), file="01_b.ipynb")
    assert list(look(archive(everybody)).students) == ["101", "102", "103", "104"]


PIECES = ["101", "102", "456001", "456010", "456011", "888", "7", "1", "x", "LATE", "roeal", "text"]


@given(st.lists(st.lists(st.sampled_from(PIECES), min_size=1, max_size=5), min_size=4, max_size=9))
def test_whatever_a_class_calls_its_files_none_is_somebody_else_s(names):
    files = ["_".join(pieces) + ".ipynb" for pieces in names]
    people = [*CANVAS_CLASS, *["Mallory"] * len(files)]
    users = [number for number, _ in CANVAS_CLASS.values()] + [104] * len(files)
    made = {
        vendors.canvas(name, user, 456000 + 7 * number, file): str(user)
        for number, (name, user, file) in enumerate(zip(people, users, files, strict=False))
    }
    found = recognise([Entry(PurePosixPath(name), 0, lambda: b"") for name in made])
    assert found is not None and found.title == "Canvas"
    told = {str(e.origin): s for s, entries in found.students.items() for e in entries}
    assert told == {name: made[name] for name in made if name not in found.left_out}
    assert set(found.students) == {"101", "102", "103", "104"}


@pytest.mark.parametrize("asked", [None, "canvas"])
@pytest.mark.parametrize(
    ("name", "is_told"),
    [
        *(("mallory_101", True), ("mallory_888", False), ("mallory_2", True)),
        *(("x_-101_-456055", False), ("doejane_-101_-456055", False)),
        *(("doejane_-101_-456001", False), ("x_-101_-456001", False)),
    ],
)
def test_the_name_of_a_student_moves_no_file_to_somebody_in_the_class(
    archive, name, is_told, asked
):
    made = vendors.canvas(name, 104, 456090, "backprop.ipynb")
    found = look(archive(canvas_class((name, 104, 456090, "backprop.ipynb"))), layout=asked)
    assert (found.lms, found.left_out) == ("Canvas", () if is_told else (made,))
    expected = ["101", "102", "103", *(["104"] if is_told else [])]
    assert {student: len(f) for student, f in found.students.items()} == dict.fromkeys(expected, 1)


def test_two_files_tell_where_a_name_that_ends_in_a_number_ends(archive):
    two = [("doe_888", 104, 456090, "hw.ipynb"), ("doe_888", 104, 456091, "helper.py")]
    found = look(archive(canvas_class(*two)))
    assert (len(found.students["104"]), found.left_out) == (2, ())


@pytest.mark.parametrize(
    "file",
    [
        *("x_2026-11-20-15-00-00_{}.ipynb", "888_4561{}_x.ipynb", "_assignsubmission_file_{}"),
        *("anon_12345_{}_x.ipynb", "101_456001_{}.ipynb", "1_{}.ipynb"),
    ],
)
@pytest.mark.parametrize("name", ["Mallory", "anon", "x_-101_-456055"])
def test_many_files_of_one_student_leave_the_zip_what_it_is(archive, name, file):
    many = [(name, 10455, 456100 + n, file.format(n)) for n in range(10, 40)]
    plain = (name, 10455, 456090, "hw.ipynb")
    found = look(archive(canvas_class(plain, *many) | {"notes.txt": b""}))
    assert found.lms == "Canvas" and "notes.txt" in found.left_out
    assert found.students.keys() - {"10455"} == {"101", "102", "103"}
    assert all(len(found.students[student]) == 1 for student in ("101", "102", "103"))


def test_a_canvas_class_of_one_may_have_a_notebook_and_a_helper(archive):
    files = {"doe_1_2_hw.ipynb": A, "doe_1_3_helper.py": b"h = 1"}
    assert (look(archive(files)).lms, only(archive(files))) == ("Canvas", {"1": ("a",)})


# Moodle

MOODLE = {
    "folder": (("Jane Doe", 12345, "hw.ipynb", {}), "12345"),
    "before 4.1": (("Jane Doe", 12345, "hw.ipynb", {"form": "before 4.1"}), "12345"),
    "flat": (("Jane Doe", 12345, "hw.ipynb", {"form": "flat"}), "12345"),
    "flat, with underscores": (("Jane", 1, "_a_1_b.ipynb", {"form": "flat"}), "1"),
    "blind marking": (("Participant", 12345, "hw.ipynb", {}), "12345"),
    "a team": (("Group A_1_", 77, "hw.ipynb", {}), "77"),
    "no team": (("Default group", None, "hw.ipynb", {}), "Default group"),
    "umlauts": (("Jürgen Müller", 7, "Übung 1.ipynb", {}), "7"),
    "CJK": (("王 小明", 8, "作业.ipynb", {}), "8"),
    "digits": (("12 34", 9, "5_6.ipynb", {}), "9"),
    "no name": (("", 10, "x.ipynb", {}), "10"),
    "deep": (("Jane", 11, "sub/maths/x.ipynb", {}), "11"),
    "assignsubmission": (("Jane", 12, "_assignsubmission_file_/x.ipynb", {}), "12"),
}


@pytest.mark.parametrize(("given", "student"), MOODLE.values(), ids=MOODLE)
def test_a_moodle_name_tells_the_number_of_the_worksheet(archive, given, student):
    *parts, options = given
    name = vendors.moodle(*parts, **options)
    source = archive({name: A, vendors.moodle("Other", 99, "o.ipynb"): B})
    other = "Other_99_assignsubmission_file/o.ipynb"
    assert rows(source) == {
        student: (name, ("a",), Receipt()),
        "99": (other, ("b",), Receipt()),
    }
    assert look(source).lms == "Moodle"


def test_a_text_entry_of_moodle_is_told_unless_there_is_a_notebook(archive):
    text = {"plugin": "onlinetext"}
    files = {
        vendors.moodle("Jane", 1, "onlinetext.html", **text): b"<p>",
        vendors.moodle("John", 2, "onlinetext.html", **text): b"<p>",
        vendors.moodle("John", 2, "hw.ipynb"): A,
        vendors.moodle("Joan", 3, "essay.pdf"): b"%PDF",
        vendors.moodle("Joan", 3, "onlinetext.html", **text): b"<p>",
    }
    assert only(archive(files)) == {"1": TEXT, "2": ("a",), "3": "this is a PDF, not a notebook"}


def test_a_students_folder_named_like_the_assignment_costs_nobody_else_their_row(archive):
    files = {vendors.moodle("Jane", 1, "maths/x.ipynb"): A}
    files |= {vendors.moodle("John", 2, "src/hw.ipynb"): B}
    assert only(archive(files)) == {"1": ("a",), "2": ("b",)}


# Blackboard

OLD, NEW = "2026-11-19-09-00-00", "2026-11-20-15-00-00"


def filled(files, content):
    return {name: text or content for name, text in files.items()}


@pytest.mark.parametrize("index", [True, False])
@pytest.mark.parametrize(
    ("assignment", "users", "word"),
    [
        ("HW1", ["jdoe", "jroe"], "attempt"),
        ("Huiswerk 1", ["jdoe", "s123"], "poging"),
        ("作业", ["王", "李"], "尝试"),
        ("HW_1_x", ["j.doe", "müller"], "Versuch"),
        ("HW1", ["jdoe"], "attempt"),
    ],
)
def test_a_blackboard_name_tells_user_and_time(archive, assignment, users, word, index):
    files, expected = {}, {}
    for user in users:
        made = vendors.blackboard(assignment, user, NEW, "h_w.ipynb", word=word, index=index)
        files |= filled(made, A)
        receipt = Receipt(NEW, "2026-11-20T15:00:00")
        expected[user] = (f"{assignment}_{user}_{word}_{NEW}_h_w.ipynb", ("a",), receipt)
    assert rows(archive(files)) == expected
    assert look(archive(files)).lms == "Blackboard"


@pytest.mark.parametrize(
    ("stems", "users"),
    [
        (("HW_1_jdoe", "HW_2_jroe"), {"1_jdoe", "2_jroe"}),  # of two assignments, perhaps
        (("HW1_j_doe", "HW1_jroe"), {"j_doe", "jroe"}),
        (("HW1_jdoe", "HW2_jroe"), {"HW1_jdoe", "HW2_jroe"}),  # nothing in common
    ],
)
def test_without_text_files_an_assignment_is_what_all_blackboard_names_begin_with(
    archive, stems, users
):
    files = {f"{stem}_attempt_{NEW}_hw.ipynb": A for stem in stems}
    assert set(rows(archive(files))) == users


@pytest.mark.parametrize(
    ("user", "name"),
    [
        ("j_doe", "Jane Doe"),
        ("j_doe_2", "Jane (Janey) Doe"),
        ("j_doe", "Eve (roe)"),
        ("j(d)", "Jane"),
        ("j_(d)", "Jane"),
        ("_", "Jane"),
    ],
)
def test_a_user_name_with_underscores_is_told_by_the_text_file(archive, user, name):
    files = vendors.blackboard("HW_1", user, NEW, "hw.ipynb", name=name)
    assert only(archive(filled(files, A))) == {user: ("a",)}
    files |= vendors.blackboard("HW_1", "roe", NEW, "hw.ipynb")
    assert only(archive(filled(files, A))) == {user: ("a",), "roe": ("a",)}
    files |= vendors.blackboard("HW_2", "p_oe", NEW, "hw.ipynb")
    assert only(archive(filled(files, A))) == {user: ("a",), "roe": ("a",), "p_oe": ("a",)}


def test_a_text_file_that_is_too_large_for_an_index_is_not_read():
    asked = []

    def read():
        asked.append(True)
        return b""

    names = [f"HW1_jdoe_attempt_{NEW}.txt", f"HW1_jdoe_attempt_{NEW}_hw.ipynb"]
    found = recognise([Entry(PurePosixPath(name), 2 << 20, read) for name in names])
    assert found is not None and (list(found.students), asked) == (["jdoe"], [])


def unreadable():
    raise Unreadable("it is damaged")


def test_an_index_that_cannot_be_read_leaves_the_names():
    names = [f"HW1_{user}_attempt_{NEW}" for user in ("jdoe", "jroe")]
    files = [Entry(PurePosixPath(f"{name}_hw.ipynb"), len(A), lambda: A) for name in names]
    indices = [Entry(PurePosixPath(f"{name}.txt"), 9, unreadable) for name in names]
    found = recognise(files + indices)
    assert found is not None and sorted(found.students) == ["jdoe", "jroe"]


def test_the_latest_blackboard_attempt_wins(archive):
    files = filled(vendors.blackboard("HW1", "jdoe", NEW, "maths-2.ipynb"), B)
    files |= filled(vendors.blackboard("HW1", "jdoe", OLD, "maths.ipynb", "help.py"), A)
    students = find_students(archive(files), "maths")
    found = read_submission("jdoe", students["jdoe"], "maths")
    assert (found.cells, found.files, found.receipt.attempt) == (("b",), {}, NEW)


def test_an_attempt_without_files_is_a_text_entry_even_after_one_with_a_notebook(archive):
    files = filled(vendors.blackboard("HW1", "jdoe", OLD, "maths.ipynb"), A)
    files |= vendors.blackboard("HW1", "jdoe", NEW)
    expected = (f"HW1_jdoe_attempt_{NEW}.txt", TEXT, Receipt(NEW, "2026-11-20T15:00:00"))
    assert rows(archive(files)) == {"jdoe": expected}


def test_a_student_cannot_hand_in_an_index_for_somebody_else(archive):
    forged = f"x_jdoe_attempt_{NEW}.txt"
    files = vendors.blackboard("HW1", "eve", NEW, "hw.ipynb", forged)
    files |= vendors.blackboard("HW1", "jdoe", NEW, "hw.ipynb")
    found = find_students(archive(filled(files, A)), "maths")
    assert {s: [e.path.name for e in found[s] if not e.instead] for s in found} == {
        "eve": ["hw.ipynb", forged],
        "jdoe": ["hw.ipynb"],
    }


@pytest.mark.parametrize(
    "index", [b"", b"\xff\xfe\0", b"Name: ()", b"Name: Jane (x)", b"(" * 100_000]
)
def test_a_text_file_that_tells_nothing_leaves_the_names(archive, index):
    files = {f"HW1_{user}_attempt_{NEW}_hw.ipynb": A for user in ("jdoe", "roe")}
    files |= {f"HW1_{user}_attempt_{NEW}.txt": index for user in ("jdoe", "roe")}
    assert only(archive(files)) == {"jdoe": ("a",), "roe": ("a",)}


# Brightspace

SEP = "Sep 24, 2024 926 PM"
BRIGHTSPACE = {
    "folder": (("271836-442356", "Mary-Ann Smith", SEP, "hw.ipynb"), "2024-09-24T21:26:00"),
    "flat": (("271836-442356", "B P", SEP, "hw - 2.ipynb", True), "2024-09-24T21:26:00"),
    "deep": (("271836-442356", "B P", SEP, "sub/hw.ipynb"), "2024-09-24T21:26:00"),
    "dashes": (("271836-442356", "A - B - C", SEP, "x.ipynb"), "2024-09-24T21:26:00"),
    "four digits": (
        ("271836-442356", "王 小明", "Dec 5, 2024 1149 AM", "x.ipynb"),
        "2024-12-05T11:49:00",
    ),
    "after one": (
        ("271836-442356", "Zoë", "Dec 5, 2024 112 PM", "x.ipynb"),
        "2024-12-05T13:12:00",
    ),
    "midnight": (
        ("271836-442356", "Zoë", "Dec 15, 2024 1201 AM", "x.ipynb"),
        "2024-12-15T00:01:00",
    ),
    "noon": (
        ("271836-442356", "Zoë", "Dec 15, 2024 1200 PM", "x.ipynb"),
        "2024-12-15T12:00:00",
    ),
    "no such day": (("271836-442356", "Zoë", "Feb 31, 2024 1200 PM", "x.ipynb"), ""),
}


@pytest.mark.parametrize(("given", "time"), BRIGHTSPACE.values(), ids=BRIGHTSPACE)
def test_a_brightspace_name_tells_id_and_time(archive, given, time):
    name = vendors.brightspace(*given)
    source = archive({name: A, "index.html": b"<html>"})
    assert rows(source) == {"271836": (name, ("a",), Receipt(given[2], time))}
    assert (look(source).lms, look(source).left_out) == ("Brightspace", ())


def test_the_latest_brightspace_attempt_wins(archive):
    times = {"Sep 24, 2024 926 PM": A, "Oct 1, 2024 1200 AM": B, "Sep 24, 2024 1026 AM": A}
    files = {vendors.brightspace("1-2", "Jane", when, "hw.ipynb"): nb for when, nb in times.items()}
    receipt = Receipt("Oct 1, 2024 1200 AM", "2024-10-01T00:00:00")
    assert rows(archive(files)) == {
        "1": ("1-2 - Jane - Oct 1, 2024 1200 AM/hw.ipynb", ("b",), receipt)
    }


@pytest.mark.parametrize(
    ("ids", "expected"),
    [
        ({"1-9": "A", "2-9": "B"}, ["1", "2"]),
        ({"9-1": "A", "9-2": "B"}, ["1", "2"]),
        ({"7-1": "A", "8-2": "B"}, ["7", "8"]),
        ({"1-9": "Same Name", "2-9": "Same Name"}, ["1", "2"]),
        ({"5-1": "A", "6-1": "A", "7-2": "B"}, ["1", "2"]),
    ],
)
def test_the_number_that_tells_people_apart_is_the_id_of_brightspace(archive, ids, expected):
    files = {vendors.brightspace(i, name, SEP, "x.ipynb"): A for i, name in ids.items()}
    assert list(rows(archive(files))) == expected


def test_people_that_brightspace_gives_the_same_numbers_are_not_taken_for_one(archive):
    files = {vendors.brightspace("1-2", name, SEP, "x.ipynb"): A for name in ("Jane", "John")}
    assert list(rows(archive(files))) == ["1-2 Jane", "1-2 John"]


# Gradescope


def export(times, files, folder="assignment_9100_export/"):
    metadata = {"submission_metadata.yml": vendors.gradescope_metadata(times)}
    return {folder + name: content for name, content in (metadata | files).items()}


@pytest.mark.parametrize("folder", ["assignment_9100_export/", ""])
@pytest.mark.parametrize(
    ("written", "time"),
    [
        ("2026-11-20 15:00:00.000000000 Z", "2026-11-20T15:00:00+00:00"),
        ("2026-11-20 15:00:00.123456789 -08:00", "2026-11-20T15:00:00-08:00"),
        ("'2026-11-20T15:00:00Z'", "2026-11-20T15:00:00+00:00"),
        ("2026-11-20 15:00:00 UTC", "2026-11-20T15:00:00+00:00"),
        ("2026-11-20 15:00:00", "2026-11-20T15:00:00+00:00"),
        ("2026-99-20 15:00:00 Z", ""),
        ("!ruby/object:Time {}", ""),
    ],
)
def test_a_gradescope_export_tells_submission_and_time(archive, folder, written, time):
    times = {123: written, 124: "2026-11-20 15:00:00 Z"}
    files = {"submission_123/hw.ipynb": A, "submission_124/deep/hw.ipynb": B}
    found = rows(archive(export(times, files, folder)))
    assert found == {
        "123": (f"{folder}submission_123/hw.ipynb", ("a",), Receipt("123", time)),
        "124": (
            f"{folder}submission_124/deep/hw.ipynb",
            ("b",),
            Receipt("124", "2026-11-20T15:00:00+00:00"),
        ),
    }


def test_the_first_time_in_the_metadata_is_the_submissions(archive):
    files = export({123: "2026-11-20 15:00:00 Z"}, {"submission_123/hw.ipynb": A}, "")
    files["submission_metadata.yml"] += b"  :created_at: 1999-01-01 00:00:00 Z\n"
    assert rows(archive(files))["123"][2] == Receipt("123", "2026-11-20T15:00:00+00:00")


def test_an_export_without_metadata_has_to_be_named(archive):
    source = archive({"export/submission_123/hw.ipynb": A, "export/submission_124/hw.ipynb": A})
    assert list(rows(source, "gradescope")) == ["123", "124"]


def test_metadata_that_cannot_be_read_costs_the_times_alone_and_is_told():
    names = ("submission_metadata.yml", "submission_123/hw.ipynb", "submission_124/hw.ipynb")
    reads = (unreadable, lambda: A, lambda: A)
    found = recognise(
        [Entry(PurePosixPath(n), 9, read) for n, read in zip(names, reads, strict=True)],
        "gradescope",
    )
    assert found is not None and sorted(found.students) == ["123", "124"]
    assert {e.receipt for files in found.students.values() for e in files} == {
        Receipt("123"),
        Receipt("124"),
    }
    assert found.left_out == ["submission_metadata.yml"]


# nbgrader

TIMES = [
    ("2015-02-02 15:58:23.948203 America/Los_Angeles", "2015-02-02T15:58:23-08:00"),
    ("2015-07-02 15:58:23.948203 America/Los_Angeles\n", "2015-07-02T15:58:23-07:00"),
    ("2015-02-02 15:58:23.948203 UTC", "2015-02-02T15:58:23+00:00"),
    ("2015-02-02 15:58:23 PST-not-a-zone", "2015-02-02T15:58:23"),
    ("2015-02-02 15:58:23", "2015-02-02T15:58:23"),
    ("2015-02-02 15:58:23 ../../etc/passwd", "2015-02-02T15:58:23"),
    ("2015-02-02 15:58:23 America", "2015-02-02T15:58:23"),
    ("2015-02-30 15:58:23 UTC", ""),
    ("yesterday", ""),
    ("", ""),
]


@pytest.mark.parametrize(("text", "time"), TIMES)
def test_nbgraders_time_is_read(text, time):
    assert read_time(text) == time


@pytest.mark.parametrize("layout", [None, "nbgrader"])
def test_nbgraders_time_is_recorded_in_its_tree_alone(archive, layout):
    stamp = b"2015-02-02 15:58:23.948203 UTC"
    files = {
        "alice/maths/maths.ipynb": A,
        "alice/maths/timestamp.txt": stamp,
        "bob/maths/b.ipynb": B,
    }
    files |= {"alice/physics/timestamp.txt": b"2016-02-02 15:58:23.948203 UTC"}
    assert rows(archive(files), layout) == {
        "alice": ("alice/maths/maths.ipynb", ("a",), Receipt("", "2015-02-02T15:58:23+00:00")),
        "bob": ("bob/maths/b.ipynb", ("b",), Receipt()),
    }
    plain = {"alice/hw.ipynb": A, "alice/timestamp.txt": stamp}
    assert rows(archive(plain))["alice"][2] == Receipt()


def test_a_timestamp_that_is_no_text_costs_the_time_alone(archive):
    files = {"alice/maths/maths.ipynb": A, "alice/maths/timestamp.txt": b"\xff\xfe\x00"}
    expected = ("alice/maths/maths.ipynb", ("a",), Receipt())
    assert rows(archive(files), "nbgrader") == {"alice": expected}


def test_a_students_own_timestamp_says_nothing_in_a_download(archive):
    files = {
        vendors.moodle("Jane", 1, name): b"1999-01-01 00:00:00 UTC" for name in ["timestamp.txt"]
    }
    files |= {vendors.moodle("Jane", 1, "maths.ipynb"): A}
    assert rows(archive(files))["1"][2] == Receipt()


# What is asked for


def test_an_unpacked_download_is_read_if_it_is_named(archive, tmp_path):
    files = {"doejane_1_2_hw-1.ipynb": A, "roe_LATE_3_4_hw.ipynb": B}
    with zipfile.ZipFile(archive(files)) as zipped:
        zipped.extractall(tmp_path / "unpacked")
    assert rows(tmp_path / "unpacked", "canvas") == rows(archive(files))
    assert list(rows(tmp_path / "unpacked")) == ["doejane_1_2_hw-1", "roe_LATE_3_4_hw"]


def test_a_download_that_was_zipped_again_is_recognised(archive):
    files = {"subs/doejane_1_2_hw.ipynb": A, "subs/roe_3_4_hw.ipynb": B, "__MACOSX/subs/._x": b""}
    expected = ("subs/doejane_1_2_hw.ipynb", ("a",), Receipt("2"))
    assert rows(archive(files))["1"] == expected


def test_a_download_that_is_asked_to_be_a_folder_is_one(archive):
    source = archive({"doejane_1_2_hw.ipynb": A})
    assert list(rows(source, "folder")) == ["doejane_1_2_hw"]


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "folder"])
def test_a_layout_that_does_not_fit_is_told_with_an_example(archive, layout):
    source = archive({"alice.ipynb": A, "bob.ipynb": B})
    with pytest.raises(SubmissionsError) as error:
        find_students(source, "maths", layout=layout)
    assert re.fullmatch(
        rf"{re.escape(str(source))}: not an? (nbgrader tree|\w+ download): "
        r"expected names like '.+\.ipynb', found 'alice\.ipynb' and 1 more",
        str(error.value),
    )
    assert layout in str(error.value).lower()


@pytest.mark.parametrize(
    "name", ["read me\x1b[31m.txt", "x_1_2_folder/hw.ipynb", "x_\u0663_2_hw.ipynb", "x_1_2_"]
)
def test_what_fits_no_student_is_left_out_and_told(archive, name):
    found = look(archive(GOOD | {name: A}))
    assert (sorted(found.students), found.left_out) == (["10", "11", "12", "13"], (name,))


@pytest.mark.parametrize("asked", [None, "canvas"])
def test_junk_in_a_download_is_ignored(archive, asked):
    files = {
        "doe_1_2_hw.ipynb": A,
        "__MACOSX/._doe_1_2_hw.ipynb": b"\0",
        "._doe_1_2_hw.ipynb": b"\0",
    }
    files |= {".DS_Store": b"", "roe_3_4_._hw.ipynb": b"\0", "roe_3_5_hw.ipynb": B}
    files |= {"Thumbs.db": b"", "poe_6_7_.ipynb": b""}
    found = look(archive(files), layout=asked)
    assert only(archive(files), layout=asked) == {
        "1": ("a",),
        "3": ("b",),
        "6": "there is no notebook in it",
    }
    assert found.left_out == ()


# Zips that mean harm


class Raw(zipfile.ZipInfo):
    """An entry whose name is written as these bytes, without the flag for UTF-8."""

    def __init__(self, raw):
        super().__init__("x")
        self.raw = raw

    def _encodeFilenameFlags(self):
        return self.raw, 0


@pytest.mark.parametrize(
    ("raw", "student"),
    [
        ("müller".encode("cp437"), "müller"),
        ("müller".encode(), "müller"),
        ("王小明".encode(), "王小明"),
        (b"caf\xe9", "cafΘ"),
        (b"Zoe\xcc\x88", "Zoë"),
    ],
)
def test_names_without_a_flag_are_utf_8_or_else_cp437(tmp_path, raw, student):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zipped:
        zipped.writestr(Raw(raw + b".ipynb"), A)
    assert only(tmp_path / "x.zip") == {student: ("a",)}


def test_accents_are_one_character_and_the_path_is_as_it_was(tmp_path, archive):
    apart = "Zoe\N{COMBINING DIAERESIS}.ipynb"
    (tmp_path / "class").mkdir()
    (tmp_path / "class" / apart).write_bytes(A)
    for source in (archive({apart: A}), tmp_path / "class"):
        assert rows(source) == {"Zoë": (apart, ("a",), Receipt())}


LEAVING = ["../x_1_2_hw.ipynb", "x/../../y_1_2_hw.ipynb", "..\\x_1_2_hw.ipynb", "..", "x/.."]


@pytest.mark.parametrize("name", LEAVING)
def test_a_path_that_leaves_is_left_out_and_costs_nobody_else(archive, name):
    source = archive(GOOD | {name: B})
    assert list(rows(source)) == ["10", "11", "12", "13"]
    assert look(source).left_out == (name,)


HOSTILE = [
    "x" * 10_000 + "_1_2_hw.ipynb",
    "1_" * 5_000 + "hw.ipynb",
    "x_1_" + "9" * 5_000 + "_1_hw.ipynb",
    "_" * 10_000,
    "\x01\x1b[2J\u202e_1_2_hw\n.ipynb",
    "/etc/passwd",
    "C:\\x_1_2_hw.ipynb",
    "x_1_2_",
    "x_1_2_hw.ipynb/y.ipynb",
    "x_1_2_.",
    "x_1_2_..ipynb",
    "x_٣_2_hw.ipynb",
    "%s_1_2_{}[red].ipynb",
]


@pytest.mark.parametrize("name", HOSTILE, ids=range(len(HOSTILE)))
def test_a_hostile_name_costs_nobody_else_a_row(archive, name):
    source = archive(GOOD | {name: b"{"})
    found = rows(source)
    assert [found[s][1] for s in ("10", "11", "12", "13")] == [("a",)] * 4
    assert len(found) <= 5


def test_links_in_a_zip_are_not_followed(tmp_path):
    with zipfile.ZipFile(tmp_path / "x.zip", "w") as zipped:
        for number, kind in enumerate([stat.S_IFLNK, stat.S_IFIFO, stat.S_IFREG, 0]):
            info = zipfile.ZipInfo(f"doe{number}_{number}_1{number}_hw.ipynb")
            info.external_attr = (kind | 0o644) << 16
            zipped.writestr(info, A)
    link = "it is a link or a device, not a file"
    assert only(tmp_path / "x.zip") == {"0": link, "1": link, "2": ("a",), "3": ("a",)}


def test_a_bomb_is_one_students_problem_and_never_unpacked(archive, monkeypatch):
    monkeypatch.setattr(entries_module, "SMALL", 10_000)
    bomb = b'{"cells": []}' + b" " * 1_000_000
    source = archive({"doe_1_2_hw.ipynb": bomb, "roe_3_4_hw.ipynb": A + b" " * 9_000})
    problem = "it is packed more than 200 to 1, as a zip bomb is"
    assert only(source) == {"1": problem, "3": ("a",)}


def test_files_that_share_their_bytes_are_refused(tmp_path):
    path, inner = tmp_path / "x.zip", tmp_path / "inner.zip"
    with zipfile.ZipFile(inner, "w") as zipped:
        zipped.writestr("roe_3_4_hw.ipynb", B)
        second = zipped.infolist()[0]
    with zipfile.ZipFile(path, "w") as zipped:
        first = zipfile.ZipInfo("doe_1_2_hw.ipynb")
        zipped.writestr(first, b" " * 10 + inner.read_bytes())
        second.header_offset = first.header_offset + 30 + len(first.filename) + 10
        zipped.filelist.append(second)
    assert only(path) == {"1": "it overlaps another file", "3": ("b",)}


def test_too_many_helpers_are_not_even_read(archive, monkeypatch):
    monkeypatch.setattr(read_module, "MAX_HELPERS", 1 << 20)
    monkeypatch.setattr(read_module, "decode", None)  # would raise
    files = {f"doe_1_{n}_h{n}.py": b"#" * (1 << 20) for n in range(10, 15)}
    source = archive(files | {"doe_1_2_hw.ipynb": A, "roe_3_4_hw.ipynb": B})
    assert only(source) == {"1": "more than 1 MB of Python files beside it", "3": ("b",)}


def test_one_name_twice_is_one_file_if_it_is_the_same_and_one_problem_if_not(tmp_path):
    path = tmp_path / "x.zip"
    with warnings.catch_warnings(), zipfile.ZipFile(path, "w") as zipped:
        warnings.simplefilter("ignore")  # zipfile's own: Duplicate name
        for name, content in [("doe_1_2_hw.ipynb", A), ("roe_3_4_hw.ipynb", A)] * 2:
            zipped.writestr(name, content)
        zipped.writestr("roe_3_4_hw.ipynb", B)
    problem = "2 files for one student: hw.ipynb and hw.ipynb; keep one of them"
    assert only(path, layout="canvas") == {"1": ("a",), "3": problem}


# Round trips

anything = st.text(st.characters(exclude_categories=["Cs"]), max_size=30)
one_part = anything.filter(lambda name: "/" not in name)
filled_part = one_part.filter(bool)
ids = st.integers(1, 10**18)
files_named = one_part.map(lambda name: name + ".ipynb").filter(
    lambda name: not JUNK.search(name) and not re.search(r"-[0-9]{1,2}(\.[A-Za-z0-9]*)*$", name)
)


def placed(layout, *names, asked=None):
    """Student and path of the last of these names; the others are there for company."""
    contents = [Entry(PurePosixPath(name), 0, lambda: b"") for name in names]
    found = recognise(contents, asked)
    assert found is not None and found.title.lower() == layout and found.left_out == []
    ((student, path),) = [
        (student, entry.path)
        for student, files in found.students.items()
        for entry in files
        if entry.origin == PurePosixPath(names[-1])
    ]
    assert path.parts[0] == student
    return student, "/".join(path.parts[1:])


@given(name=anything, user=ids, attachment=ids, file=files_named, late=st.booleans())
def test_a_canvas_name_comes_back(name, user, attachment, file, late):
    prefix = vendors.canvas_prefix(name, user, late)
    known = prefix.removesuffix(f"_{user}").removesuffix("_LATE" * late)
    assume(late or not re.search(r"_[0-9]+$", known))  # ambiguous for Canvas, too
    assume(not re.search(r"_[0-9]+_[0-9]+_", known + "_" * late))
    whole = vendors.canvas(name, user, attachment, file, late=late)
    assert placed("canvas", whole) == (str(user), whole[len(f"{prefix}_{attachment}_") :])


@given(file=files_named, addition=st.integers(1, 7) | st.uuids())
def test_a_canvas_file_uploaded_again_gets_its_name_back(file, addition):
    sent = re.sub(r'[\x00/\\:*?"<>|]+', "_", file)
    again = vendors.canvas("Doe", 1, 2, vendors.canvas_again(sent, addition))
    assume(not sent.startswith("."))
    assert placed("canvas", again) == ("1", sent)


@given(
    anonymous=st.text(
        "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz", min_size=5, max_size=5
    ),
    attachment=ids,
    file=files_named,
    late=st.booleans(),
)
def test_an_anonymous_canvas_name_comes_back(anonymous, attachment, file, late):
    whole = vendors.canvas("x", 1, attachment, file, late=late, anonymous=anonymous)
    assert placed("canvas", whole)[0] == f"anon_{anonymous}"


@given(
    name=anything,
    number=ids,
    file=files_named,
    form=st.sampled_from(["folder", "before 4.1", "flat"]),
)
def test_a_moodle_name_comes_back(name, number, file, form):
    whole = vendors.moodle(name, number, file, form=form)
    sent = vendors.moodle_clean(file) if form == "flat" else file
    assume(not any(JUNK.search(part) for part in (sent, *whole.split("/"))))
    assert placed("moodle", whole) == (str(number), sent)


times = st.datetimes().map(lambda time: time.strftime("%Y-%m-%d-%H-%M-%S").rjust(19, "0"))


@given(
    assignment=filled_part,
    users=st.lists(filled_part, min_size=1, max_size=3, unique=True),
    time=times,
    file=files_named,
    word=filled_part.filter(lambda word: "_" not in word),
)
def test_a_blackboard_name_comes_back(assignment, users, time, file, word):
    made = {}
    for user in users:
        assume(not re.search(r"[\n\r]", user))
        made |= vendors.blackboard(assignment, user, time, file, word=word)
    contents = [Entry(PurePosixPath(n), 0, lambda text=text: text) for n, text in made.items()]
    assume(len({entry.path for entry in contents}) == len(made))
    found = recognise(contents, "blackboard")
    assert found is not None
    assert {student: [e.path.name for e in files] for student, files in found.students.items()} == {
        user: [f"{time}.txt", file] for user in users
    }


@given(
    first=ids,
    second=ids,
    name=filled_part.filter(lambda name: name not in (".", "..")),
    time=st.datetimes(min_value=datetime(1000, 1, 1)),
    file=files_named,
    flat=st.booleans(),
)
def test_a_brightspace_name_comes_back(first, second, name, time, file, flat):
    months = "Jan Feb Mar Apr May Jun Jul Aug Sep Oct Nov Dec".split()
    clock = f"{(time.hour + 11) % 12 + 1}{time.minute:02} {'AM' if time.hour < 12 else 'PM'}"
    when = f"{months[time.month - 1]} {time.day}, {time.year} {clock}"
    whole = vendors.brightspace(f"{first}-{second}", name, when, file, flat)
    assert placed("brightspace", whole) == (str(first), file)
    found = recognise([Entry(PurePosixPath(whole), 0, lambda: b"")])
    receipt = found.students[str(first)][0].receipt
    assert receipt.submitted_at == time.replace(second=0, microsecond=0).isoformat()


@given(number=ids, file=files_named)
def test_a_gradescope_name_comes_back(number, file):
    name = f"export/submission_{number}/{file}"
    assert placed("gradescope", name, asked="gradescope") == (str(number), file)


@given(st.lists(anything, max_size=6), st.sampled_from([None, *LAYOUTS[:-2]]))
def test_no_names_make_a_download_fail(names, layout):
    contents = [Entry(PurePosixPath("x" + name), 0, lambda: b"") for name in names]
    found = recognise(contents, layout)
    assert found is None or found.students


# The command


@pytest.fixture
def class_zip(archive):
    assignment = find_course(ROOT).assignment("backprop")
    solutions = [reference.source(name) for name, reference in assignment.references.items()]
    right = nb("import torch\nimport torch.nn as nn\nimport torch.nn.functional as F", *solutions)
    return archive(
        {
            vendors.canvas("Doe, Jane", 123, 456, "backprop-1.ipynb"): right,
            vendors.canvas("Müller, Jürgen", 7, 8, "Übung.ipynb", late=True): nb("x = 1"),
            f"{vendors.canvas_prefix('Poe', 9)}_text.html": b"<p>",
            "../[red]\x1b.ipynb": nb("x = 1"),
        }
    )


def autograder(*arguments, code=0):
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "--course", str(ROOT), *map(str, arguments)],
        capture_output=True,
        text=True,
        env=os.environ | {"AUTOGRADER_SECRET": "a secret of the tests"},
        timeout=240,
    )
    assert done.returncode == code, done.stdout + done.stderr
    return done


def test_a_canvas_zip_is_graded_as_it_comes(class_zip, tmp_path):
    out = tmp_path / "results"
    done = autograder("grade", class_zip, "--out", out)
    assert done.stdout.splitlines()[:2] == [
        "Canvas download: 3 students",
        "left out, of no student: ../[red] .ipynb",
    ]
    table = list(csv.reader(io.StringIO((out / "scores.csv").read_text())))[1:]
    assert [row[:4] for row in table] == [
        ["123", "doejane_123_456_backprop-1.ipynb", "graded", "58"],
        ["7", "müllerjürgen_LATE_7_8_Übung.ipynb", "graded", "0"],
        ["9", "poe_9_text.html", "unreadable", "0"],
    ]
    made = {path: stat.S_IMODE(path.stat().st_mode) for path in (out, *out.rglob("*"))}
    assert {"grades.db", "report.html", "feedback", "9.html"} <= {path.name for path in made}
    assert {mode for path, mode in made.items() if path.is_dir()} == {0o700}
    assert {mode for path, mode in made.items() if path.is_file()} == {0o600}


def test_what_students_get_stays_readable(tmp_path):
    write_built({tmp_path / "hw" / "hw.ipynb": A})
    assert (tmp_path / "hw" / "hw.ipynb").stat().st_mode & 0o444 == 0o444


def test_the_layouts_that_can_be_asked_for_are_in_the_help_at_once():
    done = autograder("grade", "--help")
    assert f"--from [{'|'.join(LAYOUTS)}]" in " ".join(done.stdout.split())
    imported = "import sys, autograder.cli; print('numpy' in sys.modules)"
    assert subprocess.check_output([sys.executable, "-c", imported], text=True) == "False\n"


def test_what_is_asked_for_and_does_not_fit_is_one_line(class_zip, tmp_path):
    options = ("--from", "moodle", "--out", tmp_path / "results")
    done = autograder("grade", class_zip, *options, code=1)
    assert done.stderr == (
        f"autograder: {class_zip}: not a Moodle download: expected names like "
        "'Jane Doe_12345_assignsubmission_file/backprop.ipynb', found "
        "'doejane_123_456_backprop-1.ipynb' and 2 more\n"
    )
    assert not (tmp_path / "results").exists()


# Nearly a download


def test_the_docs_show_a_name_of_each_lms():
    page = (ROOT / "docs" / "lms.md").read_text("utf-8")
    for layout in downloads.LAYOUTS.values():
        assert f"### {layout.title}\n\n`{layout.example}`" in page


def test_a_zip_of_names_that_are_mostly_an_lms_says_which_are_not(archive, capsys):
    files = {"smith_12345_67_hw.ipynb": A, "jones_12346_68_hw.ipynb": A, "notes.ipynb": B}
    found = look(archive(files))
    assert sorted(found.students) == ["jones_12346_68_hw", "notes", "smith_12345_67_hw"]
    terminal.received(found, 3, ())
    assert capsys.readouterr().out == (
        "most names are canvas's and these are not, so each file or folder is one student's, "
        "by its name (--from canvas leaves these out): notes.ipynb\n"
    )
    assert look(archive({f"class/{name}": text for name, text in files.items()})).nearly
    assert not look(archive({**files, "more.ipynb": B})).nearly  # only half of them
    assert not look(archive(files), layout="folder").nearly
    assert not look(archive(GOOD | {"notes.ipynb": B})).nearly  # recognised, and left out


def test_a_folder_of_names_of_an_lms_says_how_they_would_be_read(tmp_path, capsys):
    for name in ("smith_LATE_12345_67_hw.ipynb", "jones_12346_68_hw.ipynb"):
        (tmp_path / name).write_bytes(A)
    found = look(tmp_path)
    terminal.received(found, 2, ())
    told = capsys.readouterr().out
    assert told.startswith("all names are canvas's") and "--from canvas reads them" in told
    for name in ("smith.ipynb", "jones.ipynb", "cox.ipynb"):
        (tmp_path / name).write_bytes(A)
    terminal.received(look(tmp_path), 5, ())
    assert not capsys.readouterr().out
