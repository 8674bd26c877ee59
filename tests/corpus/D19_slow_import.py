"""D19: long work in C that no signal interrupts, and a compiler that takes its time.

cell: {kinds: passed, note: stopped after, stops: 1}
call: {kinds: timed_out, stops: 1}
cell compiler: {kinds: passed, note: ".*", stops: 2}
call compiler: {kinds: passed raised timed_out crashed out_of_memory not_run, stops: 1}
"""


def sum_in_c(values, k):
    sum(range(10**12))


def matrices(values, k):
    area = torch.ones(1500, 1500)
    while True:
        area = area @ area


def compiler(values, k):
    torch.compile(lambda x: x * 2)(torch.ones(3))
