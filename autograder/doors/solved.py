"""A skeleton with its solution inside, between the marks that nbgrader and otter take out."""

from __future__ import annotations

import ast
import textwrap
from collections.abc import Iterator

from ..reference import Reference

BEGIN, END = "# BEGIN SOLUTION", "# END SOLUTION"

Function = ast.FunctionDef | ast.AsyncFunctionDef


def solved(reference: Reference) -> str:
    """Source of the skeleton, with the solution's body before the `raise` of each function.

    Taking out what is between the marks leaves the skeleton. A value, such as a dict of `...`, or a
    function whose solution has other parameters, cannot be filled in: there the solution follows
    the skeleton, and replaces it when the cell is run.
    """
    name, skeleton = reference.exercise.name, reference.exercise.skeleton
    solution = reference.source(name)
    pairs = list(_pairs(ast.parse(skeleton).body[0], ast.parse(solution).body[0]))
    if not pairs:
        return "\n".join([skeleton, BEGIN, *_above(reference, solution), solution, END])
    lines = skeleton.splitlines()
    for unfinished, finished in reversed(pairs):
        last = unfinished.body[-1]
        body = _body(finished, solution)
        filled = [BEGIN, *_above(reference, body), *body.splitlines(), END]
        indent = " " * last.col_offset
        lines[last.lineno - 1 : last.lineno - 1] = [
            f"{indent}{line}" if line else "" for line in filled
        ]
    return "\n".join(lines)


def _pairs(skeleton: ast.stmt, solution: ast.stmt) -> Iterator[tuple[Function, Function]]:
    """The functions to fill in, each with the one that it is filled from; none if they differ."""
    unfinished, finished = _functions(skeleton), _functions(solution)
    if (
        [_signature(f) for f in unfinished] == [_signature(f) for f in finished]
        and all(isinstance(f.body[-1], ast.Raise) for f in unfinished)
        and all(f.body[0].lineno > f.lineno for f in finished)
    ):
        yield from zip(unfinished, finished, strict=True)


def _functions(statement: ast.stmt) -> list[Function]:
    inside = statement.body if isinstance(statement, ast.ClassDef) else [statement]
    return [s for s in inside if isinstance(s, (ast.FunctionDef, ast.AsyncFunctionDef))]


def _signature(function: Function) -> tuple[str, ...]:
    decorators = map(ast.unparse, function.decorator_list)
    return function.name, ast.unparse(function.args), *decorators


def _body(function: Function, text: str) -> str:
    """A function's statements as written, ending in `return` unless they never get there."""
    statements = function.body[1:] if ast.get_docstring(function) else function.body
    lines = text.splitlines()
    start = statements[0].lineno - 1
    while lines[start - 1].lstrip().startswith("#"):
        start -= 1
    body = textwrap.dedent("\n".join(lines[start : function.end_lineno]))
    return body if isinstance(statements[-1], (ast.Return, ast.Raise)) else f"{body}\nreturn"


def _above(reference: Reference, source: str) -> list[str]:
    """The lines to put above a piece of the solution."""
    found = imports(reference, source)
    return [*found, ""] if found else []


def imports(reference: Reference, source: str) -> list[str]:
    """What the solution needs of the reference file's imports; notebooks have torch already."""
    used = {n.id for n in ast.walk(ast.parse(textwrap.dedent(source))) if isinstance(n, ast.Name)}
    found = []
    for statement in ast.parse(reference.text).body:
        if isinstance(statement, (ast.Import, ast.ImportFrom)):
            names = [a for a in statement.names if (a.asname or a.name).split(".")[0] in used]
            statement.names = names
            if names and ast.unparse(statement) != "import torch":
                found.append(ast.unparse(statement))
    return found
