"""A worker for one's own notebook: a plain process, on every system, that nothing confines.

It is asked as a zygote's workers are, over its standard input and output. No system has time-outs
for those that all others have: here, a limit ends the process.
"""

from __future__ import annotations

import contextlib
import os
import signal
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Iterator
from pathlib import Path
from typing import IO

from ..course.policy import Limits
from ..errors import ProtocolError, SandboxError
from .channel import Worker

START_SECONDS = 120.0  # to import torch, which a slow disk takes its time for
ENVIRONMENT = {"MPLBACKEND": "Agg", "PYTHONHASHSEED": "0", "PYTHONDONTWRITEBYTECODE": "1"}


class Alone:
    """Starts a process for each worker."""

    def __init__(self, assignment: Path, limits: Limits) -> None:
        seconds = (limits.cell_seconds, limits.notebook_seconds)
        self._command = [sys.executable, "-P", "-m", "autograder.worker.alone", str(assignment)]
        self._command += map(str, seconds)

    @contextlib.contextmanager
    def worker(self) -> Iterator[Worker]:
        """Start one, in an empty folder; it is ended at the end of the block.

        Raises:
            SandboxError: it did not start.
        """
        # Not as `temporary` names its folders: those are held by locks, which Windows lacks.
        place = tempfile.TemporaryDirectory(prefix="autograder-check-", ignore_cleanup_errors=True)
        with place as scratch, self._started(scratch) as process:
            try:
                yield _ready(process)
            finally:
                _end(process)

    def _started(self, scratch: str) -> subprocess.Popen[bytes]:
        # Found by this engine's place, however this engine itself was found.
        path = [
            str(Path(__file__).parent.parent.parent),
            *filter(None, [os.environ.get("PYTHONPATH")]),
        ]
        own = {"PYTHONPATH": os.pathsep.join(path), "IPYTHONDIR": scratch}
        return subprocess.Popen(  # noqa: S603 (our own module)
            self._command,
            bufsize=0,
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            cwd=scratch,
            env=os.environ | ENVIRONMENT | own,
            start_new_session=True,  # where there are such: with a group of processes, to be ended
        )


def _ready(process: subprocess.Popen[bytes]) -> Worker:
    """Wait until it has imported everything."""
    assert process.stdin and process.stdout and process.stderr  # noqa: S101 (they are pipes)
    worker = Worker(_Pipes(process, process.stdin, process.stdout))
    try:
        worker.receive(time.monotonic() + START_SECONDS)
    except (EOFError, OSError, ProtocolError) as error:
        _end(process)
        said = process.stderr.read().decode(errors="replace").strip().splitlines()
        last = said[-1] if said else type(error).__name__
        raise SandboxError(f"the process that runs the notebook did not start: {last}") from error
    return worker


class _Pipes:
    """A process's standard input and output, as a channel whose time limit ends the process."""

    def __init__(
        self, process: subprocess.Popen[bytes], into: IO[bytes], out_of: IO[bytes]
    ) -> None:
        self._process, self._into, self._out_of = process, into, out_of
        self._seconds = 0.0

    def settimeout(self, seconds: float) -> None:
        """Give each call from now on so much time."""
        self._seconds = seconds

    def sendall(self, data: bytes) -> None:
        """Send all of it."""
        left = memoryview(data)
        with self._limited():
            while left:
                left = left[self._into.write(left) :]

    def recv(self, size: int) -> bytes:
        """Receive what is there; nothing if the process has ended."""
        with self._limited():
            return self._out_of.read(size)

    @contextlib.contextmanager
    def _limited(self) -> Iterator[None]:
        """End the process, and with it the call in the block, when the time is up.

        Raises:
            TimeoutError: it was.
        """
        late = threading.Event()

        def end() -> None:
            late.set()
            _end(self._process)

        timer = threading.Timer(self._seconds, end)
        timer.daemon = True
        timer.start()
        try:
            yield
        finally:
            timer.cancel()
            timer.join()
            if late.is_set():
                raise TimeoutError


def _end(process: subprocess.Popen[bytes]) -> None:
    """End it, and what it started where the system knows groups of processes."""
    if not hasattr(os, "killpg"):
        process.kill()
        return
    # Permission: what macOS says of a group in which nothing is left alive.
    with contextlib.suppress(ProcessLookupError, PermissionError):
        os.killpg(process.pid, signal.SIGKILL)
