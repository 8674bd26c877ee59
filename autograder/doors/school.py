"""An nbgrader course folder, opened as nbgrader's own commands would when called in it.

What its `nbgrader_config.py` says holds here, too: where the gradebook is, and what the folders are
called. nbgrader is an extra: it is imported when a course is opened.
"""

from __future__ import annotations

import contextlib
import os
import sys
import warnings
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import sqlalchemy
from sqlalchemy.exc import ArgumentError, DatabaseError, SAWarning, SQLAlchemyError

from ..errors import ResultsError, lacks

LOGGED = "ERROR"  # and above, of what nbgrader has to say


@dataclass(frozen=True)
class School:
    """An open course: nbgrader's configuration of it, and where things are."""

    config: Any  # traitlets' Config
    directory: Any  # nbgrader's CourseDirectory

    @contextlib.contextmanager
    def gradebook(self) -> Iterator[Any]:
        """Its gradebook, which is closed after the block.

        Raises:
            ResultsError: it is missing, damaged, or not nbgrader's.
        """
        from nbgrader.api import Gradebook  # type: ignore[import-untyped]

        url = sqlalchemy.engine.make_url(self.directory.db_url)
        try:
            course_id = self.directory.course_id
            with without_noise(), Gradebook(self.directory.db_url, course_id) as gradebook:
                yield gradebook
        except DatabaseError as error:
            raise ResultsError(
                f"{url.database}: not a gradebook of nbgrader, or damaged ({error.orig})"
            ) from error

    def assignment(self, gradebook: Any, name: str) -> Any:
        """That assignment, as the gradebook knows it.

        Raises:
            ResultsError: it does not.
        """
        from nbgrader.api import MissingEntry

        try:
            return gradebook.find_assignment(name)
        except MissingEntry as error:
            raise ResultsError(
                f"no assignment {name!r} in the gradebook: run "
                f"nbgrader generate_assignment {name} first"
            ) from error

    def submitted(self, student: str, assignment: str) -> Path:
        """Where a student's work lies, or would."""
        step = self.directory.submitted_directory
        return Path(self.directory.format_path(step, student, assignment))


def open_school(course: Path) -> School:
    """Open a course folder.

    Raises:
        ResultsError: nbgrader is not installed, or this is no course of its.
    """
    try:
        from nbgrader.apps import NbGrader  # type: ignore[import-untyped]
    except ImportError as error:
        raise ResultsError(lacks("nbgrader", "nbgrader")) from error
    find_alembic()
    if not course.is_dir():
        raise ResultsError(f"{course}: there is no such folder")
    with contextlib.chdir(course), without_noise():
        try:
            application = NbGrader(log_level=LOGGED)
            application.initialize([])
        except SystemExit as stopped:  # it has said why
            raise ResultsError(f"{course}: nbgrader does not take its configuration") from stopped
        directory = application.coursedir
        directory.root = os.path.abspath(directory.root)
        try:
            url = sqlalchemy.engine.make_url(directory.db_url)
        except ArgumentError as error:  # not shown: a password may be in it
            told = "nbgrader's CourseDirectory.db_url is no address, such as sqlite:///gradebook.db"
            raise ResultsError(f"{course}: {told}") from error
        is_file = url.get_backend_name() == "sqlite" and url.database
        if is_file:
            url = url.set(database=os.path.abspath(str(url.database)))
            directory.db_url = url.render_as_string(hide_password=False)
    if is_file and not Path(str(url.database)).is_file():
        raise ResultsError(
            f"{course}: no {Path(str(url.database)).name} in it: give the nbgrader course folder, "
            "after nbgrader generate_assignment"
        )
    _refuse_what_is_no_gradebook(url)
    config = application.config.copy()
    config.CourseDirectory.root, config.CourseDirectory.db_url = directory.root, directory.db_url
    return School(config, directory)


def _refuse_what_is_no_gradebook(url: sqlalchemy.engine.URL) -> None:
    """Else nbgrader would make an empty one of it."""
    try:
        engine = sqlalchemy.create_engine(url)
    except ModuleNotFoundError as error:
        told = f"the gradebook is one of {url.get_backend_name()}, which needs {error.name} here"
        raise ResultsError(f"{told}: pip install {error.name}") from error
    except ArgumentError as error:
        raise ResultsError(f"no gradebook can be opened in {url.get_backend_name()}") from error
    try:
        tables = sqlalchemy.inspect(engine).get_table_names()
    except SQLAlchemyError as error:
        cause = getattr(error, "orig", error)
        raise ResultsError(f"{url.database}: not a gradebook, or damaged ({cause})") from error
    finally:
        engine.dispose()
    if "submitted_assignment" not in tables:
        raise ResultsError(
            f"{url.database}: not a gradebook of nbgrader: run nbgrader generate_assignment first"
        )


@contextlib.contextmanager
def without_noise() -> Iterator[None]:
    """Leave out warnings about nbgrader's own doings, which tell nobody anything."""
    from nbformat.warnings import MissingIDFieldWarning

    with warnings.catch_warnings():
        # It makes objects before their session, and puts cells back without an id.
        warnings.filterwarnings("ignore", r"Object of type <\w+> not in session", SAWarning)
        warnings.filterwarnings("ignore", category=MissingIDFieldWarning)
        yield


def find_alembic() -> None:
    """Let nbgrader call it by its name, also where the environment is not activated."""
    scripts, path = os.path.dirname(sys.executable), os.environ.get("PATH", os.defpath)
    if scripts not in path.split(os.pathsep):
        os.environ["PATH"] = scripts + os.pathsep + path
