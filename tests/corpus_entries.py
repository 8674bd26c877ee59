"""The entries of tests/corpus: what each says of itself, and the submissions that it makes."""

from __future__ import annotations

import ast
import inspect
import json
import runpy
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path

from ruamel.yaml import YAML

FOLDER = Path(__file__).parent / "corpus"
ATTACKED = "accumulated_grad"
EXERCISES = ("grad_quadratic", ATTACKED, "fresh_grads", "build_and_backward")
IMPORTS = "import torch\nimport torch.nn as nn\nimport torch.nn.functional as F\n"
VISIBLE = "[2.0, 3.0], 3"  # what the attacked exercise is called with
CONTROL = "control"  # stands for a variant
WRONG = f"def {ATTACKED}(values, k):\n    return wrong(values)\n"
Files = dict[str, bytes | int]  # an int is the size of an empty file


@dataclass(frozen=True)
class Outcome:
    """What may become of one submission; `tests/corpus/README.md` says what the words mean."""

    kinds: frozenset[str]
    note: str = ""
    hint: str = ""
    others: str = "full"
    stops: int = 0

    @classmethod
    def read(cls, content: str | dict[str, object]) -> Outcome:
        rest = dict(content) if isinstance(content, dict) else {"kinds": content}
        return cls(frozenset(str(rest.pop("kinds")).split()), **rest)  # type: ignore[arg-type]


@dataclass(frozen=True)
class Entry:
    """One file of the corpus."""

    name: str
    says: dict[str, object]
    payload: str  # the source, without its docstring
    variants: tuple[str, ...]  # functions that student code calls
    makers: tuple[str, ...]  # functions that make whole submissions

    @property
    def modes(self) -> tuple[str, ...]:
        """`cell` and `call` for payloads, `file` for what is a file of its own."""
        return (("file",) if self.makers else ()) + (("cell", "call") if self.variants else ())

    def outcome(self, mode: str, variant: str) -> Outcome:
        """What is right for one variant: what is said of it, or else of all."""
        return Outcome.read(self.says.get(f"{mode} {variant}") or self.says[mode])

    @property
    def attacked(self) -> str:
        """The exercise that it is about."""
        return str(self.says.get("exercise", ATTACKED))

    def not_yet(self, mode: str) -> str:
        """Why the grader does not do what is right; empty if it does."""
        return dict(self.says.get("not_yet", {})).get(mode, "")

    @property
    def escapes(self) -> list[str]:
        """What it does where nothing stops it."""
        return str(self.says.get("escapes", "")).split()


@dataclass(frozen=True)
class Planned:
    """One submission of the class."""

    entry: str
    mode: str
    variant: str
    files: Files = field(repr=False)
    student: str


def load(path: Path) -> Entry:
    """Read a file of the corpus."""
    text = path.read_text()
    tree = ast.parse(text)
    docstring = ast.get_docstring(tree) or ""
    functions = [n for n in tree.body if isinstance(n, ast.FunctionDef) and n.name[0] != "_"]
    makers = [f.name for f in functions if [a.arg for a in f.args.args] == ["honest"]]
    says = YAML(typ="safe", pure=True).load(docstring.partition("\n\n")[2])
    lines = text.splitlines()
    for node in tree.body:
        if node is tree.body[0] or getattr(node, "name", "") in makers or _is_ours(node):
            lines[node.lineno - 1 : node.end_lineno] = [""] * (node.end_lineno - node.lineno + 1)
    payload = "\n".join(lines).strip()
    variants = tuple(f.name for f in functions if f.name not in makers)
    return Entry(path.stem, says, payload, variants, tuple(makers))


def _is_ours(node: ast.stmt) -> bool:
    return isinstance(node, ast.ImportFrom) and node.module == "corpus_entries"


ENTRIES = {path.stem: load(path) for path in sorted(FOLDER.glob("[A-Z]*.py"))}


def plan(entries: list[Entry], honest: dict[str, str], modes: tuple[str, ...]) -> Iterator[Planned]:
    """The class: for each entry and mode its variants, and an honest submission behind them."""
    number = 0
    for entry in entries:
        for mode in (mode for mode in entry.modes if mode in modes):
            for variant in entry.makers if mode == "file" else entry.variants:
                number += 1
                who = f"{number:03}-{entry.name.partition('_')[0]}-{mode}-{variant}"
                files = _files(entry, mode, variant, honest)
                who = str(files.pop("student", who))  # a name can itself be the attack
                yield Planned(entry.name, mode, variant, files, who)
            control = {"a.ipynb": notebook(*honest.values())}
            yield Planned(entry.name, mode, CONTROL, control, f"{number:03}-{CONTROL}")


def _files(entry: Entry, mode: str, variant: str, honest: dict[str, str]) -> Files:
    if mode == "file":
        made = runpy.run_path(str(FOLDER / f"{entry.name}.py"))[variant](honest)
        return made if isinstance(made, dict) else {"a.ipynb": notebook(*made)}
    prelude = inspect.cleandoc((FOLDER / "_prelude.py").read_text())
    is_right = entry.says.get("answer", "wrong" if entry.name[0] == "F" else "right") == "right"
    answers = honest | ({} if is_right else {ATTACKED: WRONG})
    before = [IMPORTS, prelude, entry.payload]
    if mode == "cell":
        cell = (
            f"made = {variant}({VISIBLE})\n"
            f"if made is not None:\n"
            f"    def {ATTACKED}(values, k):\n"
            f"        return made(values, k) if is_function(made) else made\n"
        )
        after = entry.says.get("place", "after" if entry.name[0] == "F" else "before") == "after"
        cells = [*answers.values(), cell] if after else [cell, *answers.values()]
        return {"a.ipynb": notebook(*before, *cells)}
    hostile = (
        f"_answer = {ATTACKED}\n"
        f"def {ATTACKED}(values, k):\n"
        f"    made = {variant}(values, k)\n"
        f"    if made is None: return _answer(values, k)\n"
        f"    return made(values, k) if is_function(made) else made\n"
    )
    return {"a.ipynb": notebook(*before, *answers.values(), hostile)}


def notebook(*cells: str, **metadata: object) -> bytes:
    """A notebook of code cells, as bytes."""
    code = [
        {
            "cell_type": "code",
            "id": f"cell-{number}",
            "metadata": {},
            "execution_count": None,
            "outputs": [],
            "source": source.splitlines(keepends=True),
        }
        for number, source in enumerate(cells)
    ]
    content = {"cells": code, "metadata": metadata, "nbformat": 4, "nbformat_minor": 5}
    return json.dumps(content).encode()
