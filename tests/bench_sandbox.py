"""What the sandbox costs: the same small job in a bare fork and on each tier, in turns.

A job is one submission, from the fork of its worker until that is gone: a cell that trains for one
step, and one exercise tried on its visible case. Usage: bench_sandbox.py [JOBS].
"""

import contextlib
import platform
import statistics
import sys
import time
from pathlib import Path
from unittest import mock

import torch
from rich.console import Console
from rich.table import Table
from tqdm import tqdm
from workers import ASSIGNMENT, FIRST, pool

from autograder.course.policy import Limits
from autograder.errors import SandboxError
from autograder.model import Submission
from autograder.running import zygotes
from autograder.running.run import run
from autograder.running.tier import ORDER, Tier, detect

BARE = "bare fork"
UNCONFINED = (str(Path(__file__).with_name("unconfined.py")),)
WARM_UP = 5  # jobs that are not counted: the first ones fault pages in
REFERENCE = ASSIGNMENT.references[FIRST]
CELLS = (
    "import torch\n" + REFERENCE.source(FIRST),
    "model = torch.nn.Linear(8, 1)\n"
    "optimizer = torch.optim.Adam(model.parameters())\n"
    "model(torch.randn(16, 8)).square().mean().backward()\n"
    "optimizer.step()",
)
LIMITS = Limits()


@contextlib.contextmanager
def plain_forks():
    with (
        mock.patch.object(zygotes, "ZYGOTE", UNCONFINED),
        mock.patch.object(zygotes, "_refuse_unreadable"),
    ):
        yield


def job(zygote: zygotes.Zygote) -> float:
    """Milliseconds."""
    began = time.perf_counter()
    found = run(
        zygote, Submission("s", "s", CELLS), {FIRST: REFERENCE.exercise.visible}, {}, LIMITS
    )
    took = time.perf_counter() - began
    assert not found.notes and found.visible
    return 1000 * took


def measure(jobs: int) -> dict[str, list[float]]:
    """Milliseconds of each job, by tier, the best one last."""
    here = detect()
    better = ORDER[ORDER.index(here.name) :]
    tiers = {BARE: Tier("D")} | {n: Tier(n, here.landlock) for n in ("B", "A", "S") if n in better}
    times: dict[str, list[float]] = {}
    with contextlib.ExitStack() as stack:
        leased = {}
        for name, tier in tiers.items():
            with plain_forks() if name == BARE else contextlib.nullcontext():
                try:
                    zygote = stack.enter_context(pool(tier, LIMITS)).lease()
                    leased[name] = stack.enter_context(zygote)
                except SandboxError as error:  # B as root, and Python in a folder of root's own
                    print(f"tier {name} is left out: {error}", file=sys.stderr)
        for number in tqdm(range(WARM_UP + jobs), file=sys.stderr):
            for name, zygote in leased.items():
                took = job(zygote)
                if number >= WARM_UP:
                    times.setdefault(name, []).append(took)
    return times


def show(times: dict[str, list[float]], jobs: int) -> None:
    table = Table(
        title=f"{jobs} jobs each, in turns, one at a time · torch {torch.__version__} · "
        f"Linux {platform.release()} {platform.machine()}",
        caption="milliseconds for one submission, from the fork until its worker is gone",
    )
    for column in ("", "median", "quartiles", "more than a bare fork"):
        table.add_column(column, justify="right")
    bare = statistics.median(times[BARE])
    for name, found in times.items():
        low, middle, high = statistics.quantiles(found, n=4)
        more = [took - other for took, other in zip(found, times[BARE], strict=True)]
        table.add_row(
            name if name == BARE else f"tier {name}",
            f"{middle:.1f}",
            f"{low:.1f} to {high:.1f}",
            "" if name == BARE else f"{statistics.median(more):.1f} ({middle / bare:.2f} times)",
        )
    Console().print(table)


if __name__ == "__main__":
    count = int(sys.argv[1]) if sys.argv[1:] else 200
    show(measure(count), count)
