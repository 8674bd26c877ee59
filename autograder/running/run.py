"""Running a submission: this process asks, a worker answers with observations.

Whatever a worker does, hangs or sends costs its own submission only. A cell that kills the worker
is left out, an exercise that does is lost, and a fresh worker goes on with the rest.
"""

from __future__ import annotations

import difflib
import re
import secrets
import time
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Any

from ..course.policy import Limits
from ..errors import ProtocolError
from ..exercise import Case
from ..model import CellNote, Kind, Lost, Output, Run, Submission
from ..observation import MAX_MESSAGE, Error, Observation, Part, explained, ran_short, shortened
from ..plural import counted
from ..reading.work import definition
from .channel import Worker, Workers
from .outputs import outputs, within_limits

GRACE_SECONDS = 0.5  # between asking a cell to stop and killing it
SIMILAR = 0.8  # as difflib measures: a slip of the finger, and no other word
DEFINE_SECONDS = 2.0  # for a cell's definitions, when the notebook's time is up
END_SECONDS = 5.0  # for the list of names after the last cell
MAX_RESTARTS = 10  # workers that the cells of one submission may kill; so many again without them
MAX_TEXTS = 1000  # in what a worker says of its cells
MAX_NOTES, MAX_ALL_NOTES = 21, 200  # of one cell, as its worker has at most; and of all cells
IN_LINE = re.compile(r".* in line (\d{1,6}) \(", re.DOTALL)  # of what a worker says of an error
MAX_SEEN, MAX_ALL_SEEN = 16 << 20, 64 << 20  # bytes that come of one exercise, and of all of them
Seen = list[Observation | Lost]


def run(
    workers: Workers,
    submission: Submission,
    visible: Mapping[str, Case],
    hidden: Mapping[str, Sequence[Case]],
    limits: Limits,
) -> Run:
    """Run the notebook, then every exercise on its cases, in as many workers as needed.

    All visible cases come first: what student code says of those cannot hold a hidden input. An
    exercise that hangs or crashes on its visible case is not tried on the hidden ones.

    Raises:
        SandboxError: what starts workers cannot any more.
    """
    began = time.monotonic()
    end = began + limits.submission_seconds
    notebook = _Notebook(submission, limits)
    found = Run({}, {})
    todo = deque[tuple[str, Sequence[Case], dict[str, Seen]]]()
    todo += [(name, (case,), found.visible) for name, case in visible.items()]
    todo += [(name, cases, found.hidden) for name, cases in hidden.items()]
    while todo and time.monotonic() < end:
        with workers.worker() as worker:
            defined = notebook.play(worker, end)
            fresh = True
            while todo and defined is not None:
                name, cases, record = todo[0]
                lost = found.visible.get(name, [None])[0]
                if record is found.hidden and isinstance(lost, Lost):
                    answer = _Answer([lost] * len(cases))
                else:
                    answer = _ask(worker, notebook, name, cases, end)
                if answer.innocent and not fresh:
                    break  # try again in a fresh worker
                todo.popleft()
                record[name] = answer.seen
                fresh = False
                if answer.missing:
                    record[name] = [notebook.missing(name, defined)] * len(cases)
                if answer.spoilt:
                    break
        if defined is None and not notebook.blame():
            break
    late = time.monotonic() >= end
    again = "the process that runs the notebook ended again and again"
    message = f"the submission used up its {counted(limits.submission_seconds, 'second')}"
    rest = Lost(Kind.timed_out, message) if late else Lost(Kind.crashed, again)
    for name, cases, record in todo:
        record[name] = [rest] * len(cases)
    seconds = round(time.monotonic() - began, 3)
    shown = within_limits(
        [o for number in sorted(notebook.outputs) for o in notebook.outputs[number]]
    )
    notes = tuple(notebook.all_notes())
    return replace(found, notes=notes, outputs=tuple(shown), seconds=seconds)


class _Notebook:
    """The cells of a submission, which of them to leave out, and what there is to say of them."""

    def __init__(self, submission: Submission, limits: Limits) -> None:
        self.cells = submission.cells
        self.files = submission.files
        self.limits = limits
        self.skip: set[int] = set()
        self.stopped: set[int] = set()  # they ran too long once, and get less time when run again
        self.notes: dict[int, list[str]] = {}
        self.outputs: dict[int, list[Output]] = {}
        self.reason = ""
        self.current = 0
        self.restarts = 0
        self.room = MAX_ALL_SEEN

    def play(self, worker: Worker, end: float) -> list[str] | None:
        """Run the cells. Returns the names they defined, or None if the worker did not survive."""
        limits = self.limits
        self.current = 1
        numbers = [n for n in range(1, len(self.cells) + 1) if n not in self.skip]
        begin = time.monotonic()
        try:
            job = {
                "cells": self.cells,
                "skip": sorted(self.skip),
                "hurry": sorted(self.stopped),
                "files": self.files,
            }
            worker.send(job, begin + limits.cell_seconds)
            for number in numbers:
                self.current = number
                left = begin + limits.notebook_seconds - time.monotonic()
                short = left < limits.cell_seconds  # of time: definitions get theirs all the same
                allowed = max(DEFINE_SECONDS, left) if short else limits.cell_seconds
                deadline = time.monotonic() + allowed + GRACE_SECONDS
                reply = worker.receive(min(end, deadline))
                notes = _texts(reply, "notes", number)[:MAX_NOTES]
                self.outputs.setdefault(number, outputs(reply, number))
                if number not in self.stopped:  # what it says when hurried is not news
                    self.notes[number] = notes
                if reply.get("stopped") is True:
                    self.stopped.add(number)
            return _texts(worker.receive(min(end, time.monotonic() + END_SECONDS)), "defined")
        except TimeoutError:
            self.reason = f"stopped after {limits.cell_seconds:g} seconds, and left out"
        except ProtocolError:
            self.reason = "wrote to the grader's channel, and was left out"
        except (EOFError, OSError):
            self.reason = "ended the process that ran it, and was left out"
        return None

    def blame(self) -> bool:
        """Leave out the cell at which the worker was lost, or all from there after many losses.

        Returns whether to try another one: where no cell is left to blame, not for ever.
        """
        self.restarts += 1
        last = self.current if self.restarts < MAX_RESTARTS else len(self.cells)
        for number in range(self.current, min(last, len(self.cells)) + 1):
            self.skip.add(number)
            self.notes[number] = [self.reason]
        return self.restarts < 2 * MAX_RESTARTS

    def missing(self, exercise: str, defined: list[str]) -> Lost:
        """Why an exercise was not found, as well as can be said.

        A failed cell is blamed that would define or import it; one that only mentions it, as our
        own checks do, if no name looks like a misspelt one.
        """
        sentence, defines = f"the notebook defines no {exercise!r}", definition(exercise)
        failed = [number for number in range(1, len(self.cells) + 1) if self.notes.get(number)]
        mentions = [n for n in failed if re.search(rf"\b{exercise}\b", self.cells[n - 1])]
        for number in mentions:
            lines = self.cells[number - 1].splitlines()
            imports = any("import" in line and exercise in line for line in lines)
            if imports or defines.search(self.cells[number - 1]):
                return self._blamed(number, sentence)
        close = difflib.get_close_matches(exercise, defined, n=1, cutoff=SIMILAR)
        if close := close or [name for name in defined if self._is_like(name, exercise)]:
            return Lost(Kind.missing, f"{sentence}: is it {close[0]!r}?")
        return self._blamed(mentions[0], sentence) if mentions else Lost(Kind.missing, sentence)

    def _is_like(self, name: str, exercise: str) -> bool:
        """Whether a name is of the same words, perhaps with one more, and of a function."""
        words, others = set(exercise.split("_")), set(name.lower().split("_"))
        function = re.compile(rf"^(?:def|class) +{re.escape(name)}\b", re.MULTILINE)
        return words <= others and len(others - words) < 2 and any(map(function.search, self.cells))

    def _blamed(self, number: int, sentence: str) -> Lost:
        note = self.notes[number][0]
        place = IN_LINE.match(note)
        line = int(place[1]) if place else None
        return Lost(Kind.missing, f"{sentence}: cell {number} failed ({note})", number, line)

    def placed(self, observation: Observation) -> Observation:
        """The observation, with the lines of its errors quoted from the notebook itself."""

        def quoted(error: Error | None) -> Error | None:
            if error is None:
                return None
            error = explained(shortened(error))
            cell, line = error.cell or 0, error.line or 0
            lines = self.cells[cell - 1].splitlines() if 0 < cell <= len(self.cells) else []
            if 0 < line <= len(lines):
                return replace(error, source=lines[line - 1].strip()[:MAX_MESSAGE])
            return replace(error, cell=None, line=None, source=None)

        return {name: replace(part, error=quoted(part.error)) for name, part in observation.items()}

    def all_notes(self) -> list[CellNote]:
        """What there is to say, in the order of the cells."""
        notes = [CellNote(n, text) for n in sorted(self.notes) for text in self.notes[n]]
        if len(notes) <= MAX_ALL_NOTES:
            return notes
        more = CellNote(
            notes[MAX_ALL_NOTES].cell, f"and {counted(len(notes) - MAX_ALL_NOTES, 'more note')}"
        )
        return [*notes[:MAX_ALL_NOTES], more]


@dataclass(frozen=True)
class _Answer:
    """What a worker gave for one exercise, and in which state that left it."""

    seen: Seen
    missing: bool = False
    spoilt: bool = False  # the worker is dead, or left with less than it had
    innocent: bool = False  # spoilt, but perhaps by what another exercise had left behind


def _ask(
    worker: Worker, notebook: _Notebook, exercise: str, cases: Sequence[Case], end: float
) -> _Answer:
    """Have the worker observe every case of one exercise."""
    limits = notebook.limits
    deadline = min(end, time.monotonic() + limits.exercise_seconds)
    seen: Seen = []
    left_running = False
    room = worker.received + min(MAX_SEEN, notebook.room)

    def lost(kind: Kind, message: str) -> _Answer:
        rest: Seen = [Lost(kind, message)] * (len(cases) - len(seen))
        return _Answer(seen + rest, spoilt=True, innocent=kind is not Kind.timed_out)

    for case in cases:
        nonce = secrets.token_hex(8)
        try:
            worker.send({"nonce": nonce, "exercise": exercise, "case": case.data}, deadline)
            before = worker.received
            reply = _reply(worker.receive(deadline, room - before), nonce)
            notebook.room -= worker.received - before
        except TimeoutError:
            return lost(
                Kind.timed_out, f"stopped after {counted(limits.exercise_seconds, 'second')}"
            )
        except ProtocolError:  # what it says is made of numbers that the worker chose
            return lost(Kind.protocol, "what came back could not be read")
        except (EOFError, OSError):
            return lost(Kind.crashed, "the process that ran it ended before it was done")
        if reply["observation"] is None:
            return _Answer(seen + [Lost(Kind.missing, "")] * len(cases), missing=True)
        seen.append(notebook.placed(reply["observation"]))
        errors = [part.error for part in reply["observation"].values() if part.error]
        if any(map(ran_short, errors)):
            return lost(Kind.not_run, "not run")
        left_running |= reply["left_running"]
    return _Answer(seen, spoilt=left_running)


def _reply(message: Any, nonce: str) -> dict[str, Any]:
    """The message, if it is a well-formed answer to the request with that nonce.

    Raises:
        ProtocolError: it is not.
    """
    if not (isinstance(message, dict) and message.get("nonce") == nonce):
        raise ProtocolError("it answers another question")
    observation = message.get("observation")
    parts = observation.values() if isinstance(observation, dict) else ()
    if observation is not None and not isinstance(observation, dict):
        raise ProtocolError("it is no observation")
    if not all(isinstance(part, Part) for part in parts):
        raise ProtocolError("it is no observation")
    return {"observation": observation, "left_running": message.get("left_running") is True}


def _texts(message: Any, key: str, cell: int | None = None) -> list[str]:
    """A list of short strings out of a message.

    Raises:
        ProtocolError: it is not of that form.
    """
    texts = message.get(key) if isinstance(message, dict) else None
    number = message.get("cell") if isinstance(message, dict) else None
    if type(number) is not type(cell) or number != cell:  # a tensor has no one answer to ==
        raise ProtocolError("not what a worker says there")
    if not isinstance(texts, list) or len(texts) > MAX_TEXTS:
        raise ProtocolError("not what a worker says there")
    if not all(isinstance(text, str) for text in texts):
        raise ProtocolError("not what a worker says there")
    return [text[:MAX_MESSAGE] for text in texts]
