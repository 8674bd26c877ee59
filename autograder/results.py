"""The commands on what was graded: seen again, carried to other systems and back, forgotten."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from .escape import plain
from .sheets import FORMATS
from .sheets.order import Order

_FOLDER = click.Path(path_type=Path)
_COURSE = click.option("--course", type=_FOLDER, help="The nbgrader course's folder.")


@click.command()
@click.argument("results", type=_FOLDER)
@click.option("--roster", type=_FOLDER, help="A class list (CSV: id, name, e-mail, section).")
@click.pass_obj
def report(folder: Path | None, results: Path, roster: Path | None = None) -> None:
    """Write scores.csv, the class report and the feedback pages again, from the record."""
    from . import pipeline
    from .course import find_course
    from .roster import read_roster
    from .store import Store, read_about

    about = read_about(results)
    outline = find_course(folder).outline(about["assignment"])
    with Store(results, about) as store:
        known = read_roster(roster) if roster else {}
        pipeline.prove(outline, store)
        pipeline.publish(store.results(), results, outline, known, afresh=True)
    click.echo(plain(str(results / "report.html")))


@click.command()
@click.argument("results", type=_FOLDER)
@click.option("--student", "student_id", help="Forget this one only.")
@click.confirmation_option(prompt="Delete what was recorded? There is no way back.")
@click.pass_context
def purge(context: click.Context, results: Path, student_id: str | None) -> None:
    """Forget a class, or one student: results, marks, feedback, exports, what uploads noted."""
    from .purge import purge_all, purge_student

    def say(line: str) -> None:
        click.echo(plain(line))

    if student_id is None:
        purge_all(results, say)
    else:
        purge_student(results, student_id, say)
        context.invoke(report, results=results)


@click.command()
@click.argument("results", type=_FOLDER)
@click.option("--to", "target", type=click.Choice(list(FORMATS)), required=True)
@click.option("--gradebook", type=_FOLDER, help="The LMS's own export, for a copy with our scores.")
@click.option(
    "--file",
    type=_FOLDER,
    help="Where to write; default: in RESULTS, under the name of the LMS's file or of the format.",
)
@click.option("--column", help="Its column: title, id, or both as in 'Backprop (2345)'.")
@click.option("--match", help="The column of its file that holds our student ids.")
@click.option("--roster", type=_FOLDER, help="A class list: id, e-mail. Matches by address, too.")
@click.option("--feedback", is_flag=True, help="Make the zip of feedback pages for it as well.")
@click.option("--comments", metavar="COLUMN", help="The column that our comments go to.")
@click.option("--zero-missing", is_flag=True, help="0 for students who handed nothing in.")
@click.option("--overwrite", is_flag=True, help="Replace other scores that are there.")
@_COURSE
@click.pass_obj
def export(folder: Path | None, /, results: Path, target: str, **options: Any) -> None:
    """Write the results for another system, as a file or into an nbgrader course.

    Canvas, Moodle, Blackboard and Brightspace take their own file back, with scores in it: give it
    with --gradebook; every byte but those of the scores stays as it was. Scores that are there and
    students who handed nothing in are left as they are.

    For nbgrader, autograded notebooks, scores and comments are written as `nbgrader autograde`
    would have. Exit code 2: some students have no score through a fault on our side.
    """
    for option, value in options.items():
        if value and option not in FORMATS[target].options:
            raise click.UsageError(f"--{option.replace('_', '-')} means nothing to {target}")
    from . import pipeline
    from .course import find_course
    from .model import Status
    from .store import Store, read_about

    def say(line: str) -> None:
        click.echo(plain(line))

    about = read_about(results)
    outline = find_course(folder).outline(about["assignment"])
    with Store(results, about) as store:
        pipeline.prove(outline, store)
        order = Order(target, results, outline, list(store.results()), **options)
        problems = FORMATS[target].write(order, say)
    if without := [r.student_id for r in order.results if r.status is Status.grader_error]:
        say(f"no score, as our grader failed: {', '.join(without)}: grade them again")
    sys.exit(2 if problems or without else 0)


@click.command("import")
@click.argument("results", type=_FOLDER)
@click.option("--from", "source", type=click.Choice(["nbgrader"]), required=True)
@_COURSE
@click.pass_obj
def import_(folder: Path | None, results: Path, source: str, course: Path | None) -> None:
    """Take over the marks that people gave elsewhere, and write scores and pages again."""
    if course is None:
        raise click.UsageError("nbgrader needs --course, the folder with gradebook.db")
    from . import pipeline
    from .course import find_course
    from .doors.marks import MARKER
    from .doors.marks import marks as marks_of
    from .store import Store, read_about

    about = read_about(results)
    outline = find_course(folder).outline(about["assignment"])
    found = marks_of(course, outline.name, outline.question_points, outline.rubric)
    count = students = 0
    with Store(results, about) as store:
        pipeline.prove(outline, store)
        known = {result.student_id: result.marks for result in store.results()}
        for student, given in found.marks.items():
            if student not in known:
                if given:
                    told = f"left out: {len(given)} marks of a student who is not in {results}"
                    click.echo(plain(f"{student}: {told}"))
                continue
            for remark in found.remarks[student]:
                click.echo(plain(f"{student}: {remark}"))
            questions = {mark.question for mark in given}
            for mark in known[student]:
                if mark.marker == MARKER and mark.question not in questions:
                    click.echo(plain(f"{student}: {mark.question}: the mark was taken back"))
            store.mark(student, given, all_of=MARKER)
            count, students = count + len(given), students + bool(given)
        pipeline.publish(store.results(), results, outline)
    click.echo(f"{count} marks of {students} students")
