"""Canvas, over its REST API: one PUT for a score with its comment, through `canvasapi`.

Formats: https://developerdocs.instructure.com/services/canvas
"""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from typing import Any

import requests
from canvasapi.assignment import Assignment  # type: ignore[import-untyped]
from canvasapi.course import Course  # type: ignore[import-untyped]
from canvasapi.exceptions import CanvasException  # type: ignore[import-untyped]
from canvasapi.requester import Requester  # type: ignore[import-untyped]
from canvasapi.submission import Submission  # type: ignore[import-untyped]
from canvasapi.upload import Uploader  # type: ignore[import-untyped]
from canvasapi.util import combine_kwargs  # type: ignore[import-untyped]

from ..course.policy import CanvasPlace
from ..errors import LmsError, OutcomeUnknown
from ..results.score import rounded
from .lms import Remote, Target, Writing, understood
from .transport import Session

ANONYMOUS = "anon_"  # before the id of a student whose user id is hidden
INCLUDE = ["submission_comments", "group"]


class Canvas:
    """One assignment of one Canvas course."""

    def __init__(self, place: CanvasPlace, assignment: int, token: str, session: Session) -> None:
        """`assignment` is Canvas's number of it."""
        self._place, self._url = place, place.url.rstrip("/")
        self._requester = _Requester(self._url, token, session)
        self._course = Course(self._requester, {"id": place.course})
        self._numbers = {"course_id": place.course, "assignment_id": assignment}
        self._assignment: Assignment | None = None

    @understood
    def target(self) -> Target:
        """Where the scores go."""
        found = self._found()
        if found.grading_type not in ("points", "percent", "letter_grade", "gpa_scale"):
            raise LmsError(f"{found.name}: Canvas grades it as {found.grading_type}, not in points")
        if getattr(found, "moderated_grading", False) and not getattr(found, "grades_published", 0):
            raise LmsError(f"{found.name}: moderated, and its grades are not published yet")
        by_hand = getattr(found, "post_manually", False)
        told = "see nothing before you post the grades" if by_hand else "see scores at once"
        return Target(
            platform="canvas",
            place=f"{self._url} course {self._place.course} assignment {found.id}",
            title=found.name,
            max_score=rounded(found.points_possible or 0),
            remarks=(f"students {told}",),
            comments_pile_up=True,
        )

    def _found(self) -> Assignment:
        with _told():
            if self._assignment is None:
                self._assignment = self._course.get_assignment(self._numbers["assignment_id"])
        return self._assignment

    @understood
    def read(self) -> dict[str, Remote]:
        """What it holds of everybody, by student id."""
        with _told():
            assignment = self._found()
            found = assignment.get_submissions(include=INCLUDE, per_page=100)
            remotes = [self._remote(submission) for submission in found]
        return {remote.student_id: remote for remote in remotes}

    @understood
    def read_one(self, student_id: str) -> Remote:
        """What it holds of one student now."""
        return self._remote(self._submission(student_id))

    def _remote(self, submission: Submission) -> Remote:
        hidden = getattr(submission, "anonymous_id", None)
        user = getattr(submission, "user_id", None)
        # What was entered, before Canvas's own late policy takes its share.
        score = submission.score
        entered = getattr(submission, "entered_score", None)
        entered = score if entered is None else entered
        taken = "" if score == entered else f"Canvas took {rounded(entered - score)} for lateness"
        group = getattr(submission, "group", None) or {}
        alone = getattr(self._found(), "grade_group_students_individually", False)
        return Remote(
            student_id=f"{ANONYMOUS}{hidden}" if user is None else str(user),
            score=None if entered is None else rounded(entered),
            excused=bool(getattr(submission, "excused", False)),
            uploads=frozenset(str(attachment.id) for attachment in submission.attachments),
            submitted_at=getattr(submission, "submitted_at", None) or "",
            group="" if alone else str(group.get("id") or ""),
            comments=tuple(
                c["comment"] or "" for c in getattr(submission, "submission_comments", ())
            ),
            remark=taken,
        )

    def _submission(self, student_id: str) -> Submission:
        options = combine_kwargs(include=INCLUDE)
        with _told():
            answer = self._requester.request("GET", self._path(student_id), _kwargs=options)
            return Submission(self._requester, answer.json() | self._numbers)

    def _path(self, student_id: str) -> str:
        kind, number = "submissions", student_id
        if student_id.startswith(ANONYMOUS):
            kind, number = "anonymous_submissions", student_id.removeprefix(ANONYMOUS)
        course, assignment = self._numbers.values()
        return f"courses/{course}/assignments/{assignment}/{kind}/{number}"

    @understood
    def write(self, writing: Writing, at: str) -> None:
        """Write a score, with its comment and file, in one PUT."""
        options: dict[str, Any] = {
            "submission": {"posted_grade": str(writing.score)},
            "prefer_points_over_scheme": True,
        }
        if writing.file and writing.student_id.startswith(ANONYMOUS):
            raise LmsError("Canvas takes no files for anonymous students: leave --feedback out")
        if writing.comment or writing.file:
            options["comment"] = {"text_comment": writing.signed_comment, "group_comment": True}
        with _told():
            if writing.file:
                options["comment"]["file_ids"] = [self._upload(writing)]
            path = self._path(writing.student_id)
            self._requester.request("PUT", path, _kwargs=combine_kwargs(**options)).json()

    def _upload(self, writing: Writing) -> int:
        url = f"{self._path(writing.student_id)}/comments/files"
        with open(str(writing.file), "rb") as file:
            done, answer = Uploader(self._requester, url, file, content_type="text/html").start()
        if not done:
            raise OutcomeUnknown(f"Canvas did not take the feedback file: {answer}")
        return int(answer["id"])

    @understood
    def tidy(self, writing: Writing) -> None:
        """Delete all but the first of our comments with the same mark."""
        found = self._submission(writing.student_id).submission_comments
        surplus = set[int]()
        for mark in writing.marks:
            ours = [comment for comment in found if mark in (comment["comment"] or "")]
            surplus |= {comment["id"] for comment in ours[1:]}
        for number in surplus:
            with _told():
                path = f"{self._path(writing.student_id)}/comments/{number}"
                self._requester.request("DELETE", path)


class _Requester(Requester):  # type: ignore[misc]
    """canvasapi's, on our session, and with the last step of an upload, which it leaves out."""

    def __init__(self, url: str, token: str, session: Session) -> None:
        super().__init__(url, token)
        self._session = session

    def _post_request(
        self, url: str, headers: dict[str, str], data: Any = None, json: Any = None
    ) -> requests.Response:
        answer: requests.Response = super()._post_request(url, headers, data, json)
        if "Authorization" not in headers and (confirm := answer.headers.get("Location")):
            ours = {"Authorization": f"Bearer {self.access_token}"}
            return self._session.get(confirm, headers=ours)
        return answer


@contextlib.contextmanager
def _told() -> Iterator[None]:
    """Canvas's refusals, as ours."""
    try:
        yield
    except CanvasException as error:
        raise LmsError(f"Canvas: {str(error)[:300]}") from error
    except requests.JSONDecodeError as error:
        raise OutcomeUnknown("Canvas's answer is not JSON") from error
