"""The page that a student reads: what is on it, and never is, how large it gets, how it behaves."""

from __future__ import annotations

import re
import struct
import zlib
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import pytest
from browser import WIDTHS, browser, needs_browser, opened, serious
from classes import publish
from hypothesis import given
from hypothesis import strategies as st
from pygments.styles import get_style_by_name
from pygments.token import Whitespace

from autograder.course.course import find_course
from autograder.course.outline import Outline
from autograder.course.policy import Policy, Void
from autograder.model import (
    CellNote,
    Kind,
    Mark,
    Outcome,
    Output,
    Override,
    Result,
    Status,
    Verdict,
    Work,
)
from autograder.pages.excerpt import MAX_SOURCE, excerpt
from autograder.pages.fitting import CUT, escaped, fitted, share, size
from autograder.pages.highlight import DARK, LIGHT
from autograder.pages.pages import Feedback

__all__ = ["browser"]

COURSE = find_course(Path(__file__).parent)
RUBRIC = {"one": {"a": 2, "b": 1}, "two": {"c": 3}}
MATHS = Outline("maths", Path("assignments/maths"), RUBRIC, Policy(), {"Q1": 4, "Q2": 2})
PASSED = Outcome("two", (Verdict("c", Kind.passed),))
CODE = "import torch\n\ndef one(x):\n    y = x + 1\n    return y / 0\n"


def png(width=40, height=30, size=0):
    """A grey picture that browsers take, with as many bytes as wanted."""

    def chunk(kind, data):
        whole = kind + data
        return struct.pack(">I", len(data)) + whole + struct.pack(">I", zlib.crc32(whole))

    head = struct.pack(">IIBBBBB", width, height, 8, 0, 0, 0, 0)
    data = zlib.compress(b"".join(b"\0" + b"\x80" * width for _ in range(height)))
    begin = b"\x89PNG\r\n\x1a\n" + chunk(b"IHDR", head)
    end = chunk(b"IDAT", data) + chunk(b"IEND", b"")
    text = chunk(b"tEXt", b"x" * max(0, size - len(begin) - len(end) - 12)) if size else b""
    return begin + text + end


def raised(place=" (cell 3, line 5: return y / 0)", cell=3, line=5):
    hint = f"ZeroDivisionError: division by zero{place}"
    return tuple(Verdict(check, Kind.raised, hint, cell, line) for check in "ab")


ANN = Result(
    student_id="ann",
    path="ann.ipynb",
    status=Status.graded,
    notes=(CellNote(3, "a note of cell 3"), CellNote(9, "NameError: nine")),
    outcomes=(Outcome("one", raised()), PASSED),
    tier="A",
    seconds=1.234,
    works=(
        Work("one", CODE, 3),
        Work("two", "two = {'P1': True}", 5),
        Work("Q1", "Because of <i>this</i>.", None),
        Work("Q1", "plot(norms)", 7),
    ),
    outputs=(
        Output(3, "printed by three"),
        Output(7, figure=png()),
        Output(8, "printed by eight"),
        Output(8, figure=png()),
    ),
)


class Page(HTMLParser):
    """The text of a page; of each exercise or question, whether it is open; its tags."""

    def __init__(self, path):
        super().__init__()
        self.html = path.read_text(encoding="utf-8")
        self.bytes = path.stat().st_size
        self.tags, self.attributes, self.pieces, self.open, self.images = [], [], [], [], []
        self.in_code = False
        self.feed(self.html)
        self.text = " ".join(" ".join(self.pieces).split())

    def handle_starttag(self, tag, attributes):
        self.tags.append(tag)
        self.attributes += attributes
        if tag == "details":
            self.open.append(("open", None) in attributes or ("open", "") in attributes)
        if tag == "img":
            self.images.append(dict(attributes))
        if tag == "pre":
            self.pieces.append("")
            self.in_code = True

    def handle_endtag(self, tag):
        self.in_code = self.in_code and tag != "pre"

    def handle_data(self, data):
        if self.in_code:
            self.pieces[-1] += data
        elif self.tags[-1:] != ["style"]:
            self.pieces.append(data)


def page(folder, found, outline=MATHS, others=()):
    publish([found, *others], folder, outline)
    return Page(folder / "feedback" / f"{found.student_id}.html")


# What is on it


def test_it_says_what_and_where_at_a_glance(tmp_path):
    shown = page(tmp_path, ANN)
    for piece in (
        *("3 of 6 points", "50%", "ran for 1.2 s", "isolation tier A"),
        *("one 0 of 3 raised an error", "two 3 of 3 full marks", "Questions not marked yet"),
    ):
        assert piece in shown.text


def test_what_was_lost_is_open_and_what_is_full_is_not(tmp_path):
    marks = (Mark("Q1", 1, "me"), Mark("Q2", 2, "me"))
    shown = page(tmp_path, replace(ANN, marks=marks))
    assert shown.open == [True, False, True, False, True]  # one, two, Q1, Q2, the notebook


def test_what_a_person_wrote_is_open_even_if_nothing_was_lost(tmp_path):
    marks = (Mark("Q1", 4, "me"), Mark("Q2", 2, "me", "Well put."))
    given = (Override("two", 9, "for elegance", "me"),)
    shown = page(tmp_path, replace(ANN, marks=marks, overrides=given))
    assert shown.open == [True, True, False, True, True]


def test_a_syntax_error_is_marked_in_the_cell_that_could_not_run(tmp_path):
    hint = "the notebook defines no 'one': cell 3 failed (SyntaxError: x in line 3 (x))"
    verdicts = tuple(Verdict(check, Kind.missing, hint, 3, 3) for check in "ab")
    shown = page(tmp_path, replace(ANN, outcomes=(Outcome("one", verdicts), PASSED)))
    (marked,) = re.findall(r'<span class="hll">(.*)', shown.html)
    assert re.sub(r"<[^>]*>", "", marked).strip() == CODE.splitlines()[2].strip()


@pytest.mark.parametrize(("style", "dark"), [(LIGHT, False), (DARK, True)])
def test_every_colour_of_code_can_be_read_on_a_marked_line(tmp_path, style, dark):
    flags = re.findall(r"--flag: #(\w{6})", page(tmp_path, ANN).html)
    for kind, look in get_style_by_name(style):
        if look["color"] and kind not in Whitespace:
            assert contrast(look["color"], flags[dark]) >= 4.5, kind


def contrast(one, other):
    """https://www.w3.org/TR/WCAG21/#dfn-contrast-ratio"""

    def luminance(color):
        parts = [int(color[i : i + 2], 16) / 255 for i in (0, 2, 4)]
        linear = [p / 12.92 if p <= 0.04045 else ((p + 0.055) / 1.055) ** 2.4 for p in parts]
        return sum(weight * p for weight, p in zip((0.2126, 0.7152, 0.0722), linear, strict=True))

    dark, light = sorted((luminance(one), luminance(other)))
    return (light + 0.05) / (dark + 0.05)


def test_the_line_that_failed_is_marked_and_not_quoted_too(tmp_path):
    shown = page(tmp_path, ANN)
    (marked,) = re.findall(r'<span class="hll">(.*)', shown.html)
    assert re.sub(r"<[^>]*>", "", marked).strip() == "return y / 0"
    hint = "ZeroDivisionError: division by zero (in the line that is marked below)"
    assert shown.text.count(hint) == 1
    assert "cell 3, line 5" not in shown.text


@pytest.mark.parametrize(
    ("cell", "line"), [(4, 5), (3, 99), (None, None)], ids=["cell", "line", "none"]
)
def test_a_place_that_is_not_shown_is_quoted(tmp_path, cell, line):
    place = f" (cell {cell}, line {line}: return y / 0)"
    shown = page(tmp_path, replace(ANN, outcomes=(Outcome("one", raised(place, cell, line)),)))
    assert f"division by zero{place}" in shown.text
    assert 'class="hll"' not in shown.html


def test_lines_keep_their_numbers_under_empty_ones(tmp_path):
    works = (Work("one", "\n\n" + CODE, 3), *ANN.works[1:])
    outcomes = (Outcome("one", raised(line=7)), PASSED)
    shown = page(tmp_path, replace(ANN, works=works, outcomes=outcomes))
    (marked,) = re.findall(r'<span class="hll">(.*)', shown.html)
    assert "return" in marked


def test_the_mistake_s_sentence_comes_first(tmp_path):
    outcome = Outcome("one", raised(), ("You divided by zero.",))
    shown = page(tmp_path, replace(ANN, outcomes=(outcome, PASSED)))
    assert "one 0 of 3 You divided by zero. ZeroDivisionError" in shown.text


def test_outputs_are_where_their_cell_is_shown(tmp_path):
    shown = page(tmp_path, ANN)
    order = ["printed by three", "Your answer", "Your notebook", "printed by eight"]
    places = [shown.text.index(piece) for piece in order]
    assert places == sorted(places)
    assert shown.text.count("printed by") == 2
    assert [image["alt"] for image in shown.images] == ["plot of cell 7", "plot of cell 8"]
    assert {(image["width"], image["height"]) for image in shown.images} == {("40", "30")}


def test_what_happened_is_told_with_the_code_or_of_the_notebook(tmp_path):
    shown = page(tmp_path, ANN)
    assert "What happened when it ran cell 3 a note of cell 3" in shown.text
    assert "cell 9 NameError: nine" in shown.text
    assert shown.text.index("a note of cell 3") < shown.text.index("Your notebook")


def test_why_an_exercise_was_not_found_is_said_once(tmp_path):
    why = "SyntaxError: expected ':' in line 1 (def one(x))"
    hint = f"the notebook defines no 'one': cell 3 failed ({why})"
    verdicts = tuple(Verdict(check, Kind.missing, hint) for check in "ab")
    found = replace(ANN, outcomes=(Outcome("one", verdicts), PASSED), notes=(CellNote(3, why),))
    shown = page(tmp_path, found)
    assert shown.text.count("SyntaxError") == 1
    assert "one 0 of 3 not found" in shown.text


def test_a_skeleton_is_not_done_yet_and_no_error(tmp_path):
    verdicts = tuple(Verdict(check, Kind.raised, "not done yet") for check in "ab")
    shown = page(tmp_path, replace(ANN, outcomes=(Outcome("one", verdicts), PASSED)))
    assert "one 0 of 3 not done yet" in shown.text and "a not done yet 0 of 2" in shown.text
    assert "error" not in shown.text.replace("NameError", "")


def test_what_was_not_run_is_told_with_its_reason(tmp_path):
    verdicts = (Verdict("a", Kind.not_run, "not run: no memory"), Verdict("b", Kind.passed))
    shown = page(tmp_path, replace(ANN, outcomes=(Outcome("one", verdicts), PASSED)))
    assert "a not run not run: no memory 0 of 2" in shown.text
    assert "1 of 2 checks failed" in shown.text


def test_points_that_a_person_gave_say_why_and_not_who(tmp_path):
    overrides = (
        Override("one", 2.5, "The question was unclear.", "prof-secret"),
        Override("Q1", 3, "Read again.", "prof-secret"),
    )
    marks = (Mark("Q1", 1, "marker-secret", "Too short."),)
    shown = page(tmp_path, replace(ANN, overrides=overrides, marks=marks))
    assert "2.5 of 3, given by a person: The question was unclear." in shown.text
    assert "one 2.5 of 3 given by a person" in shown.text
    assert "3 of 4, given by a person: Read again." in shown.text
    assert "secret" not in shown.html


def test_points_given_for_an_unreadable_submission_are_shown(tmp_path):
    found = Result(
        "ann",
        "ann.pdf",
        Status.unreadable,
        problem="this is a PDF",
        overrides=(Override("one", 3, "Shown in class.", "x"),),
    )
    shown = page(tmp_path, found)
    assert "3 of 6 points" in shown.text and "could not be read: this is a PDF." in shown.text
    assert "3 of 3, given by a person: Shown in class." in shown.text
    assert "a person will still look" not in shown.text  # nobody has to
    assert "not marked yet" not in shown.text
    assert "two 0 of 3 not run" in shown.text and "two 0 of 3 Nothing of it was run." in shown.text


def test_void_checks_say_what_everyone_gets_and_why(tmp_path):
    voids = {
        "a": Void(credit="full", reason="It asked for too much."),
        "b": Void(credit="none", reason="It was wrong."),
    }
    outline = replace(MATHS, policy=Policy(void={"maths": {"one": voids}}))
    shown = page(tmp_path, ANN, outline)
    assert "Counts in full for everyone: It asked for too much. 2 of 2" in shown.text
    assert "Does not count: It was wrong. 0 of 0" in shown.text
    assert "5 of 5 points" in shown.text


def test_an_answer_has_its_mark_its_comment_and_how_many_criteria(tmp_path):
    marks = (Mark("Q1", 3, "marker-secret", "Say which\nlayer.", criteria=(0, 2), false_claims=1),)
    shown = page(tmp_path, replace(ANN, marks=marks))
    assert "Q1 3 of 4 Say which layer. 2 criteria met, 1 false claim" in shown.text
    assert "Your answer Because of <i>this</i>. Your answer, cell 7 plot(norms)" in shown.text
    assert (
        "Q2 not marked yet No answer was found in the notebook; a person will still look."
        in shown.text
    )
    assert "Questions 3 of 6 1 not marked yet" in shown.text
    assert "secret" not in shown.html


def test_a_question_is_shown_with_its_heading(tmp_path):
    outline = COURSE.outline("backprop")
    shown = page(tmp_path, replace(ANN, outcomes=()), outline)
    assert "S2 Why do gradients need values?" in shown.text


def test_what_a_grader_error_says_is_not_for_students(tmp_path):
    secret = "expected tensor([1.])"
    verdicts = tuple(Verdict(check, Kind.grader_error, secret) for check in "ab")
    status = Status.grader_error
    found = replace(ANN, status=status, problem=secret, outcomes=(Outcome("one", verdicts),))
    shown = page(tmp_path, found)
    assert "tensor" not in shown.html and "Not scored yet" in shown.text
    assert "one not scored yet" in shown.text


def test_of_a_script_each_exercise_shows_its_own_definition(tmp_path):
    script = (
        f"# all in one\n{CODE}\n@cached\ndef helper():\n    pass\n\ntwo = {{\n  'P1': 1,\n}}\nx = 1"
    )
    found = replace(ANN, works=(Work("one", script, 3), Work("two", script, 3)))
    outcomes = (Outcome("one", raised(line=6)), PASSED)
    shown = page(tmp_path, replace(found, outcomes=outcomes))
    assert "Your code, cell 3, lines 4 to 6 def one(x)" in shown.text
    assert "Your code, cell 3, lines 12 to 14 two = {" in shown.text
    assert "helper" not in shown.text and 'class="hll"' in shown.html


def test_of_a_long_cell_the_line_that_failed_is_shown():
    source = "\n".join(f"line_{n} = {n}" for n in range(1, 2_001))
    found = excerpt(Work("one", source, 1), {1_500}, False)
    assert found.first <= 1_500 - 5 and found.marked == {1_500}
    assert sum(map(len, found.lines)) <= MAX_SOURCE and found.of == 2_000
    assert excerpt(Work("one", source, 1), {3}, False).first == 1


def test_a_definition_beyond_what_was_kept_is_told(tmp_path):
    script = "x = 1\n" * 10
    shown = page(tmp_path, replace(ANN, works=(Work("one", script, 3), Work("two", script, 3))))
    assert shown.text.count("The rest is left out: it is too long for this page.") == 2


def test_a_page_is_left_alone_until_something_of_it_changes(tmp_path):
    page(tmp_path, ANN)
    path = tmp_path / "feedback" / "ann.html"
    before = path.stat().st_ino
    page(tmp_path, ANN)
    assert path.stat().st_ino == before
    page(tmp_path, replace(ANN, outputs=ANN.outputs[:1]))
    assert path.stat().st_ino != before


# What never is

HOSTILE = (
    "</pre></code></span><script>hit()</script><img src=x onerror=hit()>\x1b[31m\u202e'\"&{{7*7}}"
)
TAGS = {
    *("html", "head", "meta", "title", "style", "body", "main", "header", "div", "h1", "h2", "h3"),
    *("p", "bdi", "nav", "ol", "ul", "li", "a", "code", "span", "i", "details", "summary", "pre"),
    *("section", "svg", "circle", "text", "img"),
}


def hostile(text=HOSTILE):
    verdicts = tuple(Verdict(check, Kind.raised, text, 3, 1) for check in "ab")
    return Result(
        student_id="ann",
        path=text,
        status=Status.graded,
        notes=tuple(CellNote(n, text) for n in range(1, 10)),
        outcomes=(Outcome("one", verdicts, (text,)),),
        tier="A",
        works=(
            Work("one", f"def one(): pass\n# {text}\n{text}\nx = '''{text}'''", 3),
            Work("Q1", text, None),
            Work("Q1", text, 4),
        ),
        outputs=tuple(Output(n, text) for n in range(1, 10)),
        marks=(Mark("Q1", 1, text, text),),
        overrides=(Override("two", 1, text, text),),
    )


def test_nothing_that_anybody_wrote_becomes_markup(tmp_path):
    shown = page(tmp_path, hostile())
    assert set(shown.tags) <= TAGS and not shown.images
    assert not [name for name, _ in shown.attributes if name.startswith("on")]
    assert not re.search("[\x00-\x08\x0b-\x1f\x7f-\x9f\u202a-\u202e\u2066-\u2069]", shown.html)
    assert {v for n, v in shown.attributes if n in ("href", "src")} == {"#e1", "#e2", "#questions"}


def test_code_has_no_tags_but_spans():
    from autograder.pages import highlight

    for text in (
        HOSTILE,
        "f'{x!r:<{w}}<b>'",
        "'''<script>",
        "%%html\n<script>",
        "?<b>",
        "$ !ls <b>",
    ):
        html = highlight.python(text, frozenset({1}))
        assert set(re.findall(r"<(/?\w+)", html)) <= {"span", "/span"}
        assert re.fullmatch(r"(?s)(<span class=\"[\w ]+\">|</span>|[^<])*", html)


# How large it gets

LONG = {
    "markup": "&",
    "quotes": "\"'",
    "operators": "+-",
    "names": "a b ",
    "brackets": "([{",
    "emoji": "\U0001f600",
    "accents": "a\u0300\u0301",
    "lines": "\n",
    "short lines": "&\n",
    "backslashes": "\\",
    "strings": "f'{x}' ",
    "open strings": "'''",
    "numbers": "1",
    "tabs": "\t",
    "null": "\0",
    "decorators": "@a\n",
}


def largest(unit, outline):
    """As much as the engine lets a student say, all of it of that unit; and marks without end."""

    def text(length):
        return (unit * (length // len(unit) + 1))[:length]

    outcomes = tuple(
        Outcome(
            name,
            tuple(Verdict(c, Kind.raised, c + text(1_700), n, 2) for c in checks),
            (text(500),),
        )
        for n, (name, checks) in enumerate(outline.rubric.items(), start=1)
    )
    works = [Work(n, f"def {n}\n{text(20_000)}", i) for i, n in enumerate(outline.rubric, start=1)]
    for name in outline.question_points:
        works += [Work(name, text(1_000), None if n % 2 else 100 + n) for n in range(20)]
    return Result(
        student_id="ann",
        path=text(2_000),
        status=Status.graded,
        notes=tuple(CellNote(n % 100 + 1, text(1_100)) for n in range(201)),
        outcomes=outcomes,
        tier="A",
        seconds=299.9,
        works=tuple(works),
        outputs=(
            *(Output(n, text(150)) for n in range(1, 199)),
            *(Output(1, figure=png(size=60_000)) for _ in range(2)),
        ),
        marks=tuple(Mark(q, 1, "me", text(100_000)) for q in outline.question_points),
        overrides=tuple(Override(e, 1, text(100_000), "me") for e in outline.rubric),
    )


@pytest.mark.parametrize("assignment", COURSE.grading.rubrics)
@pytest.mark.parametrize("unit", LONG.values(), ids=LONG)
def test_no_page_is_larger_than_300_kb(tmp_path, unit, assignment):
    outline = COURSE.outline(assignment)
    shown = page(tmp_path, largest(unit, outline), outline)
    assert shown.bytes < 300_000
    assert set(shown.tags) <= TAGS
    if unit not in "\n\0\t":
        assert "left out" in shown.text


def test_what_was_cut_is_told(tmp_path):
    outline = COURSE.outline("backprop")
    shown = page(tmp_path, largest("a = b\n", outline), outline)
    assert "The rest is left out: it is too long for this page." in shown.text
    assert (
        "plots left out: too many or too large for this page" in shown.text
        or len(shown.images) == 2
    )
    assert re.search(r"\d+ more cells are left out", shown.text)


def test_whatever_a_normal_notebook_shows_is_all_there(tmp_path):
    """Code of usual length for each exercise, and all the pictures that the engine keeps."""
    outline = COURSE.outline("beyond")
    assignment = COURSE.assignment("beyond")
    works = tuple(
        Work(name, reference.source(name), n)
        for n, (name, reference) in enumerate(assignment.references.items(), start=1)
    )
    figures = tuple(Output(n, figure=png(size=20_000)) for n in range(1, 7))
    found = replace(ANN, works=works, outputs=figures, outcomes=())
    shown = page(tmp_path, found, outline)
    assert len(shown.images) == 6
    assert "left out" not in shown.text
    assert shown.bytes < 300_000


@given(st.lists(st.integers(0, 1000)), st.integers(0, 5000))
def test_a_share_is_the_most_that_all_can_have(sizes, room):
    most = share(sizes, room)
    assert sum(min(needed, most) for needed in sizes) <= room
    if any(needed > most for needed in sizes):
        assert sum(min(needed, most + 1) for needed in sizes) > room


@given(st.lists(st.text("a&<\n\U0001f600", max_size=300), max_size=8), st.integers(50, 2_000))
def test_texts_fit_into_their_room_and_begin_as_they_were(texts, room):
    pieces = fitted(texts, room)
    assert sum(size(piece.html) for piece in pieces) <= room + len(texts) * len(CUT)
    for text, piece in zip(texts, pieces, strict=True):
        if piece.html != escaped(text):
            assert piece.html.endswith(CUT)
            assert escaped(text).startswith(piece.html.removesuffix(CUT))


# How it behaves


@pytest.fixture(scope="module")
def urls(tmp_path_factory):
    """Pages of a usual result, and of one in which everything is hostile."""
    folder = tmp_path_factory.mktemp("pages")
    marks = (Mark("Q1", 3, "me", "Say which layer.", (0, 2), 1),)
    wide = "x" * 300
    ann = replace(
        ANN,
        marks=marks,
        path="a/very/long/path/" + wide,
        works=(Work("one", f"{CODE}# {wide}\n", 3), *ANN.works[1:]),
        outputs=(Output(3, wide), *ANN.outputs[1:]),
        outcomes=(Outcome("one", raised(), (f"You divided {wide}.",)), PASSED),
    )
    results = [
        ann,
        replace(hostile(), student_id="eve"),
        replace(hostile(HOSTILE), student_id=HOSTILE),
    ]
    outline = replace(
        MATHS, policy=Policy(void={"maths": {"two": {"c": Void(credit="full", reason=wide)}}})
    )
    publish(results, folder, outline)
    paths = sorted((folder / "feedback").iterdir())
    return {path.stem if path.stem in ("ann", "eve") else "id": path.as_uri() for path in paths}


themes = pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
widths = pytest.mark.parametrize("width", WIDTHS)
in_browser = [needs_browser, pytest.mark.slow]


class TestInABrowser:
    pytestmark = in_browser

    @themes
    @widths
    def test_it_is_accessible_and_fits(self, browser, urls, width, dark):
        for name in ("ann", "eve"):
            with opened(browser, urls[name], width, dark) as page:
                for details in page.locator("details").all():
                    details.evaluate("element => element.open = true")
                assert serious(page) == []
                assert page.evaluate("document.documentElement.scrollWidth") <= width

    def test_it_is_used_by_keys_alone(self, browser, urls):
        with opened(browser, urls["ann"]) as page:
            closed = page.locator("details:not([open])").first
            for _ in range(30):
                page.keyboard.press("Tab")
                focused = page.evaluate("document.activeElement.parentElement.outerHTML")
                if focused == closed.evaluate("element => element.outerHTML"):
                    break
            summary = page.locator("summary:focus")
            assert summary.count() == 1
            assert summary.evaluate("element => getComputedStyle(element).outlineStyle") == "solid"
            page.keyboard.press("Enter")
            assert summary.evaluate("element => element.parentElement.open")
            page.keyboard.press("Enter")
            assert not summary.evaluate("element => element.parentElement.open")

    def test_a_link_opens_what_it_leads_to(self, browser, urls):
        with opened(browser, urls["ann"]) as page:
            assert not page.locator("details", has=page.locator("#e2")).evaluate("e => e.open")
            page.locator("a[href='#e2']").press("Enter")
            page.wait_for_timeout(200)
            assert page.locator("details", has=page.locator("#e2")).evaluate("e => e.open")

    @themes
    def test_paper_shows_all_of_it_in_dark_ink(self, browser, urls, dark):
        with opened(browser, urls["ann"], 700, dark) as page:
            inside = page.locator("#e2")
            assert not inside.is_visible()
            page.emulate_media(media="print")
            assert inside.is_visible() and inside.bounding_box()["height"] > 20
            paper = page.evaluate("getComputedStyle(document.body).backgroundColor")
            assert paper == "rgb(255, 255, 255)"

    @widths
    def test_nothing_that_students_wrote_has_an_effect(self, browser, urls, width):
        for name in ("eve", "id"):
            with opened(browser, urls[name], width) as page:
                bad = "script, iframe, object, embed, form, input, button, link, base, [onerror]"
                assert page.locator(bad).count() == 0
                assert page.locator("img").count() == 0
                assert page.evaluate("typeof hit") == "undefined"
                assert "<script>hit()</script>" in page.locator("main").inner_text()

    def test_it_needs_no_script(self, browser, urls):
        with opened(browser, urls["ann"]) as page:
            rule = page.locator("meta[http-equiv]").get_attribute("content")
            assert rule.startswith("default-src 'none'")
            loaded = page.evaluate("[...document.images].map(image => image.naturalWidth)")
            assert loaded == [40, 40]


def test_feedback_is_written_a_student_at_a_time(tmp_path):
    from autograder.results.score import score

    pages = Feedback(tmp_path / "feedback", ["ann"], MATHS)
    pages.write(ANN, score(ANN, MATHS, {}))
    assert [path.name for path in (tmp_path / "feedback").iterdir()] == ["ann.html"]
