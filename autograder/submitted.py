"""Where an nbgrader course keeps what was handed in; its configuration is read, never executed.

What is given to grade may come from students: no Python in it may run, not even a configuration.
"""

from __future__ import annotations

import ast
from pathlib import Path

from .errors import SubmissionsError

CONFIG = "nbgrader_config.py"
STRUCTURE = "{nbgrader_step}/{student_id}/{assignment_id}"


def submitted_folder(course: Path) -> Path | None:
    """The folder with a folder for each student, if this is an nbgrader course.

    Raises:
        SubmissionsError: it has another structure than nbgrader's own.
    """
    if not any((course / name).is_file() for name in (CONFIG, "gradebook.db")):
        return None
    options = _options(course / CONFIG)
    folder = course / options.get("submitted_directory", "submitted")
    if not folder.is_dir():
        return None
    if options.get("directory_structure", STRUCTURE) != STRUCTURE:
        raise SubmissionsError(
            f"{course / CONFIG}: directory_structure: give the folder that holds a folder for each "
            "student, instead of the course"
        )
    return folder


def _options(config: Path) -> dict[str, str]:
    """What `c.CourseDirectory.OPTION = "text"` says; the last one counts."""
    try:
        tree = ast.parse(config.read_bytes())
    except (OSError, SyntaxError, ValueError):
        return {}
    found = {}
    for node in ast.walk(tree):
        if isinstance(node, ast.Assign) and isinstance(node.value, ast.Constant):
            for target in node.targets:
                _, _, option = ast.unparse(target).rpartition(".CourseDirectory.")
                if option.isidentifier() and isinstance(node.value.value, str):
                    found[option] = node.value.value
    return found
