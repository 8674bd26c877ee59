"""F27: nothing but NaN, or infinities, which compare as nothing else does.

cell: failed
call: failed
"""


def nan(values, k):
    return lambda values, k: torch.full((len(values),), torch.nan)


def infinity(values, k):
    return lambda values, k: torch.full((len(values),), torch.inf)


def nan_among_right_ones(values, k):
    def answer(values, k):
        result = right(values, k)
        result[-1] = torch.nan
        return result

    return answer
