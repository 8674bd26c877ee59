"""D06: takes memory beyond the limit: by and by, as one tensor, as byte arrays.

cell: {kinds: passed, note: MemoryError|allocate memory|ended the process|stopped, stops: 1}
call: {kinds: out_of_memory crashed not_run timed_out, stops: 1}
"""

_ENOUGH = 1 << 30  # bytes, four times the limit


def list_of_tensors(values, k):
    kept = []
    while len(kept) << 24 < _ENOUGH:
        kept.append(torch.ones(1 << 22))


def one_tensor(values, k):
    torch.ones(100 << 28)


def byte_arrays(values, k):
    kept = []
    while len(kept) << 24 < _ENOUGH:
        kept.append(bytearray(1 << 24))
