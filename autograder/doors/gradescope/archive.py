"""The zip that Gradescope takes: the grader, one assignment with its answers, and two scripts.

    setup.sh, run_autograder   what Gradescope starts
    autograder/                the engine
    assignments/<assignment>/, reference/, grading.yml, .autograder-secret   the course
    requirements.txt, constraints.txt   what setup.sh installs

It holds every answer, and the secret that draws the hidden cases, so that scores are the same as
our own grader's.
"""

from __future__ import annotations

import io
import stat
import zipfile
from collections.abc import Mapping
from importlib import metadata
from pathlib import Path

import torch

from ...building.wanted import Values
from ...course.assignment import Assignment
from ...course.course import SECRET_FILE, Course
from ...course.grading import GRADING

HERE = Path(__file__).parent
ENGINE = HERE.parent.parent
DISTRIBUTION = "backprop-autograder"
CONSTRAINTS = "constraints.txt"
LONG_AGO = (1980, 1, 1, 0, 0, 0)  # the first date that a zip can hold
SCRIPTS = ("setup.sh", "run_autograder")


def gradescope(
    course: Course, assignment: Assignment, wanted: Mapping[str, Values]
) -> dict[Path, bytes]:
    """The door of `autograder build`: a zip for each assignment; the first one's has no suffix.

    Raises:
        CourseError: the secret is at fault.
    """
    suffix = "" if assignment.name == next(iter(course.grading.rubrics)) else f"-{assignment.name}"
    return {course.folder / "dist" / f"gradescope{suffix}.zip": _zipped(_files(course, assignment))}


def _files(course: Course, assignment: Assignment) -> dict[str, bytes]:
    """Every file by its path in the zip."""
    name = assignment.name
    files = {script: (HERE / script).read_bytes() for script in SCRIPTS}
    for path in sorted(ENGINE.rglob("*")):
        inside = path.relative_to(ENGINE)
        if path.suffix in (".py", ".html", ".js") and inside.parts[0] != "assignments":  # a wheel's
            files[f"autograder/{inside.as_posix()}"] = path.read_bytes()
    for folder in (f"assignments/{name}", "reference", f"reference/{name}"):
        for path in sorted((course.folder / folder).iterdir()):
            if path.suffix in (".py", ".md", ".yml"):
                files[f"{folder}/{path.name}"] = path.read_bytes()
    files[GRADING] = (course.folder / GRADING).read_bytes()
    files[SECRET_FILE] = course.secret()
    files["requirements.txt"] = _requirements().encode()
    files[CONSTRAINTS] = _constraints(course.folder / CONSTRAINTS)
    return files


def _requirements() -> str:
    """What the engine needs, without what its extras need."""
    needed = metadata.requires(DISTRIBUTION) or []
    return "".join(f"{line}\n" for line in sorted(needed) if "extra ==" not in line)


def _constraints(path: Path) -> bytes:
    """The course's own pins; if it has none, the torch that built this."""
    version = torch.__version__.partition("+")[0]
    return path.read_bytes() if path.is_file() else f"torch=={version}\n".encode()


def _zipped(files: Mapping[str, bytes]) -> bytes:
    """The same bytes on every machine: nothing compressed, no date, no owner."""
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_STORED) as archive:
        for name in sorted(files):
            entry = zipfile.ZipInfo(name, LONG_AGO)
            entry.create_system = 3  # Unix, on every machine: else the mode would not count
            entry.external_attr = (stat.S_IFREG | _mode(name)) << 16
            archive.writestr(entry, files[name])
    return buffer.getvalue()


def _mode(name: str) -> int:
    private = name.startswith("reference/") or name in (GRADING, SECRET_FILE)
    return 0o755 if name in SCRIPTS else 0o600 if private else 0o644
