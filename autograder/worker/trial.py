"""Trying what this machine gives: each tier's worker is confined in a process to throw away.

A tier is there if confining works *and* the confined process is then denied what it should be.
Prints, as JSON, for each tier why it is not there (an empty string if it is).
"""

from __future__ import annotations

import json
import os
import resource
import socket
import sys
import tempfile
from collections.abc import Callable
from pathlib import Path

from . import landlock, namespaces, sandbox

HAS_LANDLOCK = landlock.version() > 0
TIERS = {
    "A": sandbox.Layers(namespaces=True, landlock=HAS_LANDLOCK, seccomp=True),
    "B": sandbox.Layers(namespaces=False, landlock=True, seccomp=True),
    "C": sandbox.Layers(namespaces=False, landlock=False, seccomp=True),
}
MEMORY = 64 << 20  # bytes of address space beyond what a trial has at its start


def main() -> None:
    """Try every tier, and print what is missing."""
    print(json.dumps({"landlock": landlock.version()} | {t: _missing(t) for t in TIERS}))


def _missing(tier: str) -> str:
    """Why a tier is not there."""
    reader, writer = os.pipe()
    with tempfile.TemporaryDirectory() as folder:
        canary, scratch = Path(folder, "canary"), Path(folder, "scratch")
        canary.write_text("canary")
        canary.chmod(0o666)
        scratch.mkdir()
        for path in (Path(folder), scratch):
            path.chmod(0o777)  # only Landlock and namespaces are on trial here
        if (child := os.fork()) == 0:
            try:
                found = _try(TIERS[tier], canary, str(scratch))
            except OSError as error:
                found = str(error)
            finally:
                os.write(writer, found.encode()[:4000] or b"-")
                os._exit(0)
        os.close(writer)
        os.waitpid(child, 0)
        with open(reader, "rb") as pipe:
            said = pipe.read().decode(errors="replace")
    return "" if said == "-" else said or "the trial died"


def _try(layers: sandbox.Layers, canary: Path, scratch: str) -> str:
    """Be confined, and say what is allowed nevertheless."""
    judge = os.getppid()
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * resource.getpagesize() + MEMORY
    if layers.namespaces:
        home = namespaces.leave()
        namespaces.settle([sys.prefix, sys.base_prefix], [])
        if child := namespaces.fork_into_new_pid_namespace(home):
            os.waitpid(child, 0)
            os._exit(0)
        scratch = namespaces.SCRATCH
    sandbox.confine(layers, sandbox.Bounds(memory, 5, (sys.prefix,), scratch, 0))
    Path(scratch, "kept").write_text("this must work")
    forbidden: dict[str, Callable[[], object]] = {
        "more memory": lambda: bytearray(memory),
        "a network socket": socket.socket,
        "another process": _fork,
        "a signal to the grader": lambda: os.kill(judge, 0),
        "a memory file": lambda: os.memfd_create("x"),
        "another program": lambda: os.execv(sys.executable, [sys.executable, "-c", ""]),  # noqa: S606
    }
    files: dict[str, Callable[[], object]] = {
        "reading a file outside": canary.read_text,
        "writing a file outside": lambda: canary.open("a"),
        "listing a folder outside": lambda: os.listdir(canary.parent),
        "the grader's memory": lambda: open(f"/proc/{judge}/maps"),
    }
    if layers.landlock or layers.namespaces:
        forbidden = files | forbidden
    allowed = [what for what, attempt in forbidden.items() if not _denied(attempt)]
    return f"it allows {', '.join(allowed)}" if allowed else ""


def _denied(attempt: Callable[[], object]) -> bool:
    try:
        attempt()
    except (OSError, MemoryError):
        return True
    return False


def _fork() -> None:
    if os.fork() == 0:
        os._exit(0)


if __name__ == "__main__":
    main()
