"""Checks: conditions on what was seen, given what the reference gave for the same case.

A check returns None when it holds, else one sentence for the student. That sentence may tell what
was seen, and which shape or type was expected, but never an expected value. Most checks are made
by the functions below; a special one is a decorated function in the reference file:

    @check("before", "after")
    def moved(seen, wanted, case):
        if seen["after"].value == seen["before"].value: return "nothing moved"

`close("g") & used_autograd("g")` holds if both do, and tells what the first failing one says.
A check names the parts that it reads; it is not asked when one of them raised.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from typing import Any

import torch

from .compare import (
    LIST,
    Tolerance,
    brief,
    difference,
    dig,
    identical,
    is_tensor,
    wrong_length,
    wrong_shape,
)
from .exercise import Case
from .observation import Observation, Part

Test = Callable[[Observation, Observation, Case, Tolerance], str | None]
Place = tuple[str | int, ...]

NOTHING = "None, where a value was asked for"
NO_RETURN = f"{NOTHING}: is a `return` missing?"

# Kinds of plain data, in words.
PLAIN = {str: "string", int: "whole number", float: "float", list: LIST, dict: "dict"}


@dataclass(frozen=True)
class Check:
    """A condition, the parts that it reads, and the places in them whose values it is about."""

    reads: tuple[str, ...]
    test: Test
    about: tuple[Place, ...] | None = None  # None: all of these parts; (): no value by itself

    def __and__(self, other: Check) -> Check:
        def both(seen: Observation, wanted: Observation, case: Case, t: Tolerance) -> str | None:
            return self.test(seen, wanted, case, t) or other.test(seen, wanted, case, t)

        reads, about = self.reads + other.reads, self._about + other._about
        return Check(tuple(dict.fromkeys(reads)), both, tuple(dict.fromkeys(about)))

    def __bool__(self) -> bool:
        """None: `a and b` would be b alone.

        Raises:
            TypeError: always.
        """
        raise TypeError("checks are combined with &, not with `and`")

    def saying(self, sentence: str) -> Check:
        """The same, which says this when it does not hold."""

        def test(seen: Observation, wanted: Observation, case: Case, t: Tolerance) -> str | None:
            return sentence if self.test(seen, wanted, case, t) else None

        return replace(self, test=test)

    @property
    def places(self) -> tuple[Place, ...]:
        """Where the values lie that tell its failures apart: each a part, and steps into it."""
        return self._about or self._whole

    @property
    def _about(self) -> tuple[Place, ...]:
        return self._whole if self.about is None else self.about

    @property
    def _whole(self) -> tuple[Place, ...]:
        return tuple((part,) for part in self.reads)


def check(*reads: str) -> Callable[[Callable[[Observation, Observation, Case], str | None]], Check]:
    """Make a check of a function (seen, wanted, case) that returns None or a sentence.

    Raises:
        TypeError: it is not called with the names of parts, as without parentheses.
    """
    if not all(isinstance(part, str) for part in reads):
        raise TypeError('expected @check("part", ...), with the parts that it reads')

    def decorate(function: Callable[[Observation, Observation, Case], str | None]) -> Check:
        return Check(reads, lambda seen, wanted, case, _: function(seen, wanted, case))

    return decorate


def of_part(part: str, sentence: Callable[[Part], str | None]) -> Check:
    """A check that looks at one part of what was seen and needs nothing else."""
    return Check((part,), lambda seen, wanted, case, _: sentence(seen[part]))


def _of_way(part: str, sentence: Callable[[Part], str | None]) -> Check:
    """The same, of how its value came about, or what kind it is: any value may come so."""
    return replace(of_part(part, sentence), about=())


# Values


def close(
    part: str,
    *path: str | int,
    absolute: float | None = None,
    relative: float | None = None,
    called: str = "",
) -> Check:
    """The same numbers in the same shape, within the tolerance; `path` goes into lists and dicts.

    Tensors may be float32 or float64, scalars may be numbers or 0-d tensors. Sentences call it as
    it is `called`, or by its place. A tolerance below 0 is a ValueError.
    """
    if min(absolute or 0, relative or 0) < 0:
        raise ValueError("a tolerance is a number from 0")
    return _comparing(
        part, path, lambda name, s, w, t: difference(called or name, s, w, t, absolute, relative)
    )


def same(part: str, *path: str | int) -> Check:
    """Exactly equal plain data: strings, bools, whole numbers, None, lists and dicts of them."""

    def compare(name: str, seen: Any, want: Any, _: Tolerance) -> str | None:
        if identical(seen, want):
            return None
        kind = PLAIN.get(type(want))
        if kind and type(seen) is type(want):
            return f"{name}: not the right {kind}"
        got = brief(seen)
        return f"{name}: expected a {kind}, got {got}" if kind else f"{name}: {got} is not right"

    return _comparing(part, path, compare)


def shape(part: str, *path: str | int) -> Check:
    """A tensor of the expected shape, whatever its numbers."""

    return _comparing(part, path, lambda name, seen, want, _: wrong_shape(name, seen, want))


def length(part: str) -> Check:
    """A list with the expected number of entries."""

    def compare(name: str, seen: Any, want: Any, _: Tolerance) -> str | None:
        if not isinstance(seen, list):
            return f"{name}: expected a {LIST}, got {brief(seen)}"
        return f"{name}: {wrong_length(seen, want)}" if len(seen) != len(want) else None

    return _comparing(part, (), compare)


def _comparing(
    part: str,
    path: tuple[str | int, ...],
    compare: Callable[[str, Any, Any, Tolerance], str | None],
) -> Check:
    """A check that compares what lies at one place of what was seen and of what was wanted."""

    def test(seen: Observation, wanted: Observation, case: Case, t: Tolerance) -> str | None:
        if seen[part].value is None and wanted[part].value is not None:
            return f"{part}: {_nothing(part, seen, wanted)}"
        want, _ = dig(wanted[part].value, path)
        found, problem = dig(seen[part].value, path)
        return problem or compare(_place(part, path), found, want, t)

    return Check((part,), test, ((part, *path),))


def _nothing(part: str, seen: Observation, wanted: Observation) -> str:
    """Nothing came back; a `return` is there if elsewhere something of the kind came back."""
    kind = type(wanted[part].value)
    others = [name for name, found in wanted.items() if type(found.value) is kind]
    returns = any(name in seen and seen[name].value is not None for name in others)
    return NOTHING if returns else NO_RETURN


def _place(part: str, path: tuple[str | int, ...]) -> str:
    """What a sentence calls it: `history[0]`, `loss`, `0.weight['mean']`."""
    first, *steps = path if path and isinstance(path[0], str) else (part, *path)
    return str(first) + "".join(f"[{step!r}]" for step in steps)


def unchanged(before: str, after: str) -> Check:
    """Two parts of what was seen are the same, bit for bit."""

    told = f"{after} is not {before}: it should have been left alone"
    return check(before, after)(
        lambda seen, *_: None if identical(seen[before].value, seen[after].value) else told
    )


# How the values came about


def own_storage(part: str) -> Check:
    """A list of tensors, no two of which share their memory."""

    def sentence(seen: Part) -> str | None:
        entries = seen.value
        if not (isinstance(entries, list) and entries):
            return f"expected a list of tensors, got {brief(entries)}"
        if other := [entry for entry in entries if not is_tensor(entry)]:
            return f"expected a list of tensors, and an entry is {brief(other[0])}"
        apart = len({entry.data_ptr() for entry in entries}) == len(entries)
        return None if apart else "some entries are one and the same tensor: store a copy (clone)"

    return of_part(part, sentence)


def plain_tensor(part: str, dimensions: int) -> Check:
    """A float tensor of that many dimensions that carries no gradient history."""

    def sentence(seen: Part) -> str | None:
        value = seen.value
        if not (is_tensor(value) and value.is_floating_point()):
            return f"expected a float tensor, got {brief(value)}"
        if value.dim() != dimensions:
            return f"expected a {dimensions}-D tensor, got {brief(value)}"
        return "the tensor still requires grad: return it detached" if value.requires_grad else None

    return of_part(part, sentence)


def came_back(part: str) -> Check:
    """The call did not raise."""
    return _of_way(part, lambda seen: None)


def used_autograd(part: str, times: int = 1) -> Check:
    """Autograd ran at least so often."""
    asked = "autograd never ran" if times == 1 else f"autograd should run at least {times} times"
    return _of_way(part, lambda seen: None if seen.autograd >= times else asked)


def without_autograd(part: str) -> Check:
    """Autograd did not run."""
    return _of_way(
        part, lambda seen: "autograd ran: do this one by hand" if seen.autograd else None
    )


def quiet(part: str, text: str) -> Check:
    """No warning that contains `text` (other warnings cost nothing)."""

    def sentence(seen: Part) -> str | None:
        return f"it warned about {text!r}" if any(text in w for w in seen.warnings) else None

    return _of_way(part, sentence)


def floats(part: str, *path: str | int) -> Check:
    """A Python float, or a list of them: no tensor, no int."""

    def compare(name: str, seen: Any, want: Any, _: Tolerance) -> str | None:
        entries = seen if isinstance(seen, list) else [seen]
        other = [entry for entry in entries if type(entry) is not float]
        asked = "a list of Python floats" if isinstance(want, list) else "Python floats"
        came = "and an entry is" if entries is seen else "got"
        return f"{name}: expected {asked}, {came} {brief(other[0])}" if other else None

    return _comparing(part, path, compare)


def returned(part: str, kind: type) -> Check:
    """A value of that type came back (bool is no int); a TypeError, if `kind` is none."""
    if not isinstance(kind, type):
        raise TypeError(f"expected a type, as in returned({part!r}, list): {kind!r} is none")

    def sentence(seen: Part) -> str | None:
        if type(seen.value) is kind or (kind is torch.Tensor and is_tensor(seen.value)):
            return None
        if seen.value is None:
            return NO_RETURN
        return f"expected a {PLAIN.get(kind, kind.__name__)}, got {brief(seen.value)}"

    return _of_way(part, sentence)
