"""`autograder mark`: the marking page until somebody stops it, or a sheet instead."""

from __future__ import annotations

import contextlib
import hashlib
import os
import signal
import tempfile
import webbrowser
from collections.abc import Collection, Iterator
from html import escape
from pathlib import Path
from types import FrameType
from typing import TYPE_CHECKING

import click

from ..errors import ResultsError, lacks
from ..escape import plain
from ..plural import counted
from ..results.folder import REPORT
from .arguments import PATH, Count, Number

if TYPE_CHECKING:
    from ..course.questions import Question
    from ..marking.server import Site

PORT = 8765


@click.command()
@click.argument("results", type=PATH)
@click.option("--question", help="This one only; default: all that are marked by hand.")
@click.option(
    "--double",
    type=Number(0, 100),
    metavar="PERCENT",
    default=0,
    show_default=True,
    help="How many of the answers two people mark, each without seeing the other's mark.",
)
@click.option(
    "--port",
    type=Count(1024, 65535),
    default=PORT,
    show_default=True,
    help="Where the page is served, on this machine only.",
)
@click.option("--no-open", is_flag=True, help="Only print the link, and open no browser.")
@click.option(
    "--sheet",
    type=PATH,
    metavar="FILE",
    help="Write a CSV file to be filled in instead; `import --from sheet` reads it.",
)
@click.pass_obj
def mark(
    folder: Path | None,
    results: Path,
    question: str | None,
    double: float,
    port: int,
    no_open: bool,
    sheet: Path | None,
) -> None:
    """Mark free-text answers, on a page of this machine or in a spreadsheet.

    Answers come without names, the same ones once. Several people can mark at the same time: each
    needs a link of their own, and whenever one is used, the next is printed. Stop it with Ctrl-C:
    scores.csv, report and feedback are written again then.
    """
    if sheet is not None and double:
        raise click.UsageError("--double is for the page: a sheet is one marker's")
    from .. import pipeline
    from ..marking.rubric import chosen, questions_to_mark
    from . import graded

    outline, about = graded.assignment_of(folder, results)
    questions = questions_to_mark(outline)
    shown = {name: questions[name] for name in chosen(questions, question)}
    if sheet is not None:
        _write_sheet(sheet, results, about, shown)
        return
    site = _site(results, about, questions, outline.name, double, shown)
    with graded.proved(outline, results, about):
        pass  # what is at fault is told before anybody marks
    _serve(site, port, not no_open)
    click.echo("stopped: scores.csv, report and feedback are being written again")
    with graded.proved(outline, results, about) as store:
        pipeline.write_results(store, results, outline)
    click.echo(plain(str(results / REPORT)))


def _write_sheet(
    sheet: Path, results: Path, about: dict[str, str], questions: dict[str, Question]
) -> None:
    from ..marking.answers import gather
    from ..marking.sheet import write
    from ..results.rows import Results

    papers = gather(Results(results, with_work=True), questions, about["secret"])
    count = write(sheet, papers, questions, results)
    groups = [group for name in questions for group in papers.groups[name].values()]
    marks = {g: mark for g in groups if (mark := papers.latest(g))}
    lacking = sum(not papers.has(group, mark) for group, mark in marks.items())
    known = f", {len(marks)} of them with the mark that they have" if marks else ""
    if lacking:
        known += f" ({lacking} of these also from students without it: importing gives it to them)"
    click.echo(plain(f"{counted(count, 'answer')} in {sheet}{known}: fill it in, then"))
    then = f"autograder import {results} --from sheet --file {sheet} --marker YOUR-NAME"
    click.echo(plain(f"  {then}"))


def take_sheet(folder: Path | None, results: Path, file: Path, marker: str) -> None:
    """Take over the marks of a sheet, all or none, and write scores and pages again.

    Raises:
        SheetError: something in it is wrong.
    """
    from .. import pipeline
    from ..marking.access import marker_name
    from ..marking.answers import gather
    from ..marking.rubric import questions_to_mark
    from ..marking.sheet import read
    from .graded import opened

    name = marker_name(marker)
    with opened(folder, results) as (outline, store):
        questions = questions_to_mark(outline)
        papers = gather(store.results(with_work=True), questions, store.recall("secret"))
        rows = read(file, papers, questions, name)
        found = [(group, mark) for group, mark in rows if not papers.has(group, mark)]
        new = sum(papers.give(store, group, mark) for group, mark in found)
        pipeline.write_results(store, results, outline)
    students = sum(len(group.students) for group, _ in rows)
    click.echo(f"{counted(students, 'mark')} of {counted(len(rows), 'answer')}, {new} of them new")


def _site(
    results: Path,
    about: dict[str, str],
    questions: dict[str, Question],
    assignment: str,
    double: float,
    shown: Collection[str],
) -> Site:
    """What the page can do.

    Raises:
        ResultsError: the extra is not installed.
    """
    from ..marking.desk import Desk

    try:
        from ..marking.actions import Actions
        from ..marking.server import Site
    except ImportError as error:
        raise ResultsError(lacks(error.name, "mark")) from error
    desk = Desk(results, about, tuple(questions), double)
    place = f"{about['secret']} {results.resolve()}"  # so that browsers tell folders apart
    record = hashlib.sha256(place.encode("utf-8", "surrogateescape")).hexdigest()[:16]
    return Site(Actions(desk, questions, shown, assignment, record))


def _serve(site: Site, port: int, opens: bool) -> None:
    """Answer until Ctrl-C, or until the process is asked to end."""

    def tell(link: str) -> None:
        click.echo(f"  {link}")

    def end(number: int, frame: FrameType | None) -> None:
        raise KeyboardInterrupt

    with contextlib.ExitStack() as opened:
        server = opened.enter_context(site.serving(port, tell))
        click.echo("each marker opens the last link below; it works once, on this machine")
        tell(server.link)
        click.echo("stop with Ctrl-C")
        if opens:
            opened.enter_context(_shown(server.link))
        signal.signal(signal.SIGTERM, end)
        server.run()


@contextlib.contextmanager
def _shown(link: str) -> Iterator[None]:
    """A browser with that link, where there is a screen.

    A file of ours leads there: other people on this machine can read what a browser is called with.
    """
    if not (os.environ.get("DISPLAY") or os.environ.get("WAYLAND_DISPLAY")):
        yield
        return
    with tempfile.NamedTemporaryFile("w", suffix=".html") as file:  # mode 0600
        file.write(f'<!doctype html><meta http-equiv="refresh" content="0;url={escape(link)}">')
        file.flush()
        webbrowser.open(Path(file.name).as_uri())
        yield
