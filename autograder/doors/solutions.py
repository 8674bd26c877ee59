"""The handout for after the deadline: worked solutions, as a notebook and as a page.

For each exercise its prompt, the solution, why that is right, and what the known mistakes earn and
read; for each question its criteria and a model answer. Both files hold answers and go to `dist/`.

The page needs neither network nor Jupyter: nbconvert writes it, and its formulas are MathML, which
browsers set by themselves.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from pathlib import Path
from typing import Any

import nbformat
from markupsafe import Markup

from ..building.notebook import IMPORTS, Cell, code_cell, markdown_cell, notebook, student_cells
from ..building.wanted import Values
from ..course.assignment import Assignment
from ..course.course import Course
from ..course.policy import Points
from ..errors import CourseError, lacks
from ..pages import highlight
from ..pages.templating import environment
from ..reference import Reference
from .solved import imports

TITLE = re.compile(r"^# (.*)")
SECTION = re.compile(r"^## .*", re.MULTILINE)
INTRODUCTION = """\
For each exercise: what it asks, one solution, why that is right, and the common mistakes with the
points that they earn. Other solutions earn full marks as well. Run the cells from top to bottom to
have all functions at hand."""
FUNCTION = re.compile(r"\\(?:ln|log|exp|sin|cos|tan|tanh)(?![a-zA-Z])(?!\s*[(^_])")
# Outside of code, what Markdown would read as more than the character itself.
MARKUP = re.compile(r"`[^`]*`|[\\*_<>$~\[\]|#&]")


def handout(
    course: Course, assignment: Assignment, wanted: Mapping[str, Values]
) -> dict[Path, bytes]:
    """The notebook and the page.

    Raises:
        CourseError: what the page is made with is not installed.
    """
    cells = list(_cells(assignment, wanted))
    title = cells[0]["source"][0].removeprefix("# ").strip()
    content = notebook(cells)
    folder = course.folder / "dist" / "solutions"
    return {
        folder / f"{assignment.name}.ipynb": content,
        folder / f"{assignment.name}.html": _page(title, content.decode()).encode(),
    }


# The notebook


def _cells(assignment: Assignment, wanted: Mapping[str, Values]) -> Iterator[Cell]:
    """In the order of the student notebook, and with those of its headings that have exercises."""
    cells = student_cells(assignment, wanted)
    title = TITLE.search("".join(cells[0]["source"])) if cells[0]["id"] == "lesson-01" else None
    name = title[1] if title else assignment.name
    yield markdown_cell("title", f"# {name}: solutions\n\n{INTRODUCTION}")
    yield code_cell("imports", "\n".join(_all_imports(assignment)))
    heading = None
    for cell in cells:
        name, _, role = cell["id"].partition("-")
        if name == "lesson" and cell["cell_type"] == "markdown":
            heading = ([heading, *SECTION.findall("".join(cell["source"]))])[-1]
        elif role == "prompt":
            if heading:
                yield markdown_cell(f"{name}-section", heading)
                heading = None
            yield cell
            yield from _answer(assignment, name)


def _answer(assignment: Assignment, name: str) -> Iterator[Cell]:
    if name in assignment.questions:
        question = assignment.questions[name]
        yield markdown_cell(f"{name}-model", f"#### A model answer\n\n{question.model_answer}")
        criteria = "\n".join(question.mark_scheme)
        yield markdown_cell(f"{name}-criteria", f"#### What earns points\n\n{criteria}")
        return
    reference = assignment.references[name]
    yield code_cell(name, reference.source(name))
    if reference.why:
        yield markdown_cell(f"{name}-why", f"#### Why it is right\n\n{reference.why}")
    if reference.mistakes:
        mistakes = "\n".join(_mistakes(reference, assignment.rubric[name]))
        yield markdown_cell(f"{name}-mistakes", f"#### Common mistakes\n\n{mistakes}")


def _all_imports(assignment: Assignment) -> list[str]:
    references = assignment.references.items()
    found = (line for name, r in references for line in imports(r, r.source(name)))
    return list(dict.fromkeys([*IMPORTS.values(), *found]))


def _mistakes(reference: Reference, points: Points) -> Iterator[str]:
    """Each sentence once, with the points of all mistakes that read it."""
    scores: dict[str, set[float]] = {}
    for mistake in reference.mistakes.values():
        scores.setdefault(mistake.sentence, set()).add(mistake.score)
    total = sum(points.values())
    for sentence, earned in scores.items():
        worths = " or ".join(f"{each:g}" for each in sorted(earned))
        worth = f"{worths} of {total:g} point{'s' * (total != 1)}"
        yield f"- **{worth}**: {_plain(sentence)}"


def _plain(sentence: str) -> str:
    """A sentence in Markdown, so that it reads as it does on a feedback page."""
    return MARKUP.sub(lambda m: m[0] if m[0].startswith("`") else f"\\{m[0]}", sentence)


# The page


def _page(title: str, content: str) -> str:
    nbconvert = _library("nbconvert")
    exporter = nbconvert.HTMLExporter(
        template_name="basic",  # the cells alone: whole pages of nbconvert's fetch scripts
        exclude_input_prompt=True,
        filters={"markdown2html": _markdown_to_html()},
    )
    parsed: nbformat.NotebookNode = nbformat.reads(content, as_version=4)  # type: ignore[no-untyped-call]
    cells, _ = exporter.from_notebook_node(parsed)
    shown = Markup(cells)  # noqa: S704 (the course's own, as HTML by nbconvert)
    template = environment().get_template("solutions.html")
    return template.render(title=title, cells=shown, colours=highlight.rules())


def _markdown_to_html() -> Callable[[str], str]:
    """nbconvert's own filter, but for formulas, which it leaves to a script from the network."""
    library = _library("nbconvert.filters.markdown_mistune")
    base, convert = library.IPythonRenderer, _library("latex2mathml.converter").convert

    class Renderer(base):  # type: ignore[misc, valid-type]
        def inline_math(self, body: str) -> str:
            return str(convert(_spaced(body)))

        def block_math(self, body: str) -> str:
            return str(convert(_spaced(body), display="block"))

    def to_html(source: str) -> str:
        renderer = Renderer(escape=False, exclude_anchor_links=True)
        return str(library.MarkdownWithMath(renderer=renderer).render(source))

    return to_html


def _spaced(formula: str) -> str:
    """As TeX sets it: a thin space between the name of a function and what is not in brackets."""
    return FUNCTION.sub(r"\g<0>\\,", formula)


def _library(name: str) -> Any:
    try:
        return import_module(name)
    except ImportError as error:
        package = name.partition(".")[0]
        raise CourseError(lacks(package, "solutions")) from error
