"""F30: errors, types and warnings that spell out what the function was given.

cell: {kinds: failed, note: ValueError|spelled}
call: raised
cell warning: failed
call warning: failed
"""

import warnings

_seen = []


def message(values, k):
    _seen.append(values)
    raise ValueError(f"given {_seen}, locals {locals()}")


def type_name(values, k):
    _seen.append(values)
    raise type(f"spelled{_seen}", (Exception,), {})("spelled")


def chain(values, k):
    try:
        raise KeyError(values)
    except KeyError as error:
        error.add_note(str(values))
        raise ValueError(str(error)) from error


def warning(values, k):
    warnings.warn(f"given {values}", stacklevel=1)
