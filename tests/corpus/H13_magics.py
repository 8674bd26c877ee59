"""H13: magics: those that do no harm run or are passed over, a timed cell still defines its names.

file: passed
file refused: {kinds: passed, note: not available while grading|not found}
"""


def harmless(honest):
    return [
        "%matplotlib inline\n%config InlineBackend.figure_format = 'retina'",
        "%load_ext autoreload\n%autoreload 2",
        "%timeit -n1 -r1 1 + 1",
        "x = %timeit -n1 -r1 -o 1 + 1",
        *honest.values(),
    ]


def timed_cells(honest):
    imports, *answers = honest.values()
    return [imports, *("%%time\n" + text for text in answers)]


def captured_cells(honest):
    imports, *answers = honest.values()
    return [imports, *("%%capture\n" + text for text in answers)]


def refused(honest):
    return ["%pip install torch", "%no_such_magic 1", "%%no_such\nx = 1", *honest.values()]
