"""H12: notebooks under other names, with files beside them that programs leave behind.

file: passed
"""

from corpus_entries import notebook


def in_two_alphabets(honest):
    return {"hw1 (final) Копия.ipynb": notebook(*honest.values())}


def with_an_ending_more(honest):
    return {"backprop.ipynb.txt": notebook(*honest.values())}


def in_capitals(honest):
    return {"BACKPROP.IPYNB": notebook(*honest.values())}


def with_strays(honest):
    return {
        "my work.ipynb": notebook(*honest.values()),
        "._my work.ipynb": b"\0\5\x16\7",
        ".ipynb_checkpoints/my work-checkpoint.ipynb": notebook("1/0"),
        "__MACOSX/._my work.ipynb": b"\0",
        "Thumbs.db": b"\0",
        "notes.txt": b"hello",
        "plot.png": b"\x89PNG",
    }
