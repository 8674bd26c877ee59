"""The commands for who writes exercises."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..errors import CourseError
from ..escape import plain
from ..plural import counted
from .arguments import PATH, Count, assignments

if TYPE_CHECKING:
    from ..course.course import Course


@click.command()
@click.argument("name", required=False)
@click.option(
    "--assignment",
    shell_complete=assignments,
    help="Where it is, if several have one of that name; without a name, all of these.",
)
@click.option(
    "--students",
    default=1,
    show_default=True,
    type=Count(min=1),
    help="How many pretend students, each with cases of their own.",
)
@click.pass_obj
def exercise(folder: Path | None, name: str | None, assignment: str | None, students: int) -> None:
    """Have an exercise, or every one, prove that it tells right answers from wrong ones.

    Shows what its solution, alternatives, skeleton and mistakes earn and read, on the hidden cases
    of a pretend student, or of several, of whom those are named on whose cases something differs.
    Exit code 1: something is not as its reference states.
    """
    from ..course.course import find_course

    course = find_course(folder)
    if name is not None:
        sys.exit(_proved(course, course.assignment_of(name, assignment), name, students))
    rubrics = course.grading.rubrics
    chosen = [(each, exercise) for each, rubric in rubrics.items() for exercise in rubric]
    chosen += course.without_points()
    if assignment is not None:
        chosen = [pair for pair in chosen if pair[0] == assignment]
        if not chosen:
            course.outline(assignment)  # says which there are
    faults = 0
    for each, exercise in chosen:
        try:
            at = course.assignment_of(exercise, each)
            faults += _proved(course, at, exercise, students)
        except CourseError as error:
            faults += 1
            click.echo(f"not proved: {plain(str(error))}", err=True)
    click.echo(f"{len(chosen) - faults} of {counted(len(chosen), 'exercise')} proved")
    sys.exit(min(faults, 1))


def _proved(course: Course, assignment: str, name: str, students: int) -> int:
    """Show one exercise's proof; 1 if it is none."""
    from ..building.wanted import values_of
    from ..course import proof
    from ..course.assignment import tolerance
    from ..judging.judge import Judge
    from . import terminal

    limit, points = tolerance(course.grading.policy), course.grading.rubrics[assignment][name]
    reference = course.reference(assignment, name)
    proof.refuse_luck(reference)
    proof.refuse_other_parameters(reference)
    proof.refuse_nothing(reference)
    values_of(reference)  # or there would be no notebook
    judge = Judge(assignment, {name: reference}, limit, b"pretend", True)
    pretend = [f"student {number}" for number in range(1, students + 1)]
    prepared = {each: judge.prepare(name, each) for each in pretend}
    proofs = {each: proof.prove(cases, points) for each, cases in prepared.items()}
    whose = pretend[0] if students == 1 else f"{students} students"
    if all(map(proof.is_constant, prepared.values())):
        click.echo(f"note: hidden(draw) of {name} gives the same case each time")
    if proof.is_bare(reference):
        click.echo(
            f"note: the probe of {name} calls it outside attempt(): an error there costs all "
            "parts, and autograd is not counted"
        )
    return terminal.show_proof(proof.over(proofs), f"{assignment}/{name} on the cases of {whose}")


@click.command()
@click.argument("course", type=PATH)
def init(course: Path) -> None:
    """Make a course of your own, of one assignment with one exercise, to be changed.

    \b
    Example:
      autograder init physics && cd physics && autograder build
    """
    from ..building.starter import FIRST, write_course

    for path in write_course(course):
        click.echo(f"wrote {path}")
    click.echo(f"now, in {course}: autograder exercise {FIRST[1]}, autograder build, and README.md")


@click.command()
@click.argument("folder_", metavar="FOLDER", type=PATH)
@click.pass_obj
def publish(folder: Path | None, folder_: Path) -> None:
    """Write what students may see into FOLDER, such as a repository of theirs, and nothing else.

    That is the notebooks, what `autograder check` needs, and a page that says how to begin.

    \b
    Example:
      autograder publish ../public
    """
    from ..course.course import find_course
    from .bars import waiting
    from .publish import publish

    with waiting("making what students may see"):
        written, left, theirs = publish(find_course(folder), folder_)
    for path in written:
        click.echo(f"wrote {path}")
    for path in left:
        click.echo(f"no longer published, and still there: {path}")
    for path in theirs:
        click.echo(f"not ours, and left as it is: {path}")
    told = (
        f"{counted(len(written), 'file')} in {folder_}" if written else f"{folder_} is up to date"
    )
    click.echo(told)


@click.command()
@click.argument("assignment", shell_complete=assignments)
@click.argument("exercise")
@click.pass_obj
def new(folder: Path | None, assignment: str, exercise: str) -> None:
    """Write the two starter files of a new exercise, an example to be changed."""
    from ..building.starter import POINTS, write_starter
    from ..course.course import find_course

    course = find_course(folder)
    for path in write_starter(course.folder, assignment, exercise):
        click.echo(f"wrote {path}")
    click.echo(f"now {course.how_to_add_points(assignment, exercise, POINTS)}")
