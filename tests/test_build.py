"""The generated notebook: what it holds, what it must not hold, and what it says to students."""

import ast
import contextlib
import hashlib
import io
import json
import math
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbclient
import nbformat
import pytest
import torch
from ours import assignments
from torch import nn

from autograder import build
from autograder.building.notebook import HELPERS, LESSON
from autograder.building.visible import Raised, attempt, case, differences, visible_report
from autograder.building.wanted import (
    VISIBLE,
    read_visible,
    values_seen,
    visible_json,
    wanted_values,
)
from autograder.course.course import find_course
from autograder.errors import CourseError
from autograder.literal import WIDTH, literal
from autograder.observation import EVERY_PART, Error, Part

COURSE = find_course(Path(__file__).parent)
ASSIGNMENTS = assignments()
ASSIGNMENT = ASSIGNMENTS["backprop"]
PICTURES = {"backprop": 3, "beyond": 2}  # that the lessons draw
WANTED = wanted_values(ASSIGNMENT)
HELPING = ["visible-checks-note", "visible-checks"]
tensor = torch.tensor


each_assignment = pytest.mark.parametrize("assignment", ASSIGNMENTS)


@cache
def files_of(assignment):
    return build.made(COURSE, assignment, build.PUBLISHED)


def notebook_of(assignment):
    return files_of(assignment)[ASSIGNMENTS[assignment].folder / f"{assignment}.ipynb"].decode()


def cells(assignment="backprop"):
    return {cell["id"]: cell for cell in json.loads(notebook_of(assignment))["cells"]}


def sources(assignment="backprop"):
    return {name: "".join(cell["source"]) for name, cell in cells(assignment).items()}


# The files


def test_bytes_are_the_same_in_another_process_without_nbgrader_and_otter(monkeypatch):
    monkeypatch.setenv("AUTOGRADER_SECRET", "the cases of these tests")
    script = (
        "import hashlib, json, sys; sys.modules['nbgrader'] = sys.modules['otter'] = None\n"
        "from autograder import build; from autograder.course.course import find_course\n"
        "course, made = find_course(), {}\n"
        "for name in course.grading.rubrics:\n"
        "    made |= build.made(course, name, build.PUBLISHED + build.DISTRIBUTED)\n"
        "digests = {str(p): hashlib.sha256(content).hexdigest() for p, content in made.items()}\n"
        "print(json.dumps(digests))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        cwd=COURSE.folder,
        capture_output=True,
        text=True,
    )
    assert run.stderr == ""
    doors = build.PUBLISHED + build.DISTRIBUTED
    made = {p: c for name in ASSIGNMENTS for p, c in build.made(COURSE, name, doors).items()}
    expected = {str(path): hashlib.sha256(content).hexdigest() for path, content in made.items()}
    assert json.loads(run.stdout) == expected


@each_assignment
def test_committed_files_are_up_to_date(assignment):
    assert [] == build.stale(files_of(assignment)), "run: autograder build"


@each_assignment
def test_notebook_is_valid_and_clean(assignment):
    text = notebook_of(assignment)
    nbformat.validate(nbformat.reads(text, as_version=4))
    content = json.loads(text)
    assert (4, 5) == (content["nbformat"], content["nbformat_minor"])
    assert "python3" == content["metadata"]["kernelspec"]["name"]
    assert text.endswith("}\n")
    assert len(content["cells"]) == len(cells(assignment))
    for cell in content["cells"]:
        assert not cell.get("outputs") and cell.get("execution_count") is None


@each_assignment
def test_every_exercise_stands_in_lesson_order_with_prompt_skeleton_and_check(assignment):
    ready = ASSIGNMENTS[assignment]
    roles = [name for name in cells(assignment) if not name.startswith("lesson-")]
    expected = [f"{name}{role}" for name in ready.rubric for role in ("-prompt", "", "-check")]
    for name, question in ready.questions.items():
        more = [f"-{number}" for number in range(2, len(question.answer) + 1)]
        expected += [f"{name}{role}" for role in ("-prompt", "", *more)]
    assert sorted([*HELPING, *expected]) == sorted(roles)
    for name, reference in ready.references.items():
        at = roles.index(f"{name}-prompt")
        assert [f"{name}-prompt", name, f"{name}-check"] == roles[at : at + 3]
        assert reference.exercise.skeleton == sources(assignment)[name]
        worth = f"`{name}`, {sum(ready.rubric[name].values()):g} points"
        assert worth in sources(assignment)[f"{name}-prompt"]


@each_assignment
def test_nothing_from_the_reference_shows(assignment):
    """No line of a solution, a mistake or a generator, but for what exercise files show as well."""
    text = "\n".join(sources(assignment).values())
    lines = {line.strip() for line in text.splitlines()}
    taught = {"x.grad.zero_()"}
    public_files = [*ASSIGNMENTS[assignment].folder.glob("*.py"), HELPERS]
    public = "\n".join(p.read_text("utf-8") for p in public_files)
    reference = COURSE.folder / "reference"
    for path in (*reference.glob("*.py"), *(reference / assignment).glob("*.py")):
        for line in map(str.strip, path.read_text("utf-8").splitlines()):
            if len(line) <= 8 or line.startswith(("import ", "from ")) or line in public:
                continue
            assert line not in lines - taught, f"{path.name}: {line}"
            assert len(line) < 25 or line not in text, f"{path.name}: {line}"


@each_assignment
def test_no_cell_but_the_helpers_defines_what_the_checks_need(assignment):
    def defined(source):
        tree = ast.parse(source)
        names = {
            n.id for n in ast.walk(tree) if isinstance(n, ast.Name) and type(n.ctx) is ast.Store
        }
        return names | {n.name for n in ast.walk(tree) if isinstance(n, ast.FunctionDef)}

    kinds = {name: cell["cell_type"] for name, cell in cells(assignment).items()}
    code = {n: s for n, s in sources(assignment).items() if kinds[n] == "code"}
    helpers = defined(code.pop("visible-checks")) | {"case", "Raised", "probe", "visible", "wanted"}
    for name, source in code.items():
        if not name.endswith("-check"):
            assert not defined(source) & helpers, name


def test_the_lesson_tells_the_truth_about_the_lectures_network():
    torch.manual_seed(42)
    model = nn.Sequential(nn.Linear(2, 3), nn.ReLU(), nn.Linear(3, 1), nn.ReLU())
    output = model(torch.randn(3, 2, generator=torch.Generator().manual_seed(42)))
    nn.BCEWithLogitsLoss()(output, tensor([[0.0], [1.0], [0.0]])).backward()
    lesson = (ASSIGNMENT.folder / LESSON).read_text("utf-8")
    for name, p in model.named_parameters():
        g = p.grad
        std = g.std().item() if g.numel() > 1 else math.nan
        numbers = f"{g.mean():.4f} | {std:.4f} | {g.norm():.4f}"
        assert f"| `{name}` | {tuple(g.shape)} | {numbers} |" in lesson
    assert bool((output > 0).all())
    assert [True, False, False] == (model[0].weight.grad == 0).all(dim=1).tolist()


def test_the_doors_have_their_names(monkeypatch):
    monkeypatch.setenv("AUTOGRADER_SECRET", "a secret of the tests")
    made = {p for name in ASSIGNMENTS for p in build.made(COURSE, name, build.DISTRIBUTED)}
    names = {path.relative_to(COURSE.folder / "dist").as_posix() for path in made}
    assert names >= {
        "nbgrader/nbgrader_config.py",
        "nbgrader/source/backprop/backprop.ipynb",
        "otter/backprop-autograder.zip",
        "otter/student/backprop.ipynb",
        "gradescope.zip",
    }
    zips = {f"gradescope-{name}.zip" for name in ASSIGNMENTS if name != "backprop"}
    tops = {name.split("/")[0] for name in names}
    assert tops == {"README.md", "nbgrader", "otter", "gradescope.zip"} | zips
    committed = {p.relative_to(COURSE.folder / "assignments") for p in files_of("backprop")}
    assert committed >= {Path(f"backprop/{door}/backprop.ipynb") for door in ("nbgrader", "otter")}


def test_the_instructor_reads_the_same_promises_in_the_docs_and_beside_the_files():
    docs = (COURSE.folder / "docs" / "doors.md").read_text("utf-8")
    table = [line for line in build.PROMISES.read_text("utf-8").splitlines() if line[:1] == "|"]
    assert len(table) > 8 and "\n".join(table) in docs


# The notebook in a real kernel


def run(assignment, edit, path=""):
    """Check cells' output by exercise, and how many pictures there are, with the cells edited."""
    content = nbformat.reads(notebook_of(assignment), as_version=4)
    for cell in content.cells:
        cell.source = edit(cell.id, cell.source)
    client = nbclient.NotebookClient(content, timeout=60, kernel_name="python3")
    client.execute(env={**os.environ, "PYTHONPATH": str(path)})
    said, pictures = {}, 0
    for cell in content.cells:
        for output in cell.get("outputs", []):
            if output.output_type == "display_data":
                pictures += "image/png" in output.data
                continue
            if "building the font cache" in output.get("text", ""):  # matplotlib, the first time
                continue
            assert ("stream", "stdout") == (output.output_type, output.get("name")), cell.id
            if cell.id.endswith("-check"):  # a line may come in pieces
                name = cell.id.removesuffix("-check")
                said[name] = said.get(name, "") + output.text
    return said, pictures


def with_imports(reference):
    """The solution as a student would hand it in: with what the reference file imports."""
    imports = [
        ast.unparse(statement)
        for statement in ast.parse(reference.text).body
        if isinstance(statement, (ast.Import, ast.ImportFrom))
        and not (getattr(statement, "level", 0) or "autograder" in ast.unparse(statement))
    ]
    return "\n".join([*imports, reference.source(reference.exercise.name)])


@each_assignment
def test_skeletons_run_top_to_bottom_and_say_not_done_yet_with_torch_alone(assignment, tmp_path):
    (tmp_path / "matplotlib.py").write_text("raise ImportError")
    said, pictures = run(assignment, lambda name, source: source, tmp_path)
    assert {n: f"{n}: not done yet\n" for n in ASSIGNMENTS[assignment].rubric} == said
    assert 0 == pictures


@each_assignment
def test_solutions_run_top_to_bottom_and_pass(assignment):
    known = ASSIGNMENTS[assignment].references
    said, pictures = run(assignment, lambda n, s: with_imports(known[n]) if n in known else s)
    assert {name: f"{name}: passes the visible case\n" for name in known} == said
    assert PICTURES.get(assignment, 0) == pictures


# The same in this process: the helper and check cells alone


def say(name, answer):
    """What the check cell of an exercise prints about an answer given as source."""
    space = {"__name__": "__main__"}
    with contextlib.redirect_stdout(io.StringIO()) as out:
        for source in (sources()["visible-checks"], answer, sources()[f"{name}-check"]):
            exec(source, space)
    return out.getvalue()


def test_a_missing_function_is_named():
    told = "there is no grad_quadratic yet: run its cell, and see that this is what it defines"
    assert f"grad_quadratic: {told}\n" == say("grad_quadratic", "")


def test_an_error_is_told_with_its_line():
    answer = "def grad_quadratic(values):\n    x = torch.ones(2, 3)\n    return x @ x\n"
    first, *rest = say("grad_quadratic", answer).splitlines()
    assert "grad_quadratic: not right yet" == first
    assert 2 == len(rest)
    assert re.fullmatch(r"  floats: RuntimeError: .*\(line 3: .*\)", rest[0])


@pytest.mark.parametrize(
    "body",
    [
        "raise SystemExit(1)",
        "return object()",
        "return 10**400",
        "return torch.ones(2).to_sparse()",
        "return lambda: 1",
        "return {1: {2: 3}}",
        "raise NotImplementedError('this operator')",
    ],
)
def test_run_all_never_stops(body):
    assert say("grad_quadratic", f"def grad_quadratic(values):\n    {body}\n").startswith(
        "grad_quadratic: "
    )


def everything(kind):
    return [
        pytest.param(name, getattr(reference, kind)[key].answer, id=f"{name}-{key}")
        for name, reference in ASSIGNMENT.references.items()
        for key in getattr(reference, kind)
    ]


def report_of(name, answer):
    exercise = ASSIGNMENT.references[name].exercise
    seen = values_seen(exercise.observe(answer, exercise.visible))
    return visible_report(name, seen, WANTED[name])


@pytest.mark.parametrize("name, answer", everything("alternatives"))
def test_other_right_answers_pass_the_visible_case(name, answer):
    assert report_of(name, answer).startswith("passes the visible case")


@pytest.mark.parametrize("name, answer", everything("mistakes"))
def test_mistakes_get_a_few_short_lines(name, answer):
    report = report_of(name, answer)
    assert report.startswith(("passes the visible case", "not right yet"))
    assert len(report.splitlines()) <= 8 and max(map(len, report.splitlines())) < 500


def test_what_the_engine_saw_reads_like_what_the_notebook_saw():
    def answer(values):
        if values == [1, 4]:
            raise ValueError("no whole numbers")
        return [{1, 2}]

    assert report_of("grad_quadratic", answer).splitlines() == [
        "not right yet",
        "  floats: expected a tensor of shape (2,), yours is [an object of type set]",
        "  ints: ValueError: no whole numbers",
    ]
    assert "not right yet\n  TypeError: broken" == visible_report(
        "f", values_seen({EVERY_PART: Part(error=Error("TypeError", "broken"))}), {"x": 1}
    )


# differences

NAN = float("nan")


@pytest.mark.parametrize(
    "seen, wanted, expected",
    [
        # equal, within what the judge allows
        (tensor([7.0, 9.0]), tensor([7.0, 9.0]), []),
        (tensor([7.0, 9.0], dtype=torch.float64), tensor([7.0, 9.0]), []),
        (tensor([7.0005, 9.0]), tensor([7.0, 9.0]), []),
        (tensor([NAN, 1.0]), tensor([NAN, 1.0]), []),
        (tensor([math.inf]), tensor([math.inf]), []),
        (tensor([7.0], requires_grad=True), tensor([7.0]), []),
        (torch.zeros(0), torch.zeros(0), []),
        (0.5, tensor(0.5), []),
        (1, 1.0, []),
        (NAN, NAN, []),
        ([2, 3], [2, 3], []),
        ((2, 3), [2, 3], []),
        (torch.Size([2, 3]), [2, 3], []),
        ({"b": 1.0, "a": [None, "x", True]}, {"a": [None, "x", True], "b": 1.0}, []),
        # equal, with advice
        (
            tensor(0.5),
            0.5,
            ["note: Python numbers were asked for and yours are tensors: use .item()"],
        ),
        (
            {"h": [tensor(0.5), tensor(1.5)]},
            {"h": [0.5, 1.5]},
            ["note: Python numbers were asked for and yours are tensors: use .item()"],
        ),
        # different values
        (
            {"grads": [tensor([7.0]), tensor([21.0, 27.0])]},
            {"grads": [tensor([7.0]), tensor([14.0, 18.0])]},
            ["grads[1]: expected tensor([14., 18.]), yours is tensor([21., 27.])"],
        ),
        (
            {"run": {"g": [0.25]}},
            {"run": {"g": [0.5]}},
            ["run['g'][0]: expected 0.5, yours is 0.25"],
        ),
        (
            tensor([[1.0, 2.0], [3.0, 5.0]]),
            tensor([[1.0, 2.0], [3.0, 4.0]]),
            [
                "expected tensor([[1., 2.], [3., 4.]]), yours is tensor([[1., 2.], [3., 5.]])",
            ],
        ),
        (
            torch.zeros(3, 4),
            torch.eye(3, 4),
            ["at [0, 0] expected 1, yours is 0"],
        ),
        (tensor([NAN]), tensor([1.0]), ["expected tensor([1.]), yours is tensor([nan])"]),
        (NAN, 0.5, ["expected 0.5, yours is nan"]),
        (0.5, NAN, ["expected nan, yours is 0.5"]),
        ("ReLU", "Tanh", ["expected 'Tanh', yours is 'ReLU'"]),
        # different types and shapes
        (torch.ones(4, 1), torch.ones(4), ["expected shape (4,), yours is (4, 1)"]),
        (torch.ones(1), 1.0, ["expected shape (), yours is (1,)"]),
        ([7.0, 9.0], tensor([7.0, 9.0]), ["expected a tensor of shape (2,), yours is [7.0, 9.0]"]),
        (None, tensor([7.0]), ["expected a tensor of shape (1,), yours is None"]),
        (
            tensor([7, 9]),
            tensor([7.0, 9.0]),
            ["expected entries of type torch.float32, yours are torch.int64"],
        ),
        (True, 1.0, ["expected 1, yours is True"]),
        (1, True, ["expected True, yours is 1"]),
        (0.0, None, ["expected None, yours is 0"]),
        ([1.0], [1.0, 2.0], ["expected 2 entries, yours has 1"]),
        (7.0, [7.0], ["expected [7.0], yours is 7"]),
        (
            torch.ones(1, 2),
            [torch.ones(2)],
            ["expected a list, yours is a tensor of shape (1, 2)"],
        ),
        ([7.0], {"a": 7.0}, ["expected {'a': 7.0}, yours is [7.0]"]),
        (
            {"a": 1.0, "c": 2.0},
            {"a": 1.0, "b": 2.0},
            ["expected the keys ['a', 'b'], yours are ['a', 'c']"],
        ),
        # errors
        (
            {"a": Raised("ValueError: no"), "b": 1.0},
            {"a": 2.0, "b": 1.0},
            ["a: ValueError: no"],
        ),
        (Raised("ValueError: no"), {"a": 2.0}, ["ValueError: no"]),
    ],
)
def test_differences(seen, wanted, expected):
    assert expected == differences(seen, wanted)


def test_report_counts_what_it_leaves_out():
    report = visible_report("f", {"x": [0.0] * 9}, {"x": [1.0] * 9}).splitlines()
    assert ["not right yet", "  x[0]: expected 1, yours is 0"] == report[:2]
    assert (8, "  ... and 3 more") == (len(report), report[-1])


def test_report_passes_with_a_note():
    report = visible_report("f", {"x": tensor(1.0)}, {"x": 1.0})
    assert report.startswith("passes the visible case\n  note: ")
    assert report.endswith("use .item() (it may cost points)")


def test_a_case_gives_fresh_copies():
    inputs = case(values=[1.0], keys={"a": tensor([1.0])})
    inputs.values.append(2.0)
    inputs.keys["a"].zero_()
    assert ([1.0], 1.0) == (inputs.values, inputs.keys["a"].item())
    with pytest.raises(AttributeError, match="steps"):
        _ = inputs.steps


def test_attempt_keeps_what_came_back_then():
    x = torch.ones(2, requires_grad=True) * 2
    kept = attempt(lambda: ({"x": x}, 1))
    x.detach().zero_()
    assert [] == differences(kept, [{"x": tensor([2.0, 2.0])}, 1])


# visible.json


def test_visible_json_round_trip():
    read = read_visible(ASSIGNMENT.folder / VISIBLE)
    assert list(ASSIGNMENT.rubric) == list(read)
    for name, parts in WANTED.items():
        assert list(parts) == list(read[name])
        assert [] == differences(read[name], parts) == differences(parts, read[name])


def test_visible_json_holds_all_plain_data(tmp_path):
    values = {
        "f": {
            "none": None,
            "numbers": [1, -2.5, NAN, math.inf, -math.inf],
            "text": 'é "quoted"',
            "flags": [True, False],
            "tensors": [tensor([[1.0, NAN]]), tensor(2.0), tensor([1, 2]), tensor([True])],
            "dict": {"a": {}, "b": []},
        }
    }
    path = tmp_path / "visible.json"
    path.write_bytes(visible_json(values))
    read = read_visible(path)
    assert [] == differences(read, values)
    assert [torch.float32, torch.float32, torch.int64, torch.bool] == [
        t.dtype for t in read["f"]["tensors"]
    ]
    assert visible_json(values) == visible_json(read)


@pytest.mark.parametrize("content", [None, "{", "[]", '{"f": 1}'])
def test_visible_json_damaged(tmp_path, content):
    path = tmp_path / "visible.json"
    if content is not None:
        path.write_text(content)
    with pytest.raises(CourseError, match=r"visible\.json: .*autograder build"):
        read_visible(path)


# stale and write


def test_write_makes_missing_files_and_leaves_good_ones(tmp_path):
    files = {tmp_path / "a" / "b.txt": b"one\n", tmp_path / "c.txt": b"two\n"}
    (tmp_path / "c.txt").write_bytes(b"old\n")
    assert list(files) == build.stale(files) == build.write(files)
    assert [] == build.stale(files) == build.write(files)
    assert [b"one\n", b"two\n"] == [path.read_bytes() for path in files]
    assert 0o600 == (tmp_path / "c.txt").stat().st_mode & 0o600
    assert sorted(["a", "c.txt"]) == sorted(p.name for p in tmp_path.iterdir())


@pytest.mark.parametrize(
    "old, new, stale",
    [
        ("[0.123456, 7.0]", "[0.123457, 7.0]", False),  # another processor's last digit
        ("[0.5]", "[0.499999]", False),
        ("[0.123456]", "[0.123466]", True),
        ("lr=0.125", "lr=0.126", True),
        ("steps=1", "steps=2", True),
        ("[0.123456]", "[0.123456, 1.0]", True),
        ("a 0.123456", "b 0.123456", True),
    ],
)
def test_stale_forgives_rounding_only(tmp_path, old, new, stale):
    path = tmp_path / "x"
    path.write_text(old)
    assert ([path] if stale else []) == build.stale({path: new.encode()})


# Courses made for one test

EXERCISE = '''"""### Title

Write `{name}`.
"""

{imports}from autograder.exercise import attempt, case


def {name}(x):
    """Skeleton."""
    raise NotImplementedError("{name}")


visible = case(x=2.0)


def probe({name}, case):
    return {{"y": attempt(lambda: {call})}}
'''
REFERENCE = """from autograder.checks import close
from autograder.exercise import case


def {name}(x):
    return {solution}


def hidden(draw):
    return case(x=draw.uniform(1, 2))


checks = {{"y": close("y")}}
"""


@pytest.fixture
def course(tmp_path):
    """A function that makes a course of exercises given as {name: details}."""

    def make(exercises, lesson=None, shared=None):
        public, hidden = tmp_path / "assignments" / "a", tmp_path / "reference" / "a"
        rubric = "".join(f"  {name}: {{y: 1}}\n" for name in exercises)
        (tmp_path / "grading.yml").write_text(f"a:\n{rubric}")
        for folder, template in ((public, EXERCISE), (hidden, REFERENCE)):
            folder.mkdir(parents=True)
            for name, details in exercises.items():
                fields = {
                    "name": name,
                    "imports": "",
                    "call": f"{name}(case.x)",
                    "solution": "x * x",
                }
                (folder / f"{name}.py").write_text(template.format(**{**fields, **details}))
        if lesson is not None:
            (public / "lesson.md").write_text(lesson)
        if shared is not None:
            (public / "_shared.py").write_text(shared)
        return find_course(tmp_path)

    return make


def built(course):
    content = json.loads(
        build.made(course, "a", build.PUBLISHED)[course.folder / "assignments/a/a.ipynb"]
    )
    return {cell["id"]: "".join(cell["source"]) for cell in content["cells"]}


def test_exercises_that_the_lesson_leaves_out_follow_at_the_end(course):
    lesson = "# T\n\n<!-- exercise: two -->\n\nLast words.\n"
    made = built(course({"one": {}, "two": {}, "three": {}}, lesson))
    assert [
        *("lesson-01", "lesson-imports", *HELPING, "two-prompt", "two", "two-check", "lesson-02"),
        *("one-prompt", "one", "one-check", "three-prompt", "three", "three-check"),
    ] == list(made)


def test_a_lesson_is_not_needed(course):
    made = built(course({"one": {}}))
    assert ["lesson-imports", *HELPING, "one-prompt", "one", "one-check"] == list(made)
    assert "### Title\n\n*Exercise `one`, 1 point*\n\nWrite `one`." == made["one-prompt"]


@pytest.mark.parametrize(
    "lesson, message",
    [
        ("# T\n\n<!-- exercise: onne -->\n", r"lesson.md:3: .*'onne'.*did you mean 'one'"),
        ("<!-- exercise one -->\n<!--exercise: one-->", "lesson.md:2: .*second time"),
        ("<!-- exercise -->", "lesson.md:1: no exercise ''"),
        ("# T\nhere <!-- exercise: one --> x", "lesson.md:2: a marker is a line of its own"),
        ("<!-- exercises: one -->", "lesson.md:1: a marker is a line of its own"),
        ("<!-- Questions for us: reword -->\n<!-- exercise: x -->", "lesson.md:2: no exercise 'x'"),
        ("```python\na, one = 1, 2\n```", "a cell defines 'one', which is the name of an exercise"),
    ],
)
def test_wrong_markers_are_named(course, lesson, message):
    with pytest.raises(CourseError, match=message):
        built(course({"one": {}}, lesson))


def test_check_cell_brings_what_the_probe_needs_and_no_more(course):
    shared = (
        "import math\nimport random\n\n\ndef unused():\n    return random.random()\n\n\n"
        "# Twice the circle.\nTAU = 2 * math.pi\n\n\n"
        "@staticmethod\ndef turn(x):\n    return x + TAU\n"
    )
    details = {
        "imports": "import torch\nfrom ._shared import turn as turned, unused\n",
        "call": "one(turned(case.x))",
    }
    made = built(course({"one": details}, shared=shared))
    expected = """# Visible check of one: run it after the cell above

import math

# Twice the circle.
TAU = 2 * math.pi

@staticmethod
def turn(x):
    return x + TAU

turned = turn

visible = case(x=2.0)

def probe(one, case):
    return {"y": attempt(lambda: one(turned(case.x)))}

wanted = {"y": 68.61116}

check("one", probe, visible, wanted)"""
    assert expected == made["one-check"]
    space = {}
    exec(made["visible-checks"], space)
    exec("def one(x):\n    return x * x", space)
    with contextlib.redirect_stdout(io.StringIO()) as out:
        exec(made["one-check"], space)
    assert "one: passes the visible case\n" == out.getvalue()


@pytest.mark.parametrize(
    "imports, call, message",
    [
        ("from autograder.observation import plain\n", "plain(1)", r"one.py:6: .*no 'plain'"),
        ("from . import _shared\n", "_shared.x", r"one.py:6: import names"),
    ],
)
def test_a_probe_that_students_could_not_run_is_refused(course, imports, call, message):
    made = course({"one": {"imports": imports, "call": call}}, shared="x = 1.0\n")
    with pytest.raises(CourseError, match=message):
        built(made)


def test_a_solution_without_plain_data_is_refused(course):
    with pytest.raises(CourseError, match=r"one.py: no value to compare with in 'y'.*set"):
        built(course({"one": {"solution": "[{x}]"}}))


# literal


@pytest.mark.parametrize(
    "value",
    [
        None,
        {"a": [True, 2, -0.5, "é'\"\n"], "b": {}},
        tensor([[0.5, -1.0], [2.0, 3.0]]),
        [tensor([float(i), i / 7]).double() for i in range(9)],
        torch.arange(60).reshape(3, 20),
        [i / 8 for i in range(40)],
        {"long " * 30: ["word " * 30]},
        {"pair": (1, 2.5), "one": (tensor(1.0),), "none": ()},
    ],
)
def test_literals_are_python(value):
    source = literal(value)
    read = eval(source, {"torch": torch})
    assert [] == differences(read, value)
    too_long = [line for line in source.splitlines() if len(line) > WIDTH]
    assert not too_long or '"' in source


def test_literal_writes_nan_and_inf():
    expected = 'torch.tensor([float("nan"), float("-inf"), 1.0])'
    assert expected == literal(tensor([NAN, -math.inf, 1.0]))
