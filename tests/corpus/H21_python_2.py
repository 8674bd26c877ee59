"""H21: a notebook for Python 2: cells in its syntax fail, one by one.

file: {kinds: passed, note: "Missing parentheses in call to 'print'"}
"""

from corpus_entries import notebook

_KERNEL = {"kernelspec": {"name": "python2", "display_name": "Python 2", "language": "python"}}


def print_statements(honest):
    cells = ["print 'hello'", "print 1, 2", *honest.values(), "x = 0777"]
    return {"a.ipynb": notebook(*cells, **_KERNEL)}
