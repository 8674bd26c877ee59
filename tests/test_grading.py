"""`grading.yml`, the course around it, its secret, and what is drawn from that secret."""

from __future__ import annotations

import json
import shutil
import stat
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace
from pathlib import Path

import pytest

from autograder.building.wanted import wanted_values
from autograder.compare import Tolerance
from autograder.course.course import SECRET_FILE, SECRET_VARIABLE, find_course, fingerprint
from autograder.course.grading import nearest, read_grading
from autograder.course.policy import Grading, Policy
from autograder.course.proof import prove
from autograder.draw import MAX_CANDIDATES, Draw
from autograder.errors import CourseError
from autograder.exercise import case
from autograder.judging.judge import Judge

GRADING = """
policy:
  cases: student
  limits: {cell_seconds: 2.5, memory_mb: 512}
  tolerance: {relative: 1.0e-3}
maths:
  double: {value: 2, type: 0.5}
"""


@pytest.fixture
def grading(tmp_path):
    def grading(text):
        path = tmp_path / "grading.yml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return path

    return grading


def message_of(error, path):
    message = str(error.value)
    assert message.startswith(f"{path}: ") and "\n" not in message
    return message.removeprefix(f"{path}: ")


# grading.yml


def test_the_rubric_and_the_policy_are_read(grading):
    found = read_grading(grading(GRADING))
    assert found.rubrics == {"maths": {"double": {"value": 2, "type": 0.5}}}
    assert (found.policy.cases, found.policy.limits.cell_seconds) == ("student", 2.5)
    assert (found.policy.limits.memory_mb, found.policy.limits.exercise_seconds) == (512, 10)
    assert (found.policy.tolerance.relative, found.policy.tolerance.absolute) == (1e-3, 1e-6)


@pytest.mark.parametrize("text", ["a: {b: {c: 1}}", "policy:\na: {b: {c: 1}}"])
def test_the_policy_may_be_left_out(grading, text):
    policy, rubrics = Policy(), {"a": {"b": {"c": 1}}}
    assert read_grading(grading(text)) == Grading(policy=policy, rubrics=rubrics, questions={})


NO_RUBRIC = "expected a rubric for each assignment, by name"
NO_EXERCISES = "expected exercises with their checks and points"
NO_CHECKS = "expected checks and points, as in {values: 2}"


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", NO_RUBRIC),
        ("[1]", NO_RUBRIC),
        ("text", NO_RUBRIC),
        ("1: {b: {c: 1}}", NO_RUBRIC),
        ("a:", f"a: {NO_EXERCISES}"),
        ("a: []", f"a: {NO_EXERCISES}"),
        ("a: {}", f"a: {NO_EXERCISES}"),
        ("a: {b: 5}", f"a.b: {NO_CHECKS}"),
        ("a: {b: {}}", f"a.b: {NO_CHECKS}"),
        ("a: {b: {c: two}}", "a.b.c: expected a number of points, got 'two'"),
        ("a: {b: {c: true}}", "a.b.c: expected a number of points, got True"),
        ("a: {b: {c: -1}}", "a.b.c: expected a number of points, got -1"),
        ("a: {b: {c: .nan}}", "a.b.c: expected a number of points, got nan"),
        ("a: {b: {c: .inf}}", "a.b.c: expected a number of points, got inf"),
        ("a: {b: {c: }}", "a.b.c: expected a number of points, got None"),
        ("a: {b: {c: 1}}\na: {b: {c: 2}}", "line 2: the same key twice: keep one of them"),
        ("a:\n  b: {c: 1, c: 2}", "line 2: the same key twice: keep one of them"),
        ("a: {b", "line 1: not valid YAML: a bracket is not closed"),
        ("a:\n\tb: 1", "line 2: not valid YAML: a tab: indent with spaces"),
        ('a: "b', "line 1: not valid YAML: a quote is not closed"),
        ("a: b: c", "line 1: not valid YAML: "),
        ("a: *b", "line 1: not valid YAML: found undefined alias 'b'"),
        ("a: 1\n---\nb: 2", "line 2: not valid YAML: but found another document"),
        ("a: !!python/object:os.system {}", "line 1: not valid YAML: could not determine"),
        ("due: 2026-02-30", "not valid YAML: day is out of range for month"),
        ("a: !!bool x", "not valid YAML: "),
        ("a: {b: {c: " + "9" * 5000 + "}}", "not valid YAML: "),
        (b"a: \xff", "not valid YAML: "),
        ("a: \0", "not valid YAML: "),
        ("policy: 5", "policy: expected keys and their values, got 5"),
        ("policy: {limits: 5}", "policy.limits: expected keys and their values, got 5"),
        ("policy: {tolerence: {}}", "policy.tolerence: unknown key: did you mean 'tolerance'?"),
        (
            "policy: {limits: {cel_seconds: 1}}",
            "policy.limits.cel_seconds: unknown key: did you mean 'cell_seconds'?",
        ),
        (
            "policy: {lms: {canvas: {url: 'https://x.edu', course: 7, "
            "assignments: {a: {id: 1, title: x, nmber: 2}}}}}",
            "policy.lms.canvas.assignments.a.nmber: unknown key: there are id, title",
        ),
        (
            "policy: {grace: no}",
            "policy.grace: unknown key: there are cases, limits, tolerance, late, void, lms",
        ),
        (
            "policy: {late: no}",
            "policy.late: expected keys and their values, got 'no'",
        ),
        (
            "policy: {cases: pupil}",
            "policy.cases: input should be 'class' or 'student', got 'pupil'",
        ),
        (
            "policy: {limits: {cell_seconds: 0}}",
            "policy.limits.cell_seconds: input should be greater than 0, got 0",
        ),
        (
            "policy: {limits: {memory_mb: 1}}",
            "policy.limits.memory_mb: input should be greater than or equal to 64, got 1",
        ),
        (
            "policy: {tolerance: {absolute: -1}}",
            "policy.tolerance.absolute: input should be greater than or equal to 0, got -1",
        ),
        ("policy: {limits: {memory_mb: much}}", "policy.limits.memory_mb: input should be a valid"),
        ("policy: {1: 2}", "policy.1: "),
        (
            "questions: {a: {S1: 4}}\nb: {c: {d: 1}}",
            "questions: no assignment 'a': there are b",
        ),
        ("questions: 4\nb: {c: {d: 1}}", "questions: expected assignments with their questions"),
        (
            "questions: {b: 4}\nb: {c: {d: 1}}",
            "questions.b: expected questions and points, as in {S1: 2}",
        ),
        (
            "questions: {b: {S1: four}}\nb: {c: {d: 1}}",
            "questions.b.S1: expected a number of points, got 'four'",
        ),
    ],
    ids=lambda text: repr(text[:40]),
)
def test_what_is_wrong_with_grading_yml_is_told_with_file_key_and_cure(grading, text, message):
    path = grading(text)
    with pytest.raises(CourseError) as error:
        read_grading(path)
    assert message_of(error, path).startswith(message)


def test_a_grading_yml_that_is_not_there_is_named(tmp_path):
    with pytest.raises(CourseError) as error:
        read_grading(tmp_path / "grading.yml")
    assert "No such file" in message_of(error, tmp_path / "grading.yml")


@pytest.mark.parametrize(
    ("name", "names", "expected"),
    [
        ("vales", ["type", "values"], ": did you mean 'values'?"),
        ("zzz", ["type", "values"], ": there are type, values"),
        ("zzz", [], ""),
    ],
)
def test_the_nearest_name_is_told(name, names, expected):
    assert nearest(name, names) == expected


# The course folder

PUBLIC = '''"""Double it."""
from autograder.exercise import attempt, case
def {0}(x):
    raise NotImplementedError("{0}")
visible = case(x=2.0)
def probe({0}, case):
    return {{"x": attempt(lambda: {0}(case.x))}}
'''
HIDDEN = """
from autograder.checks import close, returned
from autograder.exercise import case
from autograder.reference import alternative, mistake
def {0}(x):
    return 2 * x
def hidden(draw):
    return case(x=draw.uniform(1, 2))
checks = {{"value": close("x"), "type": returned("x", float)}}
@mistake(1, "Not squared.")
def squared(x):
    return x**2
@alternative
def {0}_by_adding(x):
    return x + x
"""
LUCK = "__import__('random').uniform"


@pytest.fixture
def course(tmp_path):
    """A function that writes a sound course, with some of its files changed, or None removed."""

    def course(**changes):
        files = {
            "grading.yml": GRADING,
            "assignments/maths/double.py": PUBLIC.format("double"),
            "assignments/maths/_shared.py": "",
            "reference/maths/double.py": HIDDEN.format("double"),
        }
        shutil.rmtree(tmp_path / "course", ignore_errors=True)
        for name, text in (files | changes).items():
            path = tmp_path / "course" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if text is not None:
                path.write_text(text, encoding="utf-8")
        return find_course(tmp_path / "course")

    return course


def test_an_assignment_is_loaded_with_its_references(course):
    found = course().assignment("maths")
    assert (found.name, list(found.references), found.max_score) == ("maths", ["double"], 2.5)
    reference = found.references["double"]
    assert (reference.solution(2), list(reference.checks)) == (4, ["value", "type"])
    (mistake,) = reference.mistakes.values()
    assert (mistake.answer(3), mistake.score, mistake.sentence) == (9, 1, "Not squared.")
    (alternative,) = reference.alternatives.values()
    assert alternative.answer(3) == 6


@pytest.mark.parametrize("name", ["squared", "double_by_adding", "double"])
def test_the_source_of_an_answer_has_the_name_of_the_exercise(course, name):
    source = course().assignment("maths").references["double"].source(name)
    namespace = {}
    exec(source, namespace)
    assert source.startswith("def double(x):") and callable(namespace["double"])


def test_the_source_of_an_answer_called_as_a_part_of_def_is_right(course):
    hidden = HIDDEN.format("double").replace("def squared", "def e")
    changed = course(**{"reference/maths/double.py": hidden})
    source = changed.assignment("maths").references["double"].source("e")
    assert source.startswith("def double(x):")


def test_fractions_of_points_add_up(course):
    """0.1 + 0.2 is a little more than 0.3, in one order or the other."""
    hidden = (
        HIDDEN.format("double")
        .replace("@mistake(1,", "@mistake(0.3,")
        .replace("checks = {", 'checks = {"close": close("x"), "number": returned("x", float), ')
    )
    rubric = "maths: {double: {value: 0.7, type: 0.2, number: 0.1, close: 0.6}}"
    changed = course(**{"reference/maths/double.py": hidden, "grading.yml": rubric})
    reference = changed.assignment("maths").references["double"]
    judge = Judge("maths", {"double": reference}, Tolerance(), b"x")
    trials = list(prove(judge.prepare("double", ""), changed.grading.rubrics["maths"]["double"]))
    assert [trial.problem for trial in trials] == [""] * len(trials)


def test_a_released_notebook_and_its_questions_change_a_fingerprint_and_points_do_not(course):
    def released(*cells):
        made = [{"id": id_, "cell_type": kind, "source": text} for id_, kind, text in cells]
        return {"assignments/maths/maths.ipynb": json.dumps({"cells": made})}

    imports, prompt = ("a", "code", "import math"), ("double-prompt", "markdown", "*2 points*")
    variants = [
        {},
        released(imports, prompt),
        released(("a", "code", "import math, cmath"), prompt),
        released(imports, prompt, ("S1", "markdown", "Why?")),
    ]
    prints = [course(**files).outline("maths").fingerprint("x") for files in variants]
    assert len(set(prints)) == len(prints)
    dearer = course(**released(imports, ("double-prompt", "markdown", "*9 points*")))
    assert dearer.outline("maths").fingerprint("x") == prints[1]
    asked = replace(dearer.outline("maths"), question_points={"S1": 2})
    assert asked.fingerprint("x") not in prints


@pytest.mark.parametrize("name", ["data", "_data"])
def test_an_input_that_a_case_could_not_show_is_refused(name):
    with pytest.raises(CourseError, match=f"cannot be called '{name}'"):
        case(**{name: 1})


def test_the_source_of_what_is_not_there_is_a_course_error(course):
    with pytest.raises(CourseError, match=r"double.py: no top-level definition of 'halve'"):
        course().assignment("maths").references["double"].source("halve")


@pytest.mark.parametrize(
    ("changes", "message"),
    [
        (
            {"assignments/maths/double.py": None},
            "{}/assignments/maths/double.py is missing (it is in the rubric)",
        ),
        (
            {"reference/maths/double.py": None},
            "{}/reference/maths/double.py is missing (it is in the rubric)",
        ),
        (
            {"grading.yml": GRADING.replace("double", "dubble")},
            "{}/assignments/maths/dubble.py is missing (it is in the rubric): "
            "did you mean 'double'?",
        ),
        (
            {"assignments/maths/triple.py": PUBLIC.format("triple")},
            "{}/assignments/maths/triple.py has no points: add 'triple' to 'maths' in grading.yml",
        ),
        (
            {"reference/maths/triple.py": HIDDEN.format("triple")},
            "{}/reference/maths/triple.py has no points: add 'triple' to 'maths' in grading.yml",
        ),
        (
            {"grading.yml": GRADING.replace("value", "valeu")},
            "{}/grading.yml: maths.double: no check 'valeu': did you mean 'value'?",
        ),
        (
            {"grading.yml": GRADING.replace("value", "zzz")},
            "{}/grading.yml: maths.double: no check 'zzz': there are value, type",
        ),
        (
            {"grading.yml": GRADING.replace(", type: 0.5", "")},
            "{}/grading.yml: maths.double: no points for check 'type'",
        ),
        (
            {"grading.yml": GRADING.replace("maths", "physics")},
            "{}/grading.yml: no assignment 'maths': there are physics",
        ),
        (
            {"reference/maths/double.py": "x = 1"},
            "{}/reference/maths/double.py: expected the solution 'double' and hidden(draw) "
            "and checks = {{name: check, ...}}",
        ),
        (
            {"reference/maths/double.py": HIDDEN.format("double") + "checks.clear()"},
            "{}/reference/maths/double.py: expected checks = {{name: check, ...}}",
        ),
        (
            {"reference/maths/double.py": HIDDEN.format("double") + "checks['type'] = 3"},
            "{}/reference/maths/double.py: expected checks = {{name: check, ...}}",
        ),
        (
            {"reference/maths/double.py": HIDDEN.format("double").replace("2 * x", "str(x)")},
            "{}/reference/maths/double.py: the solution fails its own check 'type': "
            "expected a float, got a string",
        ),
        (
            {"reference/maths/double.py": HIDDEN.format("double").replace("x**2", "x + x")},
            "{}/reference/maths/double.py: the mistake 'squared' loses no points: no check sees it",
        ),
        (
            {"reference/maths/double.py": HIDDEN.format("double").replace("draw.uniform", LUCK)},
            "{}/reference/maths/double.py: hidden(draw) gives another case when it is asked again: "
            "take all that is random from draw (draw.seed() is for torch.manual_seed)",
        ),
        (
            {"reference/maths/double.py": HIDDEN.format("double").replace("return 2 * x", "2 * x")},
            "{}/reference/maths/double.py: the solution gives nothing but None: "
            "is a `return` missing?",
        ),
        (
            {"assignments/maths/double.py": PUBLIC.format("double").replace("(x)", "(x, y)", 1)},
            "{}/reference/maths/double.py: the skeleton takes (x, y), and the solution (x): "
            "who fills it in would fail",
        ),
        (
            {"reference/maths/double.py": "x = (1"},
            "{}/reference/maths/double.py:1: SyntaxError: '(' was never closed",
        ),
        (
            {"reference/maths/double.py": HIDDEN.format("double") + "squared = 3"},
            "{}/reference/maths/double.py: 'squared' is defined twice: the first would be lost",
        ),
        (
            {"reference/maths/double.py": HIDDEN.format("double") + "def squared(x):\n    pass"},
            "{}/reference/maths/double.py: 'squared' is defined twice: the first would be lost",
        ),
        (
            {"reference/maths/double.py": HIDDEN.format("double").replace('"type"', '"value"')},
            "{}/reference/maths/double.py: 'value' is defined twice: the first would be lost",
        ),
        (
            {"reference/maths/double.py": "1 / 0"},
            "{}/reference/maths/double.py:1: ZeroDivisionError: division by zero",
        ),
    ],
)
def test_a_course_that_does_not_fit_together_is_refused(course, changes, message):
    found = course(**changes)
    with pytest.raises(CourseError) as error:
        found.assignment("maths")
    assert str(error.value) == message.format(found.folder)


def test_a_part_to_be_shown_that_the_probe_does_not_have_is_told(course):
    public = PUBLIC.format("double") + 'shown = ("x", "y")\n'
    found = course(**{"assignments/maths/double.py": public})
    with pytest.raises(CourseError) as error:
        wanted_values(found.assignment("maths"))
    path = found.folder / "assignments/maths/double.py"
    assert str(error.value) == f"{path}: shown: the probe has no 'y'"


TWIN = """
@mistake(0.5, "Multiplied.")
def multiplied(x):
    return x * x
"""


@pytest.mark.parametrize(
    ("stated", "body", "more", "problem"),
    [
        ("0.5", "x**2", "", ""),
        ("1", "x**2", "", "earns 0.5 of 2.5 points, should earn 1"),
        ("2.5", "x + x", "", "loses no points"),
        ("0.5", "x**2", TWIN, "reads 'Not squared.'"),
    ],
    ids=["right", "score", "nothing", "sentence"],
)
def test_a_mistake_has_to_earn_what_is_stated_and_to_read_its_own_sentence(
    course, stated, body, more, problem
):
    hidden = HIDDEN.format("double").replace("mistake(1,", f"mistake({stated},") + more
    found = course(**{"reference/maths/double.py": hidden.replace("x**2", body)})
    reference = found.reference("maths", "double")
    judge = Judge("maths", {"double": reference}, Tolerance(), b"secret", True)
    trials = prove(judge.prepare("double", "student"), found.grading.rubrics["maths"]["double"])
    assert [t.problem for t in trials if t.kind == "mistake"][-1] == problem


def test_the_digest_follows_whatever_a_verdict_depends_on(course):
    digest = course().assignment("maths").digest
    assert course().assignment("maths").digest == digest
    points = {"grading.yml": GRADING.replace("value: 2", "value: 3")}
    assert course(**points).assignment("maths").digest == digest  # points follow from verdicts
    for name in (
        *("assignments/maths/double.py", "assignments/maths/_shared.py"),
        *("reference/maths/double.py", "reference/maths/_shared.py", "reference/_shared.py"),
    ):
        path = course().folder / name
        text = path.read_text(encoding="utf-8") if path.exists() else ""
        assert course(**{name: text + "# edited"}).assignment("maths").digest != digest, name
    for policy in (GRADING.replace("student", "class"), GRADING.replace("2.5", "2.6")):
        assert course(**{"grading.yml": policy}).assignment("maths").digest != digest


def test_a_course_is_found_from_below(course):
    folder = course().folder
    assert find_course(folder / "reference" / "maths").folder == folder


def test_no_course_above_is_told_with_the_cure(tmp_path):
    top = Path(tmp_path.anchor)
    with pytest.raises(CourseError) as error:
        find_course(top)
    cure = "change folder, or say which course: autograder --course DIR ..."
    assert str(error.value) == f"no grading.yml in {top} or above it: {cure}"


def test_what_is_nearly_a_key_of_ours_is_no_assignment(tmp_path):
    path = tmp_path / "grading.yml"
    path.write_text(GRADING + "question: {maths: {Q1: 4}}\n")
    with pytest.raises(CourseError, match="question: no such assignment: did you mean 'questions'"):
        read_grading(path)
    (tmp_path / "assignments/question").mkdir(parents=True)
    assert "question" in read_grading(path).rubrics
    (tmp_path / "assignments/maths").mkdir()
    path.write_text(GRADING.replace("maths", "mahts"))
    with pytest.raises(CourseError, match="mahts: no such assignment: did you mean 'maths'"):
        read_grading(path)


def test_the_course_of_results_is_found_from_anywhere_else(course, tmp_path, monkeypatch):
    folder = course().folder
    other = tmp_path / "other"
    other.mkdir()
    (other / "grading.yml").write_text(GRADING)
    for here in (Path(tmp_path.anchor), other):
        monkeypatch.chdir(here)
        assert find_course(results=folder / "results").folder == folder
    assert find_course(results=Path("/nowhere")).folder == other
    monkeypatch.chdir(tmp_path.anchor)
    with pytest.raises(CourseError, match=r"no grading.yml in /nowhere or / or above it"):
        find_course(results=Path("/nowhere"))
    with pytest.raises(CourseError, match=r"no grading.yml in / or above it"):
        find_course(Path("/"), folder / "results")


def test_the_course_of_the_current_folder_is_the_default(course, monkeypatch):
    folder = course().folder
    monkeypatch.chdir(folder / "assignments")
    assert find_course().folder == folder


# The secret


@pytest.fixture
def no_variable(monkeypatch):
    monkeypatch.delenv(SECRET_VARIABLE, raising=False)


@pytest.mark.usefixtures("no_variable")
def test_the_secret_is_made_once_and_told_and_for_its_owner_alone(course, capsys):
    ours = course()
    with ThreadPoolExecutor(8) as pool:
        secrets = set(pool.map(lambda _: ours.secret(), range(32)))
    path = ours.folder / SECRET_FILE
    told = "hidden inputs are drawn from it, so keep it for regrades, and never publish it"
    assert capsys.readouterr() == ("", f"made {path}: {told}\n")
    assert secrets == {path.read_bytes().strip()}
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert len(path.read_bytes().strip()) >= 32
    assert sorted(p.name for p in ours.folder.iterdir()) == [
        *(SECRET_FILE, "assignments", "grading.yml", "reference")
    ]
    assert course().secret() not in secrets  # a new folder, a new secret


@pytest.mark.usefixtures("no_variable")
@pytest.mark.parametrize("text", ["", "\n", "fifteen letters\n"])
def test_a_secret_that_is_too_short_is_refused(course, text):
    ours = course(**{SECRET_FILE: text})
    with pytest.raises(CourseError) as error:
        ours.secret()
    cure = "too short to be a secret: restore it from a backup"
    assert message_of(error, ours.folder / SECRET_FILE) == cure


def test_the_variable_goes_before_the_file(course, monkeypatch):
    monkeypatch.setenv(SECRET_VARIABLE, "a secret from elsewhere")
    ours = course()
    assert ours.secret() == b"a secret from elsewhere"
    assert not (ours.folder / SECRET_FILE).exists()
    monkeypatch.setenv(SECRET_VARIABLE, "")
    assert ours.secret() == (ours.folder / SECRET_FILE).read_bytes().strip()


def test_a_fingerprint_tells_secrets_apart_and_not_what_they_are():
    assert fingerprint(b"one") == fingerprint(b"one") != fingerprint(b"two")
    assert len(fingerprint(b"one")) == 16


# What is drawn from it


def drawn(secret, *path):
    draw = Draw(secret, *path)
    return [
        draw.integer(-(10**9), 10**9),
        draw.choice("abcdef"),
        draw.shuffled(range(20)),
        draw.seed(),
        draw.uniform(-1, 1),
        draw.normal(2, 3).tolist(),
        draw.distinct_quarters(5),
    ]


def test_a_draw_is_the_same_for_every_regrade():
    path = ("maths", "double", 0, "ann")
    assert drawn(b"secret", *path) == drawn(b"secret", *path)


def test_a_draw_depends_on_the_secret_and_on_every_step_of_the_path():
    paths = [
        (b"secret", "maths", "double", 0),
        (b"another", "maths", "double", 0),
        (b"secret", "physics", "double", 0),
        (b"secret", "maths", "triple", 0),
        (b"secret", "maths", "double", 1),
        (b"secret", "maths", "double", 0, "ann"),
        (b"secret", "maths", "double", 0, "ben"),
        (b"secret", "maths", "double", 0, "\udcff"),
    ]
    for position in range(len(drawn(b"secret"))):
        if position == 1:
            continue  # there are only so many letters
        assert len({repr(drawn(*path)[position]) for path in paths}) == len(paths)


def test_a_draw_stays_within_what_was_asked_for():
    draw = Draw(b"secret")
    assert {draw.integer(3, 5) for _ in range(100)} == {3, 4, 5}
    assert {draw.choice("ab") for _ in range(50)} == {"a", "b"}
    assert sorted(draw.shuffled([1, 2, 2, 3])) == [1, 2, 2, 3]
    assert all(0 <= draw.seed() < 2**31 for _ in range(50))
    assert all(2 <= draw.uniform(2, 3) < 3 for _ in range(50))
    assert draw.normal(2, 3).shape == (2, 3) and draw.normal().shape == ()
    quarters = draw.distinct_quarters(12, -2, 2)
    assert sorted(quarters) == [q / 4 for q in range(-8, 9) if q % 4]


def test_screened_takes_the_first_that_is_accepted_and_gives_up_in_the_end():
    numbers = iter(range(10 * MAX_CANDIDATES))
    draw = Draw(b"secret")
    assert draw.screened(lambda: next(numbers), lambda n: n == 7) == 7
    with pytest.raises(CourseError, match=f"none of {MAX_CANDIDATES} candidates"):
        draw.screened(lambda: next(numbers), lambda n: False)
    assert next(numbers) == 8 + MAX_CANDIDATES
