"""Landlock: the files that a process may read and the folder that it may write, for good.

Rights are from the kernel's landlock.h, each by the version that brought it.
"""

from __future__ import annotations

import os
import stat
import struct
from collections.abc import Iterable

from . import kernel

SYS_CREATE, SYS_ADD, SYS_RESTRICT = 444, 445, 446
EXECUTE, WRITE, READ, READ_DIR = 1, 2, 4, 8
REFER, TRUNCATE, IOCTL = 1 << 13, 1 << 14, 1 << 15
VERSION_1 = (1 << 13) - 1
MAKE_DEVICES_AND_SOCKETS = (1 << 6) | (1 << 9) | (1 << 11)
SIZES = {1: 8, 2: 8, 3: 8, 4: 16, 5: 16}  # of struct landlock_ruleset_attr; 24 from version 6 on


def version() -> int:
    """The kernel's version of it; 0 if it has none."""
    try:
        return kernel.syscall(SYS_CREATE, None, 0, 1)
    except OSError:
        return 0


def restrict(readable: Iterable[str], devices: Iterable[str], scratch: str) -> None:
    """Leave this process `readable` to read, `devices` to read and write, `scratch` for all else.

    Nothing may be executed, no device or socket made, no TCP port bound or connected to, and no
    abstract socket or signal reach outside.

    Raises:
        OSError: the kernel has no Landlock, or refuses.
    """
    found = version()
    files = VERSION_1
    for needed, right in ((2, REFER), (3, TRUNCATE), (5, IOCTL)):
        files |= right if found >= needed else 0
    tcp = 3 if found >= 4 else 0  # bind and connect: handled, and never granted
    scope = 3 if found >= 6 else 0
    attributes = struct.pack("QQQ", files, tcp, scope)[: SIZES.get(found, 24)]
    ruleset = kernel.syscall(SYS_CREATE, attributes, len(attributes), 0)

    def allow(path: str, rights: int) -> None:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= WRITE | READ | TRUNCATE
        rule = struct.pack("=Qi", rights & files, descriptor)
        kernel.syscall(SYS_ADD, ruleset, 1, rule, 0)
        os.close(descriptor)

    for path in readable:
        allow(path, READ | READ_DIR)
    for path in devices:
        allow(path, READ | WRITE)
    allow(scratch, files & ~(EXECUTE | MAKE_DEVICES_AND_SOCKETS | IOCTL))
    kernel.syscall(SYS_RESTRICT, ruleset, 0)
    os.close(ruleset)
