"""Marking free text: what markers are handed, what the record gets, the page, and the sheet."""

from __future__ import annotations

import base64
import contextlib
import csv
import io
import json
import re
import signal
import socket
import subprocess
import sys
import threading
import time
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import WIDTHS, browser, needs_browser, opened, serious
from click.testing import CliRunner
from test_escape import FORMULAS, HOSTILE, STEERS

from autograder.cli import main
from autograder.course.course import find_course
from autograder.errors import FolderBusy, MarkError, SheetError
from autograder.marking import render
from autograder.marking.access import Door, marker_name
from autograder.marking.actions import Actions
from autograder.marking.answers import Group, Piece, gather
from autograder.marking.desk import Desk
from autograder.marking.rubric import judged, questions_to_mark
from autograder.marking.server import Site, create
from autograder.marking.sheet import read, write
from autograder.model import SETTLED, Mark, Output, Result, Status, Work
from autograder.results.lock import locked
from autograder.results.store import Store, read_about

ROOT = Path(__file__).parent.parent
COURSE = find_course(ROOT)
OUTLINE = COURSE.outline("backprop")
QUESTIONS = questions_to_mark(OUTLINE)
ABOUT = {"assignment": "backprop", "secret": "0123456789abcdef"}
PNG = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkYPhfDwAChwGA60e6kgAAAABJRU5ErkJggg=="
)
__all__ = ["browser"]  # a fixture


def result(student: str, *works: Work, **more) -> Result:
    return Result(student, f"{student}.ipynb", Status.graded, works=works, **more)


def said(student: str, text: str, question: str = "S1") -> Result:
    return result(student, *([Work(question, text)] if text else []))


def record(folder: Path, *results: Result) -> Path:
    """A results folder that holds them, of an assignment that has proved itself."""
    folder.mkdir(exist_ok=True)
    with Store(folder, ABOUT) as store:
        store.proved = OUTLINE.claims
        store.save(*results)
    return folder


def recorded(folder: Path, question: str = "S1") -> dict[str, list[Mark]]:
    with Store(folder, ABOUT) as store:
        return {
            r.student_id: [m for m in r.marks if m.question == question] for r in store.results()
        }


def desk_of(folder: Path, double: float = 0, patience: float = 0) -> Desk:
    return Desk(folder, ABOUT, tuple(QUESTIONS), double, patience)


def mark(marker: str, criteria=(0,), claims: int = 0, comment: str = "", question="S1") -> Mark:
    return judged(QUESTIONS, question, marker, criteria, claims, comment)


def papers_of(*results: Result):
    return gather(results, tuple(QUESTIONS), "secret")


@pytest.fixture
def trio(tmp_path):
    """Three students: two of them say the same."""
    answers = {"amy": "It adds.", "ben": "It raises.", "cay": "It adds. \r\n"}
    return record(tmp_path / "results", *(said(name, text) for name, text in answers.items()))


# Answers


def test_the_same_answers_are_one_and_so_are_all_blanks():
    papers = papers_of(
        *(said("amy", "It adds."), said("ben", "It adds.  \n"), said("cay", "It  adds!")),
        *(said("dee", ""), said("eli", "")),
    )
    groups = papers.groups["S1"].values()
    assert {group.students for group in groups} == {("amy", "ben"), ("cay",), ("dee", "eli")}
    assert [group.students for group in groups if group.blank] == [("dee", "eli")]


def test_nobody_has_to_mark_what_could_not_be_read_but_who_began_may_go_on():
    unread = replace(said("eli", ""), status=Status.unreadable)
    assert papers_of(unread).groups["S1"] == {}
    marked = replace(unread, marks=(Mark("S1", 1, "ada"),))
    assert [g.students for g in papers_of(marked).groups["S1"].values()] == [("eli",)]


def test_what_an_answers_code_showed_is_part_of_it():
    def one(student, shown, cell):
        return result(student, Work("S1", "plot()", cell), outputs=(replace(shown, cell=cell),))

    papers = papers_of(
        one("amy", Output(1, figure=PNG), 4),
        one("ben", Output(1, figure=PNG), 7),  # another place in the notebook is no other answer
        one("cay", Output(1, figure=PNG + b"x"), 4),
        result("dee", Work("S1", "plot()", 4), outputs=(Output(5, "of another cell"),)),
    )
    groups = {group.students: group for group in papers.groups["S1"].values()}
    assert set(groups) == {("amy", "ben"), ("cay",), ("dee",)}
    assert groups["amy", "ben"].pieces == (Piece("plot()", True, (), (PNG,)),)
    assert groups["dee",].pieces == (Piece("plot()", True),)


def test_the_order_is_by_chance_stays_and_tells_nothing_of_who_wrote_what():
    names = [f"s{number:02}" for number in range(30)]
    results = [said(name, f"answer {name}") for name in names]
    papers, again = papers_of(*results), papers_of(*reversed(results))
    order = [group.students[0] for group in papers.groups["S1"].values()]
    assert order != sorted(order) and sorted(order) == names
    assert list(papers.groups["S1"]) == list(again.groups["S1"])
    more = papers_of(*results, said("new", "something else"))
    assert [k for k in more.groups["S1"] if k in papers.groups["S1"]] == list(papers.groups["S1"])
    others = gather(results, ["S1", "S2"], "another secret")
    assert not set(others.groups["S1"]) & set(papers.groups["S1"])
    assert all(re.fullmatch("[a-p]{16}", key) for key in papers.groups["S1"])


def test_who_could_not_be_graded_through_a_fault_of_ours_is_no_blank():
    lost = replace(said("amy", ""), status=Status.grader_error)
    assert papers_of(lost).groups["S1"] == {}
    kept = replace(said("ben", "It adds."), status=Status.grader_error)
    assert [group.students for group in papers_of(kept).groups["S1"].values()] == [("ben",)]


# Points


@pytest.mark.parametrize(
    ("criteria", "claims", "points"),
    [
        ((), 0, 0),
        ((0, 2), 0, 2),
        ((0, 1, 2, 3), 0, 4),
        ((0, 1), 1, 1),
        ((0,), 3, 0),
        ((1, 1), 0, 1),
    ],
)
def test_points_are_those_of_the_criteria_less_those_of_false_claims(criteria, claims, points):
    assert mark("ann", criteria, claims).points == points


@pytest.mark.parametrize(
    "wrong", [{"criteria": (4,)}, {"criteria": (-1,)}, {"claims": -1}, {"claims": 100}]
)
def test_a_mark_outside_of_the_rubric_is_refused(wrong):
    with pytest.raises(MarkError):
        mark("ann", **wrong)
    with pytest.raises(MarkError):
        mark("ann", comment="x" * 6000)
    with pytest.raises(MarkError):
        mark("ann", question="S7")


# The desk


def test_a_mark_goes_to_all_who_gave_the_answer_and_is_in_the_record_at_once(trio):
    desk = desk_of(trio)
    keys = {desk.next("S1", "ann").key}
    while (group := desk.next("S1", "ann", max(keys))).key not in keys:
        keys.add(group.key)
    assert len(keys) == 2
    with desk.still() as pile:
        adds = next(g for g in pile.groups("S1").values() if len(g.students) == 2)
    desk.mark(adds.key, mark("ann", (2,), 0, "Good."))
    found = recorded(trio)
    assert found["ben"] == [] and found["amy"] == found["cay"] == [
        Mark("S1", 1, "ann", "Good.", (2,))
    ]
    assert found["amy"][0].marked_at
    progress = desk.progress()["S1"]
    assert (progress.students, progress.marked, progress.open) == (3, 2, 1)
    desk.take_back("S1", adds.key, "ann")
    assert recorded(trio) == {"amy": [], "ben": [], "cay": []}


def test_an_answer_is_handed_to_one_marker_at_a_time(tmp_path):
    desk = desk_of(record(tmp_path / "r", *(said(f"s{n}", f"answer {n}") for n in range(4))))
    held = {marker: desk.next("S1", marker).key for marker in ("ann", "bob", "cem", "dot")}
    assert len(set(held.values())) == 4
    assert desk.next("S1", "eve") is None
    desk.mark(held["ann"], mark("ann"))
    assert desk.next("S1", "ann") is None and desk.next("S1", "eve") is None
    assert desk.next("S1", "bob").key == held["bob"]  # a page that was loaded again
    desk.hold("bob", "")  # gone on to another question
    assert desk.next("S1", "eve").key == held["bob"]


def test_an_answer_of_who_went_away_is_handed_out_again(tmp_path, monkeypatch):
    desk = desk_of(record(tmp_path / "r", said("amy", "It adds.")))
    key = desk.next("S1", "ann").key
    assert desk.next("S1", "bob") is None
    now = desk.__class__.__init__.__globals__["time"].monotonic()
    monkeypatch.setattr("autograder.marking.desk.time.monotonic", lambda: now + 3600)
    assert desk.next("S1", "bob").key == key


def test_the_sample_is_marked_by_two_and_each_marker_has_it_once(tmp_path):
    blank = [said("x", ""), said("y", "")]
    desk = desk_of(
        record(tmp_path / "r", *(said(f"s{n}", f"answer {n}") for n in range(10)), *blank), 25
    )
    seen = {"ann": [], "bob": []}
    for marker, keys in seen.items():
        while (group := desk.next("S1", marker)) is not None:
            keys.append(group.key)
            desk.mark(group.key, mark(marker))
    both = set(seen["ann"]) & set(seen["bob"])
    assert len(seen["ann"]) == 11 and set(seen["bob"]) == both and len(both) == 3  # 25 % of 10
    with desk.still() as pile:
        assert both == {k for k, group in pile.groups("S1").items() if pile.is_double(group)}
        assert not any(pile.group("S1", key).blank for key in both)
    assert desk.progress()["S1"].open == 0


def test_disagreement_is_shown_until_a_person_settles_it(trio):
    desk = desk_of(trio, double=100)
    for marker, criteria in (("ann", (0,)), ("bob", (0, 1))):
        while (group := desk.next("S1", marker)) is not None:
            desk.mark(group.key, mark(marker, criteria if len(group.students) == 2 else ()))
    group = desk.next_disputed("S1")
    assert group.students == ("amy", "cay") and desk.progress()["S1"].disputed == 1
    with desk.still() as pile:
        assert [m.marker for m in pile.dispute(group)] == ["ann", "bob"]
    desk.mark(group.key, mark("ann" + SETTLED, (0,), 0, "as agreed"))
    assert desk.next_disputed("S1") is None
    assert recorded(trio)["amy"][-1] == Mark("S1", 1, "ann (settled)", "as agreed", (0,))
    desk.take_back("S1", group.key, "ann" + SETTLED)
    assert desk.next_disputed("S1") == group
    assert len(recorded(trio)["cay"]) == 2


def test_a_mark_that_is_sent_again_does_not_get_the_last_word(trio):
    desk = desk_of(trio)
    key = desk.next("S1", "ann").key
    desk.mark(key, mark("ann", (0,)))
    desk.mark(key, mark("bob" + SETTLED, (0, 1)))
    desk.mark(key, mark("ann", (0,)))  # its answer was lost on the way
    desk_of(trio).mark(key, mark("ann", (0,)))  # by a server that was started again, too
    marks = next(marks for marks in recorded(trio).values() if marks)
    assert [m.marker for m in marks] == ["ann", "bob (settled)"]


def test_the_folder_is_free_between_marks_and_waited_for_a_moment(trio):
    desk = desk_of(trio, patience=5)
    key = desk.next("S1", "ann").key
    with locked(trio):
        pass
    with contextlib.ExitStack() as held:
        held.enter_context(locked(trio))
        threading.Timer(0.3, held.close).start()
        desk.mark(key, mark("ann"))
    with locked(trio), pytest.raises(FolderBusy):
        desk_of(trio).mark(key, mark("bob"))
    desk.close()
    with pytest.raises(FolderBusy, match="being stopped"):
        desk.mark(key, mark("ann", (1,)))


def test_what_another_process_changes_is_seen_before_the_next_mark(trio):
    desk = desk_of(trio)
    with desk.still() as pile:
        by_students = {group.students: key for key, group in pile.groups("S1").items()}
    record(trio, said("ben", "It raises, I meant: it adds."), said("dee", "It adds."))
    with pytest.raises(MarkError, match="handed in anew"):
        desk.mark(by_students["ben",], mark("ann"))
    desk.mark(by_students["amy", "cay"], mark("ann"))
    assert [name for name, marks in recorded(trio).items() if marks] == ["amy", "cay", "dee"]


def test_taking_back_a_mark_leaves_alone_who_gives_the_same_answer_and_has_none(trio):
    desk = desk_of(trio)
    with desk.still() as pile:
        key = next(k for k, g in pile.groups("S1").items() if g.students == ("amy", "cay"))
    desk.mark(key, mark("ann"))
    desk.mark(key, mark("bob", (1,)))
    record(trio, said("dee", "It adds."))  # comes late, and has no mark of anybody
    desk.take_back("S1", key, "ann")
    left = {name: [m.marker for m in marks] for name, marks in recorded(trio).items()}
    assert left == {"amy": ["bob"], "ben": [], "cay": ["bob"], "dee": []}
    desk.take_back("S1", key, "eve")  # who has marked nothing
    assert {name: len(marks) for name, marks in recorded(trio).items()}["amy"] == 1


def test_what_another_process_marks_is_seen_after_a_moment(trio, monkeypatch):
    desk = desk_of(trio)
    assert desk.progress()["S1"].marked == 0
    desk_of(trio).mark(desk.next("S1", "ann").key, mark("bob"))
    now = time.monotonic()
    monkeypatch.setattr("autograder.marking.desk.time.monotonic", lambda: now + 60)
    marked = desk.progress()["S1"].marked
    assert marked == sum(map(bool, recorded(trio).values())) > 0


def test_a_question_that_is_not_there_is_told(trio):
    desk = desk_of(trio)
    with pytest.raises(MarkError, match="no question 'S9'"):
        desk.next("S9", "ann")
    with pytest.raises(MarkError, match=r"marked by hand \(grading.yml: questions\)"):
        questions_to_mark(replace(OUTLINE, question_points={}))


def test_a_zero_for_nothing_does_not_stand_for_what_is_handed_in_later(tmp_path):
    folder = record(tmp_path / "r", said("amy", ""), said("ben", "It adds."))
    desk = desk_of(folder)
    for _ in range(2):
        group = desk.next("S1", "ann")
        desk.mark(group.key, mark("ann", () if group.blank else (0,)))
    assert desk.next("S1", "bob") is None
    with Store(folder, ABOUT) as store:
        store.save(said("amy", ""), said("ben", "It adds."))  # graded again: nothing is lost
        assert [m.points for m in recorded_in(store)["amy"]] == [0]
        store.save(said("amy", "It raises."), said("ben", "It adds, yes."))
        found = recorded_in(store)
    assert found["amy"] == [] and [m.points for m in found["ben"]] == [1]
    assert desk_of(folder).next("S1", "ann").students == ("amy",)


def test_a_zero_for_a_figure_is_dropped_with_that_figure(tmp_path):
    def drawn(figure: bytes) -> Result:
        shown = (Output(4, figure=figure), Output(5, "of another cell" + str(figure)))
        return result("amy", Work("S1", "plot()", 4), outputs=shown)

    folder = record(tmp_path / "r", drawn(PNG))
    with Store(folder, ABOUT) as store:
        store.mark("amy", [Mark("S1", 0, "ann")])
        store.save(drawn(PNG))
        assert len(recorded_in(store)["amy"]) == 1
        store.save(drawn(PNG + b"x"))
        assert recorded_in(store)["amy"] == []


def test_who_hands_in_what_others_have_a_mark_for_is_handed_out_with_that_mark(tmp_path):
    folder = record(tmp_path / "r", said("amy", "It adds."), said("ben", "It raises."))
    desk = desk_of(folder)
    given = mark("eve", (0,), comment="so")
    adds = next(g for g in desk_groups(desk) if g.students == ("amy",))
    desk.mark(adds.key, given)
    record(folder, said("ben", "It adds."))
    desk, double = desk_of(folder), desk_of(folder, double=100)
    with desk.still() as pile, double.still() as twice:
        (group,) = pile.groups("S1").values()
        assert group.students == ("amy", "ben") and pile.earlier(group) == [given]
        assert twice.earlier(group) == []  # two people do not see each other's
    desk.mark(group.key, given)
    with desk.still() as pile:
        assert pile.earlier(group) == [] and list(pile.given(group).values()) == [given]


def desk_groups(desk: Desk) -> list[Group]:
    with desk.still() as pile:
        return list(pile.groups("S1").values())


def recorded_in(store: Store) -> dict[str, list[Mark]]:
    return {r.student_id: list(r.marks) for r in store.results()}


def _results(folder: Path) -> list[Result]:
    with Store(folder, ABOUT) as store:
        return list(store.results(with_work=True))


def test_earlier_comments_are_offered_the_most_used_first(tmp_path):
    desk = desk_of(record(tmp_path / "r", *(said(f"s{n}", f"answer {n}") for n in range(5))))
    for comment in ("Units?", "Why?", "Why?", ""):
        desk.mark(desk.next("S1", "ann").key, mark("ann", comment=comment))
    with desk.still() as pile:
        assert pile.comments("S1", "bob") == ["Why?", "Units?"]
        assert pile.comments("S2", "bob") == []


def test_of_an_answer_that_two_mark_neither_sees_what_the_other_said_before_both_have(tmp_path):
    folder = record(tmp_path / "r", *(said(f"s{n}", f"answer {n}") for n in range(10)))
    actions = actions_of(folder, 20)

    def ask(name, marker, **wish):
        return actions.act(name, marker, {"question": "S1"} | wish)

    def give(marker, found, comment):
        given = {"criteria": [0], "false_claims": 0, "comment": comment}
        ask("mark", marker, key=found["answer"]["key"], **given)

    doubles = []
    while (found := ask("next", "ann"))["answer"]:
        with actions.desk.still() as pile:
            is_double = pile.is_double(pile.group("S1", found["answer"]["key"]))
        doubles += [found["answer"]["key"]] * is_double
        give("ann", found, "twice" if is_double else "once")
    assert len(doubles) == 2
    assert ask("answer", "bob", key=doubles[0])["comments"] == ["once"]
    first = ask("next", "bob")
    assert first["comments"] == ["once"]
    give("bob", first, "of bob")
    second = ask("next", "bob")  # what ann said of the first is no secret any more
    assert set(second["comments"]) == {"once", "twice", "of bob"}
    assert second["answer"]["key"] != first["answer"]["key"]
    give("bob", second, "of bob")
    for marker in ("ann", "cem"):
        seen = ask("answer", marker, key=doubles[0])["comments"]
        assert set(seen) == {"once", "twice", "of bob"}


# Answers as HTML


class Tags(HTMLParser):
    def __init__(self, html: str):
        super().__init__()
        self.found, self.attributes, self.texts = set(), set(), ""
        self.feed(html)
        self.close()

    def handle_starttag(self, tag, attrs):
        self.found.add(tag)
        self.attributes.update(name for name, _ in attrs)

    def handle_data(self, data):
        self.texts += data


LINKS = {
    "link": "[x](https://evil.example) [y](javascript:alert(1)) <https://evil.example>",
    "image": "![x](https://evil.example/x.png) ![](data:image/svg+xml;base64,PHN2Zy8+)",
    "reference": "[x]\n\n[x]: https://evil.example",
    "html": "<a href=https://evil.example>x</a><iframe src=x></iframe><style>*{}</style>",
    "block": "<div onclick=alert(1)>\nx\n</div>\n\n<script>alert(1)</script>",
    "fence": '```"><img src=x onerror=alert(1)>\nx\n```',
    "table": "|a|b|\n|:-:|--:|\n|<b>|x|",
    "math": "$<img src=x onerror=alert(1)>$ and $$\n</div><script>alert(1)</script>\n$$",
    "entities": "&lt;script&gt;alert(1)&lt;/script&gt; &#60;b&#62;",
}
HARMLESS = {
    "p",
    "em",
    "strong",
    "ul",
    "ol",
    "li",
    "pre",
    "code",
    "blockquote",
    "br",
    "hr",
    "div",
} | {*("table", "thead", "tbody", "tr", "th", "td", "span", "section", "eqn", "eq", "header")}


@pytest.mark.parametrize("text", [*HOSTILE.values(), *LINKS.values()], ids=[*HOSTILE, *LINKS])
@pytest.mark.parametrize("code", [False, True])
def test_nothing_that_students_write_is_more_than_text(text, code):
    found = Tags(render.answer([Piece(text, code, (text,) * code)]))
    assert found.found <= HARMLESS
    assert found.attributes <= {"class", "start"}
    assert not STEERS.search(found.texts.replace("\n", "").replace("\t", ""))


def test_a_link_shows_where_it_leads_and_a_definition_does_not_vanish():
    assert "https://evil.example" in Tags(render.markdown(LINKS["link"])).texts
    assert "[x]: https://evil.example" in Tags(render.markdown(LINKS["reference"])).texts


def test_markdown_is_shown_as_such_and_formulas_as_they_were_written():
    html = render.markdown("# A\n\n- *b*\n\n`c`\n\n|d|\n|-|\n|e|\n\n$f_1 + g_1$ costs 5 $")
    assert '<p class="heading">A</p>' in html and "<li><em>b</em></li>" in html
    assert "<td>e</td>" in html and "f_1 + g_1" in html and "<h1>" not in html


def test_figures_are_shown_and_nothing_else_as_one():
    html = render.answer([Piece("plot()", True, ("text",), (PNG, b"<svg onload=alert(1)>"))])
    assert f"data:image/png;base64,{base64.b64encode(PNG).decode()}" in html
    assert html.count("<img") == 1 and "svg" not in html


# Who may come in


def test_an_answer_that_was_settled_comes_back_with_its_marks_and_is_kept_from_nobody(trio):
    actions = actions_of(trio)
    key = actions.act("next", "ann", {"question": "S1"})["answer"]["key"]
    actions.desk.mark(key, mark("ann"))
    actions.desk.mark(key, mark("bob", (0, 1)))
    actions.desk.mark(key, mark("cem" + SETTLED, (1,)))
    wish = {"question": "S1", "key": key}
    found = actions.act("answer", "cem", wish | {"settling": True})["answer"]
    assert found["mine"]["marker"] == "cem (settled)"
    assert [m["marker"] for m in found["marks"]] == ["ann", "bob", "cem (settled)"]
    found = actions.act("answer", "cem", wish)["answer"]
    assert (found["mine"], found["marks"]) == (None, [])


def actions_of(folder: Path, double: float = 0) -> Actions:
    return Actions(desk_of(folder, double), QUESTIONS, tuple(QUESTIONS), "backprop", "r")


@pytest.fixture
def site(trio):
    links: list[str] = []
    door = Door(8765, links.append)
    return create(actions_of(trio), door), door, links


class Marker:
    """A browser, as far as requests go."""

    def __init__(self, app, name="ann"):
        self.client, self.name = app.test_client(), name

    def get(self, link, **headers):
        return self.client.get(link, base_url="http://127.0.0.1:8765", headers=headers)

    def post(self, action, body=None, **more):
        content = {"json": {"marker": self.name} | (body or {})} | more
        return self.client.post(f"/api/{action}", base_url="http://127.0.0.1:8765", **content)

    def come_in(self, door):
        assert self.get(door.link).status_code == 200
        assert self.client.post(
            "/api/name", base_url="http://127.0.0.1:8765", json={"name": self.name}
        ).json == {"me": self.name}
        return self


def test_a_link_lets_one_in_once_and_the_next_is_told(site):
    app, door, links = site
    link = door.link
    ann = Marker(app)
    response = ann.get(link)
    assert response.status_code == 200 and links == [door.link] != [link]
    cookie = response.headers["Set-Cookie"]
    assert "HttpOnly" in cookie and "SameSite=Strict" in cookie
    assert link.split("=")[1] not in response.text + cookie
    assert ann.get("/").status_code == 200
    for late in (link, "/?token=", "/?token=é"):
        stranger = Marker(app)
        assert stranger.get(late).status_code == 401
        assert stranger.get("/").status_code == 401
    assert len(links) == 1


def test_without_a_cookie_or_under_another_name_nothing_is_answered(site):
    app, door, _ = site
    for action in ("start", "next", "mark", "name"):
        assert Marker(app).post(action).status_code == 401
    ann = Marker(app)
    ann.get(door.link)
    assert ann.post("next", {"question": "S1"}).status_code == 428
    ann.come_in(door)
    assert ann.post("next", {"question": "S1"}).status_code == 200
    ann.name = "bob"
    assert ann.post("next", {"question": "S1"}).status_code == 428


def test_other_hosts_pages_and_forms_are_refused(site):
    app, door, _ = site
    ann = Marker(app).come_in(door)
    for host in ("evil.example:8765", "127.0.0.1", "localhost:8765", "127.0.0.1:80"):
        assert ann.get("/", Host=host).status_code == 403
        assert ann.post("next", {"question": "S1"}, headers={"Host": host}).status_code == 403
    for origin in ("http://evil.example", "null", "http://127.0.0.1:8000"):
        assert ann.post("next", {"question": "S1"}, headers={"Origin": origin}).status_code == 403
    text = json.dumps({"marker": "ann", "question": "S1"})
    for kind in ("text/plain", "application/x-www-form-urlencoded", "multipart/form-data", ""):
        response = ann.post("next", json=None, data=text, content_type=kind)
        assert response.status_code == 415
    assert ann.get("/api/next").status_code == 415
    assert ann.post("next", json=None, data="{", content_type="application/json").status_code == 400
    assert ann.post("mark", {"comment": "x" * 200_000}).status_code == 413


def test_pages_allow_no_code_but_ours(site):
    app, door, _ = site
    ann = Marker(app).come_in(door)
    for path in ("/", "/static/page.js", "/nowhere"):
        with ann.get(path) as response:
            headers = response.headers
        policy = headers["Content-Security-Policy"]
        assert "default-src 'none'" in policy and "script-src 'self';" in policy
        assert "unsafe" not in policy and "img-src data:;" in policy
        assert headers["X-Content-Type-Options"] == "nosniff"
        assert (
            headers["Referrer-Policy"] == "no-referrer" and headers["Cache-Control"] == "no-store"
        )
    assert "<script>" not in ann.get("/").text and " style=" not in ann.get("/").text


def test_no_student_is_in_what_the_page_gets(tmp_path):
    names = ("zebedee-1", "xanthippe-2")
    folder = record(tmp_path / "r", *(said(name, f"answer {n}") for n, name in enumerate(names)))
    door = Door(8765, lambda link: None)
    app = create(actions_of(folder, 100), door)
    seen = ""
    for marker, criteria in (("ann", [0]), ("bob", [1, 2])):
        page = Marker(app, marker).come_in(door)
        seen += page.get("/").text + page.post("start").text
        while (found := page.post("next", {"question": "S1"})).json["answer"]:
            key, seen = found.json["answer"]["key"], seen + found.text
            given = {"criteria": criteria, "false_claims": 0, "comment": "", "settling": False}
            response = page.post("mark", {"question": "S1", "key": key} | given)
            assert response.json == {"points": len(criteria)}
        seen += page.post("mine", {"question": "S1"}).text
        seen += page.post("next", {"question": "S1", "settling": True}).text
    assert '"disputed":2' in seen.replace(" ", "")
    assert not [name for name in names if name in seen or name.split("-")[0] in seen]


@pytest.mark.parametrize(
    "wrong",
    [
        {"key": "abcdefghijklmnop"},
        {"question": "S9"},
        {"criteria": [9]},
        {"criteria": ["0"]},
        {"criteria": None},
        {"false_claims": -1},
        {"false_claims": 0.5},
        {"comment": 3},
        {"more": 1},
    ],
    ids=str,
)
def test_a_mark_that_cannot_be_taken_is_refused_for_good_and_one_that_can_is_not(site, trio, wrong):
    app, door, _ = site
    ann = Marker(app).come_in(door)
    key = ann.post("next", {"question": "S1"}).json["answer"]["key"]
    good = {"question": "S1", "key": key, "criteria": [0], "false_claims": 0, "comment": ""}
    response = ann.post("mark", good | wrong)
    assert response.status_code == 409 and response.json["error"]
    assert not any(recorded(trio).values())
    with locked(trio):
        assert ann.post("mark", good).status_code == 503
    assert ann.post("mark", good).status_code == 200
    assert ann.post("nothing").status_code == 409


@pytest.mark.parametrize("body", [{"name": 3}, {"name": None}, {}, ["ann"], "ann", 7])
def test_a_name_of_another_shape_is_refused(site, body):
    app, door, _ = site
    ann = Marker(app)
    ann.get(door.link)
    address = {"base_url": "http://127.0.0.1:8765"}
    answer = ann.client.post("/api/name", json=body, **address)
    assert (answer.status_code, answer.json) == (409, {"error": "name: expected text"})
    answer = ann.client.post("/api/name", data="{", content_type="application/json", **address)
    assert answer.status_code == 400 and answer.json["error"]


def test_a_bug_of_ours_is_an_error_that_tells_the_page_nothing_of_it(trio, caplog):
    door = Door(8765, [].append)
    ann = Marker(create(replace(actions_of(trio), desk=None), door)).come_in(door)
    answer = ann.post("start")
    assert answer.status_code == 500 and "NoneType" not in answer.text and answer.json["error"]
    assert "AttributeError" in caplog.text  # for the terminal


@pytest.mark.parametrize("name", ["", "  ", "x" * 61, "nbgrader", "ann (settled)", "\x1b\n"])
def test_some_names_are_none(name):
    with pytest.raises(MarkError):
        marker_name(name)


def test_a_name_is_plain():
    assert marker_name(" Zoë\n\x1b[31m  Müller ") == "Zoë [31m Müller"


# The sheet


def filled(path: Path, **cells: dict[str, str]) -> None:
    """Fill in rows of a sheet, found by their answers."""
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    for row in rows[1:]:
        for title, value in cells.get(row[3].strip().rstrip("."), {}).items():
            if row[0] != "rubric" and row[1] == "S1":
                row[rows[0].index(title)] = value
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows(rows)


def table(path: Path) -> list[dict[str, str]]:
    with open(path, encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def autograder(*command) -> tuple[int, str]:
    done = CliRunner().invoke(main, ["--course", str(ROOT), *map(str, command)])
    return done.exit_code, done.output


def sheet_of(folder: Path) -> Path:
    path = folder.parent / "sheet.csv"
    code, told = autograder("mark", folder, "--sheet", path)
    assert code == 0, told
    return path


def test_a_sheet_goes_out_and_its_marks_come_back(trio):
    path = sheet_of(trio)
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    assert rows[0] == [
        *("key", "question", "students", "answer"),
        *(f"criterion {n}" for n in range(1, 5)),
        *("false claims", "points", "comment"),
    ]
    assert rows[1][0] == "rubric" and "RuntimeError" in rows[1][4]
    assert sorted(row[2:4] for row in rows if row[1] == "S1" and row[0] != "rubric") == [
        ["1", "It raises."],
        ["2", "It adds."],
    ]
    assert not {"amy", "ben", "cay"} & {value for row in rows for value in row}
    comment = 'Two "lines",\nand; more.'
    filled(
        path,
        **{
            "It adds": {
                "criterion 1": "1",
                "criterion 3": "x",
                "false claims": "1",
                "comment": comment,
            }
        },
        **{"It raises": {"points": "2,5"}},
    )
    take = ("import", trio, "--from", "sheet", "--file", path, "--marker", "Ann")
    assert autograder(*take) == (0, "3 marks of 2 answers, 3 of them new\n")
    expected = Mark("S1", 1, "Ann", comment, (0, 2), 1)
    found = recorded(trio)
    assert found == {"amy": [expected], "ben": [Mark("S1", 2.5, "Ann")], "cay": [expected]}
    scores = table(trio / "scores.csv")
    assert [row["S1"] for row in scores] == ["1", "2.5", "1"]
    times = [m.marked_at for marks in found.values() for m in marks]
    assert autograder(*take) == (0, "3 marks of 2 answers, 0 of them new\n")
    assert times == [m.marked_at for marks in recorded(trio).values() for m in marks]


@pytest.mark.parametrize(
    ("cells", "told"),
    [
        ({"points": "5"}, "expected 0 to 4, got 5"),
        ({"points": "-1"}, "expected 0 or more"),
        ({"points": "nan"}, "expected 0 or more"),
        ({"points": "much"}, "is no number"),
        ({"points": "3", "criterion 1": "1"}, "the criteria give 1"),
        ({"criterion 1": "maybe"}, "expected 1 or nothing"),
        ({"false claims": "1.5"}, "no whole number"),
        ({"comment": "Why?"}, "a comment without a mark"),
        ({"key": "other"}, "no answer 'other'"),
        ({"question": "S2"}, "to 'S2'"),
    ],
)
def test_what_is_wrong_in_a_sheet_is_told_with_its_row_and_nothing_is_taken(trio, cells, told):
    path = sheet_of(trio)
    filled(path, **{"It adds": {"points": "1"}, "It raises": cells})
    code, output = autograder("import", trio, "--from", "sheet", "--file", path, "--marker", "Ann")
    assert code == 1 and told in output and re.search(r"row \d+: ", output), output
    assert not any(recorded(trio).values())


def test_a_sheet_that_is_none_any_more_is_refused(trio):
    path = sheet_of(trio)
    good = path.read_text(encoding="utf-8-sig")
    papers = gather(_results(trio), tuple(QUESTIONS), ABOUT["secret"])
    for text, told in (
        (good.replace("students", "pupils", 1), "column 3 should be 'students', and is 'pupils'"),
        (good.replace("criterion 2", "notes", 1), "column 6 should be"),
        (good.replace("comment", "comment,more", 1), "a column too many: 'more'"),
        ("", "column 1 should be 'key'"),
        ('"never closed', "never closed"),
    ):
        path.write_text(text, encoding="utf-8")
        with pytest.raises(SheetError, match=re.escape(told)):
            read(path, papers, QUESTIONS, "Ann")
    path.write_bytes("é".encode("latin-1"))
    with pytest.raises(SheetError, match="save it as CSV"):
        read(path, papers, QUESTIONS, "Ann")
    with pytest.raises(SheetError, match="No such file"):
        read(path.with_name("gone.csv"), papers, QUESTIONS, "Ann")


def test_a_cell_too_many_and_a_criterion_of_another_question_are_told_with_their_row(trio):
    path = sheet_of(trio)
    filled(path, **{"It adds": {"criterion 4": "1"}})
    papers = gather(_results(trio), tuple(QUESTIONS), ABOUT["secret"])
    fewer = replace(QUESTIONS["S1"], criteria=QUESTIONS["S1"].criteria[:2])
    with pytest.raises(SheetError, match=r"row \d+: S1 has 2 criteria"):
        read(path, papers, QUESTIONS | {"S1": fewer}, "Ann")
    rows = path.read_text().splitlines(keepends=True)
    path.write_text("".join(rows[:-1]) + rows[-1].rstrip() + ",,more\n")
    with pytest.raises(SheetError, match=r"row \d+: 13 cells, and the first row has 11"):
        read(path, papers, QUESTIONS, "Ann")


def test_a_sheet_may_come_back_with_semicolons_and_a_row_twice_may_not(trio):
    path = sheet_of(trio)
    filled(path, **{"It adds": {"points": "1"}})
    papers = gather(_results(trio), tuple(QUESTIONS), ABOUT["secret"])
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"))))
    with open(path, "w", encoding="utf-16", newline="") as file:
        csv.writer(file, delimiter=";").writerows(rows)
    ((group, given),) = read(path, papers, QUESTIONS, "Ann")
    assert (group.students, given) == (("amy", "cay"), Mark("S1", 1, "Ann"))
    row = next(row for row in rows if row[3].startswith("It adds"))
    with open(path, "w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([*rows, row])
    with pytest.raises(SheetError, match=r"the key of row \d+ again"):
        read(path, papers, QUESTIONS, "Ann")


@pytest.mark.parametrize("text", [*FORMULAS, *HOSTILE.values()])
def test_no_spreadsheet_takes_an_answer_for_a_formula(tmp_path, text):
    papers = papers_of(
        said("amy", text), result("ben", Work("S1", text, 1), outputs=(Output(1, text),))
    )
    (tmp_path / "results").mkdir()
    path = tmp_path / "sheet.csv"
    write(path, papers, QUESTIONS, tmp_path / "results")
    rows = list(csv.reader(io.StringIO(path.read_text(encoding="utf-8-sig"), newline="")))
    for value in (value for row in rows for value in row):
        for piece in re.split(r"[;\t\r\n]", value):
            assert not piece.lstrip(" ").startswith(("=", "+", "-", "@", "\uff1d")) or _is_number(
                piece
            )
        assert not STEERS.search(value.replace("\n", "").replace("\t", ""))
    assert read(path, papers, QUESTIONS, "Ann") == []


def _is_number(text: str) -> bool:
    return bool(re.fullmatch(r"[+-]?\d+(\.\d+)?", text))


def test_a_sheet_that_may_be_filled_in_is_not_written_over_and_says_what_is_marked(trio):
    path = sheet_of(trio)
    path.write_text(path.read_text("utf-8-sig") + "more", "utf-8")
    code, told = autograder("mark", trio, "--sheet", path)
    assert code == 1 and "is there already" in told and path.read_text().endswith("more")
    with Store(trio, read_about(trio)) as store:
        store.mark("amy", [Mark("S1", 1, "ada")])
    code, told = autograder("mark", trio, "--sheet", trio / "other.csv")
    assert code == 0 and ", 1 of them with the mark that they have (1 of these also from" in told
    code, told = autograder(
        "import", trio, "--from", "sheet", "--file", trio / "other.csv", "--marker", "eve"
    )
    assert code == 0 and "2 of them new" in told  # for cay, who wrote the same, as well
    assert [m.points for m in recorded(trio)["cay"]] == [1]
    with Store(trio, read_about(trio)) as store:  # what a sheet escapes, or would not take itself
        store.mark("ben", [Mark("S1", 9, "ada", "- no word on b")])
    assert autograder("mark", trio, "--sheet", trio / "third.csv")[0] == 0
    third = ["import", trio, "--from", "sheet", "--file", trio / "third.csv", "--marker", "bob"]
    assert "0 of them new" in autograder(*third)[1]
    again = ["import", trio, "--from", "sheet", "--file", trio / "other.csv", "--marker", "bob"]
    assert autograder(*again)[1].startswith("2 marks of 1 answer, 0 of them new")
    code, told = autograder("mark", trio, "--sheet", trio / "more.csv", "--double", "10")
    assert code == 1 and "--double is for the page" in told


def test_a_sheet_takes_no_files_place_and_is_forgotten_with_the_class(trio):
    code, told = autograder("mark", trio, "--sheet", trio / "scores.csv")
    assert code == 1 and "choose another --sheet" in told
    path = sheet_of(trio)
    assert path.stat().st_mode & 0o777 == 0o600
    assert autograder("purge", trio, "--yes")[0] == 0
    assert not path.exists()


# The command


def test_what_is_missing_or_taken_is_told_in_one_line(trio, monkeypatch):
    code, told = autograder("mark", trio, "--question", "S9")
    assert code == 1 and "no question 'S9'" in told
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = taken.getsockname()[1]
        code, told = autograder("mark", trio, "--no-open", "--port", port)
        assert code == 1 and f"port {port}: " in told and "give another --port" in told
    code, told = autograder("import", trio, "--from", "sheet", "--file", "x.csv")
    assert code == 1 and "--marker" in told
    code, told = autograder("import", trio, "--from", "sheet", "--marker", "Ann")
    assert code == 1 and "--file" in told
    for option in ("--file", "--marker"):
        code, told = autograder("import", trio, "--from", "nbgrader", option, "x")
        assert code == 1 and "--file and --marker are for a sheet" in told
    monkeypatch.setitem(sys.modules, "flask", None)
    monkeypatch.delitem(sys.modules, "autograder.marking.server")
    code, told = autograder("mark", trio, "--no-open")
    assert code == 1 and "pip install '.[mark]'" in told


class Server:
    """`autograder mark` in a process of its own."""

    def __init__(self, folder: Path, port: int, *options: str):
        # What a shell starts in the background ignores Ctrl-C, and so do its children.
        listening = ("env", "--default-signal=INT")
        command = [*listening, sys.executable, "-m", "autograder", "--course", ROOT, "mark", folder]
        self.process = subprocess.Popen(
            [*map(str, command), "--no-open", "--port", str(port), *options],
            stdout=subprocess.PIPE,
            stderr=subprocess.STDOUT,
            text=True,
            cwd=ROOT,
        )

    def link(self) -> str:
        """The next link that it prints."""
        for line in self.process.stdout:
            if "token=" in line:
                return line.strip()
        raise AssertionError("it ended")

    def kill(self) -> None:
        self.process.kill()
        self.process.wait()
        self.process.stdout.close()

    def interrupt(self) -> str:
        self.process.send_signal(signal.SIGINT)
        told = self.process.stdout.read()
        assert self.process.wait() == 0, told
        self.process.stdout.close()
        return told


def free_port() -> int:
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        return free.getsockname()[1]


def test_when_it_is_stopped_scores_and_pages_are_written_again(trio):
    server = Server(trio, free_port())
    try:
        server.link()
        desk = desk_of(trio)
        desk.mark(desk.next("S1", "ann").key, mark("ann", (0, 1)))
        told = server.interrupt()
    finally:
        server.kill()
    assert "scores.csv, report and feedback are being written again" in told
    assert (trio / "report.html").exists() and (trio / "feedback" / "amy.html").exists()
    rows = table(trio / "scores.csv")
    assert sorted(row["S1"] for row in rows) in (["", "", "2"], ["", "2", "2"])


# The page, in a browser

TEXTS = (
    "Going backward **twice** through the same graph raises a `RuntimeError`: the first call freed "
    "what it had saved.\n\n- a new graph adds up\n- `zero_grad()` clears\n\n$x^2 + 3x$",
    "It adds. zero_grad fixes both.",
    "The second call raises, because the buffers are gone. A new loss is a new graph.",
)


@contextlib.contextmanager
def serving(folder: Path, double: float = 0):
    """A server in a thread."""
    with Site(actions_of(folder, double)).serving(0, lambda link: None) as running:
        thread = threading.Thread(target=running.run)
        thread.start()
        try:
            yield running
        finally:
            running.server.shutdown()
            thread.join()


def goes_on(page, key: str | None) -> None:
    """Wait for another answer than that, or for there being none."""
    other = f'#work:not([hidden]) #answer:not([data-key="{key}"])'
    page.locator(f"{other}, #finished:not([hidden])").first.wait_for()


def press_enter(page) -> None:
    """Save, and wait for what comes next."""
    shown = page.locator("#answer").get_attribute("data-key")
    page.keyboard.press("Enter")
    goes_on(page, shown)


@contextlib.contextmanager
def at_work(browser, folder: Path, double: int = 0, at: str = ""):
    """The page of a marker who has come in."""
    with (
        serving(folder, double) as server,
        opened(browser, server.link + at, origin=server.door.origin) as page,
    ):
        come_in(page, "Ann")
        yield page


def come_in(page, name: str) -> None:
    page.get_by_label("Your name").fill(name)
    page.keyboard.press("Enter")
    page.locator("#work:not([hidden])").wait_for()


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
def test_the_page_is_for_everybody_and_needs_only_keys(browser, tmp_path, width, dark):
    code = result(
        "cay", Work("S1", "plot()", 2), outputs=(Output(2, "done"), Output(2, figure=PNG))
    )
    results = [
        said("amy", TEXTS[0]),
        said("ben", TEXTS[1]),
        said("abe", TEXTS[1]),
        code,
        said("dan", ""),
    ]
    folder = record(tmp_path / "r", *results)
    with (
        serving(folder, 100) as server,
        opened(browser, server.link, width, dark, server.door.origin) as page,
    ):
        page.get_by_label("Your name").wait_for()
        assert serious(page) == []
        come_in(page, "Ann")
        assert "token" not in page.url
        keys = page.keyboard
        for number in range(4):
            page.locator("#work:not([hidden])").wait_for()
            assert page.evaluate("document.documentElement.scrollWidth") <= width
            keys.press("1")
            keys.press("2")
            keys.press("1")
            keys.press("f")
            keys.press("f")
            keys.press("Shift+F")
            if number == 0:
                keys.press("c")
                keys.type("Why? c f 1")
                keys.press("Escape")
            if number == 1:
                keys.press("Shift+Digit1")
            keys.press("m")
            assert serious(page) == []
            assert page.locator("#points").inner_text() == "0 of 4"
            keys.press("Enter")
            page.locator("#said", has_text="Saved").wait_for()
            page.locator("#answer:focus, #finished:focus").first.wait_for()
        page.get_by_text("S1: no answer is left for you").wait_for()
        assert serious(page) == []
        found = [marks[0] for marks in recorded(folder).values()]
        assert {(m.marker, m.points, m.criteria, m.false_claims) for m in found} == {
            ("Ann", 0, (1,), 1)
        }
        assert [m.comment for m in found].count("Why? c f 1") >= 2
        keys.press("u")
        page.locator("#said", has_text="Taken back").wait_for()
        page.locator("#work:not([hidden])").wait_for()
        assert sum(not marks for marks in recorded(folder).values()) in (1, 2)
        keys.press("1")
        keys.press("Enter")
        page.locator("#finished:not([hidden])").wait_for()
        keys.press("ArrowLeft")
        page.locator("#whose", has_text="marked by you").wait_for()


@needs_browser
@pytest.mark.slow
def test_nothing_in_answers_and_comments_runs_or_loads(browser, tmp_path):
    texts = [*HOSTILE.values(), *LINKS.values(), *FORMULAS]
    answers = [said(f"s{n}", text) for n, text in enumerate(texts)]
    folder = record(
        tmp_path / "r",
        result("code", Work("S1", texts[1], 1), outputs=(Output(1, texts[1]),)),
        *answers,
    )
    desk = desk_of(folder)
    for text in texts[:9]:  # as comments, and names, of others
        group = desk.next("S1", text[:50])
        desk.mark(group.key, mark(text[:50], (0,), 0, text))
        desk.mark(group.key, mark("bob", (), 0, text))
    with serving(folder) as server, opened(browser, server.link, origin=server.door.origin) as page:
        come_in(page, "<img src=x onerror=alert(1)>")
        foreign = "a, iframe, object, svg, img, script, link, [onclick], [onerror], [style]"
        for _ in range(len(texts) - 9):
            if page.locator("#finished:not([hidden])").count():
                break
            assert (
                page.locator(
                    ", ".join(f"#work {each.strip()}" for each in foreign.split(","))
                ).count()
                == 0
            )
            page.keyboard.press("Shift+Digit2")
            page.keyboard.press("0")
            press_enter(page)
        page.get_by_label("to settle").click()
        page.get_by_role("heading", name="What others gave").wait_for()
        assert page.locator("#others a, #others img, #others script, #others svg").count() == 0


@needs_browser
@pytest.mark.slow
def test_a_mark_that_others_have_is_shown_and_can_be_started_from(browser, tmp_path):
    folder = record(tmp_path / "r", said("amy", "It adds."), said("ben", "It raises."))
    desk = desk_of(folder)
    adds = next(group for group in desk_groups(desk) if group.students == ("amy",))
    desk.mark(adds.key, mark("eve", (0,), comment="so"))
    record(folder, said("ben", "It adds."))
    with at_work(browser, folder) as page:
        page.get_by_text("some of them have a mark already").wait_for()
        assert serious(page) == []
        page.get_by_role("button", name="Start from this mark").press("Enter")
        page.locator("#save").click()
        page.get_by_label("S1: 2 of 2 marked").wait_for()
    assert [m.points for m in recorded(folder)["ben"]] == [1]


@needs_browser
@pytest.mark.slow
def test_a_disagreement_is_settled_on_the_page(browser, trio):
    desk = desk_of(trio, 100)
    for marker, criteria in (("bob", ()), ("eve", (0, 1))):
        while (group := desk.next("S1", marker)) is not None:
            desk.mark(group.key, mark(marker, criteria, 0, f"says {marker}"))
    with at_work(browser, trio, 100) as page:
        page.get_by_label("S1: 3 of 3 marked").press("Enter")
        page.get_by_text("On 2 of them markers disagree").wait_for()
        page.get_by_label("S1: 2 disagreements to settle").press("Enter")
        for _ in range(2):
            page.get_by_text("eve: 2 of 4").wait_for()
            assert serious(page) == []
            page.get_by_role("button", name="Start from this mark").nth(1).press("Enter")
            page.keyboard.press("3")
            page.keyboard.press("c")
            press_enter(page)
        page.get_by_text("S1: nothing to settle").wait_for()
    for marks in recorded(trio).values():
        assert marks[-1] == Mark("S1", 3, "Ann (settled)", "says eve", (0, 1, 2))


def hit_key(page, key: str, held: bool) -> None:
    """As somebody does who keeps a key down, or hits it over and over."""
    for _ in range(8):
        page.keyboard.down(key)  # again without `up`: the key repeats
        if not held:
            page.keyboard.up(key)
        page.wait_for_timeout(30)
    page.keyboard.up(key)


def points_in(folder: Path) -> list[float]:
    return [m.points for q in ("S1", "S2") for each in recorded(folder, q).values() for m in each]


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize("held", [True, False], ids=["held", "pressed"])
def test_enter_saves_no_answer_to_which_nobody_gave_anything(browser, tmp_path, held):
    texts = {"amy": "It adds.", "ben": "It raises.", "cay": "Neither."}
    folder = record(tmp_path / "r", *(said(name, text) for name, text in texts.items()))
    with at_work(browser, folder) as page:
        hit_key(page, "Enter", held)
        page.keyboard.press("c")
        page.keyboard.type("Why?")  # a comment says nothing of the criteria
        hit_key(page, "Enter", held)
        page.keyboard.press("Escape")
        page.get_by_role("button", name="One false claim more").focus()
        hit_key(page, "Enter", held)
        assert page.locator("#count").inner_text() == ("1" if held else "8")
        page.get_by_role("button", name="Save and next").click(force=True)
        page.locator("#said", has_text="Not saved yet").wait_for()
        assert page.get_by_text("Tick what is met, or none of these").is_visible()
        assert points_in(folder) == [] and serious(page) == []
        for number in range(1, 4):
            shown = page.locator("#answer").get_attribute("data-key")
            page.keyboard.press("1")
            page.keyboard.press("0")
            assert page.locator("#criteria :checked").count() == 1
            assert page.get_by_role("checkbox", name="None of these").is_checked()
            hit_key(page, "Enter", held)
            goes_on(page, shown)
            hit_key(page, "Enter", held)
            assert points_in(folder) == [0] * number
        page.get_by_text("S1: no answer is left for you").wait_for()
        assert page.url.endswith("#S1") and page.get_by_text("Go on with S2").is_visible()
        onward = page.get_by_role("button", name="Go on with S2")
        onward.focus()
        hit_key(page, "Enter", held)
        page.get_by_text("Question S2").wait_for()
        assert points_in(folder) == [0] * 3


@needs_browser
@pytest.mark.slow
def test_a_dispute_is_not_settled_by_enter_alone(browser, tmp_path):
    folder = record(tmp_path / "r", said("amy", "It adds."))
    desk = desk_of(folder, 100)
    for marker, criteria in (("bob", (0,)), ("eve", (0, 1))):
        desk.mark(desk.next("S1", marker).key, mark(marker, criteria))
    with (
        serving(folder, 100) as server,
        opened(browser, f"{server.link}#S1", origin=server.door.origin) as page,
    ):
        page.get_by_label("Your name").fill("Ann")
        page.keyboard.press("Enter")
        page.get_by_label("S1: 1 disagreement to settle").press("Enter")
        page.get_by_role("heading", name="What others gave").wait_for()
        hit_key(page, "Enter", held=False)
        page.locator("#said", has_text="Not saved yet").wait_for()
        assert points_in(folder) == [1, 2]
        page.keyboard.press("0")
        press_enter(page)
        page.get_by_text("S1: nothing to settle").wait_for()
        assert points_in(folder) == [1, 2, 0]


@needs_browser
@pytest.mark.slow
def test_what_is_ticked_and_comes_up_again_is_not_saved_by_a_second_enter(browser, tmp_path):
    folder = record(tmp_path / "r", said("amy", "It adds."), said("ben", "It raises."))
    with at_work(browser, folder) as page:
        first = page.locator("#answer").get_attribute("data-key")
        page.keyboard.press("1")
        page.keyboard.press("ArrowRight")
        goes_on(page, first)
        page.keyboard.press("2")
        page.evaluate(  # a second Enter in the moment in which the first answer is there again
            """() => new MutationObserver(() => document.body.dispatchEvent(
                new KeyboardEvent("keydown", {key: "Enter", bubbles: true})
            )).observe(document.querySelector("#answer"), {attributes: true})"""
        )
        press_enter(page)
        page.wait_for_timeout(600)
        assert points_in(folder) == [1] and page.locator("#work:not([hidden])").count()
        assert page.locator("#criteria input").first.is_checked()
        press_enter(page)
        assert points_in(folder) == [1, 1]


def in_form(page) -> tuple[list[int], str, str]:
    """The places of what is ticked, the false claims and the comment."""
    ticked = "boxes => boxes.flatMap((box, place) => box.checked ? [place] : [])"
    return (
        page.locator("#criteria input").evaluate_all(ticked),
        page.locator("#count").inner_text(),
        page.locator("#comment").input_value(),
    )


@needs_browser
@pytest.mark.slow
def test_undo_brings_back_what_was_given_to_be_changed_and_saved(browser, tmp_path):
    folder = record(tmp_path / "r", said("amy", "It adds."), said("ben", "It raises."))
    with at_work(browser, folder) as page:
        first = page.locator("#answer").get_attribute("data-key")
        for keys in (["0", "f", "c"], ["1", "3", "f", "f", "c"]):
            for key in keys:
                page.keyboard.press(key)
            page.keyboard.type(f"given {keys[0]}")
            press_enter(page)
        hit_key(page, "u", held=True)  # takes one back
        page.locator(f'#work:not([hidden]) #answer:not([data-key="{first}"])').wait_for()
        assert in_form(page) == ([0, 2], "2", "given 1")
        assert points_in(folder) == [0]
        page.keyboard.press("u")
        page.locator(f'#work:not([hidden]) #answer[data-key="{first}"]').wait_for()
        assert in_form(page) == ([4], "1", "given 0")  # none of the four
        assert points_in(folder) == []
        page.reload()  # it is not lost, as nothing is that was not saved yet
        page.locator(f'#work:not([hidden]) #answer[data-key="{first}"]').wait_for()
        assert in_form(page) == ([4], "1", "given 0")
        page.keyboard.press("2")
        page.keyboard.press("3")
        press_enter(page)
        assert [m.comment for each in recorded(folder).values() for m in each] == ["given 0"]
        assert points_in(folder) == [1]


@needs_browser
@pytest.mark.slow
@pytest.mark.parametrize(
    "first",
    [mark("Ann", (3,), 0, "Before."), Mark("S1", 2.5, "Ann", "Before.")],
    ids=["page", "sheet"],
)
def test_undo_of_a_second_mark_lets_the_first_count_again(browser, tmp_path, first):
    folder = record(tmp_path / "r", said("amy", "It adds."))
    desk = desk_of(folder)
    desk.mark(desk.next("S1", "Ann").key, first)
    with at_work(browser, folder, at="#S1") as page:
        page.get_by_label("S1: 1 of 1 marked").press("Enter")
        page.get_by_text("S1: no answer is left for you").wait_for()
        page.keyboard.press("ArrowLeft")
        page.locator("#work:not([hidden])").wait_for()
        assert in_form(page)[1:] == ("0", "Before.")
        page.keyboard.press("1")
        press_enter(page)
        page.locator("#said", has_text="Saved: ").wait_for()
        page.keyboard.press("u")
        page.locator("#work:not([hidden])").wait_for()
        assert in_form(page) == ([0, *first.criteria], "0", "Before.")
        assert recorded(folder)["amy"] == [first]


@needs_browser
@pytest.mark.slow
def test_what_was_saved_is_not_said_of_another_question(browser, trio):
    with at_work(browser, trio) as page:
        page.keyboard.press("1")
        press_enter(page)
        page.locator("#said", has_text="Saved: 1 of 4 points").wait_for()
        page.get_by_label("S2: 0 of 3 marked").click()
        page.get_by_text("Question S2").wait_for()
        page.locator("#work:not([hidden])").wait_for()
        assert page.locator("#said").inner_text() == ""


def meets(text: str) -> list[int]:
    """What the test's markers find in an answer."""
    number = int(text.split()[1])
    return [position for position in range(4) if number >> position & 1]


@needs_browser
@pytest.mark.slow
@pytest.mark.timeout(600)
def test_two_markers_lose_nothing_when_the_server_is_killed(browser, tmp_path):
    count, port = 200, free_port()
    folder = record(tmp_path / "r", *(said(f"s{n:03}", f"answer {n}") for n in range(count)))
    contexts = [browser.new_context() for _ in range(2)]
    pages = [context.new_page() for context in contexts]
    server = Server(folder, port, "--question", "S1")
    try:
        for page, name in zip(pages, ("Ann", "Bob"), strict=True):
            page.goto(server.link())
            come_in(page, name)
        given = 0
        while any(page.locator("#work:not([hidden])").count() for page in pages):
            for page in pages:
                if not page.locator("#work:not([hidden])").count():
                    continue
                text = page.locator("#text").inner_text().strip()
                key = page.locator("#answer").get_attribute("data-key")
                for position in meets(text) or [-1]:
                    page.keyboard.press(str(position + 1))
                if given == 50:  # before a mark is on its way
                    server.kill()
                page.keyboard.press("Enter")
                if given == 120:  # and while it is
                    server.kill()
                given += 1
                if given in (51, 52, 122):
                    page.get_by_text("The server does not answer").wait_for()
                elif given != 121:  # of that one nobody knows how far it came
                    goes_on(page, key)
            if given in (52, 122):
                server = Server(folder, port, "--question", "S1")
                for page, context in zip(pages, contexts, strict=True):
                    other = context.new_page()  # as people do: the link in a new tab
                    other.goto(server.link())
                    other.locator("#work:not([hidden]), #finished:not([hidden])").first.wait_for()
                    other.close()
                    page.locator("#work:not([hidden]), #finished:not([hidden])").first.wait_for()
            for page in pages:
                page.locator("#work:not([hidden]), #finished:not([hidden])").first.wait_for()
        left = "Object.keys(localStorage).filter(k => /^(mark|refused):/.test(k))"
        assert [page.evaluate(left) for page in pages] == [[], []]
        told = server.interrupt()
    finally:
        server.kill()
        for context in contexts:
            context.close()
    assert "written again" in told
    marks = recorded(folder)
    assert len(marks) == count and all(marks.values())
    for n, (student, found) in enumerate(marks.items()):
        assert {(student, m.criteria) for m in found} == {(f"s{n:03}", tuple(meets(f"answer {n}")))}
    markers = [m.marker for found in marks.values() for m in found]
    assert min(markers.count("Ann"), markers.count("Bob")) > 60
    assert autograder("export", folder, "--to", "csv", "--file", tmp_path / "out.csv")[0] == 0
    for path in (folder / "scores.csv", tmp_path / "out.csv"):
        rows = table(path)
        assert [float(row["S1"]) for row in rows] == [
            len(meets(f"answer {n}")) for n in range(count)
        ]
        assert [row["score"] for row in rows] == [row["S1"] for row in rows]


@needs_browser
@pytest.mark.slow
def test_a_mark_that_cannot_be_taken_is_kept_until_it_was_read(browser, tmp_path):
    folder = record(tmp_path / "r", said("amy", "It adds."), said("ben", "It raises."))
    with serving(folder) as server, contextlib.closing(browser.new_page()) as page:
        page.goto(server.link)
        come_in(page, "Ann")
        record(folder, said("amy", "It adds, twice."), said("ben", "It raises, twice."))
        page.keyboard.press("2")
        page.keyboard.press("c")
        page.keyboard.type("Which <b>one</b>?")
        page.keyboard.press("Enter")
        page.get_by_text("its author has handed in anew").wait_for()
        assert "Saved" not in page.locator("#said").inner_text()
        assert not any(recorded(folder).values())
        page.reload()
        page.get_by_text("S1: 1 of 4 points. Which <b>one</b>?").wait_for()
        assert serious(page) == []
        page.get_by_role("button", name="I have read this").press("Enter")
        page.locator("#refused[hidden]").wait_for(state="attached")
