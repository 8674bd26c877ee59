"""The channel to one worker: every send and receive has a deadline (`time.monotonic`)."""

from __future__ import annotations

import socket
import time
from typing import Any

from . import wire
from .errors import ProtocolError, ZygoteDied

CONFINE_SECONDS = 30.0  # for a worker to be confined, which takes milliseconds
END_SECONDS = 10.0  # for the kernel to clear away a worker that was killed


class Worker:
    """Our end of a channel, and what is at the other."""

    def __init__(self, channel: socket.socket) -> None:
        self._channel = channel

    def send(self, message: Any, deadline: float) -> None:
        """Send one frame.

        Raises:
            TimeoutError: the worker did not take it in time.
            OSError: the worker is gone.
        """
        self._channel.settimeout(max(0.001, deadline - time.monotonic()))
        self._channel.sendall(wire.encode(message))

    def receive(self, deadline: float) -> Any:
        """Receive one frame.

        Raises:
            TimeoutError: it did not come in time.
            EOFError, OSError: the worker is gone.
            ProtocolError: what came is no frame.
        """

        def read(size: int) -> bytes:
            data = bytearray()
            while len(data) < size:
                self._channel.settimeout(max(0.001, deadline - time.monotonic()))
                chunk = self._channel.recv(min(size - len(data), 1 << 20))
                if not chunk:
                    raise EOFError
                data += chunk
            return bytes(data)

        return wire.decode(read)

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
        self._channel.settimeout(END_SECONDS)
        try:
            while self._channel.recv(1 << 20):
                pass
        except ConnectionResetError:
            return
        except TimeoutError as error:
            raise ZygoteDied("what a worker started did not end with it") from error
