"""Reading submissions: a notebook, a folder or a zip becomes `Submission`s. Nothing is executed.

Layouts that are recognised, all of them also inside a zip:

    alice.ipynb, bob.py                a file for each student
    alice/anything.ipynb               a folder for each student
    alice/backprop/backprop.ipynb      nbgrader's `submitted/`, or the course folder around it

Every file or folder that could be somebody's work gives one submission; what cannot be read gives
one with a `problem`. Cells are taken as they come: missing metadata, ids or outputs do not matter.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import os
import re
import zipfile
from collections import Counter
from collections.abc import Callable
from dataclasses import dataclass, replace
from pathlib import Path, PurePosixPath

from .errors import SubmissionsError
from .ipynb import Unreadable, decode, read_cells
from .model import NO_RECEIPT, Receipt, Submission
from .submitted import submitted_folder

MAX_BYTES = 200 << 20  # of one file
MAX_FILES = 200_000
SAMPLE = 50  # submissions that are looked at to find out their assignment
MAX_HELPER = 1 << 20  # bytes of one Python file beside a notebook
MAX_HELPERS = 4 << 20  # characters of all of them
NOTEBOOK_ENDINGS = (".ipynb", ".ipynb.txt", ".ipynb.json")  # browsers like to add one
JUNK = re.compile(r"^\.|^__MACOSX$|^__pycache__$|^Thumbs\.db$|^desktop\.ini$|~$")


@dataclass(frozen=True)
class Entry:
    """A file of a folder or a zip."""

    path: PurePosixPath  # as the student named it, in their folder
    size: int
    read: Callable[[], bytes]
    origin: PurePosixPath | None = None  # where it lies, if a download names it otherwise
    receipt: Receipt = NO_RECEIPT

    @property
    def shown(self) -> str:
        """Where the instructor finds it."""
        return str(self.origin or self.path)


def find_students(source: Path, assignment: str, out: Path | None = None) -> dict[str, list[Entry]]:
    """The files that each student handed in, by student id, sorted.

    A results folder `out` that lies among them is no student's.

    Raises:
        SubmissionsError: there is no such path, or nothing in it.
    """
    students = _find(source, out)
    if any(_of(assignment, entries) for entries in students.values()):
        # An nbgrader tree: students who handed in other assignments only have no submission here.
        students = {
            student: _of(assignment, entries) or entries
            for student, entries in students.items()
            if _of(assignment, entries)
            or not entries
            or any(len(e.path.parts) < 3 for e in entries)
        }
    return dict(sorted(students.items()))


def infer_assignment(source: Path, exercises: dict[str, list[str]], out: Path | None = None) -> str:
    """Which assignment (name: its exercises) the notebooks are of, by what they define.

    Raises:
        SubmissionsError: it cannot be told.
    """
    if len(exercises) == 1:
        return next(iter(exercises))
    votes = Counter[str]()
    for student, entries in itertools.islice(find_students(source, "", out).items(), SAMPLE):
        code = "\n".join(read_submission(student, entries, "").cells)
        defined = set(re.findall(r"^(?:def|class) +(\w+)|^(\w+) *=", code, re.MULTILINE))
        names = {name for pair in defined for name in pair}
        votes.update({a: len(names.intersection(found)) for a, found in exercises.items()})
    (first, most), *others = votes.most_common() or [("", 0)]
    if not most or any(count == most for _, count in others):
        known = ", ".join(exercises)
        raise SubmissionsError(f"{source}: cannot tell the assignment: give --assignment ({known})")
    return first


def read_submission(student: str, entries: list[Entry], assignment: str) -> Submission:
    """One student's submission, out of all their files; problems are noted in it, never raised."""
    path = str(PurePosixPath(*_common(entries))) if entries else student
    receipt = max((e.receipt for e in entries), key=lambda r: r.submitted_at, default=NO_RECEIPT)
    digest = hashlib.sha256()
    try:
        chosen = _choose(entries, assignment)
        path, data = chosen.shown, _load(chosen)
        digest.update(chosen.path.suffix.encode() + b"\0" + data)
        files = {}
        for entry in entries:
            beside = entry.path.parent == chosen.path.parent and len(entry.path.parts) > 1
            helper = beside and entry.path.suffix == ".py" and entry.size <= MAX_HELPER
            if helper and entry is not chosen:
                with contextlib.suppress(Unreadable):  # a link, say: then its import will fail
                    files[entry.path.name] = decode(content := _load(entry))
                    digest.update(entry.path.name.encode() + b"\0" + content)
        if sum(map(len, files.values())) > MAX_HELPERS:
            raise Unreadable(f"more than {MAX_HELPERS >> 20} MB of Python files beside it")
        cells = read_cells(chosen.path.name, data)
    except Unreadable as problem:
        digest.update(str(problem).encode())
        return Submission(
            student, path, problem=str(problem), digest=digest.hexdigest(), receipt=receipt
        )
    return Submission(student, path, cells, files, digest=digest.hexdigest(), receipt=receipt)


def files_of_one(folder: Path, student: str) -> list[Entry]:
    """The files of a folder that holds one student's work, as if it lay among others'."""
    entries, _ = _walk(folder.resolve(), None)
    return [replace(entry, path=PurePosixPath(student) / entry.path) for entry in entries]


def _of(assignment: str, entries: list[Entry]) -> list[Entry]:
    """Those that lie in a folder named like the assignment, as in nbgrader's tree."""
    return [entry for entry in entries if assignment in entry.path.parts[1:-1]]


def _find(source: Path, out: Path | None) -> dict[str, list[Entry]]:
    if not source.exists():
        raise SubmissionsError(f"{source}: there is no such file or folder")
    source = submitted_folder(source) or source
    if source.is_dir():
        entries, folders = _walk(source.resolve(), out and out.resolve())
    elif zipfile.is_zipfile(source):
        entries, folders = _unzip(source)
    else:
        if not source.is_file():
            raise SubmissionsError(f"{source}: neither a file nor a folder")
        if source.suffix.lower() == ".zip":
            raise SubmissionsError(f"{source}: not a readable zip file: download it again")
        # Whoever names a link here is the instructor: it may be followed.
        entries, folders = [_file(source.resolve(), PurePosixPath(_text(source.name)))], []
    students: dict[str, list[Entry]] = {folder: [] for folder in folders}
    for entry in entries:
        first, *rest = entry.path.parts
        students.setdefault(first if rest else _without_ending(first), []).append(entry)
    if not students:
        raise SubmissionsError(
            f"{source}: nothing to grade in it (no notebook, no student's folder)"
        )
    return students


def _walk(folder: Path, out: Path | None) -> tuple[list[Entry], list[str]]:
    entries, folders = [], []
    for place, names, files in os.walk(folder):
        names[:] = sorted(n for n in names if not JUNK.search(n) and Path(place, n) != out)
        relative = PurePosixPath(_text(os.path.relpath(place, folder)))
        if place == str(folder):
            folders = [_text(name) for name in names]
        for name in sorted(files):
            path = Path(place, name)
            if not JUNK.search(name):
                entries.append(_file(path, relative / _text(name)))
        if len(entries) > MAX_FILES:
            raise SubmissionsError(
                f"{folder}: more than {MAX_FILES} files: is this the right folder?"
            )
    return entries, folders


def _file(path: Path, relative: PurePosixPath) -> Entry:
    if path.is_symlink() or not path.is_file():
        # Followed, a link could hand in somebody else's file, or the reference.
        return Entry(relative, 0, _not_a_file)
    return Entry(relative, path.stat().st_size, path.read_bytes)


def _not_a_file() -> bytes:
    raise Unreadable("it is a link or a device, not a file")


def _unzip(archive: Path) -> tuple[list[Entry], list[str]]:
    """The files of a zip, read in place: nothing is ever extracted to the disk."""

    def reader(info: zipfile.ZipInfo) -> Callable[[], bytes]:
        def read() -> bytes:
            with zipfile.ZipFile(archive) as zipped, zipped.open(info) as file:
                if len(data := file.read(MAX_BYTES + 1)) > MAX_BYTES:
                    raise Unreadable("it is larger than it says")
                return data

        return read

    try:
        with zipfile.ZipFile(archive) as zipped:
            infos = zipped.infolist()
    except Exception as error:  # zipfile raises many kinds on damaged files
        raise SubmissionsError(f"{archive}: not a readable zip file ({error})") from error
    if len(infos) > MAX_FILES:
        raise SubmissionsError(f"{archive}: more than {MAX_FILES} files: is this the right zip?")
    entries, folders = list[Entry](), list[PurePosixPath]()
    for info in infos:
        steps = info.filename.replace("\\", "/").split("/")
        path = PurePosixPath(*(_text(step) for step in steps if step not in ("", ".")))
        if not path.parts or ".." in path.parts or any(map(JUNK.search, path.parts)):
            continue
        if info.is_dir():
            folders.append(path)
        else:
            folders += path.parents[:-1]
            entries.append(Entry(path, info.file_size, reader(info)))
    return _unwrapped(entries, folders, archive.stem)


def _unwrapped(
    entries: list[Entry], folders: list[PurePosixPath], name: str
) -> tuple[list[Entry], list[str]]:
    """Without the one folder around all, where that holds a class and not one student's work.

    It does if it is named like the zip, as when a folder is zipped, or holds several notebooks.
    """
    notebooks = [e for e in entries if e.path.name.lower().endswith(NOTEBOOK_ENDINGS)]
    notebooks = notebooks or [e for e in entries if e.path.suffix.lower() == ".py"]
    tops = {path.parts[0] for path in (*folders, *(e.path for e in entries))}
    is_class = (tops == {name} and notebooks) or len(notebooks) > 2
    if len(tops) == 1 and is_class and all(len(e.path.parts) > 1 for e in entries):
        entries = [replace(e, path=PurePosixPath(*e.path.parts[1:])) for e in entries]
        folders = [PurePosixPath(*p.parts[1:]) for p in folders if len(p.parts) > 1]
    return entries, list(dict.fromkeys(path.parts[0] for path in folders))


def _load(entry: Entry) -> bytes:
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
        raise Unreadable(f"the file cannot be read ({error.strerror or error})") from error
    except Exception as error:  # zipfile and its decompressors raise many kinds
        raise Unreadable(f"the zip entry cannot be read ({error})") from error


def _choose(entries: list[Entry], assignment: str) -> Entry:
    """The one file that is the submission: a notebook before a script before anything else."""

    def is_notebook(entry: Entry) -> bool:
        return entry.path.name.lower().endswith(NOTEBOOK_ENDINGS)

    in_folder = all(len(entry.path.parts) > 1 for entry in entries)
    notebooks = [entry for entry in entries if is_notebook(entry)]
    scripts = [entry for entry in entries if entry.path.suffix.lower() == ".py"]
    candidates = notebooks or scripts or entries
    if notebooks and scripts and not in_folder:
        candidates = notebooks + scripts  # in a folder, scripts are helpers of the notebook
    named = [e for e in candidates if _without_ending(e.path.name) == assignment]
    if in_folder and len(named) == 1:
        candidates = named
    if not candidates:
        raise Unreadable("there is no notebook in it")
    if len(candidates) > 1:
        if not notebooks and not scripts:
            raise Unreadable("there is no notebook in it")
        names = " and ".join(entry.shown for entry in candidates)
        raise Unreadable(f"{len(candidates)} files for one student: {names}; keep one of them")
    return candidates[0]


def _common(entries: list[Entry]) -> tuple[str, ...]:
    """The path that all entries share; the first entry's own if they share none."""
    steps = zip(*(entry.path.parts for entry in entries), strict=False)
    shared = itertools.takewhile(lambda step: len(set(step)) == 1, steps)
    return tuple(step[0] for step in shared) or entries[0].path.parts


def _without_ending(name: str) -> str:
    for ending in NOTEBOOK_ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)] or name
    return PurePosixPath(name).stem


def _text(name: str) -> str:
    """A file name as printable text, even where it is not valid UTF-8."""
    return os.fsencode(name).decode("utf-8", "backslashreplace")
