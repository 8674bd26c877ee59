"""D18: source that parsers choke on: parentheses, lambdas, a null byte, an endless line.

file: {kinds: passed, note: Error|ended the process|stopped, stops: 1}
file ten_megabytes: {kinds: unreadable, note: more than 4 MB of code}
cell: {kinds: passed, note: Error|ended the process}
call: raised crashed out_of_memory
"""


def parentheses(honest):
    return ["(" * 200_000, *honest.values()]


def lambdas(honest):
    return ["lambda: " * 3_000 + "0", *honest.values(), "1/0"]


def null_byte(honest):
    return ["x = 1\0", *honest.values()]


def one_long_line(honest):
    return ["x = " + "1+" * 1_000_000 + "y", *honest.values()]


def ten_megabytes(honest):
    return ["x = '" + "y" * (10 << 20) + "'", *honest.values()]


def nested(values, k):
    compile("(" * 200_000 + ")" * 200_000, "x", "eval")


def unary(values, k):
    eval("-" * 100_000 + "1")


def attributes(values, k):
    eval("x" + ".y" * 100_000)
