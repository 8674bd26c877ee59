"""The nbgrader door: what its files hold, and what the real nbgrader makes of them."""

import ast
import builtins
import contextlib
import copy
import csv
import html
import json
import math
import os
import re
import runpy
import shutil
import subprocess
import sys
from pathlib import Path
from types import SimpleNamespace

import IPython
import nbformat
import pytest
from nbgrader.utils import compute_checksum
from ours import assignments
from traitlets.config import Config

from autograder import build
from autograder.course.assignment import tolerance
from autograder.course.course import find_course
from autograder.doors.hidden_tests import Bundle
from autograder.doors.nbgrader import CONFIG
from autograder.doors.solved import solved
from autograder.exercise import load_exercise
from autograder.judging.judge import Judge
from autograder.model import Kind
from autograder.reference import load_reference

SECRET = "the secret of the tests"
COURSE = find_course(Path(__file__).parent)
ASSIGNMENTS = assignments()
EXERCISES = [(a, e) for a, ready in ASSIGNMENTS.items() for e in ready.rubric]
each_assignment = pytest.mark.parametrize("assignment", ASSIGNMENTS)
each_exercise = pytest.mark.parametrize("assignment, exercise", EXERCISES)


@pytest.fixture(scope="module", autouse=True)
def secret():
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("AUTOGRADER_SECRET", SECRET)
        yield


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    """The course folder, copied elsewhere."""
    made = tmp_path_factory.mktemp("elsewhere")
    for name in ASSIGNMENTS:
        for path, content in build.made(COURSE, name, build.DISTRIBUTED).items():
            if path.is_relative_to(COURSE.folder / "dist/nbgrader"):
                place = made / path.relative_to(COURSE.folder / "dist/nbgrader")
                place.parent.mkdir(parents=True, exist_ok=True)
                place.write_bytes(content)
    return made


def committed(assignment):
    return COURSE.folder / f"assignments/{assignment}/nbgrader/{assignment}.ipynb"


def cells(path):
    return {cell["id"]: cell for cell in json.loads(path.read_bytes())["cells"]}


def text(cell):
    return "".join(cell["source"])


# What the files hold


def test_no_file_knows_where_it_was_made(folder):
    places = (str(COURSE.folder), str(Path.home()), str(folder), sys.prefix)
    for path in [*folder.rglob("*"), *map(committed, ASSIGNMENTS)]:
        if path.is_file():
            assert not [p for p in places if p != "/" and p.encode() in path.read_bytes()], path


@each_exercise
def test_the_released_skeleton_is_the_skeleton(assignment, exercise):
    released = cells(committed(assignment))[exercise]
    skeleton = ASSIGNMENTS[assignment].references[exercise].exercise.skeleton
    lines = [line for line in text(released).splitlines() if "YOUR CODE HERE" not in line]
    assert skeleton.splitlines() == lines
    about = released["metadata"]["nbgrader"]
    assert (about["solution"], about["grade"], about["locked"]) == (True, False, False)


@each_exercise
def test_the_source_holds_the_solution_where_the_skeleton_raises(folder, assignment, exercise):
    ready = ASSIGNMENTS[assignment]
    source = text(cells(folder / f"source/{assignment}/{assignment}.ipynb")[exercise])
    start = "predictions = " if exercise == "predictions" else ("def ", "class ")
    assert source.startswith(start)
    inside = [line.strip() for line in source.splitlines() if "SOLUTION" in line]
    assert {"# BEGIN SOLUTION", "# END SOLUTION"} == set(inside)
    space = {}
    exec("import torch\n" + source, space)
    judge = Judge(assignment, ready.references, tolerance(ready.policy), SECRET.encode())
    prepared = judge.prepare(exercise, "")
    verdicts = prepared.outcome(prepared.observe(space[exercise])).verdicts
    assert {Kind.passed} == {verdict.kind for verdict in verdicts}


@each_exercise
def test_a_test_is_worth_its_exercise(folder, assignment, exercise):
    for path in (committed(assignment), folder / f"source/{assignment}/{assignment}.ipynb"):
        about = cells(path)[f"{exercise}-check"]["metadata"]["nbgrader"]
        assert exercise == about["grade_id"]
        assert sum(ASSIGNMENTS[assignment].rubric[exercise].values()) == about["points"]
        assert about["grade"] and about["locked"] and not about["solution"]


@each_assignment
def test_questions_are_marked_by_hand_with_a_scheme_that_students_do_not_see(folder, assignment):
    source = cells(folder / f"source/{assignment}/{assignment}.ipynb")
    released = cells(committed(assignment))
    for name, question in ASSIGNMENTS[assignment].questions.items():
        about = released[name]["metadata"]["nbgrader"]
        assert about["grade"] and about["solution"] and question.points == about["points"]
        assert text(released[name]).startswith(question.answer[0][1].strip())
        scheme, shown = text(source[f"{name}-prompt"]), text(released[f"{name}-prompt"])
        assert "BEGIN MARK SCHEME" in scheme and question.prompt.splitlines()[-1] in shown
        for hidden in [c.text for c in question.criteria] + question.model_answer.splitlines():
            assert hidden in scheme
            assert len(hidden) < 25 or hidden not in shown


def reference_lines(assignment):
    """Lines that only the reference has."""
    public = [*(COURSE.folder / "assignments" / assignment).glob("*.*"), CONFIG]
    public += [COURSE.folder / "autograder/building/visible.py"]
    known = "\n".join(path.read_text("utf-8") for path in public if path.is_file())
    hidden = COURSE.folder / "reference"
    files = [*hidden.glob("*.py"), *(hidden / assignment).glob("*")]
    for path in files:
        if path.is_file():
            for line in map(str.strip, path.read_text("utf-8").splitlines()):
                if len(line) >= 25 and line not in known and not line.startswith("from "):
                    yield line


@each_assignment
def test_the_released_notebook_holds_nothing_of_the_reference(assignment):
    shown = "\n".join(map(text, cells(committed(assignment)).values()))
    assert [line for line in reference_lines(assignment) if line in shown] == []
    for mark in ("SOLUTION", "HIDDEN", "MARK SCHEME", "hidden/", SECRET):
        assert mark not in shown


def test_rounding_may_change_a_digit_and_its_checksum_and_nothing_else_may(tmp_path):
    made = committed("beyond").read_bytes()
    path = tmp_path / "beyond.ipynb"
    checksum = re.search(rb'"checksum": "(\w+)"', made)[1]
    other_checksum = made.replace(checksum, checksum[::-1])
    assert b"0.0064194" in made
    for content, stale in (
        (made, []),
        (other_checksum, [path]),
        (other_checksum.replace(b"0.0064194", b"0.0064195"), []),
        (other_checksum.replace(b"0.0064194", b"0.0065194"), [path]),
    ):
        path.write_bytes(content)
        assert stale == build.stale({path: made})


# A skeleton with its solution inside


@pytest.mark.parametrize(
    "skeleton, solution, expected",
    [
        (
            'def one(x):\n    """Doc."""\n    raise NotImplementedError("one")',
            'def one(x):\n    """Own."""\n    # why\n    if x:\n        x.zero_()',
            'def one(x):\n    """Doc."""\n    # BEGIN SOLUTION\n    # why\n    if x:\n'
            "        x.zero_()\n    return\n    # END SOLUTION\n"
            '    raise NotImplementedError("one")',
        ),
        (
            'def one(x):\n    raise NotImplementedError("one")',
            "import math\nimport torch\n\ndef one(x):\n    return torch.tensor(math.pi)",
            "def one(x):\n    # BEGIN SOLUTION\n    import math\n\n"
            "    return torch.tensor(math.pi)\n"
            '    # END SOLUTION\n    raise NotImplementedError("one")',
        ),
        (
            'def one(x):\n    raise NotImplementedError("one")',
            "def one(y, z=1):\n    return y",
            'def one(x):\n    raise NotImplementedError("one")\n'
            "# BEGIN SOLUTION\ndef one(y, z=1):\n    return y\n# END SOLUTION",
        ),
        (
            'def one(x):\n    raise NotImplementedError("one")',
            "def one(x): return x",
            'def one(x):\n    raise NotImplementedError("one")\n'
            "# BEGIN SOLUTION\ndef one(x): return x\n# END SOLUTION",
        ),
        ("one = ...", "one = 2", "one = ...\n# BEGIN SOLUTION\none = 2\n# END SOLUTION"),
    ],
    ids=["no return", "imports", "other parameters", "one line", "a value"],
)
def test_solutions_go_where_the_skeleton_raises(tmp_path, skeleton, solution, expected):
    public, hidden = tmp_path / "one.py", tmp_path / "hidden.py"
    public.write_text(
        '"""Prompt."""\nfrom autograder.exercise import case\n'
        f"{skeleton}\nvisible = case()\ndef probe(one, case): return {{}}\n"
    )
    hidden.write_text(
        "from autograder.checks import close\n"
        f"{solution}\ndef hidden(draw): ...\nchecks = {{'c': close('p')}}\n"
    )
    assert expected == solved(load_reference(hidden, load_exercise(public)))


# The hidden tests, in this process


def part(name):
    """A name of the configuration."""
    return runpy.run_path(str(CONFIG), {"get_config": Config})[name]


@pytest.fixture
def run_test(folder, monkeypatch):
    """The points that a test cell ends in, run as `TestsLast` does, in the notebook's names."""

    def run(exercise, answer, start, assignment="backprop"):
        made = cells(folder / f"source/{assignment}/{assignment}.ipynb")
        monkeypatch.setattr(sys, "path", [*sys.path])
        space = {}
        text_formatter = SimpleNamespace(float_precision="%.0f")
        shell = SimpleNamespace(
            starting_dir=str(start),
            user_ns=space,
            display_formatter=SimpleNamespace(formatters={"text/plain": text_formatter}),
        )
        monkeypatch.setattr(IPython, "get_ipython", lambda: shell)
        test = text(made[f"{exercise}-check"])
        exec(text(made["visible-checks"]).split("# BEGIN HIDDEN")[0], space)
        exec(answer, space)
        hidden = part("HIDDEN")
        with contextlib.suppress(Exception):  # as nbgrader goes on after a cell that fails
            exec(hidden.sub("", test), space)
        exec("".join(hidden.findall(test)), space)
        assert ("last_expr", "") == (shell.ast_node_interactivity, text_formatter.float_precision)
        return space["_score"]

    return run


@pytest.mark.parametrize(
    "start", ["autograded/ada/backprop", "source/backprop", "solution/./backprop"]
)
def test_the_bundle_is_found_from_wherever_the_kernel_starts(folder, run_test, start, monkeypatch):
    monkeypatch.chdir("/")  # as student code may
    answer = ASSIGNMENTS["backprop"].references["fresh_grads"].source("fresh_grads")
    points = run_test("fresh_grads", answer, folder / start)
    assert (4.0, float) == (points, type(points))


@each_assignment
def test_nothing_but_points_is_an_expression_whose_value_is_shown(folder, assignment):
    for path in (committed(assignment), folder / f"source/{assignment}/{assignment}.ipynb"):
        for name, cell in cells(path).items():
            if "nbgrader" in cell["metadata"] and cell["metadata"]["nbgrader"]["locked"]:
                if cell["cell_type"] == "code":
                    shown = [n for n in ast.parse(text(cell)).body if isinstance(n, ast.Expr)]
                    expected = [] if name == "visible-checks" else ["_score"]
                    assert expected == list(map(ast.unparse, shown))


def test_a_missing_bundle_is_no_zero(run_test, tmp_path, capsys):
    assert math.inf == run_test("fresh_grads", "", tmp_path)
    assert "not graded" in capsys.readouterr().out


def test_what_answers_print_and_warn_is_not_seen(folder, run_test, capsys):
    answer = ASSIGNMENTS["backprop"].references["fresh_grads"].source("fresh_grads")
    loud = "import sys, warnings\ninner = fresh_grads\ndef fresh_grads(values, k):\n"
    loud += "    print('loud', file=sys.stderr)\n    return inner(values, k)\n"
    assert 4.0 == run_test("fresh_grads", f"{answer}\n{loud}", folder / "autograded/a/backprop")
    assert "" == capsys.readouterr().err


SOLVED = ASSIGNMENTS["backprop"].references["fresh_grads"].source("fresh_grads")
NAMES = [n for n in dir(builtins) if n.isidentifier() and n not in ("__build_class__", "range")]


def test_it_does_not_matter_what_any_name_means_to_a_student(folder, run_test):
    names = [*NAMES, "case", "check", "attempt", "passes_visible_case", "deepcopy", "nn", "F"]
    names += ["_score", "_points", "_find_bundle", "wanted", "visible", "sys", "Path"]
    mine = [name for name in names if name not in ("__debug__", "None", "True", "False")]
    answer = "import torch as inner\n"
    answer += "\n".join(f"{name} = 'abc'" for name in mine if name != "__import__")
    answer += """
torch = None
def fresh_grads(values, k):
    x = inner.tensor(values, requires_grad=True)
    return [(j + 1) * (2 * x + 3).detach() for j in range(k)]
__import__ = 3
"""
    assert 4.0 == run_test("fresh_grads", answer, folder / "autograded/a/backprop")


def test_who_deleted_the_cell_of_imports_has_them(folder, run_test):
    answer = "def fresh_grads(values, k):\n    nn, F, torch\n    return inner(values, k)\n"
    source = SOLVED.replace("fresh_grads", "inner")
    assert 4.0 == run_test("fresh_grads", source + "\n" + answer, folder / "autograded/a/backprop")


SETTINGS = {
    "float64": "torch.set_default_dtype(torch.float64)",
    "no gradients": "torch.set_grad_enabled(False)",
    "another device": "torch.set_default_device('cpu')",
    "deterministic": "torch.use_deterministic_algorithms(True)",
    "anomalies": "torch.autograd.set_detect_anomaly(True, check_nan=False)",
    "denormals": "torch.set_flush_denormal(True)",
    "threads": "torch.set_num_threads(2)",
    "precision": "torch.set_float32_matmul_precision('medium')",
    "printing": "torch.set_printoptions(precision=0)",
    "seeds": "torch.manual_seed(3), random.seed(3), np.random.seed(3)",
    "warnings": "warnings.simplefilter('error')",
    "numpy": "np.seterr(all='raise')",
    "elsewhere": "os.chdir('/')",
}


JUDGED_UNDER = """
import os, random, sys, warnings
from pathlib import Path
import numpy as np
import torch

bundle, sources, exercises, settings = {given!r}

def now():
    return (
        torch.get_default_dtype(), torch.is_grad_enabled(), torch.get_default_device(),
        torch.are_deterministic_algorithms_enabled(), torch.is_anomaly_enabled(),
        sys.float_info.min / 2, torch.get_num_threads(), torch.get_float32_matmul_precision(),
        torch.initial_seed(), torch.get_rng_state().sum(), random.getstate(),
        np.random.get_state()[1].sum(), list(warnings.filters), np.geterr(), os.getcwd(),
    )

sys.path.insert(0, bundle)
from autograder.doors.hidden_tests import Bundle
for setting in settings:
    if child := os.fork():
        os.waitpid(child, 0)
        continue
    space = {{}}
    exec("import torch\\nimport torch.nn as nn\\nimport torch.nn.functional as F", space)
    exec(setting)
    for source in sources:
        exec(source, space)
    before, judge = now(), Bundle(Path(bundle))
    points = [judge.outcome(e, space) and judge.score(e, space) for e in exercises]
    print("\\t".join(["result", setting, *map(str, points), str(before == now())]), flush=True)
    os._exit(0)
"""


def test_settings_of_the_notebook_cost_nothing_and_stay_as_they_are(folder):
    exercises = ["grad_quadratic", "fresh_grads"]
    known = ASSIGNMENTS["backprop"]
    sources = [known.references[exercise].source(exercise) for exercise in exercises]
    given = (str(folder / "hidden/backprop"), sources, exercises, list(SETTINGS.values()))
    done = subprocess.run(
        [sys.executable, "-c", JUDGED_UNDER.format(given=given)], capture_output=True, text=True
    )
    lines = [line.split("\t")[1:] for line in done.stdout.splitlines() if "result\t" in line]
    full = [str(float(sum(known.rubric[exercise].values()))) for exercise in exercises]
    assert [[setting, *full, "True"] for setting in SETTINGS.values()] == lines, done.stderr


@pytest.fixture
def hasty(folder, tmp_path):
    """A bundle that stops after half a second."""
    shutil.copytree(folder / "hidden/backprop", tmp_path / "hasty")
    about = json.loads((tmp_path / "hasty/about.json").read_text())
    (tmp_path / "hasty/about.json").write_text(json.dumps(about | {"seconds": 0.5}))
    return Bundle(tmp_path / "hasty")


def test_an_endless_loop_costs_its_exercise_alone(hasty):
    known = ASSIGNMENTS["backprop"].references

    def grad_quadratic(values):
        while any(isinstance(value, int) for value in values):
            pass
        return known["grad_quadratic"].solution(values)

    answers = {"grad_quadratic": grad_quadratic, "fresh_grads": known["fresh_grads"].solution}
    verdicts = hasty.outcome("grad_quadratic", answers).verdicts
    assert {Kind.timed_out} == {verdict.kind for verdict in verdicts}
    assert 0.0 == hasty.score("grad_quadratic", answers)
    assert 4.0 == hasty.score("fresh_grads", answers)


# The steps of the configuration


def dressed(source, grade_id, changed, **about):
    about = {"grade": True, "solution": True, "locked": False, "points": 4} | about
    cell = nbformat.v4.new_markdown_cell(source)
    cell.metadata["nbgrader"] = about | {"grade_id": grade_id, "schema_version": 3}
    checksum = compute_checksum(cell)
    cell.metadata["nbgrader"]["checksum"] = "of the released one" if changed else checksum
    return cell


@pytest.mark.parametrize(
    "copies, kept",
    [("u", 0), ("uu", 1), ("cu", 0), ("uc", 1), ("cc", 1), ("ucu", 1)],
)
def test_of_copies_the_last_that_was_changed_counts(copies, kept):
    made = [dressed(f"{n}", "S1", copy == "c") for n, copy in enumerate(copies)]
    made.append(dressed("other", "S2", False))
    part("OneOfEach")().preprocess(nbformat.v4.new_notebook(cells=made), {})
    assert [kept, len(copies)] == [n for n, cell in enumerate(made) if "nbgrader" in cell.metadata]


def output(kind, **fields):
    return nbformat.v4.new_output(kind, **fields)


SAID = output("stream", name="stdout", text="values: 1 of 1\n")
RESULT = output("execute_result", data={"text/plain": "2.5"})


@pytest.mark.parametrize(
    "outputs, shown",
    [
        ([SAID, RESULT], "2.5"),
        ([output("stream", name="stderr", text="so"), RESULT], "2.5"),
        ([SAID], "inf"),
        ([output("error", ename="TypeError", evalue="", traceback=[])], "inf"),
        ([RESULT, RESULT], "inf"),
        ([output("execute_result", data={"text/plain": "tensor(1.)"})], "inf"),
        ([output("execute_result", data={"text/plain": "nan"})], "inf"),
        ([output("error", ename="CellTimeoutError", evalue="", traceback=[])], "CellTimeoutError"),
    ],
)
def test_what_is_no_score_is_refused_by_nbgrader_and_not_taken_for_0_or_full_marks(outputs, shown):
    cell = nbformat.v4.new_code_cell(outputs=outputs)
    last = part("TestsLast")().judged(cell)[-1]
    assert shown == (last.ename if last.output_type == "error" else last.data["text/plain"])


def test_an_answer_without_metadata_is_found_by_its_id_or_below_its_prompt():
    find = part("NothingMissing")().found
    prompt = nbformat.v4.new_markdown_cell("## Why?\n\n*Question `S1`, 4 points*\n\nWhy?")
    answer = nbformat.v4.new_markdown_cell("Because.")
    other = nbformat.v4.new_markdown_cell("## More")
    named = nbformat.v4.new_markdown_cell("So.", id="S1")
    for cells, expected in (
        ([prompt, answer, other], answer),
        ([prompt, other, named], named),
        ([other, answer], None),
        ([prompt, dressed("other", "S2", False)], None),
        ([prompt], None),
    ):
        assert expected is find(nbformat.v4.new_notebook(cells=cells), "S1")


# The real nbgrader

LOUD = """
import logging, os, sys, warnings
logging.basicConfig()
def loudly(answer):
    def loud(*args):
        logging.warning("a remark")
        warnings.warn("a warning")
        print("a line", file=sys.stderr)
        os.write(2, b"a line past Python")
        return answer(*args)
    return loud
"""
SHOW_ALL = (
    "from IPython.core.interactiveshell import InteractiveShell\n"
    "InteractiveShell.ast_node_interactivity = 'all'\nimport os\nos.chdir('/')\n"
    "case = check = attempt = passes_visible_case = list = dict = 7"
)
IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F"


def code(source):
    cell = {"cell_type": "code", "execution_count": None, "metadata": {}, "outputs": []}
    return cell | {"id": f"mine-{abs(hash(source))}", "source": source}


def moved_about(made, names):
    """Cells copied and deleted, one of each kind; and settings that people like."""
    deleted, copied = names[0], names[1]
    kept = [cell for cell in made if cell["id"] not in (f"{deleted}-check", "S1", "S1-prompt")]
    copies = [c | {"id": f"copy-{c['id']}"} for c in kept if c["id"].startswith(copied)]
    return [*kept[:4], code(SHOW_ALL), *kept[4:], *copies]


def answers_alone(made, names):
    """As from a script, or from a tool that drops metadata."""
    found = [cell | {"metadata": {}} for cell in made if cell["id"] in names]
    return [code(IMPORTS), *found]


def as_it_is(made, names):
    return made


def make_class(folder, assignment):
    """Of odd notebooks; those of all answers are in test_parity.py."""
    references = ASSIGNMENTS[assignment].references
    names = list(references)
    right = {name: reference.source(name) for name, reference in references.items()}
    loop = f"def {names[0]}(*args):\n    while True:\n        pass"
    loud = {
        name: f"{LOUD}{source}\n{name} = loudly({name})"
        for name, source in right.items()
        if source.startswith("def ")
    }
    students = {
        "right": (right, as_it_is),
        "untouched": ({}, as_it_is),
        "loud": (right | loud, as_it_is),
        "moved-about": (right, moved_about),
        "answers-alone": (right, answers_alone),
        "loop": (right | {names[0]: loop}, as_it_is),
    }
    if assignment != "backprop":  # the odd ones are the same everywhere
        for odd in ("moved-about", "answers-alone", "loop"):
            del students[odd]
    released = json.loads(committed(assignment).read_bytes())
    for student, (answers, edit) in students.items():
        content = copy.deepcopy(released)
        for cell in content["cells"]:
            cell["source"] = answers.get(cell["id"], cell["source"])
        content["cells"] = edit(content["cells"], names)
        path = folder / "submitted" / student / assignment / f"{assignment}.ipynb"
        path.parent.mkdir(parents=True)
        path.write_text(json.dumps(content))
    return set(students)


def nbgrader(folder, *arguments):
    """Run nbgrader there; returns its exit code and what it said."""
    tools = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{tools}{os.pathsep}{os.environ['PATH']}"}
    run = subprocess.run(
        [tools / "nbgrader", *arguments],
        cwd=folder,
        env=environment,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
    )
    return run.returncode, run.stdout


def real_nbgrader(test):
    """One worker grades the class, for all of these tests."""
    return pytest.mark.slow(pytest.mark.xdist_group("nbgrader")(test))


@pytest.fixture(scope="module")
def graded(folder):
    """The course folder after a class was graded in it."""
    for assignment in ASSIGNMENTS:
        for step in (
            ("generate_assignment", assignment),
            ("autograde", assignment, "--Execute.timeout=45"),
            ("generate_feedback", assignment),
        ):
            if step[0] == "autograde":
                make_class(folder, assignment)
            status, said = nbgrader(folder, *step)
            assert 0 == status, said[-3000:]
    return folder


GRADES = """
import json
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as gradebook:
    print(json.dumps({
        a.name: {
            s.student.id: {
                "manual": s.needs_manual_grade,
                "grades": {g.name: g.score for n in s.notebooks for g in n.grades},
            } for s in a.submissions
        } for a in gradebook.assignments
    }))
"""


@pytest.fixture(scope="module")
def grades(graded):
    run = subprocess.run(
        [sys.executable, "-c", GRADES], cwd=graded, check=True, capture_output=True, text=True
    )
    return json.loads(run.stdout)


@real_nbgrader
@pytest.mark.timeout(900)
@each_assignment
def test_generate_assignment_makes_what_is_committed(graded, assignment):
    made = graded / f"release/{assignment}/{assignment}.ipynb"
    assert made.read_bytes() == committed(assignment).read_bytes()


@real_nbgrader
@pytest.mark.timeout(900)
@each_assignment
def test_scores_are_those_of_our_own_grader(graded, grades, assignment, tmp_path):
    command = ("grade", graded / "submitted", "--assignment", assignment, "--out", tmp_path)
    subprocess.run(
        [sys.executable, "-m", "autograder", *command],
        cwd=COURSE.folder,
        check=True,
        capture_output=True,
    )
    with open(tmp_path / "scores.csv", newline="") as file:
        own = {row["student_id"]: row for row in csv.DictReader(file)}
    names = ASSIGNMENTS[assignment].rubric
    found = {s: {n: g["grades"][n] for n in names} for s, g in grades[assignment].items()}
    here = {s for s in own if (graded / f"submitted/{s}/{assignment}").is_dir()}
    assert {s: {n: float(own[s][n]) for n in names} for s in here} == found
    full = ASSIGNMENTS[assignment].max_score
    totals = {s: sum(points.values()) for s, points in found.items()}
    same = {"right", "loud", "moved-about", "answers-alone"}
    assert {full} == {totals[s] for s in same & totals.keys()}
    assert 0 == totals["untouched"]
    assert all(0 < totals[s] < full for s in totals if s == "loop")


@real_nbgrader
@pytest.mark.timeout(900)
@each_assignment
def test_nobody_need_mark_what_was_not_answered(grades, assignment):
    for student, found in grades[assignment].items():
        # Where no metadata is left, answers may be anywhere: a person has to look.
        assert found["manual"] == (student == "answers-alone"), student
        assert not any(found["grades"][name] for name in ASSIGNMENTS[assignment].questions)


def shown(path):
    """The text of a page."""
    return html.unescape(re.sub(r"<[^>]+>", "", path.read_text("utf-8")))


@real_nbgrader
@pytest.mark.timeout(900)
@each_assignment
def test_feedback_tells_the_points_and_nothing_of_the_reference(graded, assignment):
    for student in {"untouched", "loop"} & set(os.listdir(graded / "feedback")):
        path = graded / f"feedback/{student}/{assignment}/{assignment}.html"
        if path.is_file():
            page = shown(path)
            names = [ASSIGNMENTS[assignment].references] * (student == "loop")
            own = "".join(r.source(n) for known in names for n, r in known.items())
            lines = [line for line in reference_lines(assignment) if line not in own]
            assert [line for line in lines if line in page] == [], student
            for mark in ("BEGIN HIDDEN", "MARK SCHEME", "hidden/"):
                assert mark not in page
            second = list(ASSIGNMENTS[assignment].rubric.values())[1]
            check, points = next(iter(second.items()))
            assert f"{check}: {0 if student == 'untouched' else points:g} of {points:g}" in page


@real_nbgrader
@pytest.mark.timeout(900)
def test_validate_fails_what_is_not_solved_and_passes_what_is(graded, tmp_path):
    content = json.loads(committed("backprop").read_bytes())
    (tmp_path / "released.ipynb").write_text(json.dumps(content))
    _, said = nbgrader(tmp_path, "validate", "released.ipynb")
    unsolved = len(ASSIGNMENTS["backprop"].rubric) + len(ASSIGNMENTS["backprop"].questions)
    assert f"FAILED ON {unsolved} CELL(S)" in said
    content = json.loads((graded / "submitted/right/backprop/backprop.ipynb").read_bytes())
    for cell in content["cells"]:
        if cell["id"] in ASSIGNMENTS["backprop"].questions:
            cell["source"] = "An answer."
        elif cell["id"] == "grad_quadratic":
            # Not logging: it keeps the stderr of an earlier cell, an error to validate.
            noise = (
                "    import sys, warnings\n    warnings.warn('so')\n    print(1, file=sys.stderr)"
            )
            cell["source"] = cell["source"].replace("(values):", f"(values):\n{noise}")
    (tmp_path / "solved.ipynb").write_text(json.dumps(content))
    _, said = nbgrader(tmp_path, "validate", "solved.ipynb")
    assert "Success! Your notebook passes all the tests." in said


@real_nbgrader
@pytest.mark.timeout(900)
def test_export_has_a_row_for_each_submission(graded, grades):
    status, said = nbgrader(graded, "export", "--to", "grades.csv")
    assert 0 == status, said
    with open(graded / "grades.csv", newline="") as file:
        rows = {(r["assignment"], r["student_id"]): float(r["score"]) for r in csv.DictReader(file)}
    expected = {
        (a, s): sum(found["grades"].values())
        for a, students in grades.items()
        for s, found in students.items()
    }
    assert expected.items() <= rows.items()


@real_nbgrader
@pytest.mark.timeout(900)
def test_without_its_bundle_a_submission_is_refused_and_not_given_0(graded, tmp_path):
    course = tmp_path / "course"
    for part in ("source", "nbgrader_config.py"):
        where = graded / part
        (shutil.copytree if where.is_dir() else shutil.copy)(
            where, course / part if where.is_dir() else course
        )
    assert 0 == nbgrader(course, "generate_assignment", "backprop")[0]
    shutil.copytree(graded / "release/backprop", course / "submitted/ada/backprop")
    status, said = nbgrader(course, "autograde", "backprop")
    assert status != 0 and "error processing assignment 'backprop' for student 'ada'" in said
    assert not (course / "autograded/ada/backprop/backprop.ipynb").exists()
