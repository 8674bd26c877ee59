"""D22: asks torch for ten thousand threads, of both kinds, and gives them work.

cell: {kinds: passed, note: ".*", others: any}
call: passed raised crashed out_of_memory not_run
"""


def within_an_operation(values, k):
    torch.set_num_threads(10_000)
    torch.ones(200_000).exp().sum()


def between_operations(values, k):
    with contextlib.suppress(RuntimeError):
        torch.set_num_interop_threads(1_000)
    torch.jit.wait(torch.jit.fork(torch.ones, 3))
