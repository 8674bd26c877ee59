"""Comparing plain data: what a student's function gave with what the reference gave.

Sentences tell what was seen and which shape or type was expected, never an expected value.
"""

from __future__ import annotations

import math
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch

from .observation import Foreign

KNOWN_TYPES = {  # names that may be repeated to a student; others could spell a hidden input
    *("set", "frozenset", "generator", "map", "filter", "zip", "range", "complex"),
    *("type", "bytes", "numpy.ndarray", "numpy.float32", "numpy.float64", "numpy.int64"),
    *("numpy.bool", "torch.nn.parameter.Parameter", "torch.nn.modules.linear.Linear"),
    *("torch.nn.modules.container.Sequential", "collections.OrderedDict", "module"),
}
CALLED = {"function", "method", "builtin_function_or_method"}


@dataclass(frozen=True)
class Tolerance:
    """How far a number may be off: error <= absolute + relative x largest wanted entry.

    `scale` multiplies every limit, those that a check sets for itself included.
    """

    absolute: float = 1e-6
    relative: float = 1e-4
    scale: float = 1.0

    def limit(self, size: float, absolute: float | None, relative: float | None) -> float:
        """The largest error allowed beside `size`; None stands for the policy's own limit."""
        a = self.absolute if absolute is None else absolute
        r = self.relative if relative is None else relative
        return self.scale * (a + r * size)


LIST = "list or tuple"  # what was seen does not tell them apart
MOST_DIGITS = 8  # of single precision
FEW = 1000  # entries that Python compares faster than torch
Limit = Callable[[float], float]  # the largest error beside a number of that size
ALIKE = Tolerance(absolute=1e-12)  # of two answers that were computed alike; 1e-9 is not 0


def difference(
    name: str,
    seen: Any,
    want: Any,
    tolerance: Tolerance,
    absolute: float | None = None,
    relative: float | None = None,
) -> str | None:
    """How `seen` differs from `want` (numbers, tensors, lists and dicts of them), or None."""

    def inside(step: Any, found: Any, expected: Any) -> str | None:
        return difference(f"{name}[{step!r}]", found, expected, tolerance, absolute, relative)

    if isinstance(want, list):
        if not isinstance(seen, list):
            return f"{name}: expected a {LIST}, got {brief(seen)}"
        if len(seen) != len(want):
            return f"{name}: {wrong_length(seen, want)}"
        pairs = enumerate(zip(seen, want, strict=True))
        return next((d for i, (s, w) in pairs if (d := inside(i, s, w))), None)
    if isinstance(want, dict):
        if not isinstance(seen, dict):
            return f"{name}: expected a dict, got {brief(seen)}"
        if missing := [key for key in want if key not in seen]:
            return f"{name}: {missing[0]!r} is missing"
        return next((d for k, w in want.items() if (d := inside(k, seen[k], w))), None)
    if not (is_tensor(want) or is_number(want)):
        return None if identical(seen, want) else f"{name}: got {brief(seen)}"
    if problem := wrong_shape(name, seen, want):
        return problem
    return _far(name, seen, want, tolerance, absolute, relative)


def wrong_shape(name: str, seen: Any, want: Any) -> str | None:
    """What is wrong with the type or the shape of a number or tensor, or None."""
    shape = want.shape if is_tensor(want) else torch.Size()
    if not shape and is_number(seen):
        return None
    what = f"a tensor of shape {tuple(shape)}" if shape else "one number"
    if not is_tensor(seen):
        return f"{name}: expected {what}, got {brief(seen)}"
    number = not shape and seen.dtype not in (torch.bool, torch.complex64, torch.complex128)
    if seen.dtype not in (torch.float32, torch.float64) and not number:
        return f"{name}: expected a float tensor, got {seen.dtype}"
    if seen.shape != shape:
        return f"{name}: expected {what}, got {told_shape(seen, shape)}"
    return None


# Sizes are the student's to choose, and could spell a hidden input: only likely ones are told.


def told_shape(tensor: torch.Tensor, expected: torch.Size) -> str:
    """A shape in words, if it is made of the sizes that were expected."""
    likely = tensor.numel() and tensor.dim() <= len(expected) + 2
    if likely and {*tensor.shape} <= {1, *expected}:
        return f"shape {tuple(tensor.shape)}"
    return "another shape"


def wrong_length(seen: list[Any], want: list[Any]) -> str:
    """How many entries came, if that is not absurd."""
    count = len(seen) if len(seen) <= 2 * len(want) + 2 else "many more"
    return f"expected {len(want)} entr{'y' if len(want) == 1 else 'ies'}, got {count}"


def dig(value: Any, path: tuple[str | int, ...]) -> tuple[Any, str | None]:
    """Follow keys and positions; the second result says where that was not possible."""
    for step in path:
        if not isinstance(value, dict if isinstance(step, str) else list):
            asked = "dict" if isinstance(step, str) else LIST
            return None, f"expected a {asked}, got {brief(value)}"
        held: Any = value
        if step not in held if isinstance(step, str) else step >= len(held):
            return None, f"there is no [{step!r}] in {brief(held)}"
        value = held[step]
    return value, None


def is_number(value: Any) -> bool:
    """An int or a float, and not a bool."""
    return type(value) in (int, float)


def brief(value: Any) -> str:
    """A value in a few words, for a sentence. Never the value itself: it may be a hidden input."""
    if is_tensor(value):
        return f"a {value.dim()}-D tensor" if value.dim() <= 3 else "a tensor"
    if isinstance(value, Foreign):
        if value.type in CALLED:
            return "a function or method: are its parentheses missing?"
        known = value.type in KNOWN_TYPES
        return f"an object of type {value.type}" if known else "something that is not plain data"
    if isinstance(value, (list, dict)):
        return f"{'a' if value else 'an empty'} {LIST if isinstance(value, list) else 'dict'}"
    if value is None or isinstance(value, bool):
        return repr(value)
    return {int: "a whole number", float: "a float", str: "a string"}.get(type(value), "no value")


def _far(
    name: str,
    seen: Any,
    want: Any,
    tolerance: Tolerance,
    absolute: float | None,
    relative: float | None,
) -> str | None:
    """How numbers of the same shape differ, or None."""
    count = _count if not is_tensor(want) or want.numel() <= FEW else _count_many
    nans, infs, wrong, total = count(seen, want, lambda s: tolerance.limit(s, absolute, relative))
    if nans:
        return f"{name}: contains nan"
    if infs:
        return f"{name}: contains inf"
    if not wrong:
        return None
    if total == 1:
        return f"{name}: {_rounding(seen, want) or 'wrong value'}"
    return f"{name}: right shape, but {wrong} of {total} values are wrong"


def _rounding(seen: Any, want: Any) -> str | None:
    """That a number is the wanted one, rounded; whole ones would be so too often by chance."""
    if is_number(seen) and is_number(want) and math.isfinite(seen) and seen != int(seen):
        for digits in range(2, MOST_DIGITS):
            if seen == round(want, digits) != round(seen, digits - 1):
                return f"rounded to {digits} decimals: leave it as it is"
    return None


def _count(seen: Any, want: Any, limit: Limit) -> tuple[int, int, int, int]:
    """How many numbers are nan, are infinite, or are wrong, where wanted ones are not; of all."""
    found, expected = _numbers(seen), _numbers(want)
    most = limit(max((abs(w) for w in expected if math.isfinite(w)), default=0.0))
    nans = infs = wrong = 0
    for s, w in zip(found, expected, strict=True):
        if s == w or abs(s - w) <= most:
            continue
        if math.isnan(s):
            nans += not math.isnan(w)
            wrong += not math.isnan(w)
        else:
            infs += math.isinf(s) and not math.isinf(w)
            wrong += 1
    return nans, infs, wrong, len(expected)


def _count_many(seen: Any, want: Any, limit: Limit) -> tuple[int, int, int, int]:
    """The same, for tensors that are so large that torch is faster."""
    seen, want = (tensor.detach().to(torch.float64) for tensor in (seen, want))
    finite = want.isfinite()
    most = limit(float(want[finite].abs().max()) if bool(finite.any()) else 0.0)
    right = (seen == want) | (seen.isnan() & want.isnan()) | ((seen - want).abs() <= most)
    bad = (seen.isnan() & ~want.isnan(), seen.isinf() & ~want.isinf(), ~right)
    nans, infs, wrong = (int(entries.sum()) for entries in bad)
    return nans, infs, wrong, want.numel()


def _numbers(value: Any) -> list[float]:
    """As double precision, which every number that can be here has or fits into."""
    if is_tensor(value):
        return value.detach().to(torch.float64).flatten().tolist()  # type: ignore[no-any-return]
    return [float(value)]


def identical(a: Any, b: Any) -> bool:
    """The same plain data, types included; nan equals nan."""
    if is_tensor(a) and is_tensor(b):
        if a.dtype != b.dtype or a.shape != b.shape:
            return False
        return torch.equal(a, b) or bool(((a == b) | ((a != a) & (b != b))).all())
    if type(a) is not type(b) or is_tensor(a):
        return False
    if isinstance(a, list):
        return len(a) == len(b) and all(map(identical, a, b))
    if isinstance(a, dict):
        return a.keys() == b.keys() and all(identical(a[key], b[key]) for key in a)
    return bool(a == b) or (isinstance(a, float) and math.isnan(a) and math.isnan(b))


def is_tensor(value: Any) -> bool:
    """A tensor, and no subclass of it."""
    return type(value) is torch.Tensor


def alike(a: Any, b: Any) -> bool:
    """The same plain data, but for rounding, and for a number as 0-d tensor."""
    if isinstance(a, list) and isinstance(b, list):
        return len(a) == len(b) and all(map(alike, a, b))
    if isinstance(a, dict) and isinstance(b, dict):
        return a.keys() == b.keys() and all(alike(a[key], b[key]) for key in a)
    if is_number(a) or is_number(b):  # the other may be a 0-d tensor
        return difference("", a, b, ALIKE) is None
    if is_tensor(a) and is_tensor(b):
        same_kind = a.shape == b.shape and a.is_floating_point() == b.is_floating_point()
        return same_kind and (identical(a, b) or difference("", a, b, ALIKE) is None)
    return identical(a, b)
