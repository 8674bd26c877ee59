# Made by `autograder build`.
OK_FORMAT = False

from otter.test_files import test_case

import linecache
import sys
import traceback
from collections.abc import Callable
from contextlib import redirect_stderr
from copy import deepcopy
from types import SimpleNamespace
from typing import Any

import torch


class case(SimpleNamespace):
    """The inputs of one call, by name."""

    def __getattribute__(self, name: str) -> Any:
        """An input, as a fresh copy, so that no call sees what another did to it."""
        return deepcopy(super().__getattribute__(name))


ANSWERS = globals()  # where the student's functions are: here, but for otter's test files


class Raised(str):
    """Stands where a value should be: the error that was raised instead, and its line."""


def attempt(call: Callable[[], Any]) -> Any:
    """What `call` returns, copied at once so that nothing can change it later, or `Raised`."""
    try:
        return _copied(call())
    except (Exception, SystemExit) as error:
        steps = traceback.walk_tb(error.__traceback__)
        # The innermost line of this notebook, not the one inside torch.
        ours = globals(), ANSWERS
        frame, line = [s for s in steps if any(s[0].f_globals is space for space in ours)][-1]
        source = linecache.getline(frame.f_code.co_filename, line).strip()
        return Raised(f"{type(error).__name__}: {str(error)[:250]} (line {line}: {source})")


def _copied(value: Any) -> Any:
    if isinstance(value, torch.Tensor):
        return value.detach().cpu().clone()
    if isinstance(value, (list, tuple)):
        return [_copied(entry) for entry in value]
    return {k: _copied(v) for k, v in value.items()} if isinstance(value, dict) else value


def differences(seen: Any, wanted: Any, where: str = "") -> list[str]:
    """How `seen` differs from `wanted`, a line each; a line that starts with "note" is advice."""
    at = f"{where}: " if where else ""
    if isinstance(seen, Raised):
        return [at + seen]
    if isinstance(wanted, torch.Tensor) or _is_number(wanted):
        line = _number_difference(seen, wanted)
        return [line if line.startswith("note") else at + line] if line else []
    steps: list[Any] = []
    if isinstance(wanted, dict) and isinstance(seen, dict):
        if seen.keys() != wanted.keys():
            return [f"{at}expected the keys {list(wanted)}, yours are {list(seen)}"]
        steps = list(wanted)
    elif isinstance(wanted, list) and isinstance(seen, (list, tuple)):
        if len(seen) != len(wanted):
            return [f"{at}expected {len(wanted)} entries, yours has {len(seen)}"]
        steps = list(range(len(wanted)))
    elif isinstance(wanted, list) and isinstance(seen, torch.Tensor):
        return [f"{at}expected a list, yours is a tensor of shape {tuple(seen.shape)}"]
    elif type(seen) is not type(wanted) or seen != wanted:
        return [f"{at}expected {_shown(wanted)}, yours is {_shown(seen)}"]
    lines = []
    for step in steps:
        lines += differences(seen[step], wanted[step], f"{where}[{step!r}]" if where else str(step))
    return list(dict.fromkeys(lines))


def _number_difference(seen: Any, wanted: Any) -> str:
    want = torch.as_tensor(wanted)
    if not isinstance(seen, torch.Tensor) and (want.dim() or not _is_number(seen)):
        asked = f"a tensor of shape {tuple(want.shape)}" if want.dim() else _shown(wanted)
        return f"expected {asked}, yours is {_shown(seen)}"
    found = torch.as_tensor(seen).detach()
    if found.shape != want.shape:
        return f"expected shape {tuple(want.shape)}, yours is {tuple(found.shape)}"
    if want.dim() and found.dtype not in (want.dtype, torch.float32, torch.float64):
        return f"expected entries of type {want.dtype}, yours are {found.dtype}"
    a, b = found.double(), want.double()
    limit = 1e-6 + 1e-4 * max(b[b.isfinite()].abs().tolist(), default=0.0)
    right = (a == b) | (a.isnan() & b.isnan()) | ((a - b).abs() <= limit)
    if not right.all() and want.numel() > 8:
        i = tuple((~right).nonzero()[0].tolist())
        return f"at {list(i)} expected {float(b[i]):.6g}, yours is {float(a[i]):.6g}"
    if not right.all():
        return f"expected {_shown(wanted)}, yours is {_shown(seen)}"
    if isinstance(seen, torch.Tensor) and not isinstance(wanted, torch.Tensor):
        return "note: Python numbers were asked for and yours are tensors: use .item()"
    return ""


def _is_number(value: Any) -> bool:
    return isinstance(value, (int, float)) and not isinstance(value, bool)


def _shown(value: Any) -> str:
    if isinstance(value, torch.Tensor):
        plain = value.detach().float() if value.is_floating_point() else value
        return " ".join(str(plain).split())
    text = f"{value:.6g}" if isinstance(value, float) else repr(value)
    return text if len(text) < 60 else f"a {type(value).__name__}"


def visible_report(name: str, seen: Any, wanted: Any) -> str:
    """What to print after `name` about the visible case."""
    if isinstance(seen, dict):
        seen = {part: seen[part] for part in wanted if part in seen}  # the rest is not for showing
    parts = seen.values() if isinstance(seen, dict) else [seen]
    if any(isinstance(p, Raised) and p.startswith(f"NotImplementedError: {name}") for p in parts):
        return "not done yet"
    lines = sorted(differences(seen, wanted), key=lambda line: line.startswith("note"))
    passed = all(line.startswith("note") for line in lines)
    lines = [f"{line} (it may cost points)" if line.startswith("note") else line for line in lines]
    head = "passes the visible case" if passed else "not right yet"
    more = [f"... and {len(lines) - 6} more"] if len(lines) > 6 else []
    return "\n  ".join([head, *lines[:6], *more])


def check(name: str, probe: Callable[[Any, Any], Any], visible: case, wanted: Any) -> None:
    """Print how the answer called `name` does on the visible case."""
    passes_visible_case(name, probe, visible, wanted)


def passes_visible_case(
    name: str, probe: Callable[[Any, Any], Any], visible: case, wanted: Any
) -> bool:
    """What `check` does; tells whether it passes."""
    report = checked(name, probe, visible, wanted)
    print(f"{name}: {report}")
    return not isinstance(report, Raised) and report.startswith("passes")


def checked(name: str, probe: Callable[[Any, Any], Any], visible: case, wanted: Any) -> str:
    """Probe the answer on the visible case: what to print about it. Warnings go there, too."""
    if name not in ANSWERS:
        return f"there is no {name} yet: run its cell, and see that this is what it defines"
    torch.manual_seed(0)
    with redirect_stderr(sys.stdout):
        seen = attempt(lambda: probe(ANSWERS[name], visible))
    report: str = attempt(lambda: visible_report(name, seen, wanted))  # must not stop "Run all"
    return report


visible = case(values=[2.0, 3.0], k=3)

def probe(fresh_grads, case):
    return {"grads": attempt(lambda: fresh_grads(case.values, case.k))}

wanted = {
    "grads": [torch.tensor([7.0, 9.0]), torch.tensor([14.0, 18.0]), torch.tensor([21.0, 27.0])],
}


@test_case(name="visible case", points=1, hidden=False)
def _visible_case(env):
    global ANSWERS
    ANSWERS = env
    report = checked('fresh_grads', probe, visible, wanted)
    assert report.startswith("passes"), report


name, points = 'fresh_grads', None
