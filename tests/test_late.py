"""What lateness costs: one place, begun steps, a cap, and the benefit of the doubt."""

from __future__ import annotations

import csv
import io
from dataclasses import replace
from pathlib import Path

import pytest
from classes import publish
from hypothesis import given
from hypothesis import strategies as st

from autograder.course.grading import read_grading
from autograder.course.late import LateRules, penalty
from autograder.course.outline import Outline
from autograder.course.policy import LatePolicy, Policy
from autograder.errors import CourseError
from autograder.model import NO_RECEIPT, Kind, Mark, Outcome, Receipt, Result, Status, Verdict
from autograder.results.release import releases, rounded
from autograder.results.score import score, write_csv

DUE = "2026-11-20T23:59:00+01:00"
RUBRIC = {"one": {"a": 6, "b": 4}}


def rules(**more):
    policy = {"due": {"maths": DUE}, "percent_per_day": 10} | more
    if "percent_per_hour" in more:
        del policy["percent_per_day"]
    read = LatePolicy.model_validate(policy)
    return LateRules(read, read.due["maths"], read.extensions.get("maths", {}))


def lost(at, earned=10, most=10, late=False, **more):
    return penalty(Receipt("", at, late), "ann", earned, most, rules(**more)).points


@pytest.mark.parametrize(
    ("at", "more", "points"),
    [
        ("2026-11-20T23:59:00+01:00", {}, 0),
        ("2026-11-20T22:59:01Z", {}, 1),  # a second late, in another zone
        ("2026-11-21T23:59:00+01:00", {}, 1),
        ("2026-11-21T23:59:01+01:00", {}, 2),
        ("2027-11-21T23:59:01+01:00", {}, 10),
        ("2027-11-21T23:59:01+01:00", {"cap_percent": 45}, 4.5),
        ("2026-11-21T00:14:00+01:00", {"grace_minutes": 15}, 0),
        ("2026-11-21T00:14:01+01:00", {"grace_minutes": 15}, 1),
        ("2026-11-21T02:00:00+01:00", {"percent_per_hour": 5}, 1.5),
        ("2026-11-22T00:00:00+01:00", {"extensions": {"maths": {"ann": "2026-11-23T00:00Z"}}}, 0),
        ("2026-11-22T00:00:00+01:00", {"extensions": {"maths": {"ben": "2026-11-23T00:00Z"}}}, 2),
        ("2026-11-20T23:59:00", {}, 0),  # no offset: that of the due time
        ("2026-11-21T00:00:00", {}, 1),
        ("2026-11-20T22:59:30", {"timezone": "UTC"}, 1),
        ("2026-11-20T18:00:00", {"timezone": "America/New_York"}, 1),
        ("", {}, 0),
    ],
)
def test_points_go_by_begun_days_or_hours(at, more, points):
    assert lost(at, **more) == pytest.approx(points)


def test_a_flag_alone_costs_one_step_and_nothing_with_an_extension():
    assert lost("", late=True) == 1
    assert lost("", late=True, percent_per_hour=5) == 0.5
    assert lost("", late=True, extensions={"maths": {"ann": "2026-12-24T00:00Z"}}) == 0


def test_a_flag_counts_for_nothing_where_the_time_is_known():
    assert lost("2026-11-20T20:00:00+01:00", late=True) == 0


@given(st.floats(0, 10), st.integers(0, 10**7))
def test_nobody_gets_less_than_nothing(earned, seconds):
    from datetime import datetime, timedelta

    at = (datetime.fromisoformat(DUE) + timedelta(seconds=seconds)).isoformat()
    assert 0 <= lost(at, earned=earned) <= earned


LATE = Receipt("7", "2026-11-21T12:00:00+01:00", late=True)
VERDICTS = (Verdict("a", Kind.passed), Verdict("b", Kind.failed, "b is wrong"))
ANN = Result("ann", "ann.ipynb", Status.graded, outcomes=(Outcome("one", VERDICTS),), receipt=LATE)
POLICY = Policy(late=LatePolicy.model_validate({"due": {"maths": DUE}, "percent_per_day": 10}))
MATHS = Outline("maths", Path("assignments/maths"), RUBRIC, POLICY)


@pytest.mark.parametrize("due", [DUE, f"'{DUE}'", "2026-11-20 23:59:00 +01:00"])
def test_a_policy_is_read_from_the_file_with_quotes_around_its_times_or_without(due, tmp_path):
    path = tmp_path / "grading.yml"
    path.write_text(
        "policy:\n  late:\n"
        f"    due: {{maths: {due}}}\n"
        "    extensions: {maths: {'007': 2026-11-22T23:59:00Z}}\n"
        "    percent_per_day: 10\n"
        "    timezone: Europe/Zurich\n"
        "maths: {one: {a: 6, b: 4}}\n"
    )
    read = read_grading(path).policy.late
    found = LateRules(read, read.due["maths"], read.extensions["maths"])
    late = Receipt("", "2026-11-22T12:00:00")  # in Zurich, more than a day late
    assert penalty(late, "ann", 10, 10, found).points == 2
    assert penalty(late, "007", 10, 10, found).points == 0


def test_the_row_of_scores_still_sums_up(tmp_path):
    ben = replace(ANN, student_id="ben", receipt=NO_RECEIPT)
    path = tmp_path / "scores.csv"
    write_csv(path, [ANN, ben], MATHS)
    rows = list(csv.DictReader(io.StringIO(path.read_text())))
    assert list(rows[0])[-2:] == ["one", "late"]
    assert [(r["score"], r["one"], r["late"]) for r in rows] == [("5", "6", "-1"), ("6", "6", "0")]
    write_csv(path, [ANN, ben], replace(MATHS, policy=Policy()))
    assert "late" not in path.read_text()


def test_the_feedback_page_says_what_and_why(tmp_path):
    publish([ANN], tmp_path, MATHS)
    page = (tmp_path / "feedback" / "ann.html").read_text()
    assert "5 of 10 points" in page
    assert "1 taken off: late by 12 h 1 min, which costs 10 % of 10 points" in page


def test_what_an_lms_is_told_is_what_is_left(tmp_path):
    (told,) = releases([ANN], MATHS, tmp_path)
    assert (told.score, told.max_score, told.attempt) == (5, 10, "7")
    assert "1 taken off: late by" in told.comment and "one (6 of 10): b is wrong" in told.comment


def test_a_grader_error_has_no_penalty_and_no_score():
    ours = replace(ANN, status=Status.grader_error, outcomes=())
    assert score(ours, MATHS, {}, MATHS.late).total is None


def test_once_questions_count_the_share_is_of_all_points():
    marked = replace(ANN, marks=(Mark("S1", 5, "me"),))
    found = score(marked, MATHS, {"S1": 10}, MATHS.late)
    assert (found.late.points, found.total) == (2, 9)


@pytest.mark.parametrize(
    ("points", "text"),
    [(2.675, "2.68"), (0.125, "0.13"), (3.0, "3"), (10, "10"), (0, "0"), (12.5, "12.5")],
)
def test_scores_are_rounded_once_half_up(points, text):
    assert str(rounded(points)) == text


def test_a_policy_changes_points_and_no_verdict():
    assert MATHS.digest == replace(MATHS, policy=Policy()).digest


@pytest.mark.parametrize(
    ("policy", "said"),
    [
        (
            "{due: {maths: 2026-11-20T23:59}, percent_per_day: 10}",
            "late.due.maths: expected a time and its offset",
        ),
        (f"{{due: {{maths: '{DUE}'}}}}", "expected either percent_per_day or percent_per_hour$"),
        (
            f"{{due: {{maths: '{DUE}'}}, percent_per_day: 1, percent_per_hour: 1}}",
            "expected either percent_per_day or percent_per_hour$",
        ),
        (f"{{due: {{meths: '{DUE}'}}, percent_per_day: 1}}", "did you mean 'maths'"),
        (f"{{due: {{maths: '{DUE}'}}, percent_per_dya: 1}}", "did you mean 'percent_per_day'"),
        (f"{{due: {{maths: '{DUE}'}}, percent_per_day: 101}}", "less than or equal to 100"),
        (f"{{due: {{maths: '{DUE}'}}, percent_per_day: 1, timezone: Mars}}", "timezone"),
        (
            f"{{due: {{maths: '{DUE}'}}, percent_per_day: 1, extensions: {{x: {{}}}}}}",
            "no assignment 'x'",
        ),
        (
            f"{{due: {{maths: '{DUE}'}}, percent_per_day: 1, "
            "extensions: {maths: {'a{b': '2026-01-01T00:00Z'}}}",
            "the extension of a{b for maths ends before it is due$",
        ),
        (
            f"{{due: {{maths: '{DUE}'}}, percent_per_day: 1, "
            f"extensions: {{maths: {{7: '{DUE}'}}}}}}",
            "extensions.maths.7: .*put quotes around it",
        ),
    ],
)
def test_a_wrong_policy_is_told_with_its_key(policy, said, tmp_path):
    path = tmp_path / "grading.yml"
    path.write_text(f"policy: {{late: {policy}}}\nmaths: {{one: {{a: 1}}}}\n")
    with pytest.raises(CourseError, match=f"(?s){said}"):
        read_grading(path)
