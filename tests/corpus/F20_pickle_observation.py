"""F20: results that run code when they are unpickled, and a serializer that pickles.

cell: {kinds: failed crashed protocol, note: ".*", others: any}
call: {kinds: failed crashed protocol, others: any}
"""

import pickle


class _Bomb:
    def __reduce__(self):
        return os.system, ("touch /srv/pwned /tmp/pwned",)


def as_the_result(values, k):
    return _Bomb()


def in_a_tensor(values, k):
    result = wrong(values)
    result.bomb = _Bomb()
    return result


def by_the_serializer(values, k):
    from autograder import wire
    from autograder.worker import serve

    wire.encode = serve.wire.encode = lambda message: pickle.dumps(_Bomb())


def as_raw_bytes(values, k):
    os.write(3, pickle.dumps(_Bomb()))
