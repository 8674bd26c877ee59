"""The command line in processes that start warm, for tests that start it many times.

Each is forked from a process that has imported everything and run nothing, so that it takes up
where a cold one is after its imports.
"""

from __future__ import annotations

import contextlib
import multiprocessing
import os
import subprocess
import tempfile
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from autograder.building.starter import write_starter
from autograder.cli import main
from autograder.running.temporary import PREFIX

_context = multiprocessing.get_context("forkserver")
_context.set_forkserver_preload(
    ["autograder.pipeline", "autograder.commands.terminal", "autograder.course.proof"]
)

SECRET = "a secret of the tests"
CHECKS = {"values": 2, "shape": 1}
ANSWER = """\
import torch


def first(values):
    x = torch.tensor(values, requires_grad=True)
    (x**3).{}().backward()
    return x.grad
"""


def tiny_course(folder: Path) -> Path:
    """A course of one small exercise, which is graded in a moment."""
    write_starter(folder, "tiny", "first")
    (folder / "grading.yml").write_text(f"tiny: {{first: {CHECKS}}}".replace("'", ""))
    return folder


def tiny_class(folder: Path, count: int) -> Path:
    """So many submissions, of every sort."""
    sorts = [ANSWER.format("sum"), ANSWER.format("mean"), "x = (", "raise ValueError(1)\n", ""]
    folder.mkdir()
    for number in range(count):
        (folder / f"s{number:03}.py").write_text(sorts[number % len(sorts)])
    (folder / "essay.ipynb").write_text("An essay.")
    return folder


def start(course: Path, log: Path, *arguments: object) -> Any:
    """Start a command; what it prints goes to `log`."""
    return started(_run, course, log, *arguments)


def started(function: Callable[..., None], *arguments: object) -> Any:
    """Start anything else in such a process."""
    process = _context.Process(target=function, args=arguments)
    process.start()
    return process


def call(course: Path, log: Path, *arguments: object) -> tuple[int, str]:
    """Run a command to its end: exit code, and what it printed."""
    process = start(course, log, *arguments)
    process.join()
    return process.exitcode, log.read_text()


def run(*arguments: object, cwd: Path, env: Mapping[str, str]) -> subprocess.CompletedProcess[str]:
    """Run a command to its end, as `subprocess.run` does with one in a cold process."""
    with tempfile.TemporaryDirectory() as folder:
        said = Path(folder, "out"), Path(folder, "err")
        process = started(_run_apart, said, cwd, dict(env), *map(str, arguments))
        process.join(240)
        if process.is_alive():
            process.kill()
            process.join()
        out, err = (path.read_text() for path in said)
        return subprocess.CompletedProcess(arguments, process.exitcode, out, err)


def _run_apart(said: tuple[Path, Path], cwd: Path, env: dict[str, str], *arguments: str) -> None:
    os.environ.clear()
    os.environ.update(env)
    os.chdir(cwd)
    with (
        open(said[0], "w") as out,
        open(said[1], "w") as err,
        contextlib.redirect_stdout(out),
        contextlib.redirect_stderr(err),
    ):
        os.dup2(out.fileno(), 1)
        os.dup2(err.fileno(), 2)
        main(list(arguments))


def _run(course: Path, log: Path, *arguments: object) -> None:
    os.environ["AUTOGRADER_SECRET"] = SECRET
    os.environ["TMPDIR"] = str(log.parent)
    os.chdir(log.parent)
    with open(log, "w") as file, contextlib.redirect_stdout(file), contextlib.redirect_stderr(file):
        os.dup2(file.fileno(), 1)
        os.dup2(file.fileno(), 2)
        main(["--course", str(course), *map(str, arguments)])


def run_here(course: Path, log: Path, *arguments: object) -> tuple[int, str]:
    """Run a command to its end in this process, if it is such a one."""
    try:
        _run(course, log, *arguments)
    except SystemExit as stopped:
        return stopped.code or 0, log.read_text()
    raise AssertionError("commands end in an exit")


def left_behind(folder: Path) -> list[str]:
    """Processes whose temporary files would be there, if they do not end in half a minute."""
    for _ in range(600):
        found = []
        for place in Path("/proc").glob("[0-9]*"):
            with contextlib.suppress(OSError):
                if os.fsencode(f"{folder}/autograder-") in (place / "environ").read_bytes():
                    found.append((place / "cmdline").read_bytes().decode(errors="replace"))
        if not found:
            break
        time.sleep(0.05)
    return found


def temporary_folders(folder: Path) -> list[Path]:
    """Those of graders, which only the next one can delete if theirs was killed."""
    return list(folder.glob(f"{PREFIX}*"))
