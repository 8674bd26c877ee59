"""Student code in real workers: what one cell or exercise does costs nothing else."""

import json
import os
import platform
import re
from dataclasses import dataclass
from pathlib import Path

import pytest

from autograder.compare import Tolerance
from autograder.course import find_course
from autograder.errors import SandboxError
from autograder.grading import Limits
from autograder.judge import Judge
from autograder.model import Kind, Submission
from autograder.run import run
from autograder.tier import Tier, detect
from autograder.zygotes import Zygotes

COURSE = find_course(Path(__file__).parent)
ASSIGNMENT = COURSE.assignment("backprop")
LIMITS = Limits(cell_seconds=2, notebook_seconds=20, exercise_seconds=2, memory_mb=512)
IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F"
FIRST = next(iter(ASSIGNMENT.references))
FUNCTIONS = [name for name, r in ASSIGNMENT.references.items() if callable(r.solution)]
FULL = {name: sum(points.values()) for name, points in ASSIGNMENT.rubric.items()}


@dataclass(frozen=True)
class Graded:
    points: dict[str, float]
    kinds: dict[str, set[Kind]]
    hints: dict[str, str]
    notes: dict[int, list[str]]
    everything: str


class Grader:
    def __init__(self, zygotes: Zygotes, tier: Tier):
        self.zygotes, self.tier = zygotes, tier
        self.judge = Judge("backprop", ASSIGNMENT.references, Tolerance(), b"a secret of the tests")

    def __call__(self, *cells: str, limits: Limits = LIMITS, **submission) -> Graded:
        prepared = {name: self.judge.prepare(name, "") for name in ASSIGNMENT.references}
        visible = {name: r.exercise.visible for name, r in ASSIGNMENT.references.items()}
        hidden = {name: found.cases for name, found in prepared.items()}
        with self.zygotes.lease() as zygote:
            found = run(zygote, Submission("s", "s", cells, **submission), visible, hidden, limits)
        outcomes = [prepared[n].outcome(found.hidden[n], found.visible[n]) for n in prepared]
        notes: dict[int, list[str]] = {}
        for note in found.notes:
            notes.setdefault(note.cell, []).append(note.message)
        passed = {
            o.exercise: [v.check for v in o.verdicts if v.kind is Kind.passed] for o in outcomes
        }
        return Graded(
            {name: sum(ASSIGNMENT.rubric[name][c] for c in passed[name]) for name in passed},
            {o.exercise: {v.kind for v in o.verdicts} for o in outcomes},
            {o.exercise: " ".join(v.hint for v in o.verdicts) for o in outcomes},
            notes,
            repr(outcomes) + repr(notes),
        )


def solutions(**instead: str) -> list[str]:
    """Cells with every solution, or something else instead of it."""
    return [
        IMPORTS,
        *(instead.get(name) or r.source(name) for name, r in ASSIGNMENT.references.items()),
    ]


def pool(tier: Tier, limits: Limits = LIMITS) -> Zygotes:
    return Zygotes(ASSIGNMENT.folder, (COURSE.folder,), tier, limits, 1)


TIERS = {"namespaces": detect(trusted=True), "landlock alone": Tier("B", False, 7)}


@pytest.fixture(scope="module", params=TIERS)
def grader(request):
    tier = TIERS[request.param]
    if request.param == "namespaces" and not tier.namespaces:
        pytest.skip("no namespaces on this machine")
    if not detect(trusted=True).landlock:
        pytest.skip("no Landlock on this machine")
    try:
        zygotes = pool(tier)
    except SandboxError as error:  # root, and Python in a folder of root's own
        pytest.skip(str(error))
    with zygotes:
        yield Grader(zygotes, tier)


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
        "kept = []\n    while True: kept.append(bytearray(64 << 20))",
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


def test_what_a_cell_defined_before_it_was_stopped_counts(grader):
    source = ASSIGNMENT.references[FIRST].source(FIRST)
    assert grader(*solutions(**{FIRST: f"{source}\nwhile True: pass"})).points == FULL


def test_what_a_cell_defines_after_its_error_counts(grader):
    source = ASSIGNMENT.references[FIRST].source(FIRST)
    assert grader(*solutions(**{FIRST: f"import no_such_module\n{source}"})).points == FULL


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


SEARCH = """
import builtins, gc, glob, os, sys, types
words = {words}
def readable():
    for top in ("/", "/proc", {course!r}, os.path.dirname({course!r}), *sys.path):
        for place, _, files in os.walk(top, onerror=lambda error: None):
            for name in files:
                if name.endswith((".py", ".yml", ".db", ".json", ".md")) or "secret" in name:
                    yield os.path.join(place, name)
def holds(value):
    text = value if isinstance(value, str) else ""
    return any(word in text for word in words)
found = [n for n, m in list(sys.modules.items()) if "reference" in n and "autograder" in n]
found += ["module " + n for n in sys.modules if n.endswith((".judge", ".checks", ".draw"))
          and n.startswith("autograder")]
for thing in gc.get_objects():
    code = getattr(thing, "__code__", None) if isinstance(thing, types.FunctionType) else None
    if code and holds(" ".join(map(str, code.co_consts))):
        found.append("function " + thing.__qualname__)
for path in readable():
    try:
        with open(path, errors="replace") as file:
            if holds(file.read(1 << 20)): found.append("file " + path)
    except OSError: pass
for path in ({course!r} + "/grading.yml", {course!r} + "/reference/backprop/train.py",
             {course!r} + "/.autograder-secret"):
    if {namespaces} and os.path.exists(path): found.append("exists " + path)
for name in os.environ:
    if "AUTOGRADER" in name: found.append("variable " + name)
def {first}(*args):
    raise ValueError("found: " + repr(found[:5]))
"""


def test_a_search_of_memory_and_files_finds_no_reference(grader):
    sentences = [m.sentence for r in ASSIGNMENT.references.values() for m in r.mistakes.values()]
    words = [sentence[:60] for sentence in sentences]
    search = SEARCH.format(
        words=words, course=str(COURSE.folder), first=FIRST, namespaces=grader.tier.namespaces
    )
    patient = LIMITS.model_copy(update={"cell_seconds": 120.0, "notebook_seconds": 120.0})
    with pool(grader.tier, patient) as zygotes:
        graded = Grader(zygotes, grader.tier)(IMPORTS, search, limits=patient)
    assert graded.notes == {}
    assert "found: []" in graded.hints[FIRST]
    assert set(graded.points.values()) == {0}


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
    assert "Linear ReLU Linear ReLU; yours are others" in graded.hints["build_and_backward"]


def test_an_error_names_the_line_of_the_students_own_cell(grader):
    graded = grader(*solutions(**{FIRST: f"# a remark\n\ndef {FIRST}(values):\n    return 1 / 0"}))
    assert (
        "ZeroDivisionError: division by zero (cell 2, line 4: return 1 / 0)" in graded.hints[FIRST]
    )


def test_a_module_beside_the_notebook_can_be_imported(grader):
    source = IMPORTS + "\n" + ASSIGNMENT.references[FIRST].source(FIRST)
    cells = solutions(**{FIRST: f"from helper import {FIRST}"})
    assert grader(*cells, files={"helper.py": source}).points == FULL


def test_nothing_is_handed_from_one_submission_to_the_next(grader):
    places = "import os, tempfile\nplaces = ['x', os.path.join(tempfile.gettempdir(), 'y')]\n"
    write = places + "for place in places: open(place, 'w').write('answer')"
    read = f"{places}def {FIRST}(*args): raise ValueError(list(map(os.path.exists, places)))"
    assert grader(write).notes == {}
    assert "[False, False]" in grader(read).hints[FIRST]


ESCAPES = {
    "shared memory": "libc.shmget(0x1234, 1 << 20, 0o1666)",
    "message queues": "libc.msgget(0x1234, 0o1666)",
    "semaphores": "libc.semget(0x1234, 1, 0o1666)",
    "keyrings": "libc.syscall(248, b'user', b'name', b'answer', 6, -4)",
    "files in memory": "libc.memfd_create(b'name', 0)",
    "sockets": "libc.socket(2, 2, 0)",
    "debugging": "libc.ptrace(0, 0, 0, 0)",
    "user namespaces": "libc.unshare(0x10000000)",
    "mounts": "libc.mount(b'none', b'/tmp', b'tmpfs', 0, None)",
    "the other system call table": "libc.syscall(0x40000000 + 39)",
}


@pytest.mark.skipif(platform.machine() != "x86_64", reason="the numbers are of x86_64")
def test_system_calls_that_reach_out_of_the_worker_are_refused(grader):
    code = (
        "import ctypes, errno\nlibc = ctypes.CDLL(None, use_errno=True)\nfound = {}\n"
        + "".join(
            f"ctypes.set_errno(0); value = {call}\n"
            f"found[{name!r}] = value == -1 and ctypes.get_errno() == errno.EPERM\n"
            for name, call in ESCAPES.items()
        )
        + f"def {FIRST}(*args): raise ValueError([name for name in found if not found[name]])"
    )
    graded = grader(code)
    assert graded.notes == {}
    assert "ValueError: []" in graded.hints[FIRST]


def test_definitions_count_even_when_the_notebook_has_no_time_left(grader):
    limits = LIMITS.model_copy(update={"notebook_seconds": 3.0})
    with pool(grader.tier, limits) as zygotes:
        loops = ["while True: pass"] * 3
        graded = Grader(zygotes, grader.tier)(*loops, *solutions(), limits=limits)
    assert graded.points == FULL


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


def test_no_worker_process_is_left(grader):
    grader(*solutions(**{FIRST: f"def {FIRST}(*args):\n    while True: pass"}))
    assert len(descendants(os.getpid())) == (2 if grader.tier.namespaces else 1)


def descendants(process: int) -> list[int]:
    """The zygote (in namespaces with the parent that waits for it), and what it started."""
    children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    return [d for child in map(int, children) for d in (child, *descendants(child))]


def test_a_scratch_folder_is_all_that_a_worker_can_write(grader):
    places = ["/", "/tmp/../x", "/usr/x", str(COURSE.folder / "x"), str(ASSIGNMENT.folder / "x")]
    code = (
        "import os\ndef attempt(path):\n    try: open(path, 'w'); return 'written'\n"
        "    except OSError as error: return 'denied'\n"
        f"def {FIRST}(*args): raise ValueError([attempt(p) for p in {json.dumps(places)}])"
    )
    assert str(["denied"] * len(places)) in grader(code).hints[FIRST]
