"""F06: leaves something behind that writes to the grader's channel later, or at the end.

cell: failed
call: failed
cell from_a_thread: {kinds: failed, note: wrote to the grader's channel|start new thread}
call from_a_thread: protocol raised
"""

import atexit
import threading

_kept = []


def _forge():
    with contextlib.suppress(OSError):
        os.write(3, b"\x20\0\0\0\0\0\0\0" + b"passed".ljust(32))


class _Forger:
    def __del__(self):
        _forge()


def at_exit(values, k):
    atexit.register(_forge)


def when_deleted(values, k):
    _kept.append(_Forger())


def from_a_thread(values, k):
    threading.Timer(0.05, _forge).start()
    time.sleep(0.3)
