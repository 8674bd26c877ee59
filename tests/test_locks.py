"""The locks are what `pyproject.toml` and `constraints.txt` ask for, all of it and nothing else."""

import os
import re
import subprocess
import sysconfig
import tomllib
from importlib import metadata
from pathlib import Path

import pytest
from packaging.requirements import Requirement
from packaging.utils import canonicalize_name

ROOT = Path(__file__).parent.parent
PROJECT = tomllib.loads((ROOT / "pyproject.toml").read_text())
FILES = ("packages", "torch", "cuda")
TEXTS = {name: (ROOT / ".ci" / "locks" / f"{name}.txt").read_text() for name in FILES}
LINES = re.findall(r"^[a-z].*(?= \\$)", "".join(TEXTS.values()), re.M)
LOCKED = {canonicalize_name(r.name): r for r in map(Requirement, LINES)}
HERE = {n for n, r in LOCKED.items() if r.marker is None or r.marker.evaluate()}
ASKED = [
    *map(Requirement, PROJECT["project"]["dependencies"]),
    *(Requirement(r) for e in PROJECT["project"]["optional-dependencies"].values() for r in e),
    *(Requirement(r) for group in PROJECT["dependency-groups"].values() for r in group),
    *map(Requirement, PROJECT["build-system"]["requires"]),
]
CUDA = {canonicalize_name(r) for r in re.findall(r"^([a-z][\w-]+)==", TEXTS["cuda"], re.M)}


def version(name):
    (only,) = LOCKED[name].specifier
    assert only.operator == "=="
    return only.version


def test_every_pin_is_what_the_locks_hold():
    for line in (ROOT / "constraints.txt").read_text().splitlines():
        if not line.startswith("#"):
            pin = Requirement(line)
            assert pin.specifier.contains(version(canonicalize_name(pin.name))), line


@pytest.mark.parametrize("asked", ASKED, ids=str)
def test_whatever_the_project_asks_for_is_locked(asked):
    assert asked.specifier.contains(version(canonicalize_name(asked.name)))


def test_every_locked_package_has_one_version_and_a_hash():
    assert len(LOCKED) == len(LINES) > 100
    for text in TEXTS.values():
        for block in re.split(r"^(?=[a-z])", text, flags=re.M)[1:]:
            hashes = re.findall(r"--hash=sha256:[0-9a-f]{64}\b", block)
            assert hashes and len(set(hashes)) == len(hashes), block.split()[0]


def test_every_locked_package_is_installed_in_that_version_and_needed():
    """Walks from what the project asks for through what is installed."""
    reached: set[tuple[str, str]] = set()
    todo = [(canonicalize_name(r.name), extra) for r in ASKED for extra in ("", *r.extras)]
    while todo:
        name, extra = todo.pop()
        if (name, extra) in reached:
            continue
        reached.add((name, extra))
        assert metadata.version(name).partition("+")[0] == version(name), name
        for r in map(Requirement, metadata.requires(name) or ()):
            if r.marker is None or r.marker.evaluate({"extra": extra}):
                todo += [(canonicalize_name(r.name), e) for e in ("", *r.extras)]
    needed = {name for name, _ in reached}
    assert HERE - needed <= CUDA  # these come with torch's CUDA builds alone
    assert needed <= HERE


@pytest.mark.skipif("CI" not in os.environ, reason="people may install what they like")
def test_nothing_is_installed_that_is_not_locked():
    # pip came with Python. By this folder alone: setuptools, once imported, adds what it vendors.
    packages = metadata.distributions(path=[sysconfig.get_path("purelib")])
    installed = {canonicalize_name(d.name) for d in packages}
    assert installed - HERE == {"backprop-autograder", "pip"}


# What set-up makes of them, by a stand-in for Python that writes down how pip was called

PIP = """#!/bin/sh
echo "$*" >> "$0.log"
case "$*" in
  *" freeze") echo {installed} ;;
  *" download "*) while [ "$1" != --dest ]; do shift; done; touch "$2/{wheel}" ;;
  *{refused}*) exit 1 ;;
esac
"""


@pytest.fixture
def set_up(tmp_path):
    def run(*index, installed="", wheel="torch-2.13.0+cpu-any.whl", refused="NOTHING"):
        python = tmp_path / "python"
        python.write_text(PIP.format(installed=installed, wheel=wheel, refused=refused))
        python.chmod(0o755)
        done = subprocess.run(
            ["sh", ROOT / ".ci" / "locks" / "install.sh", python, *index],
            capture_output=True,
            text=True,
        )
        calls = (tmp_path / "python.log").read_text().splitlines()
        return done, [call for call in calls if " install " in call]

    return run


@pytest.mark.parametrize("wheel", ["torch-2.13.0+cpu-any.whl", "torch-2.13.0-any.whl"])
def test_set_up_installs_no_package_without_its_hash(set_up, wheel):
    done, calls = set_up(wheel=wheel)
    assert done.returncode == 0, done.stderr
    *packages, project = calls
    assert all("--require-hashes --no-deps --only-binary :all:" in call for call in packages)
    assert project.endswith("--no-deps --no-build-isolation --editable .")
    locks = [re.findall(r"\.ci/locks/(\w+)\.txt", call) for call in packages]
    assert locks == [["packages"], ["torch"]] + [["cuda"]] * ("+cpu" not in wheel)


def test_set_up_ends_where_a_hash_is_wrong(set_up):
    done, calls = set_up(refused=".ci/locks/torch.txt")
    assert done.returncode == 1
    assert "the torch found here is none of those in .ci/locks/torch.txt" in done.stderr
    assert not any("--editable" in call for call in calls)
    done, calls = set_up(refused=".ci/locks/packages.txt")
    assert done.returncode == 1


def test_torch_from_an_index_that_someone_names_is_taken_on_trust_and_said_to_be(set_up):
    done, calls = set_up("https://cpu.example")
    assert "unverified" in done.stderr
    assert calls[1].endswith("--constraint constraints.txt --index-url https://cpu.example torch")


def test_set_up_leaves_a_torch_alone_that_is_right(set_up):
    _, calls = set_up(installed=f"torch=={version('torch')}+cpu")
    assert not any(".ci/locks/torch.txt" in call for call in calls)
    _, calls = set_up(installed="torch==2.0.0+cpu")
    assert any(".ci/locks/torch.txt" in call for call in calls)
