"""The feedback page of each student. Self-contained HTML."""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path

from ..course.outline import Outline
from ..escape import file_names
from ..files import PRIVATE_FOLDER, replacing
from ..model import Result
from ..results.score import Score
from . import highlight
from .feedback import page
from .templating import digest, digest_of, environment, source


class Feedback:
    """Writes `feedback/<student_id>.html`, each unless it is there as it would be written.

    `afresh` writes it all the same: somebody may have changed it.
    """

    def __init__(
        self, folder: Path, students: Iterable[str], outline: Outline, afresh: bool = False
    ) -> None:
        self._folder, self._outline, self._afresh = folder, outline, afresh
        folder.mkdir(mode=PRIVATE_FOLDER, exist_ok=True)
        self._names = file_names(students, ".html")
        self._template = environment().get_template("feedback.html")
        self._titles = _titles(outline)
        rules = (outline.rubric, outline.voids, outline.question_points, self._titles)
        same = (outline.name, outline.digest, *rules, highlight.rules())
        self._same = digest(*same, source("base.html"), source("feedback.html"))

    def write(self, result: Result, found: Score) -> None:
        """Write a student's page.

        Raises:
            OSError: it cannot be written.
        """
        path = self._folder / self._names[result.student_id]
        made_from = digest(self._same, result, result.graded_at, found)
        if not self._afresh and digest_of(path) == made_from:
            return
        shown = page(result, found, self._outline, self._titles)
        known = {"result": result, "score": found, "assignment": self._outline, "digest": made_from}
        with replacing(path) as file:
            file.write(self._template.render(**known, page=shown, colours=highlight.rules()))


def _titles(outline: Outline) -> dict[str, str]:
    """The heading of each question, where there is one."""
    found = {}
    for name in outline.question_points:
        path = outline.folder / f"{name}.md"
        first = path.read_text(encoding="utf-8").partition("\n")[0] if path.is_file() else ""
        found[name] = first.lstrip("# ").replace("`", "") if first.startswith("#") else ""
    return found
