"""Scores over the wire into Canvas and Moodle: planned, written once, read back."""

from __future__ import annotations

import json
import logging
import re
import stat
from dataclasses import replace
from decimal import Decimal

import pytest
import uploads
from lms import canvas as canvas_stub
from lms import moodle as moodle_stub
from lms.proxy import proxied
from lms.serve import serving
from uploads import never, release, send, stub, world

from autograder.commands import planned
from autograder.errors import LmsError, OutcomeUnknown, ResultsError
from autograder.upload import tokens, transport
from autograder.upload.apply import upload
from autograder.upload.journal import Journal
from autograder.upload.lms import Target
from autograder.upload.plan import LEFT, Action, Row, Wishes
from autograder.upload.transport import Session

BOTH = pytest.mark.parametrize("platform", ["canvas", "moodle"])
CLASS = [release(100 + n, n) for n in range(5)]


@pytest.fixture
def page(tmp_path):
    path = tmp_path / "100.html"
    path.write_text("<p>fine</p>")
    return path


@BOTH
def test_a_plan_writes_nothing_and_says_what_would_be_written(platform, tmp_path):
    made = stub(platform, 6)
    with world(made) as there:
        rows, problems = send(there.lms(), CLASS, tmp_path, apply=False, comment=True)
    assert {method for method, _ in made.log} == {"GET"}
    assert {row.action for s, row in rows.items() if s != "105"} == {Action.set}
    assert [(row.old, row.new) for row in rows.values()][:2] == [(None, 0), (None, 1)]
    assert rows["105"].action is Action.missing and problems == {}
    assert all(score is None for score, _, _ in there.held().values())
    assert [p.name for p in (tmp_path / "uploads").iterdir()] == [f"{platform}.jsonl"]
    assert (tmp_path / "uploads" / f"{platform}.jsonl").read_text() == ""


@BOTH
def test_what_is_applied_is_there_once_and_a_second_run_changes_nothing(platform, tmp_path, page):
    told = [replace(one, feedback=page) for one in CLASS]
    made = stub(platform, 6)
    options = {"comment": True, "file": True}
    with world(made) as there:
        _, problems = send(there.lms(), told, tmp_path, **options)
        assert problems == {}
        first = there.held()
        writes = [entry for entry in made.log if entry[0] != "GET"]
        rows, problems = send(there.lms(), told, tmp_path, **options)
    assert [entry for entry in made.log if entry[0] != "GET"] == writes
    assert {row.action for s, row in rows.items() if s != "105"} == {Action.unchanged}
    assert there.held() == first and problems == {}
    assert first.pop("105") == (None, [], [])
    for n, (score, comments, files) in enumerate(first.values()):
        assert (score, files) == (n, [page.read_bytes()])
        (comment,) = comments
        assert f"{n} of 10 points." in comment and "gradient" in comment


@BOTH
def test_the_journal_tells_the_story(platform, tmp_path):
    with world(stub(platform, 5)) as there:
        send(there.lms(), CLASS[:2], tmp_path)
    path = tmp_path / "uploads" / f"{platform}.jsonl"
    records = [json.loads(line) for line in path.read_text().splitlines()]
    assert [r["event"] for r in records] == ["target", *["intent", "sent"] * 2, *["verified"] * 2]
    assert records[0]["title"] == "Homework 3"
    assert [r["score"] for r in records[1:]] == ["0", "0", "1", "1", "0", "1"]
    assert sorted(r["at"] for r in records) == [r["at"] for r in records]
    assert len({r["at"] for r in records}) == len(records)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@BOTH
def test_a_score_that_somebody_changed_is_a_conflict_until_told_otherwise(platform, tmp_path):
    made = stub(platform, 2)
    with world(made) as there:
        send(there.lms(), CLASS[:2], tmp_path)
        if platform == "canvas":
            made.students[101].score = 7.5
        else:
            made.participants[5001].grade = 7.5
        rows, problems = send(there.lms(), CLASS[:2], tmp_path)
        row = rows["101"]
        assert (row.action, row.old, row.new) == (Action.conflict, Decimal("7.5"), Decimal(1))
        assert there.held()["101"][0] == 7.5 and problems == {}
        rows, _ = send(there.lms(), CLASS[:2], tmp_path, overwrite=True)
        assert rows["101"].action is Action.set
        assert there.held()["101"][0] == 1


@BOTH
def test_a_new_score_of_ours_takes_the_place_of_our_old_one_only(platform, tmp_path):
    with world(stub(platform, 2)) as there:
        send(there.lms(), [release(100, 3), release(101, 3)], tmp_path)
        send(there.lms(), [release(100, 4), release(101, 3)], tmp_path)
        assert there.held()["100"][0] == 4
        # What was ours once and was put back by a person is a person's.
        held = there.stub
        if platform == "canvas":
            held.students[100].score = 3
        else:
            held.participants[5000].grade = 3
        rows, _ = send(there.lms(), [release(100, 5), release(101, 3)], tmp_path)
        assert rows["100"].action is Action.conflict


@BOTH
def test_nobody_who_handed_nothing_in_gets_a_zero_unless_that_is_asked_for(platform, tmp_path):
    with world(stub(platform, 3)) as there:
        send(there.lms(), CLASS[1:2], tmp_path)
        assert [score for score, _, _ in there.held().values()] == [None, 1, None]
        send(there.lms(), CLASS[1:2], tmp_path, zero_missing=True)
        assert [score for score, _, _ in there.held().values()] == [0, 1, 0]


@BOTH
def test_who_is_not_enrolled_and_what_has_no_score_is_left_out_and_named(platform, tmp_path):
    made = stub(platform, 2)
    with world(made) as there:
        rows, problems = send(there.lms(), [release(100), release(999, 3)], tmp_path)
    assert rows["100"].action is Action.no_score and rows["999"].action is Action.not_enrolled
    assert {method for method, _ in made.log} == {"GET"} and problems == {}


@BOTH
def test_other_points_possible_are_refused(platform, tmp_path):
    made = stub(platform, 2)
    made.about["points_possible" if platform == "canvas" else "grade"] = 20
    with world(made) as there, pytest.raises(LmsError, match="20 points possible there, and 10"):
        send(there.lms(), CLASS[:2], tmp_path)
    assert {method for method, _ in made.log} == {"GET"}


@BOTH
def test_another_target_than_before_is_refused(platform, tmp_path):
    with world(stub(platform, 2)) as there:
        send(there.lms(), CLASS[:2], tmp_path)
    other = stub(platform, 2)
    with world(other) as there, pytest.raises(LmsError, match="went to 'Homework 3'"):
        send(there.lms(), CLASS[:2], tmp_path)
    assert {method for method, _ in other.log} == {"GET"}


@BOTH
def test_a_wrong_token_is_refused_and_shown_nowhere(platform, tmp_path, monkeypatch, caplog):
    caplog.set_level(logging.DEBUG)
    for module in (canvas_stub, moodle_stub):
        monkeypatch.setattr(module, "TOKEN", "another")
    made = stub(platform, 2)
    with world(made) as there:
        client = there.lms()
        monkeypatch.setattr(module, "TOKEN", "changed since")
        monkeypatch.setattr(canvas_stub, "TOKEN", "changed since")
        with pytest.raises(LmsError, match=r"(?i)token") as caught:
            client.target()
    assert "another" not in str(caught.value)


@pytest.mark.parametrize("fault", ["hang up", "cut"])
@BOTH
def test_no_token_is_in_an_error_or_a_log(platform, fault, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    with world(stub(platform, 2), fault, share=1.0) as there, pytest.raises(OutcomeUnknown) as told:
        send(there.lms(), CLASS[:2], tmp_path)
    tokens = (canvas_stub.TOKEN, moodle_stub.TOKEN)
    assert not any(token in f"{told.value!r} {caplog.text}" for token in tokens)


# Canvas


def test_canvas_says_stale_where_another_attachment_came_in(tmp_path):
    students = [canvas_stub.Student(n, attachments=[n * 10, n * 10 + 1]) for n in (1, 2)]
    told = [release(1, 3, attempt="11"), release(2, 3, attempt="20")]
    with world(canvas_stub.Canvas(students)) as there:
        rows, _ = send(there.lms(), told, tmp_path)
    assert [row.action for row in rows.values()] == [Action.set, Action.stale]
    assert [score for score, _, _ in there.held().values()] == [3, None]


def test_canvas_never_scores_who_is_excused(tmp_path):
    with world(canvas_stub.Canvas([canvas_stub.Student(1, excused=True)])) as there:
        rows, _ = send(there.lms(), [release(1, 3)], tmp_path, overwrite=True, zero_missing=True)
    assert rows["1"].action is Action.excused
    assert there.held()["1"][0] is None


def test_canvas_gives_no_zero_to_who_is_excused_and_handed_nothing_in(tmp_path):
    made = canvas_stub.Canvas(
        [canvas_stub.Student(100, excused=True), canvas_stub.Student(101), canvas_stub.Student(102)]
    )
    with world(made) as there:
        rows, _ = send(there.lms(), [release(102, 3)], tmp_path, zero_missing=True)
    assert (rows["100"].action, rows["101"].action) == (Action.excused, Action.set)
    assert {s.user: s.score for s in made.students.values()} == {100: None, 101: 0, 102: 3}


def test_canvas_takes_its_own_late_share_and_that_is_no_conflict(tmp_path):
    made = canvas_stub.Canvas([canvas_stub.Student(1, deducted=2.0)])
    with world(made) as there:
        send(there.lms(), [release(1, 8)], tmp_path)
        rows, problems = send(there.lms(), [release(1, 8)], tmp_path)
    assert rows["1"].action is Action.unchanged and problems == {}


def test_canvas_anonymous_students_are_graded_by_their_anonymous_ids(tmp_path):
    students = [canvas_stub.Student(1, hidden="acJ4Q"), canvas_stub.Student(2, hidden="b2")]
    made = canvas_stub.Canvas(students, anonymous_grading=True)
    with world(made) as there:
        rows, problems = send(there.lms(), [release("anon_b2", 4)], tmp_path, comment=True)
    assert rows["anon_b2"].action is Action.set and problems == {}
    assert [score for score, _, _ in there.held().values()] == [None, 4]


def test_canvas_groups_share_one_write_and_each_member_one_comment(tmp_path):
    students = [canvas_stub.Student(n, group=5 if n < 4 else None) for n in (1, 2, 3, 4)]
    made = canvas_stub.Canvas(students)
    with world(made) as there:
        rows, problems = send(
            there.lms(), [release(2, 6)], tmp_path, comment=True, zero_missing=True
        )
    assert list(rows) == ["2", "4"] and problems == {}  # the others are of the group
    assert [score for score, _, _ in there.held().values()] == [6, 6, 6, 0]
    assert [len(comments) for _, comments, _ in there.held().values()] == [1, 1, 1, 0]


def test_canvas_reads_every_page(tmp_path):
    made = stub("canvas", 23)
    made.page_size = 5
    with world(made) as there:
        assert len(there.lms().read()) == 23


def test_canvas_says_who_sees_scores_when():
    for by_hand, said in ((True, "see nothing before you post"), (False, "see scores at once")):
        with world(canvas_stub.Canvas([], post_manually=by_hand)) as there:
            assert said in there.lms().target().remarks[0]


@pytest.mark.parametrize(
    ("about", "said"),
    [
        ({"grading_type": "pass_fail"}, "pass_fail, not in points"),
        ({"moderated_grading": True}, "moderated"),
    ],
)
def test_canvas_assignments_that_take_no_points_are_refused(about, said):
    with (
        world(canvas_stub.Canvas([], **about)) as there,
        pytest.raises(LmsError, match=said),
    ):
        there.lms().target()


# Moodle


def test_moodle_says_stale_where_something_came_in_after_the_download(tmp_path):
    made = moodle_stub.Moodle(
        [
            moodle_stub.Participant(1, 51, submitted=1_700_000_000),
            moodle_stub.Participant(2, 52, submitted=1_900_000_000),
        ]
    )
    with world(made) as there:
        rows, _ = send(there.lms(), [release(1, 3), release(2, 3)], tmp_path)
    assert [row.action for row in rows.values()] == [Action.set, Action.stale]


def test_moodle_teams_are_refused_for_their_numbers_are_no_students(tmp_path):
    with (
        world(moodle_stub.Moodle([], teamsubmission=1)) as there,
        pytest.raises(LmsError, match="handed in by teams"),
    ):
        there.lms().target()


def test_moodle_comments_are_text_and_not_markup(tmp_path):
    with world(stub("moodle", 1)) as there:
        send(there.lms(), CLASS[:1], tmp_path, comment=True)
    ((_, (comment,), _),) = there.held().values()
    assert "<br>" in comment and "&lt;gradient&gt; is a sum &amp;" in comment


def test_moodle_keeps_the_comments_and_the_state_that_people_gave(tmp_path):
    people = [
        moodle_stub.Participant(1, 51, grade=2, comment="<p>Well done</p>", state="inreview"),
        moodle_stub.Participant(2, 52, state="released"),
    ]
    made = moodle_stub.Moodle(people, markingworkflow=1)
    with world(made) as there:
        _, problems = send(there.lms(), [release(1, 3), release(2, 4)], tmp_path, overwrite=True)
    assert problems == {}
    assert [(p.grade, p.comment, p.state) for p in people] == [
        (3, "<p>Well done</p>", "inreview"),
        (4, "", "released"),
    ]


def test_moodle_that_hides_a_comment_is_not_made_to_delete_it(tmp_path):
    person = moodle_stub.Participant(1, 51, grade=2, comment="<p>Well done</p>")
    made = moodle_stub.Moodle([person])
    made.hides_feedback = True
    with world(made) as there:
        _, problems = send(there.lms(), [release(1, 3)], tmp_path, overwrite=True)
        assert "would delete it" in problems["1"] and (person.grade, person.writes) == (2, 0)
        _, problems = send(there.lms(), [release(1, 3)], tmp_path, overwrite=True, comment=True)
        assert problems == {} and "3 of 10" in person.comment


@pytest.mark.parametrize("answer", [None, [], "x", {"courses": None}, {"courses": [{"id": 7}]}])
@BOTH
def test_an_answer_that_is_not_as_documented_is_told_and_no_traceback(platform, answer, tmp_path):
    def odd(request):
        return canvas_stub.Answer(content=answer)

    made = stub(platform, 1)
    with serving(odd) as address, pytest.raises(LmsError):
        uploads.World(made, address).lms().target()
    made.routes.insert(0, ("GET", re.compile(".*"), odd))
    with world(made) as there, pytest.raises(LmsError):
        there.lms().read()


# What happens meanwhile, and what is not ours


@BOTH
def test_who_handed_in_and_has_no_result_gets_no_zero(platform, tmp_path):
    made = stub(platform, 2)
    if platform == "canvas":
        made.students[101].submitted_at = "2026-11-20T11:00:00Z"
    else:
        made.participants[5001].submitted = 1_700_000_000
    with world(made) as there:
        rows, _ = send(there.lms(), CLASS[:1], tmp_path, zero_missing=True)
    assert rows["101"].action is Action.not_graded and Action.not_graded in LEFT
    assert there.held()["101"][0] is None


@BOTH
def test_a_score_that_somebody_gives_meanwhile_is_theirs(platform, tmp_path):
    made = stub(platform, 2)
    with world(made) as there:
        client = there.lms()

        def act(target, rows):
            if platform == "canvas":
                made.students[101].score = 7.0
            else:
                made.participants[5001].grade = 7.0
            return lambda: None

        _, problems = upload(client, CLASS[:2], tmp_path, Wishes(), act)
    assert "changed to 7 since the plan was made" in problems["101"]
    assert there.held()["101"][0] == 7 and there.held()["100"][0] == 0


def test_what_is_handed_in_meanwhile_is_not_given_the_old_score(tmp_path):
    made = canvas_stub.Canvas([canvas_stub.Student(1, attachments=[11])])
    with world(made) as there:

        def act(target, rows):
            made.students[1].attachments.append(12)
            return lambda: None

        told = [release(1, 3, attempt="11")]
        _, problems = upload(there.lms(), told, tmp_path, Wishes(), act)
    assert "handed in again" in problems["1"] and made.students[1].score is None


def test_canvas_says_stale_by_time_where_no_attachment_tells(tmp_path):
    times = ("2026-11-20T11:00:00Z", "2026-11-20T13:00:00Z")
    students = [canvas_stub.Student(n, submitted_at=at) for n, at in enumerate(times)]
    with world(canvas_stub.Canvas(students)) as there:
        told = [release(0, 3), release(1, 3, attempt="11")]  # the second, then, as text
        rows, _ = send(there.lms(), told, tmp_path)
    assert [row.action for row in rows.values()] == [Action.set, Action.stale]


def test_canvas_groups_in_which_somebody_has_another_score_are_a_conflict(tmp_path):
    students = [
        canvas_stub.Student(1, group=5),
        canvas_stub.Student(2, group=5, score=3.0),
        canvas_stub.Student(3, group=6),
        canvas_stub.Student(4, group=6, excused=True),
    ]
    with world(canvas_stub.Canvas(students)) as there:
        rows, _ = send(there.lms(), [release(1, 6), release(3, 6)], tmp_path)
        assert (
            rows["1"].action is Action.conflict and "2, of the same group, has 3" in rows["1"].why
        )
        assert rows["3"].action is Action.conflict and "4, of the same group, is" in rows["3"].why
    assert [s.score for s in students] == [None, 3.0, None, None]


def test_canvas_groups_that_are_graded_one_by_one_are_told_one_by_one(tmp_path):
    students = [canvas_stub.Student(n, group=5, attachments=[7]) for n in (1, 2)]
    made = canvas_stub.Canvas(students, grade_group_students_individually=True)
    with world(made) as there:
        rows, _ = send(there.lms(), [release(1, 6, attempt="7")], tmp_path)
    assert rows["2"].action is Action.not_graded
    assert [s.score for s in students] == [6, None]


def test_canvas_says_what_it_took_for_lateness_itself(tmp_path):
    made = canvas_stub.Canvas([canvas_stub.Student(1, deducted=2.0)])
    with world(made) as there:
        send(there.lms(), [release(1, 8)], tmp_path)
        rows, _ = send(there.lms(), [release(1, 8)], tmp_path)
    assert rows["1"].why == "Canvas took 2 for lateness"


def test_canvas_anonymous_students_get_no_file_and_are_told_so(tmp_path, page):
    made = canvas_stub.Canvas([canvas_stub.Student(2, hidden="b2")], anonymous_grading=True)
    with world(made) as there:
        told = [release("anon_b2", 4, feedback=page)]
        _, problems = send(there.lms(), told, tmp_path, comment=True, file=True)
        assert "leave --feedback out" in problems["anon_b2"]
        _, problems = send(there.lms(), told, tmp_path, comment=True)
    assert problems == {} and made.students[2].score == 4


def test_a_file_that_comes_later_brings_no_comment_again(tmp_path, page):
    made = stub("canvas", 1)
    with world(made) as there:
        told = [release(100, 4, feedback=page)]
        send(there.lms(), told, tmp_path, comment=True)
        _, problems = send(there.lms(), told, tmp_path, comment=True, file=True)
        rows, _ = send(there.lms(), told, tmp_path, comment=True, file=True)
    assert problems == {} and rows["100"].action is Action.unchanged
    texts = [c["comment"] for c in made.students[100].comments]
    assert len(texts) == 2 and sum("4 of 10 points" in text for text in texts) == 1
    assert len(there.held()["100"][2]) == 1


@pytest.mark.parametrize(
    "token", ["7~SECRET\n# note", "7~SECRET…", "7~SEC\x00RET", "-----not a key\nSECRET"]
)
def test_a_token_that_cannot_be_one_is_refused_and_not_shown(token, tmp_path, monkeypatch):
    monkeypatch.delenv("AUTOGRADER_CANVAS_TOKEN", raising=False)
    path = tmp_path / "token"
    path.write_text(token)
    path.chmod(0o600)
    monkeypatch.setenv("AUTOGRADER_CANVAS_TOKEN_FILE", str(path))
    with pytest.raises(LmsError, match="not a token") as told:
        tokens.token("canvas", "https://canvas.example")
    assert "SECRET" not in str(told.value)
    path.write_text("\n")
    with pytest.raises(LmsError, match="no token in it"):
        tokens.token("canvas", "https://canvas.example")


def test_a_long_plan_says_how_many_rows_it_leaves_out_and_none_that_needs_somebody(capsys):
    rows = [Row(f"s{n}", Action.missing, None, None) for n in range(150)]
    rows += [Row(f"c{n}", Action.conflict, Decimal(1), Decimal(2), "why") for n in range(150)]
    planned.plan(Target("canvas", "there", "Homework 3", Decimal(10)), rows, False)
    said = capsys.readouterr().out
    assert "and 90 more" in said and "s59" in said and "s60" not in said and "c149" in said


def test_a_plan_for_nobody_says_so_and_offers_no_writing(capsys):
    planned.plan(Target("canvas", "there", "Homework 3", Decimal(10)), [], False)
    said = capsys.readouterr().out
    assert said.splitlines()[-1] == "nobody" and "student" not in said and "--apply" not in said


# The wire


@pytest.mark.parametrize("status", [429, 403])
@BOTH
def test_a_throttled_write_waits_and_is_sent_once(platform, status, tmp_path):
    made, slept = stub(platform, 2), []
    with world(made, str(status), share=0.3) as there:
        client = there.lms(lambda base, sleep: Session(base, slept.append))
        _, problems = send(client, CLASS[:2], tmp_path, comment=True)
    assert problems == {} and len(slept) > 3 and max(slept) <= transport.LONGEST
    assert [(score, len(c)) for score, c, _ in there.held().values()] == [(0, 1), (1, 1)]


def test_a_403_that_is_no_throttling_is_told_at_once(tmp_path):
    slept = []
    made = stub("canvas", 1)
    made.guarded = None
    made.routes = [("GET", made.routes[1][1], lambda r, **_: canvas_stub.Answer(403, {"e": "no"}))]
    with world(made) as there, pytest.raises(LmsError, match="no"):
        there.lms(lambda base, sleep: Session(base, slept.append)).target()
    assert slept == [] and len(made.log) == 1


def test_a_server_that_never_answers_ends_with_its_name_and_not_for_ever(monkeypatch):
    monkeypatch.setattr(transport, "SECONDS", (1.0, 0.05))
    with world(stub("moodle", 1), "hang up", share=1.0, seconds=0.2) as there:
        with pytest.raises(OutcomeUnknown, match=r"server.php: no answer \(ReadTimeout\)"):
            there.lms().target()
        assert len(there.proxy.log) == transport.TRIES


def test_a_redirect_to_elsewhere_gets_no_token():
    def elsewhere(request):
        return canvas_stub.Answer(302, b"", {"Location": "https://evil.example/"})

    with serving(elsewhere) as address, pytest.raises(LmsError, match="redirects"):
        Session(address, never).get(f"{address}/x", headers={"Authorization": "Bearer t"})
    with serving(elsewhere) as address, pytest.raises(LmsError, match=r"evil.example: not with"):
        Session(address, never).get("https://evil.example/x", headers={"Authorization": "Bearer t"})


@pytest.mark.parametrize("address", ["http://canvas.example", "ftp://127.0.0.1", "canvas.example"])
def test_tokens_travel_encrypted_or_not_at_all(address):
    with pytest.raises(LmsError, match="only https"):
        Session(address)


# The journal


def test_a_journal_with_a_half_line_goes_on_and_one_that_was_changed_does_not(tmp_path):
    with world(stub("moodle", 2)) as there:
        send(there.lms(), CLASS[:2], tmp_path)
        path = tmp_path / "uploads" / "moodle.jsonl"
        whole = path.read_bytes()
        path.write_bytes(whole + b'{"at": "20')
        rows, problems = send(there.lms(), CLASS[:2], tmp_path)
        assert problems == {} and rows["100"].action is Action.unchanged
        assert path.read_bytes().startswith(whole)
        lines = whole.splitlines(keepends=True)
        for damaged in (b"".join(lines[:1] + lines[2:]), whole.replace(b'"sent"', b'"lost"')):
            path.write_bytes(damaged)
            with pytest.raises(ResultsError, match="is not as we wrote it"):
                send(there.lms(), CLASS[:2], tmp_path)
            assert path.read_bytes() == damaged


def test_times_in_a_journal_only_grow_even_if_the_clock_does_not(tmp_path):
    with world(stub("moodle", 2)) as there:
        lms = there.lms()
        target = lms.target()
        send(lms, CLASS[:1], tmp_path)
        path = tmp_path / "uploads" / "moodle.jsonl"
        record = json.loads(path.read_text().splitlines()[0])
        ahead = json.dumps(record | {"at": "2999-01-01T00:00:00.000+00:00"}) + "\n"
        path.write_text(ahead)
        with Journal(tmp_path, target) as journal:
            row = send(lms, CLASS[:1], tmp_path / "..", apply=False)[0]["100"]
            assert journal.add("intent", row.writing) == "2999-01-01T00:00:00.001+00:00"


def test_a_proxy_that_delivers_twice_leaves_one_comment(tmp_path):
    made = stub("canvas", 3)
    with serving(made.answer) as server, proxied(server, "twice", share=1.0) as proxy:
        made.public = proxy.address
        there = uploads.World(made, proxy.address, proxy)
        _, problems = send(there.lms(), CLASS[:3], tmp_path, comment=True)
    assert problems == {}
    assert [len(comments) for _, comments, _ in there.held().values()] == [1, 1, 1]
