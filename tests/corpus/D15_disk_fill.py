"""D15: fills the disk: one large file, many, small ones by the thousand, deep folders.

cell: passed
call: passed
"""

_ENOUGH = 256 << 20


def one_file(values, k):
    def fill():
        with open("large", "wb", buffering=0) as file:
            for _ in range(_ENOUGH >> 20):
                file.write(bytes(1 << 20))

    refused(fill=fill)


def a_hole(values, k):
    refused(hole=lambda: os.truncate(os.open("hole", os.O_CREAT | os.O_WRONLY), 1 << 40))


@once
def many_files(values, k):
    with contextlib.suppress(OSError):
        for number in range(5_000):
            open(f"small-{number}", "w").close()


@once
def deep_folders(values, k):
    with contextlib.suppress(OSError):
        for _ in range(300):
            os.mkdir("deeper")
            os.chdir("deeper")
