"""Control groups: the kernel's cap on all that one worker takes, where we may make some.

The address space of a worker is limited anyway, with an error that it can catch; a cgroup also
counts what that does not, such as files in memory. Version 1 has a hierarchy for each controller,
version 2 one for all (the kernel's admin-guide/cgroup-v1 and cgroup-v2).
"""

from __future__ import annotations

import contextlib
import errno
import os
import re
import secrets
import time
from dataclasses import dataclass
from pathlib import Path

from ..errors import SandboxError

PREFIX = "autograder"
CONTROLLERS = ("memory", "pids")
MEMORY_FILES = {1: "memory.limit_in_bytes", 2: "memory.max"}
STALE_SECONDS = 60.0  # one that is older, of a grader that is gone, is nobody's
REMOVE_SECONDS = 5.0  # for the kernel to let go of a cgroup whose last process has ended


@dataclass(frozen=True)
class Cgroup:
    """A fresh cgroup: a folder for each hierarchy, and the files to join it by."""

    folders: tuple[Path, ...]
    joins: tuple[int, ...]  # open descriptors of `cgroup.procs`: write "0" to join

    def remove(self) -> None:
        """Remove it; no process may be in it, or the last one must just have ended.

        Raises:
            SandboxError: it could not be removed.
        """
        for descriptor in self.joins:
            os.close(descriptor)
        for folder in self.folders:
            _remove(folder)


class Cgroups:
    """Makes a cgroup for each worker, with the same limits."""

    def __init__(self, memory: int, processes: int) -> None:
        """Limits: bytes of memory, and processes with threads.

        Raises:
            OSError: there are no cgroups here that we may make.
        """
        self._parents, self._version = _parents()
        self._limits = {
            "memory": (MEMORY_FILES[self._version], memory // 4096 * 4096),
            "pids": ("pids.max", processes),
        }
        self._remove_stale()

    def fresh(self) -> Cgroup:
        """A new cgroup, for one worker.

        Raises:
            SandboxError: it could not be made, or does not hold its limits.
        """
        name = f"{PREFIX}-{os.getpid()}-{secrets.token_hex(4)}"
        folders, joins = list[Path](), list[int]()
        try:
            for parent, controllers in self._parents.items():
                folder = parent / name
                folder.mkdir()
                folders.append(folder)
                for controller in controllers:
                    _limit(folder, *self._limits[controller])
                joins.append(os.open(folder / "cgroup.procs", os.O_WRONLY | os.O_CLOEXEC))
        except OSError as error:
            Cgroup(tuple(folders), tuple(joins)).remove()
            raise SandboxError(f"no cgroup could be made: {error}") from error
        return Cgroup(tuple(folders), tuple(joins))

    def _remove_stale(self) -> None:
        """Remove what graders left that were killed."""
        for parent in self._parents:
            for folder in parent.glob(f"{PREFIX}-*-*"):
                with contextlib.suppress(OSError):  # another grader may be doing the same
                    is_old = time.time() - folder.stat().st_mtime > STALE_SECONDS
                    if is_old and not Path("/proc", folder.name.split("-")[1]).exists():
                        folder.rmdir()


def _limit(folder: Path, file: str, value: int) -> None:
    """Set a limit, and read it back: a limit that is not there must not be taken for one."""
    (folder / file).write_text(str(value))
    if (found := (folder / file).read_text().strip()) != str(value):
        raise OSError(errno.EINVAL, f"{folder / file} is {found}, not {value}")


def _remove(folder: Path) -> None:
    end = time.monotonic() + REMOVE_SECONDS
    while True:
        try:
            folder.rmdir()
        except OSError as error:
            if error.errno != errno.EBUSY or time.monotonic() > end:
                raise SandboxError(f"a cgroup could not be removed: {error}") from error
            time.sleep(0.001)
        else:
            return


def _parents() -> tuple[dict[Path, tuple[str, ...]], int]:
    """The folders to make cgroups in, each with its controllers; and the version of cgroups.

    Raises:
        OSError: there are none, or they are not ours.
    """
    own = {
        controller: path
        for line in Path("/proc/self/cgroup").read_text().splitlines()
        for _, names, path in [line.split(":", 2)]
        for controller in names.split(",")
    }
    mounts = _mounts()
    if set(CONTROLLERS) <= mounts.keys():
        parents: dict[Path, tuple[str, ...]] = {}
        for controller in CONTROLLERS:  # which may share one hierarchy
            folder = _inside(mounts[controller], own.get(controller, "/"))
            parents[folder] = (*parents.get(folder, ()), controller)
        return _writable(parents), 1
    if "" not in mounts:
        raise OSError(errno.ENOENT, "no cgroups are mounted")
    parent = _inside(mounts[""], own.get("", "/"))
    if parent.name == PREFIX:  # where another grader, or this one, has moved to
        parent = parent.parent
    _delegate(parent)
    return _writable({parent: CONTROLLERS}), 2


def _mounts() -> dict[str, Path]:
    """Where each controller of version 1 is mounted, and, as "", version 2."""
    found: dict[str, Path] = {}
    for line in Path("/proc/self/mountinfo").read_text().splitlines():
        before, _, after = line.partition(" - ")
        kind, _, options = after.split(" ", 2)
        point = Path(re.sub(r"\\(\d{3})", lambda m: chr(int(m[1], 8)), before.split(" ")[4]))
        if kind == "cgroup":
            found |= dict.fromkeys(options.split(","), point)
        elif kind == "cgroup2":
            found[""] = point
    return found


def _inside(mount: Path, own: str) -> Path:
    """Our own cgroup's folder; in a container, it may be the one that is mounted."""
    folder = mount / own.lstrip("/")
    return folder if folder.is_dir() else mount


def _delegate(parent: Path) -> None:
    """Let cgroups below `parent` have limits.

    Version 2 allows that only where no process is in `parent` itself, so we move to one below.
    """
    switched_on = (parent / "cgroup.subtree_control").read_text().split()
    if missing := [c for c in CONTROLLERS if c not in switched_on]:
        (parent / PREFIX).mkdir(exist_ok=True)
        (parent / PREFIX / "cgroup.procs").write_text("0")
        switch = " ".join(f"+{controller}" for controller in missing)
        (parent / "cgroup.subtree_control").write_text(switch)


def _writable(parents: dict[Path, tuple[str, ...]]) -> dict[Path, tuple[str, ...]]:
    for parent in parents:
        if not os.access(parent, os.W_OK):
            raise PermissionError(errno.EACCES, f"{parent} is not ours to write")
    return parents
