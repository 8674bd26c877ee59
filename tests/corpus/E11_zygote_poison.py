"""E11: changes the process that the next worker is forked from: descriptors, mappings, its memory.

cell: passed
call: passed
cell its_modules: {kinds: passed failed raised missing, note: ".*", others: any, stops: 1}
call its_modules: {kinds: passed failed raised crashed timed_out, others: any, stops: 2}
"""

import mmap


def descriptors(values, k):
    for number in range(4, 1024):
        refused(write=lambda number=number: os.write(number, b"q"))


def shared_mappings(values, k):
    path = torch._C.__file__

    def write():
        with open(path, "r+b") as file:
            mmap.mmap(file.fileno(), 4096)[0] = 0

    refused(write=write)


def its_memory(values, k):
    refused(parent=lambda: open(f"/proc/{os.getppid()}/mem", "r+b").close())
    refused(first=lambda: open("/proc/1/mem", "r+b").close())


def its_modules(values, k):
    from autograder.worker import cells, sandbox, serve

    cells.REFUSED_MAGICS.clear()
    serve.send = serve.serve = sandbox.confine = lambda *_: None
    type(get_ipython()).run = lambda *_: ([], False)
    torch.zeros = torch.ones
