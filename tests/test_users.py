"""The sandbox holds for an ordinary user as it does for root."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

TESTS = Path(__file__).parent
ORDINARY = 54321  # a user id that no one has


@pytest.mark.skipif(os.getuid() != 0, reason="every other test shows it already")
@pytest.mark.timeout(900)
@pytest.mark.slow
@pytest.mark.parametrize("module", ["test_run.py", "test_sandbox.py"])
def test_workers_are_confined_for_an_ordinary_user_with_and_without_namespaces(module):
    for tool in ("unshare", "setpriv", "mount"):
        assert shutil.which(tool), f"{tool} is part of util-linux"
    done = subprocess.run(
        [
            *("unshare", "--mount", TESTS / "as_user.sh", str(ORDINARY)),
            *dict.fromkeys((sys.base_prefix, sys.prefix, str(TESTS.parent))),
            "--",
            *(sys.executable, "-m", "pytest", "-q", "--no-header", "-p", "no:cacheprovider"),
            *("-p", "no:xdist", TESTS / module),
            *("-k", "not cgroup"),  # an ordinary user may make none
        ],
        capture_output=True,
        text=True,
        env=os.environ | {"PYTHONDONTWRITEBYTECODE": "1", "TMPDIR": "/tmp"},
        cwd="/",
    )
    last = done.stdout.strip().splitlines()[-1]
    assert done.returncode == 0, done.stdout[-5000:] + done.stderr[-2000:]
    assert " passed" in last and " skipped" not in last and " failed" not in last
