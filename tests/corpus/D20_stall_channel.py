"""D20: lets the grader wait: reads nothing, or writes an answer byte by byte.

cell: {kinds: passed, note: stopped after, stops: 1}
call: {kinds: timed_out, stops: 1}
"""


def never_reads(values, k):
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(9)


def byte_by_byte(values, k):
    for byte in (200).to_bytes(4, "little") + bytes(4) + b" " * 200:
        with contextlib.suppress(BaseException):
            os.write(3, bytes([byte]))
        with contextlib.suppress(BaseException):
            time.sleep(0.2)


def swallows_the_next_question(values, k):
    while True:
        with contextlib.suppress(BaseException):
            os.read(3, 1 << 16)
