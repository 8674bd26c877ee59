"""One writer at a time: a lock on a results folder, which the kernel drops when its holder dies."""

from __future__ import annotations

import contextlib
import fcntl
import os
from collections.abc import Iterator
from pathlib import Path

from ..errors import FolderBusy
from ..files import PRIVATE
from .folder import LOCK


@contextlib.contextmanager
def locked(folder: Path) -> Iterator[None]:
    """Nobody else writes to the folder during the block.

    Raises:
        FolderBusy: somebody does, at once.
        OSError: the folder cannot be written to.
    """
    path = folder / LOCK
    file = os.open(path, os.O_RDWR | os.O_CREAT | os.O_NOFOLLOW, PRIVATE)
    try:
        try:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            holder = os.read(file, 20).decode(errors="replace").strip()
            who = f"another autograder (process {holder})" if holder.isdigit() else "another one"
            raise FolderBusy(
                f"{folder}: {who} is writing to it: wait until that is done, or choose another "
                "--out"
            ) from error
        except OSError as error:
            raise OSError(error.errno, error.strerror, str(path)) from error
        with contextlib.suppress(OSError):  # whose it is, for the message above
            os.ftruncate(file, 0)
            os.pwrite(file, f"{os.getpid()}\n".encode(), 0)
        yield
    finally:
        os.close(file)
