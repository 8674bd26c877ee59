"""The cells of a notebook file, taken as they come. Nothing is executed.

Only what grading needs is looked at: missing metadata, ids, outputs or versions do not matter.
"""

from __future__ import annotations

import json
import re
from typing import Any

import msgspec

from ..model import Cell

MAX_CELLS = 10_000
MAX_BRACKETS = 4_000_000  # lists and objects: each takes a hundred bytes, however short it is
MAX_SOURCE = 4 << 20  # characters of code in one notebook
MAX_TEXT = 1 << 20  # characters of text that people read; the rest is left out
KINDS = {  # how files begin that are handed in instead, as a pattern
    rb"%PDF": "a PDF",
    rb"PK\x03\x04.*word/document\.xml": "a Word document",  # a zip, too
    rb"PK\x03\x04": "a zip file",
    rb"(?i)(\xef\xbb\xbf)?\s*(<!doctype html|<html)": "a web page",
    rb"\x89PNG|\xff\xd8\xff": "a picture",
}
CELL_MARK = re.compile(r"^# (?:%%|In\[[ \d]*\]:).*$", re.MULTILINE)  # VS Code's, nbconvert's


class _Cell(msgspec.Struct):
    cell_type: str = ""
    id: str | msgspec.UnsetType = msgspec.UNSET
    source: str | list[str] | msgspec.UnsetType = msgspec.UNSET
    input: str | list[str] | msgspec.UnsetType = msgspec.UNSET


class _Language(msgspec.Struct):
    language: str = ""
    name: str = ""


class _Metadata(msgspec.Struct):
    kernelspec: _Language = msgspec.field(default_factory=_Language)
    language_info: _Language = msgspec.field(default_factory=_Language)


class _Notebook(msgspec.Struct):
    """What a notebook should be; outputs, and all else that is not named, are never made."""

    cells: list[_Cell]
    metadata: _Metadata = msgspec.field(default_factory=_Metadata)


_decoder = msgspec.json.Decoder(_Notebook)


class Unreadable(Exception):
    """Why a file is no notebook, in one sentence."""


def read_cells(name: str, data: bytes) -> tuple[Cell, ...]:
    """The cells of a notebook (nbformat 3 or 4), or of a Python script, by the file's name.

    They are code, or Markdown.

    Raises:
        Unreadable: it is neither; says why.
    """
    for beginning, kind in KINDS.items():
        if re.match(beginning, data, re.DOTALL):
            raise Unreadable(f"this is {kind}, not a notebook")
    if name.lower().endswith(".py"):
        cells = CELL_MARK.split(decode(data))
        return _within_limits([Cell("code", cell) for cell in cells if cell.strip()])
    if data.count(b"{") + data.count(b"[") > MAX_BRACKETS:
        raise Unreadable(f"the notebook holds more than {MAX_BRACKETS // 1_000_000} million values")
    try:
        return _cells(msgspec.to_builtins(_decoder.decode(data)))
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        return _cells(_parsed(decode(data)))  # not quite a notebook, or none; takes more memory


def _parsed(text: str) -> Any:
    if not text.strip():
        raise Unreadable("the file is empty")
    try:
        return json.loads(text)
    except ValueError as error:
        raise Unreadable("this is not a notebook: not valid JSON") from error
    except RecursionError as error:
        raise Unreadable("this is not a notebook: its JSON is nested too deeply") from error


def _cells(notebook: Any) -> tuple[Cell, ...]:
    if not isinstance(notebook, dict):
        raise Unreadable("this is not a notebook: a JSON object was expected")
    language = _language(notebook)
    if language.lower() not in ("python", "python2", "python3", "ipython"):
        name = language[:40].encode("utf-8", "replace").decode()  # lone surrogates have no bytes
        raise Unreadable(f"this is a notebook for {name}, not for Python")
    cells = notebook.get("cells")
    if cells is None and isinstance(sheets := notebook.get("worksheets"), list):  # nbformat 3
        lists = [sheet.get("cells") for sheet in sheets if isinstance(sheet, dict)]
        cells = [cell for found in lists if isinstance(found, list) for cell in found]
    if not isinstance(cells, list):
        raise Unreadable("this is not a notebook: it has no list of cells")
    if len(cells) > MAX_CELLS:
        raise Unreadable(f"the notebook has more than {MAX_CELLS} cells")
    known = [cell for cell in cells if isinstance(cell, dict)]
    kinds = {"code": "code", "markdown": "markdown", "heading": "markdown"}  # that of nbformat 3
    types = (cell.get("cell_type") for cell in known)
    return _within_limits(
        [
            Cell(kinds[kind], _source(cell), _text(cell.get("id", "")))
            for kind, cell in zip(types, known, strict=True)
            if isinstance(kind, str) and kind in kinds
        ]
    )


def _within_limits(cells: list[Cell]) -> tuple[Cell, ...]:
    code = [cell for cell in cells if cell.kind == "code"]
    if len(code) > MAX_CELLS:
        raise Unreadable(f"there are more than {MAX_CELLS} cells")
    if sum(len(cell.source) for cell in code) > MAX_SOURCE:
        raise Unreadable(f"there are more than {MAX_SOURCE >> 20} MB of code")
    room, kept = MAX_TEXT, list[Cell]()
    for cell in cells:
        if cell.kind != "code":
            room -= len(cell.source)
        if cell.kind == "code" or room >= 0:
            kept.append(cell)
    return tuple(kept)


def _language(notebook: dict[str, Any]) -> str:
    """The language that the metadata names; Python where it names none."""
    metadata = notebook.get("metadata")
    for section, key in (("kernelspec", "language"), ("language_info", "name")):
        found = metadata.get(section) if isinstance(metadata, dict) else None
        name = found.get(key) if isinstance(found, dict) else None
        if isinstance(name, str) and name:
            return name
    return "python"


def _source(cell: dict[str, Any]) -> str:
    source = cell.get("source", cell.get("input", ""))
    lines = source if isinstance(source, list) else [source]
    text = "".join(line for line in lines if isinstance(line, str))
    return _text(text).replace("\r\n", "\n")


def _text(value: Any) -> str:
    """A string without lone surrogates: they cannot be sent, or compiled, or written down."""
    return value.encode("utf-8", "replace").decode() if isinstance(value, str) else ""


def decode(data: bytes) -> str:
    """The text of a file: UTF-8 with or without a mark, UTF-16 with one, else Latin-1."""
    encoding = "utf-16" if data[:2] in (b"\xff\xfe", b"\xfe\xff") else "utf-8-sig"
    try:
        return data.decode(encoding)
    except UnicodeDecodeError:
        return data.decode("latin-1")
