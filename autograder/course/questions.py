"""The questions of an assignment that a person marks: two files of the same name for each.

`assignments/<assignment>/<question>.md` is what students see. Its first cell is the prompt, those
after it (set apart by two blank lines, or by being code) are for their answer.
`reference/<assignment>/<question>.yml` holds the criteria with their points, and a model answer.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from pathlib import Path

from pydantic import BaseModel, ConfigDict, Field, ValidationError

from ..errors import CourseError
from .grading import GRADING, read_yaml
from .outline import Outline

Cell = tuple[str, str]  # "markdown" or "code", and its source


class Criterion(BaseModel):
    """One thing that an answer should say or show."""

    model_config = ConfigDict(extra="forbid", frozen=True)

    text: str
    points: float = Field(gt=0)


class _Hidden(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)

    criteria: tuple[Criterion, ...] = Field(min_length=1)
    false_claim: float = Field(default=1, ge=0)
    model_answer: str = Field(min_length=1)


@dataclass(frozen=True)
class Question:
    """A question, complete: what students see, and what only the marker does."""

    name: str
    prompt: str  # Markdown
    answer: tuple[Cell, ...]  # the cells that students fill in, as they receive them
    points: float
    criteria: tuple[Criterion, ...]
    false_claim: float  # points that each false claim costs
    model_answer: str  # Markdown

    @property
    def mark_scheme(self) -> list[str]:
        """What earns points and what costs some, as a list in Markdown."""
        lines = [f"- {c.points:g} point{'s' * (c.points != 1)}: {c.text}" for c in self.criteria]
        lost = [f"- {-self.false_claim:g} for each false claim"] if self.false_claim else []
        return lines + lost


def question_files(outline: Outline, name: str) -> tuple[Path, Path]:
    """What students see of a question, and what markers do."""
    return outline.folder / f"{name}.md", outline.hidden / f"{name}.yml"


def load_questions(outline: Outline) -> dict[str, Question]:
    """All questions of an assignment.

    Raises:
        CourseError: of one, a half is missing or damaged, or the criteria do not add up.
    """
    return {
        name: load_question(*question_files(outline, name), points)
        for name, points in outline.question_points.items()
    }


def load_question(public: Path, hidden: Path, points: float) -> Question:
    """Load both halves of a question.

    Raises:
        CourseError: a half is missing or damaged, or the criteria do not add up to the points.
    """
    import jupytext  # type: ignore[import-untyped]  # which grading has no use for: takes seconds

    if not public.is_file():
        raise CourseError(f"{public} is missing (the question has points)")
    rubric = _rubric(hidden, points)
    cells = jupytext.reads(public.read_text(encoding="utf-8"), fmt="md").cells
    if len(cells) < 2:
        raise CourseError(
            f"{public}: expected the prompt, two blank lines, and a cell for the answer"
        )
    prompt, *answer = ((cell.cell_type, cell.source) for cell in cells)
    return Question(
        name=public.stem,
        prompt=prompt[1],
        answer=tuple(answer),
        points=points,
        criteria=rubric.criteria,
        false_claim=rubric.false_claim,
        model_answer=rubric.model_answer,
    )


def check_rubrics(outline: Outline) -> None:
    """See that all criteria are there and add up to the points; quicker than loading all.

    Raises:
        CourseError: they do not.
    """
    for name, points in outline.question_points.items():
        _, hidden = question_files(outline, name)
        _rubric(hidden, points)


def _rubric(hidden: Path, points: float) -> _Hidden:
    if not hidden.is_file():
        raise CourseError(f"{hidden} is missing (the question has points)")
    try:
        rubric = _Hidden.model_validate(read_yaml(hidden))
    except ValidationError as error:
        first = error.errors()[0]
        where = ".".join(str(step) for step in first["loc"])
        raise CourseError(f"{hidden}: {where}: {first['msg'].lower()}") from error
    total = sum(criterion.points for criterion in rubric.criteria)
    if not math.isclose(total, points):  # 0.1 + 0.2 is 0.3
        told = f"the criteria are worth {total:g} points, and {GRADING} gives {points:g}"
        raise CourseError(f"{hidden}: {told}: change one of them")
    return rubric
