"""What a shell completes, beyond what click knows of itself: the names of assignments."""

from __future__ import annotations

import contextlib

import click

from .errors import AutograderError


def assignments(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Those in `grading.yml` that begin like this."""
    from .course import find_course

    names = list[str]()
    with contextlib.suppress(AutograderError, OSError):  # no course here: nothing to choose from
        names += find_course(context.find_root().params.get("folder")).grading.rubrics
    return [name for name in names if name.startswith(incomplete)]
