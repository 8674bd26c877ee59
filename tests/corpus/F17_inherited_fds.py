"""F17: looks through all descriptors for something open that should not be.

cell: failed
call: failed
"""

import fcntl


def scan(values, k):
    def more_than_the_channel():
        found = []
        for number in range(1024):
            with contextlib.suppress(OSError):
                os.fstat(number)
                found.append(number)
        return found != [0, 1, 2, 3]

    refused(descriptors=more_than_the_channel)


def read(values, k):
    for number in range(1024):
        if number != 3:
            refused(read=lambda number=number: os.pread(number, 1, 0) != b"")


def control(values, k):
    for number in range(4, 1024):
        refused(control=lambda number=number: fcntl.ioctl(number, 0x541B, b"0" * 8))
