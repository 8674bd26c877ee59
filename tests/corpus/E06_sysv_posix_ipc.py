"""E06: leaves something in the kernel: shared memory, queues, semaphores, keys.

cell: passed
call: passed
escapes: shm msg sem mq named
"""

_CREATE, _KEY = 0o1666, 0x1234
_ADD_KEY = {"x86_64": 248, "aarch64": 217}
_PROCESS_KEYRING = -2  # it ends with the process, should it ever be made


def system_v(values, k):
    refused(
        shm=lambda: call("shmget", _KEY, 1 << 16, _CREATE),
        msg=lambda: call("msgget", _KEY, _CREATE),
        sem=lambda: call("semget", _KEY, 1, _CREATE),
    )


def posix(values, k):
    def semaphore():
        C.sem_open.restype = ctypes.c_void_p
        if C.sem_open(b"/corpus", os.O_CREAT, 0o666, 1) is None:
            raise OSError

    refused(
        mq=lambda: call("mq_open", b"/corpus", os.O_CREAT | os.O_RDWR, 0o666, None),
        named=semaphore,
    )


def keys(values, k):
    number = _ADD_KEY[platform.machine()]
    refused(key=lambda: call(number, b"user", b"corpus", b"answer", 6, _PROCESS_KEYRING))
