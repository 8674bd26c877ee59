"""F32: leaves links, pipes and devices in its folder, under names that a grader might open.

cell: passed
call: passed
answer: right
"""

import stat

_NAMES = ("results.json", "run.py", "grades.csv", "scores.csv", "helper.py")


def _in_place(make):
    for name in _NAMES:
        with contextlib.suppress(OSError):
            os.unlink(name)
        with contextlib.suppress(OSError):
            make(name)


def links(values, k):
    _in_place(lambda name: os.symlink("/etc/passwd", name))


def pipes(values, k):
    _in_place(os.mkfifo)


def devices(values, k):
    _in_place(lambda name: os.mknod(name, 0o600 | stat.S_IFCHR, os.makedev(1, 5)))


def folders(values, k):
    _in_place(os.mkdir)
