"""H01: one cell with a syntax error, the rest right.

file: {kinds: passed, note: SyntaxError}
"""


def before_the_answers(honest):
    return ["def broken(:", *honest.values()]


def after_the_answers(honest):
    return [*honest.values(), "x = = 1"]
