"""Reading submissions: a notebook, a folder or a zip becomes `Submission`s. Nothing is executed.

Layouts that are recognised, all of them also inside a zip:

    alice.ipynb, bob.py                a file for each student
    alice/anything.ipynb               a folder for each student
    alice/backprop/backprop.ipynb      nbgrader's `submitted/`, or the course folder around it

and, in zips, the downloads of learning management systems (`downloads`). Every file or folder that
could be somebody's work gives one submission; what cannot be read gives one with a `problem`. Cells
are taken as they come: missing metadata, ids or outputs do not matter.
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
import re
import zipfile
from collections import Counter
from collections.abc import Callable, Container, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from pathlib import Path, PurePosixPath

from ..errors import SubmissionsError
from ..model import Submission
from .downloads import LAYOUTS as DOWNLOADS
from .downloads import nearly, recognise
from .entries import (
    NOTEBOOK_ENDINGS,
    Contents,
    Entry,
    Several,
    as_text,
    file_entry,
    load,
    unzip,
    walk,
)
from .ipynb import Unreadable, decode, read_cells
from .submitted import stamped, submitted_folder

SAMPLE = 50  # submissions that are looked at to find out their assignment
MAX_HELPER = 1 << 20  # bytes of one Python file beside a notebook
MAX_HELPER_FILES, MAX_NAME, MAX_CODING = 500, 255, 4  # of these; bytes of a name, a character
MAX_HELPERS = 4 << 20  # characters of all of them
NBGRADER, FOLDER = "nbgrader", "folder"
LAYOUTS = (*DOWNLOADS, NBGRADER, FOLDER)  # that can be asked for


@dataclass(frozen=True)
class Found:
    """What there is to grade, before anybody asks for which assignment."""

    source: Path
    students: dict[str, list[Entry]]  # files by student id
    lms: str = ""  # whose download it is
    left_out: tuple[str, ...] = ()  # names that are no student's
    nearly: Mapping[str, Sequence[str]] = field(default_factory=dict)  # as `downloads.nearly` says

    def of(self, assignment: str) -> dict[str, list[Entry]]:
        """The files that each student handed in for an assignment, by student id, sorted.

        In an nbgrader tree, students who handed in other assignments only are not among them:
        whoever has no folder of the assignment, and no file that lies higher than such a folder's.
        """
        students = self.students
        if not self.lms and any(_of(assignment, entries) for entries in students.values()):
            students = {
                student: stamped(_of(assignment, entries)) or entries
                for student, entries in students.items()
                if _of(assignment, entries)
                or not entries
                or any(len(e.path.parts) < 3 for e in entries)
            }
        return dict(sorted(students.items()))


def look(source: Path, out: Path | None = None, layout: str | None = None) -> Found:
    """Whose files there are. A results folder `out` that lies among them is no student's.

    A zip is looked at for the names of an LMS; `layout`, one of LAYOUTS, says what it is instead.

    Raises:
        SubmissionsError: there is no such path, nothing in it, or it is not of that layout.
    """
    contents = _contents(source, out)
    left_out = list(contents.refused)
    if layout in DOWNLOADS or (layout is None and zipfile.is_zipfile(source)):
        if download := recognise(contents.entries, layout):
            left_out += download.left_out
            dated = _as_of(source, download.students)
            return Found(source, dated, download.title, tuple(left_out))
        if layout is not None:
            known = DOWNLOADS[layout]
            raise _unfitting(source, f"a {known.title} download", known.example, contents)
    if not source.is_dir():
        contents = _unwrapped(contents, source.stem)
    if layout == NBGRADER and not any(len(entry.path.parts) > 2 for entry in contents.entries):
        example = "alice/backprop/backprop.ipynb"
        raise _unfitting(source, "an nbgrader tree", example, contents)
    students: dict[str, list[Entry]] = {path.parts[0]: [] for path in contents.folders}
    for entry in contents.entries:
        first, *rest = entry.path.parts
        students.setdefault(first if rest else _without_ending(first), []).append(entry)
    if not students:
        raise SubmissionsError(
            f"{source}: nothing to grade in it (no notebook, no student's folder)"
        )
    almost = nearly(contents.entries) if layout is None else {}
    return Found(source, students, left_out=tuple(left_out), nearly=almost)


def _as_of(source: Path, students: dict[str, list[Entry]]) -> dict[str, list[Entry]]:
    """The same, knowing how old the download is: its file is not older than what is in it."""
    if source.is_dir():  # unpacked: nobody knows when
        return students
    at = datetime.fromtimestamp(source.stat().st_mtime, UTC).isoformat(timespec="seconds")
    return {
        student: [replace(e, receipt=replace(e.receipt, as_of=at)) for e in entries]
        for student, entries in students.items()
    }


def infer_assignment(found: Found, exercises: dict[str, list[str]]) -> str:
    """Which assignment (name: its exercises) the notebooks are of, by what they define.

    Raises:
        SubmissionsError: it cannot be told.
    """
    if len(exercises) == 1:
        return next(iter(exercises))
    votes = Counter[str]()
    for student, entries in itertools.islice(found.of("").items(), SAMPLE):
        code = "\n".join(read_submission(student, entries, "").cells)
        defined = set(re.findall(r"^(?:def|class) +(\w+)|^(\w+) *=", code, re.MULTILINE))
        names = set(itertools.chain.from_iterable(defined))
        votes.update({a: len(names.intersection(of)) for a, of in exercises.items()})
    (first, most), *others = votes.most_common() or [("", 0)]
    if not most or any(count == most for _, count in others):
        told = f"cannot tell the assignment: give --assignment ({', '.join(exercises)})"
        nothing = f"nothing in it defines a name of {', '.join(exercises)}: is it the right folder?"
        raise SubmissionsError(f"{found.source}: {told if most else nothing}")
    return first


def read_submission(student: str, entries: list[Entry], assignment: str) -> Submission:
    """One student's submission, out of all their files; problems are noted in it, never raised."""
    submission = Submission(student, _place(entries) if entries else student)
    if entries:
        submission = replace(submission, receipt=entries[0].receipt)
    digest = hashlib.sha256()
    try:
        chosen = _choose(entries, assignment)
        submission = replace(submission, path=chosen.shown, receipt=chosen.receipt)
        data = load(chosen)
        digest.update(chosen.path.suffix.encode() + b"\0" + data)
        files = _helpers(chosen, entries, digest.update)
        notebook = read_cells(chosen.path.name, data)
    except (Unreadable, MemoryError) as error:
        problem = error if isinstance(error, Unreadable) else "it takes too much memory to read"
        digest.update(str(problem).encode())
        if isinstance(error, Several):
            error.add_to(digest.update)
            submission = replace(submission, several=tuple(e.shown for e in error.candidates))
        return replace(submission, problem=str(problem), digest=digest.hexdigest())
    cells = tuple(cell.source for cell in notebook if cell.kind == "code")
    return replace(
        submission, cells=cells, files=files, notebook=notebook, digest=digest.hexdigest()
    )


def _helpers(
    chosen: Entry, entries: list[Entry], update: Callable[[bytes], object]
) -> dict[str, str]:
    """The Python files beside a notebook, by name."""
    beside = [
        entry
        for entry in entries
        if entry is not chosen
        and entry.path.parent == chosen.path.parent
        and len(entry.path.parts) > 1
        and entry.path.suffix == ".py"
        and entry.size <= MAX_HELPER
        and len(entry.path.name.encode()) <= MAX_NAME  # else no worker could write it down
    ]
    if len(beside) > MAX_HELPER_FILES:
        raise Unreadable(f"more than {MAX_HELPER_FILES} Python files beside it")
    files: dict[str, str] = {}
    if sum(entry.size for entry in beside) <= MAX_HELPERS * MAX_CODING:  # else not even read
        for entry in beside:
            with contextlib.suppress(Unreadable):  # a link, say: then its import will fail
                files[entry.path.name] = decode(content := load(entry))
                update(entry.path.name.encode() + b"\0" + content)
        if sum(map(len, files.values())) <= MAX_HELPERS:
            return files
    raise Unreadable(f"more than {MAX_HELPERS >> 20} MB of Python files beside it")


def files_of_one(folder: Path, student: str) -> list[Entry]:
    """The files of a folder that holds one student's work, as if it lay among others'."""
    entries = walk(folder.resolve()).entries
    return [replace(entry, path=PurePosixPath(student) / entry.path) for entry in entries]


def _of(assignment: str, entries: list[Entry]) -> list[Entry]:
    """Those that lie in a folder named like the assignment, as in nbgrader's tree."""
    return [entry for entry in entries if assignment in entry.path.parts[1:-1]]


def _contents(source: Path, out: Path | None) -> Contents:
    if not source.exists():
        raise SubmissionsError(f"{source}: there is no such file or folder")
    source = submitted_folder(source) or source
    if source.is_dir():
        return walk(source.resolve(), out and out.resolve())
    if not source.is_file():  # asked first: to open a pipe is to wait for whoever writes
        raise SubmissionsError(f"{source}: neither a file nor a folder")
    if zipfile.is_zipfile(source):
        return unzip(source)
    if source.suffix.lower() == ".zip":
        raise SubmissionsError(f"{source}: not a readable zip file: download it again")
    # Whoever names a link here is the instructor: it may be followed.
    entry = file_entry(source.resolve(), PurePosixPath(as_text(source.name)))
    return Contents([entry], [], [])


def _unfitting(source: Path, what: str, example: str, contents: Contents) -> SubmissionsError:
    names = [entry.shown for entry in contents.entries] or ["nothing"]
    more = f" and {len(names) - 1} more" if len(names) > 1 else ""
    return SubmissionsError(
        f"{source}: not {what}: expected names like {example!r}, found {names[0]!r:.100}{more}"
    )


def _unwrapped(contents: Contents, name: str) -> Contents:
    """Without the one folder around all, where that holds a class and not one student's work.

    It does if it is named like the zip, as when a folder is zipped, or holds several notebooks.
    """
    entries, folders = contents.entries, contents.folders
    notebooks = [e for e in entries if e.path.name.lower().endswith(NOTEBOOK_ENDINGS)]
    notebooks = notebooks or [e for e in entries if e.path.suffix.lower() == ".py"]
    tops = {path.parts[0] for path in (*folders, *(e.path for e in entries))}
    is_class = (tops == {name} and notebooks) or len(notebooks) > 2
    if len(tops) == 1 and is_class and all(len(e.path.parts) > 1 for e in entries):
        (top,) = tops
        entries = [replace(e, path=e.path.relative_to(top)) for e in entries]
        folders = [p.relative_to(top) for p in folders if len(p.parts) > 1]
    return Contents(entries, folders, contents.refused)


def passed_over(entries: list[Entry], assignment: str, others: Container[str]) -> list[str]:
    """The notebooks beside a student's submission; those called as `others` are of those."""
    try:
        chosen = _choose(entries, assignment)
    except Unreadable:
        return []
    beside = (entry for entry in entries if entry is not chosen and entry.is_notebook)
    return [e.shown for e in beside if _without_ending(e.path.name) not in others]


def _choose(entries: list[Entry], assignment: str) -> Entry:
    """The one file that is the submission: a notebook before a script before anything else."""
    if entries and all(entry.instead for entry in entries):
        found = " and ".join(sorted({entry.instead for entry in entries}))
        raise Unreadable(f"{found}, no notebook")
    entries = [entry for entry in entries if not entry.instead]
    in_folder = all(len(entry.path.parts) > 1 for entry in entries)
    notebooks = [entry for entry in entries if entry.is_notebook]
    scripts = [entry for entry in entries if entry.path.suffix.lower() == ".py"]
    candidates = notebooks or scripts or entries
    if not in_folder:  # in one, scripts are helpers of the notebook
        candidates = notebooks + scripts or entries
    named = [e for e in candidates if _without_ending(e.path.name) == assignment]
    candidates = named if in_folder and len(named) == 1 else candidates
    if not candidates or (len(candidates) > 1 and not notebooks and not scripts):
        raise Unreadable("there is no notebook in it")
    if len(candidates) > 1:
        raise Several(candidates)
    return candidates[0]


def _place(entries: list[Entry]) -> str:
    """The path that all entries share; the first entry's own if they share none."""
    paths = [entry.origin or entry.path for entry in entries]
    steps = zip(*(path.parts for path in paths), strict=False)
    shared = [step[0] for step in itertools.takewhile(lambda step: len(set(step)) == 1, steps)]
    return str(PurePosixPath(*shared) if shared else paths[0])


def _without_ending(name: str) -> str:
    for ending in NOTEBOOK_ENDINGS:
        if name.lower().endswith(ending):
            return name[: -len(ending)] or name
    return PurePosixPath(name).stem
