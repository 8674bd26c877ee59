"""Python source of plain data, as a person would write it."""

from __future__ import annotations

import json
import math
import textwrap
from typing import Any

import torch

WIDTH = 100  # of a line, as in the exercise files


def literal(value: Any, indent: int = 0, before: int = 0) -> str:
    """Python source of plain data, over several lines where one would be too long.

    >>> print(literal({"grads": [torch.tensor([7.0, 9.0])]}))
    {"grads": [torch.tensor([7.0, 9.0])]}
    """
    line = _line(value)
    if indent + before + len(line) < WIDTH or not isinstance(value, (torch.Tensor, list, dict)):
        return line
    if isinstance(value, torch.Tensor):
        return f"torch.tensor({literal(value.tolist(), indent, before + len('torch.tensor()'))})"
    inner, (left, right) = indent + 4, "{}" if isinstance(value, dict) else "[]"
    if isinstance(value, dict):
        keys = {key: f"{json.dumps(key)}: " for key in value}
        entries = [f"{k}{literal(value[key], inner, len(k))}" for key, k in keys.items()]
    elif all(type(entry) in (int, float) for entry in value):
        entries = textwrap.wrap(", ".join(map(_line, value)), WIDTH - inner)
        entries = [entry.removesuffix(",") for entry in entries]
    else:
        entries = [literal(entry, inner) for entry in value]
    body = "".join(f"{' ' * inner}{entry},\n" for entry in entries)
    return f"{left}\n{body}{' ' * indent}{right}"


def _line(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        return f"torch.tensor({_line(value.tolist())})"
    if isinstance(value, dict):
        return "{" + ", ".join(f"{json.dumps(k)}: {_line(v)}" for k, v in value.items()) + "}"
    if isinstance(value, (list, tuple)):
        left, right = "[]" if isinstance(value, list) else ("(", ",)" if len(value) == 1 else ")")
        return f"{left}{', '.join(map(_line, value))}{right}"
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, float) and not math.isfinite(value):
        return f'float("{value}")'
    return repr(value)
