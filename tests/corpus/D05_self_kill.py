"""D05: ends its own process: by a signal, by abort, by a segmentation fault.

cell: {kinds: passed, note: ended the process that ran it}
call: crashed
cell sigkill: {kinds: passed, note: "^$|ended the process that ran it"}
call sigkill: passed crashed
"""

import signal


def sigkill(values, k):
    """The first process of a namespace cannot be killed from within."""
    os.kill(os.getpid(), signal.SIGKILL)


def abort(values, k):
    os.abort()


def segmentation_fault(values, k):
    ctypes.string_at(0)
