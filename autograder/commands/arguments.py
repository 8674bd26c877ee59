"""What commands are given: paths, numbers, and names of assignments, which a shell completes."""

from __future__ import annotations

import contextlib
from pathlib import Path
from typing import Any

import click

from ..errors import AutograderError


class _Path(click.Path):
    """An empty one (an unset variable, say) does not mean the current folder."""

    def convert(self, value: Any, *place: Any) -> Any:
        if value == "":
            self.fail("the path is empty", *place)
        return super().convert(value, *place)


PATH = _Path(path_type=Path)


class Count(click.IntRange):
    """A whole number, called so in messages."""

    name = "whole number"

    def get_metavar(self, *_: Any, **__: Any) -> str:
        """What stands in its place in the help."""
        return "NUMBER"


class Number(click.FloatRange):
    """A number, called so in messages."""

    name = "number"


def _choose(context: click.Context, parameter: click.Parameter, folder: Path | None) -> None:
    context.obj = folder or context.obj


def with_course(command: click.Command) -> None:
    """Have a command take `--course`, too, unless it means nbgrader's course there."""
    if not any(parameter.name == "course" for parameter in command.params):
        command.params.append(
            click.Option(
                ["--course"],
                type=PATH,
                expose_value=False,
                callback=_choose,
                help="Course folder; it may stand before the command, too.",
            )
        )


def assignments(context: click.Context, parameter: click.Parameter, incomplete: str) -> list[str]:
    """Those in `grading.yml` that begin like this."""
    from ..course.course import find_course

    names = list[str]()
    with contextlib.suppress(AutograderError, OSError):  # no course here: nothing to choose from
        folder = context.obj or context.find_root().params.get("folder")
        names += find_course(folder).grading.rubrics
    return [name for name in names if name.startswith(incomplete)]
