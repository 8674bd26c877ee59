"""Writing a file completely or not at all."""

from __future__ import annotations

import contextlib
import os
import secrets
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO


@contextlib.contextmanager
def replacing(path: Path) -> Iterator[TextIO]:
    """A UTF-8 text file that takes the place of `path` when the block ends without an error."""
    draft = path.with_name(f".{secrets.token_hex(8)}.draft")
    try:
        with open(draft, "x", encoding="utf-8", newline="") as file:
            yield file
        os.replace(draft, path)
    except BaseException:
        draft.unlink(missing_ok=True)
        raise
