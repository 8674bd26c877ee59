"""Whatever students write, nobody's page, terminal, table or folder takes it for more than text."""

from __future__ import annotations

import csv
import io
import json
import os
import re
import subprocess
import sys
import urllib.parse
from dataclasses import replace
from html.parser import HTMLParser
from pathlib import Path

import nbformat
import pytest
from classes import publish
from hypothesis import given
from hypothesis import strategies as st

from autograder.commands.terminal import summarise
from autograder.course.outline import Outline
from autograder.course.policy import Policy
from autograder.doors import gradebook
from autograder.doors.gradescope.report import report as gradescope
from autograder.escape import cell as safe
from autograder.escape import file_names, plain
from autograder.model import CellNote, Kind, Mark, Outcome, Result, Status, Verdict
from autograder.results.score import write_csv
from autograder.results.store import Store

ROOT = Path(__file__).parent.parent
HOSTILE = {
    "script": "<script>alert(1)</script>",
    "image": "<img src=x onerror=alert(1)>",
    "attribute": "\" onmouseover=alert(1) x='",
    "end of title": "</title></style></h1><svg/onload=alert(1)>",
    "link": "javascript:alert(1)",
    "comment": "--><!--<b>",
    "template": "{{ 7 * 7 }}{% raw %}{# x #}",
    "entity": "&lt;b&gt;&#60;",
    "colour": "\x1b[31mred\x1b[0m",
    "title of the window": "\x1b]0;owned\x07",
    "hyperlink": "\x1b]8;;http://evil\x1b\\click\x1b]8;;\x1b\\",
    "8-bit": "\x9b31mred\x9d0;owned\x9c",
    "back and over": "wrong\b\b\b\b\bright\rall\x7f",
    "lines": "one\ntwo\r\nthree\x0bfour\x0cfive\x85six\u2028seven\u2029eight",
    "bidi": "\u202egnp.exe\u202c \u2066x\u2069\u061c\u200e",
    "accents on accents": "a" + "\u0300" * 500 + "b\u0323\u0302\u0301",
    "invisible": "a\u200bb\ufeffc\u00add\U000e0041e",
    "markup of rich": "[red]x[/red] [/] [link=http://evil]y[/link] \\[bold] z\\",
    "emoji of rich": ":warning: :smiley:",
    "formula": "=cmd|' /C calc'!A0",
    "quotes": "\"'`",
    "surrogates that wire has replaced": "?\ufffd",
    "long": "x" * 300,
}
FORMULAS = ["=1+1", "+1+1", "-1+1", "@SUM(1)", "\t=1", "\r=1", "\n=1", " =1", "\uff1d1", "a;=1"]
STEERS = re.compile("[\x00-\x1f\x7f-\x9f\u061c\u200e\u200f\u2028-\u202e\u2066-\u2069\ufeff]")
hostile = pytest.mark.parametrize("text", HOSTILE.values(), ids=HOSTILE.keys())

RUBRIC = {"one": {"a": 2, "b": 1}}
MATHS = Outline("maths", Path("assignments/maths"), RUBRIC, Policy(), {"Q": 2})


def results_of(text: str) -> list[Result]:
    """A class in which everything that a student can choose is that text."""
    first, second = (Verdict(name, Kind.raised, f"{name} {text}") for name in "ab")
    return [
        Result(
            student_id=text,
            path=f"folder/{text}",
            status=Status.graded,
            notes=(CellNote(1, text),),
            outcomes=(Outcome("one", (first, second), (text,)),),
            marks=(Mark("Q", 1, text, text),),
        ),
        Result(f"{text}2", text, Status.unreadable, problem=text),
        Result(f"{text}3", text, Status.grader_error, problem=text),
    ]


class Structure(HTMLParser):
    """All of a page but its text: what a browser would act on."""

    def __init__(self, path: Path):
        super().__init__()
        self.tags, self.links, self.texts = [], [], []
        self.feed(path.read_text(encoding="utf-8"))
        self.close()

    def handle_starttag(self, tag, attributes):
        self.links += [value for name, value in attributes if name in ("href", "src")]
        self.tags.append((tag, [pair for pair in attributes if pair[0] not in ("href", "content")]))

    def handle_endtag(self, tag):
        self.tags.append(f"/{tag}")

    def handle_data(self, data):
        if data.strip():
            self.tags.append("text")
            self.texts.append(data)

    def handle_comment(self, data):
        self.tags.append("comment")


def pages(folder: Path, text: str) -> list[Structure]:
    found = results_of(text)
    folder.mkdir()
    publish(found, folder, MATHS)
    names = file_names((result.student_id for result in found), ".html")
    paths = [folder / "report.html", *(folder / "feedback" / name for name in names.values())]
    return [Structure(path) for path in paths]


def test_accents_do_not_pile_up_over_the_lines_above():
    assert plain("a" + "\u0300" * 500 + "z") == "a" + "\u0300" * 4 + "z"
    assert plain("Vi\u0323\u0302\u0301t") == "Vi\u0323\u0302\u0301t"


@hostile
def test_a_page_has_the_same_structure_whatever_students_write(tmp_path, text):
    harmless = pages(tmp_path / "harmless", "x")
    for page, usual in zip(pages(tmp_path / "hostile", text), harmless, strict=True):
        assert page.tags == usual.tags
        assert len(page.links) == len(usual.links)
        assert not [found for found in page.texts if STEERS.search(re.sub(r"[\n\t]", "", found))]
        for link in page.links:
            assert re.fullmatch(r"feedback/[^/?#:]+\.html|#\w+|scores\.csv", link)
            path = urllib.parse.unquote(link.partition("#")[0])
            assert (tmp_path / "hostile" / path).exists()


@hostile
def test_a_page_shows_what_was_written(tmp_path, text):
    shown = " ".join(
        " ".join(t for page in pages(tmp_path / "x", text) for t in page.texts).split()
    )
    assert shown.count(" ".join(plain(text).split())) >= 8


def test_templates_switch_escaping_off_nowhere():
    templates = sorted((ROOT / "autograder/templates").rglob("*.html"))
    assert len(templates) > 5
    for path in templates:
        assert not re.search(r"\|\s*safe|autoescape", path.read_text()), path


# The terminal


@hostile
@pytest.mark.parametrize("colours", [False, True])
def test_the_terminal_shows_text_and_obeys_none_of_it(capsys, monkeypatch, tmp_path, text, colours):
    monkeypatch.setenv("COLUMNS", "3000")
    if colours:
        monkeypatch.setenv("FORCE_COLOR", "1")
        monkeypatch.setenv("TERM", "xterm")
    overview = publish(results_of(text), tmp_path, MATHS)
    summarise(overview, Path(text), {})
    output = capsys.readouterr().out
    if colours:
        assert "\x1b[" in output
        output = re.sub(r"\x1b\[[0-9;]*m", "", output)  # ours
    assert not STEERS.search(output.replace("\n", ""))
    shown = " ".join(plain(text).split())
    lines = [" ".join(line.split()) for line in output.splitlines()]
    assert [line for line in lines if line.endswith(f": {shown}") and "grader error" in line]
    where = " ".join(plain(str(Path(text))).split())
    assert [line for line in lines if line.startswith("report ") and where in line]


@hostile
def test_an_error_is_one_line_of_text(tmp_path, capsys, text):
    from autograder.cli import main

    with pytest.raises(SystemExit) as stopped:
        main(["check", str(tmp_path / text)])
    assert stopped.value.code == 1
    output = capsys.readouterr().err
    assert output.count("\n") == 1 and not STEERS.search(output[:-1])


@given(st.text())
def test_plain_text_is_printable_and_harmless_text_is_as_it_was(text):
    assert plain(text).replace("\u200c", "").replace("\u200d", "").isprintable()
    assert len(plain(text)) == len(text)
    assert plain("می‌خواهم Zoë 学生 👩‍💻 'quoted' <b>") == "می‌خواهم Zoë 学生 👩‍💻 'quoted' <b>"


# Tables


def csv_line(cells):
    file = io.StringIO(newline="")
    csv.writer(file).writerow(map(safe, cells))
    return file.getvalue()


@pytest.mark.parametrize("text", FORMULAS)
def test_no_cell_begins_a_formula(text):
    ((cell,),) = csv.reader(io.StringIO(csv_line([text]), newline=""))
    assert cell.replace("'", "") == text
    assert cell[0] not in "=+-@\t\r\n " or cell[:2] == "a;"


@pytest.mark.parametrize("separator", [",", ";", "\t"])
@pytest.mark.parametrize("text", [*FORMULAS, *HOSTILE.values(), 'a";=1', "a;\r\n=1", "a\t \t@x"])
def test_no_spreadsheet_finds_a_formula_whatever_it_splits_at(separator, text):
    lines = csv_line(["ann", text, "graded", "1"])
    for row in csv.reader(io.StringIO(lines, newline=""), delimiter=separator):
        for cell in row:
            assert not re.match(r"\s*[=+\-@\uff1d\uff0b\uff0d\uff20]", cell), cell


@pytest.mark.parametrize(
    "text",
    [
        *("-5", "-0.5", "+5", "1e-05", "-1e+20", "+4712345678", "", "0"),
        *("amy", "o'brien", "'amy'", "a-b", "a=b", "amy@school.org", "Müller, Zoë", "a;b", "10-12"),
        *('so-called "Bob"', " e ", "a\nb", "a\rb", "学生"),
    ],
)
def test_numbers_and_ordinary_ids_are_as_they_were(text):
    ((cell,),) = csv.reader(io.StringIO(csv_line([text]), newline="")) if text else (("",),)
    assert cell == text


@given(st.lists(st.text("=+-@';\t\n\r\" 1a"), min_size=2, max_size=2, unique=True))
def test_different_texts_stay_different(texts):
    cells = [csv_told(text) for text in texts]
    assert cells[0] != cells[1]


def test_every_cell_of_scores_csv_goes_through_it(tmp_path):
    found = [replace(results_of(text)[0], path=text) for text in FORMULAS]
    odd = replace(MATHS, rubric={"=one": {"a": -1, "b": 1}}, question_points={"@q": 2})
    write_csv(tmp_path / "scores.csv", found, odd)
    text = (tmp_path / "scores.csv").read_bytes().decode()
    header, *rows = csv.reader(io.StringIO(text, newline=""))
    assert header[-2:] == ["'=one", "'@q"]
    for row, formula in zip(rows, FORMULAS, strict=True):
        assert row[:2] == [csv_told(formula), csv_told(formula)]
        assert row[5:] == ["0", ""]


def csv_told(text: str) -> str:
    return next(csv.reader(io.StringIO(csv_line([text, ""]), newline="")))[0]


# File names

AWKWARD = [
    *(
        "../../etc/passwd",
        "..",
        ".",
        "",
        "a/b",
        "/",
        "a\\b",
        "a\0b",
        "a\nb",
        "\u202eb",
        "trailing.",
    ),
    *("trailing ", "con", "CON.txt", "Aux", "com1", "lpt\u00b9", "nul .x", "x" * 300),
    *("é" * 126,),
    *("x" * 299 + "y", "\U0001f600" * 63, "Amy", "amy", "AMY", "\u00e9", "e\u0301", "stra\u00dfe"),
    *("STRASSE", "\ufb01", "fi", "\ud800", "\ud801", "a?b", "50%", "#1"),
]


def test_every_id_has_a_file_name_of_its_own_on_every_system(tmp_path):
    names = file_names(AWKWARD, ".html")
    assert list(names) == AWKWARD
    assert len({name.casefold() for name in names.values()}) == len(AWKWARD)
    for name in names.values():
        assert name.isprintable() and "/" not in name and len(name.encode()) <= 255
        assert not re.match(r"(con|prn|aux|nul|com.|lpt.)\s*\.", name, re.IGNORECASE)
        assert name.endswith(".html") and (tmp_path / name).parent.samefile(tmp_path)
        (tmp_path / name).touch(exist_ok=False)
    assert len(list(tmp_path.iterdir())) == len(AWKWARD)


def test_ordinary_ids_are_their_own_file_names():
    ids = [
        "amy",
        "Müller, Zoë",
        "a b",
        "学生",
        "x" * 250,
        "o'brien",
        "..x",
        "a.b",
        "contest",
        "a&b",
    ]
    assert file_names(ids, ".html") == {name: f"{name}.html" for name in ids}


def test_the_file_name_of_an_id_does_not_change_with_who_comes_after():
    names = file_names(["Amy", "amy"], ".html")
    assert names["Amy"] == "Amy.html"
    assert file_names(["Amy", "amy", "zoe"], ".html")["amy"] == names["amy"] != "amy.html"


@pytest.mark.parametrize("order", [1, -1])
def test_an_id_that_is_the_derived_name_of_another_gets_one_of_its_own(order):
    derived = [file_names(["z\x7f"], "")["z\x7f"]]
    derived.append(file_names([derived[0], "z\x7f"], "")["z\x7f"])
    ids = [*derived, "z\x7f"][::order]
    assert len(set(file_names(ids, ".html").values())) == len(ids)


# Other doors


@hostile
def test_gradescope_gets_json_and_no_markup(text):
    for found in results_of(text)[:2]:
        data = report = gradescope(found, MATHS, None)
        assert json.loads(json.dumps(data)) == data
        assert json.dumps(data).isascii()
        formats = {report[f"{what}output_format"] for what in ("", "test_")}
        assert formats | {report["test_name_format"]} == {"text"}


@hostile
def test_nbgrader_s_feedback_shows_text(tmp_path, text):
    nbconvert = pytest.importorskip("nbconvert")
    pytest.importorskip("nbgrader")

    def page(words: str) -> list[object]:
        test = nbformat.v4.new_code_cell("_score", metadata={"nbgrader": {"grade_id": "one"}})
        test.id = "one"
        test.metadata.nbgrader["grade"] = True
        notebook = nbformat.v4.new_notebook(cells=[test])
        gradebook._fill_in(notebook, MATHS, results_of(words)[0])
        exporter = nbconvert.HTMLExporter(template_name="basic")
        body, _ = exporter.from_notebook_node(notebook)
        (tmp_path / "page.html").write_text(re.sub(r'</?span[^<>"]*("ansi-[a-z-]*")?>', "", body))
        return Structure(tmp_path / "page.html").tags

    assert page(text) == page("x")


@hostile
def test_the_record_gives_back_what_it_was_given(tmp_path, text):
    with Store(tmp_path, {"assignment": text, "secret": text}) as store:
        for found in results_of(text):
            store.save(found)
            store.mark(found.student_id, found.marks)
        assert sorted(store.results(), key=lambda r: r.student_id) == results_of(text)


# All of it, from a hostile class to the screen


def test_a_hostile_class_is_graded_and_shown_as_text(tmp_path):
    folder = tmp_path / "class"
    folder.mkdir()
    raising = """
Evil = type({text!r}, (Exception,), {{}})
def grad_quadratic(*a): raise Evil({text!r})
grad_quadratik = 1
raise Evil({text!r})
"""
    kernel = {"kernelspec": {"language": "\ud800\x1b[31m<script>"}}
    names = [name.replace("/", "\u2215") for text in HOSTILE.values() if len(name := text) < 90]
    for name in names:
        cells = [{"cell_type": "code", "source": raising.format(text=name + "\ud800")}]
        content = {"cells": cells, "nbformat": 4, "nbformat_minor": 5}
        (folder / f"s{name}.ipynb").write_text(json.dumps(content))
    (folder / "language.ipynb").write_text(json.dumps(content | {"metadata": kernel}))
    with open(os.fsencode(folder) + b"/\xff\xfe.ipynb", "w") as file:
        file.write("{")
    done = subprocess.run(
        [sys.executable, "-m", "autograder", "--course", ROOT, "grade", folder, "--out", "results"],
        cwd=tmp_path,
        env=os.environ
        | {"AUTOGRADER_SECRET": "a secret of the tests", "FORCE_COLOR": "1", "TERM": "xterm"},
        capture_output=True,
        timeout=240,
        check=False,
    )
    output = re.sub(r"\x1b\[[0-9;?]*[A-Za-z]", "", (done.stdout + done.stderr).decode())
    assert done.returncode == 0, output
    assert not STEERS.search(re.sub(r"[\r\n]", "", output))
    rows = list(csv.reader(io.StringIO((tmp_path / "results/scores.csv").read_text(), newline="")))
    assert len(rows) == len(names) + 3
    allowed = {
        "html",
        "bdi",
        "head",
        "meta",
        "title",
        "style",
        "body",
        "h1",
        "h2",
        "p",
        "div",
        "i",
        "a",
    }
    allowed |= {"section", "table", "tr", "td", "th", "header", "code", "span"}
    allowed |= {"main", "nav", "ol", "ul", "li", "details", "summary", "h3", "pre"}
    allowed |= {"svg", "circle", "text"}
    of_report = set("main footer script button ul li dl dt dd h3 form label input select".split())
    of_report |= set("option output thead tbody details summary wbr".split())
    of_report |= set("svg g defs path rect text tspan use clippath style".split())  # of plots
    found = list((tmp_path / "results").rglob("*.html"))
    assert len(found) == len(rows)
    for path in found:
        page = Structure(path)
        report = path.name == "report.html"
        more = of_report if report else set()
        assert {tag[0] for tag in page.tags if isinstance(tag, tuple)} <= allowed | more
        attributes = {a[0] for tag in page.tags if isinstance(tag, tuple) for a in tag[1]}
        used = {"lang", "charset", "name", "content", "class", "role", "aria-label", "style"}
        used |= {"http-equiv", "aria-hidden", "id", "open", "tabindex"}
        used |= {
            "viewbox",
            "cx",
            "cy",
            "r",
            "x",
            "y",
            "pathlength",
            "stroke-dasharray",
            "transform",
        }
        assert not [name for name in attributes if name.startswith("on")]
        assert report or attributes <= used
