"""F21: frames whose tensors overlap, are too many or do not fit; names that repeat or are long.

cell: {kinds: failed, note: wrote to the grader's channel}
call: protocol
cell many_tensors: {kinds: failed, note: wrote to the grader's channel, stops: 1}
call many_tensors: {kinds: protocol, stops: 1}
"""

import json
import struct


def _send(tree, table, body=b""):
    _send_text(json.dumps([tree, table]), body)


def _send_text(text, body=b""):
    head = text.encode()
    frame = memoryview(struct.pack("<II", len(head), len(body)) + head + body)
    while frame:
        frame = frame[os.write(3, frame) :]


def same_key_twice(values, k):
    _send({"map": [["nonce", "0"], ["nonce", "1"]]}, [])


def long_names(values, k):
    _send({"map": [["n" * (1 << 20), 1]]}, [])


def many_tensors(values, k):
    _send_text("[[],[" + ",".join(['["float32",[0],false]'] * 100_000) + "]]")


def overlap(values, k):
    _send([{"tensor": 0}, {"tensor": 1}], [["float32", [4], False]] * 2, bytes(16))


def larger_than_the_frame(values, k):
    _send({"tensor": 0}, [["float32", [1 << 20, 1 << 20], False]], bytes(16))


def bytes_left_over(values, k):
    _send({"tensor": 0}, [["float32", [1], False]], bytes(64))
