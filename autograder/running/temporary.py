"""Temporary folders: gone when they are left, or at a later start if their process was killed.

Student code may have written in there, so nothing is taken for granted of what they hold.
"""

from __future__ import annotations

import contextlib
import fcntl
import itertools
import logging
import os
import tempfile
import time
from collections.abc import Iterator
from pathlib import Path

PREFIX, RANDOM = "autograder-", 8  # and so many characters more, by mkdtemp
MARK = ".autograder-temporary"  # in a folder of ours, which may be deleted when nobody locks this
YOUNG = 60.0  # seconds in which its process may be about to lock it
FOLDER = os.O_RDONLY | os.O_DIRECTORY | os.O_NOFOLLOW


@contextlib.contextmanager
def temporary_folder(place: str = "") -> Iterator[Path]:
    """A folder for the time of the block; those of processes that were killed are deleted.

    It is in `place`, or where temporary files are.
    """
    for path in Path(place or tempfile.gettempdir()).glob(PREFIX + "?" * RANDOM):
        with contextlib.suppress(OSError):  # somebody else's, in use, or none of ours
            _remove_abandoned(path)
    folder = Path(tempfile.mkdtemp(prefix=PREFIX, dir=place or None))
    mark = os.open(folder / MARK, os.O_RDWR | os.O_CREAT | os.O_EXCL, 0o600)
    try:
        with contextlib.suppress(OSError):  # where there are no locks, nobody else gets it either
            fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        yield folder
    finally:
        if refused := remove(folder):
            logging.getLogger(__name__).warning(
                "autograder: %s could not be deleted (%s): delete it", folder, refused[0].strerror
            )
        os.close(mark)


def _remove_abandoned(folder: Path) -> None:
    """Delete a folder that nobody holds any more.

    Raises:
        OSError: it is not ours, or somebody holds it.
    """
    found = folder.lstat()
    if found.st_uid != os.getuid() or time.time() - found.st_mtime < YOUNG:
        return
    try:
        mark = os.open(folder / MARK, os.O_RDWR | os.O_NOFOLLOW)
    except FileNotFoundError:
        folder.rmdir()  # killed before it was marked, or after; what holds anything is not ours
        return
    try:
        fcntl.flock(mark, fcntl.LOCK_EX | fcntl.LOCK_NB)
        remove(folder)
    finally:
        os.close(mark)


def remove(folder: Path) -> list[OSError]:
    """Delete a folder with all that is in it, as far as possible; returns what was refused.

    Folders may be nested deeper than Python recurses, and than the system takes in one path. So
    each is moved up into the topmost one, to be emptied there. Files of the topmost go last: with
    its mark a folder is known to be ours until all else is gone.
    """
    refused = list[OSError]()
    moved = map(f"{os.urandom(8).hex()}-{{}}".format, itertools.count())
    with _collected(refused):
        top = os.open(folder, FOLDER)
        try:
            waiting, files = _listed(top)
            while waiting:
                name = waiting.pop()
                with _collected(refused):
                    waiting += _emptied(top, name, moved, refused)
                    os.rmdir(name, dir_fd=top)
            for name in files:
                with _collected(refused):
                    os.unlink(name, dir_fd=top)
        finally:
            os.close(top)
        os.rmdir(folder)
    return refused


def _emptied(top: int, name: str, moved: Iterator[str], refused: list[OSError]) -> list[str]:
    """Empty a folder in `top`; returns the names there of those that were in it."""
    os.chmod(name, 0o700, dir_fd=top)  # whoever made it may have closed it
    place = os.open(name, FOLDER, dir_fd=top)
    up = list[str]()
    try:
        folders, files = _listed(place)
        for file in files:
            with _collected(refused):
                os.unlink(file, dir_fd=place)
        for folder in folders:
            with _collected(refused):
                os.chmod(folder, 0o700, dir_fd=place)  # to be moved it must be open as well
                os.rename(folder, to := next(moved), src_dir_fd=place, dst_dir_fd=top)
                up.append(to)
    finally:
        os.close(place)
    return up


def _listed(place: int) -> tuple[list[str], list[str]]:
    """Names of the folders, and of all else, in an open folder."""
    with os.scandir(place) as entries:
        found = [(entry.name, entry.is_dir(follow_symlinks=False)) for entry in entries]
    return [name for name, is_folder in found if is_folder], [n for n, is_f in found if not is_f]


@contextlib.contextmanager
def _collected(refused: list[OSError]) -> Iterator[None]:
    try:
        yield
    except FileNotFoundError:
        pass  # gone already, which is what was wanted
    except OSError as error:
        refused.append(error)
