"""D12: recursion without an end, in Python and below it, and a result nested without an end.

cell: {kinds: passed, note: RecursionError|MemoryError|ended the process|stopped, stops: 1}
call: {kinds: raised crashed out_of_memory timed_out, stops: 1}
cell nested_result: failed
call nested_result: failed
place: after
"""


class _Mirror:
    def __repr__(self):
        return repr(self)


def without_a_base(values, k):
    return without_a_base(values, k + 1)


def without_a_limit(values, k):
    sys.setrecursionlimit(10**9)
    return repr(_Mirror())


def nested_result(values, k):
    result = []
    for _ in range(100_000):
        result = [result]
    return result
