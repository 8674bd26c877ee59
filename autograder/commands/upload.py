"""`autograder upload`: what would be written into the LMS, and with --apply the writing."""

from __future__ import annotations

import contextlib
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from ..escape import plain
from .arguments import PATH

if TYPE_CHECKING:
    from ..course.outline import Outline
    from ..results.release import Release
    from ..upload.lms import Lms, Target


@click.command()
@click.argument("results", type=PATH)
@click.option(
    "--to",
    "platform",
    type=click.Choice(["canvas", "moodle", "lti"]),
    required=True,
    help="Which LMS; lti is any that speaks LTI 1.3.",
)
@click.option(
    "--apply", "for_real", is_flag=True, help="Write; without it, only the plan is shown."
)
@click.option("--comment", is_flag=True, help="Also what each student lost points for, as text.")
@click.option("--feedback", is_flag=True, help="Also the feedback page, as a file.")
@click.option("--overwrite", is_flag=True, help="Replace scores that somebody gave by hand.")
@click.option("--zero-missing", is_flag=True, help="Give 0 to who handed nothing in.")
@click.pass_obj
def upload(
    folder: Path | None,
    results: Path,
    platform: str,
    for_real: bool,
    comment: bool,
    feedback: bool,
    overwrite: bool,
    zero_missing: bool,
) -> None:
    """Send scores to an LMS: Canvas, Moodle, or any other with LTI 1.3.

    Shows a plan and writes nothing, unless there is --apply. A second run writes nothing twice.
    Where to is in grading.yml (policy.lms); docs/lms.md says how to get a token.

    Exit code 2: some scores are not there: the plan, or the last lines, say which and why.
    """
    from ..pages.unmarked import LEFT_OUT
    from ..results.release import releases
    from ..upload.apply import Progress
    from ..upload.apply import upload as carry_out
    from ..upload.plan import Row, Wishes
    from . import planned, terminal
    from .graded import opened

    wishes = Wishes(comment, feedback, overwrite, zero_missing)
    with opened(folder, results) as (assignment, store), contextlib.ExitStack() as shown:

        def act(target: Target, rows: Sequence[Row]) -> Progress | None:
            _refuse_other_title(platform, assignment, target.title)
            planned.plan(target, rows, for_real)
            if not for_real:
                return None
            return shown.enter_context(planned.progress(sum(bool(row.writing) for row in rows)))

        known = list(store.results())
        told = releases(known, assignment, results)
        lms = _connect(platform, assignment, told)
        terminal.warn_of_unmarked(known, assignment, LEFT_OUT)
        rows, problems = carry_out(lms, told, results, wishes, act)
    for student, problem in problems.items():
        click.echo(plain(f"{student}: {problem}"), err=True)
    sys.exit(planned.code(rows, problems))


def _connect(platform: str, assignment: Outline, told: Sequence[Release]) -> Lms:
    """The LMS that grading.yml names.

    Raises:
        CourseError: it names none, or not this assignment.
        LmsError: there is no token.
        ResultsError: the extra is not installed, or there is nothing to upload.
    """
    from ..errors import CourseError, ResultsError, lacks

    if not told:
        raise ResultsError("there are no results to upload: grade something first")

    place = getattr(assignment.policy.lms, platform, None)
    where = f"grading.yml: policy.lms.{platform}"
    if place is None:
        raise CourseError(f"{where} is missing: docs/lms.md says what belongs there")
    try:
        from ..upload.tokens import token
        from ..upload.transport import Session

        if platform == "lti":
            from ..upload.lti import Lti

            title = place.titles.get(assignment.name, assignment.name)
            most = told[0].max_score  # the same for all: with the questions, once any is marked
            key, session = token("lti", place.client_id), Session(place.lineitems)
            return Lti(place, assignment.name, title, most, key, session)
        if assignment.name not in place.assignments:
            raise CourseError(f"{where}.assignments: {assignment.name} is missing")
        number = place.assignments[assignment.name].id
        if platform == "canvas":
            from ..upload.canvas import Canvas

            return Canvas(place, number, token("canvas", place.url), Session(place.url))
        from ..upload.moodle import Moodle

        return Moodle(place, number, token("moodle", place.url), Session(place.url))
    except ImportError as error:
        package = (error.name or "").partition(".")[0]
        raise ResultsError(lacks(package, "lms")) from error


def _refuse_other_title(platform: str, assignment: Outline, title: str) -> None:
    from ..errors import CourseError

    place = getattr(assignment.policy.lms, platform)
    if platform == "lti":
        expected = place.titles.get(assignment.name, assignment.name)
    else:
        expected = place.assignments[assignment.name].title
    if title != expected:
        raise CourseError(
            f"grading.yml: policy.lms.{platform}: {assignment.name} should be {expected!r}, and "
            f"there it is {title!r}: correct the number or the title"
        )
