"""Whatever student code returns or raises is recorded as plain data, at once and as it is."""

from __future__ import annotations

import collections
import enum
import io
import linecache
import math
import warnings

import numpy
import pytest
import torch
from torch import func, nn
from torch.autograd import backward, forward_ad, functional, grad

from autograder.errors import CourseError
from autograder.exercise import (
    MAX_WARNINGS,
    Case,
    attempt,
    case,
    count_autograd,
    exercise_files,
    load_exercise,
    load_module,
    source_of,
)
from autograder.observation import (
    CELL,
    EVERY_PART,
    MAX_DEPTH,
    MAX_ITEMS,
    MAX_MESSAGE,
    MAX_TENSOR_BYTES,
    MAX_TEXT,
    Error,
    Foreign,
    Part,
    describe,
    plain,
    ran_out_of_memory,
    ran_short,
)
from autograder.wire import decode, encode

# plain: values


def refuse(*_, **__):
    raise AssertionError("a method of the student's was asked")


METHODS = """
__str__ __repr__ __eq__ __lt__ __int__ __float__ __index__ __bool__ __abs__ __len__ __iter__
__getitem__ __contains__ __reduce__ items keys
"""
HOSTILE = dict.fromkeys(METHODS.split(), refuse) | {"__hash__": None}


def hostile(base, *content):
    """An object of a subclass of `base` whose own methods must not be asked."""
    return type("Hostile", (base,), dict(HOSTILE))(*content)


class Colour(enum.IntEnum):
    red = 3


Point = collections.namedtuple("Point", "x y")


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        *(
            (value, value)
            for value in (None, True, False, 0, -3, 2**63 - 1, 1.5, math.inf, "é", "")
        ),
        *((value, value) for value in ([], {}, [[1], {"a": None}], {"a": [1.0]})),
        ((1, (2, "a")), [1, [2, "a"]]),
        (torch.Size([2, 3]), [2, 3]),
        (Point(1, 2.0), [1, 2.0]),
        (collections.OrderedDict(b=1, a=2), {"b": 1, "a": 2}),
        (Colour.red, 3),
        (numpy.float64(2.5), 2.5),
        (hostile(int, 7), 7),
        (hostile(float, 7.5), 7.5),
        (hostile(str, "text"), "text"),
        (hostile(list, [1, 2]), [1, 2]),
        (hostile(tuple, (1, 2)), [1, 2]),
        (hostile(dict, {"a": 1}), {"a": 1}),
        ("x" * (MAX_TEXT + 1), "x" * MAX_TEXT),
        ({"x" * (MAX_TEXT + 1): 1}, {"x" * MAX_TEXT: 1}),
        (2**63, Foreign("int beyond 64 bits")),
        (-(10**5000), Foreign("int beyond 64 bits")),
        ({1: 2}, Foreign("dict with keys that are not strings")),
        ({None: 1}, Foreign("dict with keys that are not strings")),
        (object(), Foreign("object")),
        (print, Foreign("builtin_function_or_method")),
        ({1}, Foreign("set")),
        (b"x", Foreign("bytes")),
        (1j, Foreign("complex")),
        (iter([1]), Foreign("list_iterator")),
        (numpy.ones(2), Foreign("numpy.ndarray")),
        (numpy.float32(0.5), 0.5),
        (numpy.int64(3), 3),
        (numpy.array(3), 3),
        (numpy.array(0.5, dtype="float32"), 0.5),
        (numpy.array("x"), Foreign("numpy.ndarray")),
        (numpy.float32([1]), Foreign("numpy.ndarray")),
        (nn.Linear(1, 1), Foreign("torch.nn.modules.linear.Linear")),
        ([1, {2}], [1, Foreign("set")]),
    ],
    ids=lambda value: f"{type(value).__name__}",
)
def test_a_value_becomes_plain_data(value, expected):
    found = plain(value)
    assert found == expected
    assert type(found) is type(expected)


def nested(depth):
    return [nested(depth - 1)] if depth > 1 else []


def test_nesting_is_followed_to_a_depth():
    assert plain(nested(MAX_DEPTH)) == nested(MAX_DEPTH)
    innermost = plain(nested(MAX_DEPTH + 1))
    while isinstance(innermost, list):
        (innermost,) = innermost
    assert innermost == Foreign("list nested too deeply")


def test_a_list_that_contains_itself_ends():
    cycle = []
    cycle += [cycle, {"again": cycle}]
    assert isinstance(plain(cycle), list)


def test_the_copy_is_of_the_moment():
    tensor, values = torch.zeros(2), [1, {"a": 2}]
    found = plain([tensor, values])
    tensor.add_(1)
    values[1]["a"] = 3
    assert (found[0].tolist(), found[1]) == ([0, 0], [1, {"a": 2}])


AWKWARD = {
    "list": [0] * (10 * MAX_ITEMS),
    "lists": [[0] * MAX_ITEMS] * 20,
    "dict": dict.fromkeys(map(str, range(10 * MAX_ITEMS)), 1.5),
    "text": ["x" * MAX_TEXT] * 1_000,
    "controls": ["\x01" * MAX_TEXT] * 100,
    "tensors": [torch.zeros(1) for _ in range(MAX_ITEMS - 1)],
    "bytes": [torch.zeros(MAX_TENSOR_BYTES, dtype=torch.uint8) for _ in range(5)],
    "one large tensor": [torch.zeros(MAX_TENSOR_BYTES, dtype=torch.uint8)] * 1000,
    "uint16": torch.zeros(2, dtype=torch.uint16),
    "float8": torch.zeros(2, dtype=torch.float8_e5m2),
    "conjugate": torch.tensor([1 + 2j]).conj(),
    "surrogate": "lone \ud800 surrogate",
}


@pytest.mark.parametrize("value", AWKWARD.values(), ids=AWKWARD.keys())
def test_whatever_comes_back_can_be_sent(value):
    """One part with too much in it is that part's failure, and no crash of the worker."""
    arrived = decode(io.BytesIO(encode({"part": Part(plain(value))})).read)
    assert type(arrived["part"]) is Part


# plain: tensors


@pytest.mark.parametrize(
    "tensor",
    [
        torch.tensor(1.5),
        torch.ones(2, 3, dtype=torch.float64),
        torch.arange(6).reshape(2, 3).T,
        torch.ones(1).expand(4),
        torch.ones(0, 3),
        torch.ones(2, requires_grad=True),
        torch.ones(2, requires_grad=True) * 2,
        nn.Parameter(torch.ones(2)),
        nn.Parameter(torch.ones(2), requires_grad=False),
        torch.tensor([True, False]),
        torch.tensor([1j]),
    ],
    ids=repr,
)
def test_a_tensor_keeps_entries_shape_dtype_and_requires_grad(tensor):
    found = plain(tensor)
    assert type(found) is torch.Tensor
    assert found.is_leaf and (not found.numel() or found.data_ptr() != tensor.data_ptr())
    assert (found.tolist(), found.shape) == (tensor.tolist(), tensor.shape)
    assert (found.dtype, found.requires_grad) == (tensor.dtype, tensor.requires_grad)


@pytest.mark.parametrize(
    ("tensor", "expected"),
    [
        (torch.eye(2).to_sparse(), "torch.sparse_coo tensor on cpu"),
        (torch.ones(2, device="meta"), "torch.strided tensor on meta"),
        (torch.ones(1).expand(2**40), f"tensor of shape ({2**40},), which is too large"),
        (
            torch.empty(MAX_TENSOR_BYTES + 1, dtype=torch.uint8),
            f"tensor of shape ({MAX_TENSOR_BYTES + 1},), which is too large",
        ),
    ],
    ids=["sparse", "meta", "expanded", "too large"],
)
def test_a_tensor_that_cannot_be_copied_is_foreign(tensor, expected):
    assert plain(tensor) == Foreign(expected)


@pytest.mark.parametrize("answer", [True, None, torch.zeros(1)], ids=repr)
@pytest.mark.parametrize("content", [torch.tensor([1, 2]), torch.tensor([1.0, 2.0])], ids=repr)
def test_a_subclass_of_tensor_is_judged_by_its_raw_value(content, answer):
    class Evil(torch.Tensor):
        @classmethod
        def __torch_function__(cls, *_, **__):
            return answer

    found = plain(content.as_subclass(Evil))
    assert type(found) is torch.Tensor
    assert (found.dtype, found.tolist()) == (content.dtype, content.tolist())
    assert found.requires_grad is False


def test_a_subclass_of_tensor_that_raises_is_judged_by_its_raw_value():
    class Evil(torch.Tensor):
        __torch_function__ = classmethod(refuse)

    assert plain(torch.ones(2).as_subclass(Evil)).tolist() == [1, 1]


X = torch.ones(4, requires_grad=True)


@pytest.mark.parametrize(
    ("tensors", "expected"),
    [
        ([X, X], 1),
        ([X, X.view(4)], 1),
        ([X.detach(), X.detach()], 1),
        ([X.detach(), X.detach().view(4)], 1),
        ([X, X.clone()], 2),
        ([X[:2], X[2:]], 2),
        ([torch.ones(2), torch.ones(2)], 2),
        ([torch.ones(0), torch.ones(0)], 2),
    ],
)
def test_tensors_with_one_memory_stay_one(tensors, expected):
    assert len({id(found) for found in plain(tensors)}) == expected


# describe: where in the notebook an error was raised


def run_cell(number, source, namespace):
    """Run a cell as the worker does, and describe what it raises."""
    name = CELL.format(number)
    linecache.cache[name] = (len(source), None, source.splitlines(keepends=True), name)
    try:
        exec(compile(source, name, "exec"), namespace)
    except BaseException as error:
        return describe(error)
    return None


def test_an_error_is_placed_at_the_innermost_line_of_a_cell():
    names = {"torch": torch}
    run_cell(2, "def f(x):\n    y = x + 1\n    return torch.ones(2) @ y  # here\n", names)
    found = run_cell(5, "\nf(torch.ones(3))", names)
    assert (found.type, found.cell, found.line) == ("RuntimeError", 2, 3)
    assert found.source == "return torch.ones(2) @ y  # here"


def test_an_error_of_the_cell_itself_is_placed_there():
    assert run_cell(12, "x = 1\n  \n1 / 0", {}) == Error(
        "ZeroDivisionError", "division by zero", 12, 3, "1 / 0"
    )


def test_a_syntax_error_is_placed_where_it_is():
    found = run_cell(4, "x = 1\nif x\n", {})
    assert (found.type, found.cell, found.line, found.source) == ("SyntaxError", 4, 2, "if x")


@pytest.mark.parametrize(
    "name", ["<cell >", "<cell x>", "<cell 1", "cell 1", "<cell -1>", "<cell 1.5>", "<cell ²>", ""]
)
def test_an_error_outside_the_notebook_has_no_place(name):
    for source in ("1 / 0", "1 +"):
        try:
            exec(compile(source, name, "exec"))
        except Exception as error:
            found = describe(error)
        assert (found.cell, found.line, found.source) == (None, None, None)


def test_a_syntax_error_that_names_no_file_has_no_place():
    assert describe(SyntaxError("bad")) == Error("SyntaxError", "bad")


def test_long_errors_are_cut():
    kind = type("E" * 1_000, (Exception,), {})
    found = run_cell(1, f"raise kind('m' * 1_000)  # {'c' * 1_000}", {"kind": kind})
    assert [len(t) for t in (found.type, found.message, found.source)] == [MAX_MESSAGE] * 3


def test_an_error_that_cannot_be_read_is_still_an_error():
    unreadable = type("Unreadable", (Exception,), {"__str__": lambda self: 1 / 0})
    assert describe(unreadable()) == Error("Unreadable", "(its message could not be read)")


@pytest.mark.parametrize(
    ("error", "memory", "short"),
    [
        (Error("MemoryError", ""), True, True),
        (Error("RuntimeError", "DefaultCPUAllocator: can't allocate memory: you"), True, True),
        (Error("RuntimeError", "can't start new thread"), False, True),
        (Error("ValueError", "bad"), False, False),
    ],
)
def test_errors_that_say_that_something_ran_out(error, memory, short):
    assert (ran_out_of_memory(error), ran_short(error)) == (memory, short)


# attempt


def raising(error):
    def call():
        raise error

    return call


@pytest.mark.parametrize(
    ("error", "expected"),
    [
        (ValueError("bad"), Error("ValueError", "bad")),
        (SystemExit(0), Error("SystemExit", "0")),
        (KeyboardInterrupt(), Error("KeyboardInterrupt", "")),
        (GeneratorExit(), Error("GeneratorExit", "")),
        (MemoryError(), Error("MemoryError", "")),
        (NotImplementedError("f"), Error("NotImplementedError", "f")),
    ],
)
def test_whatever_is_raised_is_recorded(error, expected):
    assert attempt(raising(error)) == Part(error=expected)


def test_a_value_is_recorded_as_plain_data():
    assert attempt(lambda: (1, {2})) == Part([1, Foreign("set")])


@pytest.mark.parametrize("action", ["error", "ignore", "always"])
def test_warnings_are_recorded_whatever_the_filters_say(action):
    def call():
        for _ in range(2):
            warnings.warn("careful", UserWarning, stacklevel=1)
        warnings.warn("m" * 1_000, DeprecationWarning, stacklevel=1)
        return 1

    with warnings.catch_warnings():
        warnings.simplefilter(action)
        before = list(warnings.filters)
        assert attempt(call) == Part(1, None, ("careful", "careful", "m" * MAX_MESSAGE))
        assert warnings.filters == before


def test_the_first_warnings_are_recorded():
    def call():
        for number in range(2 * MAX_WARNINGS):
            warnings.warn(str(number), stacklevel=1)

    assert attempt(call).warnings == tuple(map(str, range(MAX_WARNINGS)))


def leaf():
    return torch.ones(2, requires_grad=True)


def square(x):
    return (x**2).sum()


def dual():
    with forward_ad.dual_level():
        return forward_ad.unpack_dual(square(forward_ad.make_dual(torch.ones(2), torch.ones(2))))


ONE = torch.ones(2)


@pytest.mark.parametrize(
    ("call", "expected"),
    [
        (lambda: square(leaf()), 0),
        (lambda: torch.ones(2).sum(), 0),
        (lambda: square(leaf()).backward(), 1),
        (lambda: backward(square(leaf())), 1),
        (lambda: torch.autograd.backward(square(leaf())), 1),
        (lambda: grad(square(x := leaf()), x), 1),
        (lambda: torch.autograd.grad(square(x := leaf()), x), 1),
        (lambda: [square(leaf()).backward() for _ in range(3)], 3),
        (lambda: functional.jacobian(square, ONE), 1),
        (lambda: functional.vjp(square, ONE), 1),
        (lambda: func.grad(square)(ONE), 1),
        (lambda: func.jacrev(square)(ONE), 1),
        (lambda: func.vjp(square, ONE)[1](torch.tensor(1.0)), 1),
        (lambda: func.jvp(square, (ONE,), (ONE,)), 1),
        (lambda: func.jacfwd(square)(ONE), 1),
        (lambda: func.hessian(square)(ONE), 2),
        (dual, 1),
    ],
)
def test_autograd_calls_are_counted_however_they_are_made(call, expected):
    found = attempt(call)
    assert (found.error, found.autograd) == (None, expected)


def test_autograd_calls_are_counted_up_to_an_error():
    def call():
        loss = square(leaf())
        loss.backward()
        loss.backward()

    found = attempt(call)
    assert (found.error.type, found.autograd) == ("RuntimeError", 2)


def test_calls_are_counted_once_however_often_counting_was_asked_for():
    for _ in range(3):
        count_autograd()
    assert attempt(lambda: square(leaf()).backward()).autograd == 1


def test_an_answer_that_takes_the_counter_away_is_only_not_counted(monkeypatch):
    def call():
        monkeypatch.setattr(torch.autograd, "_engine_run_backward", None)
        return 1

    found = attempt(call)
    assert (found.value, found.autograd) == (1, 0)


# Cases


def test_every_access_gives_a_fresh_copy():
    inputs = case(values=[1.0, [2.0]], x=torch.ones(2), k=3)
    inputs.values[1].append(5)
    inputs.x.add_(1)
    assert (inputs.values, inputs.x.tolist(), inputs.k) == ([1.0, [2.0]], [1, 1], 3)


def test_a_case_tells_what_it_lacks_and_what_it_holds():
    with pytest.raises(AttributeError, match="this case has no 'vales'"):
        _ = case(values=1).vales
    assert repr(case(values=[2.0], k=3)) == "case(values=[2.0], k=3)"
    assert Case({"k": 3}).data == {"k": 3}


# Exercises

EXERCISE = '''"""  Double it.

    Twice.
"""
from autograder.exercise import attempt, case

@staticmethod
def double(x):
    """2x."""
    raise NotImplementedError("double")

visible = case(x=2)

def probe(double, case):
    return {"value": attempt(lambda: double(case.x)), "more": (1, 2)}
'''


@pytest.fixture
def write(tmp_path):
    def write(text, name="double.py"):
        path = tmp_path / name
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return write


def test_an_exercise_is_loaded_from_its_file(write):
    path = write(EXERCISE)
    found = load_exercise(path)
    assert (found.name, found.prompt, found.path) == ("double", "Double it.\n\nTwice.", path)
    assert found.skeleton.startswith("def double(x):") and found.skeleton.endswith('("double")')
    assert found.visible.data == {"x": 2}


def test_an_observation_has_every_part_that_the_probe_returns(write):
    exercise = load_exercise(write(EXERCISE))
    assert exercise.observe(lambda x: 2 * x, case(x=4)) == {"value": Part(8), "more": Part([1, 2])}


@pytest.mark.parametrize(
    ("probe", "expected"),
    [
        ("raise SystemExit(3)", Error("SystemExit", "3")),
        ("return {'a': case.y}", Error("AttributeError", "this case has no 'y'")),
        ("return 5", Error("TypeError", "the probe returned no dict of parts: int")),
    ],
)
def test_a_probe_that_fails_stands_for_every_part(write, probe, expected):
    text = EXERCISE.replace("return {", f"{probe}\n    return {{")
    seen = load_exercise(write(text)).observe(lambda x: x, case(x=1))
    assert seen == {EVERY_PART: Part(error=expected)}


@pytest.mark.parametrize("value", [None, [1.0], torch.ones(2)])
def test_a_function_that_a_cell_gave_a_value_is_told_to_be_none_any_more(write, value):
    (part,) = load_exercise(write(EXERCISE)).observe(value, case(x=1)).values()
    assert part.error.type == "TypeError" and "by now: a cell gave it a value" in part.error.message


def test_an_answer_that_draws_numbers_draws_the_same_ones_every_time(write):
    exercise = load_exercise(write(EXERCISE))
    one, two = (exercise.observe(lambda x: torch.rand(3), case(x=1)) for _ in range(2))
    assert one["value"].value.tolist() == two["value"].value.tolist()


@pytest.mark.parametrize(
    ("old", "new", "expected"),
    [
        ('"""  Double', 'x = """  Double', "double.py: expected a docstring (the prompt)"),
        (
            "def double(",
            "def twice(",
            "double.py: expected a function, class or value named 'double' (the skeleton)",
        ),
        ("visible =", "shown =", "double.py: expected visible = case(...)"),
        ("= case(x=2)", "= 2", "double.py: expected visible = case(...)"),
        ("def probe", "def prove", "double.py: expected probe(answer, case)"),
        (
            EXERCISE,
            "x = 1",
            "double.py: expected a docstring (the prompt) and a function, class or",
        ),
        ("visible =", "visible ==", "double.py:12: NameError: name 'visible' is not defined"),
        ("def double(x):", "def double(x:", "double.py:8: SyntaxError: "),
        ("visible", "\0", "double.py"),
        (
            "import attempt",
            "import atempt",
            "double.py:5: ImportError: cannot import name 'atempt'",
        ),
        ("import attempt", "import attempt; 1 / 0  #", "double.py:5: ZeroDivisionError: division"),
    ],
)
def test_an_exercise_file_that_will_not_do_is_named_with_what_is_wrong(write, old, new, expected):
    assert old in EXERCISE
    path = write(EXERCISE.replace(old, new))
    with pytest.raises(CourseError) as error:
        load_exercise(path)
    assert str(error.value).startswith(str(path.with_name(expected)))


def test_a_file_that_is_not_there_or_not_utf_8_is_named(write, tmp_path):
    for path in (tmp_path / "gone.py", write(b"x = '\xff'")):
        with pytest.raises(CourseError, match=str(path)):
            load_exercise(path)


def test_neighbours_are_found_and_are_no_exercises(write):
    write("TWO = 2\n", "_shared.py")
    path = write(EXERCISE.replace("from autograder", "from ._shared import TWO\nfrom autograder"))
    assert load_module(path)[0].TWO == 2
    assert exercise_files(path.parent) == {"double": path}


def test_a_syntax_error_in_a_neighbour_is_named_at_the_line_that_imports_it(write):
    write("\n\n\n\n\n\n\n\n\nif:\n", "_broken.py")
    path = write("x = 1\nfrom ._broken import y\n")
    with pytest.raises(CourseError) as error:
        load_module(path)
    assert str(error.value).startswith(f"{path}:2: SyntaxError: ")


def test_an_edit_is_seen_at_once(write):
    assert load_module(write("x = 1"))[0].x == 1
    assert load_module(write("x = 2"))[0].x == 2


@pytest.mark.parametrize(
    ("name", "expected"),
    [
        ("f", "def f():\n    return 1"),
        ("C", "class C:\n    x = 2"),
        ("a", "a = b = 3"),
        ("b", "a = b = 3"),
        ("x", None),
    ],
)
def test_the_source_of_a_top_level_name_is_found(name, expected):
    text = "@decorated\ndef f():\n    return 1\n\nclass C:\n    x = 2\na = b = 3\nx.y = 4\n"
    assert source_of(text, name) == expected


def test_a_helper_in_the_folder_above_serves_all_folders(write, tmp_path):
    write("SHARED = object()\n", "_shared.py")
    text = EXERCISE.replace("from autograder", "from .._shared import SHARED\nfrom autograder")
    (tmp_path / "a.b").mkdir()
    (tmp_path / "c").mkdir()
    one, two = (load_module(write(text, f"{folder}/double.py"))[0] for folder in ("a.b", "c"))
    assert one.SHARED is two.SHARED
