"""Writing a file completely or not at all."""

from __future__ import annotations

import contextlib
import os
import re
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

DRAFT = re.compile(r"\.[0-9a-f]{16}\.draft(-journal|-wal|-shm)?")


def draft_of(path: Path) -> Path:
    """A new name beside a file, for what will take its place."""
    return path.with_name(f".{secrets.token_hex(8)}.draft")


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A UTF-8 text file that takes the place of `path` when the block ends without an error.

    Raises:
        OSError: it could not be written; the error names it.
    """
    draft = draft_of(path)
    try:
        with open(draft, "x", encoding="utf-8", newline="") as file:
            yield file
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
