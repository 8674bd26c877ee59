"""What `grading.yml` may say, key by key: docs/reference/grading.md is made of these words."""

from __future__ import annotations

from typing import Literal, Self
from zoneinfo import ZoneInfo

from pydantic import AwareDatetime, BaseModel, ConfigDict, Field, model_validator
from pydantic_core import PydanticCustomError

Points = dict[str, float]  # by check
Rubric = dict[str, Points]  # by exercise, in the order of the report


class _Strict(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, use_attribute_docstrings=True)


class Limits(_Strict):
    """What one submission may use; seconds are wall-clock."""

    cell_seconds: float = Field(default=20, gt=0)
    """Seconds for one notebook cell; then it is interrupted, and the next one runs."""
    notebook_seconds: float = Field(default=60, gt=0)
    """Seconds for all cells of one notebook; of those left over, only definitions are run."""
    exercise_seconds: float = Field(default=10, gt=0)
    """Seconds for all hidden cases of one exercise together, and as many for its visible case."""
    submission_seconds: float = Field(default=300, gt=0)
    """Seconds for everything, fresh starts after a crash or a time-out included."""
    memory_mb: int = Field(default=1024, ge=64)
    """Megabytes, beyond what torch itself takes."""


class ToleranceLimits(_Strict):
    """|error| <= absolute + relative x largest wanted entry."""

    absolute: float = Field(default=1e-6, ge=0)
    """The part that does not depend on the size of the values."""
    relative: float = Field(default=1e-4, ge=0)
    """The part that is multiplied by the largest wanted entry of the tensor."""


class LatePolicy(_Strict):
    """What late work loses, in percent of the points possible; times are ISO 8601.

    Leave it out where the LMS takes the points away itself: twice would be unfair.
    """

    due: dict[str, AwareDatetime]
    """By assignment: when it is due, with its offset from UTC."""
    extensions: dict[str, dict[str, AwareDatetime]] = {}
    """By assignment and student id: when it is due for them."""
    grace_minutes: float = Field(default=0, ge=0)
    """Minutes after the due time that cost nothing; who is later pays from the due time on."""
    percent_per_day: float | None = Field(default=None, gt=0, le=100)
    """Percent for each day begun. Either this or `percent_per_hour`."""
    percent_per_hour: float | None = Field(default=None, gt=0, le=100)
    """Percent for each hour begun."""
    cap_percent: float = Field(default=100, gt=0, le=100)
    """The most percent that lateness can cost."""
    timezone: ZoneInfo | None = None
    """Name of a time zone, as in `Europe/Zurich`, for downloads whose times name none; without
    it, the offset of `due` counts."""

    @model_validator(mode="after")
    def _one_rate(self) -> Self:
        if len(self.rate) != 1:
            raise PydanticCustomError("rate", "Expected either percent_per_day or percent_per_hour")
        return self

    @model_validator(mode="after")
    def _later(self) -> Self:
        for assignment, extensions in self.extensions.items():
            for student, until in extensions.items():
                if assignment in self.due and until < self.due[assignment]:
                    raise PydanticCustomError(
                        "rate",
                        "The extension of {student} for {assignment} ends before it is due",
                        {"student": student, "assignment": assignment},
                    )
        return self

    @property
    def rate(self) -> dict[str, float]:
        """The percent, by the name of its key."""
        both = {n: getattr(self, n) for n in ("percent_per_day", "percent_per_hour")}
        return {name: percent for name, percent in both.items() if percent is not None}


class Void(_Strict):
    """A check that turned out to be faulty, for everyone."""

    credit: Literal["full", "none"]
    """`full`: everyone whose submission could be read has its points; `none`: they are not part of
    the total any more."""
    reason: str = Field(min_length=1)
    """Why, in a sentence: students read it on their page."""


class Numbered(_Strict):
    """An assignment as an LMS knows it."""

    id: int
    """Its number there."""
    title: str
    """Its title there, which is held against what the LMS says of that number."""


class CanvasPlace(_Strict):
    """A course on Canvas."""

    url: str
    """Address of the site, as in `https://canvas.school.example`."""
    course: int
    """Number of the course, as in the address of its pages."""
    assignments: dict[str, Numbered]
    """By our name of the assignment."""


class MoodlePlace(CanvasPlace):
    """A course on Moodle; an assignment's number is `id` in mod_assign_get_assignments."""


class LtiPlace(_Strict):
    """A course on any platform with LTI 1.3, as its registration and a launch tell."""

    token_url: str
    """Address where the platform grants tokens."""
    client_id: str
    """Our id there, given at registration."""
    key_id: str
    """Id of our public key, as the platform knows it."""
    lineitems: str
    """Address of the line items, in the launch's claim about AGS."""
    members: str = ""
    """Address of the member list, in the launch's claim about NRPS: says who is enrolled."""
    audience: str = ""
    """Audience of the token request; empty: `token_url`."""
    titles: dict[str, str] = {}
    """Titles of line items, by assignment; else they are called as the assignment."""


class Lms(_Strict):
    """Where `autograder upload` sends scores."""

    canvas: CanvasPlace | None = None
    """For `--to canvas`."""
    moodle: MoodlePlace | None = None
    """For `--to moodle`."""
    lti: LtiPlace | None = None
    """For `--to lti`."""


class Policy(_Strict):
    """The rules of the course."""

    cases: Literal["class", "student"] = "class"
    """Whether hidden cases are drawn once for the class, or for each student."""
    limits: Limits = Limits()
    """What one submission may use."""
    tolerance: ToleranceLimits = ToleranceLimits()
    """How far a number may be from the wanted one."""
    late: LatePolicy | None = None
    """What late work loses; without it, nothing."""
    void: dict[str, dict[str, dict[str, Void]]] = {}
    """Faulty checks, by assignment, exercise and check."""
    lms: Lms | None = None
    """Where scores can be uploaded to."""


class Grading(_Strict):
    """The whole of `grading.yml`."""

    policy: Policy
    """The rules of the course."""
    rubrics: dict[str, Rubric]
    """By assignment and exercise, in the order of the report: points of each check, from 0 on."""
    questions: dict[str, Points]
    """By assignment: points of each question that a person marks, from 0 on."""
