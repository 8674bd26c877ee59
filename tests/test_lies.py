"""What a worker says is a claim: a lie costs its own submission, and nothing of ours."""

from __future__ import annotations

import contextlib
import itertools
import socket
import threading
import time

import pytest
import torch
from lies import Peer, Zygote, honest_hello
from ours import assignment

from autograder import wire
from autograder.compare import Tolerance
from autograder.course.policy import Limits
from autograder.exercise import case
from autograder.judging.judge import Judge
from autograder.model import Kind, Lost, Submission
from autograder.observation import MAX_MESSAGE, Error, Part
from autograder.running.channel import Worker
from autograder.running.run import MAX_ALL_NOTES, MAX_NOTES, MAX_RESTARTS, run

ASSIGNMENT = assignment("backprop")
NAME = "grad_quadratic"
REFERENCE = ASSIGNMENT.references[NAME]
PREPARED = Judge("backprop", ASSIGNMENT.references, Tolerance(), b"secret").prepare(NAME, "")
TRUTH = PREPARED.observe(REFERENCE.solution)
LIMITS = Limits(cell_seconds=5, exercise_seconds=20, submission_seconds=60)
TENSORS = [torch.ones(0), torch.ones(2), torch.ones(2, 2, dtype=torch.bool)]


def telling(observation):
    """Answers a request with this observation."""
    return lambda request: wire.encode({"nonce": request["nonce"], "observation": observation})


def graded(*peers, cells=("x = 1",)):
    """Run one exercise with these workers, one after the other, and then honest ones."""
    answers = [telling(TRUTH[0]), *map(telling, TRUTH)]
    zygote = Zygote(
        itertools.chain(peers, (Peer(honest_hello, answers) for _ in itertools.count()))
    )
    cases = {NAME: REFERENCE.exercise.visible}
    found = run(zygote, Submission("s", "s", cells), cases, {NAME: PREPARED.cases}, LIMITS)
    outcome = PREPARED.outcome(found.hidden[NAME], found.visible[NAME])
    return zygote, found, outcome


def kinds(outcome):
    return {verdict.kind for verdict in outcome.verdicts}


@pytest.mark.parametrize("number", [*TENSORS, 1.0, True, "1", None, 2], ids=repr)
def test_a_cell_without_its_number_is_left_out_and_the_rest_goes_on(number):
    def hello(request):
        return wire.encode({"cell": number, "notes": [], "stopped": False})

    zygote, found, outcome = graded(Peer(hello, []))
    assert [note.message for note in found.notes] == [
        "wrote to the grader's channel, and was left out"
    ]
    assert (zygote.workers, kinds(outcome)) == (2, {Kind.passed})


@pytest.mark.parametrize("nonce", [*TENSORS, None, 0, "", Part()], ids=repr)
def test_an_answer_without_its_nonce_is_a_lie(nonce):
    def answer(request):
        return wire.encode({"nonce": nonce, "observation": TRUTH[0]})

    _, _, outcome = graded(Peer(honest_hello, [answer]))
    assert kinds(outcome) == {Kind.protocol}


def test_an_error_is_no_longer_than_an_honest_worker_makes_it():
    """The visible case's error is quoted in the hint of every check."""
    error = Error("E" * 100_000, "m" * 100_000, 1, 1, "s" * 100_000)
    raised = {name: Part(error=error) for name in TRUTH[0]}
    peer = Peer(honest_hello, [telling(raised) for _ in range(4)])
    _, _, outcome = graded(peer, cells=("x" * 100_000,))
    longest = 3 * MAX_MESSAGE + len(":  (cell 1, line 1: )")
    assert {len(verdict.hint) for verdict in outcome.verdicts} == {longest}


@pytest.mark.parametrize("place", [(1, None), (None, 1), (1, 0), (0, 1), (1, 2), (2, 1)])
def test_what_a_worker_quotes_of_a_place_that_is_none_is_not_repeated(place):
    error = Error("ValueError", "message", *place, "my words")
    peer = Peer(honest_hello, [telling({name: Part(error=error) for name in TRUTH[0]})] * 4)
    _, _, outcome = graded(peer)
    assert {verdict.hint for verdict in outcome.verdicts} == {"ValueError: message"}


def test_a_worker_that_ends_without_a_cell_to_run_is_not_started_again_and_again():
    """As with a module beside the notebook that cannot be written."""
    zygote, found, outcome = graded(*[Peer(lambda request: b"", [])] * 1000, cells=())
    assert found.notes == ()
    assert (zygote.workers, kinds(outcome)) == (2 * MAX_RESTARTS, {Kind.crashed})
    assert "ended again and again" in outcome.verdicts[0].hint


# The channel


class Slow(threading.Thread):
    """The other end of a channel, which sends a byte now and then and reads nothing."""

    def __init__(self, channel, pause):
        super().__init__()
        self.channel, self.pause, self.done = channel, pause, threading.Event()

    def run(self):
        size = wire.MAX_BODY.to_bytes(4, "little")
        with contextlib.suppress(OSError):
            self.channel.sendall(bytes(4) + size)
            while not self.done.wait(self.pause):
                self.channel.sendall(b"\0" * (1 if self.pause else 1000))

    def __enter__(self):
        self.start()
        return self

    def __exit__(self, *_):
        self.done.set()
        self.channel.shutdown(socket.SHUT_RDWR)
        self.join()


@pytest.fixture
def ends():
    ours, theirs = socket.socketpair()
    with ours, theirs:
        yield ours, theirs


@pytest.mark.parametrize("pause", [0.02, 0.0002, 0])
def test_a_peer_that_drips_is_waited_for_until_the_deadline_alone(ends, pause):
    ours, theirs = ends
    with Slow(theirs, pause), pytest.raises(TimeoutError):
        Worker(ours).receive(time.monotonic() + 0.2)


def test_a_deadline_that_has_passed_gives_no_time_at_all(ends):
    ours, theirs = ends
    theirs.sendall(wire.encode("late"))
    with pytest.raises(TimeoutError):
        Worker(ours).receive(time.monotonic() - 1)
    with pytest.raises(TimeoutError):
        Worker(ours).send("late", time.monotonic() - 1)


def test_a_peer_that_reads_nothing_is_waited_for_until_the_deadline_alone(ends):
    ours, _ = ends
    with pytest.raises(TimeoutError):
        Worker(ours).send({"x": torch.ones(wire.MAX_BODY // 8)}, time.monotonic() + 0.2)


def test_a_case_that_a_worker_does_not_read_is_timed_out():
    """A large input is pending, and the worker asleep."""
    large = case(x=torch.ones(wire.MAX_BODY // 8))
    peer = Peer(honest_hello, [])
    peer.deaf = True
    limits = LIMITS.model_copy(update={"exercise_seconds": 0.2})
    found = run(Zygote([peer] * 2), Submission("s", "s"), {NAME: large}, {NAME: [large]}, limits)
    assert found.hidden[NAME] == found.visible[NAME]
    assert found.visible[NAME][0].kind is Kind.timed_out


def test_what_a_worker_says_of_its_cells_is_capped_for_the_whole_notebook():
    """What is stored, and shown on a page, must not grow with what student code makes up."""
    cells = tuple(f"x = {n}" for n in range(12))

    def hello(request):
        notes = ["<" * (MAX_MESSAGE + 1)] * (MAX_NOTES + 1)
        said = [{"cell": n, "notes": notes, "stopped": False} for n in range(1, len(cells) + 1)]
        return b"".join(map(wire.encode, [*said, {"defined": []}]))

    _, found, _ = graded(Peer(hello, [telling(TRUTH[0]), *map(telling, TRUTH)]), cells=cells)
    assert len(found.notes) == MAX_ALL_NOTES + 1
    assert found.notes[-1].message == f"and {12 * MAX_NOTES - MAX_ALL_NOTES} more notes"
    assert max(len(note.message) for note in found.notes) == MAX_MESSAGE


@pytest.mark.parametrize("limit", ["MAX_SEEN", "MAX_ALL_SEEN"])
def test_a_worker_that_sends_more_than_anybody_needs_is_cut_short(limit, monkeypatch):
    monkeypatch.setattr(f"autograder.running.run.{limit}", 3 << 20)
    large = telling({"grads": Part(torch.ones(1 << 18))})  # a megabyte
    peers = [Peer(honest_hello, [telling(TRUTH[0]), large, large, large])]
    peers += [Peer(honest_hello, [large, large, large])]  # what is tried again
    _, found, outcome = graded(*peers)
    lost = [entry for entry in found.hidden[NAME] if isinstance(entry, Lost)]
    assert lost and {one.kind for one in lost} == {Kind.protocol}
    assert Kind.passed not in kinds(outcome)
