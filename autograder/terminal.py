"""What the terminal shows: a progress bar and a table of scores, or an exercise's proof."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Container, Iterable, Iterator, Sequence, Sized
from pathlib import Path
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    TextColumn,
    TimeRemainingColumn,
    track,
)
from rich.table import Table
from rich.text import Text

from .decisions import Change
from .escape import plain
from .model import Result, Status
from .overview import Overview
from .roster import Roster
from .score import number

if TYPE_CHECKING:
    from .proof import Trial  # with torch, which takes seconds to import

FEW = 40  # rows that are still worth printing one by one
WIDTH_OF_ID, WIDTH_OF_SCORE = 22, 5
WIDTH_OF_NAME = 80  # of a file


def received(lms: str, students: int, left_out: Sequence[str], others: Sequence[str]) -> None:
    """Say whose download it was taken for, if any, and which files are nobody's.

    `others` are students who have files, and none of this assignment.
    """
    console = Console(highlight=False)
    if lms:
        console.print(f"{lms} download: {students} student{'s' * (students != 1)}")
    for what, which in {
        "left out, of no student": left_out,
        "left out, no folder of this assignment, though others have one": others,
    }.items():
        if which:
            more = " ..." if len(which) > FEW else ""
            names = ", ".join(name[:WIDTH_OF_NAME] for name in which[:FEW]) + more
            console.print(_text(f"{what}: {names}"), soft_wrap=True)


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[str, Result | None], None]]:
    """A bar on a terminal, else a plain line now and then; call with each student that is done."""
    console = Console(stderr=True)
    if not console.is_terminal:
        done = Counter[bool]()

        def count(student_id: str, result: Result | None) -> None:
            done[result is not None] += 1
            if done.total() == total or done.total() % max(1, total // 10) == 0:
                unchanged = f" ({done[False]} unchanged)" if done[False] else ""
                console.print(f"{done.total()} of {total}{unchanged}", highlight=False)

        yield count
        return
    columns = (TextColumn("grading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(*columns, console=console, transient=True) as bar:
        task = bar.add_task("grading", total=total)

        def advance(student_id: str, result: Result | None) -> None:
            bar.advance(task)
            if bar.finished:  # the next one has the line to itself
                bar.stop()

        yield advance


def watch_pages(results: Iterable[Result]) -> Iterable[Result]:
    """The results, with a bar on a terminal while their pages are written."""
    console = Console(stderr=True)
    total = len(results) if isinstance(results, Sized) else None
    if not console.is_terminal:
        return results
    return track(results, "writing pages", total, console=console, transient=True)


def show_changes(changes: Iterable[Change]) -> None:
    """Print whose total changes by a decision, before and after."""
    lines = [f"  {change}" for change in changes]
    if lines:
        print_plainly(f"scores that change, {len(lines)}, by checks that are void (before -> after):")
    for line in lines:
        print_plainly(line)


def print_plainly(line: str) -> None:
    """Print a line as it is."""
    Console(highlight=False).print(_text(line), soft_wrap=True)


def summarise(
    overview: Overview, out: Path, here: Container[str], roster: Roster | None = None
) -> int:
    """Print the table and where to look. Returns the exit code: 2 if there were grader errors.

    `here` are the students whose submissions there are now; others are in the record only.
    """
    console = Console(highlight=False)
    rows = overview.rows
    table = Table(box=None, header_style="bold", pad_edge=False)
    if len(rows) <= FEW:
        room = max(20, console.width - WIDTH_OF_ID - WIDTH_OF_SCORE - 2)
        table.add_column("student", no_wrap=True, max_width=WIDTH_OF_ID, overflow="ellipsis")
        table.add_column("score", no_wrap=True, width=WIDTH_OF_SCORE, justify="right")
        table.add_column("first thing that went wrong", no_wrap=True, max_width=room)
        for row in rows:
            total = "-" if row.total is None else number(row.total)
            table.add_row(_text(row.student_id), total, _text(row.problem))
    else:
        table.add_column("exercise")
        table.add_column("mean", justify="right")
        table.add_column("of", justify="right")
        for exercise, tally in overview.exercises.items():
            mean = "-" if tally.mean is None else f"{tally.mean:.2f}"
            table.add_row(exercise, mean, number(tally.points))
    console.print(table)
    counts = {status: overview.of(status) for status in Status}
    kinds = ", ".join(f"{count} {status}" for status, count in counts.items() if count)
    console.print(f"\n{len(rows)} submissions ({kinds}), {number(overview.max_score)} points")
    for what, where in {"scores": "scores.csv", "report": "report.html", "feedback": ""}.items():
        console.print(_text(f"{what:10}{out / (where or what)}"), soft_wrap=True)
    show_changes(overview.changes)
    if gone := [row.student_id for row in rows if row.student_id not in here]:
        names = ", ".join(gone[:FEW]) + (" ..." if len(gone) > FEW else "")
        kept = f"kept from earlier runs, not among these submissions: {names}"
        console.print(_text(kept), soft_wrap=True)
    handed_in = {row.student_id for row in rows}
    if missing := [student for student in roster or () if student not in handed_in]:
        names = ", ".join(missing[:FEW]) + (" ..." if len(missing) > FEW else "")
        nothing = f"handed nothing in, {len(missing)} of the class list: {names}"
        console.print(_text(nothing), soft_wrap=True)
    problems = Counter(row.problem for row in rows if row.status is Status.grader_error)
    for problem, number_of in problems.items():
        text = _text(f" ({number_of} of {len(rows)}): {problem}")
        console.print(Text.assemble(("grader error", "bold red"), text), soft_wrap=True)
    return 2 if problems else 0


def show_proof(trials: Iterable[Trial], title: str) -> int:
    """Print an exercise's proof as a table. Returns the exit code: 1 if it is not one."""
    console = Console(highlight=False)
    table = Table(title=_text(title), title_justify="left", box=None)
    table.header_style, table.pad_edge = "bold", False
    table.add_column("answer", no_wrap=True)
    for name in ("earns", "should", "ms a case"):
        table.add_column(name, justify="right", no_wrap=True)
    table.add_column("what its author reads")
    problems = []
    for trial in trials:
        reads = " ".join(trial.reads) or trial.hint
        if trial.problem:
            problems.append(f"{trial.kind} {trial.name}: {trial.problem}")
        table.add_row(
            _text(f"{'✗' if trial.problem else '✓'} {trial.kind} {trial.name}"),
            number(trial.score),
            number(trial.stated),
            f"{1000 * trial.seconds:.1f}",
            _text(reads),
        )
    console.print(table)
    for problem in problems:
        text = _text(f" {problem}")
        console.print(Text.assemble(("not proved", "bold red"), text), soft_wrap=True)
    return 1 if problems else 0


def _text(words: str) -> Text:
    """Words that rich shows as they are: no markup, no emoji codes, nothing for the terminal."""
    return Text(plain(words))
