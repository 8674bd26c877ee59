"""The commands that carry results to other systems, and marks back."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from .escape import plain

_FOLDER = click.Path(path_type=Path)
_COURSE = click.option("--course", "gradebook", type=_FOLDER, help="The nbgrader course's folder.")


@click.command()
@click.argument("results", type=_FOLDER)
@click.option("--to", "target", type=click.Choice(["csv", "nbgrader"]), required=True)
@_COURSE
@click.option("--file", type=_FOLDER, help="Where to write the csv; default: RESULTS/scores.csv.")
@click.pass_obj
def export(
    folder: Path | None, results: Path, target: str, gradebook: Path | None, file: Path | None
) -> None:
    """Write the results for another system: a CSV file, or an nbgrader course.

    For nbgrader, autograded notebooks, scores and comments are written as `nbgrader autograde`
    would have; formgrader, feedback and nbgrader's own export go on from there.
    """
    from .course import find_course
    from .score import write_csv
    from .store import Store, read_about

    about = read_about(results)
    assignment = find_course(folder).assignment(about["assignment"])
    with Store(results, about) as store:
        found = list(store.results())
        if target == "csv":
            path = file or results / "scores.csv"
            points = (assignment.rubric, assignment.question_points, assignment.late)
            write_csv(path, found, *points)
            click.echo(plain(str(path)))
            return
    from .doors import gradebook as nbgrader

    problems = 0
    for student, problem in nbgrader.export(_given(gradebook), assignment, found):
        problems += bool(problem)
        click.echo(plain(f"{student}: {problem or 'written'}"))
    sys.exit(2 if problems else 0)


@click.command("import")
@click.argument("results", type=_FOLDER)
@click.option("--from", "source", type=click.Choice(["nbgrader"]), required=True)
@_COURSE
@click.pass_obj
def import_(folder: Path | None, results: Path, source: str, gradebook: Path | None) -> None:
    """Take over the marks that people gave elsewhere, and write scores and pages again."""
    from . import pipeline
    from .course import find_course
    from .doors.marks import MARKER
    from .doors.marks import marks as marks_of
    from .store import Store, read_about

    about = read_about(results)
    assignment = find_course(folder).assignment(about["assignment"])
    found = marks_of(
        _given(gradebook), assignment.name, assignment.question_points, assignment.rubric
    )
    count = students = 0
    with Store(results, about) as store:
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
        pipeline.publish(store, results, assignment)
    click.echo(f"{count} marks of {students} students")


def _given(gradebook: Path | None) -> Path:
    if gradebook is None:
        raise click.UsageError("nbgrader needs --course, the folder with gradebook.db")
    return gradebook
