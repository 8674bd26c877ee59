"""What the terminal shows: it fits, it can be switched off, and scripts can read it."""

import contextlib
import io
import json
import re
import textwrap
from dataclasses import replace
from datetime import UTC, datetime, timedelta
from pathlib import Path

import click
import pytest
from click.shell_completion import BashComplete
from rich.cells import cell_len

from autograder.cli import main
from autograder.commands import bars, summary, terminal
from autograder.course.late import LateRules
from autograder.course.outline import Outline
from autograder.course.policy import LatePolicy, Policy
from autograder.course.roster import Person
from autograder.model import UNFINISHED, Kind, Mark, Outcome, Override, Result, Status, Verdict
from autograder.pages.overview import Overview
from autograder.pages.unmarked import to_mark
from autograder.plural import counted
from autograder.results.score import scored

ROOT = Path(__file__).parent.parent
RUBRIC = {"square": {"values": 2, "shape": 1}, "root": {"values": 1}}
MATHS = Outline("maths", Path("assignments/maths"), RUBRIC, Policy())
LONG = "a-very-long-student-id-" * 5
WIDE = "学生" * 30
IDS = [LONG, WIDE, "zoë", "👩‍💻", "ada"]


def result(student, kind=Kind.passed, status=Status.graded, problem=""):
    verdicts = tuple(Verdict(check, kind, "a hint" * 30) for check in ("values", "shape"))
    outcomes = (Outcome("square", verdicts),) if status is Status.graded else ()
    return Result(student, f"{student}.py", status, problem, outcomes=outcomes, tier="S")


def overview_of(results, outline=MATHS):
    overview = Overview(outline)
    for each, score in scored(results, outline):
        overview.add(each, score)
    return overview


def a_class(count):
    return [result(f"{IDS[n % 5]}{n}", list(Kind)[n % 3]) for n in range(count)]


@pytest.fixture
def on_a_terminal(monkeypatch):
    """80 columns, and rich takes what it writes to for a terminal."""
    monkeypatch.setenv("COLUMNS", "80")
    monkeypatch.setenv("FORCE_COLOR", "1")
    monkeypatch.setenv("TERM", "xterm-256color")
    monkeypatch.delenv("NO_COLOR", raising=False)


def lines(text):
    return re.sub(r"\x1b\[[0-9;]*m", "", text).splitlines()


# The summary


@pytest.mark.parametrize("count", [0, 1, 5, terminal.FEW, terminal.FEW + 1, 500])
def test_a_summary_fits_80_columns(on_a_terminal, capsys, count):
    problem = "the reference failed: " + "why " * 60
    results = [*a_class(count), result("oops", status=Status.grader_error, problem=problem)]
    roster = dict.fromkeys((f"absent {number}" for number in range(60)), Person())
    terminal.summarise(overview_of(results), Path("results"), [], roster)
    shown = lines(capsys.readouterr().out)
    assert [line for line in shown if cell_len(line.rstrip()) > 80] == []
    text = " ".join(" ".join(shown).split())
    assert (
        f"{count + 1} submission{'s' * bool(count)} (" in text
        and "handed nothing in, 60 of" in text
    )
    assert "grader error (1 of" in text and "scores.csv" in text


def test_a_large_class_is_shown_by_exercise(capsys):
    results = [result(str(n), Kind.passed if n % 2 else Kind.failed) for n in range(100)]
    terminal.summarise(overview_of(results), Path("out"), [str(n) for n in range(100)])
    shown = [line.split() for line in capsys.readouterr().out.splitlines()]
    assert ["exercise", "mean", "of", "full", "marks"] in shown
    assert ["square", "1.50", "3", "50", "of", "100"] in shown
    assert ["root", "0.00", "1", "0", "of", "100"] in shown and ["all", "1.50", "4"] in shown


def test_a_path_is_never_broken_and_a_pipe_gets_whole_lines(on_a_terminal, capsys, monkeypatch):
    overview = overview_of(a_class(3))
    terminal.summarise(overview, Path("results/" * 30), [])
    assert [line for line in lines(capsys.readouterr().out) if line.endswith("report.html")]
    for name in ("FORCE_COLOR", "TERM"):
        monkeypatch.delenv(name)
    terminal.summarise(overview, Path("out"), [])
    (kept,) = [x for x in capsys.readouterr().out.splitlines() if x.startswith("kept from")]
    assert all(row.student_id in kept for row in overview.rows)


def test_scores_have_two_decimals_and_are_never_cut(on_a_terminal, capsys):
    points = {"amy": 112.3 / 3, "ben": 1234.5678}
    given = {name: (Override("square", each, "why", "eve"),) for name, each in points.items()}
    results = [replace(result(name), overrides=each) for name, each in given.items()]
    terminal.summarise(overview_of(results), Path("out"), [])
    shown = [line.split()[:2] for line in lines(capsys.readouterr().out)]
    assert shown[1:3] == [["amy", "37.43"], ["ben", "1234.57"]]


@pytest.mark.parametrize("count", [3, terminal.FEW + 1])
def test_lines_for_a_pipe_do_not_end_in_spaces(capsys, count):
    terminal.summarise(overview_of(a_class(count)), Path("out"), [])
    assert re.findall(r" +$", capsys.readouterr().out, re.M) == []


def test_one_thing_is_not_called_several(capsys):
    one = replace(MATHS, rubric={"root": {"values": 1}})
    terminal.summarise(overview_of([result("amy")], one), Path("out"), ["amy"])
    assert "\n1 submission (1 graded), 1 point\n" in capsys.readouterr().out
    assert [counted(count, "mark") for count in (0, 0.5, 1)] == ["0 marks", "0.5 marks", "1 mark"]


def test_a_class_that_defines_nothing_of_the_assignment_is_warned_of(capsys):
    def told(*results, here=("amy", "ben")):
        terminal.warn_of_strangers(overview_of(results), "maths", here)
        shown = capsys.readouterr()
        assert not shown.out
        return shown.err

    amy, unread = result("amy", Kind.missing), result("ben", status=Status.unreadable)
    assert told(amy, unread) == (
        "warning: no submission here defines a single name of the assignment 'maths': "
        "if they are of another one, give --assignment, or --course for another course\n"
    )
    assert told(amy, result("cat")) == told(amy)  # of an earlier run
    assert told(amy, result("ben", Kind.failed)) == told(unread) == told() == ""


def test_an_extension_of_an_id_that_nobody_has_is_warned_of(capsys):
    due = datetime(2026, 11, 1, tzinfo=UTC)
    later = dict.fromkeys(["amy", "bem", "cat"], due + timedelta(days=1))
    policy = LatePolicy(due={"maths": due}, percent_per_day=10)
    rules = LateRules(policy, due, later)
    terminal.warn_of_extensions({"amy", "ben", "cat"}, rules)
    told = capsys.readouterr().err
    assert told.startswith("warning: no work of bem, whom late.extensions") and "scores.csv" in told
    terminal.warn_of_extensions({"amy", "bem", "cat"}, rules)
    terminal.warn_of_extensions({"amy"}, None)
    assert not capsys.readouterr().err


def test_questions_that_wait_for_a_mark_are_told_with_what_marks_them():
    assert to_mark(Path("my results")) == "to mark them: autograder mark 'my results'"


def test_a_class_graded_into_another_s_results_is_warned_of_before_anything_is_added(capsys):
    def told(known, here):
        terminal.warn_of_others(known, here, Path("results"))
        shown = capsys.readouterr()
        assert not shown.out
        return shown.err

    assert told({"amy", "ben", "cat"}, {"dan": [], "eve": []}) == (
        "warning: results has results of 3 students, and of none of these 2: "
        "if they are another class, stop this and choose another --out\n"
    )
    assert told({"amy"}, {"amy": [], "eve": []}) == told({"amy"}, {"eve": []}) == ""
    assert told(set(), {"dan": [], "eve": []}) == ""


@pytest.mark.parametrize(("answer", "goes_on"), [("y\n", True), ("n\n", False), ("", False)])
def test_whoever_sits_at_a_terminal_is_asked_before_two_classes_are_mixed(
    monkeypatch, answer, goes_on
):
    class Terminal(io.StringIO):
        def isatty(self):
            return True

    monkeypatch.setattr("sys.stdin", Terminal(answer))
    monkeypatch.setattr("sys.stderr", Terminal())
    expected = contextlib.nullcontext() if goes_on else pytest.raises(click.Abort)
    with expected:
        terminal.warn_of_others({"amy"}, {"dan": [], "eve": []}, Path("results"))


# Colours


def test_colours_are_for_terminals_and_for_who_wants_them(on_a_terminal, capsys, monkeypatch):
    overview = overview_of([result("a", status=Status.grader_error, problem="why")])
    terminal.summarise(overview, Path("out"), [])
    assert "\x1b[1;31mgrader error" in capsys.readouterr().out
    monkeypatch.setenv("NO_COLOR", "1")
    terminal.summarise(overview, Path("out"), [])
    assert not re.search(r"\x1b\[[0-9;]*3[0-7]", capsys.readouterr().out)
    monkeypatch.delenv("FORCE_COLOR")
    terminal.summarise(overview, Path("out"), [])
    assert "\x1b" not in capsys.readouterr().out


# Progress


def test_progress_on_a_terminal_tells_speed_time_left_and_counts(on_a_terminal, capsys):
    clock = iter(range(10_000))
    with bars.grading(1000) as advance:
        bar = advance.__self__
        bar.get_time = lambda: float(next(clock))
        for number in range(30):
            advance(str(number), result(str(number), list(Kind)[number % 9]))
        advance("x", result("x", status=Status.unreadable, problem="no"))
        for number in range(100):
            advance(str(number), None)
        bar.stop()  # else it is drawn below whatever is printed
        with bar.console.capture() as captured:
            bar.console.print(bar.get_renderable())
    shown = lines(captured.get())
    assert len(shown) == 3 and not [line for line in shown if cell_len(line) > 80]
    assert re.fullmatch(r"grading +\S+ +31/900 +\S+/(s|min) +\d+:\d\d:\d\d +left *", shown[0])
    assert shown[1].strip() == "submissions: 30 graded · 1 unreadable · 100 unchanged"
    assert shown[2].startswith("checks: 8 passed · 8 failed · 8 raised · 6 timed out")


def test_progress_tells_work_not_done_yet_from_errors(on_a_terminal):
    verdicts = (Verdict("values", Kind.raised, UNFINISHED), Verdict("shape", Kind.raised, "why"))
    with bars.grading(9) as advance:
        bar = advance.__self__
        advance("a", replace(result("a"), outcomes=(Outcome("square", verdicts),)))
        bar.stop()
        with bar.console.capture() as captured:
            bar.console.print(bar.get_renderable())
    assert lines(captured.get())[2].strip() == "checks: 1 not done yet · 1 raised"


def test_progress_elsewhere_is_a_plain_line_now_and_then(capsys):
    with bars.grading(20) as advance:
        for number in range(20):
            advance(str(number), None if number % 2 else result(str(number)))
    shown = capsys.readouterr()
    assert shown.out == "" and len(shown.err.splitlines()) == 10
    assert shown.err.splitlines()[-1] == "20 of 20 (10 unchanged)"


def test_quiet_shows_no_progress(on_a_terminal, capsys):
    with bars.grading(2, quiet=True) as advance:
        advance("a", result("a"))
    assert capsys.readouterr() == ("", "")


# For scripts


def test_next_to_nothing_and_an_object_are_not_both_wanted(capsys):
    with pytest.raises(SystemExit) as stopped:
        main(["grade", "nowhere", "--json", "--quiet"])
    assert stopped.value.code == 1
    shown = capsys.readouterr()
    assert shown.out == "" and "--quiet and --json" in shown.err


def test_json_is_one_object_with_what_the_summary_says():
    overview = overview_of(
        [
            result("amy"),
            result("ben", Kind.failed),
            result("cat", status=Status.unreadable, problem="empty"),
            *(result(name, status=Status.grader_error, problem="why") for name in ("dan", "e\x1b")),
        ]
    )
    text = summary.as_json(
        "maths",
        overview,
        Path("out"),
        {"amy", "cat"},
        ["amy", "zoë"],
        ["x.txt"],
        ["fay"],
        ["old.ipynb"],
    )
    assert "\x1b" not in text
    assert json.loads(text) == {
        "assignment": "maths",
        "submissions": 5,
        "counts": {"graded": 2, "unreadable": 1, "grader_error": 2},
        "mean": 1.5,
        "max_score": 4,
        "unmarked": 0,
        "exercises": {
            "square": {"mean": 1.5, "full": 1, "of": 3},
            "root": {"mean": 0, "full": 0, "of": 1},
        },
        "questions": {},
        "paths": {
            "scores": "out/scores.csv",
            "report": "out/report.html",
            "feedback": "out/feedback",
            "record": "out/grades.db",
        },
        "isolation": ["S"],
        "kept": ["ben", "dan", "e\x1b"],
        "missing": ["zoë"],
        "left_out": ["x.txt"],
        "without_folder": ["fay"],
        "beside": ["old.ipynb"],
        "problems": [{"problem": "why", "students": ["dan", "e\x1b"]}],
        "exit_code": 2,
    }


def test_totals_that_count_answers_without_a_mark_say_so(capsys):
    asked = replace(MATHS, question_points={"Q1": 2, "Q2": 3})
    unread = result("cat", status=Status.unreadable, problem="empty")
    amy, ben = result("amy"), result("ben")
    for marks, count, words in (
        ((), 0, "4 answers are not marked yet: no total counts them"),
        ((Mark("Q1", 1, "ada"),), 3, "3 answers are not marked yet: totals count them as 0"),
        ((Mark("Q1", 1, "ada"), Mark("Q2", 0, "bob")), 2, "2 answers are not marked yet"),
    ):
        overview = overview_of([replace(amy, marks=marks), ben, unread], asked)
        terminal.summarise(overview, Path("out"), ["amy", "ben", "cat"])
        shown = capsys.readouterr().out
        assert words in shown and shown.count("marked") == 1
        assert shown.endswith("\nto mark them: autograder mark out\n")
        found = json.loads(summary.as_json("maths", overview, Path("out"), ()))
        assert found["unmarked"] == count
    one = {"mean": 1, "marked": 1, "unmarked": 1, "disputed": 0, "of": 2}
    assert found["questions"] == {"Q1": one, "Q2": one | {"mean": 0, "of": 3}}


def test_the_schema_in_the_docs_is_the_docstrings():
    text = summary.__doc__
    schema = textwrap.dedent(text[text.index("    {") : text.index("\n    }\n")])
    assert schema in (ROOT / "docs" / "terminal.md").read_text()


def test_nobody_graded_is_no_mean():
    found = json.loads(summary.as_json("maths", overview_of([]), Path("out"), ()))
    assert found["mean"] is None and found["exit_code"] == 0


# Help and completion


@pytest.mark.parametrize("command", ["grade", "check", "report", "export"])
def test_help_has_examples_that_are_right_calls(command):
    found = main.commands[command]
    examples = re.findall(rf"^ *autograder {command} (.*)$", found.help, re.M)
    assert examples
    for example in examples:
        words = example.partition(">")[0].split()
        with click.Context(main) as above:
            found.make_context(command, words, parent=above)  # it parses


PATHS = [
    pytest.param(command, parameter, id=f"{name} {parameter.name}")
    for name, command in {"": main, **main.commands}.items()
    for parameter in command.params
    if isinstance(parameter.type, click.Path)
]


def stopped_by(error, monkeypatch):
    """The exit code of a command in which that happens."""

    def fail():
        raise error

    monkeypatch.setitem(main.commands, "fail", click.Command("fail", callback=fail))
    with pytest.raises(SystemExit) as stopped:
        main(["fail"])
    return stopped.value.code


def test_ctrl_c_is_one_line_that_says_how_to_go_on(monkeypatch, capsys):
    assert stopped_by(KeyboardInterrupt(), monkeypatch) == 130
    said = capsys.readouterr().err.strip()
    assert said == "autograder: interrupted: what was done is kept; run the same again to go on"


def test_a_module_that_every_system_has_is_not_put_down_to_windows(monkeypatch, capsys):
    with pytest.raises(ModuleNotFoundError):
        stopped_by(ModuleNotFoundError("No module named 'yaml'", name="yaml"), monkeypatch)
    assert stopped_by(ModuleNotFoundError("no", name="fcntl"), monkeypatch) == 1
    assert "can only `check`" in capsys.readouterr().err


def test_without_a_command_there_is_help_and_an_exit_code(capsys):
    with pytest.raises(SystemExit) as stopped:
        main([])
    assert stopped.value.code == 1 and "Commands:" in capsys.readouterr().err


@pytest.mark.parametrize(("command", "parameter"), PATHS)
def test_an_empty_path_never_means_the_current_folder(command, parameter):
    with pytest.raises(click.BadParameter, match="the path is empty"):
        parameter.process_value(click.Context(command), "")


def completed(words, monkeypatch, capsys):
    """What bash is told for these words, by the command line itself."""
    monkeypatch.setenv("_AUTOGRADER_COMPLETE", "bash_complete")
    monkeypatch.setenv("COMP_WORDS", "autograder " + words)
    monkeypatch.setenv("COMP_CWORD", str(len(words.split(" "))))
    with pytest.raises(SystemExit) as stopped:
        main(prog_name="autograder")
    assert stopped.value.code == 0
    return [line.partition(",")[2] for line in capsys.readouterr().out.splitlines() if line]


def test_a_shell_completes_commands_options_and_assignments(monkeypatch, capsys, tmp_path):
    def ask(words):
        return completed(words, monkeypatch, capsys)

    monkeypatch.chdir(ROOT)
    assert ask("gr") == ["grade"]
    assert ask("grade --qu") == ["--quiet"]
    assert ask("grade x --assignment ") == ["backprop", "beyond"]
    assert ask("build ba") == ["backprop"]
    monkeypatch.chdir(tmp_path)
    assert ask("build ba") == []
    assert ask(f"--course {ROOT} build be") == ["beyond"]


def test_the_course_may_be_named_before_a_command_and_after_it(monkeypatch, capsys, tmp_path):
    monkeypatch.chdir(tmp_path)
    for words in (["--course", str(ROOT), "build"], ["build", "--course", str(ROOT)]):
        with pytest.raises(SystemExit) as stopped:
            main([*words, "no-such-assignment"])
        assert stopped.value.code == 1
        assert f"{ROOT / 'grading.yml'}: no assignment" in capsys.readouterr().err
    assert completed(f"build --course {ROOT} be", monkeypatch, capsys) == ["beyond"]
    for name, command in main.commands.items():
        assert any("--course" in each.opts for each in command.params) == (
            name not in ("check", "init")
        ), name


def test_nbgraders_course_is_not_taken_for_ours(capsys):
    with pytest.raises(SystemExit):
        main(["export", "results", "--to", "canvas", "--course", "."])
    assert "before `export`, it is the folder of grading.yml" in capsys.readouterr().err


def test_the_script_that_bash_sources_asks_for_our_command():
    script = BashComplete(main, {}, "autograder", "_AUTOGRADER_COMPLETE")
    assert "_AUTOGRADER_COMPLETE=bash_complete" in script.source_template % script.source_vars()
