"""Other people's programs, each in an environment of its own, made when first needed."""

from __future__ import annotations

import contextlib
import fcntl
import hashlib
import shutil
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parent.parent
REQUIREMENTS = Path(__file__).parent / "lms" / "requirements"
CACHE = ROOT / ".cache" / "counterparts"


def python(name: str) -> str:
    """A Python in which the packages of `requirements/<name>.txt` are installed."""
    asked = REQUIREMENTS / f"{name}.txt"
    with _made(asked, f"{name}-{sys.version_info.major}.{sys.version_info.minor}") as (folder, new):
        found = str(folder / "bin" / "python")
        if new:
            _run(sys.executable, "-m", "venv", str(folder))
            _run(found, "-m", "pip", "install", "--quiet", "-r", str(asked))
    return found


def node_modules() -> Path:
    """A folder in which the packages of `requirements/package.json` are installed."""
    asked = REQUIREMENTS / "package.json"
    with _made(asked, "node") as (folder, new):
        if new:
            folder.mkdir(parents=True)
            shutil.copy(asked, folder)
            _run("npm", "install", "--silent", "--no-audit", "--no-fund", "--prefix", str(folder))
    return folder


@contextlib.contextmanager
def _made(asked: Path, name: str) -> Iterator[tuple[Path, bool]]:
    """Where it belongs, and whether it has to be made; by one process at a time, or not at all."""
    digest = hashlib.sha256(asked.read_bytes()).hexdigest()[:12]
    folder = CACHE / f"{name}-{digest}"
    CACHE.mkdir(parents=True, exist_ok=True)
    with open(CACHE / f"{name}.lock", "w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        done = folder / ".done"
        new = not done.exists()
        if new:
            shutil.rmtree(folder, ignore_errors=True)
        yield folder, new
        done.touch()


def _run(*command: str) -> None:
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, f"{command}: {done.stdout}{done.stderr}"
