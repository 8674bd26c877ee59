"""`autograder grade`."""

from __future__ import annotations

import contextlib
import os
import sys
from collections.abc import Collection
from pathlib import Path
from typing import Any

import click

from ..errors import ResultsError, SubmissionsError
from ..escape import plain
from ..reading.read import LAYOUTS, Found
from ..results.folder import RECORD, REPORT, SCORES
from .arguments import PATH, Count, assignments


@click.command()
@click.argument("submissions", type=PATH)
@click.option(
    "--assignment",
    shell_complete=assignments,
    help="Which assignment; default: found from what the notebooks define.",
)
@click.option(
    "--from",
    "layout",
    type=click.Choice(LAYOUTS),
    help="Whose layout it has; default: an LMS's, if it is a zip with such names, else a folder's.",
)
@click.option(
    "--out",
    type=PATH,
    default=Path("results"),
    show_default=True,
    help="The folder that scores, report, feedback and the record go to.",
)
@click.option("--workers", type=Count(min=1), help="Default: one for each core.")
@click.option("--cluster", help="Grade on a Dask cluster: its scheduler's address, or local.")
@click.option("--student", "student_id", help="Grade this one only, and again if it was graded.")
@click.option("--force", is_flag=True, help="Grade again what has not changed, too.")
@click.option("--roster", type=PATH, help="A class list (CSV: id, name, ...).")
@click.option("--trust-submissions", is_flag=True, help="Go on where nothing can isolate them.")
@click.option("-q", "--quiet", is_flag=True, help="Print errors, and the path of scores.csv.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object (docs/terminal.md).")
@click.pass_obj
def grade(
    folder: Path | None,
    submissions: Path,
    assignment: str | None,
    layout: str | None,
    out: Path,
    workers: int | None,
    cluster: str | None,
    student_id: str | None,
    force: bool,
    roster: Path | None,
    trust_submissions: bool,
    quiet: bool,
    as_json: bool,
) -> None:
    """Grade a notebook, a folder of them, or a zip, such as an LMS lets you download.

    A second run grades only what is new or has changed. Exit code 2: some submissions could not be
    graded through a fault on our side; they have no score.

    \b
    Examples:
      autograder grade submissions/
      autograder grade canvas-download.zip --out week3 --roster class.csv
      autograder grade submissions/ --student ada
      autograder grade submissions/ --json > summary.json
    """
    if quiet and as_json:
        raise click.UsageError("--quiet and --json are two ways to print less: drop one")
    from .. import pipeline
    from ..course.course import find_course
    from ..course.roster import read_roster
    from ..reading.read import infer_assignment, look, passed_over
    from . import bars, summary, terminal

    course = find_course(folder)
    names = {name: list(rubric) for name, rubric in course.grading.rubrics.items()}
    _refuse_results(submissions, out)
    found = look(submissions, out, layout)
    name = assignment or infer_assignment(found, names)
    outline = course.outline(name)
    everyone = students = found.of(name)
    others = tuple(sorted(found.students.keys() - everyone.keys()))
    beside = [
        path
        for entries in everyone.values()
        for path in passed_over(entries, name, names.keys() - {name})
    ]
    if not (quiet or as_json):
        terminal.received(found, len(everyone), others, beside)
    if student_id is not None:
        students = _only(student_id, everyone, submissions)
    job = pipeline.Job(
        students=students,
        outline=outline,
        out=out,
        secret=course.secret,
        hidden=(course.folder, out.resolve(), submissions.resolve()),
        workers=min(workers or os.cpu_count() or 1, max(1, len(students))),
        trusted=trust_submissions,
        cluster=cluster,
        force=force or student_id is not None,
        roster=read_roster(roster) if roster else {},
    )
    with contextlib.ExitStack() as shown:

        def begin(known: Collection[str]) -> pipeline.Progress:
            _refuse_unpacked(found, known, out)
            terminal.warn_of_others(known, students, out)  # it may ask: no bar yet
            return shown.enter_context(bars.grading(len(students), quiet))

        overview = pipeline.grade(job, begin, None if quiet else bars.pages)
    terminal.warn_of_beside(overview.beside)
    terminal.warn_of_strangers(overview, name, students)
    known = job.roster.keys() | {row.student_id for row in overview.rows}
    terminal.warn_of_extensions(known, outline.late)
    if as_json:
        left_out = (found.left_out, others, [*beside, *overview.beside])
        click.echo(summary.as_json(name, overview, out, everyone, job.roster, *left_out))
    elif quiet:
        terminal.say_problems(overview)
        click.echo(plain(str(out / summary.PATHS["scores"])))
    else:
        terminal.summarise(overview, out, everyone, job.roster)
    sys.exit(summary.exit_code(overview))


def _refuse_results(submissions: Path, out: Path) -> None:
    """Refuse a results folder in the place of submissions, and one that holds them.

    One file of ours among them makes none: somebody's may be called so, and must not stop a class.
    """
    if all((submissions / name).exists() for name in (RECORD, SCORES, REPORT)):
        raise ResultsError(f"{submissions} is a results folder: where are the submissions?")
    if out.resolve() == submissions.resolve():
        raise ResultsError(f"{out} holds the submissions: choose another --out")


def _refuse_unpacked(found: Found, known: Collection[str], out: Path) -> None:
    """Refuse to add work under an LMS's names for files where its students are known by ids."""
    from ..reading.read import look

    for lms in (lms for lms, strays in found.nearly.items() if not strays):
        if ids := sorted(look(found.source, out, lms).students.keys() & known):
            told = f"{found.source}: all names are {lms}'s, and {out} has results of {ids[0]}"
            each = "--from folder for each file or folder under its name"
            raise SubmissionsError(f"{told}: give --from {lms}, or {each}")


def _only(student_id: str, students: dict[str, Any], submissions: Path) -> dict[str, Any]:
    from ..course.grading import nearest

    if student_id not in students:
        hint = nearest(student_id, students)
        raise SubmissionsError(f"{submissions}: no submission of {student_id!r}{hint}")
    return {student_id: students[student_id]}
