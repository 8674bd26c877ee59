"""Feedback pages in a zip, under the names that an LMS takes."""

from __future__ import annotations

import io
import zipfile
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from ..errors import ResultsError
from ..files import PRIVATE
from .order import Order

MADE = (1980, 1, 1, 0, 0, 0)


@dataclass(frozen=True)
class Page:
    """A feedback page, and its name in the zip."""

    name: str
    path: Path


def zipped(pages: Sequence[Page], order: Order) -> bytes:
    """The zip; the same one for the same pages.

    Raises:
        ResultsError: a page is not there.
    """
    buffer = io.BytesIO()
    with zipfile.ZipFile(buffer, "w", zipfile.ZIP_DEFLATED) as archive:
        for page in pages:
            info = zipfile.ZipInfo(page.name, MADE)
            info.compress_type = zipfile.ZIP_DEFLATED
            info.external_attr = PRIVATE << 16
            try:
                archive.writestr(info, page.path.read_bytes())
            except FileNotFoundError as error:
                cure = f"run `autograder report {order.folder}` first"
                raise ResultsError(f"{page.path.parent}: a page is not there: {cure}") from error
    return buffer.getvalue()
