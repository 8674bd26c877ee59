"""E01: deletes what is precious, in every place that it may reach, and the notebook's own folder.

cell: passed
call: passed
escapes: rmtree overwrite
"""

import shutil

_PLACES = ("/tmp", "/var/tmp", "/dev/shm", "/root", "/home/0", "/home/54321")


def rmtree(values, k):
    for place in _PLACES:
        refused(rmtree=lambda place=place: shutil.rmtree(f"{place}/canary"))


def overwrite(values, k):
    for path in ("/srv/course/grading.yml", "/srv/out/grades.db"):
        refused(overwrite=lambda path=path: open(path, "r+").close())


def own_folder(values, k):
    if os.getcwd() == "/":
        raise Escaped("no folder of its own")
    shutil.rmtree(os.getcwd(), ignore_errors=True)
