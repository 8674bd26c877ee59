"""Every exercise can tell right from wrong: solutions, alternatives, skeletons and mistakes."""

from __future__ import annotations

import ast
import io
import sys
from concurrent.futures import ThreadPoolExecutor
from functools import cache
from pathlib import Path

import pytest
import torch
from torch import nn
from torch.nn import functional

from autograder.compare import Tolerance
from autograder.course import find_course
from autograder.draw import hidden_cases
from autograder.exercise import load_exercise
from autograder.judge import Judge, judge, observe, want
from autograder.mistakes import KnownMistake, recognise
from autograder.model import Kind
from autograder.reference import load_reference
from autograder.wire import decode, encode

# What each mistake earns. A mistake that is dropped, or pays differently, fails a test.
STATED = {
    "grad_quadratic": {
        "mean": 2,
        "not_scalar": 0,
        "no_autograd": 2,
        "int_leaf": 4,
        "returned_y": 1,
        "returned_x": 1,
    },
    "fresh_grads": {
        "alias": 1,
        "alias_zeroed_after": 1,
        "accumulated": 2,
        "grad_is_none": 0,
    },
    "train": {
        "untouched": 0,
        "broadcast": 1,
        "no_zero_grad": 4,
        "never_moved": 3,
        "never_moved_cleared_too_late": 3,
        "kept_tensors": 7,
    },
    "build_and_backward": {
        "final_relu": 1,
        "seed_order": 1,
        "doubled": 4,
        "double_sigmoid": 2,
        "sum_reduction": 2,
        "y_shape": 0,
        "grad_is_none": 4,
    },
    "grad_stats": {
        "std_warning": 7,
        "population_std": 6,
        "param_not_grad": 4,
        "not_flattened": 7,
        "skipped_none": 7,
        "not_float": 3,
    },
}

COURSE = find_course(Path(__file__).parent)
TOLERANCE = Tolerance(**COURSE.grading.policy.tolerance.model_dump())
SECRET = b"the secret of the tests"
STUDENTS = tuple(f"student {number}" for number in range(25))

each_exercise = pytest.mark.parametrize(
    ("assignment", "exercise"),
    [(name, exercise) for name, rubric in COURSE.grading.rubrics.items() for exercise in rubric],
)


@cache
def reference_of(assignment, exercise):
    public, hidden = (COURSE.folder / half / assignment for half in ("assignments", "reference"))
    return load_reference(hidden / f"{exercise}.py", load_exercise(public / f"{exercise}.py"))


@cache
def cases_of(assignment, exercise, student):
    """A student's hidden cases, and what the solution gives for them."""
    reference = reference_of(assignment, exercise)
    cases = hidden_cases(reference.hidden, 3, SECRET, assignment, exercise, student)
    return cases, want(reference, cases)


@cache
def known_mistakes(assignment, exercise, student):
    reference = reference_of(assignment, exercise)
    cases, wanted = cases_of(assignment, exercise, student)

    def known(mistake):
        seen = observe(reference, mistake.answer, cases)
        verdicts = judge(reference, cases, wanted, seen, TOLERANCE)
        return KnownMistake(mistake.sentence, seen, verdicts)

    return [known(mistake) for mistake in reference.mistakes.values()]


def over_the_wire(observation):
    return decode(io.BytesIO(encode(observation)).read)


@cache
def received(assignment, exercise, student, answer):
    cases, _ = cases_of(assignment, exercise, student)
    return [over_the_wire(o) for o in observe(reference_of(assignment, exercise), answer, cases)]


def grade(assignment, exercise, student, answer, scale=1.0):
    """The score of an answer, and the sentences of the mistakes recognised in it."""
    reference = reference_of(assignment, exercise)
    cases, wanted = cases_of(assignment, exercise, student)
    seen = received(assignment, exercise, student, answer)
    tolerance = Tolerance(TOLERANCE.absolute, TOLERANCE.relative, scale)
    verdicts = judge(reference, cases, wanted, seen, tolerance)
    points = COURSE.grading.rubrics[assignment][exercise]
    score = sum(points[verdict.check] for verdict in verdicts if verdict.kind is Kind.passed)
    known = known_mistakes(assignment, exercise, student)
    return score, recognise(reference, seen, verdicts, known)


def right_answers(reference):
    alternatives = {name: a.answer for name, a in reference.alternatives.items()}
    return {"the solution": reference.solution, **alternatives}


def expected_scores(assignment, exercise):
    """Every answer that the reference knows, and what it should earn: {name: (answer, score)}."""
    reference = reference_of(assignment, exercise)
    full = sum(COURSE.grading.rubrics[assignment][exercise].values())
    wrong = {name: (m.answer, m.score) for name, m in reference.mistakes.items()}
    return {name: (answer, full) for name, answer in right_answers(reference).items()} | wrong


def run_cell(source, name):
    """What a notebook that has imported torch, nn and F makes of a cell."""
    namespace = {"torch": torch, "nn": nn, "F": functional}
    exec(source, namespace)
    return namespace[name]


@each_exercise
def test_the_rubric_pays_every_check_and_no_other(assignment, exercise):
    paid = COURSE.grading.rubrics[assignment][exercise]
    assert list(paid) == list(reference_of(assignment, exercise).checks)


@each_exercise
def test_right_answers_get_full_marks(assignment, exercise):
    full = sum(COURSE.grading.rubrics[assignment][exercise].values())
    for name, answer in right_answers(reference_of(assignment, exercise)).items():
        scores = [grade(assignment, exercise, student, answer) for student in STUDENTS]
        assert scores == [(full, ())] * len(STUDENTS), name


@each_exercise
def test_there_are_right_answers_in_several_styles(assignment, exercise):
    assert len(reference_of(assignment, exercise).alternatives) >= 5


@each_exercise
def test_unfinished_answers_score_0(assignment, exercise):
    skeleton = run_cell(reference_of(assignment, exercise).exercise.skeleton, exercise)
    for answer in (skeleton, lambda *_, **__: None):
        scores = [grade(assignment, exercise, student, answer)[0] for student in STUDENTS]
        assert scores == [0] * len(STUDENTS)


@each_exercise
def test_mistakes_get_their_score_and_their_own_sentence(assignment, exercise):
    for name, mistake in reference_of(assignment, exercise).mistakes.items():
        graded = [grade(assignment, exercise, student, mistake.answer) for student in STUDENTS]
        assert graded == [(mistake.score, (mistake.sentence,))] * len(STUDENTS), name


@each_exercise
def test_mistakes_are_the_stated_ones(assignment, exercise):
    mistakes = reference_of(assignment, exercise).mistakes
    assert {name: mistake.score for name, mistake in mistakes.items()} == STATED[exercise]


@each_exercise
def test_every_mistake_loses_points_and_says_why(assignment, exercise):
    full = sum(COURSE.grading.rubrics[assignment][exercise].values())
    for name, mistake in reference_of(assignment, exercise).mistakes.items():
        assert mistake.score < full, name
        assert mistake.sentence.endswith("."), name


@pytest.mark.parametrize("scale", [0.1, 10])
@each_exercise
def test_no_score_is_near_a_limit(assignment, exercise, scale):
    for name, (answer, score) in expected_scores(assignment, exercise).items():
        scores = [grade(assignment, exercise, s, answer, scale)[0] for s in STUDENTS]
        assert scores == [score] * len(STUDENTS), name


@each_exercise
def test_every_answer_works_when_pasted_into_a_notebook(assignment, exercise):
    reference = reference_of(assignment, exercise)
    for name, (_, score) in expected_scores(assignment, exercise).items():
        source = reference.source(exercise if name == "the solution" else name)
        answer = run_cell(source, exercise)
        assert grade(assignment, exercise, STUDENTS[0], answer)[0] == score, name


@each_exercise
def test_the_solution_passes_on_the_visible_case(assignment, exercise):
    reference = reference_of(assignment, exercise)
    visible = [reference.exercise.visible]
    wanted = want(reference, visible)
    verdicts = judge(reference, visible, wanted, wanted, TOLERANCE)
    assert [v.check for v in verdicts if v.kind is not Kind.passed] == []


@each_exercise
def test_cases_are_plain_data_and_drawn_again_alike(assignment, exercise):
    cases, _ = cases_of(assignment, exercise, STUDENTS[0])
    hidden = reference_of(assignment, exercise).hidden
    again = hidden_cases(hidden, 3, SECRET, assignment, exercise, STUDENTS[0])
    assert [encode(c.data) for c in cases] == [encode(c.data) for c in again]
    other, _ = cases_of(assignment, exercise, STUDENTS[1])
    assert [encode(c.data) for c in cases] != [encode(c.data) for c in other]


@each_exercise
def test_the_public_half_needs_only_torch_and_the_standard_library(assignment, exercise):
    path = reference_of(assignment, exercise).exercise.path
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        names += [node.module or "."] if isinstance(node, ast.ImportFrom) else []
        for name in names:
            top = name.split(".")[0]
            assert top in {"torch", ""} | sys.stdlib_module_names or name == "autograder.exercise"


@pytest.mark.parametrize("assignment", COURSE.grading.rubrics)
def test_what_many_threads_prepare_is_what_one_would_have_prepared(assignment):
    """Course code draws from torch's one global generator, so it must take turns."""
    references = COURSE.assignment(assignment).references
    work = [(exercise, student) for student in STUDENTS[:12] for exercise in references]

    def of_one_judge(threads):
        one = Judge(assignment, references, TOLERANCE, SECRET, per_student=True)
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda item: one.prepare(*item), work))

    for ready, alone in zip(of_one_judge(8), of_one_judge(1), strict=True):
        cases, expected = ([encode(case.data) for case in p.cases] for p in (ready, alone))
        assert cases == expected
        seen = observe(ready.reference, ready.reference.solution, ready.cases)
        assert {verdict.kind for verdict in ready.outcome(seen).verdicts} == {Kind.passed}
