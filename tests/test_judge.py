"""Checks and verdicts: what is right passes, what is wrong is told why, and nobody else pays."""

from __future__ import annotations

import math
from pathlib import Path
from threading import Lock

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.checks import (
    NO_RETURN,
    NOTHING,
    check,
    close,
    floats,
    length,
    of_part,
    own_storage,
    plain_tensor,
    quiet,
    returned,
    same,
    shape,
    unchanged,
    used_autograd,
    without_autograd,
)
from autograder.compare import (
    Tolerance,
    _count,
    _count_many,
    alike,
    brief,
    dig,
    identical,
    is_number,
)
from autograder.draw import Draw
from autograder.errors import CourseError
from autograder.exercise import Exercise, attempt, case
from autograder.judging.judge import Judge, Prepared, judge, observe, want
from autograder.model import Kind, Lost, Outcome, Verdict
from autograder.observation import EVERY_PART, Error, Foreign, Part, plain
from autograder.reference import Mistake, Reference

nan, inf = math.nan, math.inf


def t(*entries, dtype=torch.float32, **options):
    return torch.tensor(entries, dtype=dtype, **options)


def scalar(value, dtype=torch.float32):
    return torch.tensor(value, dtype=dtype)


def says(test, seen, wanted=None, tolerance=None):
    """What a check of the part "x" has to say; `seen` and `wanted` are its value, or the part."""
    seen, wanted = (v if isinstance(v, Part) else Part(v) for v in (seen, wanted))
    return test.test({"x": seen}, {"x": wanted}, case(), tolerance or Tolerance())


# close

SHAPE_2 = "x: expected a tensor of shape (2,), got "
ONE = "x: expected one number, got "


@pytest.mark.parametrize(
    ("seen", "wanted", "sentence"),
    [
        # one number: a Python number or a 0-d tensor of any real dtype
        (1.5, 1.5, None),
        (1, 1.0, None),
        (1.0, 1, None),
        (scalar(1.5), 1.5, None),
        (scalar(1.5, torch.float64), 1.5, None),
        (scalar(1, torch.int64), 1.0, None),
        (scalar(1.5, torch.float16), 1.5, None),
        (1.5, scalar(1.5), None),
        (scalar(1.5), scalar(1.5), None),
        (1.5, 1.6, "x: wrong value"),
        (scalar(1.5), 1.6, "x: wrong value"),
        (2**62, 1.0, "x: wrong value"),
        (nan, 1.0, "x: contains nan"),
        (inf, 1.0, "x: contains inf"),
        (-inf, inf, "x: wrong value"),
        (0.33, 1 / 3, "x: rounded to 2 decimals: leave it as it is"),
        (-2.123, -2.123456, "x: rounded to 3 decimals: leave it as it is"),
        (0.3, 1 / 3, "x: wrong value"),
        (0.5, 0.5003, "x: wrong value"),
        (1.0, 0.997, "x: wrong value"),
        (1.0, inf, "x: wrong value"),
        (1.0, nan, "x: wrong value"),
        (nan, nan, None),
        (inf, inf, None),
        (t(1.5), 1.5, f"{ONE}shape (1,)"),
        (t([1.5]), 1.5, f"{ONE}shape (1, 1)"),
        (t(), 1.5, f"{ONE}another shape"),
        (True, 1.0, f"{ONE}True"),
        (False, 0, f"{ONE}False"),
        (True, scalar(1.0), f"{ONE}True"),
        (scalar(True, torch.bool), 1.0, "x: expected a float tensor, got torch.bool"),
        (scalar(1, torch.complex64), 1.0, "x: expected a float tensor, got torch.complex64"),
        (None, 1.5, f"x: {NO_RETURN}"),
        ("1.5", 1.5, f"{ONE}a string"),
        ([1.5], 1.5, f"{ONE}a list or tuple"),
        ({"a": 1.5}, 1.5, f"{ONE}a dict"),
        (Foreign("numpy.float32"), 1.5, f"{ONE}an object of type numpy.float32"),
        # tensors: the same shape, float32 or float64, nothing is broadcast
        (t(1, 2), t(1, 2), None),
        (t(1, 2, dtype=torch.float64), t(1, 2), None),
        (t(1, 2), t(1, 2, dtype=torch.float64), None),
        (t(1, 2, requires_grad=True), t(1, 2), None),
        (t([1, 2]), t(1, 2), f"{SHAPE_2}shape (1, 2)"),
        (t([1], [2]), t(1, 2), f"{SHAPE_2}shape (2, 1)"),
        (t(1, 1, 1), t(1, 1), f"{SHAPE_2}another shape"),
        (t(1), t(1, 1), f"{SHAPE_2}shape (1,)"),
        (scalar(1.0), t(1, 1), f"{SHAPE_2}shape ()"),
        (1.0, t(1, 1), f"{SHAPE_2}a float"),
        (1.0, t(1), "x: expected a tensor of shape (1,), got a float"),
        ([1.0, 2.0], t(1, 2), f"{SHAPE_2}a list or tuple"),
        (None, t(1, 2), f"x: {NO_RETURN}"),
        (Foreign("numpy.ndarray"), t(1, 2), f"{SHAPE_2}an object of type numpy.ndarray"),
        (t(1, 2, dtype=torch.int64), t(1, 2), "x: expected a float tensor, got torch.int64"),
        (t(1, 1, dtype=torch.bool), t(1, 1), "x: expected a float tensor, got torch.bool"),
        (t(1, 2, dtype=torch.float16), t(1, 2), "x: expected a float tensor, got torch.float16"),
        (
            t(1, 2, dtype=torch.complex64),
            t(1, 2),
            "x: expected a float tensor, got torch.complex64",
        ),
        (t(1, 3, 4), t(1, 2, 5), "x: right shape, but 2 of 3 values are wrong"),
        (t([1, 2], [3, 4]), t([1, 2], [3, 5]), "x: right shape, but 1 of 4 values are wrong"),
        (t(1, nan), t(1, 2), "x: contains nan"),
        (t(1, inf), t(1, 2), "x: contains inf"),
        (t(nan, inf), t(1, inf), "x: contains nan"),
        (t(nan, -inf), t(nan, -inf), None),
        (t(1, inf), t(1, -inf), "x: right shape, but 1 of 2 values are wrong"),
        (t(1, 0), t(1, nan), "x: right shape, but 1 of 2 values are wrong"),
        (t(), t(), None),
        (t(dtype=torch.float64), t(), None),
        (t(), t(1), "x: expected a tensor of shape (1,), got another shape"),
        (t(1), t(), "x: expected a tensor of shape (0,), got shape (1,)"),
        (
            torch.ones(0, 3),
            torch.ones(3, 0),
            "x: expected a tensor of shape (3, 0), got another shape",
        ),
        # lists and dicts of them, and whatever else lies in them
        ([1.0, t(1, 2)], [1.0, t(1, 2)], None),
        ([1.0, 2.0], [1.0, 3.0], "x[1]: wrong value"),
        ([], [], None),
        ([1.0], [1.0, 2.0], "x: expected 2 entries, got 1"),
        (t(1, 2), [1.0, 2.0], "x: expected a list or tuple, got a 1-D tensor"),
        ({"a": 1.0, "b": 2.0, "c": 0}, {"b": 2.0, "a": 1.0}, None),
        ({"a": 1.0}, {"a": 1.0, "b": 2.0}, "x: 'b' is missing"),
        ([{"a": [1.0]}], [{"a": [2.0]}], "x[0]['a'][0]: wrong value"),
        ([1.0], {"a": 1.0}, "x: expected a dict, got a list or tuple"),
        ([None, "a", True], [None, "a", True], None),
        ([None], [1.0], "x[0]: expected one number, got None"),
        ([1], [True], "x[0]: got a whole number"),
        ([1.0], [None], "x[0]: got a float"),
        (["a"], ["b"], "x[0]: got a string"),
    ],
)
def test_close_compares_values_in_their_form(seen, wanted, sentence):
    assert says(close("x"), seen, wanted) == sentence


@pytest.mark.parametrize(
    ("limits", "scale", "wanted", "error", "passes"),
    [
        ({}, 1, [0.0], 0.9e-6, True),
        ({}, 1, [0.0], 1.1e-6, False),
        ({}, 1, [0.0, -1000.0], 0.09, True),  # relative to the largest entry, whatever its sign
        ({}, 1, [0.0, -1000.0], 0.11, False),
        ({}, 1, [0.0, 1000.0, inf], 0.09, True),  # the largest finite one
        ({}, 1, [0.0, inf], 0.09, False),
        ({}, 1, [0.0, nan], 0.9e-6, True),
        ({}, 10, [0.0], 0.9e-5, True),
        ({}, 0.1, [0.0], 0.9e-6, False),
        ({"absolute": 0.1}, 1, [0.0], 0.09, True),
        ({"absolute": 0.1}, 1, [0.0, 1000.0], 0.19, True),
        ({"absolute": 0.1, "relative": 0.0}, 1, [0.0, 1000.0], 0.11, False),
        ({"relative": 0.0}, 1, [0.0, 1000.0], 1.1e-6, False),
        ({"relative": 0.5}, 1, [0.0, 2.0], 0.99, True),
        ({"absolute": 0.1}, 10, [0.0], 0.99, True),
        ({"absolute": 0.0, "relative": 0.0}, 1, [0.0], 0.0, True),
    ],
)
def test_the_tolerance_is_relative_to_the_largest_entry(limits, scale, wanted, error, passes):
    want = t(*wanted, dtype=torch.float64)
    seen = want.clone()
    seen[0] += error
    for sign in (1, -1):
        found = says(close("x", **limits), sign * seen, sign * want, Tolerance(scale=scale))
        assert (found is None) == passes


# The other checks

FLOATS = "x: expected a list of Python floats, and an entry is a whole number"
NESTED = {"a": [1.0, {"b": t(1, 2)}]}


@pytest.mark.parametrize(
    ("test", "seen", "wanted", "sentence"),
    [
        (close("x", "a", 0), NESTED, NESTED, None),
        (close("x", "a", 1, "b"), NESTED, NESTED, None),
        (close("x", "a", 0), {"a": [2.0]}, NESTED, "a[0]: wrong value"),
        (close("x", 1, "b"), [0, {"b": 1.0}], [0, {"b": 2.0}], "x[1]['b']: wrong value"),
        (close("x", "a"), {"b": 1.0}, {"a": 1.0}, "there is no ['a'] in a dict"),
        (close("x", 1), [1.0], [1.0, 2.0], "there is no [1] in a list or tuple"),
        (close("x", 0), t(1, 2), [1.0], "expected a list or tuple, got a 1-D tensor"),
        (close("x", "a"), [1.0], {"a": 1.0}, "expected a dict, got a list or tuple"),
        (close("x", "a", 0), {"a": "text"}, NESTED, "expected a list or tuple, got a string"),
        (same("x"), "text", "text", None),
        (same("x"), [1, None, {"a": True}], [1, None, {"a": True}], None),
        (same("x"), 3, 3, None),
        (same("x"), 3.0, 3, "x: expected a whole number, got a float"),
        (same("x"), True, 1, "x: expected a whole number, got True"),
        (same("x"), ["a"], ["b"], "x: not the right list or tuple"),
        (same("x", 0), ["a"], ["b"], "x[0]: not the right string"),
        (shape("x"), t(5, 6), t(1, 2), None),
        (shape("x"), 5.0, 1.0, None),
        (shape("x"), t([5, 6]), t(1, 2), f"{SHAPE_2}shape (1, 2)"),
        (shape("x", 0), [1.0], [t(1, 2)], "x[0]: expected a tensor of shape (2,), got a float"),
        (length("x"), [1, None], [3.0, 4.0], None),
        (length("x"), [1], [1, 2], "x: expected 2 entries, got 1"),
        (length("x"), t(1, 2), [1, 2], "x: expected a list or tuple, got a 1-D tensor"),
        (floats("x"), 1.0, 2.0, None),
        (floats("x"), [1.0, nan], [], None),
        (floats("x"), [1.0, 1], [], FLOATS),
        (floats("x"), 1, 1.0, "x: expected Python floats, got a whole number"),
        (close("x").saying("no"), 1.0, 2.0, "no"),
        (close("x").saying("no"), 2.0, 2.0, None),
        (returned("x", list), None, [], NO_RETURN),
        (floats("x"), scalar(1.0), 1.0, "x: expected Python floats, got a 0-D tensor"),
        (floats("x", "a"), {"a": True}, {"a": 1.0}, "a: expected Python floats, got True"),
        (returned("x", int), 1, None, None),
        (returned("x", int), True, None, "expected a whole number, got True"),
        (returned("x", bool), True, None, None),
        (returned("x", list), [], None, None),
        (returned("x", torch.Tensor), t(1), None, None),
        (returned("x", torch.Tensor), [1.0], None, "expected a Tensor, got a list or tuple"),
        (own_storage("x"), [t(1), t(1)], None, None),
        (own_storage("x"), [], None, "expected a list of tensors, got an empty list or tuple"),
        (
            own_storage("x"),
            [t(1), 1.0],
            None,
            "expected a list of tensors, and an entry is a float",
        ),
        (own_storage("x"), t(1), None, "expected a list of tensors, got a 1-D tensor"),
        (
            own_storage("x"),
            [shared := t(1), t(1), shared],
            None,
            "some entries are one and the same tensor: store a copy (clone)",
        ),
        (plain_tensor("x", 1), t(1, 2), None, None),
        (plain_tensor("x", 0), scalar(1.0, torch.float64), None, None),
        (plain_tensor("x", 1), [1.0], None, "expected a float tensor, got a list or tuple"),
        (
            plain_tensor("x", 1),
            t(1, dtype=torch.int64),
            None,
            "expected a float tensor, got a 1-D tensor",
        ),
        (plain_tensor("x", 1), t([1]), None, "expected a 1-D tensor, got a 2-D tensor"),
        (
            plain_tensor("x", 1),
            t(1, requires_grad=True),
            None,
            "the tensor still requires grad: return it detached",
        ),
        (used_autograd("x"), Part(autograd=1), None, None),
        (used_autograd("x"), Part(), None, "autograd never ran"),
        (used_autograd("x", 3), Part(autograd=3), None, None),
        (used_autograd("x", 3), Part(autograd=2), None, "autograd should run at least 3 times"),
        (without_autograd("x"), Part(), None, None),
        (without_autograd("x"), Part(autograd=1), None, "autograd ran: do this one by hand"),
        (quiet("x", "std"), Part(warnings=("other",)), None, None),
        (quiet("x", "std"), Part(warnings=("a", "std(): b")), None, "it warned about 'std'"),
        (of_part("x", lambda seen: seen.value), Part("told"), None, "told"),
    ],
)
def test_a_check_holds_or_says_why_not(test, seen, wanted, sentence):
    assert test.reads == ("x",)
    assert says(test, seen, wanted) == sentence


def test_a_return_is_asked_for_only_where_nothing_of_the_kind_came_back():
    def told(**seen):
        wanted = {"x": Part(t(1)), "y": Part(t(1)), "z": Part(1.0)}
        return close("x").test({n: Part(v) for n, v in seen.items()}, wanted, case(), Tolerance())

    assert told(x=None, y=None, z=2.0) == told(x=None) == f"x: {NO_RETURN}"
    assert told(x=None, y=t(1), z=None) == f"x: {NOTHING}"


@pytest.mark.parametrize(
    ("before", "after", "sentence"),
    [
        (t(1, nan), t(1, nan), None),
        ([1, t(1)], [1, t(1)], None),
        (t(1), t(1 + 1e-7), "after is not before: it should have been left alone"),
        (t(1), t(1, dtype=torch.float64), "after is not before: it should have been left alone"),
        (1, 1.0, "after is not before: it should have been left alone"),
    ],
)
def test_unchanged_compares_two_parts_of_what_was_seen(before, after, sentence):
    test = unchanged("before", "after")
    assert test.reads == ("before", "after")
    assert test.test({"before": Part(before), "after": Part(after)}, {}, case(), None) == sentence


def test_a_check_of_ones_own_gets_what_was_seen_and_wanted_and_the_case():
    @check("x", "y")
    def test(seen, wanted, case):
        return f"{seen['x'].value} {wanted['x'].value} {case.k}"

    assert test.reads == ("x", "y")
    assert test.test({"x": Part(1)}, {"x": Part(2)}, case(k=3), Tolerance()) == "1 2 3"


def test_two_checks_hold_together_and_the_first_that_fails_speaks():
    both = close("x") & used_autograd("x") & unchanged("x", "y")
    assert both.reads == ("x", "y")
    for part, sentence in [
        (Part(1.0, autograd=1), None),
        (Part(2.0, autograd=1), "x: wrong value"),
        (Part(1.0), "autograd never ran"),
        (Part(2.0), "x: wrong value"),
    ]:
        seen = {"x": part, "y": Part(part.value)}
        assert both.test(seen, {"x": Part(1.0)}, case(), Tolerance()) == sentence


@pytest.mark.parametrize(
    ("a", "b", "expected"),
    [
        *((value, value, True) for value in (None, True, 0, 1.5, "a", [], {}, Foreign("set"))),
        (nan, nan, True),
        (0.0, -0.0, True),
        (1, True, False),
        (1, 1.0, False),
        (0, None, False),
        ("1", 1, False),
        ([1, [2]], [1, [2]], True),
        ([1], [1, 2], False),
        ([nan], [nan], True),
        ({"a": 1, "b": 2}, {"b": 2, "a": 1}, True),
        ({"a": 1}, {"b": 1}, False),
        (t(1, nan), t(1, nan), True),
        (t(1), t(2), False),
        (t(1), t([1]), False),
        (t(1), t(1, dtype=torch.float64), False),
        (t(1), [1.0], False),
        (scalar(1.0), 1.0, False),
        (t(), t(), True),
        (t(True, dtype=torch.bool), t(True, dtype=torch.bool), True),
        (t(1j, dtype=torch.complex64), t(1j, dtype=torch.complex64), True),
    ],
)
def test_identical_means_the_same_data_of_the_same_types(a, b, expected):
    assert identical(a, b) is identical(b, a) is expected


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (t([1, 2]), "a 2-D tensor"),
        (torch.ones(0, 3), "a 2-D tensor"),  # of any shape, which could spell anything
        (Foreign("set"), "an object of type set"),
        ([1, 2], "a list or tuple"),
        ({"a": 1}, "a dict"),
        (None, "None"),
        (True, "True"),
        (1, "a whole number"),
        (1.5, "a float"),
        ("text", "a string"),
        (Foreign("numpy.ndarray"), "an object of type numpy.ndarray"),
        (Foreign("Mine_4711"), "something that is not plain data"),
        (
            Foreign("builtin_function_or_method"),
            "a function or method: are its parentheses missing?",
        ),
        (Part(1), "no value"),
    ],
)
def test_a_value_is_told_in_a_few_words(value, expected):
    assert brief(value) == expected


def test_dig_and_is_number():
    assert dig({"a": [1, 2]}, ("a", 1)) == (2, None)
    assert dig([], (0,)) == (None, "there is no [0] in an empty list or tuple")
    assert [is_number(v) for v in (1, 1.0, nan, True, "1", None)] == [True] * 3 + [False] * 3


# Verdicts


def double(x):
    return 2 * x


def probe(answer, case):
    return {"x": attempt(lambda: answer(case.x)), "zero": attempt(lambda: answer(0))}


CHECKS = {"value": close("x"), "zero": close("zero"), "both": close("x") & close("zero")}
CASES = tuple(case(x=float(n)) for n in range(1, 4))


def reference(checks=CHECKS, probe=probe, solution=double, mistakes=(), hidden=None):
    exercise = Exercise("double", "", "", case(x=1.0), probe, Path("double.py"))
    return Reference(
        exercise=exercise,
        solution=solution,
        hidden=hidden or (lambda draw: case(x=draw.uniform(1, 2))),
        checks=checks,
        mistakes={str(n): Mistake(answer, 0, text) for n, (answer, text) in enumerate(mistakes)},
        alternatives={},
        path=Path("reference/double.py"),
        text="",
    )


def verdicts(seen, reference=None, cases=CASES):
    reference = reference or globals()["reference"]()
    return judge(reference, cases, want(reference, cases), seen, Tolerance())


def passed(*checks):
    return tuple(Verdict(name, Kind.passed) for name in checks)


def test_the_solution_passes_every_check():
    assert verdicts(observe(reference(), double, CASES)) == passed("value", "zero", "both")


def test_a_check_must_hold_in_every_case_and_the_first_failure_speaks():
    def right_once(x):
        return [0, 2, "two", None][int(x)]

    assert verdicts(observe(reference(), right_once, CASES)) == (
        Verdict("value", Kind.failed, "x: expected one number, got a string"),
        Verdict("zero", Kind.passed),
        Verdict("both", Kind.failed, "x: expected one number, got a string"),
    )


@pytest.mark.parametrize("kind", [k for k in Kind if k is not Kind.passed])
def test_a_case_that_was_lost_fails_every_check_in_its_way(kind):
    seen = [*observe(reference(), double, CASES[:2]), Lost(kind, "why")]
    assert verdicts(seen) == tuple(Verdict(name, kind, "why") for name in CHECKS)


ELSEWHERE = "but not on the visible case"


@pytest.mark.parametrize(
    ("error", "kind", "hint"),
    [
        (Error("ValueError", "bad"), Kind.raised, f"ValueError, {ELSEWHERE}"),
        (Error("SystemExit", "0"), Kind.raised, f"an error, {ELSEWHERE}"),
        (Error("Mine", "bad"), Kind.raised, f"an error, {ELSEWHERE}"),
        (Error("print", "bad"), Kind.raised, f"an error, {ELSEWHERE}"),
        (Error("NotImplementedError", "double", 1, 2, "raise"), Kind.raised, "not done yet"),
        (Error("NotImplementedError", ""), Kind.raised, "not done yet"),
        (
            Error("NotImplementedError", "Could not run 'aten::empty' on the 'MPS' backend"),
            Kind.raised,
            f"an error, {ELSEWHERE}",
        ),
        (Error("MemoryError", ""), Kind.out_of_memory, f"MemoryError, {ELSEWHERE}"),
        (
            Error("RuntimeError", "can't allocate memory"),
            Kind.out_of_memory,
            f"RuntimeError, {ELSEWHERE}",
        ),
    ],
)
def test_an_error_costs_the_checks_that_read_the_part(error, kind, hint):
    right = observe(reference(), double, CASES)
    seen = [right[0], right[1] | {"x": Part(error=error)}, right[2]]
    failed = [Verdict(name, kind, hint) for name in ("value", "both")]
    assert verdicts(seen) == (failed[0], Verdict("zero", Kind.passed), failed[1])
    assert [v.is_unfinished for v in failed] == [hint == "not done yet"] * 2
    everything = [{EVERY_PART: Part(error=error)}] * 3
    assert verdicts(everything) == tuple(Verdict(name, kind, hint) for name in CHECKS)


def test_a_check_that_looks_at_a_part_not_done_yet_is_not_done_yet_itself():
    @check()
    def either(seen, wanted, case):
        return None if seen["x"].value or seen["y"].value else "neither is there"

    def verdict(**parts):
        seen = {name: Part(error=part) if part else Part(0) for name, part in parts.items()}
        (found,) = judge(
            reference({"either": either}), CASES[:1], [{"x": Part(1)}], [seen], Tolerance()
        )
        return found

    untouched = Verdict("either", Kind.raised, "not done yet")
    neither = Verdict("either", Kind.failed, "neither is there")
    assert verdict(x=Error("NotImplementedError", "x"), y=None) == untouched
    assert verdict(x=Error("ValueError", "x"), y=None) == neither
    assert verdict(x=None, y=None, z=Error("NotImplementedError", "x")) == neither


@pytest.mark.parametrize(
    ("public", "hint"),
    [
        (Error("ValueError", "bad 2"), "ValueError: bad 2"),
        (
            Error("ValueError", "bad 2", 3, 2, "x = int(s)"),
            "ValueError: bad 2 (cell 3, line 2: x = int(s))",
        ),
        (Error("KeyError", "bad 2"), "ValueError, another than on the visible case"),
    ],
)
def test_the_message_of_an_error_is_that_of_the_visible_case(public, hint):
    ours = reference()
    cases = CASES[:1]
    seen = [{EVERY_PART: Part(error=Error("ValueError", "bad 4711"))}]
    found = judge(ours, cases, want(ours, cases), seen, Tolerance(), [public])
    place = (public.cell, public.line) if hint.startswith("ValueError:") else ()
    assert found == tuple(Verdict(name, Kind.raised, hint, *place) for name in CHECKS)
    prepared = Prepared(ours, cases, Tolerance(), Lock())
    for visible in ([{"x": Part(error=public)}], [{"x": Part(1)}, {"y": Part(error=public)}]):
        assert prepared.outcome(seen, visible).verdicts == found
    lost = prepared.outcome(seen, [Lost(Kind.crashed, "why")])
    assert {verdict.hint for verdict in lost.verdicts} == {f"ValueError, {ELSEWHERE}"}


def test_a_part_that_was_not_sent_is_a_protocol_error():
    seen = [{"x": Part(2 * n)} for n in (1, 2, 3)]
    lacking = "the worker sent no 'zero'"
    assert verdicts(seen) == (
        Verdict("value", Kind.passed),
        Verdict("zero", Kind.protocol, lacking),
        Verdict("both", Kind.protocol, lacking),
    )


FORM = "the result does not have the form that was asked for"


@check("x")
def mean_of_entries(seen, wanted, case):
    return None if sum(seen["x"].value) / len(seen["x"].value) > 0 else "too small"


@pytest.mark.parametrize("value", [1.0, [], ["a"], None, Foreign("set"), [Foreign("set")]])
def test_a_check_that_stumbles_over_strange_data_fails(value):
    ours = reference({"mean": mean_of_entries}, solution=lambda x: [x, x])
    assert verdicts([{"x": Part(value)}] * 3, ours) == (Verdict("mean", Kind.failed, FORM),)


def test_a_check_that_returns_no_sentence_is_at_fault_itself():
    ours = reference({"mean": check("x")(lambda seen, wanted, case: True)})
    with pytest.raises(CourseError, match="check 'mean' returned True: expected None where"):
        verdicts([{"x": Part(1.0)}] * 3, ours)


def test_a_check_that_stumbles_over_the_reference_is_at_fault_itself():
    ours = reference({"mean": mean_of_entries})
    with pytest.raises(
        CourseError,
        match="check 'mean' fails on the reference itself: TypeError: 'float' object is not",
    ):
        verdicts(observe(ours, double, CASES), ours)


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"solution": lambda x: 1 / 0},
            "reference/double.py: the solution raised in 'x': ZeroDivisionError: division by zero "
            "(there, or in the probe of double.py)",
        ),
        (
            {"probe": lambda answer, case: case.y},
            "double.py: the probe failed with the solution: AttributeError: this case has no 'y'",
        ),
        (
            {"checks": {"value": close("y")}},
            "reference/double.py: a check reads 'y', which the probe lacks",
        ),
    ],
)
def test_a_reference_that_fails_is_a_course_error(changes, message):
    with pytest.raises(CourseError) as error:
        want(reference(**changes), CASES)
    assert str(error.value) == message


# The judge and its hidden cases


def judge_of(per_student=False, **changes):
    return Judge("maths", {"double": reference(**changes)}, Tolerance(), b"secret", per_student)


def inputs(prepared):
    return [c.data["x"] for c in prepared.cases]


def test_the_class_shares_its_cases_unless_the_policy_says_otherwise():
    ours, again = judge_of(), judge_of()
    assert ours.prepare("double", "ann") is ours.prepare("double", "ben")
    assert inputs(ours.prepare("double", "ann")) == inputs(again.prepare("double", "ben"))
    assert len(set(inputs(ours.prepare("double", "ann")))) == 3
    theirs = judge_of(per_student=True)
    ann, ben = theirs.prepare("double", "ann"), theirs.prepare("double", "ben")
    assert not set(inputs(ann)) & set(inputs(ben))
    assert inputs(theirs.prepare("double", "ann")) == inputs(ann)


def test_every_hidden_case_is_drawn_for_itself():
    alone = [Draw(b"secret", "maths", "double", number).uniform(1, 2) for number in range(3)]
    found = inputs(judge_of().prepare("double", "ann"))
    assert found == alone and len(set(found)) == 3


def no_good(draw):
    raise CourseError("no good")


@pytest.mark.parametrize(
    ("hidden", "message"),
    [
        (no_good, "no good"),
        (
            lambda draw: case(x=draw.uniform("a", 2)),
            "reference/double.py: no hidden case: TypeError: ",
        ),
        (lambda draw: case(x={1, 2}), "reference/double.py: "),
        (lambda draw: case(x={1: 2}), "reference/double.py: "),
        (lambda draw: None, "reference/double.py: "),
    ],
    ids=["CourseError", "TypeError", "not plain", "keys not plain", "no case"],
)
def test_hidden_cases_that_cannot_be_made_or_sent_are_a_course_error(hidden, message):
    with pytest.raises(CourseError) as error:
        judge_of(hidden=hidden, solution=str, checks={"same": same("x")}).prepare("double", "ann")
    assert str(error.value).startswith(message)


def test_an_answer_without_fault_is_not_held_against_the_mistakes():
    def mistake(x):
        raise AssertionError("nobody asked for this one")

    prepared = judge_of(mistakes=[(mistake, "Do not.")]).prepare("double", "ann")
    seen = observe(prepared.reference, double, prepared.cases)
    assert prepared.outcome(seen) == Outcome("double", passed("value", "zero", "both"))
    assert "known" not in vars(prepared)


# Mistakes are recognised


def fails_with(text):
    def answer(x):
        raise ValueError(text)

    return answer


def square(x):
    return x**2 if x else 1.0


def plus_one(x):
    return x + 1


def to_do(x):
    raise NotImplementedError("double")


SQUARE, PLUS, ERROR = "You squared.", "You added.", "You raised."
MISTAKES = [(square, SQUARE), (plus_one, PLUS), (fails_with("oops"), ERROR), (to_do, "To do.")]


def sentences(answer, mistakes=MISTAKES, **changes):
    prepared = judge_of(mistakes=mistakes, **changes).prepare("double", "ann")
    return prepared.outcome(observe(prepared.reference, answer, prepared.cases)).mistakes


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (square, (SQUARE,)),
        (lambda x: torch.tensor(square(x)), (SQUARE,)),  # float32, 0-d: the same numbers
        (lambda x: x + 1, (PLUS,)),
        (lambda x: x**2, ()),  # "value" fails as it does there, and "zero" does not
        (lambda x: x**2 if x else 2.0, (SQUARE,)),  # "value" fails alike, "zero" in its own way
        (lambda x: x**3 if x else 1.0, (SQUARE,)),  # "zero" fails alike: the first one that fits
        (lambda x: 5.0 if x else 7.0, ()),
        (lambda x: None, ()),
        (lambda x: [x], ()),
        (lambda x: "text", ()),
        (lambda x: True, ()),
        (fails_with("oops"), (ERROR,)),
        (fails_with("other"), ()),
        (to_do, ("To do.",)),
    ],
)
def test_a_mistake_is_recognised_by_what_it_shows(answer, expected):
    assert sentences(answer) == expected


def test_each_failed_check_may_be_explained_by_another_mistake():
    apart = {"value": close("x"), "zero": close("zero")}
    mistakes = [(lambda x: x**2, SQUARE), (lambda x: 1.0 if not x else 2 * x, PLUS)]
    assert sentences(lambda x: x**2 or 1.0, mistakes, checks=apart) == (SQUARE, PLUS)
    assert sentences(lambda x: x**2 or 1.0, mistakes, checks=CHECKS) == (SQUARE, PLUS)


IN_ONE = {"twice": close("x", 0), "thrice": close("x", 1), "form": returned("x", list)}


@pytest.mark.parametrize(
    ("answer", "expected"),
    [
        (lambda x: [x**2, 3.0 * x], (SQUARE,)),
        (lambda x: [x**2, 7.0], (SQUARE,)),  # two mistakes at once, of which one is known
        (lambda x: (x**2, None), (SQUARE,)),
        (lambda x: [2.0 * x, 9.0 * x], ()),  # fails less than the mistake that it looks like
        (lambda x: [5.0, 9.0 * x], (PLUS,)),
        (lambda x: [5.0], ()),
    ],
)
def test_a_mistake_is_recognised_beside_others_by_what_the_check_is_about(answer, expected):
    mistakes = [(lambda x: [x**2, 3.0 * x], SQUARE), (lambda x: [x + 0.5, 9.0 * x], PLUS)]
    several = {"checks": IN_ONE, "solution": lambda x: [2.0 * x, 3.0 * x]}
    several["probe"] = lambda answer, case: {"x": attempt(lambda: answer(case.x))}
    assert sentences(answer, mistakes, **several) == expected


def test_what_a_check_is_about_is_the_values_that_it_compares():
    assert close("x", 0).places == (("x", 0),)
    assert (returned("x", list) & close("x", "a", 1)).places == (("x", "a", 1),)
    assert (returned("x", list) & used_autograd("y")).places == (("x",), ("y",))
    assert (of_part("x", str) & close("y")).places == (("x",), ("y",))


def test_the_same_error_elsewhere_is_the_same_mistake():
    def in_one_part(answer, case):
        return {"x": attempt(lambda: answer(case.x)), "zero": Part(0.0)}

    mistakes = [(lambda x: fails_with("oops")(x) if x > 1.5 else 0.0, ERROR)]
    for answer, expected in [(fails_with("oops"), (ERROR,)), (fails_with("no"), ()), (to_do, ())]:
        assert sentences(answer, mistakes, probe=in_one_part) == expected


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ({"a": [1.0, "b"]}, {"a": [scalar(1.0), "b"]}),
        (t(1, 2), t(1, 2, dtype=torch.float64)),
        (t(1, 2, dtype=torch.int64), t(1, 2, dtype=torch.int64)),
        (t(1, 2, requires_grad=True), t(1, 2)),
        (nan, nan),
        ({1}, {2}),  # both are only "a set" to the judge
        (t(1j, dtype=torch.complex64), t(1j, dtype=torch.complex64)),
    ],
)
def test_observations_may_be_alike_without_being_identical(theirs, mine):
    assert alike(plain(theirs), plain(mine)) is alike(plain(mine), plain(theirs)) is True


@pytest.mark.parametrize(
    ("theirs", "mine"),
    [
        ({"a": 1.0}, {"b": 1.0}),
        ([1.0], [1.0, 1.0]),
        ([1.0], t(1)),
        (t(1, 2), t([1, 2])),
        (t(1, 2), t(1, 3)),
        (t(1, 2, dtype=torch.int64), t(1, 2)),
        (t(1, 2, dtype=torch.int64), t(1, 3, dtype=torch.int64)),
        (1.0, True),
        (1.0, t(1)),
        (1.0, [1.0]),
        (None, 1.0),
        ({1}, b"1"),
        ({1}, 1.0),
    ],
)
def test_observations_that_differ_are_not_alike(theirs, mine):
    assert alike(plain(theirs), plain(mine)) is alike(plain(mine), plain(theirs)) is False


def test_no_mistake_is_recognised_in_what_was_lost():
    prepared = judge_of(mistakes=MISTAKES).prepare("double", "ann")
    seen = [*observe(prepared.reference, square, prepared.cases[:2]), Lost(Kind.crashed, "why")]
    assert prepared.outcome(seen).mistakes == ()


def test_a_part_that_is_missing_is_like_no_mistake():
    prepared = judge_of(mistakes=MISTAKES).prepare("double", "ann")
    seen = [{}] * len(prepared.cases)
    assert prepared.outcome(seen).mistakes == ()


# Whatever a worker sends, the verdict is the submission's: nothing is raised

dtypes = st.sampled_from([torch.float16, torch.float32, torch.int64, torch.bool, torch.complex64])
tensors = st.builds(
    lambda shape, dtype, grad: (
        torch.ones(shape)
        .to(dtype)
        .requires_grad_(grad and not (dtype is torch.int64 or dtype is torch.bool))
    ),
    st.lists(st.integers(0, 2), max_size=3),
    dtypes,
    st.booleans(),
)
names = st.sampled_from(["a", "x"])
leaves = st.one_of(
    *(st.none(), st.booleans(), st.integers(1 - 2**63, 2**63 - 1), st.floats(), names, tensors),
    st.builds(Foreign, names),
)
values = st.recursive(
    leaves,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(names, inner, max_size=2),
    max_leaves=8,
)
errors = st.builds(Error, st.sampled_from(["ValueError", "NotImplementedError", "E"]), names)
parts = st.builds(Part, values, st.none() | errors, st.tuples(names), st.integers(0, 3))
part_names = st.sampled_from(["x", "y", EVERY_PART, "other"])
observations = st.dictionaries(part_names, parts, max_size=3) | st.builds(
    lambda x, y: {"x": x, "y": y}, parts, parts
)

ANSWERS = [1.0, 2, [1.0, 2.0], t(1, 2), {"a": 1.0, "x": t(1)}, "a", None, [t(1), t(2)]]


def every_check(answer):
    tests = [close("x"), same("x"), floats("x"), unchanged("x", "y"), own_storage("x")]
    tests += [plain_tensor("x", 1), used_autograd("x"), quiet("x", "a"), returned("x", int)]
    tests += [length("x"), close("x", 0)] if isinstance(answer, list) else []
    tests += [close("x", "a"), shape("x", "x")] if isinstance(answer, dict) else []
    return {str(n): test for n, test in enumerate(tests)}


def prepared_for(answer):
    """An exercise with this answer, of which every other one is a known mistake."""

    def both(answer, case):
        return {"x": attempt(answer), "y": attempt(answer)}

    mistakes = [(lambda other=other: other, "Another one.") for other in ANSWERS]
    mistakes.append((lambda: 1 / 0, "An error."))
    ours = reference(every_check(answer), both, lambda: answer, mistakes)
    return Prepared(ours, CASES[:1], Tolerance(), Lock())


PREPARED = [prepared_for(answer) for answer in ANSWERS]


@settings(max_examples=500)
@given(st.sampled_from(PREPARED), observations)
def test_whatever_was_seen_gets_a_verdict(prepared, seen):
    outcome = prepared.outcome([seen])
    assert [v.check for v in outcome.verdicts] == list(prepared.reference.checks)
    assert all((v.hint == "") == (v.kind is Kind.passed) for v in outcome.verdicts)


MARK = "hidden4711"


@pytest.mark.parametrize("kind", ["ValueError", MARK])
@pytest.mark.parametrize("prepared", PREPARED, ids=[repr(answer) for answer in ANSWERS])
def test_no_sentence_repeats_what_only_a_hidden_case_could_have_said(prepared, kind):
    """Student code knows the hidden inputs while it runs; its verdicts must not tell them."""
    broken = Part(error=Error(kind, MARK, 1, 2, "return 1 / 0"))  # a line of the notebook itself
    values = [MARK, [MARK], {MARK: MARK}, {"a": MARK, "x": {MARK: 1}}, Foreign(MARK), 4711, 4711.0]
    for value in (
        *values,
        values,
        t(4711),
        torch.ones(0, 4711),
        torch.ones(4711, 0),
        torch.ones(4711),
        [1.0] * 4711,
        None,
    ):
        whole = Part(value, None, ("a" + MARK,), 4711)
        for x, y in [(whole, whole), (whole, broken), (broken, whole)]:
            outcome = prepared.outcome([{"x": x, "y": y, MARK: broken}])
            assert "4711" not in repr(outcome)


numbers = st.one_of(st.floats(width=32), st.sampled_from([0.0, 1.0, math.nan, math.inf, -math.inf]))


@given(st.lists(st.tuples(numbers, numbers), min_size=1, max_size=20))
def test_few_numbers_and_many_are_compared_alike(pairs):
    seen, want = (torch.tensor(column, dtype=torch.float64) for column in zip(*pairs, strict=True))
    for found in (seen, want * 1.0001):
        few, many = (way(found, want, lambda size: 1e-4 * size) for way in (_count, _count_many))
        assert few == many
