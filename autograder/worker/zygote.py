"""The zygote: imports everything once, then forks one worker for each submission.

It is started by `autograder.zygotes` with a clean environment; it holds no secret and no answer.
Commands come as packets over one descriptor: `w` and the path of a scratch folder, with a channel's
descriptor attached, forks a worker on that channel; `r` kills it and answers `r` when it is gone;
`j`, with the descriptors of a cgroup, has the zygote join it, and with it the next worker. When the
other side hangs up, the zygote exits, and the kernel kills the worker.
"""

from __future__ import annotations

import contextlib
import gc
import importlib
import json
import os
import signal
import socket
import sys
import tempfile
import warnings
from pathlib import Path
from typing import NoReturn

import torch

from ..exercise import Exercise, count_autograd, exercise_files, load_exercise
from . import kernel, namespaces, sandbox
from .cells import NotebookShell, new_shell, released_imports
from .serve import send, serve
from .settings import Settings

MAX_DESCRIPTORS = 4  # in one command
CHANNEL = 3  # the worker's descriptor to the judge
SCRATCH_VARIABLES = ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR", "TORCHINDUCTOR_CACHE_DIR")


def main() -> None:
    """Get ready, say so with one byte, and obey."""
    settings = Settings(**json.loads(sys.argv[1]))
    control = socket.socket(fileno=settings.control)
    _warm_up()
    assignment = Path(settings.assignment)
    shell = new_shell(released_imports(assignment / f"{assignment.name}.ipynb"))
    exercises = {name: load_exercise(path) for name, path in exercise_files(assignment).items()}
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * os.sysconf("SC_PAGE_SIZE") + (settings.memory_mb << 20)
    isolated = settings.namespaces
    home = namespaces.enter(settings.visible, settings.hidden) if isolated else -1
    kernel.hide_memory()
    gc.collect()
    gc.freeze()  # so that collections in workers do not touch, and copy, what they share
    control.sendall(b"!")
    worker = 0
    while True:
        command, descriptors, _, _ = socket.recv_fds(control, 4096, MAX_DESCRIPTORS)
        if command.startswith(b"w"):
            worker = namespaces.fork_into_new_pid_namespace(home) if isolated else os.fork()
            if worker == 0:
                bounds = sandbox.Bounds(
                    memory=memory,
                    cpu_seconds=settings.cpu_seconds,
                    readable=tuple(settings.visible),
                    scratch=os.fsdecode(command[1:]),
                    slot=settings.slot,
                )
                _work(descriptors[0], bounds, shell, exercises, settings)
        elif command == b"r":
            _kill(worker)
            control.sendall(b"r")
        elif command == b"j":
            for join in descriptors:
                os.write(join, b"0")  # "the process that writes this"
        else:
            return
        for descriptor in descriptors:
            os.close(descriptor)


def _kill(worker: int) -> None:
    handle = os.pidfd_open(worker)  # ours until we wait for it, dead or alive
    with contextlib.suppress(ProcessLookupError):
        signal.pidfd_send_signal(handle, signal.SIGKILL)
    os.waitpid(worker, 0)
    os.close(handle)


def _work(
    channel: int,
    bounds: sandbox.Bounds,
    shell: NotebookShell,
    exercises: dict[str, Exercise],
    settings: Settings,
) -> NoReturn:
    """Be a worker. Ends here whatever happens: nothing may unwind into the zygote."""
    leave = os._exit
    try:
        nothing = os.open(os.devnull, os.O_RDWR)
        for standard in range(3):
            os.dup2(nothing, standard)
        os.dup2(channel, CHANNEL)
        os.closerange(CHANNEL + 1, 1 << 16)
        os.environ.update(dict.fromkeys(SCRATCH_VARIABLES, bounds.scratch))
        tempfile.tempdir = None  # found out before, for the zygote
        layers = sandbox.Layers(settings.namespaces, settings.landlock, settings.seccomp)
        try:
            sandbox.confine(layers, bounds)
        except OSError as error:
            send(CHANNEL, {"problem": str(error)})
            raise
        send(CHANNEL, {"problem": None})
        serve(CHANNEL, shell, exercises, settings.cell_seconds, settings.notebook_seconds)
    except BaseException:
        leave(70)
    finally:
        leave(0)


def _warm_up() -> None:
    """Import and run once what would otherwise be slow in every worker."""
    torch.set_num_threads(1)
    count_autograd()
    for module in ("torch._dynamo", "torch.func", "torch.testing"):
        importlib.import_module(module)
    with contextlib.suppress(ImportError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import matplotlib.pyplot
        import numpy as np

        matplotlib.pyplot.close(matplotlib.pyplot.figure())
        np.random.default_rng(0).normal()
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    optimizer = torch.optim.Adam(model.parameters())
    loss = torch.nn.BCEWithLogitsLoss()(model(torch.ones(3, 2)), torch.ones(3, 1))
    torch.autograd.backward(loss)
    optimizer.step()


if __name__ == "__main__":
    main()
