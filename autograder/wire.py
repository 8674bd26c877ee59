"""Frames between judge and worker: a JSON head and raw tensor bytes, nothing that can execute.

    frame = head length (4 bytes, little endian) · body length (4 bytes) · head · body

In the head, numbers, strings, lists and None stand for themselves; everything else is an object
with a single key: {"map": [[key, value], ...]}, {"float": "nan"}, {"tensor": n}, {"error": [...]},
{"foreign": "type"}, {"part": [...]}. Tensors are described in a table, and lie in the body one
after the other. The reader believes nothing: sizes are capped before anything is allocated, and
whatever does not fit exactly raises `ProtocolError`.
"""

from __future__ import annotations

import io
import json
import math
import struct
from collections.abc import Callable
from typing import Any

import torch

from .errors import ProtocolError
from .observation import DTYPES, Error, Foreign, Observation, Part

MAX_HEAD = 4 << 20  # bytes of what a worker may send; the judge may send more
MAX_JOB = 64 << 20
MAX_NESTING = 40  # containers within containers
MAX_BODY = 64 << 20  # also of all tensors together where each is counted as often as it occurs
MAX_VALUES = 300_000  # in one frame; a part holds 20,000 at most
MAX_BRACKETS = 2 * MAX_VALUES  # in a head as it came: a million lists take seconds to parse
MAX_TENSORS = 10_000
_Table = dict[int, tuple[int, torch.Tensor]]
_LENGTHS = struct.Struct("<II")


def encode(message: Any) -> bytes:
    """One frame.

    Raises:
        ProtocolError: the message holds something that is not plain data, or is too large.
    """
    tensors: _Table = {}  # by id: one object stays one object
    tree = _to_json(message, tensors)
    table, chunks = [], []
    for _, tensor in tensors.values():
        data = tensor.detach().contiguous().reshape(-1).view(torch.uint8).numpy().tobytes()
        dtype = str(tensor.dtype).removeprefix("torch.")
        if dtype not in DTYPES:
            raise ProtocolError(f"a tensor of {tensor.dtype} cannot be sent")
        table.append([dtype, list(tensor.shape), tensor.requires_grad])
        chunks.append(data)
    body = b"".join(chunks)
    text = json.dumps([tree, table], separators=(",", ":"), ensure_ascii=False)
    head = text.encode("utf-8", "replace")  # lone surrogates have no bytes
    if len(head) > MAX_JOB or len(body) > MAX_BODY or len(tensors) > MAX_TENSORS:
        raise ProtocolError(
            f"message of {len(head) + len(body)} bytes is larger than a frame may be"
        )
    return _LENGTHS.pack(len(head), len(body)) + head + body


def decode(read: Callable[[int], bytes], max_head: int = MAX_HEAD) -> Any:
    """Read one frame with `read(n)`, which returns exactly n bytes or raises `EOFError`.

    Raises:
        ProtocolError: the frame is not exactly what `encode` would have made.
        EOFError: the other side is gone.
    """
    head_size, body_size = _LENGTHS.unpack(read(_LENGTHS.size))
    if head_size > max_head or body_size > MAX_BODY:
        raise ProtocolError(f"frame of {head_size} + {body_size} bytes is larger than allowed")
    head, body = read(head_size), read(body_size)
    try:
        text = head.decode()  # or else json would guess an encoding
        # A job's are in the student's own code, as text.
        if max_head == MAX_HEAD and text.count("[") + text.count("{") > MAX_BRACKETS:
            raise ProtocolError("a frame holds too many values")
        tree, table = json.loads(text, parse_constant=_refuse, object_pairs_hook=_tagged)
        return _Reader(_tensors(table, body)).read(tree)
    except ProtocolError:
        raise
    except (ValueError, TypeError, LookupError, AttributeError, RuntimeError) as error:
        raise ProtocolError(f"not a frame: {type(error).__name__}") from error


def sent(observation: Observation) -> Observation:
    """An observation that was made here, as it would arrive at the judge."""
    received: Observation = decode(io.BytesIO(encode(observation)).read)
    return received


def _to_json(value: Any, tensors: _Table) -> Any:
    if value is None or type(value) in (bool, str):
        return value
    if type(value) is int and abs(value) < 2**63:
        return value
    if type(value) is float:
        return value if math.isfinite(value) else {"float": repr(value)}
    if isinstance(value, (list, tuple)):
        return [_to_json(entry, tensors) for entry in value]
    if isinstance(value, dict) and all(type(key) is str for key in value):
        return {"map": [[key, _to_json(entry, tensors)] for key, entry in value.items()]}
    if isinstance(value, torch.Tensor):
        index, _ = tensors.setdefault(id(value), (len(tensors), value))
        return {"tensor": index}
    if isinstance(value, Part):
        fields = (value.value, value.error, list(value.warnings), value.autograd)
        return {"part": [_to_json(field, tensors) for field in fields]}
    if isinstance(value, Error):
        return {"error": [value.type, value.message, value.cell, value.line, value.source]}
    if isinstance(value, Foreign):
        return {"foreign": value.type}
    raise ProtocolError(f"a {type(value).__name__} is not plain data and cannot be sent")


class _Reader:
    """Makes plain data of a head's tree, and no more of it than a frame may hold."""

    def __init__(self, tensors: list[torch.Tensor]) -> None:
        self.tensors = tensors
        self.values, self.bytes = MAX_VALUES, MAX_BODY

    def read(self, tree: Any, level: int = 0, inside: bool = False) -> Any:
        """Plain data; `level` counts containers, and `inside` a part there is no further part."""
        self.values -= 1
        if self.values < 0:
            raise ProtocolError("a frame holds too many values")
        if level > MAX_NESTING:
            raise ProtocolError("a frame is nested too deeply")
        if isinstance(tree, str):
            return _text(tree)
        if isinstance(tree, int) and abs(tree) >= 2**63:
            raise ProtocolError("a frame holds an int beyond 64 bits")
        if isinstance(tree, list):
            return [self.read(entry, level + 1, inside) for entry in tree]
        if not isinstance(tree, _Tagged):
            return tree
        tag, content = tree
        match tag:
            case "map":
                keys = [_text(key) for key, _ in content]
                if len(set(keys)) != len(keys):
                    raise ProtocolError("a map with the same key twice")
                entries = (self.read(entry, level + 1, inside) for _, entry in content)
                return dict(zip(keys, entries, strict=True))
            case "float":
                return {"nan": math.nan, "inf": math.inf, "-inf": -math.inf}[content]
            case "tensor":
                return self.tensor(content)
            case "foreign":
                return Foreign(_text(content))
            case "part" if not inside:
                value, error, warnings, autograd = content
                return Part(
                    self.read(value, level + 1, inside=True),
                    None if error is None else _error(error),
                    tuple(_text(warning) for warning in _exact(warnings, list)),
                    _index(autograd),
                )
        raise ProtocolError("a tag that does not belong there")

    def tensor(self, index: Any) -> torch.Tensor:
        """A tensor of the table. Each use counts, for whoever compares them sees each."""
        tensor = self.tensors[_index(index)]
        self.bytes -= tensor.nbytes
        if self.bytes < 0:
            raise ProtocolError("a frame holds the same tensors too often")
        return tensor


def _error(tree: Any) -> Error:
    tag, content = tree
    if tag != "error":
        raise ProtocolError("a tag that does not belong there")
    kind, message, cell, line, source = content
    cell, line = (n if n is None else _index(n) for n in (cell, line))
    return Error(
        _text(kind), _text(message), cell, line, source if source is None else _text(source)
    )


def _tensors(table: Any, body: bytes) -> list[torch.Tensor]:
    if len(_exact(table, list)) > MAX_TENSORS:
        raise ProtocolError("too many tensors in a frame")
    tensors, start, view = [], 0, memoryview(body)
    for name, shape, requires_grad in table:
        dtype = DTYPES[_exact(name, str)]
        if len(_exact(shape, list)) > 64:
            raise ProtocolError("a tensor of too many dimensions")
        count = math.prod(_index(size) for size in shape)
        size = count * dtype.itemsize
        if size > len(body) - start:
            raise ProtocolError("a tensor is larger than its frame")
        if count:
            # A copy of its own: frombuffer on the frame would be read-only and keep all of it.
            flat = torch.frombuffer(bytearray(view[start : start + size]), dtype=dtype)
            if dtype is torch.bool:  # any byte but 0 and 1 would be undefined behaviour
                flat = flat.view(torch.uint8) != 0
        else:
            flat = torch.empty(0, dtype=dtype)
        tensor = flat.reshape(shape)
        if _exact(requires_grad, bool):
            if not (dtype.is_floating_point or dtype.is_complex):
                raise ProtocolError("an integer tensor cannot require a gradient")
            tensor.requires_grad_()
        tensors.append(tensor)
        start += size
    if start != len(body):
        raise ProtocolError("bytes left over in a frame")
    return tensors


def _exact(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise ProtocolError(f"a frame holds a {type(value).__name__} for a {kind.__name__}")
    return value


def _text(value: Any) -> str:
    """A string, without lone surrogates: those could not be written anywhere."""
    text: str = _exact(value, str)
    return text.encode("utf-8", "replace").decode()


def _index(value: Any) -> int:
    if not 0 <= _exact(value, int) < 2**48:
        raise ProtocolError("a frame holds a number out of range")
    return int(value)


class _Tagged(tuple[str, Any]):
    """An object of the head: a tag and its content."""

    __slots__ = ()


def _tagged(pairs: list[tuple[str, Any]]) -> _Tagged:
    (pair,) = pairs
    return _Tagged(pair)


def _refuse(constant: str) -> None:
    raise ProtocolError(f"a frame holds the bare constant {constant}")
