"""Mutants of every solution: whatever a slip could change must cost points.

    python tests/mutation.py [EXERCISE ...]      the report, in Markdown

A mutant is the solution with one thing changed. It must lose points on the cases of every pretend
student. One that does not is either equivalent, and then stands in `equivalent_mutants.yml` with
the reason, or a hole in the exercise's cases or checks.
"""

from __future__ import annotations

import ast
import contextlib
import copy
import io
import signal
import sys
import warnings
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from autograder.course.assignment import Assignment, tolerance
from autograder.course.course import find_course
from autograder.course.grading import read_yaml
from autograder.course.proof import NOTEBOOK
from autograder.errors import AutograderError
from autograder.judging.judge import Judge, Prepared
from autograder.model import Kind

EQUIVALENT = Path(__file__).with_name("equivalent_mutants.yml")
STUDENTS = ("one", "two")
SECONDS = 2.0  # of processor time for one answer on three cases; then it is stopped

OPERATORS = {
    **{ast.Add: [ast.Sub], ast.Sub: [ast.Add], ast.Mult: [ast.Div], ast.Div: [ast.Mult]},
    **{ast.Pow: [ast.Mult], ast.FloorDiv: [ast.Div], ast.MatMult: [ast.Mult]},
    **{ast.And: [ast.Or], ast.Or: [ast.And]},
    **{ast.Gt: [ast.GtE, ast.Lt], ast.Lt: [ast.LtE, ast.Gt]},
    **{ast.GtE: [ast.Gt, ast.Lt], ast.LtE: [ast.Lt, ast.Gt]},
    **{ast.Eq: [ast.NotEq], ast.NotEq: [ast.Eq], ast.Is: [ast.IsNot], ast.IsNot: [ast.Is]},
    **{ast.In: [ast.NotIn], ast.NotIn: [ast.In]},
}
NAMES = {  # functions and methods that are taken for one another
    **{"sum": ["mean"], "mean": ["sum"], "std": ["var"], "min": ["max"], "max": ["min"]},
    **{"all": ["any"], "any": ["all"], "sigmoid": ["tanh"], "tanh": ["sigmoid"]},
    **{"relu": ["sigmoid"], "ReLU": ["Sigmoid"], "softplus": ["relu"], "norm": ["sum"]},
    **{"zero_grad": ["train"], "step": ["zero_grad"], "zeros_like": ["ones_like"]},
    **{"binary_cross_entropy_with_logits": ["binary_cross_entropy", "mse_loss"]},
    **{"BCEWithLogitsLoss": ["BCELoss", "MSELoss"], "exp": ["log"], "abs": ["square"]},
    **{"split": ["chunk"], "flatten": ["squeeze"], "mul_": ["add_"], "grad": ["data"]},
}


@dataclass(frozen=True)
class Mutant:
    """One change of a solution: the statement before and after it, and the whole source."""

    label: str
    source: str


def mutants(source: str) -> Iterator[Mutant]:
    """Every mutant of a definition, no two alike."""
    original = ast.parse(source)
    known = {_line(original)}
    labels = set[str]()
    for index, node in enumerate(ast.walk(original)):
        for change in (*_changes(node), *_of_blocks(node)):
            tree = copy.deepcopy(original)
            target = list(ast.walk(tree))[index]
            new = change(target)
            if new is not target:
                _replace(tree, target, new)
            text = ast.unparse(ast.fix_missing_locations(tree))
            if (line := _line(tree)) in known:
                continue
            known.add(line)
            label = _label(_line(original), line)
            while label in labels:
                label += "'"
            labels.add(label)
            yield Mutant(label, text)


def _line(tree: ast.AST) -> str:
    return "; ".join(line.strip() for line in ast.unparse(tree).splitlines())


def _label(before: str, after: str) -> str:
    """What changed, with a little of what stands around it: `x.gr[ad.clone => ad](`."""
    start = _shared(before, after)
    rest = min(len(before), len(after)) - start
    end = _shared(before[::-1][:rest], after[::-1][:rest])
    old, new = (text[start : len(text) - end] for text in (before, after))
    around = before[max(0, start - 24) : start], before[len(before) - end :][:24]
    return f"{around[0]}[{old} => {new}]{around[1]}"


def _changes(node: ast.AST) -> Iterator[Any]:
    """Functions that turn a node (a copy of it) into another, or change it in place."""
    match node:
        case ast.BinOp() | ast.BoolOp():
            for other in OPERATORS.get(type(node.op), []):
                yield lambda n, other=other: _set(n, "op", other())
            if isinstance(node, ast.BinOp) and not isinstance(node.op, (ast.Add, ast.Mult)):
                yield lambda n: ast.BinOp(n.right, n.op, n.left)
            if isinstance(node.op, ast.MatMult):
                yield lambda n: _set(n, "left", ast.Attribute(n.left, "T", ast.Load()))
                yield lambda n: _set(n, "right", ast.Attribute(n.right, "T", ast.Load()))
            if isinstance(node, ast.BinOp):
                yield lambda n: n.left
                yield lambda n: n.right
            else:
                yield from ((lambda n, i=i: n.values[i]) for i in range(len(node.values)))
        case ast.UnaryOp():
            yield lambda n: n.operand
        case ast.Compare(ops=[operator]):
            for other in OPERATORS.get(type(operator), []):
                yield lambda n, other=other: _set(n, "ops", [other()])
        case ast.Constant(value=bool()):
            yield lambda n: ast.Constant(not n.value)
        case ast.Constant(value=int()):
            yield lambda n: ast.Constant(n.value + 1)
            yield lambda n: ast.Constant(n.value - 1)
        case ast.Constant(value=float()):
            yield lambda n: ast.Constant(2 * n.value)
            yield lambda n: ast.Constant(n.value + 1.0)
        case ast.Constant(value=str()):
            yield lambda n: ast.Constant(n.value + "_")
        case ast.Call():
            if isinstance(node.func, ast.Attribute):
                yield lambda n: n.func.value  # x.clone() -> x
            if node.args:
                yield lambda n: n.args[0]  # float(x) -> x
            for i in range(len(node.args)):
                yield lambda n, i=i: _set(n, "args", n.args[:i] + n.args[i + 1 :])
            for i in range(len(node.keywords)):
                yield lambda n, i=i: _set(n, "keywords", n.keywords[:i] + n.keywords[i + 1 :])
            if len(node.args) > 1:
                yield lambda n: _set(n, "args", [n.args[1], n.args[0], *n.args[2:]])
        case ast.IfExp():
            yield lambda n: n.body
            yield lambda n: n.orelse
            yield lambda n: ast.IfExp(n.test, n.orelse, n.body)
        case ast.Tuple(elts=[_, _, *_], ctx=ast.Load()):
            yield lambda n: _set(n, "elts", [n.elts[1], n.elts[0], *n.elts[2:]])
        case ast.Slice():
            yield lambda n: ast.Slice()
        case ast.comprehension(ifs=[_, *_]):
            yield lambda n: _set(n, "ifs", [])
        case ast.If():
            yield lambda n: _set(n, "test", ast.UnaryOp(ast.Not(), n.test))
            yield lambda n: _set(n, "test", ast.Constant(True))
            yield lambda n: _set(n, "test", ast.Constant(False))
        case ast.For() | ast.While():
            yield lambda n: _set(n, "body", [*n.body, ast.Break()])
        case ast.AugAssign():
            for other in OPERATORS.get(type(node.op), []):
                yield lambda n, other=other: _set(n, "op", other())
    if isinstance(node, ast.Attribute):
        for other in NAMES.get(node.attr, []):
            yield lambda n, other=other: _set(n, "attr", other)
        if node.attr in ("T", "mT", "data"):
            yield lambda n: n.value  # a transposition
    if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Load):
        for other in NAMES.get(node.id, []):
            yield lambda n, other=other: _set(n, "id", other)
        yield lambda n: ast.Call(ast.Attribute(n, "detach", ast.Load()), [], [])  # cuts the graph
        yield lambda n: ast.UnaryOp(ast.USub(), n)


def _of_blocks(node: ast.AST) -> Iterator[Any]:
    """Statements left out, or in another order."""
    for field in ("body", "orelse", "handlers"):
        block = getattr(node, field, None)
        if not isinstance(block, list) or field == "handlers":
            continue
        for i in range(len(block)):
            if not isinstance(block[i], (ast.Return, ast.Pass, ast.FunctionDef, ast.ClassDef)):
                yield lambda n, f=field, i=i: _edit(n, f, slice(i, i + 1), [ast.Pass()])
            if i and not isinstance(block[i], ast.Return):
                pair = slice(i - 1, i + 1)
                yield lambda n, f=field, p=pair: _edit(n, f, p, getattr(n, f)[p][::-1])


def _edit(node: Any, field: str, where: slice, new: list[ast.stmt]) -> Any:
    getattr(node, field)[where] = new
    return node


def _set(node: Any, field: str, value: Any) -> Any:
    setattr(node, field, value)
    return node


def _replace(tree: ast.AST, old: ast.AST, new: ast.AST) -> None:
    for parent in ast.walk(tree):
        for field, value in ast.iter_fields(parent):
            if value is old:
                setattr(parent, field, new)
            elif isinstance(value, list) and any(entry is old for entry in value):
                setattr(parent, field, [new if entry is old else entry for entry in value])


def _shared(a: str, b: str) -> int:
    """How many characters the beginnings have in common."""
    return next(
        (i for i, (x, y) in enumerate(zip(a, b, strict=False)) if x != y), min(len(a), len(b))
    )


@dataclass(frozen=True)
class Fate:
    """What became of a mutant: the checks that failed for every student, or "" if it lives."""

    mutant: Mutant
    killed_by: str


def fates(exercise: str, prepared: list[Prepared]) -> Iterator[Fate]:
    """Run every mutant of one exercise's solution."""
    reference = prepared[0].reference
    solution = reference.solution
    methods = (
        [m for m in vars(solution).values() if hasattr(m, "__func__")]
        if isinstance(solution, type)
        else []
    )
    home = getattr(solution, "__globals__", None) or (
        methods[0].__func__.__globals__ if methods else NOTEBOOK
    )
    for mutant in mutants(reference.source(exercise)):
        failed = [_failed(mutant, exercise, dict(home), ready) for ready in prepared]
        yield Fate(mutant, ", ".join(failed[0]) if all(failed) else "")


def _failed(
    mutant: Mutant, exercise: str, namespace: dict[str, Any], prepared: Prepared
) -> list[str]:
    def stop(*_: object) -> None:
        raise TimeoutError("a mutant without end")

    old = signal.signal(signal.SIGVTALRM, stop)
    signal.setitimer(signal.ITIMER_VIRTUAL, SECONDS, SECONDS)
    try:
        with warnings.catch_warnings(), contextlib.redirect_stdout(io.StringIO()):
            warnings.simplefilter("ignore")
            exec(mutant.source, namespace)
            seen = prepared.observe(namespace[exercise])
    except Exception as error:  # it cannot even be defined
        return [type(error).__name__]
    finally:
        signal.setitimer(signal.ITIMER_VIRTUAL, 0)
        signal.signal(signal.SIGVTALRM, old)
    return [v.check for v in prepared.verdicts(seen) if v.kind is not Kind.passed]


class Reasons:
    """Why mutants are equivalent, by exercise and what their labels contain."""

    def __init__(self) -> None:
        self.of: dict[str, dict[str, list[str]]] = read_yaml(EQUIVALENT)
        self.used: set[tuple[str, str]] = set()

    def find(self, exercise: str, mutant: Mutant) -> str:
        """The reason for one mutant; empty if there is none."""
        for where in (exercise, "everywhere"):
            for reason, texts in self.of.get(where, {}).items():
                for text in texts:
                    if text in mutant.label:
                        self.used.add((where, text))
                        return reason
        return ""

    def unused(self) -> set[tuple[str, str]]:
        """What explains nothing, and should go."""
        every = {(e, t) for e, reasons in self.of.items() for ts in reasons.values() for t in ts}
        return every - self.used


def of_assignment(ready: Assignment, only: Sequence[str] = ()) -> Iterator[tuple[str, list[Fate]]]:
    """The fates of all mutants, by exercise."""
    judge = Judge(ready.name, ready.references, tolerance(ready.policy), b"mutants", True)
    for exercise in (name for name in ready.references if name in only or not only):
        yield exercise, list(fates(exercise, [judge.prepare(exercise, s) for s in STUDENTS]))


def main(only: list[str]) -> int:
    """Print the report; returns how many mutants live without a reason, and reasons are unused."""
    course, reasons, unexplained = find_course(Path(__file__).parent), Reasons(), 0
    known = {exercise for rubric in course.grading.rubrics.values() for exercise in rubric}
    if unknown := [name for name in only if name not in known]:
        sys.exit(f"no exercise {unknown[0]!r} in {course.folder}")
    for name in course.grading.rubrics:
        for exercise, found in of_assignment(course.assignment(name), only):
            killed = sum(bool(fate.killed_by) for fate in found)
            print(f"\n## {exercise}: {killed} of {len(found)} mutants lose points\n")
            for fate in found:
                if fate.killed_by:
                    text = f"fails {fate.killed_by}"
                elif reason := reasons.find(exercise, fate.mutant):
                    text = f"equivalent: {reason}"
                else:
                    text, unexplained = "LIVES without a reason", unexplained + 1
                print(f"- `{fate.mutant.label}`: {text}")
    unused = set() if only else reasons.unused()
    for exercise, text in sorted(unused):
        print(f"\n- a reason of {exercise} explains no mutant: {text}")
    print(f"\n{unexplained} mutants live without a reason; {len(unused)} reasons explain no mutant")
    if unexplained:
        print(f"to do for each: a case or a check that sees it, or its reason in {EQUIVALENT.name}")
    return unexplained + len(unused)


if __name__ == "__main__":
    try:
        sys.exit(main(sys.argv[1:]) > 0)
    except AutograderError as error:  # a course at fault
        sys.exit(str(error))
