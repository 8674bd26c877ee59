"""Files to begin with: a whole course (`autograder init`), or one exercise (`autograder new`)."""

from __future__ import annotations

import keyword
from collections.abc import Mapping
from pathlib import Path

from ..course.grading import GRADING, KEYS
from ..errors import CourseError
from ..files import PUBLIC, replacing
from ..pages.templating import text_environment

HALVES = ("assignments", "reference")
POINTS: dict[str, float] = {"values": 2, "shape": 1}  # for the checks of a new exercise
FIRST = ("practice", "slope_of_cube")  # assignment and exercise of a new course
COURSE_FILES = {GRADING: GRADING, "README.md": "README.md", ".gitignore": "gitignore"}


def write_course(folder: Path) -> list[Path]:
    """Write a course with one assignment of one exercise, complete; returns the paths.

    Raises:
        CourseError: there is something in the folder already.
    """
    if folder.exists() and any(path.name != ".git" for path in folder.iterdir()):
        raise CourseError(f"{folder} is not empty: choose a new folder for the course")
    folder.mkdir(parents=True, exist_ok=True)
    assignment, exercise = FIRST
    about = {"name": folder.resolve().name, "assignment": assignment, "exercise": exercise}
    files = {folder / path: f"course/{template}" for path, template in COURSE_FILES.items()}
    return [*_write(files, about), *write_starter(folder, assignment, exercise)]


def write_starter(course: Path, assignment: str, exercise: str) -> list[Path]:
    """Write both halves of an exercise; returns their paths.

    Raises:
        CourseError: a name is no Python name, or taken, or one of the files is there already.
    """
    for name in (assignment, exercise):
        if not name.isidentifier() or name.startswith("_") or keyword.iskeyword(name):
            raise CourseError(
                f"{name!r} cannot be a name: begin with a letter, go on with letters, digits and "
                "underscores, and use no word of Python's"
            )
    if assignment in KEYS:
        raise CourseError(f"{assignment!r} is a key of {GRADING}: choose another name")
    paths = {course / half / assignment / f"{exercise}.py": half for half in HALVES}
    for path in paths:
        if path.exists():
            raise CourseError(f"{path} is there already: choose another name")
    return _write({path: f"starter/{h}.py" for path, h in paths.items()}, {"name": exercise})


def _write(files: Mapping[Path, str], about: Mapping[str, str]) -> list[Path]:
    environment = text_environment()
    for path, template in files.items():
        path.parent.mkdir(parents=True, exist_ok=True)
        with replacing(path, PUBLIC) as file:
            file.write(environment.get_template(template).render(about))
    return list(files)
