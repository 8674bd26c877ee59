"""Writing an exercise, as docs/writing-exercises.md tells it."""

import io
import json
import re
import shutil
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import replace
from pathlib import Path

import pytest
from test_grade import notebook, write

from autograder.cli import main
from autograder.course.course import find_course
from autograder.course.proof import Trial, over
from autograder.course.questions import load_question
from autograder.errors import CourseError

ROOT = Path(__file__).parent.parent
GUIDE = (ROOT / "docs/writing-exercises.md").read_text(encoding="utf-8")
LINE = "practice: {slope_of_cube: {values: 2, shape: 1}}\n"


CLASS = '''"""Write the module `Twice`."""

import torch
from torch import nn

from autograder.exercise import attempt, case


class Twice(nn.Module):
    def forward(self, x):
        raise NotImplementedError("Twice")


visible = case(x=torch.tensor([1.0, 2.0]))


def probe(Twice, case):
    return {"y": attempt(lambda: Twice()(case.x))}
'''
SOLVED = """from torch import nn

from autograder.checks import close
from autograder.exercise import case


class Twice(nn.Module):
    def forward(self, x):
        return 2 * x


def hidden(draw):
    return case(x=draw.normal(3))


checks = {"y": close("y")}
"""


@pytest.fixture
def course(tmp_path):
    folder = tmp_path / "course"
    folder.mkdir()
    (folder / "grading.yml").write_text(LINE)
    assert run(folder, "new", "practice", "slope_of_cube")[0] == 0
    return folder


def run(course, *arguments):
    """Exit code and output of a command, in this process."""
    out = io.StringIO()
    with redirect_stdout(out), redirect_stderr(out), pytest.raises(SystemExit) as stopped:
        main(["--course", str(course), *map(str, arguments)])
    return stopped.value.code or 0, out.getvalue()


def edit(course, old, new):
    path = course / "reference/practice/slope_of_cube.py"
    text = path.read_text()
    assert old in text
    path.write_text(text.replace(old, new))


def test_the_guides_example_is_two_files_and_one_line(course):
    assert LINE in GUIDE
    made = {p.relative_to(course).as_posix() for p in course.rglob("*.py")}
    assert made == {f"{half}/practice/slope_of_cube.py" for half in ("assignments", "reference")}
    code, out = run(course, "exercise", "slope_of_cube")
    assert (code, out.count("✓"), out.count("✗")) == (0, 6, 0)

    def answers(text):
        return re.findall(r"^✓ (\w+ [\w ]+?) +(\d) +(\d) ", text, re.MULTILINE)

    assert answers(GUIDE) == answers(out)
    assert run(course, "build", "practice")[0] == 0
    assert run(course, "build", "--check")[0] == 0
    cells = json.loads((course / "assignments/practice/practice.ipynb").read_text())["cells"]
    assert "slope_of_cube" in [cell["id"] for cell in cells]


def test_every_helper_in_the_guide_exists():
    from autograder import checks

    table = GUIDE.split("| helper |")[1].split("`a & b`")[0]
    for name in re.findall(r"^\| `?(\w+)\(|, `(\w+)\(", table, re.MULTILINE):
        assert callable(getattr(checks, name[0] or name[1])), name


def test_the_guides_example_is_graded(course):
    source = find_course(course).reference("practice", "slope_of_cube")
    answers = {"right": source.source("slope_of_cube"), "wrong": source.source("mean")}
    cells = {f"{name}_dot_ipynb": notebook("import torch", text) for name, text in answers.items()}
    folder = write(course.parent / "class", **cells)
    from test_grade import autograder

    autograder(course, "grade", folder, "--out", course / "results")
    assert (course / "results/scores.csv").read_text().splitlines() == [
        "student_id,submission,status,score,max_score,slope_of_cube",
        "right,right.ipynb,graded,3,3,3",
        "wrong,wrong.ipynb,graded,1,3,1",
    ]
    assert "add up, do not take the mean" in (course / "results/feedback/wrong.html").read_text()


def test_what_is_not_proved_is_shown_and_named(course):
    edit(course, "@mistake(1,", "@mistake(2,")
    code, out = run(course, "exercise", "slope_of_cube", "--students", "2")
    assert code == 1 and out.count("✗ mistake mean") == 1 and "cases of 2 students" in out
    problem = "not proved mistake mean: earns 1 of 3 points, should earn 2"
    assert f"{problem} (student 1, student 2)\nmean passes shape\n" in out
    assert "gives the same case" not in out
    edit(course, "return 3 * x**2", "return x.requires_grad_().pow(3).sum().backward() or x.grad")
    code, out = run(course, "exercise", "slope_of_cube")
    assert "mistake by_hand: earns 3 of 3 points, should earn 0" in out
    code, out = run(course, "build", "practice")
    assert code == 1 and "the mistake 'by_hand' loses no points" in out


def test_a_hidden_case_that_is_always_the_same_is_remarked_on(course):
    edit(course, "draw.distinct_quarters(4)", "[1.25, 0.75, 2.25]")
    code, out = run(course, "exercise", "slope_of_cube")
    assert code == 0 and "note: hidden(draw) of slope_of_cube gives the same case" in out


def test_a_probe_that_calls_outside_attempt_is_remarked_on(course):
    path = course / "assignments/practice/slope_of_cube.py"
    remark = "note: the probe of slope_of_cube calls it outside attempt()"
    assert remark not in run(course, "exercise", "slope_of_cube")[1]
    text = path.read_text()
    path.write_text(
        text.replace("attempt(lambda: slope_of_cube(case.values))", "slope_of_cube(case.values)")
    )
    code, out = run(course, "exercise", "slope_of_cube")
    assert code == 1 and remark in out and "autograd never ran" in out


def test_of_several_students_those_who_differ_are_named():
    right, wrong = (Trial("mistake", "m", 1, 1, (), "", s, p) for s, p in ((3, ""), (1, "earns 2")))
    proofs = {"amy": [right, right], "ben": [right, wrong], "cat": [right, wrong]}
    assert list(over(proofs)) == [right, replace(wrong, problem="earns 2 (ben, cat)")]
    assert list(over({"ben": [wrong]})) == [wrong]


def test_an_exercise_is_proved_even_where_its_neighbours_are_broken(course):
    (course / "grading.yml").write_text(LINE.replace("practice: {", "practice: {other: {a: 1}, "))
    assert run(course, "exercise", "slope_of_cube")[0] == 0
    assert run(course, "exercise", "other")[0] == 1


@pytest.mark.parametrize(
    ("arguments", "message"),
    [
        (["exercise", "slope_of_cub"], "no exercise 'slope_of_cub': did you mean 'slope_of_cube'?"),
        (["exercise", "slope_of_cube", "--assignment", "x"], "no exercise 'slope_of_cube'"),
        (["new", "practice", "slope_of_cube"], "is there already: choose another name"),
        (["new", "practice", "2x"], "'2x' cannot be a name"),
        (["new", "../up", "y"], "'../up' cannot be a name"),
        (["new", "practice", "lambda"], "'lambda' cannot be a name"),
        (["new", "questions", "y"], "'questions' is a key of grading.yml"),
    ],
)
def test_bad_calls_are_one_line(course, arguments, message):
    code, out = run(course, *arguments)
    assert code == 1 and message in out and out.count("\n") == 1


def test_a_new_exercise_without_points_is_told_which_line_is_missing(course):
    line = "add to grading.yml, under practice, the line cube: {values: 1, shape: 1}\n"
    _, made = run(course, "new", "practice", "cube")
    code, out = run(course, "exercise", "cube")
    assert code == 1 and out.endswith(f"practice/cube.py has no points yet: {line}")
    assert made.endswith(f"now {line.replace('values: 1', 'values: 2')}")
    assert run(course, "exercise", "cube", "--assignment", "practice") == (code, out)
    run(course, "new", "other", "root")
    code, out = run(course, "exercise", "root")
    assert code == 1 and "the line other: {root: {values: 1, shape: 1}}\n" in out


def test_exercises_without_points_are_no_part_of_a_proof_of_all(course):
    run(course, "new", "practice", "cube")
    run(course, "new", "other", "root")
    code, out = run(course, "exercise")
    assert code == 1 and out.endswith("\n1 of 3 exercises proved\n")
    assert out.count("not proved: ") == out.count(" has no points yet: ") == 2
    code, out = run(course, "exercise", "--assignment", "practice")
    assert code == 1 and out.endswith("\n1 of 2 exercises proved\n")


def test_a_class_needs_no_lesson_that_imports_what_it_derives_from(course):
    """The notebook has torch, nn and F, as the proof takes for granted."""
    pages = {"assignments": CLASS, "reference": SOLVED}
    for half, text in pages.items():
        (course / half / "practice/Twice.py").write_text(text)
    (course / "grading.yml").write_text(LINE.replace("practice: {", "practice: {Twice: {y: 1}, "))
    assert run(course, "exercise", "Twice")[0] == run(course, "build", "practice")[0] == 0
    for form in ("", "nbgrader", "otter"):
        path = course / "assignments/practice" / form / "practice.ipynb"
        path.write_text(
            path.read_text().replace('raise NotImplementedError(\\"Twice\\")', "return 2 * x")
        )
        code, out = run(course, "check", path)
        assert code == 0 and "Twice: passes the visible case" in out, out


def test_a_question_is_no_exercise(course):
    (course / "grading.yml").write_text(LINE + "questions: {practice: {Q1: 3}}\n")
    code, out = run(course, "exercise", "Q1")
    assert code == 1 and "'Q1' is a question, which a person marks" in out


def test_the_line_that_is_missing_names_the_checks_that_there_are(course):
    run(course, "new", "practice", "cube")
    path = course / "reference/practice/cube.py"
    path.write_text(path.read_text().replace('"shape": shape', '"form": shape'))
    code, out = run(course, "exercise", "cube")
    assert code == 1 and out.endswith("the line cube: {values: 1, form: 1}\n")


def test_without_a_name_all_exercises_prove_themselves(course):
    run(course, "new", "practice", "cube")
    points = "{values: 2, shape: 1}"
    (course / "grading.yml").write_text(LINE + f"more: {{cube: {points}}}\n")
    for half in ("assignments", "reference"):
        (course / half / "more").mkdir()
        (course / half / "practice/cube.py").rename(course / half / "more/cube.py")
    code, out = run(course, "exercise")
    assert code == 0 and out.endswith("\n2 of 2 exercises proved\n")
    code, out = run(course, "exercise", "--assignment", "more")
    assert code == 0 and out.endswith("\n1 of 1 exercise proved\n") and "slope_of_cube" not in out
    (course / "grading.yml").write_text(LINE + "more: {cube: {values: 3, shape: 1}}\n")
    path = course / "reference/more/cube.py"
    path.write_text(path.read_text().replace("@mistake(1,", "@mistake(2,"))
    code, out = run(course, "exercise")
    assert code == 1 and out.endswith("\n1 of 2 exercises proved\n")
    path.write_text("1 / 0")
    code, out = run(course, "exercise")
    assert code == 1 and "not proved: " in out and out.endswith("\n1 of 2 exercises proved\n")
    assert run(course, "exercise", "--assignment", "mor")[0] == 1


@pytest.mark.parametrize(
    ("old", "new", "told"),
    [
        ('@mistake(0, "', '@mistake("', "expected @mistake(points, "),
        ('@mistake(0, "Right, but autograd never ran: let backward() differentiate.")', "@mistake",
         "expected @mistake(points, "),
        ("@alternative", "@alternative()", "expected @alternative, without parentheses"),
        ("import torch\n", "import torch\nfrom ._rows import x\n", "No module named '_rows'"),
        ("import torch\n", "import torch\nfrom ._pkg.sub import x\n", "No module named '_pkg'"),
        ("import torch\n", "import torch\nfrom .._rows import x\n", "No module named '_rows'"),
        ("import torch\n", "import torch\nfrom ._helper import x\n",
         "cannot import name 'x' from '_helper' ("),
    ],
)  # fmt: skip
def test_a_slip_in_a_reference_is_told_by_its_line(course, old, new, told):
    (course / "reference/practice/_helper.py").write_text("y = 1\n")
    path = course / "reference/practice/slope_of_cube.py"
    assert old in path.read_text()
    path.write_text(path.read_text().replace(old, new, 1))
    code, out = run(course, "exercise", "slope_of_cube")
    assert code == 1 and out.count("\n") == 1 and "_course_" not in out
    assert re.search(rf"slope_of_cube\.py:\d+: \w+: {re.escape(told)}", out)


@pytest.mark.parametrize(
    ("half", "old", "new", "told"),
    [
        ("assignments", "case(values=[1.0, 2.0])", "case(values=[1.0, 2.0], f=print)",
         "slope_of_cube.py: visible: "),
        ("assignments", "def slope_of_cube(values)", "def slope_of_cube(values: Tensor)",
         "the skeleton: NameError: name 'Tensor' is not defined"),
        ("assignments", 'return {"slopes"', '{"slopes"',
         "the probe returned no dict of parts: NoneType"),
        ("assignments", 'return {"slopes": attempt(lambda: slope_of_cube(case.values))}',
         "return attempt(lambda: slope_of_cube(case.values))",
         "the probe returned no dict of parts: one part without a name"),
        ("assignments", 'return {"slopes"', 'return {"more": attempt(lambda: 1 / 0), "slopes"',
         "no value to compare with in 'more': ZeroDivisionError: division by zero"),
        ("assignments", "def probe(slope_of_cube, case)", "def probe(slope_of_cube)",
         "expected probe(answer, case)"),
        ("reference", "def hidden(draw)", "def hidden()", "expected hidden(draw)"),
        ("reference", "draw.distinct_quarters(4)", "{1, 2}", "a case is plain data only"),
        ("reference", "draw.distinct_quarters(4)", "draw.distinct_quarters(40)",
         "40 different quarters from -5 to 5: only 30 are"),
        ("reference", "draw.distinct_quarters(4)", "draw.screened(lambda: 0, lambda n: False)",
         "candidates for a hidden case was accepted ("),
        ("reference", "return x.grad", "return nn.Linear(1, 1)",
         "an object of type torch.nn.modules.linear.Linear"),
        ("reference", 'close("slopes")', 'close("slopes", relative=-1)', "a number from 0"),
        ("reference", 'shape("slopes")', 'returned("slopes", "list")', "expected a type, as in"),
        ("reference", 'shape("slopes")',
         'check("slopes")(lambda seen, wanted, case: seen["slopes"].value is not None)',
         "check 'shape' returned True: expected None where it holds"),
        ("reference", "draw.distinct_quarters(4)", "draw.quarters(4)",
         "no hidden case: AttributeError"),
        ("reference", "draw.distinct_quarters(4)", "[torch.randn(()).item()] * 4",
         "hidden(draw) gives another case"),
        ("reference", "draw.distinct_quarters(4)", "print", "no hidden case: "),
        ("reference", 'close("slopes")', 'close("slope")', "a check reads 'slope'"),
        ("reference", 'close("slopes") & used', 'close("slopes") and used', "combined with &"),
        ("reference", "# What is paid for", "@check\ndef mine(seen, wanted, case): ...\n\n#",
         "expected @check("),
    ],
)  # fmt: skip
def test_what_grading_would_refuse_the_proof_refuses_in_one_line(course, half, old, new, told):
    path = course / half / "practice/slope_of_cube.py"
    text = path.read_text()
    assert old in text
    imports = {"assignments": "from torch import Tensor\n\n", "reference": ""}[half]
    text = text.replace(old, new, 1).replace("import close,", "import check, close, returned,", 1)
    text = text.replace("import torch\n", "import torch\nfrom torch import nn\n", 1)
    path.write_text(
        text.replace("from autograder.exercise", f"{imports}from autograder.exercise", 1)
    )
    for command in (["exercise", "slope_of_cube"], ["build", "practice"]):
        code, out = run(course, *command)
        assert code == 1 and told in out and out.count("\n") == 1, (command, out)


def test_an_answer_that_leans_on_its_file_is_told(course):
    path = course / "reference/practice/slope_of_cube.py"
    helper = "def cubed(x):\n    return x**3\n\n\n# The solution"
    text = path.read_text().replace("# The solution", helper, 1)
    path.write_text(text.replace("cubes = x**3", "cubes = cubed(x)", 1))
    code, out = run(course, "exercise", "slope_of_cube")
    assert code == 1 and "does not work in a cell of its own: name 'cubed' is not defined" in out


def test_tests_that_are_made_no_more_are_named(course):
    assert run(course, "build", "practice")[0] == 0
    old = course / "assignments/practice/otter/tests/gone.py"
    old.write_text("")
    code, out = run(course, "build", "practice")
    assert code == 0 and f"no longer made, and still there: {old}\n" in out
    code, out = run(course, "build", "--check")
    assert code == 1 and str(old) in out
    old.unlink()
    assert run(course, "build", "--check")[0] == 0


def test_a_question_in_one_place_only_is_refused(course):
    for path in ("assignments/practice/Q1.md", "reference/practice/Q1.yml"):
        (course / path).write_text("")
    code, out = run(course, "build", "practice")
    assert code == 1 and "Q1.yml has no points: add 'Q1' to 'practice', under questions" in out
    (course / "grading.yml").write_text(LINE + "questions: {practice: {Q1: 3, Q2: 1}}\n")
    code, out = run(course, "build", "practice")
    assert code == 1 and "Q2.md is missing: 'Q2' is among the questions" in out


ANOTHER = 'raise NotImplementedError("slope_cube")'


@pytest.mark.parametrize("body", ["pass", "return None", "...", ANOTHER])
def test_a_skeleton_that_does_not_say_that_it_is_one_is_told(course, body):
    path = course / "assignments/practice/slope_of_cube.py"
    raising = 'raise NotImplementedError("slope_of_cube")'
    path.write_text(path.read_text().replace(raising, body))
    code, out = run(course, "exercise", "slope_of_cube")
    assert code == 1 and "have it raise NotImplementedError" in out


def test_an_exercise_in_two_assignments_is_asked_about(course):
    shutil.copytree(course / "assignments/practice", course / "assignments/again")
    shutil.copytree(course / "reference/practice", course / "reference/again")
    (course / "grading.yml").write_text(LINE + LINE.replace("practice", "again"))
    code, out = run(course, "exercise", "slope_of_cube")
    assert code == 1 and "is in practice and in again: give --assignment" in out
    assert run(course, "exercise", "slope_of_cube", "--assignment", "again")[0] == 0


# Questions

PROMPT = "### Why?\n\nSay why.\n\n\n*Your answer here.*\n"
RUBRIC = 'criteria:\n  - {points: 3, text: "because"}\nmodel_answer: Because.\n'


@pytest.mark.parametrize(
    ("prompt", "rubric", "message"),
    [
        (None, RUBRIC, "S1.md is missing"),
        (PROMPT, None, "S1.yml is missing"),
        ("### Why?\n", RUBRIC, "expected the prompt, two blank lines, and a cell for the answer"),
        (
            PROMPT,
            RUBRIC.replace("3", "2"),
            "the criteria are worth 2 points, and grading.yml gives 3",
        ),
        (PROMPT, RUBRIC.replace("text", "txt"), "criteria.0.text: field required"),
        (PROMPT, "criteria: []\nmodel_answer: x", "criteria: "),
        (PROMPT, "criteria: [", "not valid YAML"),
        (PROMPT, "", "input should be a valid dictionary"),
    ],
)
def test_a_question_that_will_not_do_is_named(tmp_path, prompt, rubric, message):
    paths = tmp_path / "S1.md", tmp_path / "S1.yml"
    for path, text in zip(paths, (prompt, rubric), strict=True):
        if text is not None:
            path.write_text(text)
    with pytest.raises(CourseError) as error:
        load_question(*paths, 3)
    assert message in str(error.value)


def test_a_question_is_prompt_answer_cells_criteria_and_model_answer(tmp_path):
    (tmp_path / "S1.md").write_text(PROMPT + "\n```python\nplot = ...\n```\n")
    (tmp_path / "S1.yml").write_text(RUBRIC)
    question = load_question(tmp_path / "S1.md", tmp_path / "S1.yml", 3)
    assert question.prompt.startswith("### Why?") and question.model_answer == "Because."
    assert question.answer == (("markdown", "*Your answer here.*"), ("code", "plot = ..."))
    assert (question.criteria[0].points, question.false_claim) == (3, 1)


def test_criteria_of_fractions_of_a_point_add_up(tmp_path):
    """0.1 + 0.2 is a little more than 0.3."""
    (tmp_path / "S1.md").write_text(PROMPT)
    two = "criteria:\n  - {points: 0.1, text: a}\n  - {points: 0.2, text: b}\nmodel_answer: x\n"
    (tmp_path / "S1.yml").write_text(two)
    assert load_question(tmp_path / "S1.md", tmp_path / "S1.yml", 0.3).points == 0.3


@pytest.mark.parametrize("assignment", find_course(ROOT).grading.questions)
def test_our_questions_have_the_points_of_their_criteria(assignment):
    for question in find_course(ROOT).assignment(assignment).questions.values():
        assert sum(criterion.points for criterion in question.criteria) == question.points
        assert len(question.model_answer) > 200
