"""D08: starts processes that start processes, ten at most.

cell: passed
call: passed
escapes: fork spawn pool
"""

import multiprocessing

_MOST = 10


@once
def os_fork(values, k):
    def fork():
        for _ in range(_MOST):
            if os.fork() == 0:
                time.sleep(2)
                os._exit(0)

    refused(fork=fork)


def posix_spawn(values, k):
    refused(spawn=lambda: os.posix_spawn("/bin/true", ["true"], {}))


@once
def with_multiprocessing(values, k):
    def pool():
        context = multiprocessing.get_context("fork")
        context.Process(target=time.sleep, args=(2,), daemon=True).start()

    refused(pool=pool)
