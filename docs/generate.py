"""Writes the reference pages from the code: `python docs/generate.py`, or `--check` to compare.

docs/reference/cli.md      from the commands, as click knows them
docs/reference/grading.md  from the JSON schema of `autograder/course/policy.py`
"""

from __future__ import annotations

import inspect
import json
import re
import sys
import textwrap
from collections.abc import Iterator, Sequence
from pathlib import Path
from typing import Any

import click

from autograder.cli import main as cli
from autograder.course.policy import Grading, Policy

FOLDER = Path(__file__).parent / "reference"
NOTE = "<!-- Made by `make docs` from the code. Do not edit. -->\n"
FORMATS = {"date-time": "time (ISO 8601, with offset)", "zoneinfo": "time zone"}
BOUNDS = {"exclusiveMinimum": "above", "minimum": "from", "maximum": "up to"}

CLI = """# Command line

What `autograder COMMAND --help` says, on one page. `-h` and `--help` work everywhere. Exit codes: 0
done, 1 a wrong call or configuration, 2 some submissions have no score through a fault on our side,
130 interrupted. Which environment variables hold tokens is told in [Your LMS](../lms.md).
"""
GRADING = """# `grading.yml`

The file lies in the course folder and says what counts. It is YAML 1.2; a key that is not in these
tables, or is there twice, is refused with one line that names it. A whole one is
[that of this project](../../grading.yml), which `make demo` uses.

```yaml
policy:                                 # optional, as everything in it
  cases: class
backprop:                               # an assignment, by the name of its folder
  grad_quadratic: {values: 2, ints: 1}  # an exercise: points of each check
questions:                              # optional: what a person marks
  backprop: {S1: 4}
```
"""


def pages() -> dict[Path, str]:
    """The text of each page."""
    return {
        FOLDER / "cli.md": NOTE + CLI + "".join(_commands()),
        FOLDER / "grading.md": NOTE + GRADING + "".join(_grading()),
    }


# The command line


def _commands() -> Iterator[str]:
    context = click.Context(cli, info_name="autograder", **cli.context_settings)
    yield from _command(cli, context)
    for name in cli.list_commands(context):
        command = cli.commands[name]
        yield from _command(command, click.Context(command, info_name=name, parent=context))


def _command(command: click.Command, context: click.Context) -> Iterator[str]:
    usage = " ".join([context.command_path, *command.collect_usage_pieces(context)])
    yield f"\n## {context.command_path}\n\n```\n{usage}\n```\n\n"
    yield "\n\n".join(_paragraphs(command.help or "")) + "\n"
    options = [p for p in command.get_params(context) if isinstance(p, click.Option)]
    rows = [_option(option, context) for option in options if not option.hidden]
    yield _table(("option", "meaning", "default"), rows)


def _paragraphs(text: str) -> Iterator[str]:
    """As Markdown: what click is told to leave as it is becomes code."""
    for paragraph in re.split(r"\n\s*\n", inspect.cleandoc(text)):
        lines = paragraph.splitlines()
        if lines[0].strip() != "\b":
            yield " ".join(line.strip() for line in lines)
        else:
            kept = lines[2:] if lines[1] == "Examples:" else lines[1:]
            yield "```\n" + textwrap.dedent("\n".join(kept)) + "\n```"


def _option(option: click.Option, context: click.Context) -> tuple[str, str, str]:
    record = option.get_help_record(context)
    assert record, option.name  # noqa: S101 (hidden ones are left out)
    about = (option.help or "").strip()
    if option.required:
        about = f"Required. {about}"
    default = option.get_default(context)
    shown = f"`{default}`" if option.show_default and default is not None else ""
    return f"`{record[0]}`", about, shown


# grading.yml


def _grading() -> Iterator[str]:
    keys = Grading.model_json_schema()["properties"]
    yield "\n## The file\n\n*names →* stands for one such value under each name.\n"
    rows = [("`policy`", "keys below", "", "The rules of the course.")]
    rows.append(("an assignment's name", _type(keys["rubrics"]), "", _about(keys["rubrics"])))
    rows.append(("`questions`", _type(keys["questions"]), "none", _about(keys["questions"])))
    yield _table(("key", "value", "default", "meaning"), rows)
    schema = Policy.model_json_schema()
    yield from _model("policy", schema, schema["$defs"])


def _model(path: str, model: dict[str, Any], definitions: dict[str, Any]) -> Iterator[str]:
    """A section for a model, and one for each model in it."""
    yield f"\n## `{path}`\n\n{_escape(model['description'])}\n"
    required = model.get("required", ())
    rows, inside = [], []
    for key, field in model["properties"].items():
        steps, name = _inside(field)
        if name:
            inside.append((f"{path}.{key}" + ".*" * steps, definitions[name]))
        default = "required" if key in required else _default(field)
        rows.append((f"`{key}`", _type(field), default, _about(field)))
    yield _table(("key", "value", "default", "meaning"), rows)
    for below, definition in inside:
        yield from _model(below, definition, definitions)


def _inside(field: dict[str, Any]) -> tuple[int, str]:
    """How many names lie between a key and the model in it, and that model's name."""
    if "$ref" in field:
        return 0, field["$ref"].rpartition("/")[2]
    for part in field.get("anyOf", ()):
        if (found := _inside(part))[1]:
            return found
    if isinstance(values := field.get("additionalProperties"), dict):
        steps, name = _inside(values)
        return steps + 1, name
    return 0, ""


def _type(field: dict[str, Any]) -> str:
    if "anyOf" in field:
        return " or ".join(_type(part) for part in field["anyOf"] if part.get("type") != "null")
    if "$ref" in field:
        return "keys below"
    if "enum" in field:
        return " or ".join(f"`{value}`" for value in field["enum"])
    if field["type"] == "object":
        values = field["additionalProperties"]
        return f"names → {_type(values)}"
    kind = {"number": "number", "integer": "whole number", "string": "text"}[field["type"]]
    kind = FORMATS.get(field.get("format", ""), kind)
    bounds = [f"{word} {field[name]:g}" for name, word in BOUNDS.items() if name in field]
    return ", ".join([kind, *bounds])


def _default(field: dict[str, Any]) -> str:
    default = field.get("default")
    if isinstance(default, dict):
        return "see below" if default else "none"
    return f"`{json.dumps(default)}`" if default not in (None, "") else "none"


def _about(field: dict[str, Any]) -> str:
    return " ".join(field["description"].split())


# Both


def _table(head: tuple[str, ...], rows: Sequence[tuple[str, ...]]) -> str:
    lines = [head, ("---",) * len(head), *rows]
    cells = ([_escape(cell).replace("|", r"\|") for cell in line] for line in lines)
    return "\n" + "".join(f"| {' | '.join(line)} |\n" for line in cells)


def _escape(text: str) -> str:
    """Text whose `<`, `*` and `_` outside of code are meant as they are."""
    parts = re.split(r"(`[^`]*`)", text)
    return "".join(p if p[:1] == "`" else re.sub(r"([<*_])", r"\\\1", p) for p in parts)


def main(check: bool) -> None:
    """Write what has changed, or end with exit code 1 if anything has."""
    made = pages()
    stale = [p for p, text in made.items() if not p.exists() or p.read_text("utf-8") != text]
    if check and stale:
        sys.exit(f"out of date: {', '.join(path.name for path in stale)}: run `make docs`")
    for path in stale:
        path.parent.mkdir(exist_ok=True)
        path.write_text(made[path], "utf-8")
    print(f"{len(made)} reference pages: {len(stale)} written, the others up to date")


if __name__ == "__main__":
    main(check="--check" in sys.argv)
