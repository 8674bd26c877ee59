"""Grading on many machines, with Dask: each of a cluster's worker processes has its own Grader.

What travels there is the course's files of one assignment and its secret, once for each worker
process, and then submissions, already read; results come back one by one. Only the client, this
process, reads notebooks and writes the record. Workers that are lost are Dask's to replace: a
submission whose result has not come is graded elsewhere, and counts once.

Student code runs in the sandboxes of the worker's machine; it never meets Dask.
"""

from __future__ import annotations

import contextlib
import itertools
import logging
import math
import platform
import secrets
import socket
import time
from collections.abc import Iterable, Iterator
from concurrent.futures import CancelledError
from dataclasses import dataclass
from importlib import metadata
from pathlib import Path
from threading import Lock
from typing import cast

import distributed
from distributed.scheduler import KilledWorker

from . import __version__
from .course.assignment import load_assignment
from .course.course import find_course
from .course.grading import GRADING
from .course.outline import Outline
from .errors import AutograderError, ClusterError
from .grader import Grader
from .model import Result, Status, Submission
from .running.temporary import temporary_folder
from .running.tier import detect

VERSIONS = ", ".join(
    f"{name} {version}"
    for name, version in {
        "autograder": __version__,
        "Python": platform.python_version(),
        **{name: metadata.version(name) for name in ("torch", "numpy", "ipython")},
    }.items()
)
PLACE = "/var/tmp"  # noqa: S108 (a folder of its own in there; workers have a /tmp of their own)
LOCAL = "local"  # the address that starts a cluster on this machine
CONNECT_SECONDS = 10.0  # for the scheduler to answer
WORKER_SECONDS = 60.0  # for a first worker to come
LOOK_SECONDS = 2.0  # between looks at how many workers there are
POLL_SECONDS = 0.005  # between looks for results
BENCH = "autograder-"  # and a random number: name of a plugin
AHEAD = 3  # submissions that wait at each worker, so that none of them waits for us


@dataclass(frozen=True)
class Parcel:
    """All that a worker process needs to grade, as it travels."""

    assignment: str
    files: dict[str, bytes]  # of the course, by path
    digest: str  # of the assignment, here: the same there, or verdicts could differ
    versions: str
    secret: bytes
    hidden: tuple[str, ...]  # folders of the client's, which may be the worker's as well
    trusted: bool


class Bench(distributed.WorkerPlugin):
    """The place of one worker process where submissions are graded, set up with the first."""

    def __init__(self, parcel: Parcel) -> None:
        self._parcel = parcel

    def setup(self, worker: distributed.Worker) -> None:
        """Called by Dask, in the worker process."""
        self._lock, self._opened = Lock(), contextlib.ExitStack()
        self._grader: Grader | None = None
        self._threads = worker.state.nthreads

    def teardown(self, worker: distributed.Worker) -> None:
        """Called by Dask, when the client goes or the worker ends."""
        self._opened.close()

    def grade(self, submission: Submission) -> Result:
        """Grade one.

        Raises:
            ClusterError: this worker has other versions than the client, or cannot grade.
        """
        with self._lock:
            if self._grader is None:
                self._grader = self._set_up()
        return self._grader.grade(submission)

    def _set_up(self) -> Grader:
        parcel = self._parcel
        with contextlib.ExitStack() as opened:
            folder = opened.enter_context(temporary_folder(PLACE))
            for name, content in parcel.files.items():
                path = folder / name
                path.parent.mkdir(parents=True, exist_ok=True)
                path.write_bytes(content)
            for private in ("reference", GRADING):
                (folder / private).chmod(0o700)
            folder.chmod(0o711)  # workers of another user pass through it to the assignment
            outline = find_course(folder).outline(parcel.assignment)
            if (outline.digest, VERSIONS) != (parcel.digest, parcel.versions):
                raise ClusterError(
                    f"another version than the client's, {VERSIONS} and not {parcel.versions}: "
                    "install the same on all machines"
                )
            tier = detect(parcel.trusted)
            if not tier.seccomp:  # its student code would have a network, and the scheduler's port
                raise ClusterError(f"its isolation tier is {tier.name}: {tier.advice}")
            hidden = (folder, *map(Path, parcel.hidden))
            assignment = load_assignment(outline)
            grader = Grader(assignment, parcel.secret, hidden, tier, self._threads)
            opened.enter_context(grader)
            self._opened = opened.pop_all()
            return grader


def grade_at(bench: str, submission: Submission) -> Result:
    """What is run on a worker for each submission."""
    try:
        return cast(Bench, distributed.get_worker().plugins[bench]).grade(submission)
    except Exception as error:  # whatever it is, a person must know where
        where = f"worker on {socket.gethostname()}"
        if isinstance(error, AutograderError):
            raise ClusterError(f"{where}: {error}") from None
        raise ClusterError(f"{where}: {type(error).__name__}: {error}") from None


class Cluster:
    """A connection to a scheduler, for one assignment."""

    def __init__(self, address: str, parcel: Parcel, workers: int) -> None:
        """Connect; the address `local` starts a cluster here, with so many workers.

        Raises:
            ClusterError: no scheduler answers there, or it has no worker.
        """
        self._address, self._bench = address, f"{BENCH}{secrets.token_hex(8)}"
        for library in ("distributed", "distributed.client", "tornado", "asyncio"):  # we tell
            logging.getLogger(library).setLevel(logging.CRITICAL)
        with contextlib.ExitStack() as opened:
            where: object = address
            if address == LOCAL:
                where = opened.enter_context(
                    distributed.LocalCluster(
                        n_workers=workers,
                        threads_per_worker=1,
                        dashboard_address="127.0.0.1:0",  # None: port 8787, for everybody
                        security=True,  # else anybody on this machine could give it work
                    )
                )
            try:
                self._client = distributed.Client(where, timeout=CONNECT_SECONDS)
                opened.callback(self._client.close)
                self._client.wait_for_workers(1, timeout=WORKER_SECONDS)
                self._client.register_plugin(Bench(parcel), name=self._bench)
            except Exception as error:  # distributed raises whatever its transports and workers do
                raise ClusterError(
                    f"no cluster at {address!r} ({error or 'no worker came'}): expected the "
                    f"address of a Dask scheduler that has workers, such as tcp://host:8786"
                ) from error
            opened.callback(self._clear)
            self._opened = opened.pop_all()

    def __enter__(self) -> Cluster:
        return self

    def __exit__(self, *_: object) -> None:
        self._opened.close()

    def _clear(self) -> None:
        if self._client.status == "running":
            self._client.unregister_worker_plugin(self._bench)

    def results(self, submissions: Iterable[Submission]) -> Iterator[Result]:
        """Results as they come; of what is still to do, no more is read than keeps workers busy.

        Raises:
            ClusterError: the scheduler is gone, or a worker cannot grade at all.
        """
        todo = _Ahead(submissions)
        waiting = dict[str, Submission]()
        done = distributed.as_completed(raise_errors=False)
        threads, looked = 0, -math.inf
        while True:
            if time.monotonic() - looked > LOOK_SECONDS:  # workers come and go
                with self._connected():
                    threads, looked = sum(self._client.nthreads().values()), time.monotonic()
            for submission in itertools.islice(todo, max(AHEAD * threads - len(waiting), 0)):
                with self._connected():
                    future = self._client.submit(grade_at, self._bench, submission, pure=False)
                waiting[str(future.key)] = submission
                done.add(future)
            if done.has_ready():
                yield self._result(next(done), waiting)
            elif not waiting and todo.is_empty():
                return
            else:
                self._await_worker(threads)

    def _await_worker(self, threads: int) -> None:
        """Wait a little for a result, or for long if nobody is there who could give one."""
        try:
            if threads:
                time.sleep(POLL_SECONDS)
            else:
                self._client.wait_for_workers(1, timeout=WORKER_SECONDS)
        except TimeoutError as error:
            raise ClusterError(
                f"all workers of {self._address} are gone: what was graded is kept; start some, "
                "and run the same again to grade the rest"
            ) from error

    def _result(self, future: distributed.Future[Result], waiting: dict[str, Submission]) -> Result:
        submission = waiting.pop(str(future.key))
        try:
            with self._connected():
                result: Result = future.result()
            return result
        except KilledWorker as error:
            problem = f"the workers that it was given to died, one after the other ({error})"
            return Result(
                submission.student_id,
                submission.path,
                Status.grader_error,
                problem,
                receipt=submission.receipt,
            )
        finally:
            future.release()

    @contextlib.contextmanager
    def _connected(self) -> Iterator[None]:
        """What is said to the scheduler, or comes from it.

        Raises:
            ClusterError: it is gone.
        """
        try:
            yield
        except (CancelledError, OSError, TimeoutError) as error:
            raise ClusterError(
                f"the scheduler at {self._address} is gone: what was graded is kept; "
                "run the same again, with a scheduler, to grade the rest"
            ) from error


class _Ahead(Iterator[Submission]):
    """An iterator that can tell whether it is at its end."""

    def __init__(self, submissions: Iterable[Submission]) -> None:
        self._rest = iter(submissions)

    def __next__(self) -> Submission:
        return next(self._rest)

    def is_empty(self) -> bool:
        """Looks at the next one, which is kept."""
        for submission in self._rest:
            self._rest = itertools.chain([submission], self._rest)
            return False
        return True


def pack(outline: Outline, secret: bytes, hidden: tuple[Path, ...], trusted: bool) -> Parcel:
    """What to send to workers; nothing of other assignments."""
    shared = outline.hidden.parent.glob("*.py")
    folders = (outline.folder, outline.hidden)
    paths = [outline.course / GRADING, *shared, *(p for f in folders for p in f.rglob("*"))]
    files = {
        path.relative_to(outline.course).as_posix(): path.read_bytes()
        for path in paths
        if path.is_file() and "__pycache__" not in path.parts
    }
    places = tuple(map(str, hidden))
    return Parcel(outline.name, files, outline.digest, VERSIONS, secret, places, trusted)
