"""Tying down one worker, layer by layer; each holds if the one before it has a hole."""

from __future__ import annotations

import os
import resource
from dataclasses import dataclass

from . import kernel, landlock, namespaces, seccomp

UNPRIVILEGED = 61_000  # first of the user ids that workers get under root, one for each zygote
PROCESSES = 64  # threads, in fact: the filter allows no further process


@dataclass(frozen=True)
class Layers:
    """Which of the layers that a machine may lack are there."""

    namespaces: bool
    landlock: bool
    seccomp: bool


@dataclass(frozen=True)
class Bounds:
    """What one worker may have and read."""

    memory: int  # bytes of address space
    cpu_seconds: int
    readable: tuple[str, ...]
    scratch: str  # the folder that it may write
    slot: int  # its zygote's number: under root each has a user id of its own


def confine(layers: Layers, bounds: Bounds) -> None:
    """Tie down this process for good: scratch folder, limits, identity, files, system calls.

    Raises:
        OSError: a layer that should be there is not.
    """
    kernel.die_with_parent()
    os.setsid()
    if layers.namespaces:
        namespaces.mount_scratch()
    os.chdir(bounds.scratch)
    _limit(layers, bounds)
    if os.getuid() == 0:
        _become(UNPRIVILEGED + bounds.slot)
    elif layers.namespaces:
        kernel.drop_capabilities()
    kernel.hide_memory()
    kernel.no_new_privileges()
    if layers.landlock:
        readable = (*namespaces.SYSTEM, *bounds.readable)
        landlock.restrict(readable, namespaces.DEVICES, bounds.scratch)
    if layers.seccomp:
        seccomp.restrict(os.getpid(), own_files=layers.namespaces)


def _limit(layers: Layers, bounds: Bounds) -> None:
    seconds, size = bounds.cpu_seconds, namespaces.SCRATCH_BYTES
    table = {
        resource.RLIMIT_AS: (bounds.memory, bounds.memory),
        resource.RLIMIT_CPU: (seconds, seconds + 1),  # process 1 ignores the soft limit's signal
        resource.RLIMIT_FSIZE: (size, size),
        resource.RLIMIT_NOFILE: (64, 64),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_MSGQUEUE: (0, 0),
        resource.RLIMIT_SIGPENDING: (64, 64),
        resource.RLIMIT_STACK: (8 << 20, 8 << 20),
    }
    if layers.namespaces or os.getuid() == 0:  # else it would count all that the user runs
        table[resource.RLIMIT_NPROC] = (PROCESSES, PROCESSES)
    for limit, values in table.items():
        resource.setrlimit(limit, values)


def _become(uid: int) -> None:
    os.setgroups([])
    os.setresgid(uid, uid, uid)
    os.setresuid(uid, uid, uid)
    kernel.die_with_parent()  # cleared by the change
