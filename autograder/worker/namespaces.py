"""Namespaces: a file system, network and process tree with nothing in them but what is needed.

Constants are from the uapi headers (sched.h, mount.h, fcntl.h, unistd.h), and MNT_DETACH from the C
library's sys/mount.h.
"""

from __future__ import annotations

import contextlib
import os
import platform
import struct
from collections.abc import Iterable
from pathlib import Path

from . import kernel

CLONE_NEWNS, CLONE_NEWUTS, CLONE_NEWIPC = 0x00020000, 0x04000000, 0x08000000
CLONE_NEWUSER, CLONE_NEWPID, CLONE_NEWNET = 0x10000000, 0x20000000, 0x40000000
MS_RDONLY, MS_NOSUID, MS_NODEV, MS_REMOUNT = 1, 2, 4, 32
MS_BIND, MS_REC, MS_PRIVATE = 4096, 16384, 1 << 18
MNT_DETACH = 2
AT_FDCWD, AT_RECURSIVE = -100, 0x8000
SYS_PIVOT_ROOT = {"x86_64": 155, "aarch64": 41}
SYS_MOUNT_SETATTR = 442  # since Linux 5.12
MOUNT_ATTR_RDONLY, MOUNT_ATTR_NOSUID, MOUNT_ATTR_NODEV = 1, 2, 4

SCRATCH = "/scratch"  # the only place where a worker may write
SCRATCH_BYTES, SCRATCH_FILES = 64 << 20, 4096
LIBRARIES = (
    "lib",
    "lib32",
    "lib64",
    "share",
)  # of an installation: src is for other code
SYSTEM = (
    *(f"{top}/{name}" for top in ("/usr", "/usr/local") for name in LIBRARIES),
    *("/lib", "/lib32", "/lib64", "/etc/ld.so.cache", "/etc/localtime"),
)
DEVICES = ("/dev/null", "/dev/zero", "/dev/urandom")


def leave() -> int:
    """Go on in new namespaces, where all is still as it was, until `settle`.

    As an ordinary user this takes a user namespace. The process must have a single thread; it goes
    on in a fork, as the first of a process namespace, and what called this waits for that to end.

    Returns a descriptor of the process namespace, for `fork_into_new_pid_namespace`.

    Raises:
        OSError: the kernel, or a container around us, does not allow it.
    """
    flags = CLONE_NEWNS | CLONE_NEWNET | CLONE_NEWIPC | CLONE_NEWUTS | CLONE_NEWPID
    uid, gid = os.getuid(), os.getgid()
    if uid == 0:
        kernel.call("unshare", flags)
    else:
        kernel.call("unshare", flags | CLONE_NEWUSER)
        Path("/proc/self/setgroups").write_text("deny")
        Path("/proc/self/uid_map").write_text(f"{uid} {uid} 1")
        Path("/proc/self/gid_map").write_text(f"{gid} {gid} 1")
    _go_on_in_fork()
    return os.open("/proc/self/ns/pid", os.O_RDONLY | os.O_CLOEXEC)


def settle(visible: Iterable[str], hidden: Iterable[str]) -> None:
    """After `leave`: have a file system that holds only `visible`, read-only.

    What is `hidden` is empty there even where it lies in a visible folder.

    Raises:
        OSError: the kernel, or a container around us, does not allow it.
    """
    kernel.mount(None, "/", None, MS_REC | MS_PRIVATE)
    root = "/sys"  # exists everywhere, and is covered in our own mount namespace only
    kernel.mount("tmpfs", root, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
    empty = ["/"]
    plan = {path: True for path in (*SYSTEM, *DEVICES, *visible)} | dict.fromkeys(hidden, False)
    for path in sorted(plan, key=lambda p: p.count("/")):
        if plan[path]:
            _show(path, root + path)
        elif os.path.isdir(root + path):
            kernel.mount("tmpfs", root + path, "tmpfs", MS_NOSUID | MS_NODEV, "mode=755")
            empty.append(path)
        elif os.path.exists(root + path):
            Path(root, "nothing").touch(mode=0)
            kernel.mount(f"{root}/nothing", root + path, None, MS_BIND)
            empty.append(path)
    for folder in (SCRATCH, "/old"):
        os.mkdir(root + folder)
    with contextlib.suppress(FileExistsError):  # where what is visible lies in there
        os.symlink(SCRATCH, root + "/tmp")  # noqa: S108 (the worker's own /tmp)
    os.chdir(root)
    kernel.syscall(SYS_PIVOT_ROOT[platform.machine()], b".", b"old")
    os.chdir("/")
    kernel.call("umount2", b"/old", MNT_DETACH)
    os.rmdir("/old")
    for path in empty:  # an ordinary user's worker would be their owner
        kernel.mount(None, path, None, MS_REMOUNT | MS_BIND | MS_RDONLY | MS_NOSUID | MS_NODEV)


def _go_on_in_fork() -> None:
    """Fork; the parent ends when its child does, and the child when its parent does."""
    if (child := os.fork()) == 0:
        kernel.die_with_parent()
        return
    os.closerange(3, 1 << 16)  # nobody should find the control socket open here
    _, status = os.waitpid(child, 0)
    os._exit(0 if status == 0 else 1)


def _show(source: str, target: str) -> None:
    """Have a path in the new root as it is in the old one, links as links, without its rights."""
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
    kernel.mount(source, target, None, MS_BIND | MS_REC)
    if source not in DEVICES:
        # Also what is mounted below it: a remount would change the topmost only.
        attributes = MOUNT_ATTR_RDONLY | MOUNT_ATTR_NOSUID | MOUNT_ATTR_NODEV
        change = struct.pack("QQQQ", attributes, 0, 0, 0)  # struct mount_attr
        where = (AT_FDCWD, os.fsencode(target), AT_RECURSIVE)
        kernel.syscall(SYS_MOUNT_SETATTR, *where, change, len(change))


def fork_into_new_pid_namespace(home: int) -> int:
    """`os.fork`, with the child as process 1 of a namespace: when it dies, all of it dies.

    `home` is what `leave` returned.
    """
    kernel.call("unshare", CLONE_NEWPID)
    pid = os.fork()
    if pid:
        kernel.call("setns", home, CLONE_NEWPID)
    return pid


def mount_scratch() -> None:
    """Give this process a scratch folder of its own, which goes when it ends."""
    kernel.call("unshare", CLONE_NEWNS)
    size = f"size={SCRATCH_BYTES},nr_inodes={SCRATCH_FILES},mode=1777"
    kernel.mount("tmpfs", SCRATCH, "tmpfs", MS_NOSUID | MS_NODEV, size)
