"""What was ordered on the command line, and what there is to deliver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ResultsError, SheetError
from ..files import write_private
from ..results import exports
from ..results.folder import is_ours

if TYPE_CHECKING:  # these import torch, which takes seconds
    from ..course.outline import Outline
    from ..model import Result
    from ..results.release import Release


@dataclass(frozen=True)
class Order:
    """One call of `export`."""

    target: str  # the format
    folder: Path  # of the results
    assignment: Outline
    results: Sequence[Result]
    gradebook: Path | None = None  # the LMS's own export
    file: Path | None = None
    column: str | None = None
    match: str | None = None
    roster: Path | None = None
    course: Path | None = None
    feedback: bool = False
    comments: str | None = None  # the title of their column
    zero_missing: bool = False
    overwrite: bool = False

    @cached_property
    def releases(self) -> list[Release]:
        """What there is to tell of each student.

        Raises:
            ResultsError: nobody was graded.
        """
        from ..results.release import releases

        if not self.results:
            raise ResultsError(f"{self.folder}: nobody was graded yet")
        return releases(self.results, self.assignment, self.folder)

    @property
    def has_late_penalties(self) -> bool:
        """Whether somebody lost points for being late."""
        from ..results.score import score

        rules = self.assignment.late
        return any(score(result, self.assignment, {}, rules).late.points for result in self.results)

    @property
    def own_export(self) -> Path:
        """The LMS's own file, which is to be edited.

        Raises:
            SheetError: none was given.
        """
        if self.gradebook is None:
            raise SheetError(
                f"{self.target} takes its own file only: download it there, and give it with "
                "--gradebook FILE"
            )
        return self.gradebook

    @property
    def destination(self) -> Path:
        """Where the edited file goes: never over the one that was given.

        Raises:
            SheetError: it would replace what was given, or what is ours.
        """
        source = self.own_export
        if (self.file or self.folder / source.name).resolve() == source.resolve():
            raise SheetError(f"{source} would be replaced: give another file with --file")
        return self.place(source.name)

    def place(self, name: str, *, usual: bool = False) -> Path:
        """Where a file goes that has this name in the results folder, unless --file says another.

        `usual` is said of a name that the format alone writes there.

        Raises:
            SheetError: it would replace what is ours.
        """
        path = self.file or self.folder / name
        if is_ours(path, self.folder) and not (usual and path == self.folder / name):
            raise SheetError(f"{path} is ours, and would be replaced: say where to with --file")
        if self.file and not path.is_dir():
            exports.refuse_others(self.folder, path)
        return path

    def write(self, path: Path, content: bytes) -> None:
        """Write a file that nobody else may read, and note it for `purge`.

        Raises:
            OSError: it could not be written, and is as before.
        """
        write_private(path, content)
        exports.note(self.folder, path)
