"""Tiers: found by trying, told to people, kept with every score, and refused where too low."""

import csv
import itertools
import os
import shutil
import sqlite3
import subprocess
import sys
import tempfile
from pathlib import Path

import nbformat
import pytest

from autograder.course.course import find_course
from autograder.running.tier import ORDER, Tier, detect

TESTS = Path(__file__).parent
ROOT = TESTS.parent
ORDINARY = 54321  # a user id that no one has
USERS = {"root": 0, "ordinary": ORDINARY} if os.getuid() == 0 else {"ordinary": os.getuid()}
NOT_SAID = {("B-", "C"), ("B-", "D"), *(("S", worse) for worse in "BCD")}  # S needs what A does
HERE = detect(trusted=True)


def run(user: int, tier: str | None, *arguments: object) -> subprocess.CompletedProcess[str]:
    """The command as that user, in a container that leaves so much (None: as it is here)."""
    python = [sys.executable, "-m", "autograder", "--course", ROOT, *arguments]
    paths = dict.fromkeys((sys.base_prefix, sys.prefix, str(ROOT)))
    as_user = ["unshare", "--mount", TESTS / "as_user.sh", user, *paths, "--"]
    docker = [sys.executable, TESTS / "docker.py", tier] if tier else []
    command = [*(as_user if os.getuid() == 0 else []), *docker, *python]
    return subprocess.run(
        [str(word) for word in command],
        capture_output=True,
        text=True,
        env=os.environ
        | {"AUTOGRADER_SECRET": "of the tests", "PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": "/tmp"},
        cwd="/",
        check=False,
    )


@pytest.fixture
def folder():
    """One that every user may write, with a submission of one solution in it."""
    references = find_course(TESTS).assignment("backprop").references
    name, reference = next(iter(references.items()))
    made = Path(tempfile.mkdtemp(dir="/tmp"))
    made.chmod(0o777)
    cells = ["import torch", reference.source(name)]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    nbformat.write(notebook, made / "amy.ipynb")
    yield made
    shutil.rmtree(made)


@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
@pytest.mark.parametrize("tier", [None, "B", "C", "D"])
def test_doctor_finds_what_a_machine_or_container_leaves(user, tier):
    if tier and ORDER.index(HERE.name) > ORDER.index(tier):
        pytest.skip(f"this machine gives tier {HERE.name} only")
    done = run(user, tier, "doctor")
    assert done.returncode == 0, done.stderr
    first, *rest = done.stdout.splitlines()
    wanted = tier or ("A" if user and HERE.name == "S" else HERE.name)
    assert first.startswith(f"isolation tier {wanted}: ")
    said = "\n".join(rest)
    for better in ORDER[: ORDER.index(wanted)]:
        assert f"no {better}: " in said or (better, wanted) in NOT_SAID
    assert ("student code can still" in said) == (wanted != "S")
    assert "to raise it: " in said
    assert ("read every file" in said) == (wanted in "CD")
    assert ("use the network" in said) == (wanted == "D")


@pytest.mark.slow
@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
@pytest.mark.parametrize("tier", ["C", "D"])
def test_where_nothing_keeps_files_apart_submissions_must_be_trusted(user, tier, folder):
    if ORDER.index(HERE.name) > ORDER.index(tier):
        pytest.skip(f"this machine gives tier {HERE.name} only")
    command = ["grade", folder / "amy.ipynb", "--assignment", "backprop", "--out", folder / "out"]
    refused = run(user, tier, *command)
    assert refused.returncode == 1
    assert refused.stderr.startswith("autograder: nothing here keeps student code from your files")
    assert "--trust-submissions" in refused.stderr and "Traceback" not in refused.stderr
    assert not (folder / "out").exists()
    trusted = run(user, tier, *command, "--trust-submissions")
    assert trusted.returncode == 0, trusted.stderr
    assert recorded(folder / "out") == tier


@pytest.mark.parametrize("user", USERS.values(), ids=USERS)
@pytest.mark.parametrize("tier", [None, "B"])
def test_a_score_is_the_same_on_every_tier_and_tells_it(user, tier, folder):
    done = run(user, tier, "grade", folder, "--assignment", "backprop", "--out", folder / "out")
    assert done.returncode == 0, done.stderr
    assert recorded(folder / "out") == (tier or ("A" if user and HERE.name == "S" else HERE.name))


def recorded(out: Path) -> str:
    """The tier in the record, which must be in what people read, too; and one solution counts."""
    with sqlite3.connect(out / "grades.db") as connection:
        (tier,) = connection.execute("SELECT tier FROM submissions").fetchone()
    assert f"isolation tier {tier}" in (out / "report.html").read_text()
    assert f"isolation tier {tier}" in (out / "feedback" / "amy.html").read_text()
    (row,) = csv.DictReader((out / "scores.csv").read_text().splitlines())
    assert float(row["score"]) > 0
    return tier


def test_each_tier_lacks_all_that_a_better_one_lacks():
    lacks = [Tier(name).lacks for name in ORDER]
    assert [len(lack) for lack in lacks] == list(range(len(ORDER)))
    assert all(few == many[: len(few)] for few, many in itertools.pairwise(lacks))
    assert [Tier(name).isolates for name in ORDER] == [True] * 4 + [False] * 2
