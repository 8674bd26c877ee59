"""The student notebooks, solved, with whatever torch a Python has: for the lowest that we promise.

    python3 -m venv lowest
    lowest/bin/pip install torch==2.4.0 numpy==1.26.4
    lowest/bin/python tests/lowest_torch.py

On Linux, PyPI's wheel brings gigabytes of CUDA and does not import without; CPU builds are on
PyTorch's own index. Needs torch and numpy, and nothing else of what the grader needs; no part of
CI. Exit code 1 if a cell raises or a visible check does not pass.
"""

from __future__ import annotations

import ast
import contextlib
import io
import json
import platform
import sys
from pathlib import Path

import torch

ROOT = Path(__file__).resolve().parent.parent
sys.path.insert(0, str(ROOT))

from autograder.exercise import load_exercise  # noqa: E402
from autograder.reference import load_reference  # noqa: E402

PASSES = "passes the visible case"


def answers(assignment: str) -> dict[str, str]:
    """The solution of each exercise as a student would type it, with what it imports."""
    sources = {}
    for path in sorted((ROOT / "reference" / assignment).glob("[!_]*.py")):
        exercise = load_exercise(ROOT / "assignments" / assignment / path.name)
        reference = load_reference(path, exercise)
        imports = [
            line
            for statement in ast.parse(reference.text).body
            if isinstance(statement, (ast.Import, ast.ImportFrom))
            and not (line := ast.unparse(statement)).startswith(("from .", "from autograder"))
        ]
        sources[exercise.name] = "\n".join([*imports, reference.source(exercise.name)])
    return sources


def problems(assignment: str) -> list[str]:
    """Run the notebook from top to bottom, with every answer typed in; says what is not right."""
    path = ROOT / "assignments" / assignment / f"{assignment}.ipynb"
    solved, found, passed = answers(assignment), [], 0
    space = {"__name__": "__main__"}
    for cell in json.loads(path.read_text(encoding="utf-8"))["cells"]:
        if cell["cell_type"] != "code":
            continue
        source = solved.get(cell["id"], "".join(cell["source"]))
        printed = io.StringIO()
        try:
            with contextlib.redirect_stdout(printed):
                exec(compile(source, f"<{cell['id']}>", "exec"), space)
        except Exception as error:
            found.append(f"{cell['id']}: {type(error).__name__}: {error}")
            continue
        name = cell["id"].removesuffix("-check")
        if name in solved and name != cell["id"]:
            passed += printed.getvalue() == f"{name}: {PASSES}\n"
            found += [] if PASSES in printed.getvalue() else [printed.getvalue().strip()]
    print(f"{assignment}: {passed} of {len(solved)} visible checks pass")
    return found if passed == len(solved) else [*found, "some checks do not pass"]


def main() -> None:
    """Both notebooks."""
    print(f"torch {torch.__version__}, Python {platform.python_version()}, {platform.system()}")
    found = [line for name in ("backprop", "beyond") for line in problems(name)]
    print(*found, sep="\n", end="\n" * bool(found))
    sys.exit(1 if found else 0)


if __name__ == "__main__":
    main()
