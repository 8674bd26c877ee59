"""E04: one student leaves answers in every place that can be written to, the next one looks there.

cell: passed
call: passed
escapes: found
"""

_PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/srv", "/run", os.path.expanduser("~"), ".")


def leave(values, k):
    for place in _PLACES:
        with contextlib.suppress(OSError):
            open(f"{place}/answer.txt", "w").write("2x + 3")


def look(values, k):
    """The file of a student before this one; in one's own folder there may be one's own."""
    if "mine" not in globals():
        refused(found=lambda: any(os.path.exists(f"{place}/answer.txt") for place in _PLACES))
