"""The channel to one worker: every send and receive has a deadline (`time.monotonic`)."""

from __future__ import annotations

import math
import time
from contextlib import AbstractContextManager
from typing import Any, Protocol

from .. import wire
from ..errors import ProtocolError, ZygoteDied

CONFINE_SECONDS = 30.0  # for a worker to be confined, which takes milliseconds
END_SECONDS = 10.0  # for the kernel to clear away a worker that was killed


class Channel(Protocol):
    """What a channel has to be able to do: a socket is one."""

    def settimeout(self, seconds: float, /) -> None:
        """Give each call from now on so much time."""

    def sendall(self, data: bytes, /) -> None:
        """Send all of it."""

    def recv(self, size: int, /) -> bytes:
        """Receive something, or nothing if the other end is gone."""


class Worker:
    """Our end of a channel, and what is at the other."""

    def __init__(self, channel: Channel) -> None:
        self._channel = channel
        self.received = 0  # bytes, so far

    def send(self, message: Any, deadline: float) -> None:
        """Send one frame.

        Raises:
            TimeoutError: the worker did not take it in time.
            OSError: the worker is gone.
        """
        frame = wire.encode(message)
        self._wait_until(deadline)
        self._channel.sendall(frame)

    def receive(self, deadline: float, room: int | None = None) -> Any:
        """Receive one frame, of `room` bytes at most.

        Raises:
            TimeoutError: it did not come in time.
            EOFError, OSError: the worker is gone.
            ProtocolError: what came is no frame, or a larger one.
        """
        most = math.inf if room is None else self.received + room

        def read(size: int) -> bytes:
            data = bytearray()
            self.received += size
            if self.received > most:
                raise ProtocolError("more came than there is room for")
            while len(data) < size:
                self._wait_until(deadline)
                chunk = self._channel.recv(min(size - len(data), 1 << 20))
                if not chunk:
                    raise EOFError
                data += chunk
            return bytes(data)

        return wire.decode(read)

    def _wait_until(self, deadline: float) -> None:
        """Give the next call the time that is left: without this, a peer that drips gets more.

        Raises:
            TimeoutError: there is none.
        """
        if (left := deadline - time.monotonic()) <= 0:
            raise TimeoutError
        self._channel.settimeout(left)

    def await_confined(self) -> None:
        """Wait until the worker is confined. No student code has run by then: a failure is ours.

        Raises:
            ZygoteDied: it was not.
        """
        try:
            problem = self.receive(time.monotonic() + CONFINE_SECONDS)["problem"]
        except (OSError, EOFError, ProtocolError) as error:
            problem = f"{type(error).__name__} {error}"
        if problem is not None:
            raise ZygoteDied(f"a worker could not be confined: {problem}")

    def await_end(self) -> None:
        """Wait until nothing holds the other end: then the worker and all it started are gone.

        Raises:
            ZygoteDied: something still does.
        """
        deadline = time.monotonic() + END_SECONDS
        try:
            self._wait_until(deadline)
            while self._channel.recv(1 << 20):
                self._wait_until(deadline)
        except ConnectionResetError:
            return
        except TimeoutError as error:
            raise ZygoteDied("what a worker started did not end with it") from error


class Workers(Protocol):
    """What starts workers, one at a time: a zygote, or `alone.Alone`."""

    def worker(self) -> AbstractContextManager[Worker]:
        """One worker, for the time of the block."""
