"""E05: a process that cuts all ties to its parent and keeps the grader's channel open.

cell: passed
call: passed
escapes: fork
"""


@once
def double_fork(values, k):
    def fork():
        if child := os.fork():
            os.waitpid(child, 0)
            return
        os.setsid()
        if os.fork():
            os._exit(0)
        time.sleep(3)
        with contextlib.suppress(OSError):
            os.write(3, b"still here")
        os._exit(0)

    refused(fork=fork)


def new_session(values, k):
    """A worker already leads a session of its own, so this is refused to all."""
    refused(session=os.setsid)
