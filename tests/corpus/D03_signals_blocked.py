"""D03: blocks or ignores every signal, then loops.

cell: {kinds: passed, note: "stopped after .* seconds, and left out", stops: 1}
call: {kinds: timed_out, stops: 1}
"""

import signal


def blocked(values, k):
    signal.pthread_sigmask(signal.SIG_BLOCK, range(1, 65))
    while True:
        pass


def ignored(values, k):
    for number in range(1, 65):
        with contextlib.suppress(OSError, ValueError):
            signal.signal(number, signal.SIG_IGN)
    while True:
        pass
