"""One worker: runs one notebook, then answers requests for observations until it is killed.

    worker -> judge   {"problem": None, or why it could not be confined}
    judge -> worker   {"cells", "skip", "hurry", "files"}                    skip, hurry: numbers
    worker -> judge   {"cell": n, "notes": [...], "stopped": bool,           after each cell
                       "text", "figures", "left_out"}                        figures: base64
    worker -> judge   {"defined": [...]}                                     after the last one
    judge -> worker   {"nonce", "exercise", "case"}                          any number of times
    worker -> judge   {"nonce", "observation", "left_running"}               None: no such name

Everything that is sent from here is a claim of the student's process; the judge treats it so.
"""

from __future__ import annotations

import base64
import contextlib
import os
import random
import sys
import threading
import time
from typing import Any

import torch

from .. import wire
from ..exercise import Case, Exercise
from ..plural import counted
from .cells import NotebookShell

HURRY_SECONDS = 2.0  # for a cell that had to be stopped when another worker ran it


def serve(
    source: int,
    sink: int,
    shell: NotebookShell,
    exercises: dict[str, Exercise],
    cell_seconds: float,
    notebook_seconds: float,
) -> None:
    """Serve one submission; returns when the judge hangs up.

    `source` and `sink` are the descriptors of the channel to it, which may be one.
    """
    job = _receive(source)
    for name, text in job["files"].items():
        with open(name, "w", encoding="utf-8") as file:
            file.write(text)
    sys.stdout = sys.stderr = shell.screen
    skip, hurry = set(job["skip"]), set(job["hurry"])
    end = time.monotonic() + notebook_seconds
    for number, cell in enumerate(job["cells"], start=1):
        if number in skip:
            continue
        allowed = min(cell_seconds, HURRY_SECONDS) if number in hurry else cell_seconds
        left = min(allowed, end - time.monotonic())
        shown = {}
        if left > 0:
            notes, stopped = shell.run(number, cell, left)
            shown = {
                "text": shell.text,
                "figures": [base64.b64encode(figure).decode() for figure in shell.figures],
                "left_out": shell.left_out,
            }
        else:
            notes = shell.define(number, cell, HURRY_SECONDS)
            used_up = counted(notebook_seconds, "second")
            notes.append(f"only defined: the notebook used up its {used_up}")
            stopped = False
        send(sink, {"cell": number, "notes": notes, "stopped": stopped} | shown)
    send(sink, {"defined": shell.defined()[:1000]})
    with contextlib.suppress(EOFError):
        while True:
            send(sink, _answer(_receive(source), shell, exercises))


def _answer(
    request: dict[str, Any], shell: NotebookShell, exercises: dict[str, Exercise]
) -> dict[str, Any]:
    name = request["exercise"]
    observation = None
    threads = threading.active_count()
    if name in shell.user_ns:
        _fresh_state()
        answer = shell.user_ns[name]
        observation = exercises[name].observe(answer, Case(request["case"]))
    left_running = threading.active_count() > threads
    return {
        "nonce": request["nonce"],
        "observation": observation,
        "left_running": left_running,
    }


def _fresh_state() -> None:
    """Undo what cells and other exercises may have set for the whole process."""
    torch.set_grad_enabled(True)
    torch.set_default_dtype(torch.float32)
    torch.set_num_threads(1)
    random.seed(0)


def _receive(channel: int) -> Any:
    def read(size: int) -> bytes:
        chunks = []
        while size:
            chunk = os.read(channel, min(size, 1 << 20))
            if not chunk:
                raise EOFError
            chunks.append(chunk)
            size -= len(chunk)
        return b"".join(chunks)

    return wire.decode(read, wire.MAX_JOB)  # from the judge, who may be believed


def send(channel: int, message: Any) -> None:
    """Send one frame to the judge."""
    frame = memoryview(wire.encode(message))
    while frame:
        frame = frame[os.write(channel, frame) :]
