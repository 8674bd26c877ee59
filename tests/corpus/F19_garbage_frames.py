"""F19: writes what is no frame: a length of 4 GB, half a frame and then nothing, binary junk.

cell: {kinds: failed, note: wrote to the grader's channel}
call: protocol
cell half_a_frame: {kinds: failed, note: stopped after, stops: 1}
call half_a_frame: {kinds: timed_out, stops: 1}
"""


def four_gigabytes(values, k):
    os.write(3, b"\xff" * 8)


def half_a_frame(values, k):
    os.write(3, b"\1\0\0")
    while True:
        with contextlib.suppress(BaseException):
            time.sleep(9)


def junk(values, k):
    os.write(3, bytes(range(256)) * 16)


def valid_json_of_another_shape(values, k):
    for text in (b"[]", b"[[],[[]]]", b'[{"map": 1}, []]', b"[NaN, []]", b"[" * 5000):
        os.write(3, len(text).to_bytes(4, "little") + bytes(4) + text)
