"""Grading on a Dask cluster: a real scheduler, with workers on two hosts of their own."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import signal
import sqlite3
import subprocess
import sys
import time
from pathlib import Path

import distributed
import pytest

from autograder.cluster import Cluster, pack
from autograder.commands.demo import ASSIGNMENT, make_class
from autograder.course.course import find_course
from autograder.errors import ClusterError
from autograder.model import Status, Submission

ROOT = Path(__file__).parent.parent
SECRET = "the secret of the cluster's tests"
COPIES = 2  # of the sample class: enough for both hosts
HOLD = "import time; time.sleep(0.3)"  # in each notebook, so that a kill comes in mid-run
GRADER = Path(sys.executable).with_name("autograder")
PATIENCE = 90.0  # seconds for anything to come up, on a busy machine

pytestmark = [
    pytest.mark.slow,
    pytest.mark.cluster,  # not in CI: they take it beyond its time
    pytest.mark.timeout(600),
    pytest.mark.xdist_group("cluster"),
]


def ip(*words: str) -> None:
    subprocess.run(["ip", *words], check=True, capture_output=True)


def await_(what, said: str):
    """Wait until something is there."""
    end = time.monotonic() + PATIENCE
    while not (found := what()):
        assert time.monotonic() < end, said
        time.sleep(0.05)
    return found


class Hosts:
    """Two hosts on a cable each, and this machine, which has the scheduler, between them."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.tag = f"ag{os.getpid() % 100_000:x}"
        self.names = [f"{self.tag}-{letter}" for letter in "ab"]
        self.net = f"10.{os.getpid() // 250 % 250}.{os.getpid() % 250}"
        self.scheduler: subprocess.Popen | None = None
        self.workers: list[subprocess.Popen] = []
        self.address = ""

    def build(self) -> None:
        bridge = f"{self.tag}br"
        ip("link", "add", bridge, "type", "bridge")
        ip("addr", "add", f"{self.net}.1/24", "dev", bridge)
        ip("link", "set", bridge, "up")
        for number, name in enumerate(self.names, start=2):
            near, far = f"{name}n", f"{name}f"
            ip("netns", "add", name)
            ip("link", "add", near, "type", "veth", "peer", "name", far)
            ip("link", "set", far, "netns", name)
            ip("link", "set", near, "master", bridge, "up")
            ip("-n", name, "addr", "add", f"{self.net}.{number}/24", "dev", far)
            for device in (far, "lo"):
                ip("-n", name, "link", "set", device, "up")

    def start(self) -> None:
        """A scheduler, and a worker with one thread on each host."""
        file = self.folder / f"scheduler-{time.monotonic_ns()}.json"
        common = ["--no-dashboard", "--scheduler-file", str(file)]
        dask = [sys.executable, "-m", "dask"]
        self.scheduler = self._start(
            *dask, "scheduler", "--host", f"{self.net}.1", "--port", "0", *common
        )
        await_(file.exists, "no scheduler")
        self.address = json.loads(file.read_text())["address"]
        one = ["--nworkers", "1", "--nthreads", "1", "--local-directory", str(self.folder)]
        self.workers = [
            self._start("ip", "netns", "exec", name, *dask, "worker", *one, *common)
            for name in self.names
        ]
        with self.client() as client:
            client.wait_for_workers(2, timeout=PATIENCE)

    def _start(self, *command: str) -> subprocess.Popen:
        log = open(self.folder / "dask.log", "ab")
        with log:
            return subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder)

    def client(self) -> distributed.Client:
        return distributed.Client(self.address, timeout=PATIENCE)

    def executed(self) -> list[int]:
        """How many tasks each worker has run."""
        with self.client() as client:
            return list(client.run(lambda dask_worker: dask_worker.state.executed_count).values())

    def kill(self, name: str) -> None:
        """A host goes, with all that runs on it."""
        found = subprocess.run(["ip", "netns", "pids", name], capture_output=True, text=True)
        for pid in found.stdout.split():
            with contextlib.suppress(ProcessLookupError):
                os.kill(int(pid), signal.SIGKILL)

    def stop(self) -> None:
        for name in self.names:
            self.kill(name)
        for process in (self.scheduler, *self.workers):
            if process:
                process.kill()
                process.wait()

    def remove(self) -> None:
        self.stop()
        for name in self.names:
            ip("netns", "delete", name)
        ip("link", "delete", f"{self.tag}br")


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    if os.getuid() != 0 or not shutil.which("ip"):
        pytest.skip("hosts are network namespaces: needs root, and ip (Debian's iproute2)")
    hosts = Hosts(tmp_path_factory.mktemp("hosts"))
    try:
        hosts.build()
        yield hosts
    finally:
        hosts.remove()


@pytest.fixture
def hosts(network):
    network.start()
    yield network
    network.stop()


@pytest.fixture(scope="module")
def submissions(tmp_path_factory):
    """Copies of the sample class, each notebook with a pause."""
    folder, one = tmp_path_factory.mktemp("class"), tmp_path_factory.mktemp("one")
    make_class(find_course(ROOT).assignment(ASSIGNMENT), one)
    pause = {"cell_type": "code", "metadata": {}, "outputs": [], "source": HOLD}
    for path in one.iterdir():
        for number in range(1 if "endless" in path.name else COPIES):
            copy = folder / f"{path.stem}-{number}{path.suffix}"
            shutil.copy(path, copy)
            with contextlib.suppress(ValueError):  # one of them is no notebook
                content = json.loads(path.read_text())
                content["cells"].append(pause | {"execution_count": number})
                copy.write_text(json.dumps(content))
    return folder


def command(submissions: Path, out: Path, *options: str) -> list[str]:
    fixed = ("--assignment", ASSIGNMENT, "--out", str(out))
    return [str(GRADER), "--course", str(ROOT), "grade", str(submissions), *fixed, *options]


ENVIRONMENT = os.environ | {"AUTOGRADER_SECRET": SECRET}


def grade(submissions: Path, out: Path, *options: str) -> subprocess.CompletedProcess:
    words = command(submissions, out, *options)
    return subprocess.run(words, capture_output=True, text=True, env=ENVIRONMENT, cwd=out.parent)


@pytest.fixture(scope="module")
def expected(submissions, tmp_path_factory):
    """The scores.csv of a run on this machine."""
    out = tmp_path_factory.mktemp("here") / "results"
    done = grade(submissions, out)
    assert done.returncode == 0, done.stderr
    return (out / "scores.csv").read_bytes()


@contextlib.contextmanager
def running(submissions: Path, out: Path, hosts: Hosts, graded: int):
    """The grader, when so many are in the record and others are not."""
    words = command(submissions, out, "--cluster", hosts.address)
    pipes = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE, "text": True}
    with subprocess.Popen(words, env=ENVIRONMENT, cwd=out.parent, **pipes) as process:
        await_(lambda: rows(out) >= graded, "nothing was graded")
        assert rows(out) < len(list(submissions.iterdir()))
        yield process


def rows(out: Path) -> int:
    path = out / "grades.db"
    if not path.exists():
        return 0
    with contextlib.closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as connection:
        return connection.execute("SELECT count(*) FROM submissions").fetchone()[0]


def test_two_hosts_give_what_this_machine_gives(hosts, submissions, expected, tmp_path):
    done = grade(submissions, tmp_path / "results", "--cluster", hosts.address)
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "scores.csv").read_bytes() == expected
    assert min(hosts.executed()) > 0


def test_a_host_that_dies_in_mid_run_loses_nothing(hosts, submissions, expected, tmp_path):
    out = tmp_path / "results"
    with running(submissions, out, hosts, graded=8) as process:
        hosts.kill(hosts.names[0])
        _, said = process.communicate()
    assert process.returncode == 0, said
    assert (out / "scores.csv").read_bytes() == expected
    assert len(hosts.executed()) == 1


def test_without_a_scheduler_what_was_graded_is_kept(hosts, submissions, expected, tmp_path):
    out = tmp_path / "results"
    with running(submissions, out, hosts, graded=8) as process:
        hosts.scheduler.kill()
        _, said = process.communicate()
    assert process.returncode == 1
    assert f"the scheduler at {hosts.address} is gone: what was graded is kept" in said
    assert "Traceback" not in said
    kept = rows(out)
    assert 8 <= kept < len(list(submissions.iterdir()))
    hosts.stop()
    hosts.start()
    done = grade(submissions, out, "--cluster", hosts.address)
    assert done.returncode == 0, done.stderr
    assert f"({kept} unchanged)" in done.stderr
    assert (out / "scores.csv").read_bytes() == expected


def test_a_cluster_of_this_machine_takes_no_address(submissions, expected, tmp_path):
    done = grade(submissions, tmp_path / "results", "--cluster", "local", "--workers", "2")
    assert done.returncode == 0, done.stderr
    assert (tmp_path / "results" / "scores.csv").read_bytes() == expected


@pytest.mark.parametrize("address", ["tcp://127.0.0.1:1", "nonsense://x", "127.0.0.1"])
def test_where_no_scheduler_answers_it_says_what_it_expected(address, submissions, tmp_path):
    done = grade(submissions, tmp_path / "results", "--cluster", address)
    assert done.returncode == 1
    assert f"no cluster at {address!r}" in done.stderr and "tcp://host:8786" in done.stderr
    assert "Traceback" not in done.stderr


def test_a_worker_with_another_version_grades_nothing():
    parcel = pack(find_course(ROOT).outline(ASSIGNMENT), SECRET.encode(), (), trusted=False)
    other = type(parcel)(**vars(parcel) | {"digest": "0"})
    with (
        Cluster("local", other, 1) as cluster,
        pytest.raises(ClusterError, match=r"worker on .*: another version"),
    ):
        list(cluster.results([Submission("ann", "ann.ipynb", ("x = 1",))]))


def test_an_unreadable_submission_needs_no_worker_of_its_own():
    parcel = pack(find_course(ROOT).outline(ASSIGNMENT), SECRET.encode(), (), trusted=False)
    with Cluster("local", parcel, 1) as cluster:
        (found,) = cluster.results([Submission("ann", "ann.ipynb", problem="it is empty")])
    assert (found.status, found.problem) == (Status.unreadable, "it is empty")
