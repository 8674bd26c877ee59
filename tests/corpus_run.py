"""Grades the corpus, and says as JSON what came of it. Run by test_corpus.py, inside outer.sh.

Usage: corpus_run.py TIER NAME...        TIER: a name of TIERS below; NAME: of an entry
"""

from __future__ import annotations

import contextlib
import importlib
import io
import json
import os
import secrets
import shutil
import socket
import sys
import threading
import time
from collections import Counter
from collections.abc import Iterator
from dataclasses import asdict
from pathlib import Path

import corpus_entries
from ruamel.yaml import YAML

import autograder
from autograder import grader, pipeline
from autograder.commands import terminal
from autograder.course.assignment import Assignment, tolerance
from autograder.course.course import Course, find_course
from autograder.escape import file_names
from autograder.judging.judge import Judge, want
from autograder.model import Result
from autograder.pages.overview import Overview
from autograder.reading.read import look
from autograder.results.score import score, scored
from autograder.results.store import Results
from autograder.running import cgroups, zygotes
from autograder.running.tier import Tier, detect

TIERS = {
    "best": lambda: detect(),
    "namespaces": lambda: Tier("A", 7),
    "landlock": lambda: Tier("B", 7),
    "nothing": lambda: Tier("D"),  # with a zygote that confines nothing
}
LIMITS = {
    "cell_seconds": 1.5,
    "notebook_seconds": 8.0,
    "exercise_seconds": 1.5,
    "submission_seconds": 20.0,
    "memory_mb": 256,
}
CANARY = "CANARY-the-secret-of-the-corpus"
COURSE, CLASS, OUT = Path("/srv/course"), Path("/srv/class"), Path("/srv/out")
CHECKOUT = Path(autograder.__file__).parent.parent
WATCHED = ("/tmp", "/var/tmp", "/dev", "/root", "/home", "/srv")
PORT = 8099


def main(tier: str, *names: str) -> None:
    course = make_course()
    assignment = course.assignment("corpus")
    honest = {"": corpus_entries.IMPORTS} | {
        name: reference.source(name) for name, reference in assignment.references.items()
    }
    entries = [corpus_entries.ENTRIES[name] for name in names]
    modes = ("cell",) if tier == "nothing" else ("file", "cell", "call")
    planned = list(corpus_entries.plan(entries, honest, modes))
    for one in planned:
        folder = CLASS / one.student
        folder.mkdir(parents=True)
        for name, content in one.files.items():
            (folder / name).parent.mkdir(parents=True, exist_ok=True)
            with (folder / name).open("wb") as file:
                file.truncate(content) if isinstance(content, int) else file.write(content)
    found = look(CLASS).of("corpus")
    students = {one.student: found[one.student] for one in planned}  # controls right behind
    if tier == "nothing":
        zygotes.ZYGOTE = (str(Path(__file__).parent / "unconfined.py"),)
    job = pipeline.Job(
        students=students,
        outline=assignment,
        out=OUT,
        secret=course.secret,
        hidden=(COURSE, OUT, CLASS, CHECKOUT),
        tier=TIERS[tier](),
        workers=1,
    )
    # Another run, in a process id namespace of its own, may be of the same number.
    cgroups.PREFIX = f"corpus{secrets.token_hex(8)}"
    before = state()
    shown = io.StringIO()
    began = time.monotonic()
    stops = counted_stops()
    with listeners(), contextlib.redirect_stdout(shown):
        pipeline.grade(job)
        results = {r.student_id: r for r in Results(OUT)}
        each = list(results.values())
        for start in range(0, len(each), terminal.FEW):  # few at a time, so that names are shown
            overview = Overview(assignment)
            for result, points in scored(each[start : start + terminal.FEW], assignment):
                overview.add(result, points)
            terminal.summarise(overview, OUT, students)
    seconds = time.monotonic() - began
    names = file_names(results, ".html")
    pages = {student: (OUT / "feedback" / name).read_text() for student, name in names.items()}
    hidden = list(needles(assignment, job.secret()))
    report = {
        "tier": job.tier.name,
        "seconds": seconds,
        "checkout": writes_to_the_checkout(),
        "left": list(left(before).items()),
        "leaks": leaks(hidden, shown.getvalue()),
        "needles": len(hidden),
        "terminal": [shown.getvalue()],
        "full": {name: sum(points.values()) for name, points in assignment.rubric.items()},
        "csv": [(OUT / "scores.csv").read_text()],
        "submissions": [
            about(one, results[one.student], pages[one.student], assignment)
            | {"stops": stops.get(one.student, 0)}
            for one in planned
        ],
    }
    json.dump(report, sys.__stdout__)


def make_course() -> Course:
    """A small course out of the real one, with secrets that must not get out."""
    for half in ("assignments", "reference"):
        (COURSE / half).mkdir(parents=True)
        for helper in (CHECKOUT / half).glob("_*.py"):
            shutil.copy(helper, COURSE / half)
        (COURSE / half / "corpus").mkdir()
        for name in corpus_entries.EXERCISES:
            text = (CHECKOUT / half / "backprop" / f"{name}.py").read_text()
            canary = f"\n\nCANARY = '{CANARY}-{name}'\n" if half == "reference" else ""
            (COURSE / half / "corpus" / f"{name}.py").write_text(text + canary)
    released = corpus_entries.notebook(corpus_entries.IMPORTS)
    (COURSE / "assignments" / "corpus" / "corpus.ipynb").write_bytes(released)
    grading = YAML(typ="safe", pure=True).load((CHECKOUT / "grading.yml").read_text())
    rubric = {name: grading["backprop"][name] for name in corpus_entries.EXERCISES}
    content = {"policy": {"limits": LIMITS}, "corpus": rubric}
    (COURSE / "grading.yml").write_text(json.dumps(content))
    (COURSE / ".autograder-secret").write_text(CANARY)
    os.environ["CORPUS_TOKEN"] = CANARY
    importlib.import_module("matplotlib.font_manager")  # it writes down what fonts there are, once
    for place in ("/tmp", "/var/tmp", "/dev/shm", os.environ["HOME"]):
        folder = Path(place, "canary")
        folder.mkdir(parents=True)
        (folder / "precious.txt").write_text(CANARY)
    return find_course(COURSE)


@contextlib.contextmanager
def listeners() -> Iterator[None]:
    """Somebody to talk to, for payloads that try: TCP, UDP, and two sockets by name."""
    open_ones = [
        socket.create_server(("127.0.0.1", PORT)),
        socket.socket(socket.AF_INET, socket.SOCK_DGRAM),
        socket.socket(socket.AF_UNIX),
        socket.socket(socket.AF_UNIX),
    ]
    _, udp, path, abstract = open_ones
    udp.bind(("127.0.0.1", PORT))
    path.bind("/srv/socket")
    os.chmod("/srv/socket", 0o777)
    abstract.bind("\0corpus")
    path.listen(64)
    abstract.listen(64)
    try:
        yield
    finally:
        for one in open_ones:
            one.close()
        os.unlink("/srv/socket")


def counted_stops() -> Counter[str]:
    """By student, how many limits ran out: the judge waits for nothing that has none.

    What a run takes in seconds would say that as well, but also what else this machine does.
    """
    stops: Counter[str] = Counter()
    student, grade, channel = "", grader.Grader.grade, zygotes.Worker

    def counting(call):
        def counted(self, *rest):
            try:
                reply = call(self, *rest)
            except TimeoutError:
                stops[student] += 1
                raise
            stops[student] += isinstance(reply, dict) and reply.get("stopped") is True
            return reply

        return counted

    def graded(self, submission):
        nonlocal student
        student = submission.student_id
        return grade(self, submission)

    channel.send, channel.receive = counting(channel.send), counting(channel.receive)
    grader.Grader.grade = graded
    return stops


def writes_to_the_checkout() -> bool:
    """Whether this process, which nothing but the outer sandbox confines, could damage it."""
    try:
        (CHECKOUT / "tests" / "damage").write_text("")
    except OSError:
        return False
    return True


def state() -> dict[str, set[str]]:
    """What a run must leave as it found it."""
    files = {
        os.path.join(place, name)
        for top in WATCHED
        for place, folders, names in os.walk(top)
        for name in (*folders, *names)
        if not place.startswith((str(OUT), str(CHECKOUT))) and Path(place, name) != OUT
    }
    ipc = {
        f"{kind} {line}"
        for kind in ("shm", "msg", "sem")
        for line in Path("/proc/sysvipc", kind).read_text().splitlines()[1:]
    }
    groups = {place for place, _, _ in os.walk("/sys/fs/cgroup") if cgroups.PREFIX in place}
    return {
        "processes": {name for name in os.listdir("/proc") if name.isdigit()},
        "mounts": set(Path("/proc/self/mountinfo").read_text().splitlines()),
        "files": files,
        "shared memory, queues, semaphores": ipc,
        "control groups": groups,
    }


def left(before: dict[str, set[str]]) -> dict[str, list[str]]:
    """What is there and was not, or the other way round; the kernel has some seconds to clean."""
    for _ in range(30):
        after = state()
        found = {what: sorted(before[what] ^ after[what]) for what in before}
        if not any(found.values()) and threading.active_count() == 1:
            break
        time.sleep(0.1)
    return {what: names for what, names in found.items() if names}


def needles(assignment: Assignment, secret: bytes) -> Iterator[str]:
    """Texts that only the judge knows: canaries, and what the hidden cases ask and want."""
    yield CANARY
    judge = Judge(assignment.name, assignment.references, tolerance(assignment.policy), secret)
    for name, reference in assignment.references.items():
        ready = judge.prepare(name, "")
        wanted = want(reference, ready.cases)
        for thing in (*(case.data for case in ready.cases), *wanted):
            yield from _texts(thing)


def _texts(thing: object) -> Iterator[str]:
    if isinstance(thing, float) and len(f"{thing:.5g}") > 6:
        yield f"{thing:.5g}"[:-1]
    elif isinstance(thing, dict):
        yield from (text for value in thing.values() for text in _texts(value))
    elif isinstance(thing, (list, tuple)):
        if len(thing) > 1 and all(isinstance(entry, float) for entry in thing):
            yield str(list(thing))[1:-1]
        yield from (text for value in thing for text in _texts(value))
    elif hasattr(thing, "tolist"):
        yield from _texts(thing.tolist())
    elif hasattr(thing, "value"):
        yield from _texts(thing.value)


def leaks(hidden: list[str], shown: str) -> list[str]:
    """Where one of the secrets can be read."""
    found = [f"terminal: {s}" for s in hidden if s in shown]
    for path in OUT.rglob("*"):
        content = path.read_bytes() if path.is_file() else b""
        found += [f"{path.name}: {s}" for s in hidden if s.encode() in content]
    return found


def about(
    one: corpus_entries.Planned, result: Result, page: str, assignment: Assignment
) -> dict[str, object]:
    """One submission's result, as the tests read it."""
    points = score(result, assignment, {}).exercises
    return asdict(one) | {"files": None, "page": page, "points": points} | asdict(result)


if __name__ == "__main__":
    main(*sys.argv[1:])
