"""Random inputs for hidden cases, from a secret: the same for every regrade, known to nobody."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable, Sequence
from typing import TypeVar

import torch

from .errors import CourseError

T = TypeVar("T")
MAX_CANDIDATES = 5_000


class Draw:
    """A source of inputs for one case, seeded with HMAC-SHA256(secret, path).

    `path` is assignment/exercise/case, and /student where the policy gives each student their own.
    """

    def __init__(self, secret: bytes, *path: str | int) -> None:
        name = "/".join(str(step) for step in path)
        digest = hmac.new(secret, name.encode("utf-8", "backslashreplace"), hashlib.sha256).digest()
        self._generator = torch.Generator().manual_seed(int.from_bytes(digest[:8], "little"))

    def integer(self, low: int, high: int) -> int:
        """A whole number from `low` to `high`, both included."""
        return int(torch.randint(low, high + 1, (), generator=self._generator))

    def choice(self, options: Sequence[T]) -> T:
        """One of `options`."""
        return options[self.integer(0, len(options) - 1)]

    def shuffled(self, options: Sequence[T]) -> list[T]:
        """All `options` in random order."""
        return [options[i] for i in torch.randperm(len(options), generator=self._generator)]

    def seed(self) -> int:
        """A seed for `torch.manual_seed`."""
        return self.integer(0, 2**31 - 1)

    def uniform(self, low: float, high: float) -> float:
        """A float between `low` and `high`."""
        return low + (high - low) * float(torch.rand((), generator=self._generator))

    def normal(self, *shape: int) -> torch.Tensor:
        """A float32 tensor of standard normal entries."""
        return torch.randn(shape, generator=self._generator)

    def distinct_quarters(self, n: int, low: int = -5, high: int = 5) -> list[float]:
        """`n` different multiples of 1/4 in [low, high], no whole numbers: exact in binary.

        Raises:
            ValueError: there are not so many.
        """
        steps = [q / 4 for q in range(4 * low, 4 * high + 1) if q % 4]
        if n > len(steps):
            raise ValueError(f"{n} different quarters from {low} to {high}: only {len(steps)} are")
        return self.shuffled(steps)[:n]

    def screened(self, candidate: Callable[[], T], accept: Callable[[T], bool]) -> T:
        """The first candidate that is accepted.

        Raises:
            CourseError: none of the first 5,000 was.
        """
        for _ in range(MAX_CANDIDATES):
            if accept(found := candidate()):
                return found
        raise CourseError(f"none of {MAX_CANDIDATES} candidates for a hidden case was accepted")
