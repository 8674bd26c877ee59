"""F12: puts its own modules in the place of those that a grader might use.

cell: {kinds: failed raised crashed protocol, note: ".*", others: any}
call: {kinds: failed raised crashed protocol, others: any}
"""

import types


class _Fake(types.ModuleType):
    def __getattr__(self, name):
        return lambda *_, **__: True


def _replace(*names):
    for name in names:
        sys.modules[name] = _Fake(name)


def of_python(values, k):
    _replace("json", "struct", "pickle", "math", "unittest", "hashlib")


def of_torch(values, k):
    _replace("torch", "torch.testing", "numpy", "numpy.testing", "safetensors")


def of_the_grader(values, k):
    _replace(*(name for name in list(sys.modules) if name.startswith("autograder")))
