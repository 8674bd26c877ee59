"""`autograder new`: the two files of a new exercise, a small example that proves itself."""

from __future__ import annotations

from pathlib import Path

from jinja2 import Environment, PackageLoader, StrictUndefined

from .errors import CourseError
from .files import PUBLIC, replacing

HALVES = ("assignments", "reference")


def write_starter(course: Path, assignment: str, exercise: str) -> list[Path]:
    """Write both halves; returns their paths.

    Raises:
        CourseError: a name is no Python name, or one of the files is there already.
    """
    for name in (assignment, exercise):
        if not name.isidentifier() or name.startswith("_"):
            raise CourseError(f"{name!r} cannot be a name: use letters, digits and underscores")
    paths = {half: course / half / assignment / f"{exercise}.py" for half in HALVES}
    for path in paths.values():
        if path.exists():
            raise CourseError(f"{path} is there already: choose another name")
    environment = Environment(  # noqa: S701 (Python, not HTML)
        loader=PackageLoader("autograder"), undefined=StrictUndefined, keep_trailing_newline=True
    )
    for half, path in paths.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, PUBLIC) as file:
            file.write(environment.get_template(f"starter/{half}.py").render(name=exercise))
    return list(paths.values())
