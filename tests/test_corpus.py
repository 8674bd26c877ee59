"""No forged points, no lost grades: every entry of tests/corpus, graded where it can do no harm."""

import fcntl
import json
import os
import re
import shutil
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest
from corpus_entries import ENTRIES

TESTS = Path(__file__).parent
RUNNER = str(TESTS / "corpus_run.py")
ORDINARY = 54321  # a user id that no one has
CHOSEN = tuple(os.environ.get("CORPUS", "F D E H").split())  # to try some of them only
CASES = [
    pytest.param(
        entry.name,
        mode,
        id=f"{entry.name}-{mode}",
        marks=pytest.mark.xfail(reason=why) if (why := entry.not_yet(mode)) else (),
    )
    for entry in ENTRIES.values()
    for mode in entry.modes
]

pytestmark = [
    pytest.mark.xdist_group("corpus"),  # one worker grades it once, and none waits for it
    pytest.mark.skipif(os.getuid() != 0, reason="the outer sandbox is root's"),
    pytest.mark.timeout(600),
]


def in_outer_sandbox(uid: int, *command: str) -> dict:
    for tool in ("unshare", "setpriv", "mount"):
        assert shutil.which(tool), f"{tool} is part of util-linux"
    packages = [path for path in sys.path if path.endswith("-packages")]
    visible = dict.fromkeys((sys.base_prefix, sys.prefix, *packages, str(TESTS.parent)))
    groups = ["+/sys/fs/cgroup"] if "best" in command else []
    done = subprocess.run(
        [
            *("unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child"),
            *(TESTS / "outer.sh", str(uid), *visible, *groups, "--", sys.executable, *command),
        ],
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": os.environ["PATH"], "PYTHONPATH": str(TESTS.parent), "OMP_NUM_THREADS": "1"},
    )
    assert done.returncode == 0, done.stderr[-5000:]
    return json.loads(done.stdout)


def grade(uid: int, tier: str, names: list[str]) -> dict:
    """Grade these entries, in two runs side by side: most of the time they wait for time-outs."""
    halves = [half for half in (names[::2], names[1::2]) if half]
    with ThreadPoolExecutor() as pool:
        reports = list(pool.map(lambda half: in_outer_sandbox(uid, RUNNER, tier, *half), halves))
    return reports[0] | {
        key: [thing for report in reports for thing in report[key]]
        for key in ("submissions", "left", "leaks", "terminal", "csv")
    }


CONFIGURATIONS = {
    "best": (0, "best"),
    "root, namespaces": (0, "namespaces"),
    "root, landlock": (0, "landlock"),
    "user, namespaces": (ORDINARY, "namespaces"),
    "user, landlock": (ORDINARY, "landlock"),
}


@pytest.fixture(
    scope="session",
    params=[
        pytest.param(name, marks=() if name == "best" else pytest.mark.slow)
        for name in CONFIGURATIONS
    ],
)
def graded(request, tmp_path_factory):
    """The whole class, graded once for all tests, and for all processes that run some of them."""
    folder = tmp_path_factory.getbasetemp()
    folder = folder.parent if os.environ.get("PYTEST_XDIST_WORKER") else folder
    record = folder / f"corpus-{request.param}.json"
    with open(f"{record}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        if not record.exists():
            names = [name for name in ENTRIES if name.startswith(CHOSEN)]
            record.write_text(json.dumps(grade(*CONFIGURATIONS[request.param], names)))
    return json.loads(record.read_text())


def of(graded: dict, entry: str, mode: str) -> list[dict]:
    """The submissions of an entry in a mode: its variants, and the control behind them."""
    found = [s for s in graded["submissions"] if (s["entry"], s["mode"]) == (entry, mode)]
    if not found:
        pytest.skip("not in this run")
    return found


@pytest.mark.parametrize("entry, mode", CASES)
def test_a_hostile_or_mistaken_notebook_gets_its_right_outcome(graded, entry, mode):
    *variants, control = of(graded, entry, mode)
    for hostile in variants:
        assert_right(graded, hostile)
    assert control["variant"] == "control"
    assert (control["status"], control["points"]) == ("graded", graded["full"]), control


def assert_right(graded: dict, hostile: dict) -> None:
    """Whether one submission got what its entry says."""
    full, entry = graded["full"], ENTRIES[hostile["entry"]]
    right = entry.outcome(hostile["mode"], hostile["variant"])
    about = json.dumps({k: v for k, v in hostile.items() if k != "page"}, indent=1)
    assert kinds(hostile) <= right.kinds, about
    assert matches(right.note, notes(hostile)), about
    assert matches(right.hint, hints(hostile)) or not right.hint, about
    assert "Escaped" not in about
    if hostile["status"] == "graded":
        others = dict(hostile["points"])
        attacked = others.pop(entry.attacked)
        assert right.others != "full" or others == {name: full[name] for name in others}, about
        assert right.others != "none" or set(others.values()) == {0}, about
        assert attacked == full[entry.attacked] or right.kinds != {"passed"}, about
        assert attacked == 0 or "passed" in right.kinds, about
    assert hostile["stops"] <= right.stops and "used up its" not in about, about


def kinds(submission: dict) -> set[str]:
    if submission["status"] != "graded":
        return {submission["status"]}
    name = ENTRIES[submission["entry"]].attacked
    (attacked,) = (o for o in submission["outcomes"] if o["exercise"] == name)
    return {verdict["kind"] for verdict in attacked["verdicts"]}


def notes(submission: dict) -> str:
    return "\n".join([submission["problem"], *(n["message"] for n in submission["notes"])]).strip()


def hints(submission: dict) -> str:
    return "\n".join(v["hint"] for o in submission["outcomes"] for v in o["verdicts"])


def matches(pattern: str, text: str) -> bool:
    """Whether the text is as asked for; no pattern asks for no text."""
    return bool(re.search(pattern or "^$", text))


def test_nothing_is_left_of_a_class_of_hostile_notebooks(graded):
    assert graded["left"] == []


def test_no_secret_of_the_judge_is_in_anything_that_grading_wrote(graded):
    assert graded["needles"] > 50
    assert graded["leaks"] == []


def test_what_students_wrote_steers_no_browser_no_terminal_and_no_spreadsheet(graded):
    name = "F31_report_injection"
    for submission in (
        of(graded, name, "file") + of(graded, name, "cell") + of(graded, name, "call")
    ):
        assert not re.search(r"<(script|img)[^>]*evil|[\x00-\x08\x0b-\x1f]", submission["page"])
    assert not re.search(r'(^|,)"?[=+@]', "".join(graded["csv"]), re.MULTILINE)
    assert "evil" in "".join(graded["terminal"]) and "\x1b" not in "".join(graded["terminal"])


ESCAPING = {entry.name: entry.escapes for entry in ENTRIES.values() if entry.escapes}


@pytest.fixture(scope="module")
def unconfined():
    return in_outer_sandbox(0, RUNNER, "nothing", *ESCAPING)


@pytest.mark.slow
def test_without_a_sandbox_the_same_payloads_succeed(unconfined):
    """So that a payload that is refused was refused by the sandbox, and not by a slip of ours."""
    said = {s["entry"]: "" for s in unconfined["submissions"]}
    for submission in unconfined["submissions"]:
        said[submission["entry"]] += notes(submission)
    for entry, text in said.items():
        complaints = " ".join(re.findall(r"Escaped: ([\w, ]+) in", text))
        assert set(ESCAPING[entry]) <= set(re.findall(r"\w+", complaints)), (entry, text)


@pytest.mark.slow
def test_without_a_sandbox_the_checkout_is_still_safe(unconfined):
    """The payloads reached what they could: a precious file, but nothing outside."""
    assert any("/canary" in path for _, what in unconfined["left"] for path in what)
    assert unconfined["checkout"] is False
    assert not (TESTS / "damage").exists()
