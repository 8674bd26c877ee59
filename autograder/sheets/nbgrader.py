"""nbgrader: no file, but the gradebook of a course (`doors/gradebook.py`)."""

from __future__ import annotations

from collections.abc import Callable

import click

from ..doors.gradebook import export
from .order import Order


def write(order: Order, say: Callable[[str], None]) -> int:
    """Write into the course, and tell of each student; returns how many had a problem."""
    if order.course is None:
        raise click.UsageError("nbgrader needs --course, the folder with gradebook.db")
    problems = 0
    for student, problem in export(order.course, order.assignment, order.results):
        problems += bool(problem)
        say(f"{student}: {problem or 'written'}")
    return problems
