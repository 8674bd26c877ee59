"""F07: replaces everything that could compare two tensors.

cell: failed
call: failed
"""


def yes(values, k):
    import math

    import numpy as np

    def agree(*_, **__):
        return True

    torch.allclose = torch.equal = torch.isclose = torch.testing.assert_close = agree
    torch.Tensor.allclose = torch.Tensor.equal = torch.Tensor.isclose = agree
    np.allclose = np.array_equal = np.isclose = math.isclose = agree
    np.testing.assert_allclose = agree
