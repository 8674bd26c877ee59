"""What an upload shows on the terminal: the plan, a progress bar, and what is left."""

from __future__ import annotations

import contextlib
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeRemainingColumn
from rich.table import Table

from ..upload.lms import Target
from ..upload.plan import LEFT, Action, Row
from .terminal import show_table, verbatim

FEW = 60  # rows of one kind that are still worth printing


def plan(target: Target, rows: Sequence[Row], for_real: bool) -> None:
    """Print where to, what would change, and how many of each kind."""
    console = Console(highlight=False)
    console.print(verbatim(f"{target.title} ({target.place}), {target.max_score} points"))
    for remark in target.remarks:
        console.print(verbatim(remark))
    table = Table(box=None, header_style="bold", pad_edge=False)
    for name in ("student", "", "old", "new", ""):
        table.add_column(name, justify="right" if name in ("old", "new") else "left")
    shown, cut = Counter[Action](), Counter[Action]()
    for row in rows:
        if row.action is Action.unchanged and not row.why:
            continue
        if shown[row.action] >= FEW and row.action not in LEFT:  # those need somebody
            cut[row.action] += 1
            continue
        shown[row.action] += 1
        old, new = ("-" if score is None else str(score) for score in (row.old, row.new))
        table.add_row(verbatim(row.student_id), row.action, old, new, verbatim(row.why))
    for action, count in cut.items():
        table.add_row(f"and {count} more", action, "", "", "")
    if shown:
        show_table(console, table)
    counts = Counter(row.action for row in rows)
    parts = [f"{action} {counts[action]}" for action in Action if counts[action]]
    console.print(verbatim(" · ".join(parts) or "nobody"))
    if not for_real and counts[Action.set]:
        console.print("nothing was written: --apply writes it")


@contextlib.contextmanager
def progress(total: int) -> Iterator[Callable[[], None]]:
    """A bar on a terminal; nothing elsewhere."""
    console = Console(stderr=True)
    columns = (TextColumn("uploading"), BarColumn(), MofNCompleteColumn(), TimeRemainingColumn())
    with Progress(
        *columns, console=console, transient=True, disable=not console.is_terminal
    ) as bar:
        task = bar.add_task("uploading", total=total)
        yield lambda: bar.advance(task)


def code(rows: Sequence[Row], problems: Mapping[str, str]) -> int:
    """The exit code: 2 if scores of ours are not in the LMS and the plan will not bring them."""
    return 2 if problems or any(row.action in LEFT for row in rows) else 0
