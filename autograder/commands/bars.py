"""How far grading is, and the writing of pages: bars on a terminal, else a line now and then."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sized

from rich.console import Console, RenderableType
from rich.progress import (
    BarColumn,
    MofNCompleteColumn,
    Progress,
    ProgressColumn,
    Task,
    TextColumn,
    TimeRemainingColumn,
    track,
)
from rich.text import Text

from ..model import Result, Status
from ..pages.words import IN_WORDS, way


@contextlib.contextmanager
def grading(total: int, quiet: bool = False) -> Iterator[Callable[[str, Result | None], None]]:
    """A bar on a terminal, else a plain line now and then; call with each student that is done."""
    console = Console(stderr=True)
    if quiet:
        yield lambda student_id, result: None
        return
    if not console.is_terminal:
        done = Counter[bool]()

        def count(student_id: str, result: Result | None) -> None:
            done[result is not None] += 1
            if done.total() == total or done.total() % max(1, total // 10) == 0:
                unchanged = f" ({done[False]} unchanged)" if done[False] else ""
                console.print(f"{done.total()} of {total}{unchanged}", highlight=False)

        yield count
        return
    with _Bar(console, total) as bar:
        yield bar.count


@contextlib.contextmanager
def waiting(words: str) -> Iterator[None]:
    """A sign on a terminal that something is being done, which tells nothing by itself."""
    console = Console(stderr=True)
    with console.status(Text(words)) if console.is_terminal else contextlib.nullcontext():
        yield


def pages(results: Iterable[Result]) -> Iterable[Result]:
    """The results, with a bar on a terminal while their pages are written."""
    console = Console(stderr=True)
    total = len(results) if isinstance(results, Sized) else None
    if not console.is_terminal:
        return results
    return track(results, "writing pages", total, console=console, transient=True)


class _Bar(Progress):
    """How far grading is, how fast, until when, and what became of the submissions so far."""

    def __init__(self, console: Console, total: int) -> None:
        self._counts, self._ways = Counter[str](), Counter[str]()  # it is drawn from the first on
        columns = (TextColumn("grading"), BarColumn(None), MofNCompleteColumn(), _Speed())
        left = (TimeRemainingColumn(), TextColumn("left"))
        super().__init__(*columns, *left, console=console, transient=True, expand=True)
        self._task = self.add_task("grading", total=total)

    def count(self, student_id: str, result: Result | None) -> None:
        """Count one student in; who has not changed is no work, and tells nothing of the speed."""
        if result is None:
            self._counts["unchanged"] += 1
            task = self.tasks[0]
            task.total = max(0.0, (task.total or 0) - 1)  # `update` would forget the speed
        else:
            self._counts[result.status] += 1
            self._ways.update(way(v) for outcome in result.outcomes for v in outcome.verdicts)
            self.advance(self._task)
        if self.tasks[0].remaining == 0:  # the next bar has the line to itself
            self.stop()

    def get_renderables(self) -> Iterable[RenderableType]:
        """The bar, and below it the counts."""
        yield from super().get_renderables()
        shown: dict[str, list[tuple[str, int]]] = {
            "submissions": [(name, self._counts[name]) for name in (*Status, "unchanged")],
            "checks": [(each, self._ways[each]) for each in IN_WORDS],
        }
        for what, counts in shown.items():
            some = [f"{count} {name.replace('_', ' ')}" for name, count in counts if count]
            if some:
                text = f"{what}: {' · '.join(some)}"
                yield Text(text, style="dim", no_wrap=True, overflow="ellipsis")


class _Speed(ProgressColumn):
    """Submissions in a second, or in a minute where that is less than one."""

    def render(self, task: Task) -> Text:
        speed = task.finished_speed or task.speed
        if not speed:
            return Text("")
        return Text(f"{speed:.1f}/s" if speed >= 1 else f"{60 * speed:.0f}/min")
