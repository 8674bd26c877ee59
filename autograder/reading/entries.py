"""The files of a folder or a zip, read with care: nothing is followed, extracted or executed.

A zip may come from anybody: every name in it is only ever text, no file is larger than the limits,
and an entry that cannot be read costs nobody but whoever handed it in.
The format: https://pkware.cachefly.net/webdocs/casestudies/APPNOTE.TXT (the numbers below).
"""

from __future__ import annotations

import contextlib
import itertools
import os
import re
import stat
import unicodedata
import zipfile
from collections import Counter
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path, PurePosixPath

from ..errors import SubmissionsError
from ..model import NO_RECEIPT, Receipt
from .ipynb import Unreadable

MAX_BYTES = 200 << 20  # of one file
MAX_FILES = 200_000
MAX_FILES_OF_ONE = 10_000  # in one student's folder
TOO_MANY = f"there are more than {MAX_FILES_OF_ONE} files in it"
MAX_RATIO = 200  # of unpacked to packed; long outputs of notebooks stay below 100
MAX_COMPARED = 50 << 20  # bytes of several files of one student that are told apart
SMALL = 10 << 20  # bytes that may be packed however well
NOTEBOOK_ENDINGS = (".ipynb", ".ipynb.txt", ".ipynb.json")  # browsers like to add one
JUNK = re.compile(r"^\.|^__MACOSX$|^__pycache__$|^Thumbs\.db$|^desktop\.ini$|~$")
ENCRYPTED, UTF_8 = 1 << 0, 1 << 11  # bits of the general purpose flag, 4.4.4
HEADER = 30  # bytes of a local header without its name, 4.3.7


@dataclass(frozen=True)
class Entry:
    """A file of a folder or a zip."""

    path: PurePosixPath  # as the student named it, in their folder; NFC
    size: int
    read: Callable[[], bytes]
    origin: PurePosixPath | None = None  # where it lies, if that is something else
    receipt: Receipt = NO_RECEIPT
    instead: str = ""  # what it is, if it is no file that a student had: "a text entry"

    @property
    def shown(self) -> str:
        """Where the instructor finds it."""
        return str(self.origin or self.path)

    @property
    def is_notebook(self) -> bool:
        """By its name."""
        return not self.instead and self.path.name.lower().endswith(NOTEBOOK_ENDINGS)


class Several(Unreadable):
    """Files that may all be meant.

    It names them as the student did, as a download's have theirs in it; in full if needed.
    """

    def __init__(self, candidates: list[Entry]) -> None:
        own = [str(PurePosixPath(*(e.path.parts[1:] or e.path.parts))) for e in candidates]
        full = [entry.shown for entry in candidates]
        names = " and ".join(full if len(set(own)) < len(own) == len(set(full)) else own)
        super().__init__(f"{len(own)} files for one student: {names}; keep one of them")
        self.candidates = candidates

    def add_to(self, update: Callable[[bytes], object]) -> None:
        """Tell a digest of them: of all their names and sizes, and what is in the first."""
        room = MAX_COMPARED
        for entry in self.candidates:
            update(f"\0{entry.shown}\0{entry.size}\0".encode("utf-8", "backslashreplace"))
            room -= entry.size
            if room >= 0:
                with contextlib.suppress(Unreadable, MemoryError):
                    update(load(entry))


def most_alike(path: str, paths: Sequence[str]) -> str | None:
    """The one that ends as a path does, in most of its steps; None if several do, or none."""

    def shared(other: str) -> int:
        steps = zip(*(reversed(PurePosixPath(p).parts) for p in (path, other)), strict=False)
        return sum(1 for _ in itertools.takewhile(lambda pair: pair[0] == pair[1], steps))

    counts = [shared(other) for other in paths]
    best = max(counts)
    return paths[counts.index(best)] if best and counts.count(best) == 1 else None


@dataclass(frozen=True)
class Contents:
    """What lies in a folder or a zip; junk does not count."""

    entries: list[Entry]
    folders: list[PurePosixPath]  # of a folder, those on its top only
    refused: list[str]  # names that no file may have: they lead elsewhere


def walk(folder: Path, out: Path | None = None) -> Contents:
    """The files of a folder, without those in `out`.

    Raises:
        SubmissionsError: there are too many.
    """
    found, counts = Contents([], [], []), Counter[str]()

    def refuse(error: OSError) -> None:
        """A folder that cannot be listed stands for what is in it."""
        relative = PurePosixPath(as_text(os.path.relpath(error.filename, folder)))
        found.entries.append(Entry(relative, 0, _refusing(_unread("folder", error))))

    for place, names, files in os.walk(folder, onerror=refuse):
        names[:] = sorted(n for n in names if not JUNK.search(n) and Path(place, n) != out)
        relative = PurePosixPath(as_text(os.path.relpath(place, folder)))
        if place == str(folder):
            found.folders.extend(PurePosixPath(_nfc(as_text(name))) for name in names)
        owner = as_text(os.path.relpath(place, folder)).partition(os.sep)[0]
        before = counts[owner]
        counts[owner] += len(files)
        if owner != "." and counts[owner] > MAX_FILES_OF_ONE:
            names[:] = []
            if before <= MAX_FILES_OF_ONE:
                found.entries.append(Entry(relative, 0, _refusing(TOO_MANY)))
            continue
        for name in sorted(files):
            if not JUNK.search(name):
                found.entries.append(file_entry(Path(place, name), relative / as_text(name)))
        if len(found.entries) > MAX_FILES:
            raise SubmissionsError(
                f"{folder}: more than {MAX_FILES} files: is this the right folder?"
            )
    return found


def file_entry(path: Path, relative: PurePosixPath) -> Entry:
    """A file on the disk."""
    entry_path = PurePosixPath(_nfc(str(relative)))
    origin = relative if entry_path != relative else None
    try:
        about = path.lstat()
    except OSError as error:  # a name that is too long, or a folder that may be listed only
        return Entry(entry_path, 0, _refusing(_unread("file", error)), origin)
    if not stat.S_ISREG(about.st_mode):
        # Followed, a link could hand in somebody else's file, or the reference.
        return Entry(entry_path, 0, _refusing(NOT_A_FILE), origin)
    return Entry(entry_path, about.st_size, path.read_bytes, origin)


def _unread(what: str, error: OSError) -> str:
    return f"the {what} cannot be read ({error.strerror or error})"


def unzip(archive: Path) -> Contents:
    """The files of a zip, to be read in place: nothing is ever extracted to the disk.

    Raises:
        SubmissionsError: it is no zip, or holds too many files.
    """
    try:
        with zipfile.ZipFile(archive) as zipped:
            infos = zipped.infolist()
    except Exception as error:  # zipfile raises many kinds on damaged files
        raise SubmissionsError(f"{archive}: not a readable zip file ({error})") from error
    if len(infos) > MAX_FILES:
        raise SubmissionsError(f"{archive}: more than {MAX_FILES} files: is this the right zip?")
    found, overlapping, seen = Contents([], [], []), _overlapping(infos), set[object]()
    for info in infos:
        name = _name(info)
        steps = [as_text(step) for step in name.replace("\\", "/").split("/")]
        original = PurePosixPath(*(step for step in steps if step not in ("", ".")))
        path = PurePosixPath(_nfc(str(original)))
        if ".." in path.parts:
            found.refused.append(as_text(name))
        elif not path.parts or any(map(JUNK.search, path.parts)):
            continue
        elif not steps[-1]:
            found.folders.append(path)
        elif (same := (path, info.CRC, info.file_size)) not in seen:  # else the very same, twice
            seen.add(same)
            found.folders.extend(path.parents[:-1])
            problem = "it overlaps another file" if info in overlapping else _problem(info)
            read = _refusing(problem) if problem else _reader(archive, info)
            size = 0 if problem else info.file_size
            found.entries.append(Entry(path, size, read, original if original != path else None))
    return found


def load(entry: Entry) -> bytes:
    """The content of a file.

    Raises:
        Unreadable: it is too large, or cannot be read.
    """
    if entry.size > MAX_BYTES:
        raise Unreadable(f"the file is too large ({entry.size >> 20} MB)")
    try:
        return entry.read()
    except Unreadable:
        raise
    except OSError as error:
        raise Unreadable(_unread("file", error)) from error
    except Exception as error:  # zipfile and its decompressors raise many kinds
        raise Unreadable(f"the zip entry cannot be read ({error})") from error


def as_text(name: str) -> str:
    """A file name as printable text, even where it is not valid UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")


NOT_A_FILE = "it is a link or a device, not a file"


def _nfc(name: str) -> str:
    """One spelling for each name: macOS takes accents apart."""
    return unicodedata.normalize("NFC", name)


def _name(info: zipfile.ZipInfo) -> str:
    """The name of a zip entry; cp437 where nothing says UTF-8 (appendix D) and it is none."""
    if not info.flag_bits & UTF_8:
        try:
            return info.filename.encode("cp437").decode("utf-8")  # many tools forget to say so
        except UnicodeError:
            pass
    return info.filename


def _problem(info: zipfile.ZipInfo) -> str:
    """Why an entry is not even opened; empty if it may be."""
    if stat.S_IFMT(info.external_attr >> 16) not in (0, stat.S_IFREG):  # Unix file types, 4.4.15
        return NOT_A_FILE
    if info.flag_bits & ENCRYPTED:
        return "it is encrypted: it needs a password"
    if info.file_size > max(SMALL, info.compress_size * MAX_RATIO):
        return f"it is packed more than {MAX_RATIO} to 1, as a zip bomb is"
    return ""


def _overlapping(infos: Iterable[zipfile.ZipInfo]) -> set[zipfile.ZipInfo]:
    """Entries that share their bytes with the next one, as in bombs of small files."""
    placed = sorted(infos, key=lambda info: info.header_offset)
    return {
        info
        for info, following in itertools.pairwise(placed)
        if info.header_offset + HEADER + info.compress_size > following.header_offset
    }


def _refusing(problem: str) -> Callable[[], bytes]:
    def read() -> bytes:
        raise Unreadable(problem)

    return read


def _reader(archive: Path, info: zipfile.ZipInfo) -> Callable[[], bytes]:
    def read() -> bytes:
        with zipfile.ZipFile(archive) as zipped, zipped.open(info) as file:
            if len(data := file.read(MAX_BYTES + 1)) > MAX_BYTES:
                raise Unreadable("it is larger than it says")
            return data

    return read
