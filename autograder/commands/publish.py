"""`autograder publish`: what students may see of a course, in a folder of its own.

It is made of a list of what they may see, never by leaving out what they may not.
"""

from __future__ import annotations

from pathlib import Path

from .. import build
from ..course.course import SECRET_FILE, Course
from ..course.grading import GRADING
from ..doors.gradescope.archive import DISTRIBUTION
from ..errors import CourseError
from ..pages.templating import text_environment
from ..results.folder import RECORD, SCORES

# A folder with one of these is no place.
HIDDEN = ("reference", GRADING, SECRET_FILE, "dist", RECORD, SCORES)
PAGE, MADE = Path("README.md"), b"<!-- Made by `autograder publish`. -->"


def publish(course: Course, folder: Path) -> tuple[list[Path], list[Path], list[Path]]:
    """Write the published files of all assignments.

    Returns those written, any left behind, and a page that is not ours.

    Of what is there already, only files of the same names are replaced, and of them no page that
    is not ours. Left behind are files in
    its `assignments/` that are no longer published: nobody but the instructor may delete them.

    Raises:
        CourseError: the folder is the course's own or holds answers, or the course is at fault.
    """
    place = folder.resolve()
    for own in (course.folder / half for half in ("assignments", "reference", "dist")):
        if place.is_relative_to(own):
            raise CourseError(f"{folder} is in the course's own {own.name}/: choose another folder")
    for name in HIDDEN:
        if (place / name).exists():
            raise CourseError(f"{place / name} is not for students: choose another folder")
    if place == Path.home():
        raise CourseError(f"{folder} is your home: choose another folder")
    files = {place / path: content for path, content in _published(course).items()}
    page = place / PAGE
    theirs = [page] if page.exists() and MADE not in page.read_bytes() else []
    for path in theirs:
        del files[path]
    written = build.write(files)
    there = (path for path in (place / "assignments").rglob("*") if path.is_file())
    return written, sorted(path for path in there if path not in files), theirs


def _published(course: Course) -> build.Files:
    """By path in the folder: the generated files, the public halves with their helpers, a page."""
    files = {PAGE: _page(course)}
    for name, rubric in course.grading.rubrics.items():
        made = build.made(course, name, build.PUBLISHED)
        files |= {path.relative_to(course.folder): made[path] for path in made}
        folder = course.folder / "assignments" / name
        halves = [folder / f"{exercise}.py" for exercise in rubric]
        for path in (*halves, *sorted(folder.glob("_*.py"))):
            files[path.relative_to(course.folder)] = path.read_bytes()
    return files


def _page(course: Course) -> bytes:
    about = {"title": "Assignments", "assignments": course.grading.rubrics, "package": DISTRIBUTION}
    return text_environment().get_template("publish.md").render(about).encode()
