"""D07: takes memory that belongs to no process: shared pages, files in memory, shared tensors.

cell: passed
call: passed not_run out_of_memory
escapes: memfd file tensor
"""

import mmap

_ENOUGH = 1 << 29  # bytes, twice the limit


def shared_pages(values, k):
    def pages():
        try:
            area = mmap.mmap(-1, _ENOUGH)
        except (MemoryError, ValueError) as error:
            raise OSError from error
        for place in range(0, _ENOUGH, 4096):
            area[place] = 1

    refused(pages=pages)


def files_in_memory(values, k):
    refused(
        memfd=lambda: os.close(os.memfd_create("x")),
        file=lambda: os.close(os.open("/dev/shm/x", os.O_CREAT | os.O_WRONLY)),
    )


def shared_tensor(values, k):
    def tensor():
        try:
            torch.zeros(1 << 20).share_memory_()
        except RuntimeError as error:
            raise OSError from error

    refused(tensor=tensor)
