"""One mark, two marks."""

from __future__ import annotations


def counted(count: float, noun: str) -> str:
    """`1 mark`, `2 marks`."""
    return f"{round(count, 2):.10g} {noun}{'s' * (count != 1)}"
