"""Uploads that networks disturb and the kernel kills: every score and comment is there once."""

from __future__ import annotations

import json
import os
import random
import signal
from collections import Counter

import pytest
from lms.proxy import FAULTS
from uploads import release, send, stub, world

from autograder.upload import journal as journal_module
from autograder.upload.apply import TRIES
from autograder.upload.transport import Session

STUDENTS = 4
KILLS = 20
TOLD = [release(100 + n, n + 0.5) for n in range(STUDENTS)]
BOTH = pytest.mark.parametrize("platform", ["canvas", "moodle"])
SLOWLY = [pytest.param(fault, marks=pytest.mark.slow) for fault in ("", *FAULTS)]


class Doomed:
    """Counts the moments at which a kill differs, and kills this process at one of them."""

    def __init__(self, last: int) -> None:
        self.left = last

    def __call__(self) -> None:
        self.left -= 1
        if self.left == 0:
            os.kill(os.getpid(), signal.SIGKILL)

    def session(self, base, sleep):
        moment = self

        class Watched(Session):
            def _once(self, *rest, **options):
                moment()
                answer = super()._once(*rest, **options)
                moment()
                return answer

        return Watched(base, sleep)

    def fsync(self, descriptor: int) -> None:
        self()
        os.fdatasync(descriptor)
        self()


def in_a_child(work) -> int:
    """Do it in a process that is forked for it; the wait status."""
    child = os.fork()
    if not child:
        try:
            work()
            os._exit(0)
        except BaseException as error:
            os.write(2, f"{type(error).__name__}: {error}\n".encode())
            os._exit(1)
    return os.waitpid(child, 0)[1]


def moments(platform, folder) -> int:
    """How many there are in a run that nothing disturbs."""
    counting = Doomed(-1)
    with world(stub(platform, STUDENTS)) as there, pytest.MonkeyPatch.context() as patch:
        patch.setattr(journal_module.os, "fsync", counting.fsync)
        send(there.lms(counting.session), TOLD, folder, comment=True)
    return -1 - counting.left


def assert_right(there, folder) -> None:
    for n, (student, (score, comments, _)) in enumerate(sorted(there.held().items())):
        assert score == n + 0.5, (student, score)
        assert len(comments) == 1, (student, comments)
    (path,) = (folder / "uploads").glob("*.jsonl")
    records = [json.loads(line) for line in path.read_text().splitlines()]
    last = {r["student"]: r["event"] for r in records if "student" in r}
    assert Counter(last.values()) == {"verified": STUDENTS}
    times = [r["at"] for r in records]
    assert times == sorted(set(times))


@pytest.mark.parametrize("fault", SLOWLY)
@BOTH
def test_whatever_happens_and_wherever_it_dies_the_end_is_right(platform, fault, tmp_path):
    """Twenty runs, each killed at a random moment and then run again, beside each fault."""
    (tmp_path / "counted").mkdir()
    most = moments(platform, tmp_path / "counted")
    assert most > 4 * STUDENTS
    chance = random.Random(f"{platform} {fault}")
    killed = 0
    for number in range(KILLS):
        folder = tmp_path / str(number)
        folder.mkdir()
        made, at = stub(platform, STUDENTS), chance.randint(1, most)
        with world(made, fault, chance=chance) as there:

            def work(there=there, folder=folder, at=at):
                doomed = Doomed(at)
                journal_module.os.fsync = doomed.fsync
                send(there.lms(doomed.session), TOLD, folder, comment=True)

            status = in_a_child(work)
            killed += os.WIFSIGNALED(status)
            for _ in range(8):  # an outcome may stay unknown; then people run it again
                if there.proxy:
                    there.proxy.share *= 0.6
                _, problems = send(there.lms(), TOLD, folder, comment=True)
                if not problems:
                    break
            assert problems == {}
            writes = len([m for m, *_ in made.log if m != "GET"])
            rows, problems = send(there.lms(), TOLD, folder, comment=True)
            assert {row.action for row in rows.values()} == {"unchanged"} and problems == {}
            if fault != "twice":
                assert len([m for m, *_ in made.log if m != "GET"]) == writes
            assert_right(there, folder)
    assert killed > KILLS // 2  # or else this test tries nothing


def test_writes_that_never_arrive_end_in_a_named_problem_and_no_lie(tmp_path):
    with world(stub("canvas", 2), "502 before", share=1.0, reads=False) as there:
        _, problems = send(there.lms(), TOLD[:2], tmp_path)
        assert set(problems) == {"100", "101"} and "answered 502" in problems["100"]
        assert all(score is None for score, _, _ in there.held().values())
    records = (tmp_path / "uploads" / "canvas.jsonl").read_text()
    assert records.count('"unknown"') == 2 * TRIES
    assert records.count('"failed"') == 2 and '"verified"' not in records
