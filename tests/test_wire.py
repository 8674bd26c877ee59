"""Frames carry plain data and tensors unchanged; a hostile frame is refused, and costs nothing."""

from __future__ import annotations

import contextlib
import dataclasses
import io
import json
import math
import struct
import tracemalloc

import numpy
import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.errors import ProtocolError
from autograder.observation import MAX_ITEMS, Error, Foreign, Part
from autograder.wire import (
    MAX_BODY,
    MAX_BRACKETS,
    MAX_HEAD,
    MAX_JOB,
    MAX_NESTING,
    MAX_TENSORS,
    MAX_VALUES,
    decode,
    encode,
    sent,
)

DTYPES = [
    *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
    *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
    *(torch.complex64, torch.complex128),
]


def frame(tree=None, table=(), body=b"", head=None):
    """The bytes of a frame, honest in nothing but its lengths."""
    head = json.dumps([tree, list(table)]).encode() if head is None else head
    return struct.pack("<II", len(head), len(body)) + head + body


def received(data):
    stream = io.BytesIO(data)

    def read(size):
        assert size <= MAX_BODY
        chunk = stream.read(size)
        if len(chunk) < size:
            raise EOFError
        return chunk

    return decode(read)


def over_the_wire(message):
    return received(encode(message))


def dissolved(value):
    """`value` in a form in which == means the same data of the same types."""
    if type(value) is torch.Tensor:
        data = value.detach().reshape(-1).contiguous().view(torch.uint8).tolist()
        return "tensor", value.dtype, tuple(value.shape), value.requires_grad, data
    if isinstance(value, (list, tuple)):
        return type(value), [dissolved(entry) for entry in value]
    if isinstance(value, dict):
        return "dict", [(key, dissolved(entry)) for key, entry in value.items()]
    if dataclasses.is_dataclass(value):
        return type(value), [dissolved(entry) for entry in vars(value).values()]
    return type(value), repr(value)


# What arrives is what was sent


@pytest.mark.parametrize(
    "message",
    [
        *(None, True, False, 0, 1, -1, 2**63 - 1, 1 - 2**63),
        *(0.0, -0.0, 0.1, 5e-324, 1e308, math.nan, math.inf, -math.inf),
        *("", "é\n\0\x1b[31m\u2028", "\U0001f600", "C:\\ud800", "x" * 10_000),
        *([], [[]], [[1, [2.5, None]], "a"], {}, {"": {}}, {"b": 1, "a": [True, {"c": None}]}),
        *({"tensor": 0}, {"float": "nan"}, {"map": [["a", 1]]}, {"part": []}),
        *(Foreign("numpy.ndarray"), [Foreign("set")]),
        *(Part(), Part(1.5, None, ("careful", "again"), 2), Part(error=Error("ValueError", "bad"))),
        Part(error=Error("KeyError", "'x'", 3, 12, "d['x']")),
        [Part(error=Error("E", "", 1, 1, ""))],
        {"nonce": "ab", "observation": {"a": Part([torch.ones(2), math.nan]), "b": Part(None)}},
    ],
    ids=lambda message: repr(message)[:40],
)
def test_plain_data_arrives_as_it_was_sent(message):
    assert dissolved(over_the_wire(message)) == dissolved(message)


def test_an_observation_of_our_own_is_judged_as_it_would_arrive():
    seen = {"a": Part((1, 2), warnings=("w",)), "b": Part(error=Error("E", "m"))}
    assert sent(seen) == {"a": Part([1, 2], warnings=("w",)), "b": Part(error=Error("E", "m"))}


def test_a_tuple_arrives_as_a_list():
    assert over_the_wire((1, (2, torch.Size([3])))) == [1, [2, [3]]]


@pytest.mark.parametrize("dtype", DTYPES, ids=str)
@pytest.mark.parametrize("shape", [(), (1,), (0,), (2, 3), (0, 3), (1,) * 64], ids=str)
def test_a_tensor_keeps_dtype_shape_and_entries(dtype, shape):
    tensor = (torch.arange(math.prod(shape)) - 2).to(dtype).reshape(shape)
    assert dissolved(over_the_wire([tensor])) == dissolved([tensor])


@pytest.mark.parametrize("dtype", [d for d in DTYPES if d.is_floating_point or d.is_complex])
def test_requires_grad_and_special_values_arrive(dtype):
    tensor = torch.tensor([math.nan, math.inf, -math.inf, -0.0], dtype=dtype, requires_grad=True)
    assert dissolved(over_the_wire(tensor)) == dissolved(tensor)


@pytest.mark.parametrize(
    "tensor",
    [
        torch.arange(12).reshape(3, 4).T,
        torch.arange(12)[::3],
        torch.ones(1).expand(5),
        torch.ones(3, requires_grad=True) * 2,
        torch.nn.Parameter(torch.ones(2)),
    ],
    ids=["transposed", "strided", "expanded", "with history", "parameter"],
)
def test_views_and_graphs_arrive_as_tensors_of_their_own(tensor):
    found = over_the_wire(tensor)
    assert type(found) is torch.Tensor
    assert found.is_contiguous() and found.is_leaf
    assert found.requires_grad == tensor.requires_grad
    assert found.tolist() == tensor.tolist()


def test_one_tensor_stays_one_and_two_stay_two():
    x = torch.ones(2)
    first, second, other = over_the_wire([x, {"again": x}, x.clone()])
    assert first is second["again"]
    assert first.data_ptr() != other.data_ptr()


def test_received_tensors_have_writable_memory_of_their_own():
    one, two = over_the_wire([torch.zeros(2), torch.zeros(2)])
    one.add_(1)
    assert (one.tolist(), two.tolist()) == ([1, 1], [0, 0])


def test_any_byte_but_0_is_a_true_bool():
    found = received(frame({"tensor": 0}, [["bool", [4], False]], b"\0\1\2\xff"))
    assert found.view(torch.uint8).tolist() == [0, 1, 1, 1]


def test_lone_surrogates_arrive_as_text_that_can_be_written():
    message = Part("a\ud800b", Error("ValueError", "\udfff", 1, 1, "\ud800"), ("\ud800",))
    found = over_the_wire(message)
    texts = (found.value, found.error.message, found.error.source, *found.warnings)
    assert [text.encode() for text in texts] == [b"a?b", b"?", b"?", b"?"]


@pytest.mark.parametrize(
    "message",
    [
        *(object(), {1, 2}, b"bytes", 1j, numpy.float64(1), numpy.ones(2), print, [[object()]]),
        *({1: 2}, {None: 2}, {"a": {(1,): 2}}),
        *(10**5000, torch.zeros(2, dtype=torch.uint16), torch.zeros(2, dtype=torch.float8_e5m2)),
    ],
    ids=lambda message: (
        f"{type(message).__name__} {str(message)[:20]}" if type(message) is not int else "huge int"
    ),
)
def test_what_is_not_plain_data_is_not_sent(message):
    with pytest.raises(ProtocolError):
        encode(message)


@pytest.mark.parametrize(
    "message",
    [
        "x" * MAX_JOB,
        torch.empty(MAX_BODY + 1, dtype=torch.uint8),
        [torch.empty(0) for _ in range(MAX_TENSORS + 1)],
    ],
    ids=["head", "body", "tensors"],
)
def test_what_is_too_large_is_not_sent(message):
    with pytest.raises(ProtocolError, match="larger than a frame may be"):
        encode(message)


def test_a_worker_may_send_less_than_the_judge():
    data = encode("x" * MAX_HEAD)
    with pytest.raises(ProtocolError, match="larger than allowed"):
        received(data)
    assert decode(io.BytesIO(data).read, MAX_JOB) == "x" * MAX_HEAD


def nested(depth):
    return [nested(depth - 1)] if depth > 1 else []


def test_nesting_is_read_to_a_depth():
    assert over_the_wire(nested(MAX_NESTING)) == nested(MAX_NESTING)
    for deeper in (nested(MAX_NESTING + 2), {"a": Part(nested(MAX_NESTING))}):
        with pytest.raises(ProtocolError, match="nested too deeply"):
            over_the_wire(deeper)


def test_a_full_body_arrives():
    assert over_the_wire(torch.ones(MAX_BODY, dtype=torch.uint8)).numel() == MAX_BODY


def test_as_many_values_arrive_as_honest_parts_can_hold():
    message = {str(n): Part([{} for _ in range(MAX_ITEMS)]) for n in range(10)}
    assert over_the_wire(message) == message


# Whatever else arrives is refused

EXAMPLE = encode({"a": Part([torch.ones(2, requires_grad=True), 0.5]), "b": torch.arange(3)})


@pytest.mark.parametrize("size", range(len(EXAMPLE)))
def test_a_truncated_frame_is_the_end_of_the_channel(size):
    with pytest.raises(EOFError):
        received(EXAMPLE[:size])


@pytest.mark.parametrize(
    ("head", "body"), [(2**32 - 1, 0), (0, 2**32 - 1), (MAX_HEAD + 1, 0), (0, MAX_BODY + 1)]
)
def test_nothing_is_read_for_lengths_that_are_too_large(head, body):
    asked = []

    def read(size):
        asked.append(size)
        return struct.pack("<II", head, body)

    with pytest.raises(ProtocolError, match="larger than allowed"):
        decode(read)
    assert asked == [8]


def error(*fields):
    return {"part": [None, {"error": list(fields)}, [], 0]}


HOSTILE_TREES = {
    "unknown tag": {"pickle": "gASVAAAA"},
    "no tag": {},
    "two tags": {"float": "nan", "foreign": "x"},
    "deep unknown tag": [[{"map": [["a", {"eval": "1"}]]}]],
    "float of a number": {"float": 1},
    "float of another word": {"float": "Infinity"},
    "unhashable float": {"float": []},
    "no such tensor": {"tensor": 1},
    "tensor -1": {"tensor": -1},
    "tensor true": {"tensor": False},
    "tensor 0.0": {"tensor": 0.0},
    "tensor null": {"tensor": None},
    "tensor list": {"tensor": [0]},
    "tensor 2**48": {"tensor": 2**48},
    "map of a number": {"map": 1},
    "map of null": {"map": None},
    "map with the same key twice": {"map": [["a", 1], ["a", 2]]},
    "map with a number as key": {"map": [[1, 1]]},
    "map with a list as key": {"map": [[[], 1]]},
    "map with a tensor as key": {"map": [[{"tensor": 0}, 1]]},
    "map with a triple": {"map": [["a", 1, 2]]},
    "map with a single": {"map": [["a"]]},
    "foreign number": {"foreign": 1},
    "foreign map": {"foreign": {"map": []}},
    "error of too few": error("E", "m", None, None),
    "error of too many": error("E", "m", None, None, None, None),
    "error of a number": {"part": [None, {"error": 5}, [], 0]},
    "error outside a part": {"error": ["E", "m", None, None, None]},
    "error as a value": {"part": [{"error": ["E", "m", None, None, None]}, None, [], 0]},
    "error type not text": error(1, "m", None, None, None),
    "error message not text": error("E", None, None, None, None),
    "error cell not a number": error("E", "m", "1", None, None),
    "error cell true": error("E", "m", True, 1, None),
    "error line negative": error("E", "m", 1, -1, None),
    "error source a list": error("E", "m", 1, 1, []),
    "error source 0": error("E", "m", 1, 1, 0),
    "part of too few": {"part": [1, None, []]},
    "part of a number": {"part": 4},
    "part within a part": {"part": [[{"part": [1, None, [], 0]}], None, [], 0]},
    "part with text as error": {"part": [1, "E", [], 0]},
    "part with false as error": {"part": [1, False, [], 0]},
    "part with text as warnings": {"part": [1, None, "ab", 0]},
    "part with numbers as warnings": {"part": [1, None, [1], 0]},
    "part with true as count": {"part": [1, None, [], True]},
    "part with a negative count": {"part": [1, None, [], -1]},
    "part with a float as count": {"part": [1, None, [], 1.0]},
    "int beyond 64 bits": 10**400,
}


@pytest.mark.parametrize("tree", HOSTILE_TREES.values(), ids=HOSTILE_TREES.keys())
def test_a_malformed_message_is_refused(tree):
    with pytest.raises(ProtocolError):
        received(frame(tree, [["float32", [1], False]], b"\0\0\0\0"))


HOSTILE_TABLES = {
    "not a list": ({"a": 1}, b""),
    "a text": ("abc", b""),
    "null": (None, b""),
    "row of null": ([None], b""),
    "row of two": ([["float32", [1]]], bytes(4)),
    "row of four": ([["float32", [1], False, False]], bytes(4)),
    "unknown dtype": ([["float8_e5m2", [4], False]], bytes(4)),
    "object dtype": ([["object", [1], False]], bytes(4)),
    "attribute of torch": ([["load", [1], False]], bytes(4)),
    "unhashable dtype": ([[["float32"], [1], False]], bytes(4)),
    "dtype null": ([[None, [1], False]], bytes(4)),
    "shape a number": ([["float32", 1, False]], bytes(4)),
    "shape null": ([["float32", None, False]], bytes(4)),
    "negative size": ([["float32", [-1], False]], bytes(4)),
    "two negative sizes": ([["float32", [-1, -1], False]], bytes(4)),
    "size true": ([["float32", [True], False]], bytes(4)),
    "size 1.0": ([["float32", [1.0], False]], bytes(4)),
    "nested shape": ([["float32", [[1]], False]], bytes(4)),
    "65 dimensions": ([["float32", [1] * 65, False]], bytes(4)),
    "65 empty dimensions": ([["float32", [0] * 65, False]], b""),
    "larger than the body": ([["float32", [2], False]], bytes(4)),
    "wider than the body": ([["float64", [1], False]], bytes(4)),
    "second beyond the body": ([["float32", [1], False]] * 2, bytes(4)),
    "size that overflows": ([["float32", [2**48], False]], bytes(4)),
    "product that overflows to 0": ([["uint8", [2**32, 2**32], False]], b""),
    "product that overflows to 4": ([["uint8", [2**47, 2**19 + 4], False]], bytes(4)),
    "smaller than the body": ([["float32", [1], False]], bytes(5)),
    "nothing for the body": ([], b"\0"),
    "empty for the body": ([["float32", [0], False]], bytes(4)),
    "requires_grad 1": ([["float32", [1], 1]], bytes(4)),
    "requires_grad null": ([["float32", [1], None]], bytes(4)),
    "integers that require grad": ([["int32", [1], True]], bytes(4)),
    "too many": ([["uint8", [0], False]] * (MAX_TENSORS + 1), b""),
}


@pytest.mark.parametrize(("table", "body"), HOSTILE_TABLES.values(), ids=HOSTILE_TABLES.keys())
def test_a_table_that_lies_is_refused(table, body):
    with pytest.raises(ProtocolError):
        received(frame(None, head=json.dumps([None, table]).encode(), body=body))


HOSTILE_HEADS = {
    "empty": b"",
    "not JSON": b"\x80\x04\x95",
    "not UTF-8": b'["\xff",[]]',
    "no list": b"{}",
    "no table": b"[1]",
    "three entries": b"[1,[],2]",
    "trailing": b"[1,[]]]",
    "NaN": b"[NaN,[]]",
    "Infinity": b"[Infinity,[]]",
    "-Infinity": b"[[-Infinity],[]]",
    "NaN as a size": b'[1,[["float32",[NaN],false]]]',
    "int of 5000 digits": b"[" + b"9" * 5000 + b",[]]",
    "size of 5000 digits": b'[1,[["float32",[' + b"9" * 5000 + b"],false]]]",
    "UTF-16": "[1,[]]".encode("utf-16"),
    "UTF-8 with a mark": b"\xef\xbb\xbf[1,[]]",
    "bytes of a lone surrogate": b'["\xed\xa0\x80",[]]',
    "the same tag twice": b'[{"float":"nan","float":"inf"},[]]',
    "an object of many tags": b"[{" + b'"a":1,' * 1000 + b'"b":1},[]]',
    "deep lists": b"[" * 100_000 + b"]" * 100_000,
    "deep lists, never closed": b"[" * 1_000_000,
    "deep maps": b"[" + b'{"map":[["a",' * 50_000 + b"1" + b"]]}" * 50_000 + b",[]]",
    "deep parts": b"[" + b'{"part":[' * 5_000 + b"1" + b",null,[],0]}" * 5_000 + b",[]]",
}


@pytest.mark.parametrize("head", HOSTILE_HEADS.values(), ids=HOSTILE_HEADS.keys())
def test_a_head_that_is_not_ours_is_refused(head):
    with pytest.raises(ProtocolError):
        received(frame(head=head))


@pytest.mark.parametrize("text", ['"\\ud800"', '{"foreign":"\\udfff"}', '{"map":[["\\ud800",1]]}'])
def test_lone_surrogates_in_a_frame_are_refused_or_replaced(text):
    try:
        found = received(frame(head=f"[{text},[]]".encode()))
    except ProtocolError:
        return
    assert "\\ud" not in repr(found)


@pytest.mark.parametrize("shape", [[0, 2**47, 2**47], [2**47, 0], [0] * 64])
def test_an_empty_tensor_of_absurd_shape_is_refused_or_empty(shape):
    try:
        found = received(frame({"tensor": 0}, [["float32", shape, False]]))
    except ProtocolError:
        return
    assert found.numel() == 0 and found.untyped_storage().nbytes() == 0


def test_a_shape_of_many_large_sizes_is_refused_at_once():
    hostile = frame(None, [["float32", [2**48 - 1] * 60_000, False]])
    with pytest.raises(ProtocolError, match="too many dimensions"):
        received(hostile)


LARGE = {
    "empty lists": (b"[],", b"[]", b""),
    "empty maps": (b'{"map":[]},', b"0", b""),
    "numbers": (b"1,", b"1", b""),
    "floats": (b'{"float":"nan"},', b"0", b""),
    "texts": (b'"\\u00e9",', b'""', b""),
    "brackets in a text": (b"[", b"[", b""),
    "tensors": (b'["uint8",[6000],false],', b'["uint8",[0],false]', bytes(60_000_000)),
    "a bool": (b" ", b'["bool",[67108864],false]', bytes(MAX_BODY)),
}


@pytest.mark.parametrize(("entry", "last", "body"), LARGE.values(), ids=LARGE)
def test_a_frame_takes_no_more_memory_than_a_few_of_its_largest_size(entry, last, body):
    count = min((MAX_HEAD - 100) // len(entry), 9999 if body else MAX_HEAD)
    if entry == b"[":
        head = b'["' + entry * count + b'",[]]'
    elif body:
        head = b"[1,[" + entry * count + last + b"]]"
    else:
        head = b"[[" + entry * count + last + b"],[]]"
    hostile = frame(head=head, body=body)
    tracemalloc.start()
    with contextlib.suppress(ProtocolError):
        received(hostile)
    _, peak = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    assert peak < 3 * (MAX_HEAD + MAX_BODY)


def test_a_frame_with_more_values_than_honest_parts_hold_is_refused():
    for tree in ([0] * MAX_VALUES, [[]] * MAX_VALUES, "[" * (MAX_BRACKETS + 1)):
        with pytest.raises(ProtocolError, match="too many values"):
            received(frame(tree))


def test_a_frame_whose_tensors_come_to_more_than_a_body_when_compared_is_refused():
    x = torch.ones(1 << 20, dtype=torch.uint8)
    assert len(over_the_wire([x] * (MAX_BODY >> 20))) == MAX_BODY >> 20
    with pytest.raises(ProtocolError, match="same tensors too often"):
        over_the_wire([x] * (MAX_BODY >> 20) + [x])


# The same, for frames that nobody thought of


def decoded_or_refused(data):
    """Decode; what comes out must be plain data that would arrive again as it is."""
    try:
        found = received(data)
    except (ProtocolError, EOFError):
        return
    assert dissolved(over_the_wire(found)) == dissolved(found)


@given(st.binary())
def test_arbitrary_bytes_are_decoded_or_refused(data):
    decoded_or_refused(data)


@given(st.binary(), st.binary(max_size=16))
def test_arbitrary_heads_are_decoded_or_refused(head, body):
    decoded_or_refused(frame(head=head, body=body))


VALID = [
    EXAMPLE,
    encode(Part(None, Error("E", "message", 1, 2, "source"), ("a", "b"), 3)),
    encode([math.nan, {"a": Foreign("set"), "b": {"c": "é"}}, -1, 2.5, None, True]),
    encode([torch.ones(2, 2, dtype=dtype) for dtype in DTYPES]),
]


@settings(max_examples=500)
@given(
    st.sampled_from(VALID),
    st.lists(
        st.tuples(st.integers(0, 1_000), st.integers(0, 3), st.binary(max_size=3)),
        min_size=1,
        max_size=4,
    ),
)
def test_mutated_frames_are_decoded_or_refused(data, edits):
    for place, removed, inserted in edits:
        at = place % len(data)
        data = data[:at] + inserted + data[at + removed :]
    decoded_or_refused(data)
    head_size = struct.unpack_from("<I", EXAMPLE)[0]  # again, with lengths that fit
    decoded_or_refused(frame(head=data[8 : 8 + head_size], body=data[8 + head_size :]))


text = st.text(st.characters(exclude_categories=()), max_size=5)  # lone surrogates too
leaves = st.none() | st.booleans() | st.integers() | st.floats() | text
tags = st.sampled_from(["map", "float", "tensor", "error", "foreign", "part", "nan", "-inf"])
json_values = st.recursive(
    leaves | tags | st.integers(0, 2),
    lambda inner: st.lists(inner, max_size=5) | st.dictionaries(tags | text, inner, max_size=2),
)
well_formed = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.lists(inner, max_size=3),
        st.builds(lambda pairs: {"map": pairs}, st.lists(st.tuples(text, inner), max_size=3)),
        st.builds(lambda n: {"tensor": n}, st.integers(0, 2)),
        st.builds(lambda *f: error(*f), text, text, leaves, leaves, text | leaves),
        st.builds(lambda *f: {"part": f}, inner, inner, st.lists(text, max_size=2), leaves),
    ),
)
dtype_names = st.sampled_from([str(dtype).removeprefix("torch.") for dtype in DTYPES])
rows = st.tuples(
    dtype_names | json_values,
    st.lists(st.integers(0, 3) | json_values, max_size=3) | json_values,
    st.booleans() | json_values,
)


@settings(max_examples=500)
@given(json_values | well_formed, st.lists(rows, max_size=3) | json_values, st.binary(max_size=32))
def test_arbitrary_json_is_decoded_or_refused(tree, table, body):
    decoded_or_refused(frame(head=json.dumps([tree, table]).encode(), body=body))


tensors = st.builds(
    lambda values, dtype, grad: (
        torch.tensor(values)
        .to(dtype)
        .requires_grad_(grad and (dtype.is_floating_point or dtype.is_complex))
    ),
    st.lists(st.floats(-100, 100, width=16), max_size=4),
    st.sampled_from(DTYPES),
    st.booleans(),
)
clean_text = st.text(max_size=20)
plain_data = st.recursive(
    st.one_of(
        *(st.none(), st.booleans(), st.integers(1 - 2**63, 2**63 - 1), st.floats(), clean_text),
        *(tensors, st.builds(Foreign, clean_text)),
    ),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(clean_text, inner, max_size=4),
)


@given(plain_data)
def test_arbitrary_plain_data_arrives_as_it_was_sent(message):
    assert dissolved(over_the_wire(message)) == dissolved(message)
