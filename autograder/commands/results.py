"""The commands on what was graded: seen again, carried to other systems and back, forgotten."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import click

from ..escape import plain
from ..model import Status
from ..plural import counted
from ..results.folder import ANONYMOUS, REPORT
from ..sheets import FORMATS
from ..sheets.order import Order
from .arguments import PATH, Number

_COURSE = click.option("--course", type=PATH, help="The nbgrader course's folder.")


@click.command()
@click.argument("results", type=PATH)
@click.option("--roster", type=PATH, help="A class list (CSV: id, name, e-mail, section).")
@click.option("--anonymous", is_flag=True, help="Write report-anonymous.html, and nothing else.")
@click.pass_obj
def report(
    folder: Path | None, results: Path, roster: Path | None = None, anonymous: bool = False
) -> None:
    """Write scores.csv, the class report and the feedback pages again, from the record.

    Where points, void checks or the late policy of grading.yml have changed, it says whose score
    does. An anonymous report has no names, and nothing that students wrote.

    \b
    Examples:
      autograder report results
      autograder report results --roster class.csv
      autograder report results --anonymous
    """
    if anonymous and roster:
        raise click.UsageError("--roster is for names, and an anonymous report has none: drop one")
    from .. import pipeline
    from ..course.roster import read_roster
    from ..pages.anonymous import write_anonymous
    from . import bars, terminal
    from .graded import opened

    page = results / (ANONYMOUS if anonymous else REPORT)
    with opened(folder, results) as (outline, store):
        known = read_roster(roster) if roster else {}
        if anonymous:
            write_anonymous(page, store.results(), outline, store.recall("secret"))
        else:
            watch = bars.pages
            pipeline.write_results(store, results, outline, known, afresh=True, watch=watch)
        terminal.warn_of_extensions(store.students | known.keys(), outline.late)
    click.echo(plain(str(page)))


@click.command()
@click.argument("results", type=PATH)
@click.option("--student", "student_id", required=True, help="Whose, by id.")
@click.option("--exercise", required=True, help="An exercise, or a question.")
@click.option("--points", type=Number(min=0), help="In the place of the checks'.")
@click.option("--undo", is_flag=True, help="Take it back: the checks, or the mark, speak again.")
@click.option("--reason", required=True, help="For the student and the audit log.")
@click.option("--by", help="Who decides; default: the name of your account.")
@click.pass_obj
def override(
    folder: Path | None,
    results: Path,
    student_id: str,
    exercise: str,
    points: float | None,
    undo: bool,
    reason: str,
    by: str | None,
) -> None:
    """Give a student other points for one exercise, for good: the last word is yours.

    It outlives regrading, shows in feedback, report and exports, and is in the audit log.

    \b
    Examples:
      autograder override results --student ann --exercise train --points 8 \\
        --reason "right, by an optimizer of her own"
      autograder override results --student ann --exercise train --undo \\
        --reason "a slip of mine"
    """
    if (points is None) == (not undo):
        raise click.UsageError("give either --points or --undo")
    if not reason.strip():
        raise click.UsageError("--reason is empty: say why, in a sentence that the student reads")
    from .. import pipeline
    from ..model import Override
    from ..results import decisions
    from .graded import opened

    who = by or decisions.me()
    with opened(folder, results) as (outline, store):
        if points is None:
            change = decisions.take_back(store, outline, student_id, exercise, who, reason)
        else:
            given = Override(exercise, points, reason, who)
            change = decisions.override(store, outline, student_id, given)
            most = sum(outline.counted.get(exercise, {}).values())
            most = outline.question_points.get(exercise, most)
            if points > most:
                click.echo(f"a bonus: {points:.10g} is more than the {most:.10g} of {exercise}")
        pipeline.write_results(store, results, outline)
    click.echo(plain(str(change)))


@click.command()
@click.argument("results", type=PATH)
@click.pass_obj
def audit(folder: Path | None, results: Path) -> None:
    """Show what people decided about scores: when, who, of whom, what and why."""
    from ..results.store import audit
    from . import terminal

    lines = audit(results)
    if not lines:
        click.echo("nobody has decided anything yet")
    for at, by, student_id, what, reason in lines:
        whose = student_id or "all"
        why = f"  ({reason})" if reason else ""
        terminal.print_plainly(f"{at}  {by}  {whose}  {what}{why}")


@click.command()
@click.argument("results", type=PATH)
@click.option(
    "--student", "student_ids", multiple=True, help="Forget this one only; may be given again."
)
@click.option("--yes", is_flag=True, help="Do not ask.")
@click.pass_context
def purge(context: click.Context, results: Path, student_ids: tuple[str, ...], yes: bool) -> None:
    """Forget a class, or some students: results, marks, feedback, exports, what uploads noted.

    Exported files go as a whole, whoever is to be forgotten, unless they have changed since.
    """
    from .purge import purge_all, purge_students

    if not yes:
        named = ", ".join(map(repr, student_ids))
        whose = f"what {results} has of {named}" if named else f"all that {results} has"
        told = "with marks, other decisions and all exported files? There is no way back."
        click.confirm(plain(f"Delete {whose}, {told}"), abort=True)

    def say(line: str) -> None:
        click.echo(plain(line))

    if not student_ids:
        purge_all(results, say)
        say(f"forgot all of {results}")
    else:
        purge_students(results, student_ids, say)
        say(f"forgot {', '.join(student_ids)} (what they handed in is still where it was)")
        context.invoke(report, results=results)


@click.command()
@click.argument("results", type=PATH)
@click.option(
    "--to", "target", type=click.Choice(list(FORMATS)), required=True, help="Which system."
)
@click.option("--gradebook", type=PATH, help="The LMS's own export, for a copy with our scores.")
@click.option(
    "--file",
    type=PATH,
    help="Where to write; default: in RESULTS, under the name of the LMS's file or of the format.",
)
@click.option("--column", help="Its column: title, id, or both as in 'Backprop (2345)'.")
@click.option("--match", help="The column of its file that holds our student ids.")
@click.option("--roster", type=PATH, help="A class list: id, e-mail. Matches by address, too.")
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

    \b
    Examples:
      autograder export results --to csv
      autograder export results --to canvas --gradebook grades.csv
      autograder export results --to nbgrader --course course101
    """
    for option, value in options.items():
        if value and option not in FORMATS[target].options:
            told = f"--{option.replace('_', '-')} means nothing to {target}"
            place = ": before `export`, it is the folder of grading.yml" * (option == "course")
            raise click.UsageError(told + place)
    from ..results.score import scored
    from . import terminal
    from .graded import opened

    def say(line: str) -> None:
        click.echo(plain(line))

    with opened(folder, results) as (outline, store):
        order = Order(target, results, outline, list(store.results()), **options)
        problems = FORMATS[target].write(order, say)
    if so := FORMATS[target].unmarked:
        terminal.warn_of_unmarked(order.results, outline, so)
    each = scored(order.results, outline)
    is_for_lms = order.gradebook is not None
    unreadable = [r for r in order.results if is_for_lms and r.status is Status.unreadable]
    if zero := [r.student_id for r, found in scored(unreadable, outline) if not found.total]:
        say(f"they earn 0, as their work could not be read: {', '.join(zero)}")
    if without := [result.student_id for result, found in each if found.total is None]:
        say(f"no score, as our grader failed: {', '.join(without)}: grade them again")
    sys.exit(2 if problems or without else 0)


@click.command("import")
@click.argument("results", type=PATH)
@click.option(
    "--from",
    "source",
    type=click.Choice(["nbgrader", "sheet"]),
    required=True,
    help="Where they were given: in formgrader, or in a sheet.",
)
@_COURSE
@click.option("--file", type=PATH, help="The sheet of `mark --sheet`, filled in.")
@click.option("--marker", metavar="NAME", help="Who filled the sheet in.")
@click.pass_obj
def import_(
    folder: Path | None,
    results: Path,
    source: str,
    course: Path | None,
    file: Path | None,
    marker: str | None,
) -> None:
    """Take over the marks that people gave elsewhere, and write scores and pages again.

    Either all marks of a sheet are taken, or none: what is wrong with it is told, row by row.
    """
    if source == "sheet":
        from .marking import take_sheet

        if course is not None or file is None or marker is None:
            raise click.UsageError("a sheet needs --file and --marker, and no --course")
        take_sheet(folder, results, file, marker)
        return
    if file is not None or marker is not None:
        raise click.UsageError("--file and --marker are for a sheet")
    if course is None:
        raise click.UsageError("nbgrader needs --course, the folder with gradebook.db")
    from .. import pipeline
    from ..doors.marks import MARKER
    from ..doors.marks import marks as marks_of
    from ..results import decisions
    from .graded import opened

    count = students = 0
    with opened(folder, results) as (outline, store):
        unknown = marks_of(course, outline.name, outline.question_points, outline.rubric)
        for result in store.results():
            student = result.student_id
            given = unknown.pop(student, None)
            if given is None:
                continue
            questions = {mark.question for mark in given.marks}
            gone = [m for m in result.marks if m.marker == MARKER and m.question not in questions]
            taken_back = [f"{mark.question}: the mark was taken back" for mark in gone]
            for remark in [*given.remarks, *taken_back]:
                click.echo(plain(f"{student}: {remark}"))
            store.mark(student, given.marks, all_of=MARKER)
            for remark in decisions.take_over(store, outline, result, given.overrides, MARKER):
                click.echo(plain(f"{student}: {remark}"))
            count, students = count + len(given.marks), students + bool(given.marks)
        for student, given in unknown.items():
            if given.marks:
                told = (
                    f"left out: {counted(len(given.marks), 'mark')} of one who is not in {results}"
                )
                click.echo(plain(f"{student}: {told}"))
        pipeline.write_results(store, results, outline)
    click.echo(f"{counted(count, 'mark')} of {counted(students, 'student')}")
