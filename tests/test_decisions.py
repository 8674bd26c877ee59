"""The last word is a person's: overrides, checks that are void, and the log of both."""

from __future__ import annotations

import contextlib
import csv
import json
import shutil
import sqlite3
from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest
from nbformat import v4

from autograder.cli import main
from autograder.commands import graded, terminal
from autograder.course.course import find_course
from autograder.course.grading import read_grading
from autograder.doors import gradebook
from autograder.doors.gradescope import report as gradescope
from autograder.errors import CourseError, ResultsError
from autograder.model import Kind, Mark, Outcome, Override, Receipt, Result, Status, Verdict
from autograder.pages.overview import Overview
from autograder.results import decisions
from autograder.results.decisions import Change, override, take_back
from autograder.results.folder import RECORD
from autograder.results.release import releases
from autograder.results.rules import note_rules
from autograder.results.score import Score, score, scored
from autograder.results.store import Store, audit, read_about

GRADING = """\
maths:
  one: {a: 2, b: 0.5}
  two: {c: 1}
questions:
  maths: {S1: 4}
"""
VOID = """\
policy:
  void:
    maths:
      one: {a: {credit: %s, reason: the hidden case was wrong}}
"""
ABOUT = {"assignment": "maths", "secret": "x"}


def outcome(exercise, **kinds):
    return Outcome(exercise, tuple(Verdict(c, kind, "why") for c, kind in kinds.items()))


passed, failed, error = Kind.passed, Kind.failed, Kind.grader_error
ANN = Result(
    *("ann", "ann.ipynb", Status.graded),
    outcomes=(outcome("one", a=failed, b=passed), outcome("two", c=failed)),
)
BEN = Result(
    *("ben", "ben.ipynb", Status.graded),
    outcomes=(outcome("one", a=passed, b=passed), outcome("two", c=passed)),
)
CAY = Result(
    *("cay", "cay.ipynb", Status.grader_error, "the reference is at fault"),
    outcomes=(outcome("one", a=error, b=passed), outcome("two", c=passed)),
)


@pytest.fixture
def course(tmp_path):
    (tmp_path / "grading.yml").write_text(GRADING)
    (tmp_path / "assignments" / "maths").mkdir(parents=True)
    (tmp_path / "reference" / "maths").mkdir(parents=True)
    return tmp_path


def outline_of(course):
    return find_course(course).outline("maths")


@pytest.fixture
def results(course):
    folder = course / "results"
    folder.mkdir()
    with Store(folder, ABOUT) as store:
        store.save(ANN, BEN, CAY)
        store.proved = outline_of(course).claims
        note_rules(store, outline_of(course), "eve")  # as when the scores were first told
    return folder


def void(course, credit):
    (course / "grading.yml").write_text(GRADING + VOID % credit if credit else GRADING)


def run(course, *words):
    """The command's exit code."""
    with pytest.raises(SystemExit) as stopped:
        main(["--course", str(course), *map(str, words)])
    return stopped.value.code or 0


def scores(results):
    with open(results / "scores.csv", newline="") as file:
        return {row["student_id"]: row for row in csv.DictReader(file)}


def totals(results):
    return {student: row["score"] for student, row in scores(results).items()}


# Overrides


def test_an_override_is_in_scores_pages_and_log_and_outlives_regrading(course, results, capsys):
    given = ("--student", "ann", "--exercise", "one", "--points", "2", "--reason", "right by hand")
    assert run(course, "override", results, *given, "--by", "eve") == 0
    assert "ann: 0.5 -> 2" in capsys.readouterr().out
    with Store(results, ABOUT) as store:
        store.save(ANN)  # graded again
    assert run(course, "report", results) == 0
    assert scores(results)["ann"]["one"] == "2" and totals(results)["ann"] == "2"
    capsys.readouterr()
    code = run(course, "export", results, "--to", "csv", "--file", results / "own.csv")
    assert code == 2  # cay has no score
    assert (results / "own.csv").read_bytes() == (results / "scores.csv").read_bytes()
    assert run(course, "audit", results) == 0
    told = capsys.readouterr().out
    assert "eve  ann  one: 0.5 -> 2  (right by hand)" in told


def test_an_override_can_be_taken_back_and_both_are_in_the_log(course, results, capsys):
    common = ("--student", "ann", "--exercise", "two", "--reason", "so")
    run(course, "override", results, *common, "--points", "1")
    assert run(course, "override", results, *common, "--undo") == 0
    assert totals(results)["ann"] == "0.5"
    capsys.readouterr()
    run(course, "audit", results)
    assert [line.split("  ")[3] for line in capsys.readouterr().out.splitlines()] == [
        "two: 0 -> 1",
        "two: taken back -> 0",
    ]
    assert run(course, "override", results, *common, "--undo") == 1
    assert "no override of 'two'" in capsys.readouterr().err


def test_an_override_can_close_what_a_fault_of_ours_left_open(course, results):
    given = ("--student", "cay", "--exercise", "one", "--points", "2.5", "--reason", "by hand")
    assert totals_after_report(course, results)["cay"] == ""
    run(course, "override", results, *given)
    assert (scores(results)["cay"]["status"], totals(results)["cay"]) == ("graded", "3.5")
    assert "not yours" not in (results / "feedback" / "cay.html").read_text()
    assert run(course, "export", results, "--to", "csv") == 0


def totals_after_report(course, results):
    run(course, "report", results)
    return totals(results)


def test_an_override_of_a_question_goes_before_its_mark(course, results):
    with Store(results, ABOUT) as store:
        store.mark("ann", [Mark("S1", 1, "eve")])
    given = ("--student", "ann", "--exercise", "S1", "--points", "3", "--reason", "second reading")
    run(course, "override", results, *given)
    assert scores(results)["ann"]["S1"] == "3"
    assert totals(results)["ann"] == "3.5"


@pytest.mark.parametrize(
    ("words", "told"),
    [
        (("--student", "an", "--exercise", "one", "--points", "1"), "did you mean 'ann'?"),
        (("--student", "ann", "--exercise", "on", "--points", "1"), "did you mean 'one'?"),
        (("--student", "ann", "--exercise", "one", "--points", "-1"), "-1"),
        (("--student", "ann", "--exercise", "one", "--points", "nan"), "expected 0 to 1000000"),
        (("--student", "ann", "--exercise", "one"), "either --points or --undo"),
        (
            ("--student", "ann", "--exercise", "one", "--points", "1", "--undo"),
            "either --points or --undo",
        ),
    ],
)
def test_a_wrong_override_is_told_in_one_line_and_changes_nothing(
    course, results, words, told, capsys
):
    assert run(course, "override", results, *words, "--reason", "so") == 1
    said = capsys.readouterr().err
    assert told in said and said.count("\n") == 1
    with Store(results, ABOUT) as store:
        assert audit(results) == [] and not any(r.overrides for r in store.results())


@pytest.mark.parametrize("reason", ["", "  "])
def test_an_override_that_gives_no_reason_is_refused_and_changes_nothing(
    course, results, reason, capsys
):
    given = ("--student", "ann", "--exercise", "one", "--points", "2", "--reason", reason)
    assert run(course, "override", results, *given) == 1
    assert "--reason is empty: say why" in capsys.readouterr().err
    assert totals_after_report(course, results)["ann"] == "0.5"
    assert audit(results) == []


def test_more_points_than_there_are_are_taken_and_told(course, results, capsys):
    given = ("--student", "ann", "--exercise", "two", "--points", "2", "--reason", "a bonus")
    assert run(course, "override", results, *given) == 0
    assert "2 is more than the 1 of two" in capsys.readouterr().out
    assert totals(results)["ann"] == "2.5"


def test_several_are_forgotten_at_once_and_none_if_one_is_not_known(course, results, capsys):
    whose = ["--student", "ann", "--student", "ben"]
    assert run(course, "purge", results, *whose, "--student", "eve", "--yes") == 1
    assert "no result of 'eve'" in capsys.readouterr().err
    with Store(results, ABOUT) as store:
        assert {"ann", "ben"} <= store.students
    assert run(course, "purge", results, *whose, "--yes") == 0
    with Store(results, ABOUT) as store:
        assert not {"ann", "ben"} & store.students


def test_the_log_forgets_whoever_is_forgotten(course, results):
    outline = outline_of(course)
    with Store(results, ABOUT) as store:
        for student in ("ann", "ben"):
            override(store, outline, student, Override("one", 1, "so", "eve"))
        store.forget("ann")
        assert [line[2] for line in audit(results)] == ["ben"]
        assert [r.overrides for r in store.results() if r.student_id == "ann"] == []


def test_the_log_can_be_read_while_somebody_writes(course, results, capsys):
    given = ("--student", "ann", "--exercise", "one", "--points", "2", "--reason", "by hand")
    run(course, "override", results, *given)
    with Store(results, ABOUT) as store:
        store.note("eve", "", "one.a: looked at", "")
        capsys.readouterr()
        assert run(course, "audit", results) == 0
    told = capsys.readouterr().out
    assert "one: 0.5 -> 2  (by hand)" in told and "eve  all  one.a: looked at" in told


def test_the_log_of_a_copy_that_nobody_may_write_to_can_be_read(course, results, capsys):
    given = ("--student", "ann", "--exercise", "one", "--points", "2", "--reason", "by hand")
    run(course, "override", results, *given)
    copy = course / "copy"
    copy.mkdir()
    shutil.copy(results / RECORD, copy)
    copy.chmod(0o500)
    capsys.readouterr()
    assert run(course, "audit", copy) == 0
    assert "one: 0.5 -> 2  (by hand)" in capsys.readouterr().out
    assert [path.name for path in copy.iterdir()] == [RECORD]  # which root might have written to


def test_the_log_of_another_schema_is_told_to_be_one(course, results, capsys):
    with contextlib.closing(sqlite3.connect(results / RECORD)) as record, record:
        record.execute("UPDATE about SET value = '3' WHERE key = 'schema'")
    assert run(course, "audit", results) == 1
    assert "is of schema '3', not '4'" in capsys.readouterr().err


def test_taking_back_lets_the_mark_speak_again(course, results):
    outline = outline_of(course)
    with Store(results, ABOUT) as store:
        store.mark("ann", [Mark("S1", 1, "eve")])
        override(store, outline, "ann", Override("S1", 4, "so", "eve"))
        change = take_back(store, outline, "ann", "S1", "eve", "a slip")
    assert str(change) == "ann: 4.5 -> 1.5"


# Void checks


@pytest.mark.parametrize(
    ("credit", "expected", "most"),
    [
        ("", {"ann": "0.5", "ben": "3.5", "cay": ""}, "3.5"),
        ("full", {"ann": "2.5", "ben": "3.5", "cay": "3.5"}, "3.5"),
        ("none", {"ann": "0.5", "ben": "1.5", "cay": "1.5"}, "1.5"),
    ],
)
def test_a_void_check_is_full_marks_or_out_of_the_total(course, results, credit, expected, most):
    void(course, credit)
    assert totals_after_report(course, results) == expected
    assert {row["max_score"] for row in scores(results).values()} == {most}


def test_what_became_void_is_told_with_before_and_after_once_and_is_in_the_log(
    course, results, capsys
):
    void(course, "full")
    run(course, "report", results)
    told = capsys.readouterr().out
    assert "ann: 0.5 -> 2.5" in told and "cay: open -> 3.5" in told and "ben:" not in told
    run(course, "report", results)
    assert "->" not in capsys.readouterr().out
    run(course, "audit", results)
    whole, *each = capsys.readouterr().out.splitlines()
    assert (
        f"{decisions.me()}  all  one.a: void, full marks for everyone  (the hidden case was wrong)"
        in whole
    )
    assert [line.split("  ")[2:4] for line in each] == [
        ["ann", "total: 0.5 -> 2.5"],
        ["cay", "total: open -> 3.5"],
    ]


def test_a_check_that_stays_void_is_not_in_the_log_again(course, results, capsys):
    void(course, "full")
    run(course, "report", results)
    more = VOID % "full" + "      two: {c: {credit: full, reason: it had no answer}}\n"
    (course / "grading.yml").write_text(GRADING + more)
    run(course, "report", results)
    assert "ann: 2.5 -> 3.5" in capsys.readouterr().out
    logged = [what for _, _, student, what, _ in audit(results) if not student]
    full = "void, full marks for everyone"
    assert logged == [f"one.a: {full}", f"two.c: {full}"]


def test_where_a_void_check_changes_what_there_is_to_earn_that_is_told_of_everyone(
    course, results, capsys
):
    void(course, "none")
    run(course, "report", results)
    told = capsys.readouterr().out
    for change in ("ann: 0.5 of 3.5 -> 0.5 of 1.5", "ben: 3.5 of 3.5 -> 1.5 of 1.5"):
        assert change in told
    run(course, "audit", results)
    told = capsys.readouterr().out
    assert "one.a: void, does not count" in told and "total: 3.5 of 3.5 -> 1.5 of 1.5" in told


@pytest.mark.parametrize("points", ["inf", "nan", "1e300", "1000001"])
def test_what_is_no_number_of_points_changes_nothing(course, results, points, capsys):
    given = ("--student", "ann", "--exercise", "one", "--points", points, "--reason", "so")
    assert run(course, "override", results, *given) == 1
    assert "autograder: " in capsys.readouterr().err
    assert run(course, "report", results) == 0
    assert totals(results)["ann"] == "0.5"
    capsys.readouterr()
    run(course, "audit", results)
    assert "one" not in capsys.readouterr().out


def test_an_override_of_a_question_counts_before_anybody_has_a_mark(course, results, capsys):
    given = ("--student", "ann", "--exercise", "S1", "--points", "3", "--reason", "she said it")
    assert run(course, "override", results, *given) == 0
    assert "ann: 0.5 of 3.5 -> 3.5 of " in capsys.readouterr().out
    row = scores(results)["ann"]
    assert (row["S1"], row["score"]) == ("3", "3.5")
    page = (results / "feedback" / "ann.html").read_text()
    assert "given by a person: she said it" in page


def test_what_could_not_be_read_earns_0_whatever_is_void(course):
    void(course, "full")
    unreadable = Result("dee", "dee.pdf", Status.unreadable, "no notebook in it")
    assert score(unreadable, outline_of(course), {}).total == 0


def test_a_check_that_counts_again_is_told_as_well(course, results):
    with Store(results, ABOUT) as store:
        void(course, "none")
        note_rules(store, outline_of(course), "eve")
        void(course, "")
        changes = note_rules(store, outline_of(course), "eve")
        assert "ben: 1.5 of 1.5 -> 3.5 of 3.5" in map(str, changes)
        assert "one.a: counts again" in [line[3] for line in audit(results)]


LATE = """\
policy:
  late:
    due: {maths: 2026-11-01T12:00:00+00:00}
    percent_per_day: 10
"""
MORE = GRADING.replace("b: 0.5", "b: 1.5")


@pytest.mark.parametrize(
    ("grading", "told", "logged"),
    [
        (MORE, "ben: 3.5 of 3.5 -> 4.5 of 4.5", "one.b: points 0.5 -> 1.5"),
        (GRADING.replace("S1: 4", "S1: 5"), "", "S1: points 4 -> 5"),
        (GRADING + LATE, "ben: 3.5 -> 3.15", "late policy: new"),
    ],
)  # fmt: skip
def test_what_changes_scores_is_told_with_before_and_after_once_and_is_in_the_log(
    course, results, capsys, grading, told, logged
):
    with Store(results, ABOUT) as store:
        store.save(replace(BEN, receipt=Receipt(submitted_at="2026-11-02T11:00:00+00:00")))
    (course / "grading.yml").write_text(grading)
    with Store(results, ABOUT) as store:
        lines = [str(change) for change in note_rules(store, outline_of(course), "eve")]
        assert told in lines if told else not lines
        assert note_rules(store, outline_of(course), "eve") == []
    log = audit(results)
    assert (log[0][2], log[0][3]) == ("", logged)
    assert [line[3] for line in log if line[2] == "ben"] == [f"total: {told[5:]}"] * bool(told)


@pytest.mark.parametrize(
    ("grading", "told"),
    [
        (GRADING.replace("S1: 4", "S2: 4"), "ben: 6.5 -> 3.5"),
        (GRADING.partition("questions")[0], "ben: 6.5 of 7.5 -> 3.5 of 3.5"),
    ],
)
def test_a_question_that_goes_is_told_with_the_totals_that_it_changes(
    course, results, grading, told
):
    with Store(results, ABOUT) as store:
        store.mark("ben", [Mark("S1", 3, "ada")])
        (course / "grading.yml").write_text(grading)
        lines = [str(change) for change in note_rules(store, outline_of(course), "eve")]
    assert told in lines


def test_what_people_gave_is_in_comments_and_in_gradescope_s_files(course, results):
    given = (Override("one", 2, "seen in class", "x"), Override("S1", 4, "told me", "x"))
    marks = (Mark("S1", 1, "ada", "Say why."),)
    late = ("--student", "ann", "--reason", "so", "--exercise")
    ann = replace(ANN, marks=marks)
    (told,) = releases([ann], outline_of(course), results)
    assert told.comment.splitlines()[-1] == "S1 (1 of 4): Say why."
    (told,) = releases([replace(ann, overrides=given)], outline_of(course), results)
    assert "one (2 of 2.5), given by a person: seen in class" in told.comment
    assert "S1 (4 of 4), given by a person: told me" in told.comment
    unread = Result("dee", "dee.pdf", Status.unreadable, "a PDF", overrides=given[:1])
    (told,) = releases([unread], outline_of(course), results)
    assert told.comment.startswith("The submission could not be read: a PDF.\n2 of 3.5 points.\n")
    shown = gradescope.report(
        replace(ann, overrides=given), outline_of(course), None, outline_of(course).question_points
    )
    assert shown["score"] == sum(test["score"] for test in shown["tests"]) == 6
    assert "A person reads" not in shown["output"]
    assert {"2 in all: seen in class", "told me"} <= {test["output"] for test in shown["tests"]}
    assert run(course, "override", results, *late, "one", "--points", "2") == 0
    assert run(course, "override", results, *late, "S1", "--points", "4") == 0
    assert run(course, "export", results, "--to", "gradescope") == 2
    made = {p.stem: json.loads(p.read_text()) for p in (results / "gradescope").glob("*.json")}
    assert list(made) == ["ann"] and made["ann"]["score"] == 6  # ben's answer is not marked yet


def test_no_file_of_somebody_else_s_is_written_over(course, results, capsys):
    file = course / "theirs.csv"
    file.write_text("theirs")
    for path in (file, course / "grading.yml"):
        before = path.read_text()
        assert run(course, "export", results, "--to", "csv", "--file", path) == 1
        assert "is there already" in capsys.readouterr().err
        assert path.read_text() == before
    file.unlink()
    for _ in range(2):  # our own, unchanged
        assert run(course, "export", results, "--to", "csv", "--file", file) == 2
    file.write_text(file.read_text() + "changed")
    assert run(course, "export", results, "--to", "csv", "--file", file) == 1
    assert file.read_text().endswith("changed")


def test_where_there_is_another_check_nobody_is_compared(course, results):
    """Their work is graded again: these were not the same scores."""
    with Store(results, ABOUT) as store:
        (course / "grading.yml").write_text(GRADING.replace("b: 0.5", "b: 1.5, d: 1"))
        assert note_rules(store, outline_of(course), "eve") == []
    assert [line[3] for line in audit(results)] == [
        "one.b: points 0.5 -> 1.5",
        "one.d: points none -> 1",
    ]


def test_of_a_new_record_nobody_s_score_has_changed(course):
    void(course, "full")
    (course / "results").mkdir()
    with Store(course / "results", ABOUT) as store:
        store.save(ANN)
        assert note_rules(store, outline_of(course), "eve") == []
        assert note_rules(store, outline_of(course), "eve") == []
    assert [line[3] for line in audit(course / "results")] == [
        "one.a: void, full marks for everyone"
    ]


def test_whoever_is_forgotten_has_no_extension_in_the_record_either(course, results):
    extension = "    extensions: {maths: {ann: 2026-11-09T12:00:00+00:00}}\n"
    (course / "grading.yml").write_text(GRADING + LATE + extension)
    assert run(course, "report", results) == 0
    assert "ann" in read_about(results)["rules"]
    logged = [(line[2], line[3]) for line in audit(results)]
    assert ("ann", "extension: none -> 2026-11-09T12:00:00+00:00") in logged
    for student in ("ben", "ann"):
        assert ("ann" in read_about(results)["rules"]) is True
        assert run(course, "purge", results, "--student", student, "--yes") == 0
    assert "ann" not in read_about(results)["rules"]  # though the pages were written again
    assert [line[3] for line in audit(results)] == ["late policy: new"]


def test_points_by_hand_below_what_the_checks_give_now_are_told_when_grading(course, capsys):
    given = (Override("one", 1, "half of it", "x"), Override("two", 1, "seen", "x"))
    overview = Overview(outline_of(course))
    for result, found in scored([replace(BEN, overrides=given), ANN], outline_of(course), {}):
        overview.add(result, found)
    terminal.summarise(overview, course / "results", ["ben", "ann"])
    told = "points by hand, below what the checks give now: ben one (1, and the checks give 2.5)\n"
    assert told in capsys.readouterr().out


def test_an_extension_of_nobody_is_told_when_pages_are_written_again(course, results, capsys):
    extension = "    extensions: {maths: {amm: 2026-11-09T12:00:00+00:00}}\n"
    (course / "grading.yml").write_text(GRADING + LATE + extension)
    assert run(course, "report", results) == 0
    assert "no work of amm, whom late.extensions" in capsys.readouterr().err


def test_what_is_exported_after_a_change_of_rules_is_what_pages_say(course, results):
    assert run(course, "report", results) == 0
    void(course, "full")
    with Store(results, ABOUT) as store:
        note_rules(store, outline_of(course), "eve")  # and then it was killed
    page = results / "feedback" / "ann.html"
    assert "2.5 of 3.5 points" not in page.read_text()
    assert run(course, "export", results, "--to", "csv", "--file", course / "out.csv") == 0
    assert (course / "out.csv").read_text() == (results / "scores.csv").read_text()
    assert "2.5 of 3.5 points" in page.read_text()


def test_whoever_comes_later_has_no_score_that_changed(course, results):
    """Their extension and the rules are those that they come under."""
    extension = "    extensions: {maths: {zoe: 2026-11-09T12:00:00+00:00}}\n"
    (course / "grading.yml").write_text(GRADING + LATE + extension)
    late = Receipt(submitted_at="2026-11-02T11:00:00+00:00")
    with Store(results, ABOUT) as store:
        note_rules(store, outline_of(course), "eve")
        before = audit(results)
        store.save(replace(BEN, student_id="zoe", receipt=late))
        earlier = store.students - {"zoe"}
        assert note_rules(store, outline_of(course), "eve", earlier) == []
        assert audit(results) == before and "zoe" in store.recall("rules")
        (course / "grading.yml").write_text(GRADING + LATE)  # taken from her
        (change,) = note_rules(store, outline_of(course), "eve")
    assert str(change) == "zoe: 3.5 -> 3.15"


def test_marks_can_be_given_after_the_late_policy_has_changed(course, results):
    """`mark` keeps what the record is of, and not what it remembers."""
    _, about = graded.assignment_of(course, results)
    (course / "grading.yml").write_text(GRADING + LATE)
    with graded.proved(outline_of(course), results, about):
        pass
    with Store(results, about) as store:
        assert store.recall("rules")


def test_of_many_changes_the_first_are_printed(capsys):
    one = Change("ann", Score({}, {}, 1.0, 2.0), Score({}, {}, 0.5, 2.0))
    terminal.show_changes([one] * (terminal.FEW + 2))
    told = capsys.readouterr().out.splitlines()
    assert told[0].startswith(f"{terminal.FEW + 2} scores changed with grading.yml")
    assert told[1:] == ["  ann: 1 -> 0.5"] * terminal.FEW + ["  ... and 2 more"]


def test_a_void_check_needs_no_new_run(course, results):
    before = outline_of(course)
    void(course, "full")
    after = outline_of(course)
    assert before.fingerprint("x") == after.fingerprint("x") and before.claims == after.claims
    assert score(ANN, after, {}).exercises == {"one": 2.5, "two": 0}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("policy: {void: {math: {}}}", "policy.void: no assignment 'math': did you mean 'maths'?"),
        ("policy: {void: {maths: {on: {}}}}", "no exercise 'on': did you mean 'one'?"),
        (
            "policy: {void: {maths: {two: {d: {credit: full, reason: x}}}}}",
            "policy.void.maths.two: no check 'd': there are c",
        ),
        ("policy: {void: {maths: {two: {c: {credit: half, reason: x}}}}}", "'full' or 'none'"),
        ("policy: {void: {maths: {two: {c: {credit: full}}}}}", "reason: field required"),
    ],
)
def test_a_wrong_void_is_told(tmp_path, text, told):
    path = Path(tmp_path, "grading.yml")
    path.write_text(GRADING + text)
    with pytest.raises(CourseError) as stopped:
        read_grading(path)
    assert told in str(stopped.value)


def test_no_such_student_or_exercise(course, results):
    with Store(results, ABOUT) as store, pytest.raises(ResultsError, match="no result of 'zed'"):
        override(store, outline_of(course), "zed", Override("one", 1, "so", "eve"))


# What others are told


CLOSED = replace(CAY, overrides=(Override("one", 2.5, "by hand", "eve"),))


def test_who_was_closed_by_hand_has_no_score_for_an_lms_while_questions_are_not_marked(course):
    ann = replace(ANN, marks=(Mark("S1", 4, "eve"),))
    told = {r.student_id: r for r in releases([ann, CLOSED], outline_of(course), course)}
    assert (told["ann"].score, told["ann"].open) == (Decimal("4.5"), "")
    assert told["cay"].score is None and told["cay"].open == "not marked yet: S1"
    assert told["cay"].status is Status.graded


def test_who_was_closed_by_hand_is_graded_for_gradescope_too(course, results):
    given = ("--student", "cay", "--exercise", "one", "--points", "2.5", "--reason", "by hand")
    run(course, "override", results, *given)
    assert run(course, "export", results, "--to", "gradescope") == 0
    made = json.loads((results / "gradescope" / "cay.json").read_text())
    assert (made["score"], made["extra_data"]["status"]) == (3.5, "graded")
    assert "the reference" not in json.dumps(made)


@pytest.mark.parametrize(
    ("credit", "score", "most", "told"),
    [
        ("full", 2, 2, "why\nCounts in full for everyone: the hidden case was wrong"),
        ("none", 0, 0, "why\nDoes not count: the hidden case was wrong"),
    ],
)
def test_gradescope_shows_a_void_check_as_it_counts(course, credit, score, most, told):
    void(course, credit)
    made = gradescope.report(ANN, outline_of(course), None)
    shown = {test["name"]: test for test in made["tests"]}["one: a"]
    assert (shown["score"], shown["max_score"], shown["status"]) == (score, most, "passed")
    assert shown["output"] == told
    assert made["score"] == sum(test["score"] for test in made["tests"])


def test_gradescope_gives_what_could_not_be_read_nothing_for_a_void_check(course):
    void(course, "full")
    unreadable = Result("dee", "dee.pdf", Status.unreadable, "no notebook in it")
    made = gradescope.report(unreadable, outline_of(course), None)
    assert {(test["score"], test["status"]) for test in made["tests"]} == {(0, "failed")}


@pytest.mark.parametrize(
    ("credit", "points", "told"),
    [
        ("full", "2.5", "a: 2 of 2 why Counts in full for everyone: the hidden case was wrong"),
        ("none", "0.5", "a: 0 of 0 why Does not count: the hidden case was wrong"),
    ],
)
def test_nbgrader_s_pages_show_a_void_check_as_it_counts(course, credit, points, told):
    void(course, credit)
    about = {"nbgrader": {"grade": True, "grade_id": "one"}}
    cell = v4.new_code_cell("", metadata=about)
    gradebook._fill_in(v4.new_notebook(cells=[cell]), outline_of(course), ANN)
    printed, value = cell.outputs
    assert printed.text.splitlines() == [told, "b: 0.5 of 0.5"]
    assert value.data == {"text/plain": points}


def test_nbgrader_s_pages_say_of_an_exercise_that_is_not_there_that_it_was_not_found(course):
    cells = [
        v4.new_code_cell("", metadata={"nbgrader": {"grade": True, "grade_id": name}})
        for name in ("one", "two")
    ]
    alone = replace(ANN, outcomes=ANN.outcomes[:1])
    gradebook._fill_in(v4.new_notebook(cells=cells), outline_of(course), alone)
    assert [cell.outputs[0].text.splitlines()[-1] for cell in cells] == [
        "b: 0.5 of 0.5",
        "not found",
    ]
    assert cells[1].outputs[1].data == {"text/plain": "0.0"}


@pytest.mark.parametrize("credit", ["full", "none"])
def test_what_our_grader_failed_at_is_in_no_sentence_of_a_void_check(course, credit):
    void(course, credit)
    secret = Outcome("one", (Verdict("a", error, "the solution raised"), Verdict("b", passed)))
    result = replace(CAY, outcomes=(secret, CAY.outcomes[1]))
    assert "raised" not in json.dumps(gradescope.report(result, outline_of(course), None))
    assert "raised" not in "".join(gradebook._sentences(secret, outline_of(course)))
