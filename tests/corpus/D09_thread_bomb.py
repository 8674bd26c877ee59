"""D09: ten thousand threads.

cell: {kinds: passed, note: start new thread|MemoryError, others: any}
call: raised not_run out_of_memory
"""

import threading


def ten_thousand(values, k):
    for _ in range(10_000):
        threading.Thread(target=time.sleep, args=(99,), daemon=True).start()
