"""D10: prints for ever, a line of 512 MB, and as much to the other stream.

cell: passed
call: passed
cell for_ever: {kinds: passed, note: stopped after, stops: 1}
call for_ever: {kinds: timed_out, stops: 1}
"""


def for_ever(values, k):
    while True:
        print("x" * 10_000)


@once
def one_line(values, k):
    for _ in range(64):
        print("x" * (8 << 20), end="")
    print()


@once
def standard_error(values, k):
    for _ in range(500):
        print("x" * 10_000, file=sys.stderr)
    with contextlib.suppress(OSError):
        os.write(2, bytes(64 << 20))
