"""Frames that nobody thought of get a verdict: no exception of ours, no point, no hidden input.

`make fuzz EXAMPLES=20000` runs each of these that often, from another seed each time.
"""

from __future__ import annotations

import itertools
import os
from collections import Counter

import lies
import pytest
import torch
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from lies import Frame, Peer, Zygote, damaged, fields, frames, honest_hello, mapped
from ours import assignment
from test_wire import decoded_or_refused, over_the_wire

from autograder.compare import Tolerance, is_tensor
from autograder.course.policy import Limits
from autograder.judging.judge import Judge
from autograder.model import Kind, Lost, Submission
from autograder.running.run import run

NAMES = ("backprop", "beyond")
REFERENCES = {n: r for a in NAMES for n, r in assignment(a).references.items()}
JUDGES = {
    a: Judge(a, assignment(a).references, Tolerance(), b"a secret of the tests") for a in NAMES
}
PREPARED = {n: JUDGES[a].prepare(n, "") for a in NAMES for n in assignment(a).references}
TRUTH = {n: p.observe(REFERENCES[n].solution) for n, p in PREPARED.items()}
VISIBLE = {n: r.exercise.observe(r.solution, r.exercise.visible) for n, r in REFERENCES.items()}
LIMITS = Limits(cell_seconds=5, notebook_seconds=20, exercise_seconds=20, submission_seconds=60)
# Checks that compare all of the parts that they read
WHOLE = {
    "grad_quadratic": ("values", "ints"),
    "accumulated_grad": ("k_passes", "one_pass"),
    "fresh_grads": ("values",),
    "clear_grads": ("optimizer", "model", "tensor"),
    "hand_grad": ("values",),
    "vjp": ("values",),
    "micro_batch_grads": ("uneven", "even"),
}
MAX_HINT = 2000
COUNTS: Counter[str] = Counter()
often = settings(
    max_examples=int(os.environ.get("EXAMPLES", "150")),
    suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large],
)
exercises = st.sampled_from(sorted(PREPARED))
# Their hidden inputs are the visible ones, so an answer may be quoted
PUBLIC = {
    n for n, p in PREPARED.items() if repr(REFERENCES[n].exercise.visible) == repr(p.cases[0])
}


@pytest.fixture(scope="module", autouse=True)
def count_of_inputs(request):
    yield
    if "EXAMPLES" in os.environ:
        with request.config.pluginmanager.get_plugin(
            "capturemanager"
        ).global_and_fixture_disabled():
            for name, count in (*COUNTS.items(), ("in all", sum(COUNTS.values()))):
                print(f"\n{name}: {count} inputs", end="")


def near(seen, want) -> bool:
    """Whether numbers are about right, by other means than those of the judge."""
    if isinstance(want, list):
        return isinstance(seen, list) and len(seen) == len(want) and all(map(near, seen, want))
    if isinstance(want, dict):
        return isinstance(seen, dict) and all(k in seen and near(seen[k], want[k]) for k in want)
    if want is None or isinstance(want, (bool, str)):
        return type(seen) is type(want) and seen == want
    shapes = [getattr(value, "shape", torch.Size()) for value in (seen, want)]
    if shapes[0] != shapes[1] or isinstance(seen, (bool, str, dict, list)) or seen is None:
        return False
    numbers = [v.reshape(-1).tolist() if is_tensor(v) else [v] for v in (seen, want)]
    size = max(map(abs, numbers[1]), default=0.0)
    return all(abs(s - w) <= 1e-3 * size + 1e-5 for s, w in zip(*numbers, strict=True))


def graded(name, zygote, cells=("x = 1", "y = 2")):
    """Run and judge; whatever goes wrong on our side is an exception here."""
    prepared = PREPARED[name]
    visible = {name: prepared.reference.exercise.visible}
    found = run(zygote, Submission("s", "s", cells), visible, {name: prepared.cases}, LIMITS)
    outcome = prepared.outcome(found.hidden[name], found.visible[name])
    assert [v.check for v in outcome.verdicts] == list(prepared.reference.checks)
    assert Kind.grader_error not in {v.kind for v in outcome.verdicts}
    assert all((v.kind is Kind.passed) == (not v.hint) for v in outcome.verdicts)
    repr((found, outcome)).encode()  # it can be written down
    assert max(len(v.hint) for v in outcome.verdicts) < MAX_HINT
    return found, outcome


def assert_passed_only_with_right_values(name, found, outcome):
    passed = {v.check for v in outcome.verdicts if v.kind is Kind.passed}
    for check in passed.intersection(WHOLE.get(name, ())):
        for seen, want in zip(found.hidden[name], TRUTH[name], strict=True):
            assert not isinstance(seen, Lost)
            for part in PREPARED[name].reference.checks[check].reads:
                assert near(seen[part].value, want[part].value), (check, seen[part])


def saying(name, visible, hidden, hello=honest_hello):
    """A worker that has a frame for each case, with "NONCE" in the place of the nonce."""
    cases = (PREPARED[name].reference.exercise.visible, *PREPARED[name].cases)
    frames = dict(zip(map(_key, cases), (visible, *hidden), strict=True))

    def answer(request):
        frame = frames[repr(request["case"])]
        return Frame(_with_nonce(frame.tree, request["nonce"]), frame.table, frame.body).bytes()

    return Peer(hello, answer)


def _key(case):
    return repr(over_the_wire(case.data))


def _with_nonce(tree, nonce):
    if tree == "NONCE":
        return nonce
    if isinstance(tree, list):
        return [_with_nonce(entry, nonce) for entry in tree]
    if isinstance(tree, dict):
        return {key: _with_nonce(entry, nonce) for key, entry in tree.items()}
    return tree


def honest(observation):
    return Frame.of({"nonce": "NONCE", "observation": observation, "left_running": False})


# Bytes


@often
@given(st.binary(max_size=200), st.integers(0, 64), st.integers(0, 64))
def test_bytes_are_decoded_or_refused(data, head, body):
    COUNTS["bytes"] += 2
    decoded_or_refused(data)
    decoded_or_refused(head.to_bytes(4, "little") + body.to_bytes(4, "little") + data)


@often
@given(frames(st.one_of(lies.values, lies.parts, lies.nonsense)))
def test_frames_in_the_wires_grammar_are_decoded_or_refused(frame):
    COUNTS["frames"] += 1
    decoded_or_refused(frame.bytes())


@often
@given(st.data())
def test_damaged_frames_are_decoded_or_refused(data):
    name = data.draw(exercises)
    COUNTS["damaged frames"] += 1
    decoded_or_refused(data.draw(damaged(Frame.of(TRUTH[name][0]))).bytes())


# Conversations


@st.composite
def made_up(draw, name):
    """An answer that is well formed, about parts of the right names, and made up."""
    asked = sorted(TRUTH[name][0])
    entries = [[part, draw(lies.parts)] for part in asked if draw(st.integers(0, 9))]
    entries += draw(st.lists(st.tuples(st.sampled_from(["*", lies.MARK]), lies.parts), max_size=1))
    observation = {"map": entries}
    if draw(st.integers(0, 3)) == 0:
        return draw(fields(nonce="NONCE", observation=observation, left_running=True))
    return Frame(mapped(nonce="NONCE", observation=observation), *draw(lies.tables(least=4)))


@often
@given(st.data())
def test_made_up_answers_earn_no_point_for_values_and_tell_nothing(data):
    name, lying = data.draw(exercises), data.draw(st.integers(0, 3)) == 0
    COUNTS["made-up answers"] += 1
    visible = data.draw(made_up(name)) if lying else honest(VISIBLE[name])
    hidden = [data.draw(made_up(name)) for _ in PREPARED[name].cases]
    found, outcome = graded(name, Zygote(itertools.repeat(saying(name, visible, hidden))))
    assert_passed_only_with_right_values(name, found, outcome)
    assert {v.kind for v in outcome.verdicts} != {Kind.passed}
    # What the visible case raises may be quoted
    assert lying or name in PUBLIC or lies.MARK not in repr(outcome)


@often
@given(st.data())
def test_damaged_answers_earn_points_for_right_values_alone(data):
    name = data.draw(exercises)
    COUNTS["damaged answers"] += 1
    hidden = list(map(honest, TRUTH[name]))
    for number in data.draw(st.sets(st.sampled_from(range(len(hidden))), min_size=1)):
        hidden[number] = data.draw(damaged(hidden[number]))
    peer = saying(name, honest(VISIBLE[name]), hidden)
    found, outcome = graded(name, Zygote(itertools.repeat(peer)))
    assert_passed_only_with_right_values(name, found, outcome)
    assert name in PUBLIC or lies.MARK not in repr(outcome)


def test_the_truth_earns_every_point():
    """Else the tests above would prove nothing."""
    for name, truth in TRUTH.items():
        peer = saying(name, honest(VISIBLE[name]), map(honest, truth))
        found, outcome = graded(name, Zygote([peer]))
        assert {v.kind for v in outcome.verdicts} == {Kind.passed}, name
        assert_passed_only_with_right_values(name, found, outcome)


@st.composite
def conversations(draw):
    """What a worker says from its first word on, and after how much of it it hangs up."""
    words = [{"cell": n, "notes": ["a note"], "stopped": n == 2} for n in (1, 2)]
    spoken = []
    for right in (*words, {"defined": ["x", lies.MARK]}):
        way = draw(st.integers(0, 3))
        if way == 0:
            spoken.append(draw(damaged(Frame(mapped(**right)))).bytes())
        elif way == 1:
            spoken.append(draw(fields(**right)).bytes())
        else:
            spoken.append(Frame(mapped(**right)).bytes())
    said = b"".join(spoken)
    end = draw(st.just(len(said)) | st.integers(0, len(said)))
    return said[:end]


@often
@given(st.data())
def test_whatever_a_worker_says_of_its_cells_costs_a_verdict_at_most(data):
    name = data.draw(exercises)
    COUNTS["conversations"] += 1
    truth = (honest(VISIBLE[name]), list(map(honest, TRUTH[name])))
    said = data.draw(st.lists(conversations(), min_size=1, max_size=4))
    peers = [saying(name, *truth, hello=lambda request, s=s: s) for s in said]
    zygote = Zygote(itertools.chain(peers, itertools.repeat(saying(name, *truth))))
    found, _ = graded(name, zygote)
    assert zygote.workers <= 10
    assert {note.cell for note in found.notes} <= {1, 2}
