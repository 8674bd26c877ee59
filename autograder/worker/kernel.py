"""The kernel's calls that Python does not wrap, through ctypes.

Constants are from the uapi headers (prctl.h, capability.h, signal.h), the same on every
architecture unless noted.
"""

from __future__ import annotations

import contextlib
import ctypes
import os
import struct

PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
LAST_CAPABILITY = 63
SIGKILL = 9

_libc = ctypes.CDLL(None, use_errno=True)


def call(name: str, *arguments: int | bytes) -> None:
    """Call a function of the C library that returns -1 on failure.

    Raises:
        OSError: it failed.
    """
    convert = (ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments)
    if getattr(_libc, name)(*convert) == -1:
        _fail(name)


def syscall(number: int, *arguments: int | bytes | ctypes.Array[ctypes.c_char] | None) -> int:
    """Make a system call that has no wrapper.

    Raises:
        OSError: it failed.
    """
    convert = (ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments)
    result: int = _libc.syscall(ctypes.c_long(number), *convert)
    if result == -1:
        _fail(f"system call {number}")
    return result


def mount(
    source: str | None, target: str, kind: str | None, flags: int, data: str | None = None
) -> None:
    """mount(2).

    Raises:
        OSError: it failed; the message names the target.
    """

    def encoded(text: str | None) -> bytes | None:
        return None if text is None else os.fsencode(text)

    flag = ctypes.c_ulong(flags)
    if _libc.mount(encoded(source), encoded(target), encoded(kind), flag, encoded(data)) == -1:
        _fail(f"mount {target}")


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies. A change of user clears it."""
    call("prctl", PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def hide_memory() -> None:
    """Keep other processes of this user out of our memory, environment and descriptors."""
    call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)


def no_new_privileges() -> None:
    """Make set-user-id programs powerless for this process; Landlock and seccomp ask for it."""
    call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)


def drop_capabilities() -> None:
    """Give up what a user namespace gives to its creator."""
    for capability in range(LAST_CAPABILITY + 1):
        with contextlib.suppress(OSError):  # beyond the kernel's last one
            call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    call("capset", header, bytes(24))


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")
