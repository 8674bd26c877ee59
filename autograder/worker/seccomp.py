"""A system call filter: what Python, torch and plotting need is allowed, all else is not.

So there is no new process or program, no socket but a pair of its own, no memory beyond the limits,
no debugger, mount, namespace, key, queue or driver. Numbers are from the kernel's tables
(arch/x86/entry/syscalls, include/uapi/asm-generic/unistd.h), the program's form from linux/filter.h
and linux/seccomp.h, the other constants from the uapi header of each call.
"""

from __future__ import annotations

import ctypes
import errno
import functools
import platform
import struct

from . import kernel

# name: number on x86_64, on aarch64. The filter is linear: what torch calls most comes first.
ALLOWED: dict[str, tuple[int | None, int | None]] = {
    **{"read": (0, 63), "write": (1, 64), "mmap": (9, 222)},
    **{"munmap": (11, 215), "brk": (12, 214), "madvise": (28, 233), "close": (3, 57)},
    **{"newfstatat": (262, 79), "openat": (257, 56), "lseek": (8, 62), "fstat": (5, 80)},
    **{"mprotect": (10, 226), "clock_gettime": (228, 113), "getdents64": (217, 61)},
    # files
    **{"pread64": (17, 67), "pwrite64": (18, 68), "readv": (19, 65), "writev": (20, 66)},
    **{"preadv": (295, 69), "pwritev": (296, 70), "sendfile": (40, 71), "open": (2, None)},
    **{"creat": (85, None), "close_range": (436, 436), "stat": (4, None), "lstat": (6, None)},
    **{"statx": (332, 291), "access": (21, None), "faccessat": (269, 48)},
    **{"faccessat2": (439, 439), "readlink": (89, None), "readlinkat": (267, 78)},
    **{"getcwd": (79, 17), "chdir": (80, 49), "fchdir": (81, 50), "rename": (82, None)},
    **{"renameat": (264, 38), "renameat2": (316, 276), "mkdir": (83, None)},
    **{"mkdirat": (258, 34), "rmdir": (84, None), "unlink": (87, None), "unlinkat": (263, 35)},
    **{"symlink": (88, None), "symlinkat": (266, 36), "truncate": (76, 45)},
    **{"ftruncate": (77, 46), "fallocate": (285, 47), "fadvise64": (221, 223)},
    **{"fsync": (74, 82), "fdatasync": (75, 83), "dup": (32, 23)},
    **{"dup2": (33, None), "dup3": (292, 24), "pipe": (22, None), "pipe2": (293, 59)},
    **{"copy_file_range": (326, 285), "umask": (95, 166), "statfs": (137, 43)},
    **{"fstatfs": (138, 44)},
    # memory and threads
    **{"mremap": (25, 216), "msync": (26, 227), "set_robust_list": (273, 99)},
    **{"rseq": (334, 293), "membarrier": (324, 283), "sched_yield": (24, 124)},
    **{"sched_getaffinity": (204, 123), "getcpu": (309, 168), "gettid": (186, 178)},
    **{"set_tid_address": (218, 96), "arch_prctl": (158, None), "exit": (60, 93)},
    **{"exit_group": (231, 94), "restart_syscall": (219, 128)},
    # time, signals to oneself, and waiting
    **{"clock_getres": (229, 114), "clock_nanosleep": (230, 115), "nanosleep": (35, 101)},
    **{"gettimeofday": (96, 169), "time": (201, None), "times": (100, 153)},
    **{"getitimer": (36, 102), "setitimer": (38, 103), "alarm": (37, None)},
    **{"pause": (34, None), "poll": (7, None), "ppoll": (271, 73), "select": (23, None)},
    **{"pselect6": (270, 72), "epoll_create": (213, None), "epoll_create1": (291, 20)},
    **{"epoll_ctl": (233, 21), "epoll_wait": (232, None), "epoll_pwait": (281, 22)},
    **{"eventfd": (284, None), "eventfd2": (290, 19), "rt_sigaction": (13, 134)},
    **{"rt_sigprocmask": (14, 135), "rt_sigreturn": (15, 139), "rt_sigpending": (127, 136)},
    **{"rt_sigtimedwait": (128, 137), "rt_sigsuspend": (130, 133)},
    **{"sigaltstack": (131, 132), "recvfrom": (45, 207)},
    # questions about oneself
    **{"getpid": (39, 172), "getppid": (110, 173), "getpgrp": (111, None)},
    **{"getpgid": (121, 155), "getsid": (124, 156), "getuid": (102, 174)},
    **{"geteuid": (107, 175), "getgid": (104, 176), "getegid": (108, 177)},
    **{"getgroups": (115, 158), "getresuid": (118, 148), "getresgid": (120, 150)},
    **{"getrlimit": (97, 163), "getrusage": (98, 165), "getrandom": (318, 278)},
    **{"sysinfo": (99, 179), "uname": (63, 160)},
}
CONDITIONAL = {  # see `_program`
    **{"clone": (56, 220), "clone3": (435, 435), "kill": (62, 129), "tgkill": (234, 131)},
    **{"prctl": (157, 167), "prlimit64": (302, 261), "ioctl": (16, 29), "fcntl": (72, 25)},
    **{"socket": (41, 198), "socketpair": (53, 199), "sendto": (44, 206)},
    **{"flock": (73, 32)},
}
# Without a file system of its own, a worker could do these to any file of its user: to the course,
# which Landlock does not prevent, or as signs to another worker. There they are pretended.
OF_THE_OWNER = {
    **{"chmod": (90, None), "fchmod": (91, 52), "fchmodat": (268, 53), "utimensat": (280, 88)},
}
# Attributes of files: shutil copies them, and goes on without where there are none.
UNSUPPORTED = {
    **{"getxattr": (191, 8), "lgetxattr": (192, 9), "fgetxattr": (193, 10)},
    **{"listxattr": (194, 11), "llistxattr": (195, 12), "flistxattr": (196, 13)},
}
NEWER = 450  # numbers from here on are of calls that a library tries first, and can do without
AUDIT_ARCH = {"x86_64": 0xC000003E, "aarch64": 0xC00000B7}
SYS_SECCOMP = {"x86_64": 317, "aarch64": 277}
SET_MODE_FILTER, TSYNC = 1, 1
X32 = 0x40000000  # x86_64's second table of system calls begins there
LOAD, EQUAL, AT_LEAST, ANY_BIT, RETURN = 0x20, 0x15, 0x35, 0x45, 0x06  # classic BPF
NUMBER, ARCHITECTURE = 0, 4  # offsets in struct seccomp_data
ALLOW, ERRNO, KILL = 0x7FFF0000, 0x00050000, 0x80000000
# Not done, and reported as done. Locks, and futexes on pages of files, would reach from one worker
# to another through files that both can read. In its scratch folder a worker is alone, so that it
# always gets a lock; and whoever waits for a futex looks again when woken (a join of C spins).
PRETEND = (RETURN, 0, 0, ERRNO)

CLONE_THREAD, CLONE_NEW_ANYTHING = 0x00010000, 0x7E020000
AF_UNIX = 1
PRCTL = (15, 16)  # PR_SET_NAME, PR_GET_NAME
FCNTL = (*range(6), 36, 1030, 1032)  # never F_SETOWN, F_SETSIG, F_SETLEASE, F_NOTIFY: they signal
FCNTL_LOCKS = (6, 7, 37, 38)  # F_SETLK, F_SETLKW and the same of open file descriptions
FUTEX, FUTEX_PRIVATE = (202, 98), 128
# TCGETS, TIOCGWINSZ, FIONREAD, FIOCLEX, FIONBIO: what Python asks of a file, and asyncio of a pair
IOCTL = (0x5401, 0x5413, 0x541B, 0x5451, 0x5421)

Instruction = tuple[int, int, int, int]  # operation, jump if true, jump if false, operand


def restrict(pid: int, own_files: bool) -> None:
    """Filter the system calls of this process, whose own id is `pid`, for good.

    Needs "no new privileges". Without `own_files`, it sees those of its user.

    Raises:
        OSError: the kernel has no seccomp, or this is neither x86_64 nor aarch64.
    """
    machine = platform.machine()
    if machine not in AUDIT_ARCH:
        raise OSError(errno.ENOSYS, f"no system call numbers for {machine}")
    program = _program(machine, pid, own_files)
    code = b"".join(struct.pack("HBBI", *instruction) for instruction in program)
    buffer = ctypes.create_string_buffer(code, len(code))
    header = struct.pack("HxxxxxxP", len(code) // 8, ctypes.addressof(buffer))  # struct sock_fprog
    kernel.syscall(SYS_SECCOMP[machine], SET_MODE_FILTER, TSYNC, header)


def _program(machine: str, pid: int, own_files: bool) -> list[Instruction]:
    column = list(AUDIT_ARCH).index(machine)
    number = {n: v[column] for n, v in (CONDITIONAL | OF_THE_OWNER | UNSUPPORTED).items()}
    conditional = {
        "clone": [
            *_load(0),
            (ANY_BIT, 0, 2, CLONE_THREAD),
            (ANY_BIT, 1, 0, CLONE_NEW_ANYTHING),
            (RETURN, 0, 0, ALLOW),
            _refuse(errno.EPERM),
        ],
        "clone3": [_refuse(errno.ENOSYS)],  # its flags lie in memory; libraries fall back to clone
        "kill": _if_argument(0, (pid,)),
        "tgkill": _if_argument(0, (pid,)),
        "prctl": _if_argument(0, PRCTL),
        "prlimit64": _if_null(2),  # query only
        "ioctl": _if_argument(1, IOCTL, errno.ENOTTY),
        "fcntl": [
            *_load(1),
            *(step for lock in FCNTL_LOCKS for step in ((EQUAL, 0, 1, lock), PRETEND)),
            *_if_argument(1, FCNTL),
        ],
        "flock": [PRETEND],
        "socket": [_refuse(errno.EACCES)],
        "socketpair": _if_argument(0, (AF_UNIX,), errno.EACCES),
        "sendto": _if_null(4),  # no other address than the pair's own end
        **{name: [(RETURN, 0, 0, ALLOW) if own_files else PRETEND] for name in OF_THE_OWNER},
        **{name: [_refuse(errno.EOPNOTSUPP)] for name in UNSUPPORTED},
    }
    program = list(_plain(machine))
    for name, block in conditional.items():
        if (known := number[name]) is not None:
            program += [(EQUAL, 0, len(block), known), *block]
    program += [(AT_LEAST, 0, 1, NEWER), _refuse(errno.ENOSYS), _refuse(errno.EPERM)]
    return program


@functools.cache
def _plain(machine: str) -> tuple[Instruction, ...]:
    """The part that is the same for every worker; leaves the call's number loaded."""
    column = list(AUDIT_ARCH).index(machine)
    program = [
        (LOAD, 0, 0, ARCHITECTURE),
        (EQUAL, 1, 0, AUDIT_ARCH[machine]),
        (RETURN, 0, 0, KILL),
        (LOAD, 0, 0, NUMBER),
        (AT_LEAST, 0, 1, X32),
        (RETURN, 0, 0, KILL),
        (EQUAL, 0, 4, FUTEX[column]),  # the most frequent one
        *_load(1),
        (ANY_BIT, 0, 1, FUTEX_PRIVATE),
        (RETURN, 0, 0, ALLOW),
        PRETEND,
    ]
    for numbers in ALLOWED.values():
        if (known := numbers[column]) is not None:
            program += [(EQUAL, 0, 1, known), (RETURN, 0, 0, ALLOW)]
    return tuple(program)


def _load(argument: int, high: bool = False) -> list[Instruction]:
    return [(LOAD, 0, 0, 16 + 8 * argument + 4 * high)]  # both machines are little endian


def _if_argument(
    argument: int, values: tuple[int, ...], otherwise: int = errno.EPERM
) -> list[Instruction]:
    """Allow the call if the low word of an argument, an int for the kernel, is one of `values`."""
    tests = [(EQUAL, len(values) - i, 0, value) for i, value in enumerate(values)]
    return [*_load(argument), *tests, _refuse(otherwise), (RETURN, 0, 0, ALLOW)]


def _if_null(argument: int) -> list[Instruction]:
    low, high = _load(argument), _load(argument, high=True)
    refuse = _refuse(errno.EPERM)
    return [*low, (EQUAL, 0, 2, 0), *high, (EQUAL, 1, 0, 0), refuse, (RETURN, 0, 0, ALLOW)]


def _refuse(number: int) -> Instruction:
    return (RETURN, 0, 0, ERRNO | number)
