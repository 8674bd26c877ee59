"""The handout for after the deadline: all of it is there, it runs, and the page needs nothing."""

import ast
import html
import json
import os
import re
import subprocess
import sys
from functools import cache
from pathlib import Path

import nbclient
import nbformat
import pytest
from click.testing import CliRunner
from ours import assignments

from autograder import build
from autograder.building.starter import write_starter
from autograder.cli import main
from autograder.course.course import find_course
from autograder.errors import CourseError
from autograder.reference import load_reference

COURSE = find_course(Path(__file__).parent)
ASSIGNMENTS = assignments()
FOLDER = COURSE.folder / "dist" / "solutions"

each_assignment = pytest.mark.parametrize("assignment", ASSIGNMENTS)


@cache
def files_of(assignment):
    return build.made(COURSE, assignment, build.HANDOUTS)


def notebook_of(assignment):
    return files_of(assignment)[FOLDER / f"{assignment}.ipynb"].decode()


def page_of(assignment):
    return files_of(assignment)[FOLDER / f"{assignment}.html"].decode()


def sources(assignment):
    cells = json.loads(notebook_of(assignment))["cells"]
    return {cell["id"]: "".join(cell["source"]) for cell in cells}


def words(page):
    """What a reader of the page sees, without markup."""
    return " ".join(html.unescape(re.sub(r"<[^>]*>", "", page)).split())


@each_assignment
def test_every_exercise_says_why_its_solution_is_right(assignment):
    for name, reference in ASSIGNMENTS[assignment].references.items():
        assert 100 < len(reference.why) < 800, name
        assert "\n\n" not in reference.why, f"{name}: one paragraph"
        assert 0 == reference.why.count("$") % 2, name
        for line in reference.why.splitlines():  # what would begin a list or a heading
            assert not re.match(r"([-+*#>=]|\d+[.)])\s", line), f"{name}: {line}"


@each_assignment
def test_the_notebook_is_valid_and_clean(assignment):
    text = notebook_of(assignment)
    nbformat.validate(nbformat.reads(text, as_version=4))
    cells = json.loads(text)["cells"]
    assert len(cells) == len(sources(assignment))  # no id twice
    assert not any(cell.get("outputs") or cell.get("execution_count") for cell in cells)
    assert str(COURSE.folder) not in text + page_of(assignment)


@each_assignment
def test_all_of_the_reference_that_teaches_is_in_it(assignment):
    ready, cells = ASSIGNMENTS[assignment], sources(assignment)
    for name, reference in ready.references.items():
        assert reference.exercise.prompt.split("\n", 1)[1].strip() in cells[f"{name}-prompt"]
        assert reference.source(name) == cells[name]
        assert reference.why in cells[f"{name}-why"]
        listed = re.sub(r"\\(.)", r"\1", cells[f"{name}-mistakes"])
        total = sum(ready.rubric[name].values())
        for mistake in reference.mistakes.values():
            (line,) = (s for s in listed.splitlines() if s.endswith(f": {mistake.sentence}"))
            assert line.startswith("- **") and f" of {total:g} points**" in line
            assert str(mistake.score) in line.partition(" of ")[0]
    for name, question in ready.questions.items():
        assert question.prompt.split("\n", 1)[1].strip() in cells[f"{name}-prompt"]
        assert question.model_answer.strip() in cells[f"{name}-model"]
        for criterion in question.criteria:
            assert re.search(
                rf"^- {criterion.points:g} points?: {re.escape(criterion.text)}$",
                cells[f"{name}-criteria"],
                re.MULTILINE,
            )


@each_assignment
def test_it_follows_the_student_notebook(assignment):
    student = json.loads(
        build.made(COURSE, assignment, build.PUBLISHED)[
            COURSE.folder / "assignments" / assignment / f"{assignment}.ipynb"
        ]
    )
    expected = [c["id"] for c in student["cells"] if c["id"].endswith("-prompt")]
    assert expected == [name for name in sources(assignment) if name.endswith("-prompt")]
    headings = {line for c in student["cells"] for line in "".join(c["source"]).splitlines()}
    sections = [text for name, text in sources(assignment).items() if name.endswith("-section")]
    assert sections and len(sections) == len(set(sections)) and set(sections) <= headings


@each_assignment
def test_it_runs_top_to_bottom_and_leaves_every_answer(assignment):
    content = nbformat.reads(notebook_of(assignment), as_version=4)
    names = list(ASSIGNMENTS[assignment].references)
    content.cells.append(nbformat.v4.new_code_cell(f"print(all([{', '.join(names)}]))"))
    nbclient.NotebookClient(content, timeout=60, kernel_name="python3").execute()
    *cells, last = (cell for cell in content.cells if cell.cell_type == "code")
    assert [[]] * len(cells) == [cell.outputs for cell in cells]
    assert "True\n" == last.outputs[0].text


@pytest.mark.slow
@each_assignment
def test_bytes_are_the_same_in_another_process(assignment):
    script = (
        "import sys; from autograder import build; from autograder.course import course\n"
        f"files = build.made(course.find_course(), {assignment!r}, build.HANDOUTS).values()\n"
        "sys.stdout.buffer.write(b''.join(files))"
    )
    run = subprocess.run(
        [sys.executable, "-c", script],
        env={**os.environ, "PYTHONHASHSEED": "7"},
        cwd=COURSE.folder,
        capture_output=True,
    )
    assert (b"".join(files_of(assignment).values()), b"") == (run.stdout, run.stderr)


# The page


@each_assignment
def test_the_page_asks_for_nothing_from_elsewhere(assignment):
    page = page_of(assignment)
    assert not re.search(r"<(script|link|img|iframe|object|embed)\b", page)
    assert not re.search(r"""(src|srcset|href)\s*=|@import|url\(""", page)
    assert {"http://www.w3.org/1998/Math/MathML"} == set(re.findall(r"https?://[^\s\"<]*", page))


@each_assignment
def test_the_page_shows_text_formulas_and_code(assignment):
    page = page_of(assignment)
    seen = words(page)
    assert 10 < page.count("<math") and not re.search(r"\$|\\[a-z]+\b|\*\*P", seen)
    for name, reference in ASSIGNMENTS[assignment].references.items():
        assert " ".join(reference.source(name).split()) in seen
        for mistake in reference.mistakes.values():
            assert " ".join(mistake.sentence.replace("`", "").split()) in seen
    for question in ASSIGNMENTS[assignment].questions.values():
        for criterion in question.criteria:
            assert criterion.text in seen


def test_names_of_functions_keep_their_distance():
    assert "<mi>ln</mi><mspace" in page_of("backprop")
    assert "<mi>log</mi><mo" in page_of("backprop")  # log(1 - p) needs none


# The command


@pytest.fixture
def small_course(tmp_path):
    """A course of one exercise and no lesson, as `autograder new` writes it."""
    (tmp_path / "grading.yml").write_text("one: {cube: {values: 2, shape: 1}}\n")
    write_starter(tmp_path, "one", "cube")
    return tmp_path


def build_of(folder, *arguments):
    run = CliRunner().invoke(main, ["--course", str(folder), "build", *arguments])
    return run.exit_code, run.stdout, run.stderr


def test_the_command_writes_the_handout_alone_and_says_where(small_course):
    before = set(small_course.rglob("*"))
    code, out, err = build_of(small_course, "one", "--solutions")
    folder = small_course / "dist" / "solutions"
    notebook, page = folder / "one.ipynb", folder / "one.html"
    assert (0, "") == (code, err)
    assert f"wrote {notebook}\nwrote {page}\n" in out
    made = {path for path in set(small_course.rglob("*")) - before if "__pyc" not in str(path)}
    assert {folder.parent, folder, notebook, page} == made
    assert "<title>one: solutions</title>" in page.read_text()
    again = build_of(small_course, "one", "--solutions")
    assert (0, f"up to date already: 2 files in {folder}\n", "") == again


def test_without_the_flag_nothing_of_it_is_made(small_course):
    code, out, _ = build_of(small_course)
    assert 0 == code and "solutions" not in out
    assert not (small_course / "dist" / "solutions").exists()


def test_the_flag_does_not_go_with_check(small_course):
    code, out, err = build_of(small_course, "--check", "--solutions")
    assert (1, "") == (code, out) and 1 == len(err.splitlines()) and "--check" in err


@pytest.mark.parametrize("library", ["nbconvert", "latex2mathml.converter"])
def test_a_missing_library_is_named_in_one_line(small_course, monkeypatch, library):
    monkeypatch.setitem(sys.modules, library, None)
    code, out, err = build_of(small_course, "--solutions")
    assert (1, "") == (code, out) and 1 == len(err.splitlines())
    assert f"{library.split('.')[0]} is not installed" in err and "[solutions]" in err


def test_build_itself_needs_none_of_the_libraries():
    script = "import sys; import autograder.build; print(*sys.modules)"
    run = subprocess.run([sys.executable, "-c", script], capture_output=True, text=True)
    assert "autograder.build" in run.stdout
    assert not {"nbconvert", "latex2mathml"} & set(run.stdout.split())


# why in the reference


def written(tmp_path, why):
    text = (COURSE.folder / "reference" / "backprop" / "grad_quadratic.py").read_text()
    statement = next(s for s in ast.parse(text).body if "why" == ast.unparse(s)[:3])
    lines = text.splitlines()
    lines[statement.lineno - 1 : statement.end_lineno] = [why]
    path = tmp_path / "grad_quadratic.py"
    path.write_text("\n".join(lines) + "\n")
    exercise = ASSIGNMENTS["backprop"].references["grad_quadratic"].exercise
    return load_reference(path, exercise)


def test_why_is_optional_and_must_be_text(tmp_path):
    assert "" == written(tmp_path, "").why
    with pytest.raises(CourseError, match=r'expected why = "\.\.\."$'):
        written(tmp_path, "why = 3")
