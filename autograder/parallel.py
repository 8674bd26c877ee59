"""Doing many things at once, without reading ahead: memory does not grow with their number."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from concurrent.futures import FIRST_COMPLETED, Future, ThreadPoolExecutor, wait
from typing import TypeVar

T = TypeVar("T")
R = TypeVar("R")


def in_parallel(function: Callable[[T], R], items: Iterable[T], workers: int) -> Iterator[R]:
    """Results as they are ready; no more items are read ahead than there are workers for them."""
    pool = ThreadPoolExecutor(workers)
    running: set[Future[R]] = set()
    try:
        for item in items:
            running.add(pool.submit(function, item))
            if len(running) > workers:
                done, running = wait(running, return_when=FIRST_COMPLETED)
                yield from (future.result() for future in done)
        while running:
            done, running = wait(running, return_when=FIRST_COMPLETED)
            yield from (future.result() for future in done)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
