"""Running cells as Jupyter does, by IPython's own shell, without what grading cannot give.

Magics, top-level await and the last expression's display work. Shell commands, `%pip` and `input()`
are refused with a note and the cell goes on where it can. A cell that fails, or runs too long, is
stopped; the functions, classes and imports further down in it are still defined.
"""

from __future__ import annotations

import ast
import builtins
import contextlib
import itertools
import linecache
import sys
from pathlib import Path
from types import CodeType, FrameType
from typing import Any, NoReturn

from IPython.core.compilerop import CachingCompiler
from IPython.core.displayhook import DisplayHook
from IPython.core.error import UsageError
from IPython.core.interactiveshell import InteractiveShell
from IPython.utils.text import SList
from traitlets import Type
from traitlets.config import Config

from ..observation import CELL, describe, explained
from ..plural import counted
from .limit import time_limit
from .outputs import Printed, close_figures, figures, screen
from .released import (
    IMPORTS,
    idle_cells,
    imports_of,
    known_cells,
    released_cells,
    source_of,
)

REFUSED_MAGICS = {"pip", "conda", "mamba", "micromamba", "uv", "sx", "system", "sc", "alias"}
REFUSED_CELL_MAGICS = {
    "bash",
    "sh",
    "script",
    "cmd",
    "perl",
    "ruby",
    "python2",
    "pypy",
    "system",
    "sx",
}
SKIPPED_MAGICS = {"matplotlib", "pylab", "gui", "load_ext", "reload_ext", "autoreload", "config"}
MAX_NOTES = 20  # for one cell


class CellTimeout(BaseException):
    """Raised inside a cell whose time is up; not an `Exception`, so that few cells catch it."""


class _Compiler(CachingCompiler):
    """Compiles under file names that tell the cell's number."""

    cell = 0

    def get_code_name(self, raw_code: str, transformed_code: str, number: int) -> str:
        return CELL.format(self.cell)


class _DisplayHook(DisplayHook):
    """Prints the value of a last expression, and no prompt: nobody types here."""

    source = ""  # of the cell that runs, as Python

    def write_output_prompt(self) -> None:
        """None."""

    def quiet(self) -> bool:
        """Whether a semicolon says so; IPython would look for it in the history."""
        return bool(self.semicolon_at_end_of_expression(self.source))  # type: ignore[no-untyped-call]


class NotebookShell(InteractiveShell):
    """IPython's shell for one notebook, silent, and without a way out of the process."""

    displayhook_class = Type(_DisplayHook)

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)  # type: ignore[no-untyped-call]
        self.notes: list[str] = []
        self.builtin_names = frozenset(self.user_ns)
        self.released = set[str]()  # sources of cells of ours: nobody reads what they show
        self.known: dict[str, CodeType] = {}  # by source: such cells, ready to be run
        self.printed = Printed()
        self.screen = screen(self.printed)  # what a worker puts in the place of its stdout
        self.text, self.figures = "", list[bytes]()  # what the last cell showed

    def run(self, number: int, source: str, seconds: float) -> tuple[list[str], bool]:
        """Run cell `number`: notes on what went wrong in it, and whether its time ran out."""
        self.notes, self.text, self.figures, self.left_out = [], "", [], 0
        self.compile.cell = number  # type: ignore[attr-defined]  # it is our _Compiler
        error: BaseException | None = None
        try:
            with time_limit(seconds, _time_is_up):
                if source.strip() in self.released:
                    error = self._run_known(source)
                else:
                    error = self._run_shown(source)
        except CellTimeout as late:
            error = late
        close_figures()
        if error is not None:
            self._explain(number, error, seconds)
            self._define_the_rest(number, error)
        return self.notes[:MAX_NOTES], isinstance(error, CellTimeout)

    def _run_known(self, source: str) -> BaseException | None:
        """Run one of our own cells, which the student left as it was: from code if that is ready.

        Returns what it raised.
        """
        if code := self.known.get(source.strip()):
            try:
                exec(code, self.user_ns)  # noqa: S102 (our own notebook's)
            except CellTimeout:
                raise
            except BaseException:  # the student has redefined what it needs: let IPython see where
                return self._run(source)
            return None
        return self._run(source)

    def _run(self, source: str) -> BaseException | None:
        result = self.run_cell(source, store_history=False)  # type: ignore[no-untyped-call]
        error: BaseException | None = result.error_before_exec or result.error_in_exec
        return error

    def _run_shown(self, source: str) -> BaseException | None:
        """Run a cell of the student's own, and keep what it shows; returns what it raised."""
        self.printed.clear()
        try:
            error = self._run(source)
        finally:
            self.text = self.printed.text()
        if not isinstance(error, CellTimeout):  # no time is left to draw
            # Drawing runs code of theirs: whatever that raises, lateness too, leaves them without.
            with contextlib.suppress(BaseException):
                self.figures, self.left_out = figures()
        return error

    def transform_cell(self, raw_cell: str) -> str:
        """As IPython does, but with the empty lines at the top: line numbers are the notebook's."""
        lines = raw_cell.splitlines(True)
        empty = len(list(itertools.takewhile(str.isspace, lines)))
        try:
            code: str = super().transform_cell(raw_cell)  # type: ignore[no-untyped-call]
        except SyntaxError as error:  # of its tokenizer, which knows no cell
            name = CELL.format(self.compile.cell)  # type: ignore[attr-defined]
            linecache.cache.setdefault(name, (len(raw_cell), None, lines, name))  # a magic's has
            error.filename, error.lineno = name, (error.lineno or 1) + empty
            raise
        self.displayhook.source = code  # type: ignore[attr-defined]  # it is our _DisplayHook
        return "\n" * empty + code

    def define(self, number: int, source: str, seconds: float) -> list[str]:
        """Only the definitions of cell `number`, for when there is no time left for the rest."""
        self.notes = []
        name = CELL.format(number)
        try:
            with time_limit(seconds, _time_is_up):
                lines = self.transform_cell(source).splitlines(True)
                linecache.cache[name] = (len(source), None, lines, name)
                self._define_after(number, 0)
        except (CellTimeout, SyntaxError, ValueError) as error:
            self._explain(number, error, seconds)
        return self.notes[:MAX_NOTES]

    def defined(self) -> list[str]:
        """The names of what the notebook defined."""
        names = (name for name in self.user_ns if name not in self.builtin_names)
        return [name for name in names if not name.startswith("_")]

    def _explain(self, number: int, error: BaseException, seconds: float) -> None:
        if isinstance(error, CellTimeout):
            self.notes.append(f"stopped after {counted(seconds, 'second')}")
            return
        seen = explained(describe(error))
        cell = "" if seen.cell == number else f" cell {seen.cell},"  # a function of another cell
        where = f" in{cell} line {seen.line} ({seen.source})" if seen.line and seen.source else ""
        self.notes.append(f"{seen.type}: {seen.message}{where}")

    def _define_the_rest(self, number: int, error: BaseException) -> None:
        """After a failure, still run the definitions further down: students are graded by them."""
        step, name = error.__traceback__, CELL.format(number)
        while step is not None and step.tb_frame.f_code.co_filename != name:
            step = step.tb_next
        if step is not None:  # the cell's own line, whatever that called; else nothing of it ran
            self._define_after(number, step.tb_lineno)

    def _define_after(self, number: int, line: int) -> None:
        name = CELL.format(number)
        tree = ast.parse("".join(linecache.getlines(name)))
        for node in tree.body:
            if _defines(node) and node.lineno > line:
                try:
                    code = compile(ast.Module([node], []), name, "exec")
                    with self.builtin_trap:
                        exec(code, self.user_ns)  # noqa: S102 (the student's own code)
                except Exception as also:
                    self._explain(number, also, 0)

    # What grading cannot give

    def system(self, cmd: str) -> None:
        """`!command`: refused."""
        self._refuse(f"!{cmd}")

    system_piped = system_raw = system

    def getoutput(self, cmd: str, split: bool = True, depth: int = 0) -> Any:
        """`x = !command`: refused, and empty."""
        self._refuse(f"!{cmd}")
        return SList([]) if split else ""

    def run_line_magic(self, magic_name: str, line: str, _stack_depth: int = 1) -> Any:
        """Line magics run, but for those that need a shell, a screen or an extension."""
        if magic_name in REFUSED_MAGICS:
            return self._refuse(f"%{magic_name}")
        if magic_name in SKIPPED_MAGICS:
            return None
        try:
            return super().run_line_magic(magic_name, line, _stack_depth + 1)
        except UsageError as error:
            return self._refuse(f"%{magic_name}", str(error))

    def run_cell_magic(self, magic_name: str, line: str, cell: str) -> Any:
        """Cell magics run, but for those that need a shell."""
        if magic_name in REFUSED_CELL_MAGICS:
            return self._refuse(f"%%{magic_name}")
        try:
            return super().run_cell_magic(magic_name, line, cell)  # type: ignore[no-untyped-call]
        except UsageError as error:
            return self._refuse(f"%%{magic_name}", str(error))

    def _refuse(self, what: str, why: str = "is not available while grading") -> None:
        self.notes.append(f"{what[:80]}: {why[:200]}; skipped")

    def ask_exit(self) -> None:
        """`exit()` and `quit()`: refused, as there is nothing to leave."""
        self._refuse("exit()")

    def _tee(self, channel: str) -> Any:
        """Keep nothing of what a cell prints: IPython would, as the student's own memory."""
        return contextlib.nullcontext()

    # Nobody watches: rendering a traceback would cost more than most cells.

    def showtraceback(self, *args: Any, **kwargs: Any) -> None:
        """Show nothing."""

    showsyntaxerror = showindentationerror = showtraceback


def _defines(node: ast.stmt) -> bool:
    """Whether students are graded by such a statement; a dict may be an answer, too."""
    kinds = (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef, *IMPORTS)
    return isinstance(node, kinds) or (
        isinstance(node, ast.Assign) and isinstance(node.value, ast.Dict)
    )


def new_shell(assignment: Path | None = None) -> NotebookShell:
    """The process's only shell, as in a kernel, after the imports of an assignment's notebook."""
    released = released_cells(assignment) if assignment else []
    idle = idle_cells(assignment) if assignment else {}
    config = Config()
    config.HistoryManager.enabled = False
    config.HistoryManager.hist_file = ":memory:"
    config.InteractiveShell.colors = "nocolor"
    config.InteractiveShell.banner1 = ""
    shell = NotebookShell.instance(config=config, compiler_class=_Compiler)
    sys.path.insert(0, "")  # a helper module beside the notebook can be imported
    builtins.input = _no_input
    shell.known = known_cells(released) | idle
    ours = {source_of(c).strip() for c in released if c["cell_type"] == "code"}
    shell.released = ours | idle.keys()
    for line in imports_of(released):
        with contextlib.suppress(ImportError):  # then a student's own fails, too, and is told
            exec(line, shell.user_ns)  # noqa: S102 (our own notebook's)
    shell.builtin_names = frozenset(shell.user_ns)
    return shell


def _no_input(prompt: object = "") -> NoReturn:
    raise EOFError("input() has no keyboard while grading")


def _time_is_up(number: int, frame: FrameType | None) -> NoReturn:
    raise CellTimeout
