"""What others wrote, on its way out: to a terminal, a page, a table or the name of a file.

Ids, file names, messages and names in student code can hold anything. Pages escape HTML by
themselves (Jinja), and JSON its own; this is for the rest, in one place each.
"""

from __future__ import annotations

import hashlib
import re
import unicodedata
from collections.abc import Iterable

JOINERS = "\u200c\u200d"  # of Persian names, of Indian ones, and of emoji
NUMBER = re.compile(r"[+-]?\d+(\.\d+)?(e[+-]?\d+)?", re.IGNORECASE)
# Where a spreadsheet would begin a formula: at the start of any piece that it may take for a cell,
# for some split at semicolons or tabs. Apostrophes count, so that no two texts become the same.
FORMULA = re.compile(
    r"^(?=[\s']*[\t\r\n])|(?:^|(?<=[;\t\r\n]))(?=[\s']*[=+\-@\uff1d\uff0b\uff0d\uff20])"
)
MARKS = "\u0300-\u036f\u0483-\u0489\u1ab0-\u1aff\u1dc0-\u1dff\u20d0-\u20ff\ufe20-\ufe2f"
PILE = re.compile(f"([{MARKS}]{{4}})[{MARKS}]+")  # no writing puts more than four on a letter
DEVICES = {"con", "prn", "aux", "nul", *(f"{d}{n}" for d in ("com", "lpt") for n in range(1, 10))}
LONGEST = 250  # bytes of a name; file systems allow 255, with the ending


def plain(text: str, kept: str = "") -> str:
    """Text that steers nothing: no control character, no override of the direction of writing.

    Each becomes a space, line breaks too, unless they are `kept`. Of accents that pile up on one
    letter, and would hide the lines above, a few are kept.
    """
    kept += JOINERS
    steady = text
    if not text.translate(dict.fromkeys(map(ord, kept))).isprintable():
        steady = "".join(c if c.isprintable() or c in kept else " " for c in text)
    return PILE.sub(r"\1", steady)


def cell(text: str) -> str:
    """Text for a cell of a table, which no spreadsheet takes for a formula.

    As OWASP advises, an apostrophe goes before what would be one; numbers stay as they are.
    """
    return text if NUMBER.fullmatch(text) else FORMULA.sub("'", text)


def file_names(ids: Iterable[str], ending: str) -> dict[str, str]:
    """A file name for each id: the id with the ending, wherever every system can hold that.

    Others get a readable beginning and a digest: what is too long, holds a slash or a control
    character, is a device of Windows, or differs from an earlier one in nothing but case.
    """
    names, taken = dict[str, str](), set[str]()
    for id_ in ids:
        name = plain(id_).replace("/", " ")
        device = _folded(name).partition(".")[0].strip() in DEVICES
        if name != id_ or device or len(id_.encode()) > LONGEST or _folded(name) in taken:
            digest = hashlib.sha256(id_.encode("utf-8", "surrogatepass"))
            beginning = name.encode("utf-8", "replace")[:180].decode(errors="ignore")
            name = f"{'_' * device}{beginning}-{digest.hexdigest()[:12]}"
            while _folded(name) in taken:  # by an id that was chosen to look like this
                digest.update(b"again")
                name = f"{'_' * device}{beginning}-{digest.hexdigest()[:12]}"
        taken.add(_folded(name))
        names[id_] = name + ending
    return names


def _folded(name: str) -> str:
    """The same for names that some file systems take for one."""
    return unicodedata.normalize("NFKC", unicodedata.normalize("NFKC", name).casefold())
