"""Starting zygotes and talking to their workers, from the judge's side."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import shutil
import site
import socket
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from types import TracebackType
from typing import Any

from . import wire
from .errors import ProtocolError, SandboxError, ZygoteDied
from .grading import Limits
from .tier import Tier
from .worker.sandbox import SCRATCH, UNPRIVILEGED
from .worker.settings import Settings

START_SECONDS = 120.0  # for a zygote to import everything
CONFINE_SECONDS = 30.0  # for a worker to be confined, which takes milliseconds
WORKER_FILES = ("__init__.py", "errors.py", "exercise.py", "observation.py", "wire.py", "worker")
ZYGOTE = ("-m", "autograder.worker.zygote")
ENVIRONMENT = {
    "PATH": "/usr/bin:/bin",
    "LANG": "C.UTF-8",
    "MPLBACKEND": "Agg",
    "PYTHONHASHSEED": "0",
    "PYTHONDONTWRITEBYTECODE": "1",
    # A thread pool that exists before fork hangs after it.
    **dict.fromkeys(("OMP_NUM_THREADS", "MKL_NUM_THREADS", "OPENBLAS_NUM_THREADS"), "1"),
    # Fork copies page tables: huge pages make that three times as fast.
    "PYTHONMALLOC": "malloc",
    "GLIBC_TUNABLES": "glibc.malloc.hugetlb=1",
}


class Worker:
    """A channel to one worker. Every send and receive has a deadline (`time.monotonic`)."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def send(self, message: Any, deadline: float) -> None:
        """Send one frame.

        Raises:
            TimeoutError: the worker did not take it in time.
            OSError: the worker is gone.
        """
        self._channel.settimeout(max(0.001, deadline - time.monotonic()))
        self._channel.sendall(wire.encode(message))

    def receive(self, deadline: float) -> Any:
        """Receive one frame.

        Raises:
            TimeoutError: it did not come in time.
            EOFError, OSError: the worker is gone.
            ProtocolError: what came is no frame.
        """

        def read(size: int) -> bytes:
            data = bytearray()
            while len(data) < size:
                self._channel.settimeout(max(0.001, deadline - time.monotonic()))
                chunk = self._channel.recv(min(size - len(data), 1 << 20))
                if not chunk:
                    raise EOFError
                data += chunk
            return bytes(data)

        return wire.decode(read)


class Zygote:
    """A warm process that forks workers, one at a time."""

    def __init__(self, settings: Settings, home: Path) -> None:
        self._settings, self._home = settings, home
        self._closed = False
        self._start()

    def _start(self) -> None:
        self._control, theirs = socket.socketpair(socket.AF_UNIX, socket.SOCK_SEQPACKET)
        settings = replace(self._settings, control=theirs.fileno())
        home = dict.fromkeys(("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR"), str(self._home))
        with theirs:
            self._process = subprocess.Popen(  # noqa: S603 (our own module)
                [sys.executable, "-P", *ZYGOTE, json.dumps(asdict(settings))],
                env=ENVIRONMENT | home,
                cwd="/",
                stdin=subprocess.DEVNULL,
                stdout=subprocess.DEVNULL,
                stderr=subprocess.PIPE,
                pass_fds=(theirs.fileno(),),
            )
        self._control.settimeout(START_SECONDS)
        try:
            ready = self._control.recv(1)
        except TimeoutError:
            ready = b""
        self._control.settimeout(None)
        if ready != b"!":
            self._process.kill()
            _, errors = self._process.communicate()
            last = (errors.decode(errors="replace").strip().splitlines() or ["no message"])[-1]
            raise SandboxError(f"the process that runs student code did not start: {last}")

    @contextlib.contextmanager
    def worker(self) -> Iterator[Worker]:
        """Fork a worker; it is killed, with all that it started, at the end of the block.

        Raises:
            ZygoteDied: `restart` it.
        """
        ours, theirs = socket.socketpair()
        with ours, self._scratch() as scratch:
            try:
                with theirs:
                    self._fork(scratch, theirs)
                worker = Worker(ours)
                _await(worker)
                yield worker
            finally:
                self._reap()

    def _fork(self, scratch: str, channel: socket.socket) -> None:
        try:
            command = b"w" + os.fsencode(scratch)
            socket.send_fds(self._control, [command], [channel.fileno()])
        except OSError as error:
            raise ZygoteDied(f"the process that forks workers is gone ({error})") from error

    @contextlib.contextmanager
    def _scratch(self) -> Iterator[str]:
        """Where the worker may write: its own tmpfs, or else a folder of ours for the time."""
        if self._settings.namespaces:
            yield SCRATCH
            return
        folder = tempfile.mkdtemp(dir=self._home)
        if os.getuid() == 0:
            os.chown(folder, UNPRIVILEGED + self._settings.slot, -1)
        try:
            yield folder
        finally:
            shutil.rmtree(folder, ignore_errors=True)

    def _reap(self) -> None:
        """Kill the worker, with all that it started, and wait until it is gone."""
        try:
            self._control.sendall(b"r")
            if self._control.recv(1) != b"r":
                raise ZygoteDied("the process that forks workers is gone")
        except OSError as error:
            raise ZygoteDied(f"the process that forks workers is gone ({error})") from error

    def restart(self) -> None:
        """Replace the process by a new one.

        Raises:
            SandboxError: it did not start, or the pool is closed.
        """
        self._stop()
        if self._closed:
            raise SandboxError("grading was stopped")
        self._start()

    def close(self) -> None:
        """End the process for good; the kernel ends its worker."""
        self._closed = True
        self._stop()

    def _stop(self) -> None:
        self._control.close()
        self._process.kill()
        self._process.communicate()


class Zygotes:
    """A pool: `lease` lends a zygote to one thread at a time and starts it when first needed."""

    def __init__(
        self, assignment: Path, hidden: tuple[Path, ...], tier: Tier, limits: Limits, count: int
    ) -> None:
        visible = _visible(assignment)
        if not tier.namespaces and os.getuid() == 0:
            _refuse_unreadable(visible)
        self._home = tempfile.TemporaryDirectory(prefix="autograder-")
        os.chmod(self._home.name, 0o711)  # noqa: S103  # workers pass through it to their scratch folders
        self._settings = Settings(
            control=-1,
            assignment=str(assignment),
            visible=visible,
            hidden=tuple(str(path) for path in hidden),
            namespaces=tier.namespaces,
            slot=0,
            memory_mb=limits.memory_mb,
            cpu_seconds=int(limits.submission_seconds) + 1,
            cell_seconds=limits.cell_seconds,
            notebook_seconds=limits.notebook_seconds,
        )
        self._idle: queue.LifoQueue[int] = queue.LifoQueue()
        self._zygotes: dict[int, Zygote] = {}
        for slot in reversed(range(count)):
            self._idle.put(slot)

    def __enter__(self) -> Zygotes:
        return self

    def __exit__(
        self,
        kind: type[BaseException] | None,
        error: BaseException | None,
        at: TracebackType | None,
    ) -> None:
        for zygote in self._zygotes.values():
            zygote.close()
        self._home.cleanup()

    @contextlib.contextmanager
    def lease(self) -> Iterator[Zygote]:
        """A zygote for the time of the block.

        Raises:
            SandboxError: it did not start.
        """
        slot = self._idle.get()
        try:
            if slot not in self._zygotes:
                settings = replace(self._settings, slot=slot)
                self._zygotes[slot] = Zygote(settings, Path(self._home.name))
            yield self._zygotes[slot]
        finally:
            self._idle.put(slot)


def _await(worker: Worker) -> None:
    """Wait until a worker is confined. No student code has run by then: a failure is ours.

    Raises:
        ZygoteDied: it was not.
    """
    try:
        problem = worker.receive(time.monotonic() + CONFINE_SECONDS)["problem"]
    except (OSError, EOFError, ProtocolError) as error:
        problem = f"{type(error).__name__} {error}"
    if problem is not None:
        raise ZygoteDied(f"a worker could not be confined: {problem}")


def _refuse_unreadable(paths: tuple[str, ...]) -> None:
    """Under root, workers become another user, who must be able to read what they need.

    (In namespaces that does not matter: there each path is mounted by itself.)

    Raises:
        SandboxError: names the folder that they cannot pass.
    """
    for path in paths:
        for folder in (path, *map(str, Path(path).parents)):
            if not os.stat(folder).st_mode & 0o001 and os.path.isdir(folder):
                raise SandboxError(
                    f"without namespaces, workers run as another user, who cannot enter {folder}: "
                    "grade as an ordinary user, or install Python and the course elsewhere"
                )


def _visible(assignment: Path) -> tuple[str, ...]:
    """What workers may read: Python, its packages, the worker's part of the engine, exercises.

    Never the folder above the engine: in a checkout that is the course itself.
    """
    engine = Path(__file__).parent
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    if site.ENABLE_USER_SITE:
        packages.append(site.getusersitepackages())
    paths = [sys.prefix, sys.base_prefix, *packages]
    paths += [str(engine / name) for name in WORKER_FILES] + [str(assignment)]
    both = [found for path in paths for found in (path, os.path.realpath(path))]
    return tuple(path for path in dict.fromkeys(both) if os.path.exists(path))
