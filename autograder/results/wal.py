"""SQLite's write-ahead log: whether the one beside a file begins as SQLite writes it.

SQLite takes a log with a broken beginning for an empty one: what it held would be lost.
"""

from __future__ import annotations

import struct
from pathlib import Path

HEAD = struct.Struct(">8I")  # https://www.sqlite.org/fileformat2.html#walformat
MAGIC = (b"\x37\x7f\x06\x82", b"\x37\x7f\x06\x83")


def is_broken(log: Path) -> bool:
    """Whether it begins as no log does; none at all and an empty one are all right."""
    try:
        with open(log, "rb") as file:
            head = file.read(HEAD.size)
    except FileNotFoundError:
        return False
    whole = len(head) == HEAD.size and HEAD.unpack(head)[-2:] == _checksum(head)
    return bool(head) and not (whole and head[:4] in MAGIC)


def _checksum(head: bytes) -> tuple[int, int]:
    """SQLite's own, of the words before the last two; their order is in the first one."""
    words = struct.unpack(f"{'<>'[head[3] & 1]}6I", head[:24])
    first = second = 0
    for one, two in zip(words[::2], words[1::2], strict=True):
        first = (first + one + second) % 2**32
        second = (second + two + first) % 2**32
    return first, second
