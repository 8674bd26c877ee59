"""D01: an endless loop; one of them swallows every exception.

cell: {kinds: passed, note: stopped after .* seconds, stops: 1}
call: {kinds: timed_out, stops: 1}
"""


def plain(values, k):
    while True:
        pass


def that_catches_everything(values, k):
    while True:
        try:
            while True:
                pass
        except BaseException:
            pass
