"""The public half of an exercise: `assignments/<assignment>/<exercise>.py`.

Such a file holds a docstring (the prompt), the skeleton (a function, class or value with the
exercise's name), `visible` (the visible case) and `probe(student's answer, case)`, which calls it
and returns what it saw. Where some wanted values of the visible case would give the answer away,
`shown` names the parts that students may see. This module is what such files import, and what loads
them.
"""

from __future__ import annotations

import ast
import copy
import functools
import hashlib
import importlib.machinery
import importlib.util
import inspect
import re
import sys
import traceback
import warnings
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from types import ModuleType
from typing import Any

import torch
from torch.autograd import forward_ad

from . import wire
from .errors import CourseError
from .observation import EVERY_PART, MAX_MESSAGE, Observation, Part, describe, plain, type_name

MAX_WARNINGS = 20


class Case:
    """The inputs of one call, by name. Every access gives a fresh copy, so no call sees another's.

    >>> c = case(values=[2.0, 3.0], k=3)
    >>> c.values, c.k
    ([2.0, 3.0], 3)
    """

    def __init__(self, data: dict[str, Any]) -> None:
        self._data = data

    def __getattr__(self, name: str) -> Any:
        try:
            return _fresh(self.__dict__["_data"][name])
        except KeyError:
            raise AttributeError(f"this case has no {name!r}") from None

    def __repr__(self) -> str:
        inputs = ", ".join(f"{name}={value!r}" for name, value in self._data.items())
        return f"case({inputs})"

    @property
    def data(self) -> dict[str, Any]:
        """All inputs, as they cross the wire."""
        return self._data


def _fresh(value: Any) -> Any:
    """A copy of plain data that shares nothing with it."""
    if type(value) is torch.Tensor:
        return value.detach().clone().requires_grad_(value.requires_grad)
    if type(value) is list:
        return [_fresh(entry) for entry in value]
    if type(value) is dict:
        return {key: _fresh(entry) for key, entry in value.items()}
    return copy.deepcopy(value)


def case(**inputs: Any) -> Case:
    """A case: plain data only (numbers, strings, lists, dicts, tensors).

    Raises:
        CourseError: an input is called as something that every case has.
    """
    if taken := inputs.keys() & {"data", "_data"}:
        raise CourseError(
            f"an input of a case cannot be called {min(taken)!r}: choose another name"
        )
    return Case(inputs)


def attempt(call: Callable[[], Any]) -> Part:
    """Call, and record the value or the error, the warnings, and the number of autograd calls."""
    count_autograd()
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        before, value, error = _autograd_calls(), None, None
        try:
            value = plain(call())
        except BaseException as raised:  # SystemExit and KeyboardInterrupt too: they are the answer
            error = describe(raised)
    messages = tuple(str(w.message)[:MAX_MESSAGE] for w in caught[:MAX_WARNINGS])
    return Part(value, error, messages, max(0, _autograd_calls() - before))


# All of autograd passes through these: backward, grad, torch.autograd.functional and torch.func
# through the first, forward mode through the second.
_ENTRIES = ((torch.autograd, "_engine_run_backward"), (forward_ad, "enter_dual_level"))


class _Counted:
    """A function of torch, and how often it was called."""

    def __init__(self, function: Callable[..., Any]) -> None:
        functools.update_wrapper(self, function)
        self.function, self.calls = function, 0

    def __call__(self, *args: Any, **kwargs: Any) -> Any:
        self.calls += 1
        return self.function(*args, **kwargs)


def count_autograd() -> None:
    """Have autograd's calls counted from now on, in this process, by whatever name they are known.

    Workers do so before the first cell, since `from ... import enter_dual_level` keeps what it
    found.
    """
    for module, name in _ENTRIES:
        if not isinstance(entry := getattr(module, name), _Counted):
            setattr(module, name, _Counted(entry))


def _autograd_calls() -> int:
    entries = (getattr(module, name, None) for module, name in _ENTRIES)
    return sum(entry.calls for entry in entries if type(entry) is _Counted)


@dataclass(frozen=True)
class Exercise:
    """The public half of one exercise, as loaded from its file."""

    name: str
    prompt: str  # Markdown
    skeleton: str  # source of the stub that the student completes
    visible: Case
    probe: Callable[[Any, Case], Any]
    path: Path
    shown: tuple[str, ...] | None = None  # parts whose wanted values students see; None: all

    def observe(self, answer: Any, case: Case) -> Observation:
        """Probe `answer` on `case`. Whatever goes wrong is in the observation, never raised."""
        # An answer that draws numbers draws the same ones every time. (torch.manual_seed would do
        # the same on a CPU, but also record its stack three times for devices that are not there.)
        torch.default_generator.manual_seed(0)
        try:
            if self.skeleton.startswith(("def ", "class ")) and not callable(answer):
                raise TypeError(
                    f"{self.name} is {type_name(answer)} by now: a cell gave it a value"
                )
            parts = self.probe(answer, case)
            if not isinstance(parts, dict):
                alone = 'one part without a name, as in {"result": attempt(...)}'
                found = alone if isinstance(parts, Part) else type_name(parts)
                raise TypeError(f"the probe returned no dict of parts: {found}")
            return {name: _part(value) for name, value in parts.items()}
        except BaseException as raised:  # the student broke what the probe itself relies on
            return {EVERY_PART: Part(error=describe(raised))}


def _part(value: Any) -> Part:
    return value if isinstance(value, Part) else Part(plain(value))


def load_exercise(path: Path) -> Exercise:
    """Load one file of `assignments/`.

    Raises:
        CourseError: the file does not run, or lacks one of the things named above.
    """
    module, text = load_module(path)
    name = path.stem
    skeleton = source_of(text, name)
    missing = [
        what
        for what, found in {
            "a docstring (the prompt)": module.__doc__,
            f"a function, class or value named {name!r} (the skeleton)": skeleton,
            "visible = case(...)": isinstance(getattr(module, "visible", None), Case),
            "probe(answer, case)": takes(getattr(module, "probe", None), 2),
        }.items()
        if not found
    ]
    if missing:
        raise CourseError(f"{path}: expected {' and '.join(missing)}")
    try:
        wire.encode(module.visible.data)
    except Exception as error:
        raise CourseError(f"{path}: visible: {error}: a case is plain data only") from error
    return Exercise(
        name=name,
        prompt=inspect.cleandoc(module.__doc__ or ""),
        skeleton=skeleton or "",
        visible=module.visible,
        probe=module.probe,
        path=path,
        shown=getattr(module, "shown", None),
    )


def takes(function: Any, inputs: int) -> bool:
    """Whether something can be called with so many inputs."""
    try:
        inspect.signature(function).bind(*range(inputs))
    except TypeError:  # it cannot, or is no function
        return False
    except ValueError:  # it does not say what it takes
        return callable(function)
    return True


def exercise_files(folder: Path) -> dict[str, Path]:
    """The exercise files of one assignment's folder by name; `_helpers.py` are not exercises."""
    return {p.stem: p for p in sorted(folder.glob("*.py")) if not p.name.startswith("_")}


def load_module(path: Path) -> tuple[ModuleType, str]:
    """Run a course file. Returns it and its text.

    `from ._shared import ...` finds its neighbour, `from .._shared import ...` one for all folders.

    Raises:
        CourseError: it cannot be read or raises; says which line.
    """
    if not path.is_file():
        raise CourseError(
            f"{path} is missing: what has points in grading.yml is two files of the same name"
        )
    package = _package(path.parent.resolve())
    module = ModuleType(f"{package}.{path.stem}")
    module.__package__, module.__file__ = package, str(path)
    try:
        text = path.read_text(encoding="utf-8")
        # Not through the import system: its cache may be a second behind an edit.
        exec(compile(text, str(path), "exec", dont_inherit=True), module.__dict__)  # noqa: S102
    except (Exception, SystemExit) as error:
        lines = [
            f.lineno for f in traceback.extract_tb(error.__traceback__) if f.filename == str(path)
        ]
        line = lines[-1] if lines else getattr(error, "lineno", None)
        where = f"{path}:{line}" if line else str(path)
        words = error.msg if isinstance(error, SyntaxError) else str(error)  # it adds the place
        told = re.sub(r"(_course_[0-9a-f]{12}\.?)+", "", words)  # our names of the folders
        raise CourseError(f"{where}: {type(error).__name__}: {told}") from error
    return module, text


def _package(folder: Path) -> str:
    """The package that a course folder stands for, inside that of the folder above it."""
    above, here = (
        "_course_" + hashlib.sha256(str(place).encode()).hexdigest()[:12]
        for place in (folder.parent, folder)
    )
    package = f"{above}.{here}"
    for name, place in ((above, folder.parent), (package, folder)):
        if name not in sys.modules:
            spec = importlib.machinery.ModuleSpec(name, None, is_package=True)
            spec.submodule_search_locations = [str(place)]
            sys.modules[name] = importlib.util.module_from_spec(spec)
    return package


def source_of(text: str, name: str) -> str | None:
    """The source of the top-level function, class or assignment called `name`, undecorated."""
    for node in ast.parse(text).body:
        names = (
            [t.id for t in node.targets if isinstance(t, ast.Name)]
            if isinstance(node, ast.Assign)
            else []
        )
        if getattr(node, "name", None) == name or name in names:
            return "\n".join(text.splitlines()[node.lineno - 1 : node.end_lineno])
    return None
