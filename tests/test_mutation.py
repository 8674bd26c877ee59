"""No slip in a solution keeps full marks, but for those that are listed as no slip at all."""

import pytest
from mutation import Reasons, mutants, of_assignment

from autograder.course.course import find_course

COURSE = find_course()


def test_mutants_are_different_from_the_original_and_from_each_other():
    source = "def f(x):\n    y = x.clone()\n    return y.sum() * 2 if x > 1 else (x, 3)"
    found = list(mutants(source))
    labels, sources = ({getattr(m, what) for m in found} for what in ("label", "source"))
    assert len(found) == len(labels) == len(sources) > 20
    for changed in ("y = x\n", "y.mean()", "* 1", "/ 2", "x >= 1", "(3, x)", "y.detach().sum()"):
        assert any(changed in text for text in sources), changed
    assert source not in sources


@pytest.mark.slow  # `make mutants` is the same
def test_every_mutant_loses_points_or_is_explained_and_every_reason_is_needed():
    reasons = Reasons()
    for name in COURSE.grading.rubrics:
        for exercise, fates in of_assignment(COURSE.assignment(name)):
            living = [fate.mutant for fate in fates if not fate.killed_by]
            assert [m.label for m in living if not reasons.find(exercise, m)] == [], exercise
    assert reasons.unused() == set()
