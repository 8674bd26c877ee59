"""Hands answers out and takes marks in: a mark is in the record before anybody hears that it is.

The record is opened for each mark and closed again, so that `report` and `export` get their turn.
What another process changed in the meantime is read before the next mark is given.
"""

from __future__ import annotations

import contextlib
import threading
import time
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

from ..errors import FolderBusy
from ..model import SETTLED, Mark
from ..results.folder import RECORD
from ..results.record import LOG
from ..results.rows import Results
from ..results.store import Store
from .answers import Group, gather
from .pile import Pile, Progress

PATIENCE = 8.0  # seconds to wait for another process that writes to the folder
STEP = 0.05  # seconds between tries
HELD = 900.0  # seconds for which an answer is kept for who has it before them
FRESH = 3.0  # seconds for which nobody looks whether the record has changed


@dataclass(frozen=True)
class _Hold:
    key: str
    until: float


class Desk:
    """The answers to some questions of one results folder, for several markers at once."""

    def __init__(
        self,
        folder: Path,
        about: dict[str, str],
        questions: tuple[str, ...],
        double: float = 0.0,
        patience: float = PATIENCE,
    ) -> None:
        self._folder, self._about = folder, about
        self._questions, self._double, self._patience = questions, double, patience
        self._memory = threading.RLock()  # of what is known
        self._pen = threading.Lock()  # one mark after the other
        self._closed = False
        self._holds: dict[str, _Hold] = {}  # by marker
        self._load()

    def _load(self) -> None:
        """Read the record.

        Raises:
            ResultsError: it cannot be read.
        """
        stamp = self._stamp()
        papers = gather(
            Results(self._folder, with_work=True), self._questions, self._about["secret"]
        )
        with self._memory:
            self._pile, self._read = Pile(papers, self._double), stamp
            self._looked = time.monotonic()

    def _stamp(self) -> tuple[tuple[int, int], ...]:
        """Changes when the record does."""
        found = []
        for ending in ("", LOG):
            with contextlib.suppress(FileNotFoundError):
                state = Path(f"{self._folder / RECORD}{ending}").stat()
                if state.st_size:  # a log without anything in it is a reader's
                    found.append((state.st_mtime_ns, state.st_size))
        return tuple(found)

    def _refresh(self) -> Pile:
        """What is known, with what others have recorded until a moment ago."""
        if time.monotonic() - self._looked > FRESH:
            self._looked = time.monotonic()
            if self._stamp() != self._read:
                self._load()
        return self._pile

    # Handing out

    def next(self, question: str, marker: str, after: str = "") -> Group | None:
        """An answer that nobody else has before them; None if there is none.

        Raises:
            MarkError: there is no such question.
            ResultsError: the record cannot be read.
        """
        with self._memory:
            pile, now = self._refresh(), time.monotonic()
            others = [h.key for m, h in self._holds.items() if m != marker and h.until > now]
            group = pile.next_open(question, marker, others, after)
            if group is None:
                self._holds.pop(marker, None)
            else:
                self.hold(marker, group.key)
            return group

    def next_disputed(self, question: str, after: str = "") -> Group | None:
        """An answer on which markers disagree; None if there is none."""
        with self._memory:
            return self._refresh().next_disputed(question, after)

    def hold(self, marker: str, key: str) -> None:
        """Keep an answer for a marker, and none that they had before."""
        with self._memory:
            self._holds[marker] = _Hold(key, time.monotonic() + HELD)

    @contextlib.contextmanager
    def still(self) -> Iterator[Pile]:
        """What is known; it does not change during the block."""
        with self._memory:
            yield self._refresh()

    def progress(self) -> dict[str, Progress]:
        """How far each question is."""
        with self._memory:
            pile = self._refresh()
            return {question: pile.progress(question) for question in self._questions}

    # Taking in

    def mark(self, key: str, mark: Mark) -> None:
        """Record a mark for everybody who gave that answer; on the disk when this returns.

        Raises:
            MarkError: there is no such answer (any more).
            FolderBusy: another process keeps writing to the folder.
            ResultsError, OSError: the record cannot be written.
        """
        with self._writing() as store:
            self._pile.papers.give(store, self._pile.group(mark.question, key), mark)
            self._done(mark.marker, key)

    def take_back(self, question: str, key: str, marker: str) -> None:
        """Take a marker's mark back from everybody who gave that answer.

        Raises:
            MarkError, FolderBusy, ResultsError, OSError: as `mark`.
        """
        with self._writing() as store:
            self._pile.papers.take_back(store, self._pile.group(question, key), marker)

    def _done(self, marker: str, key: str) -> None:
        holder = marker.removesuffix(SETTLED)
        held = self._holds.get(holder)
        if held is not None and held.key == key:
            del self._holds[holder]

    @contextlib.contextmanager
    def _writing(self) -> Iterator[Store]:
        """The open record, and what is known is what it holds."""
        with self._pen:
            if self._closed:
                raise FolderBusy(f"{self._folder}: the server is being stopped")
            with self._opened() as store, self._memory:
                if self._stamp() != self._read:
                    self._load()
                yield store
            with self._memory:  # what we wrote ourselves is known
                self._read = self._stamp()

    @contextlib.contextmanager
    def _opened(self) -> Iterator[Store]:
        """The record, as soon as nobody else writes to the folder."""
        end = time.monotonic() + self._patience
        while True:
            try:
                store = Store(self._folder, self._about)
                break
            except FolderBusy:
                if time.monotonic() > end:
                    raise
            time.sleep(STEP)
        with store:
            yield store

    def close(self) -> None:
        """Wait for the mark that is being written, and take no more."""
        with self._pen:
            self._closed = True
