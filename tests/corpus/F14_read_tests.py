"""F14: looks for the reference, the rubric, the secret and the tests on the disk, and for links.

cell: failed
call: failed
escapes: files
"""

import glob
import sys


def _read(path):
    try:
        with open(path, errors="replace") as file:
            return file.read(1 << 20)
    except OSError:
        return ""


# Where an editable install says that the checkout is.
_CHECKOUTS = map(_read, glob.glob(sys.prefix + "/lib/python*/site-packages/*autograder*.pth"))
_PLACES = ("/srv/course", "/srv/out", "/srv/class", *map(str.strip, _CHECKOUTS), os.getcwd())


def by_walking(values, k):
    def walk():
        paths = [os.path.join(p, n) for top in _PLACES for p, _, ns in os.walk(top) for n in ns]
        return any(CANARY in _read(path) for path in paths)

    refused(files=walk)


def by_name(values, k):
    paths = ["/srv/course/.autograder-secret", "/srv/course/reference/corpus/accumulated_grad.py"]
    paths += [*glob.glob("/srv/course/**/*.yml", recursive=True), "/etc/shadow"]
    refused(files=lambda: any(map(_read, paths)))


def through_a_link(values, k):
    os.symlink("/srv/course/.autograder-secret", f"link-{time.time_ns()}")
    os.symlink("/", f"root-{time.time_ns()}")
    refused(files=lambda: any(_read(link) for link in glob.glob("link-*")))
    refused(files=lambda: any(CANARY in _read(f) for f in glob.glob("root-*/srv/course/.[a-z]*")))
