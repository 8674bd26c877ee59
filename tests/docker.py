"""Run a command with less than the kernel gives: docker.py TIER COMMAND...

The filter is like that of Docker's default profile, and as root the rights are Docker's, too. TIER
is what is left: B (no namespaces), C (no Landlock either) or D (no system call filter either).
"""

import ctypes
import os
import platform
import struct
import sys

LOAD, EQUAL, ANY_BIT, RETURN = 0x20, 0x15, 0x45, 0x06
EPERM, EINVAL, ENOSYS, ALLOW = 0x00050001, 0x00050016, 0x00050026, 0x7FFF0000
NEW = 0x7E020000 | 0x80  # CLONE_NEW*: mount, cgroup, uts, ipc, user, pid, net; time
X86 = platform.machine() == "x86_64"
#            unshare setns mount umount2 pivot_root (by architecture), open_tree move_mount fsopen
DENIED = [*([272, 308, 165, 166, 155] if X86 else [97, 268, 40, 39, 41]), 428, 429, 430, 432, 442]
CLONE, CLONE3, LANDLOCK = 56 if X86 else 220, 435, [444, 445, 446]
PRCTL, SECCOMP = (157, 317) if X86 else (167, 277)
RIGHTS = "chown dac_override fowner fsetid kill setgid setuid setpcap net_bind_service net_raw"
KEPT = ",+".join([*RIGHTS.split(), "sys_chroot", "mknod", "audit_write", "setfcap"])


def program(tier: str) -> list[tuple[int, int, int, int]]:
    refused = dict.fromkeys(DENIED, EPERM) | {CLONE3: ENOSYS}
    if tier in "CD":
        refused |= dict.fromkeys(LANDLOCK, ENOSYS)
    if tier == "D":
        refused |= {SECCOMP: EINVAL}
    lines = [(LOAD, 0, 0, 0)]
    for number, answer in refused.items():
        lines += [(EQUAL, 0, 1, number), (RETURN, 0, 0, answer)]
    return [
        *lines,
        *[(EQUAL, 0, 3, CLONE), (LOAD, 0, 0, 16), (ANY_BIT, 0, 1, NEW), (RETURN, 0, 0, EPERM)],
        (RETURN, 0, 0, ALLOW),
    ]


def main(tier: str, *command: str) -> None:
    lines = program(tier)
    code = b"".join(struct.pack("HBBI", *line) for line in lines)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(lines), ctypes.addressof(buffer))
    libc = ctypes.CDLL(None, use_errno=True)
    if os.getuid():  # else the filter needs no such promise
        libc.prctl(38, ctypes.c_ulong(1), 0, 0, 0)
    if libc.prctl(22, ctypes.c_ulong(2), header):
        raise OSError(ctypes.get_errno(), "no filter")
    limited = [] if os.getuid() else ["setpriv", "--bounding-set", f"-all,+{KEPT}", "--"]
    os.execvp([*limited, *command][0], [*limited, *command])


if __name__ == "__main__":
    main(*sys.argv[1:])
