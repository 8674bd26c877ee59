"""What becomes of answers that nobody has marked yet, in words."""

from __future__ import annotations

import shlex
from pathlib import Path

COUNTED = "totals count {them} as 0"
NOT_COUNTED = "no total counts {them}"  # before anybody has marked anything
LEFT_OUT = "students who wrote {them} get no score"


def told(answers: int, so: str = COUNTED) -> str:
    """That there are such answers, and what follows; empty if there are none."""
    if not answers:
        return ""
    what, them = ("answer is", "it") if answers == 1 else ("answers are", "them")
    return f"{answers} {what} not marked yet: {so.format(them=them)}"


def to_mark(results: Path) -> str:
    """The command that marks them."""
    return f"to mark them: autograder mark {shlex.quote(str(results))}"
