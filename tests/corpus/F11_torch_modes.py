"""F11: leaves a mode switched on that answers every torch function in its own way.

cell: {kinds: failed raised crashed protocol, note: ".*", others: any}
call: {kinds: failed raised crashed protocol, others: any}
"""

from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode

_modes = []


class _OfFunctions(TorchFunctionMode):
    def __torch_function__(self, function, types, args=(), kwargs=None):
        return True


class _OfDispatch(TorchDispatchMode):
    def __torch_dispatch__(self, function, types, args=(), kwargs=None):
        return function(*[torch.zeros(()) for _ in args])


def of_functions(values, k):
    _modes.append(_OfFunctions().__enter__())


def of_dispatch(values, k):
    _modes.append(_OfDispatch().__enter__())
