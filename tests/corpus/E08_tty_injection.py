"""E08: types into the instructor's terminal, and writes codes that steer it.

cell: passed
call: passed
"""

import fcntl

_TIOCSTI = 0x5412


def type_into_it(values, k):
    for number in range(3):
        refused(sti=lambda number=number: fcntl.ioctl(number, _TIOCSTI, b"x"))
    for name in ("/dev/tty", "/dev/console", "/dev/pts/0", "/dev/tty0"):
        refused(tty=lambda name=name: os.open(name, os.O_RDWR))


def print_codes(values, k):
    print("\x1b[2J\x1b]0;evil\x07\x1b[6n", flush=True)
    print("\x1b[2J", file=sys.stderr, flush=True)
