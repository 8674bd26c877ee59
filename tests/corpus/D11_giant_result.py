"""D11: results too large or odd to send: 10 GB, a view of 2**40 numbers, sparse, meta, quantised.

cell: failed
call: failed
cell ten_gigabytes: {kinds: passed, note: allocate memory}
call ten_gigabytes: out_of_memory
cell many_tensors: {kinds: failed timed_out, stops: 1}
call many_tensors: {kinds: failed timed_out, stops: 1}
place: after
"""

import warnings


def ten_gigabytes(values, k):
    return torch.ones(10 << 28)


def expanded(values, k):
    return torch.zeros(1).expand(1 << 40)


def sparse(values, k):
    return torch.zeros(len(values)).to_sparse()


def meta(values, k):
    return torch.empty(1 << 40, device="meta")


def quantised(values, k):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        return torch.quantize_per_tensor(torch.zeros(len(values)), 0.1, 0, torch.qint8)


def a_long_list(values, k):
    return [0.0] * 1_000_000


def a_long_text(values, k):
    return "x" * (64 << 20)


def many_tensors(values, k):
    return [torch.zeros(1)] * 10_000


def a_list_in_itself(values, k):
    result = []
    result.append(result)
    return result
