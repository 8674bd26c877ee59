"""H19: line ends of Windows, a byte order mark, tabs, a null byte at the end.

file: passed
file null_byte: {kinds: passed, note: null byte}
"""

import json

from corpus_entries import notebook


def line_ends(honest):
    return [text.replace("\n", "\r\n") for text in honest.values()]


def old_line_ends(honest):
    return [text.replace("\n", "\r") for text in honest.values()]


def byte_order_mark(honest):
    text = json.dumps(json.loads(notebook(*honest.values())), indent=1)
    return {"a.ipynb": text.replace("\n", "\r\n").encode("utf-8-sig")}


def tabs(honest):
    return [text.replace("    ", "\t") for text in honest.values()]


def null_byte(honest):
    return [*honest.values(), "x = 1\n\0"]
