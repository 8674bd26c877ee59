"""The Gradescope door: its zip, its `results.json`, and the same scores as our own grader's."""

import io
import json
import os
import re
import shutil
import stat
import subprocess
import sys
import zipfile
from datetime import UTC, datetime, timedelta, timezone
from pathlib import Path

import jsonschema
import pytest

from autograder import build, pipeline
from autograder.course.course import SECRET_FILE, find_course
from autograder.doors.gradescope import run
from autograder.doors.gradescope.archive import gradescope
from autograder.doors.gradescope.deadline import Deadline, read_deadline
from autograder.doors.gradescope.report import report
from autograder.errors import SubmissionsError
from autograder.model import CellNote, Kind, Outcome, Result, Status, Verdict
from autograder.reading.read import look
from autograder.results.score import score
from autograder.results.store import Results
from autograder.running.tier import ORDER, detect

TESTS = Path(__file__).parent
ROOT = TESTS.parent
SECRET = "5ec2e7" * 8
NAMES = list(find_course(ROOT).grading.rubrics)

# As Gradescope documents it: https://gradescope-autograders.readthedocs.io/en/latest/specs/
VISIBILITY = {"enum": ["hidden", "after_due_date", "after_published", "visible"]}
FORMAT = {"enum": ["text", "html", "simple_format", "md", "ansi"]}
TEST = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"},
        "max_score": {"type": "number"},
        "status": {"enum": ["passed", "failed"]},
        "name": {"type": "string"},
        "name_format": FORMAT,
        "number": {"type": "string"},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "tags": {"type": "array", "items": {"type": "string"}},
        "visibility": VISIBILITY,
        "extra_data": {"type": "object"},
    },
}
SCHEMA = {
    "type": "object",
    "additionalProperties": False,
    "properties": {
        "score": {"type": "number"},
        "execution_time": {"type": "number"},
        "output": {"type": "string"},
        "output_format": FORMAT,
        "test_output_format": FORMAT,
        "test_name_format": FORMAT,
        "visibility": VISIBILITY,
        "stdout_visibility": VISIBILITY,
        "extra_data": {"type": "object"},
        "tests": {"type": "array", "items": TEST},
        "leaderboard": {"type": "array"},
    },
    "anyOf": [
        {"required": ["score"]},
        {"properties": {"tests": {"items": {"required": ["score"]}}}, "required": ["tests"]},
    ],
}


@pytest.fixture(scope="module")
def course(tmp_path_factory):
    """A copy of the course with a secret of its own."""
    folder = tmp_path_factory.mktemp("course")
    for name in ("assignments", "reference"):
        shutil.copytree(ROOT / name, folder / name, ignore=shutil.ignore_patterns("__pycache__"))
    shutil.copy(ROOT / "constraints.txt", folder)
    text = (ROOT / "grading.yml").read_text()
    patient = re.sub(r"exercise_seconds: \d+", "exercise_seconds: 60", text)  # a thief takes long
    assert patient != text
    (folder / "grading.yml").write_text(patient)
    (folder / SECRET_FILE).write_text(SECRET)
    return find_course(folder)


@pytest.fixture(scope="module")
def assignment(course):
    return course.assignment("backprop")


@pytest.fixture(scope="module")
def zipped(course, assignment):
    ((path, content),) = gradescope(course, assignment, {}).items()
    assert course.folder / "dist" / "gradescope.zip" == path
    return content


def opened(content):
    return zipfile.ZipFile(io.BytesIO(content))


# The zip


def test_every_assignment_has_a_zip_and_the_first_one_a_plain_name(course):
    made = [path for name in NAMES for path in build.made(course, name, build.DISTRIBUTED)]
    zips = [path.name for path in made if path.name.startswith("gradescope")]
    assert ["gradescope.zip", *(f"gradescope-{name}.zip" for name in NAMES[1:])] == zips


def test_zip_holds_the_scripts_the_engine_and_one_assignment(course, zipped):
    names = set(opened(zipped).namelist())
    assert {"setup.sh", "run_autograder", "grading.yml", "constraints.txt", SECRET_FILE} <= names
    package = {p.relative_to(ROOT).as_posix() for p in (ROOT / "autograder").rglob("*.py")}
    assert package <= names
    for half in ("assignments", "reference"):
        own = {f"{half}/backprop/{p.name}" for p in (ROOT / half / "backprop").glob("*.py")}
        assert own <= names
        assert not [name for name in names if name.startswith(f"{half}/{NAMES[1]}/")]
    assert SECRET == opened(zipped).read(SECRET_FILE).decode()
    assert b"torch==" in opened(zipped).read("constraints.txt")
    requirements = opened(zipped).read("requirements.txt").decode()
    assert "torch>=" in requirements and "nbgrader" not in requirements


def test_scripts_are_executable_and_answers_private(zipped):
    modes = {i.filename: stat.S_IMODE(i.external_attr >> 16) for i in opened(zipped).infolist()}
    scripts = {name for name, mode in modes.items() if mode & 0o111}
    assert {"setup.sh", "run_autograder"} == scripts
    private = {name for name, mode in modes.items() if mode == 0o600}
    hidden = {name for name in modes if name.startswith("reference/")}
    assert hidden | {"grading.yml", SECRET_FILE} == private


def test_zip_is_the_same_each_time_and_names_no_place_of_this_machine(
    course, assignment, zipped, monkeypatch
):
    monkeypatch.setattr("time.time", lambda: 2e9)
    os.utime(course.folder / "grading.yml", (1e9, 1e9))
    assert [zipped] == list(gradescope(course, assignment, {}).values())
    for place in (ROOT, course.folder, Path.home() / "x"):
        if len(str(place.parent)) > 1:
            assert os.fsencode(place) not in zipped


def test_without_pins_of_its_own_a_course_takes_the_torch_that_built_it(course, assignment):
    pins = course.folder / "constraints.txt"
    kept = pins.read_bytes()
    pins.unlink()
    try:
        (content,) = gradescope(course, assignment, {}).values()
    finally:
        pins.write_bytes(kept)
    assert re.fullmatch(rb"torch==[\d.]+\n", opened(content).read("constraints.txt"))


@pytest.mark.skipif(Path("/opt/autograder").exists(), reason="it is installed here")
def test_without_set_up_the_run_says_so_and_fails():
    script = ROOT / "autograder" / "doors" / "gradescope" / "run_autograder"
    done = subprocess.run([script], capture_output=True, text=True)
    assert (2, True) == (done.returncode, "setup.sh did not run or failed" in done.stdout)


# results.json


def result_of(assignment, outcomes=(), **details):
    return Result("s", "s/a.ipynb", Status.graded, outcomes=tuple(outcomes), **details)


def test_results_show_each_check_with_its_points_and_the_mistakes_first(assignment):
    first, *others = assignment.rubric
    checks = list(assignment.rubric[first])
    verdicts = [Verdict(checks[0], Kind.passed)]
    verdicts += [Verdict(check, Kind.failed, f"hint of {check}") for check in checks[1:]]
    outcome = Outcome(first, tuple(verdicts), ("This is a mistake.",))
    done = [
        Outcome(name, tuple(Verdict(c, Kind.passed) for c in assignment.rubric[name]))
        for name in others
    ]
    notes = (CellNote(3, "NameError: x"),)
    made = report(result_of(assignment, [outcome, *done], notes=notes), assignment, None)
    jsonschema.validate(json.loads(json.dumps(made)), SCHEMA)
    shown = made["tests"][: len(checks)]
    assert [f"{first}: {check}" for check in checks] == [test["name"] for test in shown]
    assert [f"1.{n}" for n in range(1, len(checks) + 1)] == [test["number"] for test in shown]
    assert ["passed", *["failed"] * (len(checks) - 1)] == [test["status"] for test in shown]
    expected = ["", f"This is a mistake.\nhint of {checks[1]}"]
    expected += [f"hint of {check}" for check in checks[2:]]
    assert expected == [test["output"] for test in shown]
    assert made["score"] == sum(test["score"] for test in made["tests"])
    assert assignment.max_score == sum(test["max_score"] for test in made["tests"])
    lost = sum(assignment.rubric[first][check] for check in checks[1:])
    assert assignment.max_score - lost == made["score"]
    assert "cell 3: NameError: x" in made["output"] and "S1, S2" in made["output"]


def test_unreadable_work_scores_0_and_says_why(assignment):
    result = Result("s", "s", Status.unreadable, problem="the file is empty")
    made = report(result, assignment, None)
    jsonschema.validate(json.loads(json.dumps(made)), SCHEMA)
    assert (0, {"failed"}) == (made["score"], {test["status"] for test in made["tests"]})
    assert "could not be read: the file is empty" in made["output"]


# The deadline


@pytest.mark.parametrize(
    "due, late, words",
    [
        ("2026-07-01T23:00:00.000000-07:00", False, "in time"),
        ("2026-07-01T14:22:31.365935-07:00", True, "late by 0:00:01"),
        ("2026-06-29T21:22:32.365935+00:00", True, "late by 2 days, 0:00:00"),
        ("2026-07-01T21:22:32.365935", False, "in time"),
        (None, False, ""),
    ],
)
def test_lateness_is_told_and_costs_nothing(assignment, tmp_path, due, late, words):
    path = tmp_path / "submission_metadata.json"
    about = {"due_date": due, "late_due_date": None}
    path.write_text(
        json.dumps({"created_at": "2026-07-01T14:22:32.365935-07:00", "assignment": about})
    )
    deadline = read_deadline(path)
    full = [
        Outcome(name, tuple(Verdict(check, Kind.passed) for check in points))
        for name, points in assignment.rubric.items()
    ]
    made = report(result_of(assignment, full), assignment, deadline)
    jsonschema.validate(json.loads(json.dumps(made)), SCHEMA)
    assert late is made["extra_data"]["deadline"]["late"]
    assert words in made["output"] and bool(words) == ("Handed in" in made["output"])
    assert assignment.max_score == made["score"]


def test_no_submission_data_is_no_deadline(tmp_path):
    assert read_deadline(tmp_path / "submission_metadata.json") is None
    west = timezone(timedelta(hours=-7))
    never_due = Deadline(datetime(2026, 7, 1, tzinfo=west), None, datetime(2026, 7, 2, tzinfo=UTC))
    assert ("", timedelta()) == (never_due.sentence(), never_due.late_by)


@pytest.mark.parametrize(
    "content", ["{", "[]", "{}", '{"created_at": null}', '{"created_at": "soon"}', '"x"']
)
def test_damaged_submission_data_is_named(tmp_path, content):
    path = tmp_path / "submission_metadata.json"
    path.write_text(content)
    with pytest.raises(SubmissionsError, match=r"submission_metadata.json: expected Gradescope's"):
        read_deadline(path)


# The run, in this process


@pytest.fixture
def laid_out(course, zipped, tmp_path):
    """An installed course and a folder like /autograder, both in `tmp_path`."""
    installed, root = tmp_path / "course", tmp_path / "autograder"
    opened(zipped).extractall(installed)
    for name in ("submission", "results"):
        (root / name).mkdir(parents=True)
    return installed, root


def test_an_essay_is_unreadable_and_damaged_data_costs_nothing(laid_out, capsys):
    installed, root = laid_out
    (root / "submission" / "essay.ipynb").write_text("An essay on gradients.")
    (root / "submission_metadata.json").write_text("{")
    assert 0 == run.main(installed, root)
    made = json.loads((root / "results" / "results.json").read_text())
    jsonschema.validate(made, SCHEMA)
    assert 0 == made["score"] and "not a notebook" in made["output"]
    assert made["extra_data"]["deadline"] is None
    assert "graded as if there were no deadline" in capsys.readouterr().out
    assert 0o700 == stat.S_IMODE((root / "results").stat().st_mode)


def test_a_fault_of_ours_leaves_no_results_and_says_so(laid_out, capsys):
    """Gradescope then shows an error to the student, and what is printed to the instructor."""
    installed, root = laid_out
    (root / "results" / "results.json").write_text('{"score": 58}')
    solution = next((installed / "reference" / "backprop").glob("grad_*.py"))
    solution.write_text("raise OSError('damaged')")
    assert 2 == run.main(installed, root)
    assert not (root / "results" / "results.json").exists()
    printed = capsys.readouterr().out
    assert "no score was given, the instructor has to look" in printed and "damaged" in printed


@pytest.mark.parametrize("limit, refused", [("805306368\n", True), ("1610612736", False)])
def test_a_container_too_small_is_refused(laid_out, capsys, monkeypatch, limit, refused):
    installed, root = laid_out
    (root / "memory.max").write_text(limit)
    monkeypatch.setattr(run, "MEMORY_LIMITS", (root / "absent", root / "memory.max"))
    monkeypatch.setattr(run, "find_course", lambda folder: find_course(root))  # and no further
    assert 2 == run.main(installed, root)
    assert refused == ("768 MB of memory" in capsys.readouterr().out)


def test_a_grader_error_leaves_no_results(laid_out, assignment, capsys, monkeypatch):
    installed, root = laid_out
    failed = Result("s", "s", Status.grader_error, problem="the process that forks is gone")
    monkeypatch.setattr(run, "grade", lambda course, root: (failed, assignment))
    assert 2 == run.main(installed, root)
    assert [] == list((root / "results").iterdir())
    assert "the process that forks is gone" in capsys.readouterr().out


# The real scripts, as root, in a file system like Gradescope's


def notebook(assignment, **answers):
    """The student notebook with the answers of some exercises filled in."""
    path = assignment.folder / f"{assignment.name}.ipynb"
    content = json.loads(path.read_text("utf-8"))
    for cell in content["cells"]:
        cell["source"] = answers.get(cell["id"], cell["source"])
    return json.dumps(content)


# Looks, at each call, for the needles in every file that could hold them, and for places to write.
# It has them backwards, for else it would find itself.
THIEF = """
import os
def {name}(*args, **kwargs):
    found, control = [], []
    def look(path):
        try:
            with open(path, errors="replace") as file:
                text = file.read(1 << 20)
        except OSError:
            return
        if any(needle[::-1] in text for needle in {needles!r}):
            found.append(path)
        if {public!r} in text:
            control.append(path)
    def leave(path):
        try:
            with open(path, "a") as file:
                file.write("{{}}")
        except OSError:
            return
        found.append("written " + path)
    course = "/opt/autograder/course"
    for path in (course + "/.autograder-secret", course + "/grading.yml",
                 course + "/reference/backprop/{name}.py", "/autograder/source/grading.yml",
                 "/autograder/source/.autograder-secret", "/autograder/results/stdout",
                 "/autograder/source/reference/backprop/{name}.py"):
        look(path)
        if os.access(path, os.R_OK):
            found.append("readable " + path)
    for top in ("/autograder", course, course + "/assignments/backprop",
                "/opt/autograder/engine", "/tmp"):
        for place, _, files in os.walk(top):
            for file in files:
                look(os.path.join(place, file))
    try:
        processes = ["self", *filter(str.isdigit, os.listdir("/proc"))]
    except OSError:
        processes = []
    for process in processes:
        for file in ("environ", "cmdline", "mem", "fd/3"):
            look("/proc/" + process + "/" + file)
    for path in ("/autograder/results/results.json", "/autograder/run_autograder",
                 "/autograder/submission/x", "/opt/autograder/engine/autograder/judging/judge.py",
                 course + "/assignments/backprop/{name}.py"):
        leave(path)
    raise ValueError("found: %r, control: %d" % (found, len(control)))
"""

LOUD = (
    "import sys, warnings; print('!', file=sys.stderr); warnings.warn('careful')"  # costs nothing
)

# What Gradescope's harness does: build once, then for each submission a new results folder.
HARNESS = """
sh source/setup.sh > setup.log 2>&1 || { cat setup.log; exit 1; }
sh source/setup.sh >> setup.log 2>&1 || { cat setup.log; exit 1; }
cp source/run_autograder . && chmod 755 run_autograder
for work in submissions/*; do
  rm -rf submission results; cp -R "$work" submission; mkdir results
  ./run_autograder > results/stdout 2>&1
  echo $? > results/code; mkdir -p all; cp -R results "all/$(basename "$work")"
done
"""


@pytest.fixture(scope="module")
def submissions(assignment):
    answers = {name: r.source(name) for name, r in assignment.references.items()}
    first = next(iter(answers))
    loud = answers | {first: answers[first].replace("    x =", f"    {LOUD}\n    x =", 1)}
    assert LOUD in loud[first]
    mistakes = {name: r.source(next(iter(r.mistakes))) for name, r in assignment.references.items()}
    first, reference = next(iter(assignment.references.items()))
    sentences = [m.sentence for r in assignment.references.values() for m in r.mistakes.values()]
    public = reference.exercise.path.read_text("utf-8").strip().splitlines()[-1]
    needles = [text[:60][::-1] for text in (SECRET, *sentences)]
    thief = THIEF.format(name=first, needles=needles, public=public)
    return {
        "solved": notebook(assignment, **loud),
        "untouched": notebook(assignment),
        "mistaken": notebook(assignment, **mistakes),
        "thief": notebook(assignment, **{**answers, first: thief}),
    }


@pytest.fixture(scope="module")
def ours(course, assignment, submissions, tmp_path_factory):
    """Points by exercise that our own grader gives."""
    folder = tmp_path_factory.mktemp("class")
    for name, text in submissions.items():
        (folder / f"{name}.ipynb").write_text(text)
    job = pipeline.Job(
        students=look(folder).of("backprop"),
        outline=assignment,
        out=folder / "results",
        secret=course.secret,
        hidden=(course.folder, folder),
        tier=detect(),
        workers=1,
    )
    pipeline.grade(job)
    found = Results(folder / "results")
    points = {result.student_id: score(result, assignment, {}) for result in found}
    assert (assignment.max_score, 0) == (points["solved"].total, points["untouched"].total)
    assert 0 < points["mistaken"].total < assignment.max_score
    return {name: found.exercises for name, found in points.items()}


@pytest.mark.slow
@pytest.mark.timeout(600)
@pytest.mark.skipif(os.getuid() != 0, reason="needs root, as in Gradescope's container")
@pytest.mark.parametrize(
    "tier, names",
    [
        ("A", ["solved", "untouched", "mistaken", "thief"]),
        ("B", ["solved", "untouched", "mistaken", "thief"]),
        ("C", ["thief"]),  # which holds the other solutions as well
    ],
)
def test_scores_are_our_own_graders_and_a_thief_finds_nothing(
    tier, names, zipped, submissions, ours, assignment, tmp_path
):
    here = detect(trusted=True)
    if ORDER.index(here.name) > ORDER.index(tier) or (tier == "B" and not here.landlock):
        pytest.skip(f"this machine gives tier {here.name} only")
    root = tmp_path / "autograder"
    opened(zipped).extractall(root / "source")  # without modes: setup.sh must not rely on them
    for name in names:
        (root / "submissions" / name).mkdir(parents=True)
        (root / "submissions" / name / "backprop.ipynb").write_text(submissions[name])
    python = Path(sys.base_prefix, "bin", "python3")
    paths = dict.fromkeys((sys.base_prefix, sys.prefix))
    harness = ["sh", "-c", HARNESS]
    docker = [] if tier == "A" else [python, "-c", (TESTS / "docker.py").read_text(), tier]
    done = subprocess.run(
        ["unshare", "--mount", TESTS / "container.sh", root, *paths, "--", *docker, *harness],
        env={"PATH": os.environ["PATH"], "AUTOGRADER_PYTHON": sys.executable},
        capture_output=True,
        text=True,
    )
    assert 0 == done.returncode, done.stdout + done.stderr
    assert set(names) == {path.name for path in (root / "all").iterdir()}
    made = {}
    for name in names:
        results = root / "all" / name
        printed = (results / "stdout").read_text()
        assert "0\n" == (results / "code").read_text(), printed
        assert printed.endswith(f", isolation tier {here.name if tier == 'A' else tier}\n")
        made[name] = json.loads((results / "results.json").read_text())
        jsonschema.validate(made[name], SCHEMA)
        assert ours[name] == made[name]["extra_data"]["exercises"]
        assert sum(ours[name].values()) == made[name]["score"]
    assert SECRET not in json.dumps(made)
    hint = made["thief"]["tests"][0]["output"]
    assert "found: []" in hint and re.search("control: [1-9]", hint), hint
