"""The student's side: `autograder check`, wherever students are."""

import json
import os
import shutil
import subprocess
import sys
import time
import tomllib
from pathlib import Path

import pytest

from autograder.commands.student import check, told
from autograder.course.policy import Limits
from autograder.errors import CourseError, SandboxError, SubmissionsError
from autograder.exercise import exercise_files, load_exercise
from autograder.model import CellNote, Kind, Lost, Submission
from autograder.running.alone import Alone
from autograder.running.run import run
from autograder.worker.limit import time_limit

ROOT = Path(__file__).parent.parent
COURSE_FILE = '''\
"""Square each entry."""

from autograder.exercise import attempt, case


def {name}(x):
    raise NotImplementedError("{name}")


visible = case(x=3)


def probe(answer, case):
    return {{"value": attempt(lambda: answer(case.x))}}
'''
NAMES = ("one", "two", "three", "four")
ANSWERS = """\
def one(x): return x * x
def two(x): return x + 1
def three(x): raise NotImplementedError("three")
"""
LOOP = "while True: pass"


@pytest.fixture
def published(tmp_path):
    """A small published assignment: what a student has."""
    folder = tmp_path / "small"
    folder.mkdir()
    for name in NAMES:
        (folder / f"{name}.py").write_text(COURSE_FILE.format(name=name))
    (folder / "visible.json").write_text(json.dumps({name: {"value": 9} for name in NAMES}))
    return folder


def notebook(*cells):
    plain = [{"cell_type": "code", "source": cell} for cell in cells]
    return json.dumps({"cells": plain, "nbformat": 4, "nbformat_minor": 5})


def seen(folder, *cells, **limits):
    """What running such cells in a plain process shows: the run, and an answer by exercise."""
    visible = {n: load_exercise(path).visible for n, path in exercise_files(folder).items()}
    limits = Limits(**limits)
    found = run(Alone(folder, limits), Submission("s", "s", cells), visible, {}, limits)
    return found, {name: observed for name, (observed,) in found.visible.items()}


# What a student reads


def test_a_check_says_what_the_notebook_would_and_what_is_left_to_do(published):
    path = published / "mine.ipynb"
    path.write_text(notebook(ANSWERS, "1 / 0"))
    assert list(check(path)) == [
        "code cell 2: ZeroDivisionError: division by zero in line 1 (1 / 0)",
        "one: passes the visible case",
        "two: not right yet\n  value: expected 9, yours is 4",
        "three: not done yet",
        "four: the notebook defines no 'four'",
        "",
        "still to do: three",
        "not in the notebook: four",
        "not right yet: two",
        "exercises of small that pass their visible checks: 1 of 4",
    ]


def test_blank_parts_and_questions_are_still_to_do(published):
    text = COURSE_FILE.format(name="one")
    parts = '{"a": attempt(lambda: answer(case.x)), "b": attempt(lambda: answer(0))}'
    (published / "one.py").write_text(
        text.replace('{"value": attempt(lambda: answer(case.x))}', parts)
    )
    (published / "visible.json").write_text(json.dumps({"one": {"a": 9}}))

    def cells(**sources):
        made = [{"cell_type": "markdown", "id": id_, "source": s} for id_, s in sources.items()]
        return [each | {"id": each["id"].replace("_", "-")} for each in made]

    ours = {
        "one_prompt": "1",
        "S1_prompt": "Why?",
        "S1": "*Here*",
        "S2_prompt": "Who?",
        "S2": "*Here*",
    }
    (published / "small.ipynb").write_text(json.dumps({"cells": cells(**ours)}))
    answer = "def one(x):\n    if x: return 9\n    raise NotImplementedError('one')"
    mine = [*cells(**ours | {"S2": "Ada."}), {"cell_type": "code", "source": answer}]
    (published / "mine.ipynb").write_text(json.dumps({"cells": mine}))
    assert list(check(published / "mine.ipynb")) == [
        "one: passes the visible case",
        "",
        "still to do: one (b)",
        "without an answer: S1",
        "exercises of small that pass their visible checks: 1 of 1",
    ]


def test_what_is_wrong_beside_blank_parts_is_told_too(published):
    text = COURSE_FILE.format(name="one")
    parts = "{n: attempt(lambda n=n: answer(n)) for n in ('a', 'b', 'c')}"
    (published / "one.py").write_text(
        text.replace('{"value": attempt(lambda: answer(case.x))}', parts)
    )
    wanted = {"a": 1, "b": 2, "c": 3}
    (published / "visible.json").write_text(json.dumps({"one": wanted}))
    path = published / "mine.ipynb"
    blank = "    raise NotImplementedError"
    for given, left in [
        ({"a": 1, "b": 2}, ["still to do: one (c)"]),
        ({"a": 1, "b": 7}, ["still to do: one (c)", "not right yet: one"]),
        ({}, ["still to do: one (a, b, c)"]),
        ({"a": 1, "b": 2, "c": 7}, ["not right yet: one"]),
        ({"a": "a c", "b": 2}, ["still to do: one (c)", "not right yet: one"]),
    ]:
        lookup = f"def one(n):\n    if n in {given}: return {given}[n]\n{blank}"
        path.write_text(notebook(lookup))
        said = list(check(path))
        assert said[said.index("") + 1 : -1] == left
    path.write_text(notebook("class Blank:\n    __call__ = property()", "one = Blank()"))
    assert "not right yet: one" in list(check(path))


def test_a_notebook_saved_beside_another_assignment_is_judged_as_what_it_is_of(published):
    other = published.parent / "other"
    other.mkdir()
    (other / "five.py").write_text(COURSE_FILE.format(name="five"))
    (other / "visible.json").write_text(json.dumps({"five": {"value": 9}}))
    (other / "mine.ipynb").write_text(notebook(ANSWERS))
    assert "one: passes the visible case" in list(check(other / "mine.ipynb"))


@pytest.mark.parametrize("neighbour", ["a copy", "damaged"])
def test_where_a_notebook_tells_nothing_its_own_folder_does(published, neighbour):
    copy = shutil.copytree(published, published.parent / "copy")
    if neighbour == "damaged":
        (copy / "visible.json").write_text("{")
    path = published / "mine.ipynb"
    for cell, said in [(ANSWERS, "one: passes the visible case"), ("x = 1", "one: the notebook")]:
        path.write_text(notebook(cell))
        assert any(line.startswith(said) for line in check(path))
    (published / "visible.json").write_text("{")
    with pytest.raises(CourseError, match=r"small/visible\.json"):
        list(check(path))


def test_a_file_beside_the_notebook_is_found_if_it_is_imported_and_is_to_be_handed_in(published):
    (published / "mine.py").write_text("one = two = lambda x: x * x\n")
    (published / "other.py").write_text("1 / 0")
    path = published / "mine.ipynb"
    path.write_text(notebook("from mine import one", "import os.path as p, mine as m\ntwo = m.two"))
    said = list(check(path))
    assert "one: passes the visible case" in said and "two: passes the visible case" in said
    assert said[-1] == "it imports files, which have to be handed in with it: mine.py"
    path.write_text(notebook(ANSWERS))
    assert "one: passes the visible case" in list(check(path))
    assert "handed in" not in list(check(path))[-1]


def test_a_failed_cell_is_blamed_for_a_name_that_it_would_define_and_for_no_other(published):
    path = published / "mine.ipynb"
    three = "from mine import three"
    path.write_text(notebook("def ones(x): return 9", "one(3)", "two = nothing", three))
    said = list(check(path))
    assert "one: the notebook defines no 'one': is it 'ones'?" in said
    blamed = "cell 3 failed (NameError: name 'nothing' is not defined in line 1 (two = nothing))"
    assert f"two: the notebook defines no 'two': {blamed}" in said
    assert any(line.startswith("three: the notebook defines no 'three': cell 4") for line in said)


def test_a_name_that_is_no_name_of_pythons_stops_nothing(published):
    path = published / "mine.ipynb"
    path.write_text(notebook("globals()['one_(('] = two = 1"))
    assert "one: the notebook defines no 'one'" in list(check(path))


def test_a_name_of_the_same_words_is_named_and_so_is_a_second_definition(published):
    path = published / "mine.ipynb"
    old = "'''\ntwo = 3\n'''"
    cells = ["def my_one(x): return 9", "two = 1", "x = 0", "two = 2\n1 / 0", "two = two +", old]
    path.write_text(notebook(*cells))
    said = list(check(path))
    assert "one: the notebook defines no 'one': is it 'my_one'?" in said
    told = [line for line in said if "once more" in line]
    assert told == ["code cell 4: two is defined here once more, after cell 2: this one counts"]


@pytest.mark.parametrize(
    ("text", "told"), [("", "the file is empty"), ('{"cells', "not valid JSON"), ("%PDF", "a PDF")]
)
def test_what_cannot_be_read_is_said_before_it_is_asked_what_it_is_of(published, text, told):
    shutil.copytree(published, published.parent / "assignments" / "small")
    shutil.copytree(published, published.parent / "assignments" / "other")
    path = published.parent / "mine.ipynb"
    path.write_text(text)
    with pytest.raises(SubmissionsError, match=told):
        list(check(path))


def test_an_assignment_that_is_not_there_is_told_with_those_that_are(published):
    path = published / "mine.ipynb"
    path.write_text(notebook(ANSWERS))
    with pytest.raises(CourseError, match="no assignment 'smal' here, only small"):
        list(check(path, "smal"))


def test_without_a_published_assignment_it_is_told_where_to_put_the_notebook(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    path = tmp_path / "mine.ipynb"
    path.write_text(notebook(ANSWERS))
    with pytest.raises(CourseError, match=r"mine\.ipynb: put it into the folder"):
        list(check(path))


def test_when_all_is_done_nothing_is_left_to_do():
    note = CellNote(3, "!ls: is not available while grading; skipped")
    assert list(
        told([note], {"one": "passes the visible case\n  note: more"}, {"still to do": []}, "small")
    ) == [
        f"code cell 3: {note.message}",
        "one: passes the visible case\n  note: more",
        "",
        "exercises of small that pass their visible checks: 1 of 1",
    ]


def test_a_class_is_not_a_notebook(published, tmp_path):
    for name in ("a", "b", "c"):
        (tmp_path / "class" / name).mkdir(parents=True)
        (tmp_path / "class" / name / "x.ipynb").write_text(notebook(ANSWERS))
    archive = shutil.make_archive(str(published / "class"), "zip", tmp_path / "class")
    with pytest.raises(SubmissionsError, match="work of 3 students: give one notebook"):
        list(check(Path(archive)))


# The plain process


def test_one_process_runs_all_and_nothing_is_left_of_it(published, tmp_path, monkeypatch):
    monkeypatch.setenv("TMPDIR", str(tmp_path))
    monkeypatch.setattr("tempfile.tempdir", None)
    cells = ("import os, sys\nprint('x' * 100_000)\nsys.stderr.write('y' * 100_000)", ANSWERS)
    own = ("open('here', 'w').write('z')\nassert os.listdir() and not sys.stdin.read()",)
    found, answers = seen(published, *cells, *own)
    assert found.notes == () and answers["one"]["value"].value == 9
    assert list(tmp_path.glob("autograder-*")) == []


def test_what_a_cell_kills_or_hangs_costs_that_cell_only(published):
    cells = ("import os\nos._exit(3)", "import time\ntime.sleep(60)\ndef two(x): return 0", ANSWERS)
    found, answers = seen(published, *cells, cell_seconds=1)
    assert [note.cell for note in found.notes] == [1, 2]
    assert "ended the process" in found.notes[0].message
    assert "stopped after 1 second" in found.notes[1].message
    assert answers["one"]["value"].value == 9


def test_an_answer_without_end_is_stopped_and_the_rest_goes_on(published):
    loop = f"{ANSWERS}\ndef two(x):\n    {LOOP}"
    began = time.monotonic()
    _, answers = seen(published, loop, exercise_seconds=1)
    assert answers["two"] == Lost(Kind.timed_out, "stopped after 1 second")
    assert answers["one"]["value"].value == 9 and answers["three"]["value"].error
    assert time.monotonic() - began < 60


def test_what_a_notebook_started_ends_with_it(published, tmp_path):
    mark = tmp_path / "pid"
    start = f"""\
import subprocess, sys
child = subprocess.Popen([sys.executable, "-c", "import time; time.sleep(600)"])
open({str(mark)!r}, "w").write(str(child.pid))
"""
    seen(published, start, ANSWERS)
    for _ in range(100):
        if not Path(f"/proc/{mark.read_text()}").exists() or is_dead(int(mark.read_text())):
            return
        time.sleep(0.1)
    raise AssertionError("it still runs")


def is_dead(process):
    return Path(f"/proc/{process}/stat").read_text().rpartition(")")[2].split()[0] == "Z"


def test_a_process_that_does_not_start_is_told_in_a_line(published, tmp_path, monkeypatch):
    (tmp_path / "torch.py").write_text("raise ImportError('no torch here')")
    monkeypatch.setenv("PYTHONPATH", str(tmp_path))
    with (
        pytest.raises(SandboxError, match="did not start: ImportError: no torch here"),
        Alone(published, Limits()).worker(),
    ):
        pass


# Where there is less than Linux has


@pytest.mark.parametrize("lacking", [(), ("setitimer", "SIGALRM")])
def test_a_time_limit_needs_no_timer_of_the_system(monkeypatch, lacking):
    import signal

    class Late(BaseException):
        pass

    def ring(number, frame):
        raise Late

    for name in lacking:
        monkeypatch.delattr(signal, name)
    before = signal.getsignal(signal.SIGINT)
    with pytest.raises(Late), time_limit(0.05, ring):
        while True:
            pass
    with time_limit(5, ring):
        pass
    assert signal.getsignal(signal.SIGINT) == before


ELSEWHERE = """\
# Start-up code that takes from a Python on Linux what Windows has not. Libraries of others are
# imported before: they know Windows for themselves.
import sys

import click, IPython.core.interactiveshell, matplotlib.pyplot, pydantic, rich.progress, torch

import concurrent.futures, os, signal, socket, subprocess, tempfile

for name in ("fcntl", "resource", "pwd", "grp", "termios", "tty", "pty", "syslog", "_posixshmem"):
    sys.modules[name] = None
LACKING = {
    os: "fork forkpty getuid geteuid getgid setsid setuid killpg getpgid chown pidfd_open pwrite "
    "O_NOFOLLOW O_DIRECTORY O_CLOEXEC sysconf unshare setresuid setgroups register_at_fork",
    signal: "SIGALRM SIGHUP setitimer getitimer alarm ITIMER_REAL pthread_kill pthread_sigmask "
    "pidfd_send_signal sigwait",
    socket: "AF_UNIX SOCK_SEQPACKET send_fds recv_fds",
}
for module, names in LACKING.items():
    for name in names.split():
        if hasattr(module, name):
            delattr(module, name)
sys.platform = "win32"
with open(os.environ["STARTED"], "a") as started:
    started.write("x")
"""


@pytest.fixture
def elsewhere(tmp_path):
    """Runs `autograder` in processes that lack what Windows lacks; also those that it starts."""
    (tmp_path / "startup").mkdir()
    (tmp_path / "startup" / "sitecustomize.py").write_text(ELSEWHERE)
    started = tmp_path / "started"
    paths = [str(tmp_path / "startup"), str(ROOT)]

    def autograder(*words, code=0):
        started.write_text("")
        done = subprocess.run(
            [sys.executable, "-m", "autograder", *map(str, words)],
            env=os.environ | {"PYTHONPATH": os.pathsep.join(paths), "STARTED": str(started)},
            cwd=tmp_path,
            capture_output=True,
            text=True,
            timeout=240,
        )
        assert done.returncode == code, done.stdout + done.stderr
        return done.stdout if code == 0 else done.stderr, len(started.read_text())

    return autograder


def test_check_works_without_what_windows_lacks(published, elsewhere):
    path = published / "mine.ipynb"
    slow = "import time\nt = time.monotonic()\nwhile time.monotonic() - t < 0.1: pass"
    path.write_text(notebook(slow, ANSWERS))
    text, started = elsewhere("check", path)
    assert text.splitlines() == [
        "one: passes the visible case",
        "two: not right yet",
        "  value: expected 9, yours is 4",
        "three: not done yet",
        "four: the notebook defines no 'four'",
        "",
        "still to do: three",
        "not in the notebook: four",
        "not right yet: two",
        "exercises of small that pass their visible checks: 1 of 4",
    ]
    assert started == 2  # this process, and the one that ran the notebook


def test_grading_without_what_windows_lacks_is_told_in_a_line(elsewhere, tmp_path):
    text, _ = elsewhere(
        "--course", ROOT, "grade", ROOT / "assignments/backprop/backprop.ipynb", code=1
    )
    assert text == (
        "autograder: win32 can only `check`: for all else use Linux, WSL2 or a Linux VM\n"
    )
    assert "--quiet" in elsewhere("grade", "--help")[0]


# Versions


def test_the_notebook_states_the_versions_of_torch_that_the_project_does():
    project = tomllib.loads((ROOT / "pyproject.toml").read_text())["project"]
    (torch,) = [d for d in project["dependencies"] if d.startswith("torch>=")]
    (pinned,) = [
        line.removeprefix("torch==").rpartition(".")[0]
        for line in (ROOT / "constraints.txt").read_text().splitlines()
        if line.startswith("torch==")
    ]
    lowest = torch.removeprefix("torch>=")
    sentence = f"PyTorch {lowest} or newer is needed; your work is graded with {pinned}."
    for name in ("backprop", "beyond"):
        cells = json.loads((ROOT / f"assignments/{name}/{name}.ipynb").read_text())["cells"]
        texts = ("".join(cell["source"]) for cell in cells)
        assert any(sentence in " ".join(text.split()) for text in texts), name
