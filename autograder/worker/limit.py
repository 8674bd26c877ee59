"""A time limit for what the main thread runs, on every system."""

from __future__ import annotations

import contextlib
import signal
import threading
from collections.abc import Callable, Iterator
from types import FrameType
from typing import NoReturn

Ring = Callable[[int, FrameType | None], NoReturn]


@contextlib.contextmanager
def time_limit(seconds: float, ring: Ring) -> Iterator[None]:
    """Have `ring` called in the block, as the handler of a signal, when its time is up."""
    if not hasattr(signal, "setitimer"):
        with _by_thread(seconds, ring):
            yield
        return
    signal.signal(signal.SIGALRM, ring)
    signal.setitimer(signal.ITIMER_REAL, seconds)
    try:
        yield
    finally:
        signal.setitimer(signal.ITIMER_REAL, 0)


@contextlib.contextmanager
def _by_thread(seconds: float, ring: Ring) -> Iterator[None]:
    """For Windows, which has no timers that signal: a thread raises the one signal that it knows.

    Raised by the C library, and not by `_thread.interrupt_main`, it ends a `time.sleep` there, too.
    """
    before = signal.signal(signal.SIGINT, ring)
    timer = threading.Timer(seconds, signal.raise_signal, (signal.SIGINT,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()
        signal.signal(signal.SIGINT, before)
