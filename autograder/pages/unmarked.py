"""What becomes of answers that nobody has marked yet, in words."""

from __future__ import annotations

import shlex
from collections.abc import Collection
from pathlib import Path

from ..plural import counted

COUNTED = "totals count {them} as 0"
LEFT_OUT = "students who wrote {them} get no score"


def told(answers: int, so: str = COUNTED) -> str:
    """That there are such answers, and what follows; empty if there are none."""
    if not answers:
        return ""
    what, them = ("answer is", "it") if answers == 1 else ("answers are", "them")
    return f"{answers} {what} not marked yet: {so.format(them=them)}"


def to_mark(answers: Collection[int], results: Path) -> str:
    """How many questions have such answers (their number, by question), and what marks them."""
    if not any(answers):
        return ""
    waiting, all_ = sum(map(bool, answers)), counted(len(answers), "question")
    waits = "waits" if waiting == 1 else "wait"
    return f"{waiting} of {all_} {waits} for a mark: autograder mark {shlex.quote(str(results))}"
