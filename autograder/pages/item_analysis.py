"""Item analysis: what the points of a class tell of the exercises."""

from __future__ import annotations

import math
import statistics
from collections.abc import Sequence

from .overview import Overview

FEWEST = 10  # students; with fewer, a correlation is noise
FEW = 30  # students; with fewer, how far off it may be has to be said
LOW = 0.2  # below this an exercise is worth a look
WIDTH = 1.96  # standard errors on both sides of what holds 95 %


def discrimination(overview: Overview) -> dict[str, float | None]:
    """How well each exercise tells the strong from the weak: the item-rest correlation.

    Pearson's, between the points of the exercise and the sum of all others, so that no exercise
    agrees with itself (S. Henrysson, "Correction of item-total correlations in item analysis",
    Psychometrika 28, 1963). None where it means nothing: too few students, or everybody has the
    same. `LOW` is the rule of thumb of Ebel and Frisbie ("Essentials of Educational Measurement",
    1991), who made it for the difference between the best and the worst quarter.
    """
    points = [[each for each in row.points if each is not None] for row in overview.graded]
    found: dict[str, float | None] = {}
    for place, name in enumerate(overview.exercises):
        item = [each[place] for each in points]
        rest = [round(sum(each) - each[place], 9) for each in points]
        found[name] = _correlation(item, rest)
    return found


def _correlation(a: Sequence[float], b: Sequence[float]) -> float | None:
    if len(a) < FEWEST or len(set(a)) == 1 or len(set(b)) == 1:
        return None
    return statistics.correlation(a, b)


def interval(correlation: float, students: int) -> tuple[float, float]:
    """Where the true correlation lies in 95 of 100 classes, by Fisher's z transformation (1921).

    For more than 3 students, and nothing that is exactly 1.
    """
    middle, error = math.atanh(correlation), WIDTH / math.sqrt(students - 3)
    return math.tanh(middle - error), math.tanh(middle + error)
