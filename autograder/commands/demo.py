"""A sample class: notebooks made of the exercises' own right and wrong answers, and odd ones."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path

import nbformat

from ..course.assignment import Assignment
from ..reference import Reference

ASSIGNMENT = "backprop"
SECRET = "demo-secret"  # noqa: S105 (known to all: it makes the demo the same everywhere)
STUDENTS = (
    "ada alan barbara blaise carl cecilia chen daphne edsger emmy evariste fei frances geoffrey "
    "grace hypatia isaac john katherine leonhard maryam rosalind sofia srinivasa"
).split()

# What some of them write to the questions, and a cell of one's own below the last answer.
ANSWERS = {
    "S1": (
        "The second call raises a `RuntimeError`: the first one has freed what the graph had "
        "saved. `zero_grad()` does not bring that back; compute the loss again.\n\nIf the loss "
        "*is* computed again, nothing is raised, and the new gradient is **added** to the old "
        "one. That is what `zero_grad()` is for.",
        "The gradients add up, so you get twice the gradient. `zero_grad()` sets them to zero.",
        "You get an error because the graph is gone. Use `retain_graph=True`, or `zero_grad()`.",
        "It trains twice as fast.",
    ),
    "S2": (
        "The derivative of $x^2$ is $2x$: without the value of $x$ it is a formula, and no number. "
        "`backward()` multiplies numbers, so it needs what the forward pass computed.",
        "Because PyTorch is not symbolic.",
        "They don't, autograd knows the formula.",
    ),
    "S4": (
        "The mean can be 0 where all entries are large, with both signs; the standard deviation "
        "then shows it. Together they tell whether a layer learns at all.",
        "They show if gradients vanish.",
    ),
}
PLOT = """\
import matplotlib.pyplot as plt

w = torch.linspace(-3, 3, 61, requires_grad=True)
loss = (w**2 - 2).square()
loss.sum().backward()
plt.plot(w.detach(), loss.detach(), label="loss")
plt.plot(w.detach(), w.grad, label="d loss / dw")
plt.xlabel("w")
plt.legend()
plt.show()
print("the slope is 0 at", w[w.grad.abs() < 0.5].detach())
"""
PLOTS = 5  # every so many students draws it

BROKEN = "def {name}(values)\n    return values\n"
LOOP = "def {name}(*args, **kwargs):\n    while True:\n        pass\n"
EXIT = "import os\ndef {name}(*args, **kwargs):\n    os._exit(0)\n"
NOISY = "import sys, warnings\nprint('a remark', file=sys.stderr)\nwarnings.warn('a warning')\n"


def make_class(assignment: Assignment, folder: Path) -> int:
    """Write a submission of each student into `folder`; returns how many."""
    folder.mkdir(parents=True, exist_ok=True)
    for number, student in enumerate(STUDENTS):
        (folder / f"{student}.ipynb").write_text(_notebook(assignment, number), encoding="utf-8")
    for name, awkward in AWKWARD.items():
        awkward(assignment, folder / name)
    return len(STUDENTS) + len(AWKWARD)


def _notebook(assignment: Assignment, number: int, **special: str) -> str:
    """The student notebook with answers filled in: the better the student, the more right ones."""
    path = assignment.folder / f"{assignment.name}.ipynb"
    notebook = nbformat.read(path, as_version=4)  # type: ignore[no-untyped-call]
    for cell in notebook.cells:
        if (reference := assignment.references.get(cell.get("id", ""))) is not None:
            name = reference.exercise.name
            cell.source = special.get(name) or _answer(reference, number)
        elif cell.get("id", "") in assignment.question_points and not special:
            cell.source = _written(cell.id, number) or cell.source
    if number % PLOTS == 2 and not special:
        notebook.cells.append(nbformat.v4.new_code_cell(PLOT, id="own-plot"))  # type: ignore[no-untyped-call]
    return str(nbformat.writes(notebook))  # type: ignore[no-untyped-call]


def _answer(reference: Reference, number: int) -> str:
    """A student's answer, from lots of its own: another mistake in the reference moves few."""
    exercise = reference.exercise
    if _lot(number, exercise.name) < number % 10 / 10:
        known = [*reference.mistakes, ""]
    else:
        known = [exercise.name, *reference.alternatives]
    name = min(known, key=lambda each: _lot(number, exercise.name, each))
    return reference.source(name) if name else exercise.skeleton


def _lot(*of: object) -> float:
    return random.Random(str(of)).random()  # noqa: S311 (nothing to guess)


def _written(question: str, number: int) -> str:
    """A student's answer to a question; empty if they left it out, as one in four does."""
    known = ANSWERS.get(question, ())
    choose = random.Random(f"{question} {number}")  # noqa: S311 (nothing to guess)
    return choose.choice(known) if known and choose.random() < 0.75 else ""


def _write(text: Callable[[Assignment], str]) -> Callable[[Assignment, Path], None]:
    def write(assignment: Assignment, path: Path) -> None:
        path.write_text(text(assignment), encoding="utf-8")

    return write


def _first(assignment: Assignment) -> str:
    return next(iter(assignment.references))


def _script(assignment: Assignment) -> str:
    answers = [r.source(name) for name, r in assignment.references.items()]
    imports = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
    return "\n\n".join([imports, *answers])


AWKWARD: dict[str, Callable[[Assignment, Path], None]] = {
    "zoe-broken-cell.ipynb": _write(
        lambda a: _notebook(a, 0, **{_first(a): BROKEN.format(name=_first(a))})
    ),
    "zoe-endless-loop.ipynb": _write(
        lambda a: _notebook(a, 0, **{_first(a): LOOP.format(name=_first(a))})
    ),
    "zoe-exits.ipynb": _write(
        lambda a: _notebook(a, 0, **{_first(a): EXIT.format(name=_first(a))})
    ),
    "zoe-noisy.ipynb": _write(
        lambda a: _notebook(a, 0, **{_first(a): NOISY + a.references[_first(a)].source(_first(a))})
    ),
    "zoe-script.py": _write(_script),
    "zoe-essay.docx": _write(lambda a: "An essay on gradients."),
    "zoe-empty.ipynb": _write(lambda a: ""),
    "zoe-untouched.ipynb": _write(
        lambda a: (a.folder / f"{a.name}.ipynb").read_text(encoding="utf-8")
    ),
}
