"""Writing a file completely or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

PRIVATE = 0o600  # what is written is of students, unless it is said to be
PUBLIC = 0o666  # for files that students may have
PRIVATE_FOLDER = 0o700
DRAFT = re.compile(r"\.[0-9a-f]{16}\.draft(-journal|-wal|-shm)?")


def draft_of(path: Path) -> Path:
    """A new name beside a file, for what will take its place."""
    return path.with_name(f".{secrets.token_hex(8)}.draft")


@contextlib.contextmanager
def replacing(path: Path, mode: int = PRIVATE) -> Iterator[TextIO]:
    """A UTF-8 text file that takes the place of `path` when the block ends without an error.

    Nobody else may read it, unless `mode` says so.

    Raises:
        OSError: it could not be written; the error names it.
    """
    draft = draft_of(path)
    try:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file
        os.replace(draft, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(draft)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def write_private(path: Path, content: bytes) -> None:
    """Put a file that nobody else may read in the place of `path`, whole or not at all.

    Raises:
        OSError: it could not be written; the error names it.
    """
    with replacing(path) as file:
        file.buffer.write(content)


def sweep(folder: Path) -> None:
    """Delete the drafts of a run that was killed. Only for who alone writes to the folder."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if DRAFT.fullmatch(path.name):
            path.unlink(missing_ok=True)
