"""The reference's values on the visible cases, which students may have, and their `visible.json`.

Written by `autograder build`, and read by `autograder check`, which compares with them what it saw
as the notebook's own checks would.
"""

from __future__ import annotations

import json
import math
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

import torch

from ..course.assignment import Assignment
from ..errors import CourseError
from ..judging import judge
from ..observation import EVERY_PART, Foreign, Observation, Part
from ..reference import Reference
from .visible import Raised

VISIBLE = "visible.json"
DIGITS = 6  # of a shown value; the tolerance is 1e-4 of the largest

Values = Mapping[str, Any]  # of one exercise's visible case, by part: plain data


def values_seen(observation: Observation) -> Any:
    """An observation in the form that `visible.differences` compares."""
    if failed := observation.get(EVERY_PART):
        return _seen(failed)
    return {name: _seen(part) for name, part in observation.items()}


def _seen(part: Part) -> Any:
    if part.error is None:
        return _named(part.value)
    error = part.error
    place = f" (cell {error.cell}, line {error.line}: {error.source})" if error.cell else ""
    return Raised(f"{error.type}: {error.message}{place}")


class _Unknown(str):
    """The name of a type that stays behind in the worker, in words."""

    def __repr__(self) -> str:
        return f"an object of type {self}"


def _named(value: Any) -> Any:
    if isinstance(value, dict):
        return {key: _named(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_named(entry) for entry in value]
    return _Unknown(value.type) if isinstance(value, Foreign) else value


# Values on the visible cases


def wanted_values(assignment: Assignment) -> dict[str, Values]:
    """What the solution of each exercise gives on its visible case, rounded for people to read.

    Raises:
        CourseError: a solution fails, or gives something that is not plain data.
    """
    return {name: values_of(reference) for name, reference in assignment.references.items()}


def values_of(reference: Reference) -> Values:
    """The same, of one exercise.

    Raises:
        CourseError: as for all.
    """
    (observed,) = judge.want(reference, [reference.exercise.visible])
    shown = observed.keys() if (only := reference.exercise.shown) is None else only
    if lacking := [part for part in shown if part not in observed]:
        raise CourseError(f"{reference.exercise.path}: shown: the probe has no {lacking[0]!r}")
    observation = {part: observed[part] for part in shown}
    for part_name, part in observation.items():
        problem = f"{part.error.type}: {part.error.message}" if part.error else ""
        if other := next(_foreign(part.value), None):
            problem = f"an object of type {other.type}, which is no plain data"
        if problem:
            raise CourseError(
                f"{reference.path}: no value to compare with in {part_name!r}: {problem}"
            )
    return {key: _rounded(part.value) for key, part in observation.items()}


def _foreign(value: Any) -> Iterator[Foreign]:
    """What is no plain data in a value."""
    if isinstance(value, (list, dict)):
        for entry in value.values() if isinstance(value, dict) else value:
            yield from _foreign(entry)
    elif isinstance(value, Foreign):
        yield value


def _rounded(value: Any) -> Any:
    """Floats with six digits, counted from the largest entry of a tensor."""
    if isinstance(value, dict):
        return {key: _rounded(entry) for key, entry in value.items()}
    if isinstance(value, list):
        return [_rounded(entry) for entry in value]
    if isinstance(value, torch.Tensor) and value.is_floating_point():
        exact = value.detach().double()
        size = max(exact[exact.isfinite()].abs().tolist(), default=0.0)
        entries = [_round(entry, size) for entry in exact.flatten().tolist()]
        return torch.tensor(entries, dtype=torch.float64).reshape(value.shape)
    return _round(value, abs(value)) if isinstance(value, float) else value


def _round(value: float, size: float) -> float:
    if not (math.isfinite(value) and size):
        return value
    return round(value, max(DIGITS - 1 - math.floor(math.log10(size)), DIGITS - 1)) + 0.0


# In the file: plain data as itself, {"$tensor": [...]} for a tensor, {"$float": "nan"} for nan


def visible_json(values: Mapping[str, Mapping[str, Any]]) -> bytes:
    """The file's content, of plain data: exercises, and in each a line for each observed part."""
    exercises = []
    for name, parts in values.items():
        lines = ",\n".join(
            f"  {json.dumps(key)}: {json.dumps(_packed(value), allow_nan=False)}"
            for key, value in parts.items()
        )
        exercises.append(f" {json.dumps(name)}: {{\n{lines}\n }}")
    return ("{\n" + ",\n".join(exercises) + "\n}\n").encode()


def read_visible(path: Path) -> dict[str, dict[str, Any]]:
    """The wanted values by exercise and part, as `visible_json` wrote them.

    Raises:
        CourseError: the file is missing or damaged.
    """
    try:
        content = json.loads(path.read_bytes())
        return {name: {k: _unpacked(v) for k, v in p.items()} for name, p in content.items()}
    except (OSError, ValueError, TypeError, AttributeError) as error:
        raise CourseError(f"{path}: expected what `autograder build` writes: {error}") from error


def _packed(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return {"$tensor": _packed(value.tolist())}
    if isinstance(value, float) and not math.isfinite(value):
        return {"$float": str(value)}
    if isinstance(value, dict):
        return {key: _packed(entry) for key, entry in value.items()}
    return [_packed(entry) for entry in value] if isinstance(value, list) else value


def _unpacked(value: Any) -> Any:
    if isinstance(value, list):
        return [_unpacked(entry) for entry in value]
    if not isinstance(value, dict):
        return value
    if list(value) == ["$tensor"]:
        return torch.tensor(_unpacked(value["$tensor"]))
    if list(value) == ["$float"]:
        return float(value["$float"])
    return {key: _unpacked(entry) for key, entry in value.items()}
