"""Ten thousand submissions in one go: every row right, memory flat, as fast at the end as at first.

Usage: bench_many.py [COUNT]     COUNT: a multiple of a thousand

Each thousand is alike: 950 notebooks of known answers, right and wrong, and 50 hostile or broken
ones; no two are the same. What each must earn is known beforehand. A line goes to the history.
"""

from __future__ import annotations

import csv
import itertools
import json
import multiprocessing
import os
import sys
import tempfile
import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path

import bench
from rich.console import Console
from tqdm import tqdm

from autograder import __version__, pipeline
from autograder.course.course import find_course
from autograder.model import Status
from autograder.reading.read import look
from autograder.running.tier import detect

ROOT = Path(__file__).parent.parent
HISTORY = ROOT / "docs" / "bench-many.csv"
ASSIGNMENT = "backprop"
SECRET = b"the secret of a measurement"
THOUSAND, BAD = 1000, 20  # one of so many is hostile or broken
MEGABYTES = 50  # that memory may grow
EARLY = 500  # submissions after which memory is looked at first
# What takes the place of the body of one answer, which then earns nothing; the rest is graded.
BODIES = {
    "ends its process": "import os; os._exit(0)",
    "raises": "raise KeyboardInterrupt('done')",
    "takes memory": "return bytearray(1 << 40)",
    "recurses": "def deep(n): return deep(n + 1) + 1\n    return deep(0)",
    "returns a million things": "return list(range(1_000_000))",
    "kills its parent": "import os, signal; os.kill(os.getppid(), signal.SIGKILL)",
}
# Cells before the answers, which earn what they would earn without.
CELLS = {
    "says it passed": "print('all tests passed'); import sys; sys.stderr.write('score 58')",
    "forks": "import os\nfor _ in range(1000):\n    os.fork()",
    "reads the grader": "open('/proc/1/environ').read(); open('grading.yml').read()",
    "writes to every descriptor": "import os\nfor n in range(4, 64):\n    os.write(n, b'full')",
    "fills the disk": "open('x', 'wb').write(bytes(1 << 30))",
    "does not parse": "def (",
}
FILES = {"is empty": "", "is no JSON": "{'cells': [", "is a picture": "\x89PNG\r\n\x1a\n" * 99}
LOOP = "while True: pass"  # costs its ten seconds, so there is one in each thousand


@dataclass
class Planned:
    """One submission, and what it must earn in each exercise."""

    student: str
    text: str
    status: Status = Status.graded
    earns: dict[str, float] = field(default_factory=dict)


def planned(count: int) -> Iterator[Planned]:
    """The class."""
    assignment = find_course(ROOT).assignment(ASSIGNMENT)
    blank = json.loads((assignment.folder / f"{ASSIGNMENT}.ipynb").read_text())
    bodies, cells, files = (itertools.cycle(kind.items()) for kind in (BODIES, CELLS, FILES))
    functions = [n for n, r in assignment.references.items() if callable(r.solution)]
    for number in range(count):
        answers, earns = {}, {}
        for place, (name, reference) in enumerate(assignment.references.items()):
            known = [name, *reference.alternatives, *reference.mistakes]
            chosen = known[(number + place) % len(known)]
            full = sum(assignment.rubric[name].values())
            mistake = reference.mistakes.get(chosen)
            answers[name], earns[name] = (
                reference.source(chosen),
                mistake.score if mistake else full,
            )
        one = Planned(f"student-{number:05}", "", earns=earns)
        before = f"number = {number}"
        if number % BAD == BAD - 1:
            turn = number // BAD
            victim = functions[turn % len(functions)]
            if number % THOUSAND == THOUSAND - 1:
                answers[victim], earns[victim] = f"def {victim}(*_, **__):\n    {LOOP}", 0
            elif turn % 3 == 0:
                _, body = next(bodies)
                answers[victim], earns[victim] = f"def {victim}(*_, **__):\n    {body}", 0
            elif turn % 3 == 1:
                before = f"{before}\n{next(cells)[1]}"
            else:
                one.text, one.status = next(files)[1] or " ", Status.unreadable
                one.earns = dict.fromkeys(earns, 0.0)
        one.text = one.text or filled(blank, answers, before)
        yield one


def filled(blank: dict, answers: dict[str, str], before: str) -> str:
    """The student notebook with answers, and with a cell before them."""
    cells = [cell | {"source": answers.get(cell["id"], cell["source"])} for cell in blank["cells"]]
    first = next(n for n, cell in enumerate(cells) if cell["id"] in answers)
    extra = {"id": "extra", "cell_type": "code", "metadata": {}, "outputs": [], "source": before}
    return json.dumps(blank | {"cells": [*cells[:first], extra, *cells[first:]]})


def make(folder: Path, count: int) -> None:
    """Write the class, and what it must earn. In a process of its own: ours is measured."""
    with open(folder / "expected.csv", "w", newline="") as file:
        writer = csv.writer(file)
        for one in tqdm(planned(count), "making the class", count):
            path = folder / "class" / one.student / f"{ASSIGNMENT}.ipynb"
            path.parent.mkdir(parents=True)
            path.write_text(one.text, encoding="utf-8")
            total = sum(one.earns.values())
            writer.writerow(
                [one.student, one.status, f"{total:g}", *map("{:g}".format, one.earns.values())]
            )


def memory() -> float:
    """Resident memory of this process, in MB."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def main(count: int = 10_000) -> None:
    with tempfile.TemporaryDirectory() as place:
        folder = Path(place)
        maker = multiprocessing.get_context("spawn").Process(target=make, args=(folder, count))
        maker.start()
        maker.join()
        if maker.exitcode:
            sys.exit("the class could not be made")
        course = find_course(ROOT)
        job = pipeline.Job(
            students=look(folder / "class").of(ASSIGNMENT),
            outline=course.outline(ASSIGNMENT),
            out=folder / "results",
            secret=lambda: SECRET,
            hidden=(course.folder, folder),
            workers=os.cpu_count() or 1,
        )
        times, used = [], {}
        bar = tqdm(desc="grading", total=count)

        def note(student: str, result: object) -> None:
            times.append(time.monotonic())
            bar.update()
            if len(times) in (EARLY, count):
                used[len(times)] = memory()

        began = time.monotonic()
        pipeline.grade(job, lambda known: note)
        took, at_end = time.monotonic() - began, memory()
        bar.close()
        wrong = differences(folder)
        kept = report(count, times, took, (used[EARLY], used[count], at_end), wrong)
        sys.exit(not kept)


def differences(folder: Path) -> list[str]:
    """Students whose row is not what it must be."""
    with open(folder / "expected.csv", newline="") as file:
        expected = {student: rest for student, *rest in csv.reader(file)}
    with open(folder / "results" / "scores.csv", newline="") as file:
        _, *rows = csv.reader(file)
    exercises = len(next(iter(expected.values()))) - 2
    found = {r[0]: [r[2], r[3], *r[5 : 5 + exercises]] for r in rows}
    return [
        f"{student}: {found.get(student)}, not {want}"
        for student, want in expected.items()
        if found.get(student) != want
    ] + [f"{student}: nobody's" for student in found.keys() - expected.keys()]


def report(count, times, took, megabytes, wrong) -> bool:
    """Print it, and add a line to the history; returns whether all goals are kept."""
    # The last ones are left out: what takes its ten seconds there has a core to itself.
    busy = times[: -(os.cpu_count() or 1)]
    early, late = ((ts[-1] - ts[0]) / (len(ts) - 1) for ts in (busy[:THOUSAND], busy[-THOUSAND:]))
    row = {
        "at": datetime.now(UTC).isoformat(timespec="seconds"),
        "autograder": __version__,
        "machine": bench.machine(),
        "tier": detect().name,
        "submissions": count,
        "wrong rows": len(wrong),
        "seconds": f"{took:.0f}",
        "ms each, first thousand": f"{1000 * early:.1f}",
        "ms each, last thousand": f"{1000 * late:.1f}",
        f"MB after {EARLY}": f"{megabytes[0]:.0f}",
        "MB after all": f"{megabytes[1]:.0f}",
        "MB at the end": f"{megabytes[2]:.0f}",
    }
    console = Console(highlight=False)
    for name, value in row.items():
        console.print(f"{name:>24}  {value}")
    for line in wrong[:20]:
        console.print(line, markup=False)
    goals = {
        "every row is right": not wrong,
        f"memory at the end is within {MEGABYTES} MB of that after {EARLY}": (
            megabytes[2] - megabytes[0] <= MEGABYTES
        ),
        "the last thousand takes at most a tenth longer than the first": late <= 1.1 * early,
    }
    for goal, kept in goals.items():
        console.print(f"{'✓' if kept else '✗'} {goal}")
    bench.add_to_history(HISTORY, row)
    return all(goals.values())


if __name__ == "__main__":
    main(*map(int, sys.argv[1:2]))
