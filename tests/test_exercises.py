"""Every exercise can tell right from wrong: solutions, alternatives, skeletons and mistakes."""

from __future__ import annotations

import ast
import functools
import itertools
import os
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from fractions import Fraction
from functools import cache
from pathlib import Path

import numpy as np
import pytest
import torch
from ours import assignments

from autograder.compare import Tolerance
from autograder.course.course import find_course
from autograder.course.proof import NOTEBOOK, points_of, prove
from autograder.judging.judge import Judge, judge, observe, want
from autograder.model import UNFINISHED, Kind
from autograder.wire import encode

# What each mistake of the lecture's own exercises earns. A mistake that is dropped, or pays
# differently, fails a test; an exercise that is not listed here states its scores itself.
STATED = {
    "grad_quadratic": {
        "caret": 0,
        "backward_not_called": 0,
        "not_a_leaf": 1,
        "tuple_of_one": 1,
        "mean": 2,
        "not_scalar": 0,
        "no_autograd": 2,
        "int_leaf": 4,
        "returned_y": 1,
        "returned_input": 1,
        "returned_x": 1,
    },
    "accumulated_grad": {
        "returned_in_the_loop": 1,
        "one_pass_too_few": 0,
        "second_time": 1,
        "one_pass_only": 2,
        "one_pass_only_cleared": 2,
        "no_autograd": 1,
        "one_backward": 3,
        "one_backward_multiplied": 3,
        "added_again": 2,
        "mean": 1,
        "not_scalar": 0,
        "returned_x": 1,
    },
    "backward_twice": {
        "raised_did_nothing": 4,
        "once_more_after_the_error": 3,
        "flag_alone": 0,
        "gradients_alone": 0,
        "hard_coded": 2,
        "hard_coded_after_both_calls": 4,
        "rebuilt": 2,
        "retained": 2,
        "zeroed": 2,
        "zeroed_to_none": 2,
        "second_time": 2,
        "first_only": 3,
        "never_flagged": 3,
        "inverted": 2,
        "not_a_list": 2,
        "swapped": 0,
        "not_unpacked": 0,
    },
    "fresh_grads": {
        "appended_and_assigned": 0,
        "factor_of_the_pass_before": 2,
        "without_the_factor": 2,
        "tuples": 1,
        "alias": 1,
        "alias_zeroed_after": 1,
        "accumulated": 2,
        "grad_is_none": 0,
    },
    "clear_grads": {
        "x_with_the_model": 6,
        "x_always": 4,
        "optimizer_never": 5,
        "model_never": 6,
        "else_of_the_last_if": 5,
        "too_much": 3,
        "too_much_all_three": 2,
        "optimizer_always": 4,
        "swapped": 4,
        "grad_is_none": 6,
        "grad_is_none_in_loops": 6,
        "wiped_data": 4,
        "no_such_method": 4,
        "another_x": 5,
        "stepped": 6,
        "weights_only": 4,
    },
    "train": {
        "loss_summed": 3,
        "summed": 1,
        "loss_after_the_step": 5,
        "adam": 3,
        "untouched": 0,
        "broadcast": 1,
        "no_zero_grad": 4,
        "never_moved": 3,
        "never_moved_cleared_too_late": 3,
        "one_step_behind": 3,
        "one_step_behind_and_summed": 3,
        "kept_tensors": 7,
    },
    "build_and_backward": {
        "final_sigmoid": 1,
        "ends_in_sigmoid": 1,
        "no_sigmoid": 2,
        "y_dtype": 0,
        "stepped": 7,
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
    "predictions": {
        "overwritten": 8,
        "a_raising_call_does_nothing": 8,
        "no_error": 8,
        "zeros_after_zero_grad": 8,
        "population_formula": 8,
        "no_loss_when_dead": 8,
        "small_but_not_0": 8,
        "a_mean_doubles_too": 8,
        "bias_sees_the_inputs": 8,
        "probability_0": 8,
        "loss_0": 8,
    },
    "hand_grad": {
        "inner_slope_a_x": 2,
        "brackets_missing": 2,
        "sign_of_b": 2,
        "no_inner_a": 2,
        "product_of_derivatives": 2,
        "first_term_only": 2,
        "second_term_only": 2,
        "sigmoid_is_its_own_slope": 2,
        "slope_at_x": 2,
        "minus_sign": 2,
        "square_kept": 2,
        "the_function": 2,
        "used_autograd": 1,
        "used_func_grad": 1,
        "compared_inside": 1,
    },
    "vjp": {
        "tuple_of_one": 1,
        "v_ignored": 2,
        "ones_instead_of_v": 2,
        "not_scalar": 0,
        "mean": 2,
        "returned_jacobian": 1,
        "no_autograd": 2,
        "one_row_matrix": 1,
        "not_summed": 1,
        "not_a_leaf": 1,
        "no_tanh": 2,
        "v_on_the_inside": 3,
    },
    "two_losses": {
        "alias_the_other_way_round": 2,
        "tuples": 0,
        "no_retain_graph": 0,
        "accumulated": 3,
        "forward_twice": 3,
        "alias": 4,
        "alias_accumulated": 2,
        "added_losses": 2,
        "means": 2,
        "square_of_sum": 3,
        "stopped_at_h": 2,
        "swapped": 2,
    },
    "micro_batch_grads": {
        "divided_by_size": 2,
        "full_chunks_counted": 3,
        "unscaled": 2,
        "chunk_mean": 3,
        "nominal_size": 3,
        "dropped_rest": 3,
        "sum_not_mean": 2,
        "last_chunk_only": 2,
        "last_chunk_only_unscaled": 2,
        "stale": 5,
        "cleared_at_the_end": 0,
        "stepped": 5,
        "trained": 1,
    },
    "freeze_and_backward": {
        "first_layer_always": 0,
        "frozen_too_late": 3,
        "eval_mode": 3,
        "zeros_not_none": 3,
        "cleared_to_zeros": 3,
        "stale": 1,
        "stale_where_frozen": 3,
        "cut_graph": 0,
        "detached_layer": 0,
        "froze_the_others": 0,
        "cleared_too_late": 0,
        "left_out": 2,
        "sum_reduction": 3,
        "stepped": 4,
    },
    "dead_relu_report": {
        "zero_grad_is_not_dead": 5,
        "zero_grad_after_backward": 5,
        "any_not_all": 3,
        "never_negative": 5,
        "exactly_0_forgotten": 5,
        "wrong_axis": 3,
        "average_before_relu": 3,
        "alive_instead_of_dead": 3,
        "rows_at_least_0": 6,
        "dead_if_any": 6,
        "left_grads": 6,
    },
    "clip_gradients": {
        "per_tensor": 5,
        "clamped": 5,
        "scaled_up": 6,
        "sum_of_norms": 3,
        "no_root": 1,
        "norm_after": 6,
        "grad_is_none": 7,
        "none_made_zeros": 7,
        "nothing_scaled": 2,
        "weights_not_grads": 0,
        "no_norm_below": 6,
        "nothing_returned": 5,
    },
    "numgrad": {
        "sign": 2,
        "old_is_a_view": 2,
        "row_at_once": 2,
        "one_sided": 4,
        "float32": 2,
        "float32_result": 2,
        "x_changed": 3,
        "all_at_once": 2,
        "one_number": 1,
        "half": 2,
        "same_tensor": 2,
        "flat": 1,
        "used_autograd": 0,
    },
    "LeakyReLU": {
        "grad_output_ignored": 3,
        "n_grads": 1,
        "gradient_for_slope": 1,
        "relu_mask": 2,
        "plain_relu": 1,
        "value_not_derivative": 2,
        "fixed_slope": 1,
        "input_changed": 4,
        "input_marked_dirty": 4,
        "gradient_changed": 5,
        "saved_number": 1,
        "a_module": 0,
    },
    "manual_backward": {
        "sigmoid_slope_twice": 2,
        "no_division_by_n": 2,
        "no_final_mask": 2,
        "masks_with_equality": 2,
        "sign": 2,
        "no_hidden_mask": 6,
        "bias_mean": 6,
        "transposed": 8,
        "both_transposed": 6,
        "used_autograd": 1,
        "final_relu": 1,
        "summed_loss": 1,
        "double_sigmoid": 9,
        "no_sigmoid_slope": 2,
    },
    "layer_grad_norms": {
        "with_biases": 0,
        "weights_not_grads": 1,
        "from_the_output": 1,
        "mean_not_norm": 1,
        "squared": 1,
        "rounded_to_0": 3,
        "summed_loss": 1,
        "output_not_squared": 1,
        "mean_squared": 3,
        "cleared_too_late": 0,
    },
    "hvp": {
        "tuple_of_one": 1,
        "no_create_graph": 0,
        "linear_not_seen": 5,
        "accumulated": 1,
        "v_ignored": 2,
        "v_too_late": 2,
        "diagonal_only": 2,
        "elementwise_product": 1,
        "returned_gradient": 1,
        "not_summed": 1,
        "left_in_grad": 5,
    },
}

COURSE = find_course(Path(__file__).parent)
ASSIGNMENTS = assignments()
LIMITS = COURSE.grading.policy.tolerance.model_dump()
SECRET = b"the secret of the tests"
FEW = [f"student {number}" for number in range(5)]
MANY = [f"student {number}" for number in range(100)]

each_exercise = pytest.mark.parametrize(
    ("assignment", "exercise"),
    [(name, exercise) for name, ready in ASSIGNMENTS.items() for exercise in ready.references],
)
students = pytest.mark.parametrize(
    "students", [FEW, pytest.param(MANY, marks=pytest.mark.slow)], ids=["few", "many"]
)


@cache
def judge_of(assignment, scale=1.0):
    tolerance = Tolerance(**LIMITS, scale=scale)
    return Judge(assignment, ASSIGNMENTS[assignment].references, tolerance, SECRET, True)


@cache
def prepared_for(assignment, exercise, student, scale=1.0):
    return judge_of(assignment, scale).prepare(exercise, student)


def points_for(assignment, exercise):
    return ASSIGNMENTS[assignment].rubric[exercise]


def grade(assignment, exercise, answer, student=FEW[0]):
    prepared = prepared_for(assignment, exercise, student)
    return points_of(prepared.verdicts(prepared.observe(answer)), points_for(assignment, exercise))


def run_cell(source, name):
    """What a notebook that has imported torch, nn and F makes of a cell."""
    namespace = dict(NOTEBOOK)
    exec(source, namespace)
    return namespace[name]


@each_exercise
def test_the_rubric_pays_every_check_and_no_other(assignment, exercise):
    reference = ASSIGNMENTS[assignment].references[exercise]
    assert list(points_for(assignment, exercise)) == list(reference.checks)


@students
@each_exercise
def test_every_answer_earns_what_is_stated_and_reads_its_own_sentence(
    assignment, exercise, students
):
    """Right answers full marks, unfinished ones 0, mistakes their score and sentence."""
    for student in students:
        trials = prove(
            prepared_for(assignment, exercise, student), points_for(assignment, exercise)
        )
        assert [(t.name, t.problem, t.hint) for t in trials if t.problem] == [], student


@each_exercise
def test_an_untouched_exercise_reads_not_done_yet_and_nothing_else(assignment, exercise):
    prepared = prepared_for(assignment, exercise, FEW[0])
    cell = dict(NOTEBOOK)
    exec(prepared.reference.exercise.skeleton, cell)
    outcome = prepared.outcome(prepared.observe(cell[exercise]))
    assert {verdict.hint for verdict in outcome.verdicts} == {UNFINISHED} and not outcome.mistakes


@each_exercise
def test_an_answer_that_fails_in_a_way_of_its_own_reads_of_no_mistake(assignment, exercise):
    def raising(*_, **__):
        raise RuntimeError("of its own")

    prepared = prepared_for(assignment, exercise, FEW[0])
    told = prepared.outcome(prepared.observe(raising)).mistakes
    if exercise == "LeakyReLU":  # no class: the probe's own error, which a module has, too
        assert [sentence.split()[:2] for sentence in told] == [["A", "module"]]
    else:
        assert not told


@pytest.mark.parametrize("scale", [0.1, 10])
@each_exercise
def test_no_score_is_near_a_limit(assignment, exercise, scale):
    for student in FEW:
        prepared = prepared_for(assignment, exercise, student, scale)
        trials = prove(prepared, points_for(assignment, exercise))
        assert [t.name for t in trials if t.score != t.stated] == [], student


def test_there_are_right_answers_in_several_styles():
    for assignment in ASSIGNMENTS.values():
        for exercise, reference in assignment.references.items():
            assert len(reference.alternatives) >= 5 or exercise not in STATED, exercise


def test_no_listed_exercise_is_gone():
    assert set(STATED) <= {e for ready in ASSIGNMENTS.values() for e in ready.references}


@each_exercise
def test_mistakes_are_the_stated_ones(assignment, exercise):
    mistakes = ASSIGNMENTS[assignment].references[exercise].mistakes
    scores = {name: mistake.score for name, mistake in mistakes.items()}
    assert scores == STATED.get(exercise, scores)
    for name, mistake in mistakes.items():
        assert mistake.sentence.endswith("."), name


@each_exercise
def test_every_answer_works_when_pasted_into_a_notebook(assignment, exercise):
    reference = ASSIGNMENTS[assignment].references[exercise]
    full = sum(points_for(assignment, exercise).values())
    stated = {exercise: full} | dict.fromkeys(reference.alternatives, full)
    stated |= {name: mistake.score for name, mistake in reference.mistakes.items()}
    for name, score in stated.items():
        answer = run_cell(reference.source(name), exercise)
        assert grade(assignment, exercise, answer) == score, name


class Called:
    """An answer that is an object, not a function."""

    def __init__(self, answer):
        self.answer = answer

    def __call__(self, *args, **kwargs):
        return self.answer(*args, **kwargs)

    def method(self, *args):
        return self.answer(*args)


def decorated(answer):
    @functools.wraps(answer)
    def wrapper(*args):
        print("called with", len(args))
        return answer(*args)

    return wrapper


DRESSES = {
    "lambda": lambda answer: lambda *args: answer(*args),
    "partial": lambda answer: functools.partial(answer),
    "decorated": decorated,
    "cached by nothing": lambda answer: functools.singledispatch(answer),
    "callable object": Called,
    "bound method": lambda answer: Called(answer).method,
}


@pytest.mark.parametrize("dress", DRESSES)
@each_exercise
def test_it_does_not_matter_what_kind_of_callable_an_answer_is(assignment, exercise, dress):
    solution = ASSIGNMENTS[assignment].references[exercise].solution
    if not callable(solution) or isinstance(solution, type):
        pytest.skip("the answer is no function")
    full = sum(points_for(assignment, exercise).values())
    assert grade(assignment, exercise, DRESSES[dress](solution)) == full


@each_exercise
def test_the_solution_passes_on_the_visible_case(assignment, exercise):
    reference = ASSIGNMENTS[assignment].references[exercise]
    visible = [reference.exercise.visible]
    wanted = want(reference, visible)
    verdicts = judge(reference, visible, wanted, wanted, Tolerance(**LIMITS))
    assert [v.check for v in verdicts if v.kind is not Kind.passed] == []


@pytest.mark.parametrize("half", [0.5, np.float32(0.5), torch.tensor(0.5), np.float64(0.5), 1])
def test_a_number_has_the_form_of_one_however_it_was_made(half):
    """A prediction that the judge takes must not be called wrong by the check in the notebook."""
    predictions = ASSIGNMENTS["backprop"].references["predictions"]
    answers = dict(predictions.solution) | {"P8": half}
    (seen,) = observe(predictions, answers, [predictions.exercise.visible])
    assert seen["forms"].value["P8"] == "a number"


@pytest.mark.parametrize(
    "changes",
    [
        {"P6": torch.tensor([1.0, 2.0]), "P7": np.array([10, 1])},
        {"P6": (Fraction(1), np.float32(2)), "P8": Fraction(1, 2)},
        {"P6": torch.tensor([1.0, 2.0], requires_grad=True)},
        {"P3": "none "},
        {"P3": None},
        {"p1": "a guess", " p8 ": ...},  # the key that was asked for goes first
    ],
)
def test_numbers_and_pairs_are_taken_however_they_were_made(changes):
    answers = dict(ASSIGNMENTS["backprop"].references["predictions"].solution) | changes
    full = sum(ASSIGNMENTS["backprop"].rubric["predictions"].values())
    assert grade("backprop", "predictions", answers) == full


@pytest.mark.parametrize("answer", ["None or zeros", 0, ["zeros"], {"zeros": 1}])
def test_a_text_that_is_neither_of_the_two_is_not_called_one_of_them(answer):
    predictions = ASSIGNMENTS["backprop"].references["predictions"]
    case = predictions.exercise.visible
    seen = observe(predictions, dict(predictions.solution) | {"P3": answer}, [case])
    wanted = want(predictions, [case])
    told = predictions.checks["P3"].test(seen[0], wanted[0], None, Tolerance())
    assert told == 'write one of the two texts, "None" or "zeros"'


def test_a_mistake_is_not_told_of_more_than_was_done():
    """Parameters were wiped, and x was not: x = None names another tensor."""

    def answer(kind, model, optimizer, x):
        if kind == "optimizer":
            optimizer.zero_grad()
        elif kind == "model":
            for p in model.parameters():
                p.data.zero_()
        else:
            x = None  # noqa: F841 (the slip)

    judge = Judge("backprop", ASSIGNMENTS["backprop"].references, Tolerance(), b"x")
    prepared = judge.prepare("clear_grads", "")
    told = prepared.outcome(prepared.observe(answer)).mistakes
    assert any(sentence.startswith("x.grad is as it was") for sentence in told)
    assert not any("wiped" in sentence for sentence in told)


ORDERS = ["zbs", "bs", "zsb", "bzs", "szb", "sb"]  # of zero_grad, backward and step; one is right


@pytest.mark.parametrize(
    ("order", "squeezes", "keeps_numbers"),
    list(itertools.product(ORDERS, (True, False), (True, False)))[1:],
)
def test_however_few_mistakes_of_the_loop_were_repaired_one_that_is_left_is_named(
    order, squeezes, keeps_numbers
):
    def train(model, X, y, lr, steps):
        optimizer, history = torch.optim.SGD(model.parameters(), lr=lr), []
        for _ in range(steps):
            predicted = model(X).squeeze(1) if squeezes else model(X)
            loss = ((predicted - y) ** 2).mean()
            calls = {"z": optimizer.zero_grad, "b": loss.backward, "s": optimizer.step}
            for call in order:
                calls[call]()
            history.append(loss.item() if keeps_numbers else loss)
        return history

    left = {
        "each entry is a tensor": not keeps_numbers,
        "n x n": not squeezes,
        "zero_grad() in every step": order in ("bs", "sb"),
        "never move": order in ("zsb", "bzs"),
        "step() after": order in ("szb", "sb"),
    }
    prepared = prepared_for("backprop", "train", FEW[0])
    told = " ".join(prepared.outcome(prepared.observe(train)).mistakes).lower()
    assert [words for words in left if words in told]
    assert not [words for words, is_left in left.items() if words in told and not is_left]


@each_exercise
def test_cases_are_plain_data_and_drawn_again_alike(assignment, exercise):
    """Another student's differ, unless the inputs are those that everybody reads."""
    cases, other = (prepared_for(assignment, exercise, s).cases for s in FEW[:2])
    again = judge_of(assignment).prepare(exercise, FEW[0]).cases
    drawn = [encode(case.data) for case in cases]
    assert drawn == [encode(case.data) for case in again]
    visible = encode(ASSIGNMENTS[assignment].references[exercise].exercise.visible.data)
    assert (drawn != [encode(case.data) for case in other]) == (visible not in drawn)


@each_exercise
def test_the_public_half_needs_only_torch_and_the_standard_library(assignment, exercise):
    path = ASSIGNMENTS[assignment].references[exercise].exercise.path
    for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
        names = [alias.name for alias in node.names] if isinstance(node, ast.Import) else []
        if isinstance(node, ast.ImportFrom):
            names.append("." * node.level + (node.module or ""))
        for name in names:
            top = name.split(".")[0]
            assert top in {"torch", ""} | sys.stdlib_module_names or name == "autograder.exercise"


@pytest.mark.parametrize("assignment", ASSIGNMENTS)
def test_what_many_threads_prepare_is_what_one_would_have_prepared(assignment):
    """Course code draws from torch's one global generator, so it must take turns."""
    references = ASSIGNMENTS[assignment].references
    work = [(exercise, student) for student in MANY[:12] for exercise in references]

    def of_one_judge(threads):
        one = Judge(assignment, references, Tolerance(**LIMITS), SECRET, per_student=True)
        with ThreadPoolExecutor(threads) as pool:
            return list(pool.map(lambda item: one.prepare(*item), work))

    for ready, alone in zip(of_one_judge(8), of_one_judge(1), strict=True):
        cases, expected = ([encode(case.data) for case in p.cases] for p in (ready, alone))
        assert cases == expected
        seen = observe(ready.reference, ready.reference.solution, ready.cases)
        assert {verdict.kind for verdict in ready.outcome(seen).verdicts} == {Kind.passed}


@pytest.mark.slow
@pytest.mark.parametrize(
    ("threads", "environment"),
    [("8", {}), ("1", {"ATEN_CPU_CAPABILITY": "default"})],
    ids=["threads", "kernels"],
)
def test_scores_do_not_depend_on_threads_or_on_the_processor(threads, environment):
    """torch's kernels differ in the last digits; no verdict may."""
    script = Path(__file__).with_name("prove_all.py")
    proved = subprocess.run(
        [sys.executable, script, threads],
        env=os.environ | environment,
        capture_output=True,
        text=True,
    )
    last = proved.stdout.strip().splitlines()[-1:]
    assert last == ["every answer earned what is stated"], proved.stdout + proved.stderr
