"""`grading.yml`: the rubric (points by check), the questions and the policy, read and validated."""

from __future__ import annotations

import difflib
from collections.abc import Collection, Iterable
from pathlib import Path
from typing import Any, get_args

from pydantic import BaseModel, ValidationError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from ..errors import CourseError
from .policy import Grading, Points, Policy, Rubric

GRADING = "grading.yml"
KEYS = ("policy", "questions")  # of it, that are no assignment
MANY = 20  # names that a message still lists
A_TIME = "2026-11-01T12:00:00+01:00"
YAML_WORDS = {  # what the parser says of the usual slips, and what to do
    "mapping values are not": "is a colon missing in the lines above, or the indentation off?",
    "'\\t'": "a tab: indent with spaces",
    "expected ',' or": "a bracket is not closed before this line, or a text in it needs quotes",
    "<block end>": "it does not fit the lines above: an open quote, or the indentation?",
    "<stream end>": "a bracket is not closed",
    "end of stream": "a quote is not closed",
}


def read_grading(path: Path) -> Grading:
    """Read and validate the file.

    Raises:
        CourseError: names the file, the key, and what to write instead.
    """
    content = read_yaml(path)
    if not isinstance(content, dict) or not all(isinstance(key, str) for key in content):
        raise CourseError(f"{path}: expected a rubric for each assignment, by name")
    policy, questions = content.pop("policy", None) or {}, content.pop("questions", None) or {}
    try:
        rules = Policy.model_validate(policy)
    except ValidationError as error:
        raise CourseError(f"{path}: {_explain(error)}") from error
    _refuse_misspelt(path, content)
    rubrics = {name: _rubric(path, name, rubric) for name, rubric in content.items()}
    if rules.late:
        for assignment in (*rules.late.due, *rules.late.extensions):
            _refuse_unknown(f"{path}: policy.late", assignment, rubrics)
    _check_voids(path, rules, rubrics)
    return Grading(policy=rules, rubrics=rubrics, questions=_questions(path, questions, rubrics))


def _refuse_misspelt(path: Path, names: Collection[str]) -> None:
    """Refuse what is no assignment, and near one or a key of ours: it would be lost in silence."""
    known = [folder.name for folder in (path.parent / "assignments").glob("*/")]
    lacking = [*KEYS, *(name for name in known if name not in names)]
    for name in names:
        if name not in known:
            if close := difflib.get_close_matches(name, lacking, n=1, cutoff=0.8):
                raise CourseError(f"{path}: {name}: no such assignment: did you mean {close[0]!r}?")


def read_yaml(path: Path) -> Any:
    """The content of a YAML file, as plain data.

    Raises:
        CourseError: it cannot be read, is not valid YAML, or has the same key twice.
    """
    try:
        return YAML(typ="safe", pure=True).load(path.read_text(encoding="utf-8"))
    except DuplicateKeyError as error:
        raise CourseError(f"{path}: {_line(error)}the same key twice: keep one of them") from error
    except OSError as error:
        raise CourseError(f"{path}: {error.strerror}") from error
    except (YAMLError, ValueError, LookupError, TypeError, RecursionError) as error:
        raise CourseError(f"{path}: {_line(error)}not valid YAML: {_first(error)}") from error


def _check_voids(path: Path, rules: Policy, rubrics: dict[str, Rubric]) -> None:
    where = f"{path}: policy.void"
    for assignment, exercises in rules.void.items():
        _refuse_unknown(where, assignment, rubrics)
        for exercise, checks in exercises.items():
            known = rubrics[assignment]
            if exercise not in known:
                raise CourseError(
                    f"{where}.{assignment}: no exercise {exercise!r}{nearest(exercise, known)}"
                )
            for check in checks:
                if check not in known[exercise]:
                    hint = nearest(check, known[exercise])
                    raise CourseError(f"{where}.{assignment}.{exercise}: no check {check!r}{hint}")


def _rubric(path: Path, assignment: str, content: Any) -> Rubric:
    if not isinstance(content, dict) or not content:
        raise CourseError(f"{path}: {assignment}: expected exercises with their checks and points")
    return {
        str(exercise): _points(f"{path}: {assignment}.{exercise}", points, "checks", "values")
        for exercise, points in content.items()
    }


def _questions(path: Path, content: Any, rubrics: dict[str, Rubric]) -> dict[str, Points]:
    if not isinstance(content, dict):
        raise CourseError(f"{path}: questions: expected assignments with their questions")
    for assignment in content:
        _refuse_unknown(f"{path}: questions", assignment, rubrics)
    return {
        name: _points(f"{path}: questions.{name}", points, "questions", "S1")
        for name, points in content.items()
    }


def _refuse_unknown(where: str, assignment: Any, rubrics: dict[str, Rubric]) -> None:
    if assignment not in rubrics:
        hint = nearest(str(assignment), rubrics)
        raise CourseError(f"{where}: no assignment {assignment!r}{hint}")


def _points(where: str, content: Any, what: str, example: str) -> Points:
    """Points by name, as they stand in the file."""
    if not isinstance(content, dict) or not content:
        raise CourseError(f"{where}: expected {what} and points, as in {{{example}: 2}}")
    for name, value in content.items():
        if type(value) not in (int, float) or not 0 <= value < 1e6:
            slip = " (a colon after each name, and 0.5 for a half)" if value is None else ""
            raise CourseError(f"{where}.{name}: expected a number of points, got {value!r}{slip}")
    return {str(name): value for name, value in content.items()}


def nearest(name: str, names: Iterable[str]) -> str:
    """`: did you mean 'x'?`, or the list of what there is."""
    known = list(names)
    close = difflib.get_close_matches(name, known, n=1)
    if close:
        return f": did you mean {close[0]!r}?"
    more = f" and {len(known) - MANY} more" if len(known) > MANY else ""
    return f": there are {', '.join(known[:MANY])}{more}" if known else ""


def _explain(error: ValidationError) -> str:
    first = error.errors()[0]
    *above, key = ("policy", *(str(step) for step in first["loc"]))
    where = ".".join([*above, key])
    if key == "[key]":  # YAML takes an id for a number, which has no 0 in front
        return f"{'.'.join(above)}: {first['input']!r} is no text: put quotes around it"
    if first["type"] == "model_type":
        return f"{where}: expected keys and their values, got {first['input']!r}"
    if "datetime" in first["type"] or first["type"] == "timezone_aware":
        got = str(first["input"])
        return f"{where}: expected a time and its offset from UTC, as {A_TIME}, got {got!r}"
    if first["type"] in ("rate", "missing"):  # what came is a whole section
        return f"{where}: {first['msg'].lower()}"
    if first["type"] != "extra_forbidden":
        return f"{where}: {first['msg'].lower()}, got {first['input']!r}"
    model: Any = Policy
    for step in above[1:]:
        if model is not None and step in model.model_fields:  # else a key of a mapping
            model = _model(model.model_fields[step].annotation)
    return f"{where}: unknown key{nearest(key, model.model_fields if model else ())}"


def _model(annotation: Any) -> Any:
    """The model in a type such as `Model | None` or `dict[str, Model]`; None if there is none."""
    if isinstance(annotation, type) and issubclass(annotation, BaseModel):
        return annotation
    return next(filter(None, map(_model, get_args(annotation))), None)


def _line(error: Exception) -> str:
    mark = error.problem_mark if isinstance(error, MarkedYAMLError) else None
    return f"line {mark.line + 1}: " if mark else ""


def _first(error: Exception) -> str:
    words = str(getattr(error, "problem", None) or error).splitlines()[0]
    return next((ours for theirs, ours in YAML_WORDS.items() if theirs in words), words)
