"""What was graded, opened to be scored: the record of a results folder and its assignment."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from pathlib import Path

from .. import pipeline
from ..course.course import find_course
from ..course.outline import Outline
from ..results.store import Store, identity
from . import bars, terminal


def assignment_of(folder: Path | None, results: Path) -> tuple[Outline, dict[str, str]]:
    """The assignment that a record is of, and what `Store` takes.

    Raises:
        ResultsError: there is no record, or it is damaged.
        CourseError: there is no course, or it is at fault.
    """
    about = identity(results)
    return find_course(folder, results).outline(about["assignment"]), about


@contextlib.contextmanager
def proved(outline: Outline, results: Path, about: dict[str, str]) -> Iterator[Store]:
    """The record, once the assignment has proved itself. Nobody else can write to it meanwhile.

    Where the rules have changed, scores and pages are as they say now, and it is said whose totals
    change by that.

    Raises:
        AutograderError: the assignment is at fault, or the record cannot be opened.
    """
    with Store(results, about) as store:
        changes = pipeline.prove(outline, store)
        pipeline.follow_rules(store, results, outline, bars.pages)
        try:
            yield store
        finally:  # when all is written: a pager may close, and end this
            terminal.show_changes(changes)


@contextlib.contextmanager
def opened(folder: Path | None, results: Path) -> Iterator[tuple[Outline, Store]]:
    """Both at once, as most commands need them."""
    outline, about = assignment_of(folder, results)
    with proved(outline, results, about) as store:
        yield outline, store
