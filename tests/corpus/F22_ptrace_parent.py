"""F22: reaches into its parent: debugging, its memory, its descriptors, signals; and into others.

cell: failed
call: failed
escapes: ptrace memory descriptors parent
"""

_SEIZE = 0x4206
_NUMBERS = {"x86_64": (101, 310), "aarch64": (117, 270)}


class _Vector(ctypes.Structure):
    _fields_ = [("base", ctypes.c_void_p), ("length", ctypes.c_size_t)]


def debug(values, k):
    ptrace, read = _NUMBERS[platform.machine()]
    here, mine = ctypes.create_string_buffer(8), ctypes.create_string_buffer(8)
    vectors = [ctypes.byref(_Vector(ctypes.addressof(b), 8)) for b in (mine, here)]
    refused(
        memory=lambda: call(read, os.getppid(), vectors[0], 1, vectors[1], 1, 0),
        ptrace=lambda: call(ptrace, _SEIZE, os.getppid(), 0, 0),
    )


def descriptors(values, k):
    def steal():
        call(438, os.pidfd_open(os.getppid()), 0, 0)

    refused(descriptors=steal)


def signals(values, k):
    refused(
        parent=lambda: os.getppid() != 0 and os.kill(os.getppid(), 0),
        first=lambda: os.getpid() != 1 and os.kill(1, 0),
    )
    for number in range(2, 400):  # to -1 would always seem to succeed
        if number != os.getpid():
            refused(others=lambda number=number: os.kill(number, 0))
