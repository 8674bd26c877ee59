"""Settings of the process, where our code shares it with a notebook that may have changed them."""

from __future__ import annotations

import contextlib
import random
import sys
import warnings
from collections.abc import Callable, Iterator
from typing import Any

import numpy as np
import torch


@contextlib.contextmanager
def as_at_the_start() -> Iterator[None]:
    """For code of ours: as if no notebook had run here. Afterwards all is as it was."""
    with contextlib.ExitStack() as stack:
        for setting in (
            warnings.catch_warnings(),
            np.errstate(all="warn"),
            torch.random.fork_rng(devices=[]),
            torch.autograd.set_detect_anomaly(False),
            torch.autocast("cpu", enabled=False),
        ):
            stack.enter_context(setting)
        warnings.simplefilter("ignore")
        stack.callback(np.random.set_state, np.random.get_state())
        precision = torch.get_float32_matmul_precision()
        _set(stack, torch.set_float32_matmul_precision, precision, "highest")
        _set(stack, torch.set_default_device, _default_device(), None)
        _set(stack, torch.set_flush_denormal, sys.float_info.min / 2 == 0, False)
        _set(stack, _be_deterministic, _how_deterministic(), (False, False))
        stack.enter_context(as_for_an_answer())
        stack.enter_context(torch.inference_mode(False))
        stack.enter_context(torch.enable_grad())  # leaving inference mode turns it off
        yield


@contextlib.contextmanager
def as_for_an_answer() -> Iterator[None]:
    """For an answer: what workers set before each one, and nothing else. Afterwards as it was."""
    with contextlib.ExitStack() as stack:
        stack.enter_context(torch.random.fork_rng(devices=[]))
        stack.enter_context(torch.enable_grad())
        _set(stack, torch.set_default_dtype, torch.get_default_dtype(), torch.float32)
        _set(stack, torch.set_num_threads, torch.get_num_threads(), 1)
        stack.callback(random.setstate, random.getstate())
        random.seed(0)
        yield


def _set(
    stack: contextlib.ExitStack, setter: Callable[[Any], Any], before: Any, value: Any
) -> None:
    """Call a setter, and once more in the end with the value from before; not if they are one.

    Some of torch's setters import half of it.
    """
    if before != value:
        stack.callback(setter, before)
        setter(value)


def _default_device() -> torch.device | None:
    """None where none was chosen; the CPU stands for that, too."""
    device = torch.get_default_device()
    return None if device.type == "cpu" else device


def _how_deterministic() -> tuple[bool, bool]:
    warn_only = torch.is_deterministic_algorithms_warn_only_enabled()
    return torch.are_deterministic_algorithms_enabled(), warn_only


def _be_deterministic(how: tuple[bool, bool]) -> None:
    enabled, warn_only = how
    torch.use_deterministic_algorithms(enabled, warn_only=warn_only)
