"""What the terminal shows: tables of scores, warnings, an exercise's proof."""

from __future__ import annotations

import math
import sys
from collections.abc import Collection, Container, Iterable, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click
from rich.console import Console
from rich.table import Table
from rich.text import Text

from ..course.late import LateRules
from ..course.outline import Outline
from ..course.roster import Roster
from ..escape import plain
from ..model import Result, Status
from ..pages.overview import Overview
from ..pages.unmarked import COUNTED, NOT_COUNTED, to_mark, told
from ..plural import counted
from ..results.decisions import Change
from ..results.folder import SCORES
from ..results.score import number, scored, unmarked
from .summary import PATHS, kept, mean, missing, problems

if TYPE_CHECKING:
    from ..course.proof import Trial  # with torch, which takes seconds to import
    from ..reading.read import Found

FEW = 40  # rows that are still worth printing one by one
WIDTH_OF_ID, WIDTH_OF_SCORE = 22, 5
WIDTH_OF_NAME = 80  # of a file
WIDTH_OF_EXERCISE = 40
WIDE = 1000  # columns where nobody has a terminal


def received(
    found: Found, students: int, others: Sequence[str], beside: Sequence[str] = ()
) -> None:
    """Say whose download it was taken for, if any, and which files are not looked at.

    `others` are students who have files, and none of this assignment; `beside` are notebooks next
    to one that is called as it.
    """
    console = Console(highlight=False)
    if found.lms:
        console.print(f"{found.lms} download: {counted(students, 'student')}")
    remarks = {
        "left out, of no student": found.left_out,
        "left out, no folder of this assignment, though others have one": others,
        "not looked at, beside a notebook called as the assignment": beside,
    } | {
        f"most names are {lms}'s and these are not, so each file or folder is one student's, "
        f"by its name (--from {lms} leaves these out)": strays
        for lms, strays in found.nearly.items()
    }
    if lms := next((lms for lms, strays in found.nearly.items() if not strays), ""):
        told = f"all names are {lms}'s, and yet each file or folder is one student's, by its name, "
        _say(console, told + f"as in any folder (--from {lms} reads them as a download)")
    for what, which in remarks.items():
        if which:
            _say(console, f"{what}: {_listed([name[:WIDTH_OF_NAME] for name in which])}")


def show_changes(changes: Iterable[Change]) -> None:
    """Print whose total changes by the rules, before and after."""
    lines = [f"  {change}" for change in changes]
    if lines:
        print_plainly(
            f"{counted(len(lines), 'score')} changed with grading.yml (also in `autograder audit`):"
        )
    for line in lines[:FEW]:
        print_plainly(line)
    if more := lines[FEW:]:
        print_plainly(f"  ... and {len(more)} more")


def warn_of_unmarked(results: Iterable[Result], outline: Outline, so: str) -> None:
    """Say on the standard error how many answers nobody has marked yet, and what follows, if any.

    As long as nobody has marked anything, scores are of the exercises alone, and lack nothing.
    """
    answers = sum(len(unmarked(result, found)) for result, found in scored(results, outline))
    if caution := told(answers, so):
        _say(Console(stderr=True, highlight=False), f"warning: {caution}")


def warn_of_others(known: Collection[str], here: Collection[str], out: Path) -> None:
    """Say on the standard error if a folder has results, and of nobody who is to be graded now.

    One submission that is added is nothing unusual.
    """
    if len(here) > 1 and known and not set(here).intersection(known):
        told = f"warning: {out} has results of {counted(len(known), 'student')}, and of none of "
        told += f"these {len(here)}: if they are another class, stop this and choose another --out"
        _say(Console(stderr=True, highlight=False), told)
        if sys.stdin.isatty() and sys.stderr.isatty():  # else nobody is there to ask
            click.confirm("Add them?", abort=True, err=True)


def warn_of_beside(files: Sequence[str]) -> None:
    """Say on the standard error which files do not count, as their student's other one does."""
    if files:
        told = f"warning: not looked at: {_listed(files)}: another file of the same student was "
        told += "graded alone, and counts (to choose anew, grade one alone)"
        _say(Console(stderr=True, highlight=False), told)


def warn_of_strangers(overview: Overview, name: str, here: Container[str]) -> None:
    """Say on the standard error if no submission that could be read defines anything asked for."""
    read = [r for r in overview.rows if r.student_id in here and r.status is Status.graded]
    if read and all(row.is_strange for row in read):
        told = f"warning: no submission here defines a single name of the assignment {name!r}: "
        told += "if they are of another one, give --assignment, or --course for another course"
        _say(Console(stderr=True, highlight=False), told)


def warn_of_extensions(known: Container[str], rules: LateRules | None) -> None:
    """Say on the standard error whom an extension names and nobody knows: points are at stake."""
    extended = rules.extensions if rules else ()
    if unknown := [student for student in extended if student not in known]:
        told = (
            f"warning: no work of {_listed(unknown)}, whom late.extensions in grading.yml names: "
        )
        told += f"unless they are of another class, take the id as it is in {SCORES}"
        _say(Console(stderr=True, highlight=False), told)


def show_table(console: Console, table: Table) -> None:
    """Print a table; elsewhere than on a terminal, without the spaces that fill its lines."""
    if console.is_terminal:
        console.print(table)
        return
    with console.capture() as captured:
        console.print(table)
    lines = [line.rstrip() for line in captured.get().split("\n")]
    console.out("\n".join(lines), end="", highlight=False)


def print_plainly(line: str) -> None:
    """Print a line as it is."""
    Console(highlight=False).print(verbatim(line), soft_wrap=True)


def summarise(
    overview: Overview, out: Path, here: Container[str], roster: Roster | None = None
) -> None:
    """Print the table and where to look.

    `here` are the students whose submissions there are now; others are in the record only.
    """
    console = Console(highlight=False)
    rows = overview.rows
    show_table(console, _scores(overview, console.width) if len(rows) <= FEW else _means(overview))
    kinds = ", ".join(f"{count} {each}" for each in Status if (count := overview.of(each)))
    points = counted(overview.max_score, "point")
    console.print(f"\n{counted(len(rows), 'submission')} ({kinds}), {points}")
    for what, name in PATHS.items():
        line = verbatim(f"{what:10}{out / name}")
        console.print(line, soft_wrap=True)  # to be copied: never broken
    show_changes(overview.changes)
    if overview.below:
        _say(console, f"points by hand, below what the checks give now: {_listed(overview.below)}")
    if gone := kept(overview, here):
        _say(console, f"kept from earlier runs, not among these submissions: {_listed(gone)}")
    if absent := missing(overview, roster or ()):
        _say(console, f"handed nothing in, {len(absent)} of the class list: {_listed(absent)}")
    if roster and (strangers := [row.student_id for row in rows if row.student_id not in roster]):
        _say(console, f"not on the class list, {len(strangers)}: {_listed(strangers)}")
    answers = sum(question.unmarked for question in overview.questions.values())
    if waiting := told(answers, COUNTED if overview.unmarked else NOT_COUNTED):
        _say(console, waiting)
        console.print(verbatim(to_mark(out)), soft_wrap=True)  # to be copied, too
    say_problems(overview, console)


def say_problems(overview: Overview, console: Console | None = None) -> None:
    """Print what went wrong on our side, if anything did; on the standard error by itself."""
    console = console or Console(stderr=True, highlight=False)
    for problem, students in problems(overview).items():
        _say(console, f" ({len(students)} of {len(overview.rows)}): {problem}", "grader error")


def _scores(overview: Overview, width: int) -> Table:
    """A row for each student, which fits."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    totals = ["-" if row.total is None else number(row.total) for row in overview.rows]
    widest = max([WIDTH_OF_SCORE, *map(len, totals)])
    room = max(20, width - WIDTH_OF_ID - widest - 2)
    table.add_column("student", no_wrap=True, max_width=WIDTH_OF_ID, overflow="ellipsis")
    table.add_column("score", no_wrap=True, width=widest, justify="right")
    table.add_column("first thing that went wrong", no_wrap=True, max_width=room)
    for row, total in zip(overview.rows, totals, strict=True):
        table.add_row(verbatim(row.student_id), total, verbatim(row.problem))
    return table


def _means(overview: Overview) -> Table:
    """A row for each exercise, and one for all of them; those marked by hand are in the last."""
    table = Table(box=None, header_style="bold", pad_edge=False)
    table.add_column("exercise", no_wrap=True, max_width=WIDTH_OF_EXERCISE, overflow="ellipsis")
    for name in ("mean", "of", "full marks"):
        table.add_column(name, justify="right", no_wrap=True)
    for exercise, tally in overview.exercises.items():
        table.add_row(
            verbatim(exercise),
            _mean(tally.mean),
            number(tally.points),
            f"{tally.full} of {tally.known}" if tally.points else "does not count",
        )
    table.add_row("all", _mean(mean(overview)), number(overview.max_score), "", style="bold")
    return table


def _mean(points: float | None) -> str:
    return "-" if points is None else f"{points:.2f}"


def _listed(names: Sequence[str]) -> str:
    return ", ".join(names[:FEW]) + (" ..." if len(names) > FEW else "")


def _say(console: Console, words: str, headline: str = "") -> None:
    """Print a sentence; lines are broken between words on a terminal, and nowhere else."""
    text = Text.assemble((headline, "bold red"), verbatim(words)) if headline else verbatim(words)
    console.print(text, soft_wrap=not console.is_terminal)


def show_proof(trials: Iterable[Trial], title: str) -> int:
    """Print an exercise's proof as a table. Returns the exit code: 1 if it is not one."""
    console = Console(highlight=False)
    if not console.is_terminal:
        console.width = WIDE  # sentences stay whole
    table = Table(title=verbatim(title), title_justify="left", box=None)
    table.header_style, table.pad_edge = "bold", False
    table.add_column("answer", no_wrap=True)
    for name in ("earns", "should", "ms a case"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what its author reads")
    faults, passes = list[str](), list[str]()
    for trial in trials:
        reads = " ".join(trial.reads) or trial.hint
        if trial.problem:
            faults.append(f"{trial.kind} {trial.name}: {trial.problem}")
            if not math.isclose(trial.score, trial.stated):
                passes.append(f"{trial.name} passes {', '.join(trial.passed) or 'no check'}")
        table.add_row(
            verbatim(f"{'✗' if trial.problem else '✓'} {trial.kind} {trial.name}"),
            number(trial.score),
            number(trial.stated),
            f"{1000 * trial.seconds:.1f}",
            verbatim(reads),
        )
    show_table(console, table)
    for problem in faults:
        _say(console, f" {problem}", "not proved")
    for remark in passes:
        _say(console, remark)
    return 1 if faults else 0


def verbatim(words: str) -> Text:
    """Words that rich shows as they are: no markup, no emoji codes, nothing for the terminal."""
    return Text(plain(words))
