"""What was handed in is read into cells, or into one sentence that says why it cannot be."""

from __future__ import annotations

import io
import json
import os
import subprocess
import tempfile
import tracemalloc
import zipfile
from pathlib import Path, PurePosixPath

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from autograder.errors import SubmissionsError
from autograder.model import Cell
from autograder.reading import entries as entries_module
from autograder.reading import ipynb
from autograder.reading import read as module
from autograder.reading.entries import Entry
from autograder.reading.ipynb import Unreadable, read_cells
from autograder.reading.read import (
    Found,
    files_of_one,
    infer_assignment,
    look,
    passed_over,
    read_submission,
)
from autograder.wire import MAX_JOB, decode, encode


def code(source, **more):
    return {"cell_type": "code", "source": source, **more}


def nb(*sources, **more):
    """The bytes of a notebook with these code cells."""
    return json.dumps({"cells": [code(source) for source in sources], **more}).encode()


@pytest.fixture
def folder(tmp_path):
    def folder(files):
        for name, content in files.items():
            path = tmp_path / "class" / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.mkdir()
            else:
                path.write_bytes(content)
        return tmp_path / "class"

    return folder


@pytest.fixture
def archive(tmp_path):
    def archive(files, method=zipfile.ZIP_DEFLATED):
        path = tmp_path / "class.zip"
        with zipfile.ZipFile(path, "w", method) as zipped:
            for name, content in dict(files).items():
                zipped.writestr(name + "/" * (content is None), content or b"")
        return path

    return archive


def find_students(source, assignment, **options):
    return look(source, **options).of(assignment)


def submissions(source, assignment="maths", **options):
    return {
        student: read_submission(student, entries, assignment)
        for student, entries in find_students(source, assignment, **options).items()
    }


def read(source, **options):
    """What matters of them: path and cells, or path and problem."""
    return {
        student: (found.path, found.problem or found.cells)
        for student, found in submissions(source, **options).items()
    }


# Layouts

NO_JSON = "this is not a notebook: not valid JSON"
NOTHING = "there is no notebook in it"
LAYOUTS = {
    "flat": (
        {"bob.ipynb": nb("b = 1", "c"), "alice.ipynb": nb("a = 1"), "Zoë Ø.v2.ipynb": nb("z")},
        {
            "Zoë Ø.v2": ("Zoë Ø.v2.ipynb", ("z",)),
            "alice": ("alice.ipynb", ("a = 1",)),
            "bob": ("bob.ipynb", ("b = 1", "c")),
        },
    ),
    "flat, of all kinds": (
        {"a.ipynb": nb("a"), "b.py": b"x = 1\n# %%\ny = 2\n", "c.ipynb.txt": nb("c")}
        | {"d.IPYNB": nb("d"), "e.ipynb.json": nb("e"), "f.pdf": b"%PDF-1.7", "g": b""},
        {
            "a": ("a.ipynb", ("a",)),
            "b": ("b.py", ("x = 1\n", "\ny = 2\n")),
            "c": ("c.ipynb.txt", ("c",)),
            "d": ("d.IPYNB", ("d",)),
            "e": ("e.ipynb.json", ("e",)),
            "f": ("f.pdf", "this is a PDF, not a notebook"),
            "g": ("g", "the file is empty"),
        },
    ),
    "a folder for each student": (
        {
            "alice/anything (final).ipynb": nb("a"),
            "bob/hw.py": b"b",
            "carol/deep/down/x.ipynb": nb("c"),
        }
        | {"dan/essay.pdf": b"%PDF", "dan/photo.png": b"", "erin": None, "j.doe/x.ipynb": nb("j")},
        {
            "alice": ("alice/anything (final).ipynb", ("a",)),
            "bob": ("bob/hw.py", ("b",)),
            "carol": ("carol/deep/down/x.ipynb", ("c",)),
            "dan": ("dan", NOTHING),
            "erin": ("erin", NOTHING),
            "j.doe": ("j.doe/x.ipynb", ("j",)),
        },
    ),
    "nbgrader's tree": (
        {"alice/maths/maths.ipynb": nb("a"), "alice/maths/timestamp.txt": b"2026-01-01"}
        | {"alice/physics/physics.ipynb": nb("p"), "bob/physics/physics.ipynb": nb("q")}
        | {"carol/maths/timestamp.txt": b"2026-01-01", "dan/maths/maths.ipynb": nb("d")}
        | {"erin": None},
        {
            "alice": ("alice/maths/maths.ipynb", ("a",)),
            "carol": ("carol/maths/timestamp.txt", NO_JSON),
            "dan": ("dan/maths/maths.ipynb", ("d",)),
            "erin": ("erin", NOTHING),
        },
    ),
    "files and folders": (
        {"alice.ipynb": nb("a"), "bob/x.ipynb": nb("b")},
        {"alice": ("alice.ipynb", ("a",)), "bob": ("bob/x.ipynb", ("b",))},
    ),
    "two files for one id": (
        {"alice.ipynb": nb("a"), "alice.py": b"a", "bob.ipynb": nb("b"), "bob/x.ipynb": nb("b")},
        {
            "alice": (
                "alice.ipynb",
                "2 files for one student: alice.ipynb and alice.py; keep one of them",
            ),
            "bob": (
                "bob.ipynb",
                "2 files for one student: bob.ipynb and x.ipynb; keep one of them",
            ),
        },
    ),
    "junk around them": (
        {"alice.ipynb": nb("a"), ".hidden.ipynb": nb("h"), ".git/x.ipynb": nb("g")}
        | {".ipynb_checkpoints/alice-checkpoint.ipynb": nb("c"), "alice.ipynb~": nb("t")}
        | {"__MACOSX/._alice.ipynb": b"\0\5\x16\7", "Thumbs.db": b"", "desktop.ini": b""}
        | {"__pycache__/x.pyc": b"", ".DS_Store": b"", "bob/.ipynb_checkpoints/x.ipynb": nb("x")}
        | {"bob/__MACOSX/x.ipynb": nb("m"), "bob/x.ipynb": nb("b"), "bob/._x.ipynb": b"\0"},
        {"alice": ("alice.ipynb", ("a",)), "bob": ("bob/x.ipynb", ("b",))},
    ),
}
each_layout = pytest.mark.parametrize(("files", "expected"), LAYOUTS.values(), ids=LAYOUTS.keys())


@each_layout
def test_every_layout_is_read_from_a_folder(folder, files, expected):
    assert read(folder(files)) == expected


@each_layout
def test_every_layout_is_read_from_a_zip(archive, files, expected):
    assert read(archive(files)) == expected


@pytest.mark.parametrize("layout", [name for name in LAYOUTS if name != "two files for one id"])
def test_every_layout_is_read_from_a_zip_of_one_folder(archive, layout):
    files, expected = LAYOUTS[layout]
    wrapped = {"class": None} | {f"class/{name}": content for name, content in files.items()}
    assert read(archive(wrapped)) == expected


def test_a_zip_of_one_students_folder_is_that_students(archive):
    files = {"alice/hw.ipynb": nb("a"), "alice/helper.py": b"h", "__MACOSX/alice/._hw": b""}
    assert read(archive(files)) == {"alice": ("alice/hw.ipynb", ("a",))}


@pytest.mark.parametrize(
    ("name", "content", "expected"),
    [
        ("my work.ipynb", nb("a"), {"my work": ("my work.ipynb", ("a",))}),
        ("work.py", b"a", {"work": ("work.py", ("a",))}),
        ("work.txt", b"a", {"work": ("work.txt", NO_JSON)}),
        ("empty.ipynb", b"", {"empty": ("empty.ipynb", "the file is empty")}),
    ],
)
def test_one_file_is_one_submission(tmp_path, name, content, expected):
    (tmp_path / name).write_bytes(content)
    assert read(tmp_path / name) == expected


def test_results_among_the_submissions_are_no_students(folder):
    source = folder(
        {"alice.ipynb": nb("a"), "results/feedback/alice.html": b"", "b/x.ipynb": nb("b")}
    )
    assert list(read(source, out=source / "results")) == ["alice", "b"]


@pytest.mark.parametrize("files", [{}, {".DS_Store": b"", "__MACOSX/x": b""}])
def test_nothing_to_grade_is_told(folder, archive, files, tmp_path):
    (tmp_path / "class").mkdir(exist_ok=True)
    for source in (folder(files), archive(files)):
        with pytest.raises(SubmissionsError) as error:
            read(source)
        problem = "nothing to grade in it (no notebook, no student's folder)"
        assert str(error.value) == f"{source}: {problem}"


def test_a_path_that_is_not_there_is_told(tmp_path):
    with pytest.raises(SubmissionsError, match="there is no such file or folder"):
        read(tmp_path / "gone")


@pytest.mark.parametrize(
    ("names", "beside"),
    [
        (["amy/maths.ipynb", "amy/old/maths (1).ipynb", "amy/x.py"], ["amy/old/maths (1).ipynb"]),
        (["amy/maths.ipynb", "amy/physics.ipynb"], []),  # of another assignment
        (["amy/a.ipynb", "amy/b.ipynb"], []),  # told as a problem
        (["amy.ipynb"], []),
        ([], []),
    ],
)
def test_notebooks_beside_the_one_that_is_graded_are_named(tmp_path, names, beside):
    for name in names:
        (tmp_path / name).parent.mkdir(parents=True, exist_ok=True)
        (tmp_path / name).write_text("{}")
    (tmp_path / "amy").mkdir(exist_ok=True)
    entries = look(tmp_path).of("maths")["amy"]
    assert passed_over(entries, "maths", {"physics"}) == beside


def test_what_is_neither_a_file_nor_a_folder_is_told(tmp_path):
    os.mkfifo(tmp_path / "pipe")
    with pytest.raises(SubmissionsError, match="neither a file nor a folder"):
        look(tmp_path / "pipe")


def test_a_zip_that_is_none_is_told(tmp_path):
    (tmp_path / "class.zip").write_bytes(b"PK, and then the download stopped")
    with pytest.raises(SubmissionsError, match="not a readable zip file: download it again"):
        look(tmp_path / "class.zip")


def test_a_folder_of_one_student_is_read_as_if_it_lay_among_others(tmp_path):
    (tmp_path / "mine.ipynb").write_bytes(nb("x = 1"))
    (entry,) = files_of_one(tmp_path, "amy")
    assert str(entry.path) == "amy/mine.ipynb"
    assert read_submission("amy", [entry], "maths").cells == ("x = 1",)


# One student's files


@pytest.mark.parametrize(
    ("files", "path", "expected"),
    [
        ({"x/maths.ipynb": nb("m"), "x/scratch.ipynb": nb("s")}, "x/maths.ipynb", ("m",)),
        ({"x/maths.ipynb.txt": nb("m"), "x/other.ipynb": nb("s")}, "x/maths.ipynb.txt", ("m",)),
        ({"x/maths.py": b"m", "x/helper.py": b"h"}, "x/maths.py", ("m",)),
        ({"x/hw.ipynb": nb("n"), "x/maths.py": b"m"}, "x/hw.ipynb", ("n",)),
        ({"x/notes.txt": b"", "x/hw.ipynb": nb("n")}, "x/hw.ipynb", ("n",)),
        (
            {"x/a.ipynb": nb("a"), "x/b.ipynb": nb("b")},
            "x",
            "2 files for one student: a.ipynb and b.ipynb; keep one of them",
        ),
        (
            {"x/1/maths.ipynb": nb("a"), "x/2/maths.ipynb": nb("b")},
            "x",
            "2 files for one student: 1/maths.ipynb and 2/maths.ipynb; keep one of them",
        ),
        (
            {"x/y/a.py": b"a", "x/y/b.py": b"b", "x/y/c.py": b"c"},
            "x/y",
            "3 files for one student: y/a.py and y/b.py and y/c.py; keep one of them",
        ),
    ],
)
def test_one_file_of_a_student_is_the_submission(folder, files, path, expected):
    assert read(folder(files)) == {"x": (path, expected)}


def test_python_files_beside_a_notebook_are_its_helpers(folder):
    files = {"x/hw.ipynb": nb("a"), "x/helper.py": b"h = 1\n", "x/caf\u00e9.py": b"# caf\xe9"}
    files |= {"x/sub/other.py": b"o", "x/data.csv": b"1,2", "x/.hidden.py": b"", "y.py": b"y = 1"}
    found = submissions(folder(files))
    assert found["x"].files == {"helper.py": "h = 1\n", "café.py": "# café"}
    assert (found["y"].cells, found["y"].files) == (("y = 1",), {})


def test_a_large_python_file_is_no_helper(folder, monkeypatch):
    monkeypatch.setattr(module, "MAX_HELPER", 10)
    files = {"x/hw.ipynb": nb("a"), "x/small.py": b"x" * 10, "x/large.py": b"x" * 11}
    assert list(submissions(folder(files))["x"].files) == ["small.py"]


def test_files_of_neighbours_in_a_flat_folder_are_no_helpers(folder):
    found = submissions(folder({"alice.ipynb": nb("a"), "helper.py": b"h"}))
    assert found["alice"].files == {}


@pytest.mark.parametrize("link", ["alice.ipynb", "alice/hw.ipynb"])
def test_a_link_is_not_followed(folder, tmp_path, link):
    source = folder(
        {"bob.ipynb": nb("b"), "alice": None} if "/" in link else {"bob.ipynb": nb("b")}
    )
    (tmp_path / "secret.ipynb").write_bytes(nb("secret"))
    (source / link).symlink_to(tmp_path / "secret.ipynb")
    problem = "it is a link or a device, not a file"
    assert read(source) == {"alice": (link, problem), "bob": ("bob.ipynb", ("b",))}


def test_a_linked_folder_is_not_followed(folder, tmp_path):
    source = folder({"bob.ipynb": nb("b")})
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "x.ipynb").write_bytes(nb("secret"))
    (source / "alice").symlink_to(tmp_path / "other")
    assert read(source)["alice"] == ("alice", NOTHING)


def test_a_pipe_is_not_waited_for(folder):
    source = folder({"bob.ipynb": nb("b")})
    os.mkfifo(source / "alice.ipynb")
    assert read(source)["alice"][1] == "it is a link or a device, not a file"


def test_a_file_name_that_is_not_utf_8_is_readable(folder):
    source = folder({"bob.ipynb": nb("b")})
    (source / os.fsdecode(b"caf\xe9.ipynb")).write_bytes(nb("c"))
    (source / os.fsdecode(b"\xff")).mkdir()
    (source / os.fsdecode(b"\xff/x.ipynb")).write_bytes(nb("d"))
    found = read(source)
    assert found["caf\\xe9"] == ("caf\\xe9.ipynb", ("c",))
    assert found["\\xff"] == ("\\xff/x.ipynb", ("d",))


def test_a_file_that_cannot_be_read_is_one_students_problem():
    def gone():
        raise FileNotFoundError(2, "No such file or directory")

    found = read_submission("x", [Entry(PurePosixPath("x.ipynb"), 1, gone)], "maths")
    assert found.problem == "the file cannot be read (No such file or directory)"


def test_a_file_that_is_too_large_is_not_read(monkeypatch, folder):
    monkeypatch.setattr(entries_module, "MAX_BYTES", 1 << 20)
    found = read(folder({"alice.ipynb": b" " * (2 << 20), "bob.ipynb": nb("b")}))
    assert found == {
        "alice": ("alice.ipynb", "the file is too large (2 MB)"),
        "bob": ("bob.ipynb", ("b",)),
    }


def test_too_many_files_are_not_one_class(monkeypatch, folder, archive):
    monkeypatch.setattr(entries_module, "MAX_FILES", 2)
    files = {"a.ipynb": nb(), "b.ipynb": nb(), "c.ipynb": nb()}
    for source in (folder(files), archive(files)):
        with pytest.raises(SubmissionsError, match="more than 2 files: is this the right"):
            read(source)


@pytest.mark.parametrize("character", ["x", "\n", "é", "[", "\U0001f600", "\x01"], ids=ascii)
def test_whatever_is_read_fits_in_a_frame(character):
    """A worker gets a submission as one frame; one that is too large is told so here."""

    def entry(name, content):
        return Entry(PurePosixPath(name), len(content), lambda: content)

    largest = (module.MAX_HELPER // len(character.encode()) * character).encode()
    helpers = [entry(f"x/{n}.py", largest) for n in range(8)]
    one = nb("a" * ipynb.MAX_SOURCE, character)
    all_of_it = nb(*[character * (ipynb.MAX_SOURCE // 4)] * 4)
    script = (character * (ipynb.MAX_SOURCE + 1)).encode()
    for name, content, more in [
        ("x/hw.ipynb", one, []),
        ("x/hw.ipynb", all_of_it, []),
        ("x/hw.py", script, []),
        ("x/hw.ipynb", nb("a"), helpers),
    ]:
        found = read_submission("x", [entry(name, content), *more], "maths")
        job = {"cells": list(found.cells), "skip": [], "hurry": [], "files": found.files}
        assert found.problem or decode(io.BytesIO(encode(job)).read, MAX_JOB) == job


# Zips


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["alice.ipynb", "../bob.ipynb", "x/../../bob.ipynb"], {"alice": "alice.ipynb"}),
        (["/etc/passwd.ipynb"], {"etc": "etc/passwd.ipynb"}),
        (["alice\\hw.ipynb", "bob\\hw.ipynb"], {"alice": "alice/hw.ipynb", "bob": "bob/hw.ipynb"}),
        (["alice//hw.ipynb"], {"alice": "alice/hw.ipynb"}),
        (["./alice.ipynb", "./bob/hw.ipynb"], {"alice": "alice.ipynb", "bob": "bob/hw.ipynb"}),
        (["Zoë.ipynb"], {"Zoë": "Zoë.ipynb"}),
    ],
)
def test_the_names_in_a_zip_are_taken_with_care(archive, names, expected):
    found = read(archive({name: nb("a") for name in names}))
    assert {student: path for student, (path, _) in found.items()} == expected


METHODS = [zipfile.ZIP_STORED, zipfile.ZIP_DEFLATED, zipfile.ZIP_BZIP2, zipfile.ZIP_LZMA]


@pytest.mark.parametrize("method", METHODS)
def test_a_damaged_zip_entry_is_one_students_problem(archive, method):
    path = archive({"alice.ipynb": nb("a" * 1000), "bob.ipynb": nb("b")}, method)
    assert {cells for _, cells in read(path).values()} == {("a" * 1000,), ("b",)}
    data = bytearray(path.read_bytes())
    for place in range(45, 80):
        data[place] ^= 0xFF
    path.write_bytes(data)
    found = read(path)
    assert "cannot be read" in found["alice"][1]
    assert found["bob"] == ("bob.ipynb", ("b",))


@pytest.mark.parametrize(
    ("place", "value", "problem"),
    [
        (0, b"XX", "the zip entry cannot be read (Bad magic number for file header)"),
        (6, b"\1", "it is encrypted: it needs a password"),
        (8, b"\x63", "That compression method is not supported"),
    ],
    ids=["no header", "encrypted", "unknown method"],
)
def test_a_zip_entry_that_cannot_be_opened_is_one_students_problem(archive, place, value, problem):
    path = archive({"alice.ipynb": nb("a"), "bob.ipynb": nb("b")})
    data = bytearray(path.read_bytes())
    for start in (0, data.index(b"PK\1\2") + 2 if place else 0):  # both headers of the first entry
        data[start + place : start + place + len(value)] = value
    path.write_bytes(data)
    found = read(path)
    assert problem in found["alice"][1]
    assert found["bob"] == ("bob.ipynb", ("b",))


def test_an_entry_that_is_larger_than_it_says_is_not_read(archive, monkeypatch):
    path = archive({"alice.ipynb": b" " * 5000, "bob.ipynb": nb("b")})
    monkeypatch.setattr(entries_module, "MAX_BYTES", 4000)
    students = find_students(path, "maths")
    alice = Entry(students["alice"][0].path, 10, students["alice"][0].read)
    assert read_submission("alice", [alice], "maths").problem == "it is larger than it says"


@pytest.mark.parametrize("place", ["central", "local"])
def test_a_zip_with_names_that_are_not_utf_8_is_no_bug_of_ours(archive, place):
    path = archive({"é.ipynb": nb("a"), "bob.ipynb": nb("b")})
    data = path.read_bytes()
    at = data.index("é".encode()) if place == "local" else data.rindex("é".encode())
    path.write_bytes(data[:at] + b"\xff\xff" + data[at + 2 :])
    try:
        found = read(path)
    except SubmissionsError:
        return
    assert found["bob"] == ("bob.ipynb", ("b",))


@pytest.fixture(scope="module")
def mutable(tmp_path_factory):
    path = tmp_path_factory.mktemp("zips") / "class.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        for method in METHODS:
            zipped.writestr(f"é{method}/x.ipynb", nb("a"), method)
    return path, path.read_bytes()


@settings(max_examples=300)
@given(edits=st.lists(st.tuples(st.integers(0), st.binary(max_size=3)), min_size=1, max_size=4))
def test_no_zip_stops_a_class(mutable, edits):
    path, data = mutable
    for place, inserted in edits:
        at = place % len(data)
        data = data[:at] + inserted + data[at + len(inserted) :]
    path.write_bytes(data)
    try:
        read(path)
    except SubmissionsError:
        pass


# Notebooks


OUTPUT = {"output_type": "execute_result", "data": {"text/plain": "3"}}
V3_CELLS = [
    {"cell_type": "heading", "source": "H"},
    {"cell_type": "code", "input": ["a = 1\n", "b = 2"], "language": "python"},
    {"cell_type": "code", "input": "c = 3"},
]
COLAB = {
    "colab": {"provenance": []},
    "kernelspec": {"name": "python3", "display_name": "Python 3"},
    "language_info": {"name": "python"},
}


def notebook(cells=None, **rest):
    return json.dumps(({} if cells is None else {"cells": cells}) | rest)


def code_of(name, data):
    """The sources of a file's code cells."""
    return tuple(cell.source for cell in read_cells(name, data) if cell.kind == "code")


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        (notebook([code("a"), {"cell_type": "markdown", "source": "b"}, code("c")]), ("a", "c")),
        (notebook([]), ()),
        (notebook([code(["a = 1\n", "b = 2"])]), ("a = 1\nb = 2",)),
        (notebook([code("a\r\nb\r\n")]), ("a\nb\n",)),
        (notebook([code(["a\r\n", "b"])]), ("a\nb",)),
        (notebook([code("a", outputs=[OUTPUT], execution_count=3, id=7)]), ("a",)),
        (notebook([code("a", metadata="garbage", outputs=None)]), ("a",)),
        ('{"cells":[{"cell_type":"code","source":"a","outputs":[NaN,Infinity]}]}', ("a",)),
        (notebook([code(None), code(5), code({}), code([1, "a", None, ["b"]])]), ("", "", "", "a")),
        (notebook([{"cell_type": "code"}, {"cell_type": "raw", "source": "b"}]), ("",)),
        (notebook([None, 5, "code", [], {}, {"cell_type": None}, code("a")]), ("a",)),
        (notebook([code("a")], nbformat=99, nbformat_minor="x", metadata=None), ("a",)),
        (notebook([code("a")], metadata=[]), ("a",)),
        (notebook([code("a")], metadata={"kernelspec": 5}), ("a",)),
        (notebook([code("a")], metadata={"kernelspec": {"language": None}}), ("a",)),
        (notebook([code("a")], metadata={"kernelspec": {"language": "Python"}}), ("a",)),
        (notebook([code("a")], metadata={"kernelspec": {"name": "python2"}}), ("a",)),
        (notebook([code("a")], metadata={"language_info": {"name": "python"}}), ("a",)),
        (notebook([code("a")], metadata={"language_info": 5}), ("a",)),
        (notebook([code("a")], metadata=COLAB), ("a",)),
        (notebook(worksheets=[{"cells": V3_CELLS}], nbformat=3), ("a = 1\nb = 2", "c = 3")),
        (notebook(worksheets=[{"cells": V3_CELLS[2:]}] * 2), ("c = 3", "c = 3")),
        (notebook(worksheets=[None, {"cells": 5}, {}, {"cells": V3_CELLS[2:]}]), ("c = 3",)),
        (notebook([code("é \u2028 \U0001f600 \0")]), ("é \u2028 \U0001f600 \0",)),
        ('{"cells":[{"cell_type":"code","source":"a\\ud800b"}]}', ("a?b",)),
        ('\n {"cells":[]}\n', ()),
    ],
)
def test_the_code_cells_of_a_notebook_are_read(text, cells):
    assert code_of("x.ipynb", text.encode()) == cells


@pytest.mark.parametrize(
    ("cells", "expected"),
    [
        (
            [code("a", id="x"), {"cell_type": "markdown", "source": ["b\n", "c"], "id": "S1"}],
            [Cell("code", "a", "x"), Cell("markdown", "b\nc", "S1")],
        ),
        ([{"cell_type": "heading", "source": "b"}], [Cell("markdown", "b")]),
        ([{"cell_type": "markdown", "id": "\ud800"}], [Cell("markdown", "", "?")]),
        ([{"cell_type": [1], "source": "b"}, {"cell_type": "raw", "source": "b"}], []),
        # Of text, what is beyond a megabyte is left out, and costs no code.
        (
            [
                {"cell_type": "markdown", "source": "b" * (1 << 20)},
                {"cell_type": "markdown", "source": "c"},
                code("a"),
            ],
            [Cell("markdown", "b" * (1 << 20)), Cell("code", "a")],
        ),
    ],
)
def test_text_cells_are_read_with_their_ids(cells, expected):
    assert list(read_cells("x.ipynb", notebook(cells).encode())) == expected


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "latin-1"])
@pytest.mark.parametrize(("name", "text"), [("x.py", "# é"), ("x.ipynb", '{"cells":[%s]}')])
def test_every_usual_encoding_is_read(encoding, name, text):
    if "%" in text:
        text %= json.dumps(code("# é"), ensure_ascii=False)
    assert code_of(name, text.encode(encoding)) == ("# é",)


NOT_A_NOTEBOOK = "this is not a notebook: "
NO_CELLS = NOT_A_NOTEBOOK + "it has no list of cells"


@pytest.mark.parametrize(
    ("data", "problem"),
    [
        (b"", "the file is empty"),
        (b" \r\n\t", "the file is empty"),
        (b"\xef\xbb\xbf", "the file is empty"),
        (b"\0", NO_JSON),
        (b"a = 1", NO_JSON),
        (b"%PDF-1.7\xff\xfe", "this is a PDF, not a notebook"),
        (b"PK\3\4", "this is a zip file, not a notebook"),
        (b"PK\3\4\nword/document.xml", "this is a Word document, not a notebook"),
        (b"\n<!DOCTYPE html>", "this is a web page, not a notebook"),
        (b"\xef\xbb\xbf<html lang=en>", "this is a web page, not a notebook"),
        (b"\x89PNG\r\n", "this is a picture, not a notebook"),
        (b"\xff\xfeab\0", NO_JSON),  # half a character of UTF-16
        (nb("a")[:-5], NO_JSON),
        (nb("a") + b"}", NO_JSON),
        (b'{"cells":[1], "n":' + b"9" * 5000 + b"}", NO_JSON),
        (b"[" * 200_000, NOT_A_NOTEBOOK + "its JSON is nested too deeply"),
        (b'{"a":' * 200_000, NOT_A_NOTEBOOK + "its JSON is nested too deeply"),
        (b"[]", NOT_A_NOTEBOOK + "a JSON object was expected"),
        (b"null", NOT_A_NOTEBOOK + "a JSON object was expected"),
        (b'"cells"', NOT_A_NOTEBOOK + "a JSON object was expected"),
        (b"{}", NO_CELLS),
        (b'{"cells":{}}', NO_CELLS),
        (b'{"cells":null}', NO_CELLS),
        (b'{"cells":"code"}', NO_CELLS),
        (b'{"worksheets":{}}', NO_CELLS),
        (
            nb("a", metadata={"kernelspec": {"name": "ir", "language": "R"}}),
            "this is a notebook for R, not for Python",
        ),
        (
            nb("a", metadata={"kernelspec": {"name": "ir"}, "language_info": {"name": "R"}}),
            "this is a notebook for R, not for Python",
        ),
        (
            nb("a", metadata={"kernelspec": {"language": "j" * 50}}),
            f"this is a notebook for {'j' * 40}, not for Python",
        ),
    ],
    ids=lambda data: repr(data[:30]),
)
def test_what_is_no_notebook_is_told_in_a_sentence(data, problem):
    with pytest.raises(Unreadable) as error:
        read_cells("x.ipynb", data)
    assert str(error.value) == problem


def test_saved_outputs_cost_no_memory():
    outputs = [{"output_type": "stream", "text": [f"line {n}\n" for n in range(200_000)]}] * 5
    data = json.dumps({"cells": [code("a", outputs=outputs), code("b")]}).encode()
    tracemalloc.start()
    try:
        assert code_of("x.ipynb", data) == ("a", "b")
        _, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert len(data) > 10 << 20 > 100 * most


def test_a_notebook_with_too_many_cells_or_too_much_code_is_refused(monkeypatch):
    monkeypatch.setattr(ipynb, "MAX_CELLS", 2)
    assert code_of("x.ipynb", nb("a", "b")) == ("a", "b")
    for name, data in {"x.ipynb": nb("a", "b", "c"), "x.py": b"a\n# %%\nb\n# %%\nc"}.items():
        with pytest.raises(Unreadable, match="more than 2 cells"):
            read_cells(name, data)
    monkeypatch.setattr(ipynb, "MAX_BRACKETS", 1_000_000)
    with pytest.raises(Unreadable, match="more than 1 million values"):
        read_cells("x.ipynb", b'{"cells": [' + b"{}," * 1_000_000 + b"{}]}")
    monkeypatch.setattr(ipynb, "MAX_SOURCE", 2 << 20)
    with pytest.raises(Unreadable, match="more than 2 MB of code"):
        read_cells("x.ipynb", nb("a" * (2 << 20), "b"))


@pytest.mark.parametrize(
    ("text", "cells"),
    [
        ("x = 1\ny = 2\n", ("x = 1\ny = 2\n",)),
        ("# %%\nx = 1\n# %% [markdown] title\n# text\n", ("\nx = 1\n", "\n# text\n")),
        ("# In[1]:\nx = 1\n# In[ ]:\n\n# In[23]:\ny = 2", ("\nx = 1\n", "\ny = 2")),
        ("x = 1\n# %%\n\n# %%\n", ("x = 1\n",)),
        ("s = '''\n# %% is a mark\n'''\nx = 1  # %% is none\n#%% neither\n", None),
        ("#!/usr/bin/env python\n", ("#!/usr/bin/env python\n",)),
        ("", ()),
        ("  \n\n", ()),
    ],
)
def test_a_script_is_cut_at_the_marks_of_cells(text, cells):
    found = code_of("x.PY", text.encode())
    assert found == cells if cells is not None else len(found) == 2


def only_cells_or_unreadable(name, data):
    try:
        cells = read_cells(name, data)
    except Unreadable as problem:
        assert str(problem) and "\n" not in str(problem)
        return
    assert type(cells) is tuple
    assert all(cell.kind in ("code", "markdown") for cell in cells)
    texts = [text for cell in cells for text in (cell.source, cell.id)]
    assert all(type(text) is str and text.encode() is not None for text in texts)


@given(st.sampled_from(["x.ipynb", "x.py"]), st.binary())
def test_arbitrary_bytes_are_cells_or_unreadable(name, data):
    only_cells_or_unreadable(name, data)


json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
)
cells = st.fixed_dictionaries(
    {"cell_type": st.just("code") | json_values},
    optional={"source": json_values, "input": json_values},
)
many_cells = st.lists(cells | json_values, max_size=3) | json_values
notebooks = st.fixed_dictionaries(
    {},
    optional={
        "cells": many_cells,
        "worksheets": st.lists(st.fixed_dictionaries({"cells": many_cells}) | json_values),
        "metadata": json_values
        | st.dictionaries(
            st.sampled_from(["kernelspec", "language_info"]),
            json_values | st.dictionaries(st.sampled_from(["language", "name"]), json_values),
        ),
    },
)


@given(notebooks)
def test_arbitrary_notebooks_are_cells_or_unreadable(content):
    only_cells_or_unreadable("x.ipynb", json.dumps(content).encode())


# Digests


NOTEBOOK = nb("a")


def digest_of(name="x/hw.ipynb", content=NOTEBOOK, **helpers):
    files = {name: content} | {f"x/{helper}.py": text for helper, text in helpers.items()}
    entries = [Entry(PurePosixPath(n), len(c), lambda c=c: c) for n, c in files.items()]
    return read_submission("x", entries, "maths").digest


def test_the_digest_follows_the_content_and_not_the_path():
    assert digest_of() == digest_of() == digest_of("x/renamed.ipynb") == digest_of("x.ipynb")


def test_the_digest_changes_with_whatever_is_graded():
    digests = [
        digest_of(),
        digest_of(content=nb("b")),
        digest_of(content=NOTEBOOK[:-1]),
        digest_of(content=b""),
        digest_of(helper=b"h = 1"),
        digest_of(helper=b"h = 2"),
        digest_of(other=b"h = 1"),
        digest_of(helper=b"h = 1", other=b"h = 1"),
        digest_of("x/hw.py"),  # the same bytes, but now they are a script
        read_submission("x", [], "maths").digest,
    ]
    assert "" not in digests and len(set(digests)) == len(digests)


# Which assignment

KNOWN = {"maths": ["double", "halve"], "physics": ["fall", "double"]}


@pytest.mark.parametrize(
    ("files", "expected"),
    [
        ({"a.ipynb": nb("def double(x): pass", "def halve(x):\n  pass")}, "maths"),
        ({"a.ipynb": nb("x = 1\nclass fall:\n  pass")}, "physics"),
        ({"a.py": b"fall = lambda x: x"}, "physics"),
        ({"a.ipynb": b"garbage", "b": None, "c.ipynb": nb("def halve(): ...")}, "maths"),
        ({"a/physics/x.ipynb": nb("def fall(): ..."), "a/maths/y.ipynb": nb()}, None),
        ({"a.ipynb": nb("def double(x): pass")}, None),
        ({"a.ipynb": nb("  def halve(x): pass", "halve(3)", "my_halve = 1")}, None),
        ({"a.ipynb": b"garbage"}, None),
    ],
)
def test_the_assignment_is_told_by_what_notebooks_define(folder, files, expected):
    source = folder(files)
    if expected:
        assert infer_assignment(look(source), KNOWN) == expected
        return
    with pytest.raises(SubmissionsError) as error:
        infer_assignment(look(source), KNOWN)
    cures = [
        "cannot tell the assignment: give --assignment (maths, physics)",
        "nothing in it defines a name of maths, physics: is it the right folder?",
    ]
    assert str(error.value) in [f"{source}: {cure}" for cure in cures]


def test_the_only_assignment_need_not_be_told(tmp_path):
    assert infer_assignment(Found(tmp_path, {}), {"maths": ["double"]}) == "maths"


def test_no_assignment_at_all_cannot_be_told(folder):
    with pytest.raises(SubmissionsError, match="nothing in it defines a name"):
        infer_assignment(look(folder({"a.ipynb": nb("a")})), {})


# One student's folder must not stop, hide or empty the class


def test_a_path_that_is_too_long_is_one_students_problem(tmp_path):
    honest = tmp_path / "ada"
    honest.mkdir()
    (honest / "hw.ipynb").write_bytes(nb("x = 1"))
    place = os.open(tmp_path, os.O_RDONLY)
    for name in ["mal", *["d" * 250] * 20]:  # beyond what one path may be
        os.mkdir(name, dir_fd=place)
        inner = os.open(name, os.O_RDONLY, dir_fd=place)
        os.close(place)
        place = inner
    os.close(os.open("hw.ipynb", os.O_CREAT | os.O_WRONLY, dir_fd=place))
    os.close(place)
    try:
        found = find_students(tmp_path, "maths")
        assert read_submission("ada", found["ada"], "maths").cells == ("x = 1",)
        assert "cannot be read" in read_submission("mal", found["mal"], "maths").problem
    finally:
        subprocess.run(["rm", "-rf", str(tmp_path / "mal")], check=True)


@pytest.mark.skipif(os.getuid() != 0, reason="needs root, to be somebody else")
@pytest.mark.parametrize("mode", [0o000, 0o444])
def test_a_folder_that_may_not_be_read_is_told_and_is_no_empty_one(mode):
    with tempfile.TemporaryDirectory(dir="/tmp") as made:  # where everybody may go
        os.chmod(made, 0o755)
        look_as_somebody_else(Path(made), mode)


def look_as_somebody_else(tmp_path, mode):
    for name in ("ada", "bob/work"):
        (tmp_path / name).mkdir(parents=True)
        (tmp_path / name / "hw.ipynb").write_bytes(nb("x = 1"))
    # Imports all that is needed, which may lie where somebody else may not go.
    assert not read_submission("ada", find_students(tmp_path, "maths")["ada"], "maths").problem
    os.chmod(tmp_path / "bob" / "work", mode)
    child = os.fork()
    if not child:
        code = 2
        try:
            os.setuid(54321)
            found = find_students(tmp_path, "maths")
            told = read_submission("bob", found["bob"], "maths").problem
            fine = read_submission("ada", found["ada"], "maths").cells == ("x = 1",)
            code = 0 if fine and "cannot be read (Permission denied)" in told else 1
        except Exception as error:
            os.write(2, repr(error).encode())
        finally:
            os._exit(code)  # nothing may unwind into pytest's copy
    assert os.waitpid(child, 0)[1] == 0
    os.chmod(tmp_path / "bob" / "work", 0o700)


def test_a_folder_with_too_many_files_is_one_students_problem(folder, monkeypatch):
    monkeypatch.setattr(entries_module, "MAX_FILES_OF_ONE", 3)
    many = {f"mal/{place}/{n}.txt": b"" for n in range(5) for place in "ab"}
    found = find_students(folder({"ada/hw.ipynb": nb("x = 1"), **many}), "maths")
    assert read_submission("ada", found["ada"], "maths").cells == ("x = 1",)
    assert len(found["mal"]) == 1
    assert "more than 10000 files in it" in read_submission("mal", found["mal"], "maths").problem


def test_who_has_another_layout_than_the_others_is_named(folder):
    files = {"bob/hw/nb.ipynb": nb(), "mal/maths/nb.ipynb": nb(), "zoe/nb.ipynb": nb()}
    found = look(folder(files))
    assert sorted(found.students.keys() - found.of("maths").keys()) == ["bob"]


def test_helpers_that_no_worker_could_write_down_are_no_helpers(folder, monkeypatch):
    monkeypatch.setattr(module, "MAX_HELPER_FILES", 2)
    long = "é" * 126 + ".py"  # 255 bytes; with another letter it is too long, though it may exist
    files = {"a/hw.ipynb": nb(), f"a/{long}": b"x = 1", "a/b.py": b"x = 2"}
    found = read_submission("a", find_students(folder(files), "maths")["a"], "maths")
    assert set(found.files) == {long, "b.py"}
    entry = Entry(PurePosixPath(f"a/é{long}"), 5, lambda: b"x = 1")
    entries = [*find_students(folder(files), "maths")["a"], entry]
    assert set(read_submission("a", entries, "maths").files) == {long, "b.py"}
    entries.append(Entry(PurePosixPath("a/c.py"), 5, lambda: b"x = 1"))
    assert "more than 2 Python files" in read_submission("a", entries, "maths").problem


def test_running_out_of_memory_while_reading_is_one_students_problem(folder, monkeypatch):
    def too_much(*_):
        raise MemoryError

    monkeypatch.setattr(module, "read_cells", too_much)
    found = find_students(folder({"a/hw.ipynb": nb()}), "maths")
    assert "too much memory" in read_submission("a", found["a"], "maths").problem
