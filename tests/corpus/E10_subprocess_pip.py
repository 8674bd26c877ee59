"""E10: starts programs: a shell, pip, another Python in its own place.

cell: passed
call: passed
escapes: run system popen
"""

import subprocess


def programs(values, k):
    refused(
        run=lambda: subprocess.run(["ls"], stdout=subprocess.DEVNULL),
        system=lambda: os.system("true") == 0,
        popen=lambda: os.popen("true").close(),
        pip=lambda: subprocess.run([sys.executable, "-m", "pip", "--version"], check=True),
    )


def in_its_own_place(values, k):
    refused(exec=lambda: os.execv("/bin/sh", ["sh", "-c", "exit 0"]))
    refused(exec=lambda: os.execv(os.path.realpath(sys.executable), ["python", "-c", "0"]))
    copy = "program"
    with open(copy, "wb") as file:
        file.write(b"#!/bin/sh\nexit 0\n")
    os.chmod(copy, 0o700)
    refused(exec=lambda: os.execv(os.path.abspath(copy), [copy]))
