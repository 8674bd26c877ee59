"""What a hostile worker could send: frames in the wire's own grammar, honest in nothing."""

from __future__ import annotations

import contextlib
import copy
import json
import socket
import struct

from hypothesis import strategies as st

from autograder import wire
from autograder.observation import DTYPES
from autograder.running.channel import Worker

MARK = "7919"  # stands for a hidden input: whatever a worker writes must not reach a student
MARKS = [MARK, f"Odd{MARK}", f"a\ud800{MARK}", f"{MARK} " * 1000, f"\x1b[31m{MARK}"]
NUMBERS = [0, 1, -1, 2, int(MARK), 2**31, 2**53 + 1, 2**63 - 1]
BEYOND = [-(2**63), 2**64, 10**400]
FLOATS = [0.0, -0.0, 0.5, float(MARK), 1e-320, 1e308]
SPECIAL = [{"float": "nan"}, {"float": "inf"}, {"float": "-inf"}]
KNOWN = ["set", "numpy.ndarray", "MemoryError", "ValueError", "NotImplementedError", "TypeError"]
ALLOCATE = "DefaultCPUAllocator: can't allocate memory"
SIZES = {name: dtype.itemsize for name, dtype in DTYPES.items()}
MAX_EMPTY = 2**40


class Frame:
    """The parts of a frame, to be changed one by one."""

    def __init__(self, tree, table=(), body=b""):
        self.tree, self.table, self.body = tree, table, body

    @classmethod
    def of(cls, message):
        data = wire.encode(message)
        size, _ = struct.unpack_from("<II", data)
        tree, table = json.loads(data[8 : 8 + size])
        return cls(tree, table, data[8 + size :])

    def bytes(self) -> bytes:
        head = json.dumps([self.tree, self.table]).encode()
        return struct.pack("<II", len(head), len(self.body)) + head + self.body


def mapped(**entries):
    return {"map": [[key, value] for key, value in entries.items()]}


# Trees

WORDS = [*MARKS, *KNOWN, ALLOCATE, ""]


def word(number):  # by number, for hypothesis would write out all of these again and again
    return WORDS[number]


texts = st.sampled_from(range(len(WORDS))).map(word) | st.text(max_size=4)
indices = st.integers(0, 3)
leaves = st.one_of(
    st.sampled_from([None, True, False, *NUMBERS, *FLOATS, *SPECIAL]),
    *(texts, st.builds(lambda name: {"foreign": name}, texts)),
    st.builds(lambda n: {"tensor": n}, indices),
)
values = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=4),
        st.builds(
            lambda pairs: {"map": pairs},
            st.lists(st.tuples(texts, inner), max_size=3, unique_by=lambda pair: pair[0]),
        ),
    ),
    max_leaves=6,
)
places = st.none() | st.sampled_from([0, 1, 2, int(MARK), 2**47])
errors = st.builds(
    lambda *fields: {"error": list(fields)}, texts, texts, places, places, st.none() | texts
)
parts = st.builds(
    lambda value, error, warnings, autograd: {"part": [value, error, warnings, autograd]},
    values,
    st.one_of(st.none(), st.none(), st.none(), errors),
    st.lists(texts, max_size=3),
    st.sampled_from([0, 1, 3, int(MARK), 2**47]),
)
# What no part of a frame may be, but somebody might put there
nonsense = st.one_of(
    st.sampled_from([*NUMBERS, *BEYOND, 1.5, True, None, [], {}, "x", {"map": 1}, {"tensor": -1}]),
    st.sampled_from([{"eval": "1"}, {"error": []}, {"part": []}, {"float": "NaN"}, {"map": [[1]]}]),
    st.dictionaries(st.sampled_from(["map", "part", "error", "tensor", "x"]), leaves, max_size=2),
    *(values, parts, errors, st.builds(lambda n: {"tensor": n}, indices)),
)


@st.composite
def tables(draw, least=0):
    """Descriptions of tensors, and a body that holds just these; 4 are as many as are named."""
    rows, body = [], b""
    for _ in range(draw(st.integers(least, 4))):
        name = draw(st.sampled_from(sorted(SIZES)))
        shape = draw(st.lists(st.sampled_from([0, 1, 2, 3, 4]), max_size=4))
        shape += draw(st.sampled_from([[], [], [0, int(MARK)], [0, MAX_EMPTY], [1] * 60]))
        count = 1
        for size in shape:
            count *= size
        floating = "float" in name or "complex" in name
        rows.append([name, shape, floating and draw(st.booleans())])
        fill = draw(st.sampled_from([b"\0", b"\1", b"\x7f", b"\xff"]) | st.binary(min_size=8))
        size = count * SIZES[name]
        body += (fill * (size // len(fill) + 1))[:size]
    return rows, body


@st.composite
def frames(draw, tree):
    """A well-formed frame around a tree, as far as the tree is."""
    rows, body = draw(tables())
    return Frame(draw(tree), rows, body)


@st.composite
def fields(draw, **right):
    """A frame of a map with these fields, a few of them with something else in it, or gone."""
    tree = mapped(**right)
    for entry in tree["map"]:
        if draw(st.integers(0, 5)) == 0:
            entry[1] = copy.deepcopy(draw(nonsense))
    gone = draw(st.integers(0, 5 * len(right)))
    del tree["map"][gone : gone + 1]
    return Frame(tree, *draw(tables()))


def nodes(tree):
    """Every list in a tree with each of its positions, and every object with its key."""
    if isinstance(tree, (list, dict)):
        for step in range(len(tree)) if isinstance(tree, list) else tuple(tree):
            yield tree, step
            yield from nodes(tree[step])


@st.composite
def damaged(draw, frame, times=3):
    """The same frame with something else in a few places of tree, table or body."""
    if not frame.table:  # so that tensors can come where none belong
        frame = Frame(frame.tree, *draw(tables()))
    whole = copy.deepcopy([frame.tree, frame.table])
    for _ in range(draw(st.integers(1, times))):
        found = list(nodes(whole))
        holder, step = found[draw(st.integers(0, len(found) - 1))]
        match draw(st.sampled_from(["replace", "replace", "drop", "double", "wrap", "swap"])):
            case "replace":
                holder[step] = copy.deepcopy(draw(nonsense))  # strategies share objects
            case "drop":
                del holder[step]
            case "double" if isinstance(holder, list):
                holder.insert(step, holder[step])
            case "wrap":
                holder[step] = [holder[step]]
            case "swap" if isinstance(holder, list):
                holder[step], holder[0] = holder[0], holder[step]
        if not (isinstance(whole, list) and len(whole) == 2):
            break
    tree, table = whole if len(whole) == 2 else (whole, [])
    body = frame.body
    if draw(st.integers(0, 3)) == 0 and body:
        at, inserted = draw(st.integers(0, len(body) - 1)), draw(st.binary(max_size=2))
        body = body[:at] + inserted + body[at + len(inserted) :]
    return Frame(tree, table, body)


# The other end of the channel


class Peer:
    """A worker that sends what it was told to, and hangs up when there is nothing left to say.

    `hello` answers the job, and each of `answers` one request, or `answers` all of them.
    """

    def __init__(self, hello, answers):
        self.hello, self.answers = hello, answers
        self.deaf = False  # reads nothing but the job

    def reply(self, request) -> bytes:
        if "cells" in request:
            return self.hello(request)
        if callable(self.answers):
            return self.answers(request)
        return self.answers.pop(0)(request) if self.answers else b""


class Channel(socket.socket):
    """The judge's end: where nothing more has been said, the other end has hung up."""

    def recv(self, *args):
        self.settimeout(0)
        try:
            return super().recv(*args)
        except BlockingIOError:
            return b""


class Scripted(Worker):
    """The judge's own channel to a peer that acts whenever the judge has spoken."""

    def __init__(self, ours, theirs, peer):
        super().__init__(ours)
        self.theirs, self.peer = theirs, peer

    def send(self, message, deadline):
        super().send(message, deadline)
        if self.peer.deaf and "cells" not in message:
            return

        def read(size):
            data = b""
            while len(data) < size:
                data += self.theirs.recv(size - len(data))
            return data

        reply = self.peer.reply(wire.decode(read, wire.MAX_JOB))
        self.theirs.sendall(reply)


class Zygote:
    """Stands for a zygote: each of its workers is the next peer."""

    def __init__(self, peers):
        self.peers = iter(peers)
        self.workers = 0

    @contextlib.contextmanager
    def worker(self):
        self.workers += 1
        ours, theirs = socket.socketpair()
        ours.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        theirs.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 8 << 20)
        theirs.settimeout(5)  # a frame that fits into no buffer would be a mistake of the test
        with Channel(fileno=ours.detach()) as ours, theirs:
            yield Scripted(ours, theirs, next(self.peers))


def honest_hello(request) -> bytes:
    numbers = [n for n in range(1, len(request["cells"]) + 1) if n not in request["skip"]]
    cells = [{"cell": n, "notes": [], "stopped": False} for n in numbers]
    return b"".join(map(wire.encode, [*cells, {"defined": []}]))
