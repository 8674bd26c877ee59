"""A worker that nothing confines: a process of its own, for a student's own notebook.

It needs nothing that only some systems have. It speaks as `serve` does, over what were its standard
input and output, and says `{"problem": None}` when it has imported everything; what goes wrong
before that, it leaves on the standard error.
"""

from __future__ import annotations

import json
import os
import sys
from pathlib import Path

import torch

from ..exercise import count_autograd, exercise_files, load_exercise
from .cells import new_shell
from .serve import send, serve


def main() -> None:
    """Serve one submission: the assignment's folder and two limits are on the command line."""
    source, sink = os.dup(0), os.dup(1)
    nothing = os.open(os.devnull, os.O_RDWR)
    for standard in (0, 1):  # not for student code, whose prints would be taken for answers
        os.dup2(nothing, standard)
    assignment, cell_seconds, notebook_seconds = sys.argv[1:]
    torch.set_num_threads(1)
    count_autograd()
    folder = Path(assignment)
    shell = new_shell(folder)
    published = json.loads((folder / "visible.json").read_text(encoding="utf-8"))
    files = exercise_files(folder)  # and perhaps files of the student's
    exercises = {name: load_exercise(files[name]) for name in published}
    send(sink, {"problem": None})
    os.dup2(nothing, 2)  # nobody reads it any more: whoever filled it would wait for ever
    serve(source, sink, shell, exercises, float(cell_seconds), float(notebook_seconds))


if __name__ == "__main__":
    main()
