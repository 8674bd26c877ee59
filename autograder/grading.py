"""`grading.yml`: the rubric (points by check), the questions and the policy, read and validated."""

from __future__ import annotations

import difflib
from collections.abc import Iterable
from pathlib import Path
from typing import Any, Literal, Self, get_args
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, ValidationError, model_validator
from pydantic_core import PydanticCustomError
from ruamel.yaml import YAML
from ruamel.yaml.constructor import DuplicateKeyError
from ruamel.yaml.error import MarkedYAMLError, YAMLError

from .errors import CourseError

GRADING = "grading.yml"
MANY = 20  # names that a message still lists
Points = dict[str, float]  # by check
Rubric = dict[str, Points]  # by exercise, in the order of the report


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Limits(_Strict):
    """What one submission may use; seconds are wall-clock."""

    cell_seconds: float = Field(default=20, gt=0)
    notebook_seconds: float = Field(default=60, gt=0)
    exercise_seconds: float = Field(default=10, gt=0)
    submission_seconds: float = Field(default=300, gt=0)
    memory_mb: int = Field(default=1024, ge=64)


class ToleranceLimits(_Strict):
    """|error| <= absolute + relative x largest wanted entry."""

    absolute: float = Field(default=1e-6, ge=0)
    relative: float = Field(default=1e-4, ge=0)


class LatePolicy(_Strict):
    """What late work loses, in percent of the points possible; times are ISO 8601.

    Leave it out where the LMS takes the points away itself: twice would be unfair.
    """

    due: dict[str, AwareDatetime]  # by assignment
    extensions: dict[str, dict[str, AwareDatetime]] = {}  # by assignment and student id
    grace_minutes: float = Field(default=0, ge=0)
    percent_per_day: float | None = Field(default=None, gt=0, le=100)  # for each one begun
    percent_per_hour: float | None = Field(default=None, gt=0, le=100)
    cap_percent: float = Field(default=100, gt=0, le=100)
    timezone: ZoneInfo | None = None  # of times in downloads that name none; default: that of due

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if len(self.rate) != 1:
            raise PydanticCustomError("rate", "Expected percent_per_day or percent_per_hour")
        return self

    @property
    def rate(self) -> dict[str, float]:
        """The percent, by the name of its key."""
        both = {n: getattr(self, n) for n in ("percent_per_day", "percent_per_hour")}
        return {name: percent for name, percent in both.items() if percent is not None}


class Void(_Strict):
    """A check that turned out to be faulty, for everyone."""

    credit: Literal["full", "none"]  # none: its points are not part of the total any more
    reason: str = Field(min_length=1)  # students read it


class Numbered(_Strict):
    """An assignment as an LMS knows it; the title is held against what it says of that number."""

    id: int
    title: str


class CanvasPlace(_Strict):
    """A course on Canvas."""

    url: str  # https://canvas.school.example
    course: int
    assignments: dict[str, Numbered]  # by ours


class MoodlePlace(CanvasPlace):
    """A course on Moodle; an assignment's number is `id` in mod_assign_get_assignments."""


class LtiPlace(_Strict):
    """A course on any platform with LTI 1.3, as its registration and a launch tell."""

    token_url: str
    client_id: str
    key_id: str  # of our public key, as the platform knows it
    lineitems: str  # an address, in the launch's claim about AGS
    members: str = ""  # an address, in the launch's claim about NRPS: says who is enrolled
    audience: str = ""  # of the token request; default: token_url
    titles: dict[str, str] = {}  # of line items, by assignment; default: its name


class Lms(_Strict):
    """Where scores can be uploaded to."""

    canvas: CanvasPlace | None = None
    moodle: MoodlePlace | None = None
    lti: LtiPlace | None = None


class Policy(_Strict):
    """The rules of the course."""

    cases: Literal["class", "student"] = "class"
    limits: Limits = Limits()
    tolerance: ToleranceLimits = ToleranceLimits()
    late: LatePolicy | None = None
    void: dict[str, dict[str, dict[str, Void]]] = {}  # by assignment, exercise and check
    lms: Lms | None = None


class Grading(_Strict):
    """The whole of `grading.yml`."""

    policy: Policy
    rubrics: dict[str, Rubric]  # by assignment
    questions: dict[str, Points]  # by assignment: points of what a person marks


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
    rubrics = {name: _rubric(path, name, rubric) for name, rubric in content.items()}
    if rules.late:
        for assignment in (*rules.late.due, *rules.late.extensions):
            _refuse_unknown(f"{path}: policy.late", assignment, rubrics)
    _check_voids(path, rules, rubrics)
    return Grading(policy=rules, rubrics=rubrics, questions=_questions(path, questions, rubrics))


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
            raise CourseError(f"{where}.{name}: expected a number of points, got {value!r}")
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
    if first["type"] == "model_type":
        return f"{where}: expected keys and their values, got {first['input']!r}"
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
    return str(getattr(error, "problem", None) or error).splitlines()[0]
