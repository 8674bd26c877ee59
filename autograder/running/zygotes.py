"""Starting zygotes and having them fork workers, from the judge's side."""

from __future__ import annotations

import contextlib
import json
import os
import queue
import site
import socket
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import asdict, replace
from pathlib import Path
from threading import Lock

from ..course.policy import Limits
from ..errors import SandboxError, ZygoteDied
from ..worker.kernel import hide_memory
from ..worker.namespaces import LIBRARIES, SCRATCH, SYSTEM
from ..worker.sandbox import PROCESSES, UNPRIVILEGED
from ..worker.settings import Settings
from .cgroups import Cgroup, Cgroups
from .channel import Worker
from .temporary import remove, temporary_folder
from .tier import Tier

START_SECONDS = 120.0  # for a zygote to import everything
RECYCLED_AFTER = 2000  # workers: whatever may pile up in a zygote ends with it
HEADROOM = 512 << 20  # bytes that a worker may copy of its zygote's pages, and its scratch space
WORKER_FILES = (
    *("__init__.py", "errors.py", "exercise.py", "observation.py", "plural.py", "wire.py"),
    "worker",
)
ZYGOTE = ("-m", "autograder.worker.start")
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


class Zygote:
    """A warm process that forks workers, one at a time."""

    def __init__(self, settings: Settings, home: Path, cgroups: Cgroups | None) -> None:
        self._settings, self._home, self._cgroups = settings, home, cgroups
        self._made: list[Cgroup] = []  # the worker's, if there is one, and the zygote's
        self._closed, self._changing = False, Lock()
        self.forked = 0  # workers, since it was started
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
        self._join_next_cgroup()

    @contextlib.contextmanager
    def worker(self) -> Iterator[Worker]:
        """Fork a worker; it is killed, with all that it started, at the end of the block.

        Raises:
            ZygoteDied: `restart` it.
        """
        ours, theirs = socket.socketpair()
        worker = Worker(ours)
        with ours, self._scratch() as scratch:
            try:
                with theirs:
                    self.forked += 1
                    self._command(b"w" + os.fsencode(scratch), theirs.fileno())
                self._join_next_cgroup()
                worker.await_confined()
                yield worker
            finally:
                self._reap()
                worker.await_end()
                if self._made:
                    self._made.pop(0).remove()

    def _join_next_cgroup(self) -> None:
        """Have the zygote move to a fresh cgroup, for the next worker to be born into.

        The kernel takes ten milliseconds to move a process. So the zygote moves, while a worker
        runs, and not the worker, which would have to wait.
        """
        if self._cgroups:
            self._made.append(self._cgroups.fresh())
            self._command(b"j", *self._made[-1].joins)

    def _command(self, command: bytes, *descriptors: int) -> None:
        try:
            socket.send_fds(self._control, [command], descriptors)
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
            remove(Path(folder))  # what is refused will be tried again, and told, in the end

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
        with self._changing:
            self._stop()
            if self._closed:
                raise SandboxError("grading was stopped")
            self.forked = 0
            self._start()

    def close(self) -> None:
        """End the process for good; the kernel ends its worker."""
        self._closed = True
        with self._changing:  # a thread may be about to restart it
            self._stop()

    def _stop(self) -> None:
        self._control.close()
        self._process.kill()
        if self._process.stderr and not self._process.stderr.closed:  # else it was stopped before
            self._process.communicate()
        while self._made:
            self._made.pop().remove()


class Zygotes:
    """A pool: `lease` lends a zygote to one thread at a time and starts it when first needed."""

    def __init__(
        self, assignment: Path, hidden: tuple[Path, ...], tier: Tier, limits: Limits, count: int
    ) -> None:
        hide_memory()  # ours: workers may be of the same user
        visible = _visible(assignment)
        memory = (limits.memory_mb << 20) + HEADROOM
        self._cgroups = Cgroups(memory, PROCESSES + 1) if tier.cgroups else None
        closed = tuple(os.path.realpath(path) for path in hidden)
        if tier.isolates and not tier.namespaces:
            _refuse_readable(closed, visible)
        if not tier.namespaces and os.getuid() == 0:
            _refuse_unreadable(visible)
        self._opened = contextlib.ExitStack()
        self._home = self._opened.enter_context(temporary_folder())
        os.chmod(self._home, 0o711)  # noqa: S103  # workers pass through it to their scratch folders
        self._settings = Settings(
            control=-1,
            assignment=str(assignment),
            visible=visible,
            hidden=closed,
            namespaces=tier.namespaces,
            landlock=tier.landlock > 0,
            seccomp=tier.seccomp,
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

    def __exit__(self, *_: object) -> None:
        with self._opened:
            for zygote in self._zygotes.values():
                zygote.close()

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
                self._zygotes[slot] = Zygote(settings, self._home, self._cgroups)
            elif self._zygotes[slot].forked >= RECYCLED_AFTER:
                self._zygotes[slot].restart()
            yield self._zygotes[slot]
        finally:
            self._idle.put(slot)


def _refuse_readable(hidden: tuple[str, ...], visible: tuple[str, ...]) -> None:
    """Without namespaces, whoever may read a folder may read all that lies in it.

    Raises:
        SandboxError: names the folder that holds what workers must never see.
    """
    for path in hidden:
        for folder in (*SYSTEM, *visible):
            if Path(path).is_relative_to(os.path.realpath(folder)):
                raise SandboxError(
                    f"without namespaces, student code can read all of {folder}, and {path} lies "
                    "in there: move it elsewhere (results: choose another --out)"
                )


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
    engine = Path(__file__).parent.parent
    packages = [path for path in sys.path if Path(path).name in ("site-packages", "dist-packages")]
    if site.ENABLE_USER_SITE:
        packages.append(site.getusersitepackages())
    prefixes = (sys.prefix, sys.base_prefix)
    paths = [os.path.join(prefix, name) for prefix in prefixes for name in LIBRARIES] + packages
    paths += [str(engine / name) for name in WORKER_FILES] + [str(assignment)]
    both = [found for path in paths for found in (path, os.path.realpath(path))]
    return tuple(path for path in dict.fromkeys(both) if os.path.exists(path))
