"""H14: lines for a shell: noted and skipped, and what they would have given is empty.

file: {kinds: passed, note: not available while grading}
"""


def alone(honest):
    return ["!ls", "!pip install torch", "!!ls", "%%bash\nls", *honest.values()]


def among_other_lines(honest):
    imports, *answers = honest.values()
    return [imports, *(f"!nvidia-smi\n{text}\n!ls" for text in answers)]


def assigned(honest):
    return ["files = !ls\nassert files == []\nassert not files.s", *honest.values()]
