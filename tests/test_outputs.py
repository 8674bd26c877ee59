"""What a cell shows and what a student wrote is kept for people, and costs nobody a point."""

from __future__ import annotations

import base64
import io
import struct
import time
from dataclasses import replace
from pathlib import Path

import pytest
from workers import ASSIGNMENT, FIRST, LIMITS, pool

from autograder.errors import ProtocolError, SandboxError
from autograder.model import Cell, Output, Submission, Work
from autograder.reading.ipynb import read_cells
from autograder.reading.work import (
    MAX_CELLS,
    MAX_SOURCE,
    exercise_works,
    question_works,
    released,
)
from autograder.running.outputs import (
    CUT,
    MAX_ALL_FIGURES,
    MAX_ALL_TEXT,
    MAX_OUTPUTS,
    outputs,
    within_limits,
)
from autograder.running.run import run
from autograder.running.tier import detect
from autograder.worker.outputs import MAX_FIGURE, MAX_TEXT, Printed, png_size, screen
from autograder.worker.released import idle_cells, released_cells, source_of


def png(width=4, height=3, size=200):
    """What begins as a PNG does."""
    head = struct.pack(">8sI4sII", b"\x89PNG\r\n\x1a\n", 13, b"IHDR", width, height)
    return head + bytes(size - len(head))


# In a worker


@pytest.fixture(scope="module")
def played():
    """Runs cells: what they showed, by cell, what happened in them, and what FIRST became."""
    try:
        zygotes = pool(detect(trusted=True))
    except SandboxError as error:
        pytest.skip(str(error))

    def play(*cells):
        visible = {FIRST: ASSIGNMENT.references[FIRST].exercise.visible}
        with zygotes.lease() as zygote:
            found = run(zygote, Submission("s", "s", cells), visible, {}, LIMITS)
        texts, figures, notes, left_out = {}, {}, {}, {}
        for output in found.outputs:
            if output.left_out:
                left_out[output.cell] = output.left_out
            elif output.figure:
                figures.setdefault(output.cell, []).append(output.figure)
            else:
                texts[output.cell] = output.text
        for note in found.notes:
            notes.setdefault(note.cell, []).append(note.message)
        return Played(texts, figures, notes, found.visible[FIRST], left_out)

    with zygotes:
        yield play


class Played:
    def __init__(self, texts, figures, notes, seen, left_out):
        self.texts, self.figures, self.notes, self.seen = texts, figures, notes, seen
        self.left_out = left_out


PLOT = "import matplotlib.pyplot as plt\nplt.plot([1, 2], [3, 4])\nplt.show()"
DEFINE = f"def {FIRST}(*args): return 1"


def test_what_a_cell_prints_and_its_last_expression_are_kept(played):
    found = played(
        "print('é', 1)\nimport sys\nprint('a remark', file=sys.stderr)\n'last'",
        "x = 1",
        "import warnings\nwarnings.warn('careful')",
        "{'a': 1}",
        "1 / 0",
        "5;",
        "import torch\ntorch.ones(2, 2)",
    )
    assert found.texts.keys() == {1, 3, 4, 7}
    assert found.texts[7] == "tensor([[1., 1.],\n        [1., 1.]])"
    assert found.texts[1].splitlines()[:2] == ["é 1", "a remark"]
    assert found.texts[1].splitlines()[2:] == ["'last'"]
    assert "UserWarning: careful" in found.texts[3]
    assert found.texts[4] == "{'a': 1}"


def test_what_is_printed_is_capped(played):
    found = played("for i in range(10**5): print('x' * 50, i)", "print('next')")
    assert MAX_TEXT * 0.9 < len(found.texts[1]) < MAX_TEXT + 10
    assert found.texts[1].endswith("\n[...]")
    assert found.texts[2] == "next"


def test_a_progress_bar_takes_one_line_and_colours_go(played):
    bar = "from tqdm import tqdm\nfor _ in tqdm(range(3000), mininterval=0): pass\nprint('done')"
    found = played(bar, "print('\\x1b[31mred\\x1b[0m and \\x1b[1;4mbold\\x1b[m')")
    lines = found.texts[1].splitlines()
    assert "100%" in " ".join(lines) and "done" in found.texts[1]
    assert len(lines) <= 3 and "\r" not in found.texts[1]
    assert found.texts[2] == "red and bold"


def test_figures_are_of_the_cell_that_made_them(played):
    found = played(PLOT, "plt.gcf().number", "fig, ax = plt.subplots(); ax.plot([1])", "x = 1")
    assert found.figures.keys() == {1, 2, 3}  # cell 2 asks for a figure and so makes one
    for figures in found.figures.values():
        (figure,) = figures
        assert png_size(figure) is not None
    assert 1 not in found.texts  # plt.show() says nothing
    assert found.notes == {}


def test_at_most_so_many_figures_of_a_cell(played):
    found = played("import matplotlib.pyplot as plt\nfor _ in range(7): plt.figure()")
    assert len(found.figures[1]) == 4
    assert found.left_out == {1: 3}


def test_a_figure_that_cannot_be_drawn_is_counted_as_left_out(played):
    broken = "from matplotlib.artist import Artist\nclass A(Artist):\n    draw = None\n"
    found = played(PLOT, f"{broken}plt.gca().add_artist(A())", "x = 1")
    assert found.figures.keys() == {1} and found.left_out == {2: 1}


def test_cells_that_are_ours_are_not_kept_unless_they_were_changed(played):
    code = [source_of(c) for c in released_cells(ASSIGNMENT.folder) if c["cell_type"] == "code"]
    printing = next(source for source in code if "print(" in source and "import" in source)
    found = played(printing, f"{printing}\nprint('mine')", f"\n{printing}\n")
    assert found.texts.keys() == {2}


def test_a_stdout_of_their_own_stays_as_in_jupyter_and_costs_their_own_output_only(played):
    found = played(
        "import io, sys\nkept = sys.stdout\nsys.stdout = io.StringIO()\nprint('hidden')",
        "text = sys.stdout.getvalue()\nsys.stdout = kept\nprint(repr(text))",
        "kept.write('by handle\\n');",
        "import logging\nlogging.basicConfig(stream=sys.stderr, force=True)",
        "logging.warning('logged')",
        DEFINE,
    )
    assert found.notes == {}
    assert found.texts == {2: repr("hidden\n"), 3: "by handle", 5: "WARNING:root:logged"}
    assert isinstance(found.seen[0], dict)


SPOILT = {
    "writes nothing": "Figure.savefig = lambda *a, **k: None",
    "writes something else": "Figure.savefig = lambda s, f, **k: f.write(b'<script>')",
    "raises": "def bad(*a, **k): raise ValueError\nFigure.savefig = bad",
    "exits": "def bad(*a, **k): raise SystemExit\nFigure.savefig = bad",
    "hangs": "def bad(*a, **k):\n    while True: pass\nFigure.savefig = bad",
    "has no numbers": "plt.get_fignums = lambda: 5",
    "does not close": "def bad(*a): raise SystemExit\nplt.close = bad",
    "is no pyplot": "sys.modules['matplotlib.pyplot'] = 5",
    "is as large as a house": "plt.figure(figsize=(5000, 5000))",
}


@pytest.mark.parametrize("spoil", SPOILT.values(), ids=SPOILT)
def test_whoever_breaks_the_drawing_loses_their_own_pictures_only(played, spoil):
    cell = "import sys\nimport matplotlib.pyplot as plt\nfrom matplotlib.figure import Figure\n"
    found = played(f"{cell}plt.plot([1])\n{spoil}\n{DEFINE}", "print('next')")
    assert found.notes == {}
    assert found.texts[2] == "next"
    assert isinstance(found.seen[0], dict)


def test_a_cell_that_is_stopped_has_its_text_and_no_figure(played):
    loop = "import matplotlib.pyplot as plt\nplt.plot([1])\nprint('begun')\nwhile True: pass"
    found = played(loop, DEFINE)
    assert found.texts[1] == "begun"
    assert found.figures == {}
    assert found.notes == {1: ["stopped after 2 seconds"]}


def test_a_worker_that_lies_about_pictures_loses_that_cell(played):
    lie = "type(get_ipython()).figures = property(lambda s: [b'<svg>'], lambda s, v: None)"
    found = played(DEFINE, lie, "print('next')")
    assert found.figures == {}
    assert found.notes == {2: ["wrote to the grader's channel, and was left out"]}
    assert found.texts == {3: "next"}
    assert isinstance(found.seen[0], dict)


def test_lines_are_counted_as_in_the_notebook(played):
    found = played("\n\n  \nx = 1\n1 / 0", "\n%%time\ny = 5", "y", " \n ")
    assert found.notes == {1: ["ZeroDivisionError: division by zero in line 5 (1 / 0)"]}
    assert found.texts[3] == "5"


def test_a_place_is_quoted_from_the_right_line(played):
    found = played(f"\n\ndef {FIRST}(*args):\n    return 1 / 0")
    (part, *_) = found.seen[0].values()
    assert (part.error.cell, part.error.line, part.error.source) == (1, 4, "return 1 / 0")


# Text, without a worker


def kept_of(*pieces):
    printed = Printed()
    stream = screen(printed)
    for piece in pieces:
        stream.write(piece)
    return printed.text()


@pytest.mark.parametrize(
    ("pieces", "text"),
    [
        (["a\n", "b"], "a\nb"),
        (["10%\r", "20%\r", "30%"], "30%"),
        (["\r10%", "\r20%", "\n", "end\n"], "20%\nend"),
        (["10%\r", "20%\r"], "20%"),
        (["a\r\nb\r\n"], "a\nb"),
        (["\n\na\n\n"], "a"),
        (["x\ud800y"], "x?y"),
        ([f"\r{n}%" for n in range(100_000)], "99999%"),
        ([], ""),
    ],
)
def test_a_line_that_is_written_anew_takes_the_room_of_one(pieces, text):
    assert kept_of(*pieces) == text


@pytest.mark.parametrize("piece", ["x" * 5_000, "x\n" * 5_000, "\n" * 5_000, "é" * 5_000])
def test_no_more_than_so_much_is_kept(piece):
    assert len(kept_of("begun\n", *[piece] * 3).encode()) <= MAX_TEXT + 10


def test_a_cell_begins_with_nothing():
    printed = Printed()
    stream = screen(printed)
    stream.write("x" * 10_000)
    printed.clear()
    stream.buffer.write(b"raw")
    assert printed.text() == "raw"


# What a worker says


def test_a_message_without_outputs_says_nothing():
    assert outputs({}, 1) == outputs({"text": " \n", "figures": []}, 1) == []


def test_text_and_figures_come_as_they_were():
    figure = base64.b64encode(png()).decode()
    found = outputs({"text": "a\nb", "figures": [figure]}, 7)
    assert found == [Output(7, "a\nb"), Output(7, figure=png())]


LIES = {
    "text of bytes": {"text": b"x"},
    "text of another type": {"text": ["x"]},
    "no list": {"figures": "x"},
    "too many": {"figures": [base64.b64encode(png()).decode()] * 5},
    "bytes": {"figures": [png()]},
    "no base 64": {"figures": ["<script>"]},
    "not ASCII": {"figures": ["é"]},
    "no PNG": {"figures": [base64.b64encode(b"<svg onload=alert(1)>" * 5).decode()]},
    "empty": {"figures": [""]},
    "no number left out": {"left_out": "2"},
    "fewer than none left out": {"left_out": -1},
    "cut": {"figures": [base64.b64encode(png()[:20]).decode()]},
    "too many bytes": {"figures": [base64.b64encode(png(size=MAX_FIGURE + 1)).decode()]},
    "too many pixels": {"figures": [base64.b64encode(png(60_000, 60_000)).decode()]},
    "no pixel": {"figures": [base64.b64encode(png(0, 5)).decode()]},
}


@pytest.mark.parametrize("message", LIES.values(), ids=LIES)
def test_what_no_cell_shows_is_refused(message):
    with pytest.raises(ProtocolError):
        outputs(message, 1)


@pytest.mark.parametrize(
    ("text", "shown"),
    [
        ("\x1b[31mred\x1b[0m", "red"),
        ("\x1b[2K\x1b[1A 50%\r100%", "100%"),
        ("a\rb\r\nc\r", "b\nc"),
        ("\x1b[" + "9" * 4_990 + "mx", "x"),
        ("\x1b[\x1b[\x1b[", "\x1b[\x1b[\x1b["),  # pages make what is left harmless
    ],
)
def test_text_is_as_a_terminal_would_leave_it(text, shown):
    assert outputs({"text": text}, 1) == [Output(1, shown)]


def test_long_texts_are_cut_and_cost_no_time():
    began = time.process_time()
    for text in ("\x1b[" * 10**6, "\x1b[0" * 10**6, "\r" * 10**6, "x" * 10**6):
        for output in outputs({"text": text}, 1):
            assert len(output.text) <= 5_000
    assert time.process_time() - began < 5


def test_a_notebook_shows_so_much_and_what_is_small_still_fits():
    large = [Output(n, figure=png(size=MAX_FIGURE)) for n in range(3)]
    found = within_limits([*large, Output(4, "x"), Output(5, figure=png())])
    assert sum(len(o.figure) for o in found) <= MAX_ALL_FIGURES
    assert [o.cell for o in found if o.left_out] == [2, 5]
    assert Output(4, "x") in found
    texts = within_limits([Output(n, "x" * 4_000) for n in range(20)])
    assert len(texts) == 20 and all(o.text.endswith(CUT) for o in texts[8:])
    assert sum(len(o.text.removesuffix(CUT)) for o in texts) == MAX_ALL_TEXT
    assert len(within_limits([Output(n, "x") for n in range(10_000)])) == MAX_OUTPUTS


# What a student wrote


def works(*cells, exercises=("f",)):
    return list(exercise_works(cells, exercises))


@pytest.mark.parametrize(
    "source",
    [
        "def f(x):\n    return x",
        "import torch\n\ndef f(x): return x",
        "async def f(): pass",
        "class f(Base):\n    pass",
        "f = {'P1': True}",
        "f: dict = {}",
        "def f(:\n  broken",
        "%%time\ndef f(x): return x",
        "x = 1; y = (\ndef f(",
    ],
)
def test_the_cell_that_defines_an_exercise_is_found(source):
    assert works("x = 1", source, "f(1)\nprint(f)") == [Work("f", source, 2)]


@pytest.mark.parametrize(
    "source", ["f == 1", "def ff(): pass", "    def f(self): pass", "f(1)", "g = f", "# def f():"]
)
def test_what_only_uses_a_name_does_not_define_it(source):
    assert works(source) == []


def test_the_last_definition_wins():
    assert works("f = 1", "def f(): pass", "y = f()") == [Work("f", "def f(): pass", 2)]


def test_long_cells_are_cut():
    (work,) = works("f = 1\n" + "x" * 10**6)
    assert len(work.source) < MAX_SOURCE + 10 and work.source.endswith("[...]")


RELEASED = (
    Cell("markdown", "# Lesson", "lesson-01"),
    Cell("code", "import torch", "lesson-02"),
    Cell("markdown", "### Why?", "S1-prompt"),
    Cell("markdown", "*Your answer here.*", "S1"),
    Cell("markdown", "### Draw", "S2-prompt"),
    Cell("code", "norms = ...", "S2"),
    Cell("markdown", "*Your sentence here.*", "S2-2"),
    Cell("markdown", "## The end", "lesson-03"),
)


def answers(notebook, ids=True):
    cells = notebook if ids else [Cell(cell.kind, cell.source) for cell in notebook]
    found = question_works(cells, RELEASED, {"S1": 2, "S2": 3})
    return [(work.name, work.source, work.cell) for work in found]


def filled(**texts):
    return [Cell(c.kind, texts.get(c.id.replace("-", "_"), c.source), c.id) for c in RELEASED]


@pytest.mark.parametrize("ids", [True, False], ids=["with ids", "without ids"])
def test_answers_are_found(ids):
    assert answers(RELEASED, ids) == []
    given = filled(S1="Because.", S2="plot()", S2_2="They vanish.")
    assert answers(given, ids) == [
        ("S1", "Because.", None),
        ("S2", "plot()", 2),
        ("S2", "They vanish.", None),
    ]


@pytest.mark.parametrize("ids", [True, False], ids=["with ids", "without ids"])
def test_cells_that_were_added_belong_to_the_answer_before_them(ids):
    given = filled(S1="Because.")
    given[4:4] = [Cell("code", "1 + 1"), Cell("markdown", "And so on.", "new")]
    given += [Cell("markdown", "Bye.")]
    assert answers(given, ids) == [
        ("S1", "Because.", None),
        ("S1", "1 + 1", 2),
        ("S1", "And so on.", None),
    ]


def test_an_answer_in_the_prompt_is_one():
    assert answers(filled(S1_prompt="### Why?\n\nBecause.")) == [("S1", "Because.", None)]


def test_an_answer_that_was_moved_is_found_by_its_id():
    given = filled(S1="Because.")
    assert answers([*given[:3], *given[4:], given[3]]) == [("S1", "Because.", None)]


def test_the_other_form_of_a_released_notebook_is_no_answer():
    both = [*RELEASED, Cell("markdown", "YOUR ANSWER HERE", "S1")]
    for text in ("YOUR ANSWER HERE", "*Your answer here.*", " \n"):
        assert list(question_works(filled(S1=text), both, {"S1": 2})) == []


def test_the_cell_that_was_graded_is_shown_and_not_a_later_one_that_did_not_compile():
    cells = ["def one(): pass", "def one() pass", "def two() pass"]
    found = {work.name: work.cell for work in exercise_works(cells, ["one", "two"], {2, 3})}
    assert found == {"one": 1, "two": 3}
    assert [work.cell for work in exercise_works(cells, ["one"])] == [2]


@pytest.mark.parametrize("assignment", ["backprop", "beyond"])
def test_otter_s_own_cells_are_passed_over(assignment):
    folder = Path(__file__).parent.parent / "assignments" / assignment
    path = folder / "otter" / f"{assignment}.ipynb"
    cells = [c.source for c in read_cells(path.name, path.read_bytes()) if c.kind == "code"]
    idle = idle_cells(folder)
    assert not [source for source in cells if "grader." in source and source.strip() not in idle]
    assert "import otter" in "".join(idle)
    assert not any(code.co_names for code in idle.values())


@pytest.mark.parametrize("form", ["", "nbgrader", "otter"])
def test_no_untouched_notebook_has_an_answer(form):
    assignment = Path(__file__).parent.parent / "assignments/backprop"
    path = assignment / form / "backprop.ipynb"
    cells = read_cells(path.name, path.read_bytes())
    for ids in (cells, [replace(cell, id="") for cell in cells]):
        questions = [f"S{number}" for number in range(1, 7)]
        assert list(question_works(ids, released(assignment), questions)) == []


def test_answers_without_end_are_cut():
    more = [Cell("markdown", f"{n} " + "x" * 3_000) for n in range(10**3)]
    found = answers([*filled(S1="Because.")[:4], *more])
    assert len(found) <= MAX_CELLS
    assert sum(len(source) for _, source, _ in found) < MAX_SOURCE + 10


def test_a_released_notebook_without_ids_gives_no_answers_to_nobody():
    nameless = [Cell(cell.kind, cell.source) for cell in RELEASED]
    assert list(question_works(nameless, nameless, {"S1": 2})) == []


def test_a_screen_is_what_people_expect_of_one():
    stream = screen(Printed())
    assert stream.encoding == "utf-8" and stream.writable() and not stream.isatty()
    assert isinstance(stream, io.TextIOBase) and stream.fileno() == 1
