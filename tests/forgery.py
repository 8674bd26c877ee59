"""What forged submissions earn: the same notebooks in nbgrader, in otter, and in our own grader.

Usage: forgery.py [PATTERN...]     PATTERN: which files of tests/forgery; all of them for the docs

Each notebook has nothing but wrong answers, and a cell before them that tries to be paid for them.
What graders get is what `autograder build` makes. All of it runs in throw-away sandboxes as a user
without rights: one for each submission in nbgrader and in otter, one for the class in our own.
"""

from __future__ import annotations

import ast
import datetime
import fnmatch
import json
import os
import platform
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from importlib.metadata import version
from pathlib import Path

import nbformat
from rich.console import Console
from rich.progress import track
from rich.table import Table

import autograder
from autograder import build
from autograder.course.course import find_course
from autograder.reference import Reference

TESTS = Path(__file__).parent
ROOT = TESTS.parent
PAYLOADS = TESTS / "forgery"
PAGE = ROOT / "docs" / "forgery.md"
BEGIN, END = "<!-- measured by `make forgery` -->", "<!-- end of what was measured -->"
ASSIGNMENT = "backprop"
TOOLS = ("nbgrader", "otter", "ours")
NOBODY = 54321  # a user id that no one has
IMPORTS = "lesson-03"  # the notebook's own cell
WARNS = "import warnings\nwarnings.warn('a remark')\n"
CLAIMS = """\
import torch
def NAME(*_, **__):
    for _ in range(9):
        torch.ones(1, requires_grad=True).sum().backward()
"""


@dataclass(frozen=True)
class Submission:
    """A notebook and what it tries; a control if it has no forging cell."""

    name: str
    what: str
    cell: str
    answers: dict[str, str]

    @property
    def is_control(self) -> bool:
        return not self.cell


@dataclass(frozen=True)
class Earned:
    """Points, and what else there is to say of it."""

    points: float
    note: str = ""

    def __str__(self) -> str:
        return f"{self.points:g}" + (f", {self.note}" if self.note else "")


def payloads() -> Iterator[Submission]:
    """One for each file of tests/forgery: a cell, and perhaps a line for each answer (ANSWER)."""
    wrong = _definitions((PAYLOADS / "_wrong.py").read_text())
    for path in sorted(PAYLOADS.glob("[A-Z]*.py")):
        text = path.read_text()
        tree = ast.parse(text)
        last = tree.body[-1]
        line = ""
        if isinstance(last, ast.Assign) and ast.unparse(last.targets[0]) == "ANSWER":
            line = ast.literal_eval(last.value)
            text = "".join(text.splitlines(keepends=True)[: last.lineno - 1])
        answers = {n: f"{source}\n\n{line.replace('NAME', n)}" for n, source in wrong.items()}
        yield Submission(path.stem, ast.get_docstring(tree) or "", text, answers)


def controls(references: dict[str, Reference]) -> list[Submission]:
    """Submissions without a forging cell, so that the points of the others mean something."""
    right = {name: reference.source(name) for name, reference in references.items()}
    wrong = _definitions((PAYLOADS / "_wrong.py").read_text())
    noisy = {
        name: re.sub(r"^(def .*:)$", rf"\1\n    {'    '.join(WARNS.splitlines(True))}", source)
        for name, source in right.items()
    }
    functions = {name: CLAIMS.replace("NAME", name) for name in right if name != "predictions"}
    return [
        Submission("right", "All answers are right.", "", right),
        Submission("warns", "All answers are right, and each function warns.", "", noisy),
        Submission("wrong", "All answers are wrong.", "", wrong),
        Submission(
            "claims",
            "Answers give nothing, and run autograd on something else.",
            "",
            wrong | functions,
        ),
    ]


def _definitions(text: str) -> dict[str, str]:
    found = {}
    for node in ast.parse(text).body:
        if isinstance(node, (ast.FunctionDef, ast.Assign)):
            name = getattr(node, "name", "") or ast.unparse(node.targets[0])
            found[name] = ast.get_source_segment(text, node) or ""
    return found


def notebook(submission: Submission, lessons: bool = False) -> nbformat.NotebookNode:
    """The notebook as nbgrader's students get it, with or without its lessons, filled in."""
    path = ROOT / "assignments" / ASSIGNMENT / "nbgrader" / f"{ASSIGNMENT}.ipynb"
    content = nbformat.read(path, as_version=4)
    content.cells = [
        c for c in content.cells if lessons or c.id == IMPORTS or not c.id.startswith("lesson")
    ]
    for cell in content.cells:
        cell.source = submission.answers.get(cell.id, cell.source)
    if submission.cell:
        place = [cell.id for cell in content.cells].index(IMPORTS) + 1
        content.cells.insert(place, nbformat.v4.new_code_cell(submission.cell, id="forgery"))
    return content


def prepare(folder: Path, submissions: Iterable[Submission]) -> None:
    """All that the sandboxes need: the class, and a folder for each tool."""
    folder.chmod(0o755)
    for submission in submissions:
        (folder / "class" / submission.name).mkdir(parents=True)
        nbformat.write(
            notebook(submission), folder / "class" / submission.name / f"{ASSIGNMENT}.ipynb"
        )
    os.environ["AUTOGRADER_SECRET"] = "the secret of a measurement"
    dist = ROOT / "dist"
    for path, content in build.made(find_course(ROOT), ASSIGNMENT, build.DISTRIBUTED).items():
        place = folder / path.relative_to(dist)
        place.parent.mkdir(parents=True, exist_ok=True)
        place.write_bytes(content)
    scripts = Path(sys.executable).parent
    environment = os.environ | {"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}"}
    subprocess.run(
        [scripts / "nbgrader", "generate_assignment", ASSIGNMENT],
        **{"cwd": folder / "nbgrader", "env": environment, "check": True, "capture_output": True},
    )
    for name in ("assignments", "reference"):
        shutil.copytree(ROOT / name, folder / "ours" / name)
    shutil.copy(ROOT / "grading.yml", folder / "ours")
    (folder / "ours" / ".autograder-secret").write_text(os.environ["AUTOGRADER_SECRET"])
    (folder / "ours" / ".autograder-secret").chmod(0o644)
    (folder / "run").mkdir()
    shutil.copy(TESTS / "forgery_run.py", folder / "run")


def grade(folder: Path, tool: str, names: list[str]) -> dict[str, Earned]:
    """What a tool gives for some submissions, in a sandbox of their own."""
    packages = [path for path in sys.path if path.endswith("-packages")]
    visible = [sys.base_prefix, sys.prefix, *packages, folder / tool, folder / "run"]
    visible += [ROOT / "autograder"] if tool == "ours" else []  # else the bundle's own
    scripts = Path(sys.executable).parent
    done = subprocess.run(
        [
            *("unshare", "--mount", "--pid", "--net", "--ipc", "--fork", "--kill-child"),
            *(TESTS / "outer.sh", str(NOBODY), *map(str, dict.fromkeys(visible))),
            *(str(folder / "class" / name) for name in names),
            *("--", sys.executable, str(folder / "run" / "forgery_run.py"), tool, str(folder)),
        ],
        capture_output=True,
        text=True,
        cwd="/",
        env={"PATH": f"{scripts}{os.pathsep}{os.environ['PATH']}", "OMP_NUM_THREADS": "1"},
    )
    if done.returncode:
        raise RuntimeError(f"{tool} {names}: {done.stderr[-3000:]}")
    found = json.loads(done.stdout.splitlines()[-1])
    if "FORGERY_VERBOSE" in os.environ:
        print(f"{tool} {found}: {done.stderr[-3000:]}", file=sys.stderr)
    return {name: Earned(*found[name]) for name in names}


def measure(submissions: list[Submission]) -> dict[str, dict[str, Earned]]:
    """By tool and submission, what it earns."""
    names = [submission.name for submission in submissions]
    earned: dict[str, dict[str, Earned]] = {tool: {} for tool in TOOLS}
    with tempfile.TemporaryDirectory() as place, ThreadPoolExecutor(2) as pool:
        folder = Path(place)
        prepare(folder, submissions)
        jobs = [("ours", names), *((tool, [n]) for n in names for tool in TOOLS if tool != "ours")]
        todo = [(tool, pool.submit(grade, folder, tool, some)) for tool, some in jobs]
        console = Console(stderr=True)
        try:
            for tool, one in track(todo, "grading", console=console):
                earned[tool] |= one.result()
        except BaseException:
            pool.shutdown(cancel_futures=True)  # else it would grade all the others first
            raise
    return earned


def rows(submissions: list[Submission], earned: dict[str, dict[str, Earned]]) -> list[list[str]]:
    """The table: which one, what it tries, and what each tool gives."""
    return [
        [
            "" if one.is_control else one.name.partition("_")[0],
            one.what,
            *(str(earned[tool][one.name]) for tool in TOOLS),
        ]
        for one in submissions
    ]


def measured(table: list[list[str]], full: float) -> str:
    """What goes into the page."""
    versions = (
        f"nbgrader {version('nbgrader')}, otter-grader {version('otter-grader')}, this project "
        f"{autograder.__version__}; Python {platform.python_version()}, torch {version('torch')}, "
        f"Linux {platform.release().split('-')[0]}"
    )
    lines = [
        f"Points of {full:g}, measured on {datetime.date.today()} with {versions}.",
        "",
        "| | the submission | nbgrader | otter | ours |",
        "|---|---|---|---|---|",
        *("| " + " | ".join(row) + " |" for row in table),
    ]
    return "\n".join(lines)


def main(patterns: list[str]) -> None:
    if os.getuid() != 0:
        sys.exit("the sandboxes are root's: run this as root")
    assignment = find_course(ROOT).assignment(ASSIGNMENT)
    chosen = [p for p in payloads() if any(fnmatch.fnmatch(p.name, x) for x in patterns or ["*"])]
    submissions = [*controls(assignment.references), *chosen]
    table = rows(submissions, measure(submissions))
    shown = Table("", "the submission", *TOOLS)
    for row in table:
        shown.add_row(*row)
    Console().print(shown)
    if not patterns:
        page = PAGE.read_text(encoding="utf-8")
        before, after = page.split(BEGIN)[0], page.split(END)[1]
        text = f"{BEGIN}\n{measured(table, assignment.max_score)}\n{END}"
        PAGE.write_text(before + text + after, encoding="utf-8")


if __name__ == "__main__":
    main(sys.argv[1:])
