"""D21: takes over what could stop it from within: alarms, timers, tracing, fault handlers.

cell: {kinds: passed, note: "stopped after .* seconds, and left out", stops: 1}
call: {kinds: timed_out, stops: 1}
cell traced: {kinds: passed, note: stopped after, stops: 1}
"""

import faulthandler
import signal


def handler_replaced(values, k):
    signal.signal(signal.SIGALRM, lambda *_: None)
    while True:
        pass


def timer_cleared(values, k):
    signal.setitimer(signal.ITIMER_REAL, 0)
    while True:
        pass


def traced(values, k):
    def trace(*_):
        return trace

    sys.settrace(trace)
    faulthandler.enable(open(os.devnull, "w"))
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(9)
