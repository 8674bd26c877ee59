"""How fast: our grader, its floor, nbgrader and otter, side by side on the same submissions.

Usage: bench.py [ROUNDS]

Start-up is shown apart: what one submission costs is the slope between two classes of different
notebooks. Everything runs in turns, several rounds, and medians are shown. Then what the sandbox
costs, where the time goes, and a second run over a class that has not changed. Tables go to the
terminal, their numbers to dist/bench.json, and a line to docs/bench.csv.
"""

from __future__ import annotations

import base64
import contextlib
import csv
import json
import os
import platform
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from importlib import metadata
from pathlib import Path

import bench_sandbox
import forgery
import nbformat
from rich.console import Console
from rich.table import Table
from tqdm import tqdm

from autograder import __version__, grader, pipeline, wire
from autograder.course.assignment import Assignment, tolerance
from autograder.course.course import find_course
from autograder.judging.judge import Judge, Prepared
from autograder.reading.read import look
from autograder.results.store import Store
from autograder.running.channel import Worker
from autograder.running.run import _Notebook
from autograder.running.tier import detect
from autograder.running.zygotes import Zygote

ROOT = Path(__file__).parent.parent
SCRIPTS = Path(sys.executable).parent
ASSIGNMENT = "backprop"
HISTORY = ROOT / "docs" / "bench.csv"
OURS = (20, 220)  # submissions in the two classes
PEERS = (1, 4)
UNCHANGED = 1000  # submissions in the class that is graded twice
SANDBOX_MOST = 15.0  # ms that the sandbox may cost
ENVIRONMENT = os.environ | {
    "PATH": f"{SCRIPTS}{os.pathsep}{os.environ['PATH']}",
    "AUTOGRADER_SECRET": "the secret of a measurement",
}


@dataclass
class Tool:
    """One way to grade: `grade(n)` grades n submissions; seconds by class size, one each round."""

    name: str
    sizes: tuple[int, int]
    grade: Callable[[int], float]
    seconds: dict[int, list[float]] = field(default_factory=dict)

    def slopes(self) -> list[float]:
        """Milliseconds for one submission, by round."""
        few, many = self.sizes
        pairs = zip(self.seconds[few], self.seconds[many], strict=True)
        return [1000 * (more - less) / (many - few) for less, more in pairs]

    def start_up(self) -> float:
        """Seconds."""
        few, _ = self.sizes
        return statistics.median(self.seconds[few]) - few * statistics.median(self.slopes()) / 1000


def main(rounds: int = 3) -> None:
    course = find_course(ROOT)
    os.environ["AUTOGRADER_SECRET"] = ENVIRONMENT["AUTOGRADER_SECRET"]
    assignment = course.assignment(ASSIGNMENT)
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        forgery.prepare(folder, [])
        make_class(assignment, folder / "class", UNCHANGED)
        tools = list(tools_of(folder, assignment))
        plan = [(tool, size) for _ in range(rounds) for tool in tools for size in tool.sizes]
        for tool, size in tqdm(plan, desc="measuring"):
            tool.seconds.setdefault(size, []).append(tool.grade(size))
        report = summary(tools, rounds) | {
            "stages_milliseconds": stages_of(folder, assignment),
            "sandbox_milliseconds": sandbox(),
            "twice_seconds": twice(folder),
        }
    show(report)
    record(report)


def make_class(assignment: Assignment, folder: Path, count: int) -> None:
    """Different notebooks: all answers are from our own, right ones mostly, in turns."""
    for number in range(count):
        answers = {}
        for place, (name, reference) in enumerate(assignment.references.items()):
            known = [name, *reference.alternatives, *reference.mistakes]
            source = reference.source(known[(number + place) % len(known)])
            answers[name] = f"{source}\n# submission {number}\n"
        one = forgery.Submission(f"student-{number:05}", "", f"number = {number}", answers)
        path = folder / one.name / f"{ASSIGNMENT}.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(forgery.notebook(one, lessons=True), path)


def tools_of(folder: Path, assignment: Assignment) -> Iterator[Tool]:
    students = sorted((folder / "class").iterdir())

    def some(count: int) -> Path:
        """A fresh class of so many."""
        place = Path(tempfile.mkdtemp(dir=folder))
        for student in students[:count]:
            shutil.copytree(student, place / student.name)
        return place

    def ours(workers: int) -> Callable[[int], float]:
        def grade(count: int) -> float:
            place = some(count)
            options = ("--assignment", ASSIGNMENT, "--workers", str(workers))
            command = (SCRIPTS / "autograder", "--course", ROOT, "grade", place, *options)
            return timed(*command, "--out", f"{place}-out", cwd=folder)

        return grade

    def nbgrader(count: int) -> float:
        school = Path(tempfile.mkdtemp(dir=folder)) / "school"
        shutil.copytree(folder / "nbgrader", school)
        for student in students[:count]:
            shutil.copytree(student, school / "submitted" / student.name / ASSIGNMENT)
        return timed(SCRIPTS / "nbgrader", "autograde", ASSIGNMENT, cwd=school)

    def otter(count: int) -> float:
        archive = folder / "otter" / f"{ASSIGNMENT}-autograder.zip"
        total = 0.0
        for student in students[:count]:  # it takes one notebook at a time
            place = Path(tempfile.mkdtemp(dir=folder))
            shutil.copy(student / f"{ASSIGNMENT}.ipynb", place)
            command = (SCRIPTS / "otter", "run", f"{ASSIGNMENT}.ipynb", "-a", archive, "-o", place)
            total += timed(*command, "--no-logo", cwd=place)
        return total

    cases = folder / "cases.json"
    cases.write_text(json.dumps(cases_of(assignment)))

    def floor(count: int) -> float:
        paths = [student / f"{ASSIGNMENT}.ipynb" for student in students[:count]]
        script = Path(__file__).with_name("floor.py")
        return timed(sys.executable, script, assignment.folder, cases, *paths, cwd=folder)

    yield Tool("floor", OURS, floor)
    yield Tool("ours, 1 worker", OURS, ours(1))
    yield Tool(f"ours, {os.cpu_count()} workers", OURS, ours(os.cpu_count() or 1))
    yield Tool("nbgrader autograde", PEERS, nbgrader)
    yield Tool("otter run", PEERS, otter)


def cases_of(assignment: Assignment) -> dict[str, list[str]]:
    """For the floor: all cases, the visible one first, as frames."""
    secret = ENVIRONMENT["AUTOGRADER_SECRET"].encode()
    judge = Judge(assignment.name, assignment.references, tolerance(assignment.policy), secret)
    return {
        name: [
            base64.b64encode(wire.encode(case.data)).decode()
            for case in (reference.exercise.visible, *judge.prepare(name, "").cases)
        ]
        for name, reference in assignment.references.items()
    }


def timed(*command: object, cwd: Path) -> float:
    """Seconds that a command takes."""
    words = list(map(str, command))
    began = time.perf_counter()
    done = subprocess.run(words, cwd=cwd, env=ENVIRONMENT, capture_output=True, text=True)
    took = time.perf_counter() - began
    if done.returncode:
        raise RuntimeError(f"{words}: {done.stderr[-2000:]}")
    return took


def stages_of(folder: Path, assignment: Assignment) -> dict[str, float]:
    """Milliseconds of each stage for one submission, in a class of the larger size."""
    spent: dict[str, float] = {}

    @contextlib.contextmanager
    def watch(name: str) -> Iterator[None]:
        began = time.perf_counter()
        try:
            yield
        finally:
            spent[name] = spent.get(name, 0.0) + time.perf_counter() - began

    def watched(place: object, name: str, stage: str) -> None:
        function = getattr(place, name)

        def timing(*rest: object, **options: object) -> object:
            with watch(stage):
                return function(*rest, **options)

        stack.callback(setattr, place, name, function)
        setattr(place, name, timing)

    with contextlib.ExitStack() as stack:
        for place, name, stage in (
            (pipeline, "read_submission", "read"),
            (Worker, "await_confined", "fork and sandbox"),
            (_Notebook, "play", "cells"),
            (Prepared, "outcome", "judge"),
            (Judge, "prepare", "judge"),
            (Zygote, "_reap", "end of the worker"),
            (Store, "save", "store"),
            (pipeline, "publish", "scores and pages"),
            (grader, "run", "run"),
        ):
            watched(place, name, stage)
        students = list(look(folder / "class").of(ASSIGNMENT).items())
        job = pipeline.Job(
            students=dict(students[: max(OURS)]),
            outline=find_course(ROOT).outline(ASSIGNMENT),
            out=folder / "stages",
            secret=ENVIRONMENT["AUTOGRADER_SECRET"].encode,
            hidden=(folder,),
            workers=1,
        )
        pipeline.grade(job)
    within = sum(spent[name] for name in ("fork and sandbox", "cells", "end of the worker"))
    spent["probes, wire, the rest of a run"] = spent.pop("run") - within
    return {name: 1000 * seconds / len(job.students) for name, seconds in spent.items()}


def sandbox() -> float:
    """Milliseconds that the best tier costs more than a bare fork, for a small job."""
    times = bench_sandbox.measure(jobs=100)
    *_, best = times
    pairs = zip(times[best], times[bench_sandbox.BARE], strict=True)
    return statistics.median(more - bare for more, bare in pairs)


def twice(folder: Path) -> tuple[float, float]:
    """Seconds for a class, and for the same again, with all workers."""
    options = ("--assignment", ASSIGNMENT, "--out", folder / "twice")
    command = (SCRIPTS / "autograder", "--course", ROOT, "grade", folder / "class", *options)
    return timed(*command, cwd=folder), timed(*command, cwd=folder)


def machine() -> str:
    """What this ran on."""
    return f"{os.cpu_count()} cores, Linux {platform.release()} {platform.machine()}"


def summary(tools: list[Tool], rounds: int) -> dict[str, object]:
    return {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "machine": machine(),
        "versions": {"autograder": __version__}
        | {name: metadata.version(name) for name in ("torch", "nbgrader", "otter-grader")},
        "tier": detect().name,
        "rounds": rounds,
        "tools": {
            tool.name: {
                "sizes": tool.sizes,
                "milliseconds": statistics.median(tool.slopes()),
                "from": min(tool.slopes()),
                "to": max(tool.slopes()),
                "start_up_seconds": tool.start_up(),
                "seconds": tool.seconds,
            }
            for tool in tools
        },
    }


def show(report: dict) -> None:
    versions = " · ".join(f"{name} {version}" for name, version in report["versions"].items())
    table = Table(
        title=f"{ASSIGNMENT}: one submission, {report['rounds']} rounds, tier {report['tier']}",
        caption=f"{report['machine']} · {versions}",
    )
    for name in ("", "ms each", "from … to", "start-up s", "of ours", "submissions"):
        table.add_column(name, justify="left" if not name else "right")
    tools = report["tools"]
    one = tools["ours, 1 worker"]["milliseconds"]
    for name, found in tools.items():
        table.add_row(
            name,
            f"{found['milliseconds']:.1f}",
            f"{found['from']:.1f} … {found['to']:.1f}",
            f"{found['start_up_seconds']:.1f}",
            f"{found['milliseconds'] / one:.2f}",
            " and ".join(map(str, found["sizes"])),
        )
    console = Console(width=110, highlight=False)
    console.print(table)
    stages = Table(title="where one submission's time goes (1 worker)", box=None)
    stages.add_column("stage")
    stages.add_column("ms", justify="right")
    for name, milliseconds in report["stages_milliseconds"].items():
        stages.add_row(name, f"{milliseconds:.1f}")
    console.print(stages)
    for what, found, wanted, holds in goals(report):
        console.print(f"{'✓' if holds else '✗'} {what}: {found} (goal: {wanted})")


def goals(report: dict) -> Iterator[tuple[str, str, str, bool]]:
    """What is asked for: its name, what was measured, what it should be, whether it is."""
    each = {name: found["milliseconds"] for name, found in report["tools"].items()}
    one, floor, sandbox = each["ours, 1 worker"], each["floor"], report["sandbox_milliseconds"]
    for peer in ("nbgrader autograde", "otter run"):
        times = each[peer] / one
        yield f"faster than {peer}", f"{times:.0f} times", "100", times >= 100
    most = 1.5 * floor + min(sandbox, SANDBOX_MOST)
    words = f"{most:.1f} ms, 1.5 x floor + sandbox ({sandbox:.1f} ms, {SANDBOX_MOST:g} at most)"
    yield "one submission", f"{one:.1f} ms", words, one <= most
    if (cores := os.cpu_count() or 1) > 1:
        gain = one / each[f"ours, {cores} workers"]
        yield (
            f"{cores} workers, {cores} cores",
            f"{gain:.2f} times",
            "0.9 each",
            gain >= 0.9 * cores,
        )
    first, second = report["twice_seconds"]
    share = second / first
    words = f"{second:.1f} s of {first:.1f} s, {100 * share:.1f}%"
    yield f"second run over {UNCHANGED} unchanged", words, "5%", share < 0.05


def record(report: dict) -> None:
    """Write all of it to dist/bench.json, and a line to the history."""
    dist = ROOT / "dist"
    dist.mkdir(mode=0o700, exist_ok=True)
    (dist / "bench.json").write_text(json.dumps(report, indent=1) + "\n")
    first, second = report["twice_seconds"]
    row = {name: report[name] for name in ("at", "machine", "tier")} | report["versions"]
    row |= {f"{n}, ms": f"{tool['milliseconds']:.1f}" for n, tool in report["tools"].items()}
    row["sandbox, ms"] = f"{report['sandbox_milliseconds']:.1f}"
    add_to_history(HISTORY, row | {f"{UNCHANGED}, s": f"{first:.1f}", "again, s": f"{second:.1f}"})


def add_to_history(path: Path, row: dict[str, object]) -> None:
    """Add a line to a table, which has the same columns or is not there."""
    new = not path.exists()
    with path.open("a", newline="") as file:
        writer = csv.DictWriter(file, list(row))
        if new:
            writer.writeheader()
        writer.writerow(row)


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
