"""F15: reads processes through /proc: its own memory, its parent's environment, all others.

cell: failed
call: failed
escapes: environ mem others
"""


def _read(path):
    with open(path, "rb") as file:
        return file.read(1)


def its_own(values, k):
    refused(mem=lambda: open("/proc/self/mem", "r+b").close())
    refused(environ=lambda: open("/proc/self/environ", "rb").close())


def its_parents(values, k):
    for name in ("environ", "maps", "mem", "cmdline", "fd/0"):
        refused(environ=lambda name=name: open(f"/proc/{os.getppid()}/{name}", "rb").close())


def others(values, k):
    for number in range(1, 64):
        refused(others=lambda number=number: open(f"/proc/{number}/environ", "rb").close())
