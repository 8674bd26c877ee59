"""What was seen when a student's function was called: plain data, never an object of theirs.

    Observation = {part name: Part}         one for each (exercise, case)
    Part        = value or error, plus the warnings and autograd calls on the way to it
    value       = None | bool | int | float | str | list | dict | torch.Tensor | Foreign

`plain` makes such values; `autograder.wire` carries them; the judge reads them.
"""

from __future__ import annotations

import linecache
import re
from dataclasses import dataclass, replace
from types import TracebackType
from typing import Any

import numpy as np
import torch

MAX_DEPTH = 16  # nested containers
MAX_ITEMS = 20_000  # entries in one part
MAX_TEXT = 10_000  # characters in one string
NOT_AVAILABLE = "not available while grading"
MAX_MESSAGE = 500  # characters of an error or a warning
MAX_CHARACTERS = 100_000  # in all strings of one part
MAX_TENSOR_BYTES = 8 << 20  # of one tensor
MAX_BYTES = 16 << 20  # of all tensors of one part
TENSOR_OVERHEAD = 1 << 12  # so that many small tensors count as well
DTYPES = {
    str(dtype).removeprefix("torch."): dtype
    for dtype in (
        *(torch.float16, torch.bfloat16, torch.float32, torch.float64),
        *(torch.bool, torch.uint8, torch.int8, torch.int16, torch.int32, torch.int64),
        *(torch.complex64, torch.complex128),
    )
}
NUMPY_NUMBERS = (np.float16, np.float32, np.float64, np.int32, np.int64, np.bool_)
CELL = "<cell {}>"  # the file name under which cell n (from 1) is compiled


@dataclass(frozen=True)
class Error:
    """An exception of the student's code, and where in their notebook it was raised."""

    type: str
    message: str
    cell: int | None = None  # counted from 1, code cells only
    line: int | None = None
    source: str | None = None


@dataclass(frozen=True)
class Foreign:
    """Something that is not plain data; only its type's name travels."""

    type: str


@dataclass(frozen=True)
class Part:
    """One part of an observation: what one call gave, or how it failed.

    `autograd` counts the autograd calls (backward, grad, forward mode) during the call, and
    `warnings` holds their messages; student code could falsify both, so they are advice.
    """

    value: Any = None
    error: Error | None = None
    warnings: tuple[str, ...] = ()
    autograd: int = 0


EVERY_PART = "*"  # stands for all parts when the probe as a whole failed

Observation = dict[str, Part]


def plain(value: Any) -> Any:
    """Copy `value` into plain data, at once, so that nothing can change it later.

    Tensors become detached copies in their own dtype and shape that keep `requires_grad`. Tensors
    with one data pointer stay one tensor, so that sharing can still be seen. Tuples and
    `torch.Size` become lists; anything unknown or too large becomes a `Foreign`.
    """
    try:
        return _Copier().copy(value, 0)
    except _TooMuch:
        return Foreign("result with too much in it")


class _TooMuch(Exception):
    """A result is beyond what one part may hold."""


class _Copier:
    def __init__(self) -> None:
        self.room = {"entries": MAX_ITEMS, "characters": MAX_CHARACTERS, "bytes": MAX_BYTES}
        self.tensors: dict[tuple[Any, ...], torch.Tensor] = {}

    def copy(self, value: Any, depth: int) -> Any:
        self.room["entries"] -= 1
        if min(self.room.values()) < 0:
            raise _TooMuch
        if value is None or value is True or value is False:
            return value
        if isinstance(value, torch.Tensor):
            return self.tensor(value)
        # The base classes' own methods: a subclass does not get to speak for itself.
        if isinstance(value, int):
            number = int.__int__(value)
            return number if abs(number) < 2**63 else Foreign("int beyond 64 bits")
        if isinstance(value, float):
            return float.__float__(value)
        if type(value) in NUMPY_NUMBERS:
            return self.copy(np.generic.item(value), depth)
        if type(value) is np.ndarray and value.dtype in NUMPY_NUMBERS and not value.ndim:
            return self.copy(np.ndarray.item(value), depth)
        if isinstance(value, str):
            return self.text(str.__str__(value))
        if isinstance(value, (list, tuple, dict)) and depth >= MAX_DEPTH:
            return Foreign(f"{type_name(value)} nested too deeply")
        if isinstance(value, (list, tuple)):
            each = list.__iter__(value) if isinstance(value, list) else tuple.__iter__(value)
            return [self.copy(entry, depth + 1) for entry in each]
        if isinstance(value, dict):
            pairs = list(dict.items(value))
            if not all(type(key) is str for key, _ in pairs):
                return Foreign("dict with keys that are not strings")
            return {self.text(key): self.copy(entry, depth + 1) for key, entry in pairs}
        return Foreign(type_name(value))

    def text(self, value: str) -> str:
        self.room["characters"] -= min(len(value), MAX_TEXT)
        return value[:MAX_TEXT]

    def tensor(self, value: torch.Tensor) -> Any:
        with torch._C.DisableTorchFunctionSubclass(), torch.no_grad():
            try:
                raw = value.as_subclass(torch.Tensor)
            except (NotImplementedError, RuntimeError):  # sparse ones have no storage
                return Foreign(f"{value.layout} tensor on {value.device.type}")
            if raw.layout != torch.strided or raw.is_quantized or raw.device.type == "meta":
                return Foreign(f"{raw.layout} tensor on {raw.device.type}")
            if raw.dtype not in DTYPES.values():
                return Foreign(f"tensor of {raw.dtype}")
            size = raw.numel() * raw.element_size()
            if size > MAX_TENSOR_BYTES:
                return Foreign(f"tensor of shape {tuple(raw.shape)}, which is too large")
            key = (raw.data_ptr(), raw.shape, raw.stride(), raw.dtype, raw.requires_grad)
            if size and key in self.tensors:
                self.room["bytes"] -= size  # it travels once, but is compared each time
                return self.tensors[key]
            self.room["bytes"] -= size + TENSOR_OVERHEAD
            copy = torch.empty(raw.shape, dtype=raw.dtype).copy_(raw)
            self.tensors[key] = copy.requires_grad_(raw.requires_grad)
            return copy


def type_name(value: Any) -> str:
    """The type's name as people write it: `numpy.ndarray`, but `set`."""
    kind = type(value)
    module = str(kind.__module__)
    name = str(kind.__qualname__)
    return (name if module in ("builtins", "__main__") else f"{module}.{name}")[:MAX_MESSAGE]


def describe(error: BaseException) -> Error:
    """Name, message and place of an exception; the place is the innermost line of a cell."""
    try:
        # What else a SyntaxError says is its place, by the name that we gave the cell.
        message = str(error.msg if isinstance(error, SyntaxError) else error)
    except Exception:  # a hostile or broken __str__ must not hide the error itself
        message = "(its message could not be read)"
    kind = type(error).__name__
    cell, line = _place(error.__traceback__)
    if cell is None and isinstance(error, SyntaxError) and error.filename:
        cell, line = _cell_number(error.filename), error.lineno
    source = linecache.getline(CELL.format(cell), line).strip() if cell and line else None
    return Error(
        kind[:MAX_MESSAGE],
        message[:MAX_MESSAGE],
        cell,
        line if cell else None,
        source[:MAX_MESSAGE] if source else None,
    )


def _place(traceback: TracebackType | None) -> tuple[int | None, int | None]:
    place: tuple[int | None, int | None] = (None, None)
    while traceback is not None:
        if (cell := _cell_number(traceback.tb_frame.f_code.co_filename)) is not None:
            place = (cell, traceback.tb_lineno)
        traceback = traceback.tb_next
    return place


def _cell_number(filename: str) -> int | None:
    before, after = CELL.split("{}")
    digits = filename.removeprefix(before).removesuffix(after)
    return int(digits) if before + digits + after == filename and digits.isdecimal() else None


def is_unfinished(error: Error | None) -> bool:
    """Whether it is the skeleton's NotImplementedError, or one that a student left.

    These say nothing or a name; torch's says in words what it cannot do.
    """
    return (
        error is not None
        and error.type == "NotImplementedError"
        and bool(re.fullmatch(r"(\w+(: \w+)?)?", error.message))
    )


def ran_out_of_memory(error: Error) -> bool:
    """Whether the error is Python's or torch's way to say so."""
    return error.type == "MemoryError" or "allocate memory" in error.message


def ran_short(error: Error) -> bool:
    """Whether memory or threads ran out, which may be the fault of what ran before."""
    return ran_out_of_memory(error) or "can't start new thread" in error.message


def shortened(error: Error) -> Error:
    """The error, no longer than `describe` makes it: a worker may say more than that."""
    return replace(error, type=error.type[:MAX_MESSAGE], message=error.message[:MAX_MESSAGE])


def explained(error: Error) -> Error:
    """The error, with what it means if a sandbox refused something; students know of none."""
    if error.type != "PermissionError" or NOT_AVAILABLE in error.message:
        return error
    return replace(error, message=f"{error.message}: {NOT_AVAILABLE}")
