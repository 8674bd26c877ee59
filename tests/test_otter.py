"""otter's door: what the student folder and the zip hold, and the real otter's scores."""

import ast
import io
import json
import os
import random
import re
import subprocess
import sys
import zipfile
from functools import cache
from pathlib import Path

import nbclient
import nbformat
import pytest
from ours import assignments

from autograder.building.notebook import HELPERS
from autograder.building.wanted import wanted_values
from autograder.course.assignment import tolerance
from autograder.course.course import find_course
from autograder.course.proof import NOTEBOOK, points_of
from autograder.doors import otter
from autograder.judging.judge import Judge

SECRET = "the cases of these tests"
COURSE = find_course(Path(__file__).parent)
ASSIGNMENTS = assignments()
WANTED = {name: wanted_values(ready) for name, ready in ASSIGNMENTS.items()}
BINARIES = Path(sys.executable).parent
NOISE = """
import sys, warnings

def {name}(*args, _quiet={name}, **kwargs):
    print("a remark", file=sys.stderr)
    warnings.warn("a warning")
    return _quiet(*args, **kwargs)
"""

each_assignment = pytest.mark.parametrize("assignment", ASSIGNMENTS)


@pytest.fixture(autouse=True)
def secret(monkeypatch):
    monkeypatch.setenv("AUTOGRADER_SECRET", SECRET)


@cache
def published(assignment):
    """The student folder: content by path in it."""
    ready = ASSIGNMENTS[assignment]
    files = otter.student_folder(COURSE, ready, WANTED[assignment])
    return {p.relative_to(ready.folder / "otter").as_posix(): c for p, c in files.items()}


@cache
def distributed(assignment):
    """What goes to `dist/otter`: content by path in it."""
    files = otter.distributed(COURSE, ASSIGNMENTS[assignment], WANTED[assignment])
    return {p.relative_to(COURSE.folder / "dist/otter").as_posix(): c for p, c in files.items()}


def archive_of(assignment):
    """What the autograder zip holds: content by path in it."""
    content = distributed(assignment)[f"{assignment}-autograder.zip"]
    with zipfile.ZipFile(io.BytesIO(content)) as archive:
        return {name: archive.read(name) for name in archive.namelist()}


def cells(assignment):
    return json.loads(published(assignment)[f"{assignment}.ipynb"])["cells"]


def sources(assignment):
    return {cell["id"]: "".join(cell["source"]) for cell in cells(assignment)}


# The student folder


@each_assignment
def test_the_notebook_is_one_of_otters(assignment):
    text = published(assignment)[f"{assignment}.ipynb"].decode()
    nbformat.validate(nbformat.reads(text, as_version=4))
    assert {"assignment_name": assignment} == json.loads(text)["metadata"]["otter"]
    made = list(sources(assignment).values())
    start = f'# Initialize Otter\nimport otter\ngrader = otter.Notebook("{assignment}.ipynb")'
    assert start == made[0]
    assert made[-1].startswith("grader.export(pdf=False")


@each_assignment
def test_each_exercise_has_its_skeleton_in_one_cell_and_its_check(assignment):
    made = sources(assignment)
    for name, reference in ASSIGNMENTS[assignment].references.items():
        assert reference.exercise.skeleton == made[name]
        if callable(reference.solution):
            assert made[name].startswith((f"def {name}", f"class {name}"))
            assert f'raise NotImplementedError("{name}")' in made[name]
        else:
            assert "..." in made[name]
        assert f'grader.check("{name}")' == made[f"{name}-check"]
        assert f"tests/{name}.py" in published(assignment)


@each_assignment
def test_questions_are_what_a_filtered_pdf_keeps(assignment):
    kept, inside = [], False
    for cell in cells(assignment):
        source = "".join(cell["source"])
        inside = inside or source.startswith("<!-- BEGIN QUESTION -->")
        kept += [cell["id"]] if inside else []
        inside = inside and "<!-- END QUESTION -->" not in source
    expected = []
    for name, question in ASSIGNMENTS[assignment].questions.items():
        more = [f"{name}-{number}" for number in range(2, len(question.answer) + 1)]
        expected += [f"{name}-prompt", name, *more, f"{([name, *more])[-1]}-end"]
    assert not inside and sorted(expected) == sorted(kept)


@each_assignment
def test_nothing_from_the_reference_shows(assignment):
    texts = [content.decode() for name, content in published(assignment).items() if ".py" in name]
    text = "\n".join([*texts, *sources(assignment).values()])
    public = "\n".join(
        p.read_text("utf-8") for p in [*ASSIGNMENTS[assignment].folder.glob("*.py"), HELPERS]
    )
    lines = {line.strip() for line in text.splitlines()} - {"x.grad.zero_()"}  # it is taught
    reference = COURSE.folder / "reference"
    for path in (*reference.glob("*.py"), *(reference / assignment).glob("*.py")):
        for line in map(str.strip, path.read_text("utf-8").splitlines()):
            if len(line) > 8 and not line.startswith(("import ", "from ")) and line not in public:
                assert line not in lines, f"{path.name}: {line}"
    assert "hidden=True" not in text and "autograder_bundle" not in text


def test_what_other_cells_mention_of_a_check_is_given():
    made = sources("beyond")
    assert "\ndef deep_net(" in made["layer_grad_norms-given"]
    assert 1 == sum(name.endswith("-given") for a in ASSIGNMENTS for name in sources(a))


def test_tests_of_assignments_that_share_a_name_lie_apart(monkeypatch):
    monkeypatch.setitem(COURSE.grading.rubrics, "again", {"train": {"history": 1.0}})
    files = otter.student_folder(COURSE, ASSIGNMENTS["backprop"], WANTED["backprop"])
    folder = ASSIGNMENTS["backprop"].folder / "otter"
    start = r"otter.Notebook(\"backprop.ipynb\", tests_dir=\"./backprop-tests\")"
    assert folder / "backprop-tests" / "train.py" in files
    assert start in files[folder / "backprop.ipynb"].decode()


# The zip


def hidden_cases(test):
    """Points by name, and that the visible case is there and worth none."""
    decorators = [d for n in ast.parse(test).body for d in getattr(n, "decorator_list", [])]
    calls = [d for d in decorators if isinstance(d, ast.Call)]
    cases = [{k.arg: ast.literal_eval(k.value) for k in call.keywords} for call in calls]
    assert {"name": "visible case", "points": 0, "hidden": False} == cases[0]
    assert all(case["hidden"] and case["failure_message"] for case in cases[1:])
    return {case["name"]: case["points"] for case in cases[1:]}


@each_assignment
def test_the_zip_pays_each_check_what_the_rubric_says(assignment):
    archive = archive_of(assignment)
    for name, points in ASSIGNMENTS[assignment].rubric.items():
        assert points == hidden_cases(archive[f"tests/{name}.py"])


def test_any_name_of_a_check_is_quoted():
    odd = {'it\'s "so" {0} {{ 1 }}\\': 0.5, "a\nb": 2.0}
    exercise = ASSIGNMENTS["backprop"].references["train"].exercise
    assert odd == hidden_cases(otter.test_file(exercise, WANTED["backprop"]["train"], odd))


@each_assignment
def test_the_zip_holds_no_place_and_no_secret(assignment):
    for name, content in archive_of(assignment).items():
        assert SECRET.encode() not in content and str(COURSE.folder).encode() not in content, name


# The real otter


def answers(assignment, choose):
    """Source of an answer to each exercise: the name that `choose` picks of the reference's."""
    known = ASSIGNMENTS[assignment].references
    return {name: reference.source(choose(reference)) for name, reference in known.items()}


def solution(reference):
    return reference.exercise.name


def pick(seed, kind):
    choice = random.Random(seed)
    return lambda reference: choice.choice(list(getattr(reference, kind)) or [solution(reference)])


def noisy(assignment):
    known = ASSIGNMENTS[assignment].references
    return {
        name: source + (NOISE.format(name=name) if source.startswith("def ") else "")
        for name, source in answers(assignment, solution).items()
        if name in known
    }


SUBMISSIONS = {
    "untouched": lambda a: {},
    "mistakes": lambda a: answers(a, pick(1, "mistakes")),
    "alternatives": lambda a: answers(a, pick(3, "alternatives")),
    "noisy": noisy,
}


def filled(path, given):
    content = nbformat.read(path, as_version=4)
    for cell in content.cells:
        cell.source = given.get(cell.id, cell.source)
    return content


def own_scores(assignment, given):
    """Points by exercise, of our own judge."""
    ready = ASSIGNMENTS[assignment]
    judge = Judge(assignment, ready.references, tolerance(ready.policy), SECRET.encode())
    scores = {}
    for name, reference in ready.references.items():
        space = {"__name__": "__main__", **NOTEBOOK}
        exec(given.get(name, reference.exercise.skeleton), space)
        prepared = judge.prepare(name, "")
        scores[name] = points_of(
            prepared.verdicts(prepared.observe(space[name])), ready.rubric[name]
        )
    return scores


def otter_run(submission, assignment, folder):
    """What the real `otter run` writes about a submission."""
    archive = folder / "a.zip"
    archive.write_bytes(distributed(assignment)[f"{assignment}-autograder.zip"])
    environment = {
        k: v for k, v in os.environ.items() if k not in ("PYTHONPATH", "AUTOGRADER_SECRET")
    }
    run = subprocess.run(
        [BINARIES / "otter", "run", submission, "-a", archive, "-o", folder, "--no-logo"],
        cwd=folder,
        env=environment,
        capture_output=True,
        text=True,
    )
    assert 0 == run.returncode, run.stdout + run.stderr
    return json.loads((folder / "results.json").read_text())


def write_student_folder(assignment, folder):
    for name, content in published(assignment).items():
        (folder / name).parent.mkdir(exist_ok=True)
        (folder / name).write_bytes(content)
    return folder / f"{assignment}.ipynb"


@pytest.mark.slow
@pytest.mark.parametrize(
    "assignment, kind", [*(("backprop", kind) for kind in SUBMISSIONS), ("beyond", "untouched")]
)
def test_otter_run_scores_as_our_own_grader(assignment, kind, tmp_path):
    """Of odd notebooks; those of all answers are in test_parity.py."""
    given = SUBMISSIONS[kind](assignment)
    ready = ASSIGNMENTS[assignment]
    if kind == "alternatives":  # our own notebook, answers at its end: what counts is the name
        content = filled(ready.folder / f"{assignment}.ipynb", given)
        moved = [cell for cell in content.cells if cell.id in given]
        content.cells = [cell for cell in content.cells if cell.id not in given] + moved
    else:
        content = filled(write_student_folder(assignment, tmp_path), given)
    submission = tmp_path / "some name.ipynb"
    nbformat.write(content, submission)
    results = otter_run(submission, assignment, tmp_path)
    public, *tests = results["tests"]
    assert "Public Tests" == public["name"]
    scores = {test["name"]: test["score"] for test in tests}
    assert own_scores(assignment, given) == scores
    assert {n: sum(p.values()) for n, p in ready.rubric.items()} == {
        test["name"]: test["max_score"] for test in tests
    }
    full = {"untouched": 0, "mistakes": None}.get(kind, ready.max_score)
    assert full is None or full == sum(scores.values())
    if kind == "mistakes":
        output = "".join(test["output"] for test in tests)
        assert any(
            mistake.sentence in output
            for reference in ready.references.values()
            for mistake in reference.mistakes.values()
        )


@pytest.mark.slow
@each_assignment
@pytest.mark.parametrize("solved", [False, True])
def test_a_student_runs_all_cells_and_exports(assignment, solved, tmp_path):
    given = answers(assignment, solution) if solved else {}
    path = write_student_folder(assignment, tmp_path)
    content = filled(path, given)
    nbformat.write(content, path)
    client = nbclient.NotebookClient(
        content, timeout=120, kernel_name="python3", resources={"metadata": {"path": tmp_path}}
    )
    client.execute()
    for name in ASSIGNMENTS[assignment].rubric:
        (check,) = (cell for cell in content.cells if cell.id == f"{name}-check")
        (result,) = (o for o in check.outputs if o.output_type == "execute_result")
        said = result.data["text/plain"]
        assert ("All test cases passed!" if solved else "not done yet") in said
    for cell in content.cells:
        for output in cell.get("outputs", []):
            assert "error" != output.output_type
    if solved:
        run = subprocess.run(
            [BINARIES / "otter", "check", path.name], cwd=tmp_path, capture_output=True, text=True
        )
        assert "All tests passed!" in run.stdout, run.stdout + run.stderr
    (handed_in,) = tmp_path.glob(f"{assignment}_*.zip")
    if solved:
        results = otter_run(handed_in, assignment, tmp_path)
        scores = [test["score"] for test in results["tests"] if "score" in test]
        assert ASSIGNMENTS[assignment].max_score == sum(scores)


@pytest.mark.slow
def test_the_zip_has_the_files_that_otter_generate_makes(tmp_path):
    archive = archive_of("backprop")
    (tmp_path / "tests").mkdir()
    for name, content in archive.items():
        if name.startswith("tests/"):
            (tmp_path / name).write_bytes(content)
    pip = re.findall(r"^ {6}- (?!otter)(.*)$", archive["environment.yml"].decode(), re.MULTILINE)
    (tmp_path / "requirements.txt").write_text("\n".join(pip))
    subprocess.run([BINARIES / "otter", "generate"], cwd=tmp_path, check=True, capture_output=True)
    with zipfile.ZipFile(tmp_path / "autograder.zip") as made:
        ours = [name for name in archive if not name.startswith("files/")]
        assert sorted(made.namelist()) == sorted(ours)
        theirs = sorted(made.read("environment.yml").decode().splitlines())
    assert theirs == sorted(archive["environment.yml"].decode().splitlines())
