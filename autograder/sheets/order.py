"""What was ordered on the command line, and what there is to deliver."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import TYPE_CHECKING

from ..errors import ResultsError, SheetError

if TYPE_CHECKING:  # both import torch, which takes seconds
    from ..course import Assignment
    from ..model import Result
    from ..release import Release

OURS = ("grades.db", "scores.csv", "report.html")  # in a results folder


@dataclass(frozen=True)
class Order:
    """One call of `export`."""

    target: str  # the format
    folder: Path  # of the results
    assignment: Assignment
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
        from ..release import releases

        if not self.results:
            raise ResultsError(f"{self.folder}: nobody was graded yet")
        return releases(self.results, self.assignment, self.folder)

    @property
    def has_late_penalties(self) -> bool:
        """Whether somebody lost points for being late."""
        from ..score import score

        rules, rubric = self.assignment.late, self.assignment.rubric
        return any(score(result, rubric, {}, rules).late.points for result in self.results)

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
        """Where the edited file goes: never over the one that was given, unless it is told to.

        Raises:
            SheetError: it would replace what was given, or what is ours.
        """
        source = self.own_export
        if self.file is not None:
            path = self.file
        elif (path := self.folder / source.name).resolve() == source.resolve():
            raise SheetError(f"{source} would be replaced: say where to with --file")
        if path.resolve() in ((self.folder / name).resolve() for name in OURS):
            raise SheetError(f"{path} is ours, and would be replaced: say where to with --file")
        return path
