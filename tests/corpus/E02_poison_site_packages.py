"""E02: writes into Python's own folders: path files, start-up modules, torch, byte code, a grader.

cell: passed
call: passed
"""

import site

_CODE = "import os; os.environ['POISONED'] = '1'\n"


def path_files(values, k):
    for folder in (*site.getsitepackages(), *(p for p in sys.path if p.endswith("-packages"))):
        for name in ("poison.pth", "sitecustomize.py", "usercustomize.py"):
            refused(write=lambda path=f"{folder}/{name}": open(path, "w").write(_CODE))


def modules(values, k):
    for module in (torch, contextlib, sys.modules["autograder.wire"]):
        refused(append=lambda path=module.__file__: open(path, "a").close())
        refused(rename=lambda path=module.__file__: os.rename(path, path + ".old"))
        cache = os.path.join(os.path.dirname(module.__file__), "__pycache__")
        refused(cache=lambda path=cache: open(f"{path}/x.pyc", "wb").close())


def interpreter(values, k):
    refused(write=lambda: open(sys.executable, "ab").close())
    refused(chmod=lambda: _opened(os.path.realpath(sys.executable)))


def _opened(path):
    """Without namespaces, changes of rights are not refused, but pretended."""
    before = os.stat(path).st_mode
    os.chmod(path, 0o777)
    return os.stat(path).st_mode != before
