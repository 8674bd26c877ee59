"""F18: speaks the grader's own protocol: well-formed answers to questions that nobody asked.

cell: {kinds: failed missing, note: wrote to the grader's channel, others: any}
call: protocol
"""

import json
import struct


def _send(**message):
    tree = {"map": [[key, value] for key, value in message.items()]}
    head = json.dumps([tree, []]).encode()
    os.write(3, struct.pack("<II", len(head), 0) + head)


def an_observation(values, k):
    _send(nonce="0" * 32, observation=None, left_running=False)


def a_verdict(values, k):
    _send(nonce=None, verdict="passed", score=100)


def what_a_cell_says(values, k):
    _send(cell=4, notes=[], stopped=False)


def the_names_of_a_notebook(values, k):
    _send(defined=["accumulated_grad"])
