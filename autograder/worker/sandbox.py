"""Isolation by what the Linux kernel offers to everyone: namespaces, Landlock, seccomp, rlimits.

`enter` moves the zygote into namespaces of its own with a file system that holds only what student
code needs; `confine` then ties down each worker. Where namespaces are forbidden, Landlock alone
keeps files apart. `python -m autograder.worker.sandbox` tries, in a process to throw away, what
this machine gives. Constants are from the kernel's uapi headers (sched.h, mount.h, prctl.h,
landlock.h, capability.h), the same on every architecture unless noted.
"""

from __future__ import annotations

import contextlib
import ctypes
import json
import os
import platform
import resource
import socket
import stat
import struct
import sys
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from . import syscalls

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_NOEXEC, MS_REMOUNT = 1, 2, 4, 8, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
PR_SET_PDEATHSIG, PR_SET_DUMPABLE, PR_CAPBSET_DROP, PR_SET_NO_NEW_PRIVS = 1, 4, 24, 38
LAST_CAPABILITY = 63
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}  # no wrapper in the C library
SYS_LANDLOCK_CREATE, SYS_LANDLOCK_ADD, SYS_LANDLOCK_RESTRICT = 444, 445, 446
SIGKILL = 9

SCRATCH = "/scratch"  # the only place where a worker may write
SCRATCH_BYTES, SCRATCH_FILES = 64 << 20, 4096
UNPRIVILEGED = 61_000  # first of the user ids that workers get under root, one for each zygote
SYSTEM = ("/usr", "/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime")
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")

_libc = ctypes.CDLL(None, use_errno=True)


def enter(visible: Iterable[str], hidden: Iterable[str]) -> int:
    """Go on in new namespaces whose file system holds only `visible`, read-only.

    Folders of `hidden` are empty there even where they lie in a visible one. As an ordinary user
    this takes a user namespace. The process must have a single thread; it goes on in a fork, as the
    first of a process namespace, and what called this waits for that fork to end.

    Returns a descriptor of the process namespace, for `fork_into_new_pid_namespace`.

    Raises:
        OSError: the kernel, or a container around us, does not allow it.
    """
    flags = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        _call("unshare", flags)
    else:
        _call("unshare", flags | CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    _go_on_in_fork()
    home = os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)
    _mount(None, "/", None, MS_REC | MS_PRIVATE)
    root = "/sys"  # exists everywhere, and is covered in our own mount namespace only
    _mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    plan = {path: True for path in (*SYSTEM, *DEVICES, *visible)} | dict.fromkeys(hidden, False)
    for path in sorted(plan, key=lambda p: p.count("/")):
        if plan[path]:
            _bind(path, root + path)
        elif os.path.isdir(root + path):
            _mount("tmpfs", root + path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    for folder in (SCRATCH, "/old"):
        os.mkdir(root + folder)
    with contextlib.suppress(FileExistsError):  # where what is visible lies in there
        os.symlink(SCRATCH, root + "/tmp")  # noqa: S108 (the worker's own /tmp)
    os.chdir(root)
    _syscall(SYS_PIVOT_ROOT[platform.machine()], b".", b"old")
    os.chdir("/")
    _call("umount2", b"/old", MNT_DETACH)
    os.rmdir("/old")
    _mount(None, "/", None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)
    return home


def _go_on_in_fork() -> None:
    """Fork; the parent ends when its child does, and the child when its parent does."""
    if (child := os.fork()) == 0:
        die_with_parent()
        return
    os.closerange(3, 1 << 16)  # nobody should find the control socket open here
    _, status = os.waitpid(child, 0)
    os._exit(0 if status == 0 else 1)


def _bind(source: str, target: str) -> None:
    if os.path.islink(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.lexists(target):
            os.symlink(os.readlink(source), target)
        return
    if os.path.isdir(source):
        os.makedirs(target, exist_ok=True)
    elif os.path.exists(source):
        os.makedirs(os.path.dirname(target), exist_ok=True)
        if not os.path.exists(target):
            Path(target).touch()
    else:
        return
    _mount(source, target, None, MS_BIND | MS_REC)
    if source in DEVICES:
        return
    # A remount must repeat the flags that the mount has, or an unprivileged one is refused.
    kept = os.statvfs(target).f_flag & (MS_NOSUID | MS_NODEV | MS_NOEXEC)
    _mount(None, target, None, MS_BIND | MS_REMOUNT | MS_RDONLY | MS_NOSUID | MS_NODEV | kept)


def fork_into_new_pid_namespace(home: int) -> int:
    """`os.fork`, with the child as process 1 of a namespace: when it dies, all of it dies.

    `home` is what `enter` returned.
    """
    _call("unshare", CLONE_NEWPID)
    pid = os.fork()
    if pid:
        _call("setns", home, CLONE_NEWPID)
    return pid


@dataclass(frozen=True)
class Limits:
    """Address space in bytes, and CPU seconds."""

    memory: int
    cpu_seconds: int


def confine(
    namespaces: bool, readable: Iterable[str], scratch: str, limits: Limits, slot: int
) -> None:
    """Tie down this worker for good: scratch folder, limits, identity, privileges, files.

    `slot` is the zygote's number: under root each has a user id of its own.
    """
    die_with_parent()
    if namespaces:
        _call("unshare", CLONE_NEWNS)
        size = f"size={SCRATCH_BYTES},nr_inodes={SCRATCH_FILES},mode=1777"
        _mount("tmpfs", scratch, "tmpfs", MS_NOSUID | MS_NODEV, size)
    os.chdir(scratch)
    # Without a process namespace nothing may be left behind: no child and no further thread.
    processes = 64 if namespaces else 0
    seconds = limits.cpu_seconds
    table = {
        resource.RLIMIT_AS: (limits.memory, limits.memory),
        resource.RLIMIT_CPU: (seconds, seconds + 1),  # process 1 ignores the soft limit's signal
        resource.RLIMIT_FSIZE: (SCRATCH_BYTES, SCRATCH_BYTES),
        resource.RLIMIT_NOFILE: (64, 64),
        resource.RLIMIT_NPROC: (processes, processes),
        resource.RLIMIT_CORE: (0, 0),
        resource.RLIMIT_MEMLOCK: (0, 0),
        resource.RLIMIT_MSGQUEUE: (0, 0),
        resource.RLIMIT_STACK: (8 << 20, 8 << 20),
    }
    for limit, values in table.items():
        resource.setrlimit(limit, values)
    if os.getuid() == 0:
        uid = UNPRIVILEGED + slot
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
        die_with_parent()  # a change of user clears it
    elif namespaces:
        _drop_capabilities()
    _call("prctl", PR_SET_DUMPABLE, 0, 0, 0, 0)
    _call("prctl", PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0)
    if landlock_version():
        _landlock((*SYSTEM, *DEVICES, *readable), scratch)
    syscalls.deny()


def die_with_parent() -> None:
    """Have the kernel kill this process when its parent dies."""
    _call("prctl", PR_SET_PDEATHSIG, SIGKILL, 0, 0, 0)


def _drop_capabilities() -> None:
    for capability in range(LAST_CAPABILITY + 1):
        with contextlib.suppress(OSError):  # beyond the kernel's last one
            _call("prctl", PR_CAPBSET_DROP, capability, 0, 0, 0)
    header = struct.pack("Ii", 0x20080522, 0)  # _LINUX_CAPABILITY_VERSION_3, this process
    _call("capset", header, bytes(24))


# Landlock: rights by the version that brought them (landlock.h)
_EXECUTE, _WRITE, _READ, _READ_DIR = 1, 2, 4, 8
_REFER, _TRUNCATE, _IOCTL = 1 << 13, 1 << 14, 1 << 15
_VERSION_1 = (1 << 13) - 1
_MAKE_DEVICES_AND_SOCKETS = (1 << 6) | (1 << 9) | (1 << 11)


def landlock_version() -> int:
    """The kernel's Landlock version; 0 if it has none."""
    try:
        return _syscall(SYS_LANDLOCK_CREATE, None, 0, 1)
    except OSError:
        return 0


def _landlock(readable: Iterable[str], writable: str) -> None:
    version = landlock_version()
    files = _VERSION_1
    for needed, right in ((2, _REFER), (3, _TRUNCATE), (5, _IOCTL)):
        files |= right if version >= needed else 0
    tcp = 3 if version >= 4 else 0  # bind and connect: handled, and never granted
    scope = 3 if version >= 6 else 0  # abstract sockets and signals stay inside
    sizes = {1: 8, 2: 8, 3: 8, 4: 16, 5: 16}
    attributes = struct.pack("QQQ", files, tcp, scope)[: sizes.get(version, 24)]
    ruleset = _syscall(SYS_LANDLOCK_CREATE, attributes, len(attributes), 0)

    def allow(path: str, rights: int) -> None:
        try:
            descriptor = os.open(path, os.O_PATH | os.O_CLOEXEC)
        except FileNotFoundError:
            return
        if not stat.S_ISDIR(os.fstat(descriptor).st_mode):
            rights &= _WRITE | _READ | _TRUNCATE
        rule = struct.pack("=Qi", rights & files, descriptor)
        _syscall(SYS_LANDLOCK_ADD, ruleset, 1, rule, 0)
        os.close(descriptor)

    for path in readable:
        allow(path, _READ | _READ_DIR | (_WRITE if path in DEVICES else 0))
    allow(writable, files & ~(_EXECUTE | _MAKE_DEVICES_AND_SOCKETS | _IOCTL))
    _syscall(SYS_LANDLOCK_RESTRICT, ruleset, 0)
    os.close(ruleset)


def _call(name: str, *arguments: int | bytes) -> None:
    convert = (ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments)
    if getattr(_libc, name)(*convert) == -1:
        _fail(name)


def _syscall(number: int, *arguments: int | bytes | None) -> int:
    convert = (ctypes.c_ulong(a) if isinstance(a, int) else a for a in arguments)
    result: int = _libc.syscall(ctypes.c_long(number), *convert)
    if result == -1:
        _fail(f"system call {number}")
    return result


def _mount(
    source: str | None, target: str, kind: str | None, flags: int, data: str | None = None
) -> None:
    def encoded(text: str | None) -> bytes | None:
        return None if text is None else os.fsencode(text)

    flag = ctypes.c_ulong(flags)
    if _libc.mount(encoded(source), encoded(target), encoded(kind), flag, encoded(data)) == -1:
        _fail(f"mount {target}")


def _fail(what: str) -> None:
    number = ctypes.get_errno()
    raise OSError(number, f"{what}: {os.strerror(number)}")


def _try_here() -> dict[str, str | int | bool]:
    """What works in this process, shown by what is then denied; it is spoilt afterwards."""
    found: dict[str, str | int | bool] = {"landlock": landlock_version(), "namespaces": False}
    try:
        enter([], [])
    except OSError as error:
        return found | {"reason": str(error)}
    if os.path.exists("/etc/passwd") or os.path.exists("/proc/self"):
        return found | {"reason": "files outside can still be seen"}
    with socket.socket() as outside:
        outside.settimeout(1)
        if outside.connect_ex(("127.0.0.1", 9)) != 101:  # ENETUNREACH: not even a loopback
            return found | {"reason": "the network can still be reached"}
    return found | {"namespaces": True}


if __name__ == "__main__":
    sys.stdout.write(json.dumps(_try_here()))
