"""The hidden half of an exercise: `reference/<assignment>/<exercise>.py`.

Such a file holds the solution (with the exercise's name), `hidden(draw)`, which makes one hidden
case, `checks`, the known mistakes with their score and sentence, alternative right solutions, and
perhaps `why`, a paragraph of Markdown that says why the solution is right. It is loaded by the
judge alone: nothing here ever enters the process that runs student code.
"""

from __future__ import annotations

import ast
import re
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from .checks import Check
from .draw import Draw
from .errors import CourseError
from .exercise import Case, Exercise, load_exercise, load_module, source_of, takes
from .literal import literal


@dataclass(frozen=True)
class Mistake:
    """A known wrong answer, the points that it earns, and what its author should read."""

    answer: Any
    score: float
    sentence: str


@dataclass(frozen=True)
class Alternative:
    """Another right answer: it must earn full marks."""

    answer: Any


def mistake(score: float, sentence: str = "") -> Callable[[Any], Mistake]:
    """Declare the decorated function, class or value a known mistake.

    Raises:
        TypeError: it is not called with points and a sentence.
    """
    if not isinstance(score, (int, float)) or not isinstance(sentence, str) or not sentence:
        raise TypeError('expected @mistake(points, "what its author should read")')
    return lambda answer: Mistake(answer, score, sentence)


def alternative(*answer: Any) -> Alternative:
    """Declare the decorated function, class or value another right answer.

    Raises:
        TypeError: it is not called with that alone.
    """
    if len(answer) != 1:
        raise TypeError("expected @alternative, without parentheses")
    return Alternative(*answer)


def published(file: str) -> Exercise:
    """The public half that belongs to the reference in `file` (give `__file__`).

    For exercises whose inputs are public, as with questions about numbers that students are told.
    """
    hidden = Path(file)
    return load_exercise(hidden.parents[2] / "assignments" / hidden.parent.name / hidden.name)


@dataclass(frozen=True)
class Reference:
    """An exercise with everything that its students must not see."""

    exercise: Exercise
    solution: Any
    hidden: Callable[[Draw], Case]
    checks: dict[str, Check]
    mistakes: dict[str, Mistake]
    alternatives: dict[str, Alternative]
    path: Path
    text: str
    why: str = ""  # Markdown: why the solution is right

    def answer(self, name: str) -> Any:
        """A mistake or an alternative by its name; by any other, the solution."""
        known: dict[str, Any] = {**self.mistakes, **self.alternatives}
        return known[name].answer if name in known else self.solution

    def source(self, name: str) -> str:
        """Source of the solution, a mistake or an alternative, under the exercise's own name."""
        answer = self.answer(name)
        if not callable(answer):
            return f"{self.exercise.name} = {literal(answer)}"
        source = source_of(self.text, name)
        if source is None:
            raise CourseError(f"{self.path}: no top-level definition of {name!r}")
        return re.sub(rf"\b{name}\b", self.exercise.name, source, count=1)


def load_reference(path: Path, exercise: Exercise) -> Reference:
    """Load one file of `reference/`.

    Raises:
        CourseError: the file does not run, defines something twice, or lacks the solution, `hidden`
            or `checks`, or its `why` is no text.
    """
    module, text = load_module(path)
    if twice := _defined_twice(text):
        raise CourseError(f"{path}: {twice!r} is defined twice: the first would be lost")
    content = vars(module)
    checks = content.get("checks")
    missing = [
        what
        for what, found in {
            f"the solution {exercise.name!r}": exercise.name in content,
            "hidden(draw)": takes(content.get("hidden"), 1),
            "checks = {name: check, ...}": isinstance(checks, dict)
            and bool(checks)
            and all(isinstance(check, Check) for check in checks.values()),
            'why = "..."': isinstance(content.get("why", ""), str),
        }.items()
        if not found
    ]
    if missing:
        raise CourseError(f"{path}: expected {' and '.join(missing)}")
    return Reference(
        exercise=exercise,
        solution=content[exercise.name],
        hidden=content["hidden"],
        checks=content["checks"],
        mistakes={name: m for name, m in content.items() if isinstance(m, Mistake)},
        alternatives={name: a for name, a in content.items() if isinstance(a, Alternative)},
        path=path,
        text=text,
        why=content.get("why", "").strip(),
    )


def _defined_twice(text: str) -> str | None:
    """A definition, or a key of `checks`, that a later one of the same name would replace."""
    names, keys = list[str](), list[str]()
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.ClassDef)):
            names.append(node.name)
        elif isinstance(node, ast.Assign):
            targets = [target.id for target in node.targets if isinstance(target, ast.Name)]
            names += targets
            if "checks" in targets and isinstance(node.value, ast.Dict):
                keys = [str(k.value) for k in node.value.keys if isinstance(k, ast.Constant)]
    repeated = (name for found in (names, keys) for name in found if found.count(name) > 1)
    return next(repeated, None)
