"""E07: system calls that lead out of a sandbox, and other ways to make system calls.

cell: passed
call: passed
cell the_x32_table: {kinds: passed, note: "^$|ended the process that ran it"}
call the_x32_table: passed crashed
cell int_0x80: {kinds: passed, note: "^$|ended the process that ran it"}
call int_0x80: passed crashed
escapes: unshare mount chroot
"""

import mmap

_BPF = {"x86_64": 321, "aarch64": 280}


def namespaces(values, k):
    refused(
        unshare=lambda: call("unshare", 0x10000000),
        setns=lambda: call("setns", os.open("/proc/self/ns/net", os.O_RDONLY), 0),
    )


def file_systems(values, k):
    os.makedirs("here", exist_ok=True)
    refused(
        mount=lambda: call("mount", b"none", b"here", b"tmpfs", 0, None),
        bind=lambda: call("mount", b"/usr", b"here", None, 4096, None),
        umount=lambda: call("umount2", b"here", 2),
        chroot=lambda: os.chroot("/"),
    )


def kernel_programs(values, k):
    refused(
        uring=lambda: call(425, 4, ctypes.create_string_buffer(120)),
        bpf=lambda: call(_BPF[platform.machine()], 0, ctypes.create_string_buffer(72), 72),
    )


def the_x32_table(values, k):
    if platform.machine() == "x86_64":
        refused(x32=lambda: call(0x40000000 + 39))


def int_0x80(values, k):
    """Machine code that asks for getpid the 32-bit way."""
    if platform.machine() != "x86_64":
        return
    code = b"\xb8\x14\0\0\0\xcd\x80\xc3"
    try:
        area = mmap.mmap(-1, 4096, prot=mmap.PROT_READ | mmap.PROT_WRITE | mmap.PROT_EXEC)
    except OSError:
        return
    area.write(code)
    address = ctypes.addressof(ctypes.c_char.from_buffer(area))
    refused(int80=lambda: ctypes.CFUNCTYPE(ctypes.c_int)(address)() > 0)
