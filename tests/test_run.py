"""Student code in real workers: what one cell or exercise does costs nothing else."""

import json
import math
import re
import time

import pytest
from workers import (
    ASSIGNMENT,
    FIRST,
    FULL,
    FUNCTIONS,
    IMPORTS,
    LIMITS,
    Grader,
    pool,
    solutions,
)

from autograder.model import Kind, Submission
from autograder.running import zygotes
from autograder.running.run import _Notebook
from autograder.running.tier import detect

LOST = {
    "endless loop": ("while True: pass", Kind.timed_out),
    "loop that cannot be interrupted": (
        "import signal\n"
        "    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))\n"
        "    while True: pass",
        Kind.timed_out,
    ),
    "sleep": ("import time; time.sleep(1e6)", Kind.timed_out),
    "os._exit": ("import os; os._exit(0)", Kind.crashed),
    "abort": ("import os; os.abort()", Kind.crashed),
    "segmentation fault": ("import ctypes; ctypes.string_at(0)", Kind.crashed),
    "memory bomb of one tensor": ("return torch.ones(1536 << 18)", Kind.out_of_memory),
    "memory bomb by and by": (
        "kept = []\n    while True: kept.append(torch.empty(64 << 20, dtype=torch.uint8))",
        Kind.out_of_memory,
    ),
    "SystemExit": ("raise SystemExit(0)", Kind.raised),
    "KeyboardInterrupt": ("raise KeyboardInterrupt", Kind.raised),
    "deep recursion": (f"return {FIRST}(*args)", Kind.raised),
    "garbage on the channel": ("import os; os.write(3, b'\\xff' * 64); return 1", Kind.protocol),
    "a lying frame": (
        "import json, os, struct\n"
        "    head = json.dumps([{'map': [['nonce', '0'], ['observation', None]]}, []]).encode()\n"
        "    os.write(3, struct.pack('<II', len(head), 0) + head)",
        Kind.protocol,
    ),
    "half a frame": ("import os, time; os.write(3, b'\\1\\0'); time.sleep(99)", Kind.timed_out),
    "a frame of 4 GB": ("import os; os.write(3, b'\\xff' * 8)", Kind.protocol),
    "many threads": (
        "import threading, time\n"
        "    while True: threading.Thread(target=time.sleep, args=(99,)).start()",
        Kind.raised,
    ),
    "processes": ("import os\n    while True: os.fork()", Kind.raised),
    "a shell": ("import subprocess; subprocess.run('ls')", Kind.raised),
    "the network": (
        "import socket; socket.create_connection(('127.0.0.1', 80), timeout=5)",
        Kind.raised,
    ),
}


@pytest.mark.parametrize("body, kind", LOST.values(), ids=LOST)
def test_what_goes_wrong_in_one_exercise_costs_that_exercise_alone(grader, body, kind):
    graded = grader(*solutions(**{FIRST: f"def {FIRST}(*args):\n    {body}"}))
    assert {kind} | {Kind.not_run} >= graded.kinds[FIRST] >= {kind}
    assert graded.points == FULL | {FIRST: 0}
    assert grader(*solutions()).points == FULL  # the next submission


def test_killing_oneself_costs_that_exercise_alone(grader):
    """The first process of a namespace survives its own SIGKILL, so the kind may differ."""
    kill = f"import os, signal\ndef {FIRST}(*args): os.kill(os.getpid(), signal.SIGKILL)"
    assert grader(*solutions(**{FIRST: kill})).points == FULL | {FIRST: 0}


CELLS = {
    "endless loop": "while True: pass",
    "loop that swallows every exception": (
        "while True:\n    try: sum(range(1000))\n    except BaseException: pass"
    ),
    "alarm taken over": (
        "import signal\nsignal.signal(signal.SIGALRM, signal.SIG_IGN)\nwhile True: pass"
    ),
    "os._exit": "import os; os._exit(0)",
    "sys.exit": "import sys; sys.exit(0)",
    "exit": "exit()",
    "KeyboardInterrupt": "raise KeyboardInterrupt",
    "segmentation fault": "import ctypes; ctypes.string_at(0)",
    "memory bomb": "kept = bytearray(1536 << 20)",
    "syntax error": "def broken(:",
    "null byte": "x = 1\0",
    "parser bomb": "(" * 100_000,
    "flood of output": "while True: print('x' * 10_000)",
    "garbage on the channel": "import os; os.write(3, b'x' * 100)",
    "error": "1 / 0",
}


@pytest.mark.parametrize("cell", CELLS.values(), ids=CELLS)
def test_a_bad_cell_costs_only_itself_and_is_named(grader, cell):
    graded = grader(*solutions(), cell, "later = 1")
    assert graded.points == FULL
    assert list(graded.notes) == [len(FULL) + 2]
    assert "NotebookShell" not in graded.everything


def test_a_syntax_error_is_placed_in_the_cell_that_should_have_defined_the_exercise(grader):
    graded = grader(*solutions(**{FIRST: f"def {FIRST}(values):\n    x = = 1\n"}))
    assert graded.places[FIRST] == {(2, 2)}
    assert "SyntaxError: invalid syntax in line 2 (x = = 1)" in graded.hints[FIRST]
    assert "<cell" not in graded.everything


def test_what_a_cell_defined_before_it_was_stopped_counts(grader):
    source = ASSIGNMENT.references[FIRST].source(FIRST)
    assert grader(*solutions(**{FIRST: f"{source}\nwhile True: pass"})).points == FULL


def test_what_a_cell_defines_after_its_error_counts(grader):
    source = ASSIGNMENT.references[FIRST].source(FIRST)
    assert grader(*solutions(**{FIRST: f"import no_such_module\n{source}"})).points == FULL


def test_what_a_cell_defines_after_an_error_in_a_function_of_another_cell_counts(grader):
    source = ASSIGNMENT.references[FIRST].source(FIRST)
    helper = "\n" * 40 + "def helper():\n    return 1 / 0"
    cells = solutions(**{FIRST: f"helper()\n{source}"})
    graded = grader(cells[0], helper, *cells[1:])
    assert graded.points == FULL
    assert graded.notes == {
        3: ["ZeroDivisionError: division by zero in cell 2, line 42 (return 1 / 0)"]
    }


@pytest.mark.parametrize(
    "before",
    [
        "%matplotlib inline",
        "!ls",
        "files = !ls\nassert files == []",
        "%pip install torch",
        "!pip install torch",
        "%no_such_magic",
        "%load_ext autoreload\n%autoreload 2",
        "input('name?')",
        "import getpass; getpass.getpass()",
        "%%time",
        "%%capture",
        "import asyncio\nawait asyncio.sleep(0)",
        "import asyncio\nasyncio.run(asyncio.sleep(0))",
        "%timeit -n1 -r1 1 + 1",
        "import matplotlib.pyplot as plt; plt.plot([1]); plt.show()",
        "import sys; print('noise', file=sys.stderr)",
        "import warnings; warnings.warn('noise')",
        "from __future__ import annotations",
        "torch.manual_seed(3); torch.set_default_dtype(torch.float64)",
        "torch.set_grad_enabled(False)",
        "x = y = model = list = sum = print = torch.nn",
    ],
)
def test_what_people_write_in_notebooks_loses_no_exercise(grader, before):
    cells = solutions()
    cells[1] = f"{before}\n{cells[1]}"
    assert grader(*cells).points == FULL


@pytest.mark.parametrize("edition", ["", "nbgrader/"])
def test_a_cell_of_ours_does_what_it_does_in_jupyter(grader, edition):
    released = ASSIGNMENT.folder / f"{edition}backprop.ipynb"
    source = {c["id"]: "".join(c["source"]) for c in json.loads(released.read_text())["cells"]}
    helpers, check = source["visible-checks"], source[f"{FIRST}-check"]
    answer = f"calls = []\ndef {FIRST}(*args):\n    calls.append(args)"
    later = "import inspect\nassert calls and visible and wanted and inspect.getsource(probe)"
    assert grader(IMPORTS, helpers, answer, check, later).notes == {}
    assert grader(IMPORTS, helpers, answer, f"{check}\n# mine", later).notes == {}
    broken = f"{answer}\ndef attempt(*_): 1 / 0"
    assert "ZeroDivisionError" in grader(IMPORTS, helpers, broken, check).notes[4][0]
    assert "stopped" in grader(IMPORTS, helpers, f"def {FIRST}(_):\n while 1: 0", check).notes[4][0]


@pytest.mark.parametrize("refused", ["!ls", "%pip install x", "%%bash\nls", "%nonsense", "input()"])
def test_what_is_refused_is_noted(grader, refused):
    assert grader(refused).notes[1]


NOISE = """
import sys, warnings
_silent_{name} = {name}
def {name}(*args):
    print("hello"); print("hello", file=sys.stderr)
    warnings.warn("careful"); sys.stderr.flush()
    return _silent_{name}(*args)
"""


def test_printing_and_warning_in_an_answer_cost_nothing(grader):
    noisy = [NOISE.format(name=name) for name in FUNCTIONS]
    assert grader(*solutions(), *noisy).points == FULL


def test_autograd_is_counted_by_names_that_were_imported_before(grader):
    source = (
        "from torch.autograd.forward_ad import *\n"
        "def grad_quadratic(values):\n"
        "    x = torch.tensor(values, dtype=torch.float32)\n"
        "    enter_dual_level()\n"
        "    y = make_dual(x, torch.ones_like(x))\n"
        "    slope = unpack_dual(y**2 + 3 * y).tangent.clone()\n"
        "    exit_dual_level()\n"
        "    return slope\n"
    )
    assert grader(*solutions(grad_quadratic=source)).points == FULL


HOSTILE = {
    "builtins deleted": "import builtins\nfor n in list(vars(builtins)): delattr(builtins, n)",
    "json replaced": "import sys, types; sys.modules['json'] = types.ModuleType('json')",
    "json patched": "import json; json.dumps = lambda *a, **k: '{}'",
    "torch patched": "torch.Tensor.detach = torch.Tensor.copy_ = torch.empty = lambda *a: None",
    "comparison patched": "torch.allclose = torch.equal = lambda *a, **k: True",
    "harness patched": (
        "import autograder.observation as o, autograder.exercise as e, autograder.wire as w\n"
        "o.plain = e.plain = e.attempt = w.encode = lambda *a: 1"
    ),
    "modules gone": "import sys; sys.modules.clear()",
    "frames walked": "import sys; sys._getframe().f_back.f_locals.clear()",
    "os patched": "import os; os.write = os.read = os._exit = lambda *a: None",
}


@pytest.mark.parametrize("cell", HOSTILE.values(), ids=HOSTILE)
def test_hostile_cells_get_verdicts_and_never_a_point_for_wrong_answers(grader, cell):
    """No exception reaches us (that would be a grader error), and wrong stays wrong."""
    wrong = [f"def {name}(*args): return args[0] if args else None" for name in FULL]
    assert set(grader(IMPORTS, *wrong, cell).points.values()) == {0}
    assert grader(*solutions()).points == FULL


def test_the_imports_of_the_release_are_there_even_if_their_cell_was_deleted(grader):
    assert grader(*solutions()[1:]).points == FULL


def test_a_missing_function_is_named_with_the_nearest_one(grader):
    cells = solutions()
    cells[1] = cells[1].replace(FIRST, FIRST + "s", 1)
    graded = grader(*cells)
    assert graded.kinds[FIRST] == {Kind.missing}
    assert f"{FIRST}s" in graded.hints[FIRST]
    assert graded.points == FULL | {FIRST: 0}


def test_a_hint_repeats_no_hidden_input_that_an_error_or_a_result_spells_out(grader):
    """What the visible case raises may be quoted; a hidden case's message may not."""
    spell = f"""
seen = []
def spelled(values):
    seen.append(values)
    return "my words: " + " ".join(map(str, seen))
def {FIRST}(values): raise ValueError(spelled(values))
class Odd(Exception): pass
def fresh_grads(values, k):
    if values != [2.0, 3.0]: raise type("Odd" + str(values), (Exception,), {{}})(spelled(values))
def train(*args): return spelled(args)
def build_and_backward(X, y, seed):
    import torch
    name = "L" + "_".join(map(str, seen[-1])) + str(X.tolist()) + str(seed)
    layer = type(name, (torch.nn.Linear,), {{}})(2, 1)
    loss = layer(X).mean()
    loss.backward()
    return torch.nn.Sequential(layer), loss
def grad_stats(*args): return type(spelled(args), (), {{}})()
"""
    graded = grader(spell)
    cases = [c.data for n in graded.points for c in grader.judge.prepare(n, "").cases]
    spelled = {word for word in re.findall(r"-?\d+\.\d+", repr(cases)) if len(word) > 4}
    assert "ValueError: my words: [2.0, 3.0] (cell 1" in graded.hints[FIRST]
    assert len(spelled) > 20
    assert not [word for word in spelled if word in graded.everything]
    assert "Linear ReLU Linear ReLU; yours are" in graded.hints["build_and_backward"]


def test_an_error_names_the_line_of_the_students_own_cell(grader):
    graded = grader(*solutions(**{FIRST: f"# a remark\n\ndef {FIRST}(values):\n    return 1 / 0"}))
    assert (
        "ZeroDivisionError: division by zero (cell 2, line 4: return 1 / 0)" in graded.hints[FIRST]
    )


def test_a_module_beside_the_notebook_can_be_imported(grader):
    source = IMPORTS + "\n" + ASSIGNMENT.references[FIRST].source(FIRST)
    cells = solutions(**{FIRST: f"from helper import {FIRST}"})
    assert grader(*cells, files={"helper.py": source}).points == FULL


def test_definitions_count_even_when_the_notebook_has_no_time_left(grader):
    limits = LIMITS.model_copy(update={"notebook_seconds": 3.0})
    with pool(grader.tier, limits) as zygotes:
        loops = ["while True: pass"] * 3
        graded = Grader(zygotes, grader.tier)(*loops, *solutions(), limits=limits)
    assert graded.points == FULL


class Silent:
    """A worker that never answers, and remembers how long it was waited for."""

    def send(self, message, deadline):
        pass

    def receive(self, deadline):
        self.waited = deadline - time.monotonic()
        raise TimeoutError


@pytest.mark.parametrize(
    ("cell", "notebook", "waited"), [(1.0, 20.0, 1.0), (10.0, 60.0, 10.0), (10.0, 0.1, 2.0)]
)
def test_a_silent_cell_is_waited_for_no_longer_than_it_may_take(cell, notebook, waited):
    """And half a second more; but two seconds at least where only definitions are left."""
    limits = LIMITS.model_copy(update={"cell_seconds": cell, "notebook_seconds": notebook})
    worker = Silent()
    assert _Notebook(Submission("s", "s", ("x = 1",)), limits).play(worker, math.inf) is None
    assert worker.waited == pytest.approx(waited + 0.5, abs=0.2)


def test_memory_kept_by_one_exercise_is_not_charged_to_the_next(grader):
    hoard = (
        f"kept = []\ndef {FIRST}(*args):\n"
        "    try:\n        while True: kept.append(bytearray(8 << 20))\n"
        "    except MemoryError: pass"
    )
    assert grader(*solutions(**{FIRST: hoard})).points == FULL | {FIRST: 0}


def test_a_thread_left_running_spoils_no_other_exercise(grader):
    noise = (
        f"import os, threading\ndef {FIRST}(*args):\n"
        "    def write():\n        while True: os.write(3, b'junk')\n"
        "    threading.Thread(target=write, daemon=True).start()"
    )
    assert grader(*solutions(**{FIRST: noise})).points == FULL | {FIRST: 0}


def test_a_zygote_is_replaced_when_it_has_forked_its_share(monkeypatch):
    monkeypatch.setattr(zygotes, "RECYCLED_AFTER", 2)
    parents = []
    with pool(detect(trusted=True)) as opened:
        for _ in range(5):
            with opened.lease() as zygote, zygote.worker():
                parents.append(zygote._process.pid)
    assert len(set(parents)) == 3 and parents == sorted(parents)
