"""How well this machine can keep student code apart, found out by trying."""

from __future__ import annotations

import json
import subprocess
import sys
from dataclasses import dataclass

from .errors import SandboxError


@dataclass(frozen=True)
class Tier:
    """An isolation tier: what it keeps student code from, and what would raise it."""

    name: str
    namespaces: bool
    landlock: int  # the kernel's version of it, 0 for none
    reason: str = ""  # why there are no namespaces

    @property
    def lacks(self) -> tuple[str, ...]:
        """What student code can still do, in words."""
        if self.namespaces:
            return ()
        some = ("see which files and processes exist",)
        every = ("read every file that you can read", "write wherever you can write")
        return some if self.landlock else every + some

    def describe(self) -> str:
        """What isolates, in words."""
        files = f"Landlock version {self.landlock}" if self.landlock else "no Landlock"
        return f"{'namespaces' if self.namespaces else 'no namespaces'}, {files}, seccomp, limits"

    @property
    def advice(self) -> str:
        """What to do about it, in one sentence."""
        if self.namespaces:
            return "nothing to do"
        return (
            f"namespaces are refused ({self.reason}): run as root, or allow unprivileged user "
            "namespaces (sysctl kernel.unprivileged_userns_clone=1, or an AppArmor profile with "
            "`userns,`), or use a container runtime that permits them"
        )


def detect(trusted: bool = False) -> Tier:
    """Try, in a process to throw away, what the kernel gives, and what it then denies.

    Raises:
        SandboxError: this is not Linux, the trial itself failed, or nothing isolates and the
            submissions are not `trusted`.
    """
    if sys.platform != "linux":
        raise SandboxError(
            f"{sys.platform} cannot isolate student code: grade on Linux, in WSL2 or in a Linux VM"
        )
    trial = subprocess.run(
        [sys.executable, "-P", "-m", "autograder.worker.sandbox"],
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    try:
        found = json.loads(trial.stdout)
    except ValueError as error:
        last = (trial.stderr.strip().splitlines() or ["no output"])[-1]
        raise SandboxError(f"the isolation trial failed: {last}") from error
    namespaces, landlock = bool(found["namespaces"]), int(found["landlock"])
    name = "A" if namespaces else "B" if landlock else "C"
    tier = Tier(name, namespaces, landlock, str(found.get("reason", "")))
    if name == "C" and not trusted:
        raise SandboxError(
            f"nothing here keeps student code from your files: {tier.advice}; "
            "or, if you have read every submission, --trust-submissions"
        )
    return tier
