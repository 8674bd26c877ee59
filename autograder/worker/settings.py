"""What the judge's side tells a zygote at its start (as JSON on the command line)."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Settings:
    """Paths, isolation and limits of one zygote. None is a secret: student code can see them."""

    control: int  # the descriptor that commands come over
    assignment: str  # the folder of the exercises' public halves
    visible: tuple[str, ...]  # what workers may read, apart from the system's own folders
    hidden: tuple[str, ...]  # what they may not, even inside a visible folder
    namespaces: bool
    landlock: bool
    seccomp: bool
    slot: int  # which of the zygotes this is
    memory_mb: int
    cpu_seconds: int
    cell_seconds: float
    notebook_seconds: float
