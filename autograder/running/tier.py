"""How well this machine can keep student code apart, found out by trying."""

from __future__ import annotations

import json
import signal
import subprocess
import sys
from dataclasses import dataclass

from ..errors import SandboxError
from .cgroups import Cgroups

TRIAL_MEMORY = 32 << 20  # bytes that the trial of cgroups may have
TRIAL_PROCESSES = 8
TRUNCATE = 3  # Landlock's version that also guards against cutting files short
ORDER = ("S", "A", "B", "B-", "C", "D")
LOST = {  # with each tier, compared with the one above it
    "A": "take more memory than its limit, in ways that its address space does not count",
    "B": "see which files and processes exist, and fill the disk",
    "B-": "cut short files that you can write",
    "C": "read every file that you can read, and write wherever you can write",
    "D": "start processes, and use the network",
}
CONTAINER = "in a container, use a runtime and profile that permit it"
RAISE = {
    "S": "nothing to do",
    "A": "run as root, or under `systemd-run --user --scope -p Delegate=yes`, to have cgroups",
    "B": "run as root, or allow unprivileged user namespaces (sysctl "
    f"kernel.unprivileged_userns_clone=1, or an AppArmor profile with `userns,`); {CONTAINER}",
    "B-": "use Linux 6.2 or newer, or run as root with namespaces",
    "C": f"use Linux 5.13 or newer with Landlock among its security modules (lsm=); {CONTAINER}",
    "D": f"use Linux on x86_64 or aarch64 with seccomp; {CONTAINER}",
}
# Joins the cgroup whose files are given, and tries to outgrow it.
BOMB = f"""
import mmap, os, sys
for descriptor in sys.argv[1:]:
    os.write(int(descriptor), b"0")
try:
    for _ in range({2 * TRIAL_PROCESSES}):
        if os.fork() == 0:
            signal = os.read(0, 1)
            os._exit(0)
except OSError:
    shared = mmap.mmap(-1, {4 * TRIAL_MEMORY})
    for start in range(0, len(shared), 4096):
        shared[start] = 1
"""


@dataclass(frozen=True)
class Tier:
    """An isolation tier, from S (all there is) to D (nothing but limits)."""

    name: str
    landlock: int = 0  # the kernel's version of it, 0 for none
    missing: tuple[str, ...] = ()  # why it is no better

    @property
    def namespaces(self) -> bool:
        """Whether workers have a file system, network and process tree of their own."""
        return self.name in ("S", "A")

    @property
    def cgroups(self) -> bool:
        """Whether the kernel caps all the memory of a worker."""
        return self.name == "S"

    @property
    def seccomp(self) -> bool:
        """Whether system calls are filtered."""
        return self.name != "D"

    @property
    def isolates(self) -> bool:
        """Whether submissions need not be trusted."""
        return self.name not in ("C", "D")

    @property
    def lacks(self) -> tuple[str, ...]:
        """What student code can do here, in words, that it cannot do on tier S."""
        below = list(LOST)[: ORDER.index(self.name)]
        return tuple(LOST[name] for name in below)

    @property
    def advice(self) -> str:
        """What to do about it, in one sentence."""
        return RAISE[self.name]

    def describe(self) -> str:
        """What isolates, in words."""
        layers = {
            "namespaces": self.namespaces,
            "cgroups": self.cgroups,
            f"Landlock version {self.landlock}": self.landlock > 0,
            "system call filter": self.seccomp,
            "limits": True,
        }
        return ", ".join(layer for layer, is_there in layers.items() if is_there)


def detect(trusted: bool = False) -> Tier:
    """Try, in processes to throw away, what the kernel gives, and what it then denies.

    Raises:
        SandboxError: this is not Linux, the trial itself failed, or nothing isolates and the
            submissions are not `trusted`.
    """
    if sys.platform != "linux":
        raise SandboxError(
            f"{sys.platform} cannot isolate student code: grade on Linux, in WSL2 or in a Linux VM"
        )
    found = _trial()
    landlock = int(found.pop("landlock"))
    missing = {"S": found["A"] or _without_cgroups()} | found
    name = next((tier for tier, why in missing.items() if not why), "D")
    reasons = tuple(f"no {better}: {missing[better]}" for better in list(missing)[: _at(name)])
    if found["A"]:
        reasons = reasons[1:]  # S needs what A does
    if name == "B" and landlock < TRUNCATE:
        name = "B-"
    tier = Tier(name, landlock, reasons)
    if not (tier.isolates or trusted):
        raise SandboxError(
            f"nothing here keeps student code from your files ({'; '.join(reasons)}): "
            f"{tier.advice}; or, if you have read every submission, --trust-submissions"
        )
    return tier


def _at(name: str) -> int:
    return ["S", "A", "B", "C", "D"].index(name)


def _trial() -> dict[str, str]:
    """Of each tier from A to C, why it is not there; and the version of Landlock.

    Raises:
        SandboxError: the trial failed.
    """
    trial = subprocess.run(
        [sys.executable, "-P", "-m", "autograder.worker.trial"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    try:
        found: dict[str, str] = json.loads(trial.stdout)
    except ValueError as error:
        last = (trial.stderr.strip().splitlines() or ["no output"])[-1]
        raise SandboxError(f"the isolation trial failed: {last}") from error
    return found


def _without_cgroups() -> str:
    """Why there are no cgroups; empty if there are, and hold."""
    try:
        cgroup = Cgroups(TRIAL_MEMORY, TRIAL_PROCESSES).fresh()
        try:
            bomb = subprocess.run(  # noqa: S603 (our own lines)
                [sys.executable, "-S", "-c", BOMB, *map(str, cgroup.joins)],
                stdin=subprocess.DEVNULL,
                capture_output=True,
                pass_fds=cgroup.joins,
                timeout=60,
                check=False,
            )
        finally:
            cgroup.remove()
    except (OSError, SandboxError) as error:
        return str(error)
    return "" if bomb.returncode == -signal.SIGKILL else "a cgroup does not hold its limits"
