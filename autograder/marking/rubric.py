"""From the criteria that an answer meets to a mark."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping

from ..course.grading import nearest
from ..course.outline import Outline
from ..course.questions import Question, load_questions
from ..errors import MarkError
from ..model import Mark

LONGEST_COMMENT = 5_000  # characters
MOST_CLAIMS = 99
DIGITS = 6  # of points: 0.1 + 0.2 is 0.3


def questions_to_mark(outline: Outline) -> dict[str, Question]:
    """The questions of an assignment that a person marks.

    Raises:
        CourseError: one is damaged.
        MarkError: there is none.
    """
    if not outline.question_points:
        raise MarkError(f"{outline.name}: no question is marked by hand (grading.yml: questions)")
    return load_questions(outline)


def chosen(questions: Collection[str], only: str | None) -> Collection[str]:
    """All of the questions, or the one that was asked for.

    Raises:
        MarkError: there is none of that name.
    """
    if only is None:
        return questions
    if only not in questions:
        raise MarkError(f"no question {only!r}{nearest(only, questions)}")
    return [only]


def points(question: Question, criteria: Iterable[int], false_claims: int) -> float:
    """What the criteria earn, less what false claims cost; never less than nothing."""
    met = sum(question.criteria[position].points for position in criteria)
    return max(0.0, round(met - question.false_claim * false_claims, DIGITS))


def judged(
    questions: Mapping[str, Question],
    name: str,
    marker: str,
    criteria: Iterable[int],
    false_claims: int,
    comment: str,
    given: float | None = None,
) -> Mark:
    """A mark, worked out from the criteria that an answer meets, unless its points are `given`.

    Raises:
        MarkError: there is no such question or criterion, or too much of something.
    """
    if (question := questions.get(name)) is None:
        raise MarkError(f"no question {name!r}")
    met = tuple(sorted(set(criteria)))
    if met and not 0 <= met[0] <= met[-1] < len(question.criteria):
        raise MarkError(f"{name} has {len(question.criteria)} criteria")
    if not 0 <= false_claims <= MOST_CLAIMS:
        raise MarkError(f"false claims: expected 0 to {MOST_CLAIMS}, got {false_claims}")
    comment = comment.strip()
    if len(comment) > LONGEST_COMMENT:
        raise MarkError(f"the comment is longer than {LONGEST_COMMENT} characters")
    if given is not None and not 0 <= given <= question.points:
        raise MarkError(f"points: expected 0 to {question.points:g}, got {given:g}")
    earned = points(question, met, false_claims) if given is None else given
    return Mark(name, earned, marker, comment, met, false_claims)
