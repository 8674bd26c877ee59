"""D14: a regular expression, a power and a conversion that take for ever.

cell: {kinds: passed, note: stopped after|MemoryError, stops: 1}
call: {kinds: timed_out out_of_memory, stops: 1}
"""

import re


def regular_expression(values, k):
    re.match(r"(a+)+$", "a" * 60 + "b")


def power(values, k):
    10**10 ** (6 + k)


def digits(values, k):
    sys.set_int_max_str_digits(0)
    str(1 << (1 << 26))
