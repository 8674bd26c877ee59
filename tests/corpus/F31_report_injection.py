"""F31: HTML, formulas, terminal codes and paths: in errors, types, sources and the student's name.

file: passed
cell: {kinds: failed, note: evil}
call: {kinds: raised, hint: evil}
"""

from corpus_entries import notebook

_EVIL = "<script>evil()</script> \x1b[2J\x1b]0;evil\x07 =cmd|' /C calc'!A0 {{ evil }} \r\n<!-- "


def in_a_message(values, k):
    raise ValueError(_EVIL)


def in_a_type(values, k):
    raise type(_EVIL, (ValueError,), {})("evil")


def in_a_source_line(values, k):
    raise ValueError("evil")  # <script>evil()</script> {{ evil }}


def named_in_html(honest):
    return {"student": "<img src=x onerror=evil()>", "a.ipynb": notebook(*honest.values())}


def named_as_a_formula(honest):
    return {"student": "=1+cmd|'evil'!A0", "a.ipynb": notebook(*honest.values())}


def named_in_terminal_codes(honest):
    return {"student": "\x1b[2J\x1b[31mevil\x07", "a.ipynb": notebook(*honest.values())}


def named_like_a_path(honest):
    return {"student": "evil %2e%2e%2f..\\..\\x", "a.ipynb": notebook(*honest.values())}
