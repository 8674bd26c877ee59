"""The zygote: imports everything once, then forks one worker for each submission.

It begins in `start`, with a clean environment; it holds no secret and no answer. Commands come as
packets over one descriptor: `w` and the path of a scratch folder, with a channel's descriptor
attached, forks a worker on it; `r` kills that and answers `r` when it is gone; `j`, with the
descriptors of a cgroup, has the zygote join it, and with it the next worker. When the other side
hangs up, the zygote exits, and the kernel kills the worker.
"""

from __future__ import annotations

import contextlib
import copy
import gc
import importlib
import io
import os
import signal
import socket
import tempfile
import warnings
from pathlib import Path
from typing import NoReturn

import torch

from ..exercise import Exercise, count_autograd, exercise_files, load_exercise
from . import kernel, namespaces, sandbox
from .cells import NotebookShell, new_shell
from .serve import send, serve
from .settings import Settings

MAX_DESCRIPTORS = 4  # in one command
CHANNEL = 3  # the worker's descriptor to the judge
SCRATCH_VARIABLES = ("HOME", "TMPDIR", "IPYTHONDIR", "MPLCONFIGDIR", "TORCHINDUCTOR_CACHE_DIR")


def obey(settings: Settings, home: int) -> None:
    """Get ready, say so with one byte, and obey; `home` is of `namespaces.leave`."""
    control = socket.socket(fileno=settings.control)
    torch.set_num_threads(1)
    count_autograd()
    assignment = Path(settings.assignment)
    shell = new_shell(assignment)
    _warm_up(shell)
    exercises = {name: load_exercise(path) for name, path in exercise_files(assignment).items()}
    pages = int(Path("/proc/self/statm").read_text().split()[0])
    memory = pages * os.sysconf("SC_PAGE_SIZE") + (settings.memory_mb << 20)
    isolated = settings.namespaces
    if isolated:
        namespaces.settle(settings.visible, settings.hidden)
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
        limits = settings.cell_seconds, settings.notebook_seconds
        serve(CHANNEL, CHANNEL, shell, exercises, *limits)
    except BaseException:
        leave(70)
    finally:
        leave(0)


def _warm_up(shell: NotebookShell) -> None:
    """Import and run once what would otherwise be slow in every worker."""
    for module in ("torch._dynamo", "torch.func", "torch.testing"):
        importlib.import_module(module)
    with contextlib.suppress(ImportError), warnings.catch_warnings():
        warnings.simplefilter("ignore")
        import matplotlib.pyplot as plt
        import numpy as np

        figure, (axes, _) = plt.subplots(1, 2)
        axes.plot([1.0, 2.0], [1.0, 10.0], "o-", label="x")
        axes.set(yscale="log", title="x", xlabel="x", ylabel="x")
        axes.legend()
        figure.savefig(io.BytesIO(), format="png", dpi=80)
        plt.close(figure)
        np.random.default_rng(0).normal()
    # Jupyter's inline backend never says so.
    warnings.filterwarnings("ignore", message="FigureCanvasAgg is non-interactive")
    torch.manual_seed(0)
    model = torch.nn.Sequential(torch.nn.Linear(2, 2), torch.nn.ReLU(), torch.nn.Linear(2, 1))
    for kind in (torch.optim.SGD, torch.optim.Adam):
        optimizer = kind(model.parameters(), lr=0.1)
        loss = torch.nn.BCEWithLogitsLoss()(model(torch.ones(3, 2)), torch.ones(3, 1))
        torch.autograd.backward(loss)
        optimizer.step()
        optimizer.zero_grad()
    copy.deepcopy(model).load_state_dict(model.state_dict())
    str(torch.ones(2, requires_grad=True).std())
    shell.run(0, "pass", 60.0)
