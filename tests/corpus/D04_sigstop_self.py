"""D04: stops itself, or its whole group. The first process of a namespace cannot be stopped so.

cell: {kinds: passed, note: "^$|stopped after|not permitted", stops: 1}
call: {kinds: passed timed_out raised, stops: 1}
"""

import signal


def itself(values, k):
    os.kill(os.getpid(), signal.SIGSTOP)


def its_group(values, k):
    os.killpg(0, signal.SIGSTOP)
