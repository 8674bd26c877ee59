"""D02: waits for what never comes: a long sleep, an input that nobody gives, a lock.

cell: {kinds: passed, note: stopped after .* seconds, stops: 1}
call: {kinds: timed_out, stops: 1}
"""

import select
import threading


def sleep(values, k):
    time.sleep(1e6)


def no_input(values, k):
    reading, _ = os.pipe()
    select.select([reading], [], [])


def deadlock(values, k):
    lock = threading.Lock()
    with lock:
        lock.acquire()
