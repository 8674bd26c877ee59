"""What every payload may use: it is the cell before theirs."""

import contextlib
import ctypes
import os
import platform
import sys
import time
from inspect import isfunction as is_function

import torch

CANARY = bytes.fromhex("43414e4152592d").decode()  # how every secret of the runner's begins
C = ctypes.CDLL(None, use_errno=True)


class Escaped(Exception):
    """A payload did what the sandbox should have refused; the message says what."""


def refused(**attempts):
    """Try each attempt, and complain of those that were not refused.

    An attempt is refused if it raises OSError or returns False; other errors are mistakes of ours.
    """
    done = []
    for name, attempt in attempts.items():
        try:
            if attempt() is not False:
                done.append(name)
        except OSError:
            pass
    if done:
        raise Escaped(", ".join(done))


def call(name, *arguments):
    """Call the C library, or a system call by its number; -1 raises."""
    function, first = (C.syscall, (name,)) if isinstance(name, int) else (getattr(C, name), ())
    everything = (ctypes.c_long(a) if isinstance(a, int) else a for a in (*first, *arguments))
    ctypes.set_errno(0)
    if (result := function(*everything)) == -1:
        raise OSError(ctypes.get_errno(), os.strerror(ctypes.get_errno()))
    return result


def once(payload):
    """For payloads whose first call is enough."""
    called = []

    def first(values, k):
        if not called:
            called.append(True)
            return payload(values, k)

    return first


def wrong(values):
    """A wrong answer in the right form."""
    return torch.zeros(len(values))


def right(values, k):
    """The right numbers, without autograd: worth a point at the most."""
    return k * (2 * torch.tensor(values) + 3)
