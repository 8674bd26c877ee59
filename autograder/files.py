"""Writing a file completely or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

PRIVATE = 0o600  # for files of scores
DRAFT = re.compile(r"\.[0-9a-f]{16}\.draft(-journal|-wal|-shm)?")


def draft_of(path: Path) -> Path:
    """A new name beside a file, for what will take its place."""
    return path.with_name(f".{secrets.token_hex(8)}.draft")


@contextlib.contextmanager
def replacing(path: Path, mode: int = 0o666) -> Iterator[TextIO]:
    """A UTF-8 text file that takes the place of `path` when the block ends without an error.

    Raises:
        OSError: it could not be written; the error names it.
    """
    with _taking_the_place_of(path) as draft:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, mode)
        with open(descriptor, "w", encoding="utf-8", newline="") as file:
            yield file


def write_private(path: Path, content: bytes) -> None:
    """Put a file in the place of `path`, whole or not at all, that nobody else may read.

    Raises:
        OSError: it could not be written; the error names it.
    """
    with _taking_the_place_of(path) as draft:
        descriptor = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, PRIVATE)
        with open(descriptor, "wb") as file:
            file.write(content)


@contextlib.contextmanager
def _taking_the_place_of(path: Path) -> Iterator[Path]:
    draft = draft_of(path)
    try:
        yield draft
        os.replace(draft, path)
    except BaseException as error:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
        if isinstance(error, OSError) and error.filename in (None, str(draft)):
            raise OSError(error.errno, error.strerror, str(path)) from error
        raise


def sweep(folder: Path) -> None:
    """Delete the drafts of a run that was killed. Only for who alone writes to the folder."""
    for path in folder.iterdir() if folder.is_dir() else ():
        if DRAFT.fullmatch(path.name):
            path.unlink(missing_ok=True)
