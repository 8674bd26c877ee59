"""The class report: its numbers, its page in a real browser, and the one without names."""

from __future__ import annotations

import os
import re
import statistics
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import pytest
from browser import WIDTHS, browser, needs_browser, opened, serious
from classes import BACKPROP, made_class, publish, roster_of

from autograder.course.course import find_course
from autograder.course.outline import Outline
from autograder.course.policy import LatePolicy, Policy, Void
from autograder.course.roster import Person
from autograder.model import (
    SETTLED,
    UNFINISHED,
    Kind,
    Mark,
    Outcome,
    Override,
    Receipt,
    Result,
    Status,
    Verdict,
)
from autograder.pages.anonymous import write_anonymous
from autograder.pages.item_analysis import FEWEST, discrimination, interval
from autograder.pages.overview import Overview
from autograder.plural import counted
from autograder.results.folder import ANONYMOUS, OURS
from autograder.results.score import scored
from autograder.results.store import Store, read_about

__all__ = ["browser"]  # a fixture
ROOT = Path(__file__).parent.parent
RUBRIC = {"one": {"a": 2, "b": 1}, "two": {"c": 1}}
MATHS = Outline("maths", Path("assignments/maths"), RUBRIC, Policy())
KEY = "0123456789abcdef"
slow = pytest.mark.slow


def student(name: str, one: tuple[Kind, Kind], two: Kind, **more: object) -> Result:
    verdicts = tuple(
        Verdict(check, kind, "" if kind is Kind.passed else "why")
        for check, kind in zip("abc", (*one, two), strict=True)
    )
    mistakes = more.pop("mistakes", ())
    outcomes = (Outcome("one", verdicts[:2], mistakes), Outcome("two", verdicts[2:]))
    return Result(name, f"{name}.ipynb", Status.graded, outcomes=outcomes, tier="A", **more)


P, F = Kind.passed, Kind.failed
AMY = student("amy", (P, P), P, seconds=0.5, graded_at="2026-11-20T10:00:00+00:00")
BEN = student("ben", (P, F), F, mistakes=("You forgot zero_grad().",), seconds=2.5)
CAT = student("cat", (F, Kind.timed_out), F, mistakes=("You forgot zero_grad().", "Twice."))
DAN = Result("dan", "dan.docx", Status.unreadable, problem="this is not a notebook")
EVE = Result("eve", "eve.ipynb", Status.grader_error, problem="ZygoteDied: gone")
CLASS = [AMY, BEN, CAT, DAN, EVE]


def text_of(page: str) -> str:
    """What is read of a page, in one line."""
    shown = re.sub(r"(?s)<(script|style)>.*?</\1>", " ", page)
    return " ".join(
        re.sub(r"<[^>]*>", " ", shown.replace("<wbr>", "")).replace("&shy;", "").split()
    )


def report(folder: Path, results: list[Result], outline: Outline = MATHS, roster=None) -> str:
    publish(results, folder, outline, roster)
    return (folder / "report.html").read_text(encoding="utf-8")


def overview_of(results: list[Result], outline: Outline = MATHS) -> Overview:
    overview = Overview(outline)
    for result, score in scored(results, outline):
        overview.add(result, score)
    return overview


# Numbers


def test_difficulty_is_the_mean_share_of_those_graded():
    tallies = overview_of(CLASS).exercises
    assert [tally.share for tally in tallies.values()] == pytest.approx([5 / 9, 1 / 3])


def test_discrimination_is_the_correlation_with_the_other_exercises():
    results = made_class(80)
    overview = overview_of(results, BACKPROP)
    points = [[p or 0 for p in row.points] for row in overview.graded]
    found = discrimination(overview)
    for place, name in enumerate(BACKPROP.rubric):
        rest = [sum(each[:place]) + sum(each[place + 1 :]) for each in points]
        expected = statistics.correlation([each[place] for each in points], rest)
        assert found[name] == pytest.approx(expected)


def test_there_is_no_discrimination_where_it_means_nothing():
    several = [replace(BEN, student_id=f"b{n}") for n in range(FEWEST)]
    nothing = {"one": None, "two": None}
    assert discrimination(overview_of([])) == nothing
    assert discrimination(overview_of([AMY, *several[2:]])) == nothing  # too few
    assert discrimination(overview_of(several)) == nothing  # all alike
    assert discrimination(overview_of([AMY, *several])) == pytest.approx({"one": 1, "two": 1})


def test_of_a_small_class_it_is_said_that_discrimination_means_little(tmp_path):
    low, high = interval(0.3, 20)
    assert (low, high) == pytest.approx((-0.164, 0.656), abs=0.001)  # tables of Fisher's z
    page = text_of(report(tmp_path, made_class(20, seed=2), BACKPROP))
    assert re.search(r"With \d\d students it means little: a true 0.30 may come out as", page)
    assert "means little" not in report(tmp_path, made_class(60), BACKPROP)


# What the page says


def test_it_says_what_to_teach_again_most_frequent_first(tmp_path):
    page = text_of(report(tmp_path, CLASS))
    assert "What to teach again 2 students You forgot zero_grad(). one 1 student Twice. one" in page
    assert "median of 4 2 middle half 1–3 full marks 1 below half 1" in page


def test_it_says_how_checks_ended_and_who_to_look_at(tmp_path):
    page = text_of(report(tmp_path, CLASS))
    assert "passed 4 44 % 2" in page and "not right 4 44 % 2 one 2" in page
    assert "ran too long 1 11 % 1 one 1" in page
    assert "Not graded dan this is not a notebook eve ZygoteDied: gone" in page
    assert "Slowest ben 2.50 s amy 0.50 s" in page


def test_what_is_not_done_yet_is_no_error(tmp_path):
    verdicts = (Verdict("a", Kind.raised, UNFINISHED), Verdict("b", Kind.raised, "NameError: x"))
    ann = replace(AMY, student_id="ann", outcomes=(Outcome("one", verdicts), AMY.outcomes[1]))
    told = "raised an error 1 33 % 1 one 1"
    for page in (report(tmp_path, [ann]), anonymous(tmp_path, [ann])):
        shown = text_of(page)
        assert "not done yet 1 33 % 1 one 1" in shown and told in shown
        assert "one: not done yet" in shown


def test_more_than_all_points_are_full_marks():
    more = replace(CAT, overrides=(Override("one", 4, "a proof", "x"),))
    assert [tally.full for tally in overview_of([AMY, BEN, more]).exercises.values()] == [2, 1]


def test_it_says_how_it_was_isolated_and_what_made_it(tmp_path):
    page = text_of(report(tmp_path, [*CLASS, replace(AMY, student_id="fay", tier="C")]))
    assert "isolation tier A: 3 submissions. Student code could still" in page
    assert "isolation tier C: 1 submission. Student code could still" in page
    assert "read every file that you can read" in page
    assert "newest result of 2026-11-20" in page
    assert re.search(r"autograder \d\S*, torch \d\S*, Python 3\S*, matplotlib \d", page)


def test_points_by_hand_void_checks_and_lateness_can_be_seen(tmp_path):
    void = {"maths": {"one": {"b": Void(credit="full", reason="its input was wrong")}}}
    due = {"due": {"maths": "2026-11-20T23:59:00Z"}, "percent_per_day": 25}
    rules = Policy(void=void, late=LatePolicy.model_validate(due))
    given = Override("two", 0.5, "half right", "dr. lin")
    late = replace(AMY, receipt=Receipt(submitted_at="2026-11-21T10:00:00Z"))
    results = [late, replace(CAT, overrides=(given,))]
    html = report(tmp_path, results, replace(MATHS, policy=rules))
    page = text_of(html)
    assert "one : the check b is void, everyone has its points: its input was wrong" in page
    assert "two : points given by hand to 1 student" in page
    assert "cat 1.5 of 4" in page and "by hand: two 0.5: half right (dr. lin)" in page
    assert "amy 3 of 4 −1 late" in page
    assert 'data-is="graded late"' in html and 'data-is="graded by-hand"' in html


def test_an_exercise_of_which_nothing_counts_says_so(tmp_path):
    void = {"maths": {"two": {"c": Void(credit="none", reason="its input was wrong")}}}
    page = text_of(report(tmp_path, CLASS, replace(MATHS, policy=Policy(void=void))))
    assert "two does not count – two" in page and "0.0 of 0" not in page


# Questions

ASKED = replace(MATHS, question_points={"Q1": 2, "Q_two": 3})


def marked(result: Result, *given: tuple[str, float, str]) -> Result:
    """With these marks: question, points and marker, the latest last."""
    known = ((*each, f"2026-12-0{day}") for day, each in enumerate(given, start=1))
    marks = (Mark(q, points, who, marked_at=at) for q, points, who, at in known)
    return replace(result, marks=tuple(marks))


def pages(folder: Path, results: list[Result]) -> list[str]:
    """What is read of both reports."""
    return [text_of(made(folder, results, ASKED)) for made in (report, anonymous)]


def test_before_anybody_has_marked_totals_are_of_the_exercises_alone(tmp_path):
    for page in pages(tmp_path, CLASS):
        assert "Q1 – of 2 0 3 0 Q_two – of 3 0 3 0" in page and "median of 4" in page
        assert "Nobody has marked one yet" in page and "as 0" not in page


def test_marks_and_answers_without_one_are_counted(tmp_path):
    given = (Override("Q_two", 2.5, "as good", "dr. lin"),)
    amy = replace(marked(AMY, ("Q1", 2, "ada")), overrides=given)
    dan = replace(DAN, overrides=given)  # what cannot be read is not in any mean
    for page in pages(tmp_path, [amy, marked(BEN, ("Q1", 1, "bob")), CAT, dan, EVE]):
        assert "Q1 1.5 of 2 2 1 0 Q_two 2.5 of 3 1 2 0" in page
        assert "3 answers are not marked yet: totals count them as 0." in page
        assert "median of 9" in page and "Nobody has marked" not in page
        assert "Q_two : points given by hand to 2 students" in page
    assert not re.search(r"\b(ada|bob|lin)\b", page)  # in the one without names


def test_when_all_is_marked_nothing_is_said(tmp_path):
    for page in pages(tmp_path, [marked(AMY, ("Q1", 2, "ada"), ("Q_two", 0, "ada"))]):
        assert "not marked yet" not in page and "Nobody" not in page


@pytest.mark.parametrize(
    ("marks", "open_"),
    [
        ([("Q1", 2, "ada"), ("Q1", 1, "bob")], 1),
        ([("Q1", 1, "ada"), ("Q1", 1, "bob")], 0),
        ([("Q1", 2, "ada"), ("Q_two", 1, "bob")], 0),
        ([("Q1", 2, "ada"), ("Q1", 1, "bob"), ("Q1", 2, "eve" + SETTLED)], 0),
        ([("Q1", 2, "ada"), ("Q1", 1, "eve" + SETTLED), ("Q1", 2, "bob")], 1),
    ],
    ids=["other points", "the same", "other questions", "settled", "settled before"],
)
def test_disagreements_of_markers_are_counted_until_they_are_settled(tmp_path, marks, open_):
    result = marked(BEN, *marks)
    for page in pages(tmp_path, [result]):
        assert re.search(rf"Q1 \d\.0 of 2 1 0 {open_} ", page)
        assert ("Where markers disagree" in page) == bool(open_)
    closed = replace(result, overrides=(Override("Q1", 2, "", ""),))
    assert overview_of([closed], ASKED).questions["Q1"].disputed == 0


@pytest.mark.parametrize("results", [[], [DAN], [EVE], [AMY]], ids=["none", "dan", "eve", "amy"])
def test_a_class_of_nobody_or_of_one_has_a_report(tmp_path, results):
    page = text_of(report(tmp_path, results))
    assert counted(len(results), "submission") in page
    assert "nan" not in page and "None" not in page
    assert "With fewer than 10 students it means nothing, and is not shown" in page


def test_points_above_the_most_and_an_assignment_of_no_points_have_a_report(tmp_path):
    more = replace(AMY, overrides=(Override("one", 7.5, "a proof", "x"),))
    assert "8.5 of 4" in text_of(report(tmp_path, [more, BEN]))
    nothing = replace(MATHS, rubric={"one": {"a": 0, "b": 0}, "two": {"c": 0}})
    assert "0 of 0" in text_of(report(tmp_path, [AMY, BEN], nothing))


def test_names_of_exercises_are_text_in_plots(tmp_path):
    odd = {"$x_1$<b>&": {"a": 1}, "学生" * 20: {"a": 1}}
    outcomes = tuple(Outcome(name, (Verdict("a", P),)) for name in odd)
    page = report(tmp_path, [replace(AMY, outcomes=outcomes)], replace(MATHS, rubric=odd))
    assert ">$x_1$&lt;b&gt;&amp;</text>" in page and "学…</text>" in page


# The page as a file


def test_it_is_self_contained(tmp_path):
    page = report(tmp_path, made_class(60), BACKPROP)
    assert not re.search(
        r"""(src|href)=["']?(https?:|//)|@import|url\((?!#)|<link|<img|<iframe""", page
    )
    assert "default-src 'none'" in page
    ids = re.findall(r'\sid="([^"]*)"', page)
    assert len(ids) == len(set(ids))


def test_the_same_record_gives_the_same_bytes(tmp_path):
    for name in "ab":
        (tmp_path / name).mkdir()
    first = report(tmp_path / "a", made_class(60), BACKPROP)
    script = (
        "import sys; sys.path.insert(0, 'tests'); from pathlib import Path; "
        "from test_report import BACKPROP, made_class, report; "
        "report(Path(sys.argv[1]), made_class(60), BACKPROP)"
    )
    environment = os.environ | {"PYTHONHASHSEED": "7", "PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-c", script, str(tmp_path / "b")]
    subprocess.run(call, cwd=ROOT, env=environment, check=True, timeout=120)
    assert (tmp_path / "b/report.html").read_text(encoding="utf-8") == first


def test_it_is_written_again_only_if_it_would_differ(tmp_path):
    def written(results, outline=MATHS, roster=None, afresh=False):
        publish(results, tmp_path, outline, roster, afresh)
        found = (tmp_path / "report.html").stat()
        return found.st_ino, found.st_mtime_ns

    first = written(CLASS)
    assert written(CLASS) == first
    again = written(CLASS, afresh=True)
    assert again != first
    changed = [
        written(CLASS[:-1]),
        written(CLASS[:-1], roster={"amy": Person("Amy")}),
        written(CLASS[:-1], replace(MATHS, rubric=RUBRIC | {"two": {"c": 2}})),
        written([replace(AMY, overrides=(Override("one", 1, "no", "x"),)), *CLASS[1:]]),
    ]
    assert len({again, *changed}) == 5


def test_nothing_of_matplotlib_is_imported_until_there_is_something_to_draw(tmp_path):
    report(tmp_path, CLASS)
    script = (
        "import sys; sys.path.insert(0, 'tests'); import autograder.cli, autograder.pipeline; "
        "from pathlib import Path; import test_report as t; t.report(Path(sys.argv[1]), t.CLASS); "
        "sys.exit('matplotlib' in sys.modules)"
    )
    environment = os.environ | {"PYTHONPATH": str(ROOT)}
    call = [sys.executable, "-c", script, str(tmp_path)]
    assert subprocess.run(call, cwd=ROOT, env=environment, timeout=120).returncode == 0


def test_a_class_of_a_thousand_is_less_than_5_mb(tmp_path):
    results = made_class(1000)
    page = report(tmp_path, results, BACKPROP, roster_of(results))
    assert len(page.encode()) < 5_000_000
    print(f"{len(page.encode()) / 1e6:.2f} MB")


# Without names


def anonymous(folder: Path, results: list[Result], outline: Outline = MATHS, key: str = KEY) -> str:
    write_anonymous(folder / ANONYMOUS, results, outline, key)
    return (folder / ANONYMOUS).read_text(encoding="utf-8")


def test_an_anonymous_report_has_nothing_of_who_they_are(tmp_path):
    given = Override("two", 0.5, "for Cat's sake", "dr. lin")
    told = {"problem": "cat/../cat.docx is not a notebook"}
    results = [
        AMY,
        BEN,
        replace(CAT, overrides=(given,)),
        replace(DAN, **told),
        replace(EVE, **told),
    ]
    outcomes = (Outcome("one", (Verdict("a", F, "NameError: amy_lund_1"),)),)
    results[0] = replace(AMY, outcomes=outcomes, path="amy/lund.ipynb")
    html = anonymous(tmp_path, results)
    shown = text_of(html)
    for word in (
        "amy",
        "ben",
        "cat",
        "dan",
        "eve",
        "lin",
        "ipynb",
        "docx",
        "href",
        "feedback",
        "why",
    ):
        assert not re.search(rf"\b{word}\b", shown, re.IGNORECASE), word
    assert "href=" not in html.replace("xlink:href=", "") and "lund" not in html
    assert "one: not right" in shown and "You forgot zero_grad()." in shown
    assert "by hand: two 0.5" in shown and "could not be read" in shown
    assert sorted(re.findall(r'<td class="id">(student \d+)', html)) == [
        f"student {n}" for n in range(1, 6)
    ]


def order(html: str, results: list[Result]) -> list[str]:
    """Whose points are in which row, where all have others."""
    seconds = {f"{result.seconds:.2f}": result.student_id for result in results}
    return [seconds[s] for s in re.findall(r'data-number="[^"]*">([\d.]+)</td>\n</tr>', html)]


def test_their_order_is_not_that_of_the_ids_and_depends_on_the_key(tmp_path):
    results = [replace(AMY, student_id=f"s{n:02}", seconds=1.0 + n) for n in range(30)]
    found = order(anonymous(tmp_path, results), results)
    assert sorted(found) == [result.student_id for result in results] != found
    assert order(anonymous(tmp_path, results), results) == found
    assert order(anonymous(tmp_path, results[::-1]), results) == found
    assert order(anonymous(tmp_path, results, key="another"), results) != found


def test_mistakes_are_numbered_without_telling_who_came_first(tmp_path):
    results = made_class(40)
    one, other = (anonymous(tmp_path, each, BACKPROP) for each in (results, results[::-1]))
    assert one.partition("<!-- made from")[0] == other.partition("<!-- made from")[0]


@pytest.fixture
def course(tmp_path):
    """A folder of results that the commands can read."""
    out = tmp_path / "results"
    out.mkdir()
    with Store(out, {"assignment": "backprop", "secret": KEY}) as store:
        store.save(*made_class(12))
        store.proved = find_course(ROOT).outline("backprop").claims
    return out


def call(*arguments: object) -> int:
    from autograder.cli import main

    with pytest.raises(SystemExit) as done:
        main(["--course", str(ROOT), *map(str, arguments)])
    return int(done.value.code or 0)


def test_the_command_writes_it_and_touches_nothing_else(course, capsys):
    assert call("report", course) == 0
    before = {p: (p.stat().st_ino, p.read_bytes()) for p in course.rglob("*") if p.is_file()}
    assert call("report", course, "--anonymous") == 0
    assert capsys.readouterr().out.splitlines()[-1] == str(course / ANONYMOUS)
    after = {p: (p.stat().st_ino, p.read_bytes()) for p in course.rglob("*") if p.is_file()}
    assert after.keys() - before.keys() == {course / ANONYMOUS}
    assert {p: after[p] for p in before if p.suffix != ".db"} == {
        p: before[p] for p in before if p.suffix != ".db"
    }
    assert (course / ANONYMOUS).stat().st_mode & 0o077 == 0
    assert ANONYMOUS in OURS


def test_names_for_a_report_without_names_are_refused(course, capsys):
    assert call("report", course, "--anonymous", "--roster", course / "class.csv") == 1
    assert "drop one" in capsys.readouterr().err


def test_who_is_forgotten_is_in_no_anonymous_report(course):
    call("report", course, "--anonymous")
    assert call("purge", course, "--student", made_class(1)[0].student_id, "--yes") == 0
    assert not (course / ANONYMOUS).exists() and (course / "report.html").exists()


def test_an_export_warns_of_answers_without_a_mark(course, capsys):
    call("export", course, "--to", "json")
    silent = capsys.readouterr()
    with Store(course, read_about(course)) as store:
        store.mark(made_class(1)[0].student_id, [Mark("S1", 3, "ada")])
    call("export", course, "--to", "json")
    shown = capsys.readouterr()
    assert shown.err == "warning: 65 answers are not marked yet: totals count them as 0\n"
    assert silent.err == "" and shown.out == silent.out
    call("export", course, "--to", "gradescope")
    assert capsys.readouterr().err == (
        "warning: 65 answers are not marked yet: students who wrote them get no score\n"
    )


# In a browser

HOSTILE = (
    "<script>alert(1)</script><img src=x onerror=alert(1)>'\"><svg/onload=alert(1)>"
    "</title></style></table></script><b id=owned>\x1b[31m=cmd|' /C calc'!A0"
)


def hostile_class() -> tuple[list[Result], dict[str, Person]]:
    """Everything that others choose is HOSTILE, or has it in it."""
    verdicts = (Verdict("a", F, HOSTILE), Verdict("b", Kind.raised, HOSTILE))
    outcomes = (Outcome("one", verdicts, (HOSTILE,)), Outcome("two", (Verdict("c", P),)))
    given = (Override("two", 1, HOSTILE, HOSTILE),)
    graded = [
        Result(
            f"{n}{HOSTILE}",
            HOSTILE,
            Status.graded,
            outcomes=outcomes,
            tier=HOSTILE,
            overrides=given,
        )
        for n in range(3)
    ]
    odd = [
        Result(f"x{HOSTILE}", HOSTILE, Status.unreadable, problem=HOSTILE),
        Result(f"y{HOSTILE}", HOSTILE, Status.grader_error, problem=HOSTILE),
    ]
    people = {r.student_id: Person(HOSTILE, HOSTILE, HOSTILE) for r in [*graded, *odd]}
    return [*graded, *odd], people | {f"z{HOSTILE}": Person(HOSTILE, HOSTILE, HOSTILE)}


@needs_browser
@slow
@pytest.mark.parametrize("width", WIDTHS)
@pytest.mark.parametrize("dark", [False, True], ids=["light", "dark"])
@pytest.mark.parametrize("named", [True, False], ids=["roster", "anonymous"])
def test_it_is_readable_for_everyone_at_any_width(browser, tmp_path, width, dark, named):
    results = made_class(60)
    if named:
        report(tmp_path, results, BACKPROP, roster_of(results))
    else:
        anonymous(tmp_path, results, BACKPROP)
    path = tmp_path / ("report.html" if named else ANONYMOUS)
    with opened(browser, path.as_uri(), width, dark) as page:
        assert serious(page) == []
        scrolled = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(scrolled) == 0
        assert page.locator("svg[role=img]").count() == 2
        for plot in page.locator("svg[role=img]").all():
            assert plot.get_attribute("aria-label")
            assert plot.bounding_box()["width"] <= width
        ink = "getComputedStyle(document.querySelector('.plot text')).fill"
        colours = [
            page.evaluate(f"getComputedStyle(document.querySelector('{e}')).color")
            for e in ("body", ".soft")
        ]
        assert page.evaluate(ink) in colours  # text of plots has the page's colours


OUTSIDE = """() => [...document.querySelectorAll("svg")].flatMap((drawing) => {
  const room = drawing.getBoundingClientRect();
  return [...drawing.querySelectorAll("text")].filter((text) => {
    const { left, right } = text.getBoundingClientRect();
    return left < room.left || right > room.right;
  }).map((text) => text.textContent);
})"""


@needs_browser
@slow
@pytest.mark.parametrize("points", [3, 1289], ids=["few", "bonus"])
def test_what_a_plot_says_is_inside_of_it(browser, tmp_path, points):
    bonus = Override("one", points, "", "")
    for results in ([replace(AMY, overrides=(bonus,)), BEN], [*CLASS, *made_class(12)]):
        report(tmp_path, results)
        with opened(browser, (tmp_path / "report.html").as_uri()) as page:
            assert page.locator("svg text", has_text=re.compile("^[0-9]+ %$")).count() == 2
            assert page.evaluate(OUTSIDE) == []


LINES = """(code) => {  // what stands in each line of it
  const lines = {}, text = document.createTreeWalker(code, NodeFilter.SHOW_TEXT);
  while (text.nextNode())
    for (let place = 0; place < text.currentNode.length; place++) {
      const letter = document.createRange();
      letter.setStart(text.currentNode, place);
      letter.setEnd(text.currentNode, place + 1);
      const { bottom } = letter.getBoundingClientRect();
      lines[bottom] = (lines[bottom] ?? "") + letter.toString();
    }
  return Object.values(lines);
}"""


@needs_browser
@slow
@pytest.mark.parametrize("width", [320, 380, 900, 1000, 1400])
@pytest.mark.parametrize("medium", ["screen", "print"])
def test_names_are_broken_after_underscores_only(browser, tmp_path, width, medium):
    report(tmp_path, made_class(60), BACKPROP)
    with opened(browser, (tmp_path / "report.html").as_uri(), width) as page:
        page.emulate_media(media=medium)
        for name in page.locator("td code:visible").all():
            *broken, _ = name.evaluate(LINES)
            assert all(line.endswith("_") for line in broken), broken
        scrolled = "document.documentElement.scrollWidth - document.documentElement.clientWidth"
        assert page.evaluate(scrolled) == 0


def shown(page) -> list[str]:
    """The students whose rows are to be seen, in order."""
    cells = page.locator("#students tbody tr:visible td:first-child")
    return [text.strip() for text in cells.all_inner_texts()]


def focus(page, name: str) -> None:
    """Go there by nothing but the Tab key."""
    page.evaluate("document.activeElement.blur(); window.scrollTo(0, 0)")
    for _ in range(200):
        page.keyboard.press("Tab")
        here = page.evaluate(
            "(e => e.name || (e.matches('th *, .link') ? e.textContent.trim() : ''))"
            "(document.activeElement)"
        )
        if here == name:
            return
    raise AssertionError(f"no way to {name}")


@needs_browser
@slow
@pytest.mark.parametrize("width", WIDTHS)
def test_all_of_it_can_be_done_by_keys(browser, tmp_path, width):
    cid = replace(CAT, student_id="cid", overrides=(Override("two", 1, "x", "y"),))
    results = [AMY, BEN, CAT, cid, DAN, EVE]
    report(tmp_path, results)
    with opened(browser, (tmp_path / "report.html").as_uri(), width) as page:
        assert shown(page) == ["amy", "ben", "cat", "cid", "dan", "eve"]
        focus(page, "score")
        page.keyboard.press("Enter")
        assert shown(page) == ["cat", "dan", "cid", "ben", "amy", "eve"]  # no score is last
        score = page.locator("th.score")
        assert score.get_attribute("aria-sort") == "ascending"
        page.keyboard.press("Space")
        assert shown(page) == ["amy", "ben", "cid", "cat", "dan", "eve"]
        assert score.get_attribute("aria-sort") == "descending"
        assert page.locator("th[aria-sort]").count() == 1
        focus(page, "words")
        page.keyboard.type("ZERO_grad")
        assert shown(page) == ["ben", "cid", "cat"]
        assert page.locator("output").inner_text() == "3 of 6 submissions"
        page.keyboard.press("Enter")  # sends nothing
        focus(page, "status")
        page.keyboard.type("points")
        assert shown(page) == ["cid"]
        focus(page, "3 students")  # what one mistake leads to, and no other filter
        page.keyboard.press("Enter")
        assert shown(page) == ["ben", "cid", "cat"]
        assert page.evaluate("document.activeElement.name") == "mistake"
        page.keyboard.press("Home")
        assert len(shown(page)) == 6


@needs_browser
@slow
def test_feedback_is_one_click_away(browser, tmp_path):
    report(tmp_path, CLASS)
    with opened(browser, (tmp_path / "report.html").as_uri()) as page:
        page.locator("#students").get_by_role("link", name="ben").click()
        assert page.url.endswith("/feedback/ben.html") and "ben" in page.inner_text("body")
        page.go_back()
        assert page.get_by_role("link", name="scores.csv").get_attribute("href") == "scores.csv"


@needs_browser
@slow
@pytest.mark.parametrize("named", [True, False], ids=["roster", "anonymous"])
def test_nothing_that_others_wrote_acts_in_a_browser(browser, tmp_path, named):
    results, people = hostile_class()
    harmless = [replace(r, student_id=r.student_id.replace(HOSTILE, "x")) for r in results]
    report(tmp_path, results, MATHS, people)
    anonymous(tmp_path, results)
    path = tmp_path / ("report.html" if named else ANONYMOUS)
    with opened(browser, path.as_uri()) as page:  # it fails at any dialog and request
        assert page.locator("#owned, img, svg:not([role=img]), [onerror], [onload]").count() == 0
        assert page.locator("script").count() == 1
        assert len(shown(page)) == len(harmless)
        for name in page.locator("#students th button:visible").all():
            name.click()
        page.locator("[name=words]").fill("<script>alert(1)")
        assert len(shown(page)) == (len(results) if named else 3)
        page.locator("[data-show]").first.click()
        assert len(shown(page)) == 3


@needs_browser
@slow
def test_a_script_that_got_in_would_not_run(browser, tmp_path):
    path = tmp_path / "report.html"
    page = report(tmp_path, CLASS)
    path.write_text(page.replace("</main>", "<script>document.title = 'owned'</script></main>"))
    said = []
    context = browser.new_context()
    opened_page = context.new_page()
    opened_page.on("console", lambda message: said.append(message.text))
    opened_page.goto(path.as_uri())
    assert opened_page.title() == "maths: report"
    assert any("Content Security Policy" in text for text in said)
    context.close()


@needs_browser
@slow
def test_a_thousand_students_open_quickly(browser, tmp_path, capsys):
    results = made_class(1000)
    page = report(tmp_path, results, BACKPROP, roster_of(results))
    begun = time.perf_counter()
    with opened(browser, (tmp_path / "report.html").as_uri()) as opened_page:
        seconds = time.perf_counter() - begun
        begun = time.perf_counter()
        opened_page.locator("th.score button").click()
        sorting = time.perf_counter() - begun
        assert len(shown(opened_page)) == 1000
    with capsys.disabled():
        size = len(page.encode()) / 1e6
        print(f"\n{size:.2f} MB, opened in {seconds:.2f} s, sorted in {sorting:.2f} s")
