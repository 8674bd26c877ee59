"""Moodle, over its web services: a grade and a comment for one user at a time.

Reads are GETs, so that a plan writes nothing; their address holds the token and is shown nowhere.
Functions and fields: https://docs.moodle.org/dev/Web_service_API_functions (mod_assign).
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from datetime import UTC, datetime
from decimal import Decimal
from html import escape
from pathlib import Path
from typing import Any

import requests

from ..course.policy import MoodlePlace
from ..errors import LmsError, OutcomeUnknown
from ..results.score import rounded
from .lms import Remote, Target, Writing, understood
from .transport import Session

HTML = "1"  # Moodle's FORMAT_HTML


class Moodle:
    """One assignment activity of one Moodle course."""

    def __init__(self, place: MoodlePlace, assignment: int, token: str, session: Session) -> None:
        """`assignment` is the number of the activity: `id` in mod_assign_get_assignments."""
        self._url, self._course = place.url.rstrip("/"), place.course
        self._assignment, self._token, self._session = assignment, token, session
        self._users: dict[str, str] = {}  # Moodle's user ids, by the number in its downloads
        self._about: Mapping[str, Any] = {}
        self._graded: set[str] = set()  # users
        self._states: dict[str, str] = {}  # in the marking workflow, by user id

    @understood
    def target(self) -> Target:
        """Where the scores go."""
        answer = self._read("mod_assign_get_assignments", {"courseids[0]": self._course})
        found = [
            a for c in answer["courses"] for a in c["assignments"] if a["id"] == self._assignment
        ]
        if not found:
            raise LmsError(f"Moodle: no assignment {self._assignment} in course {self._course}")
        (about,) = found
        self._about = about
        if about["teamsubmission"]:
            raise LmsError(
                f"{about['name']}: handed in by teams, whose numbers are no student's: use the "
                "grading worksheet (export --to moodle)"
            )
        if about["grade"] <= 0:
            raise LmsError(f"{about['name']}: Moodle grades it by a scale, not in points")
        later = about.get("markingworkflow")
        told = "see nothing before you release the grades" if later else "see scores at once"
        return Target(
            platform="moodle",
            place=f"{self._url} course {self._course} assignment {self._assignment}",
            title=about["name"],
            max_score=rounded(about["grade"]),
            remarks=(f"students {told}", *_switched_off(about)),
        )

    @understood
    def read(self) -> dict[str, Remote]:
        """What it holds of everybody, by the number in Moodle's downloads."""
        which = {"assignmentids[0]": self._assignment}
        mapped = self._of_assignment(self._read("mod_assign_get_user_mappings", which))
        self._users = {str(m["id"]): str(m["userid"]) for m in mapped.get("mappings", ())}
        if self._about.get("markingworkflow"):
            flags = self._of_assignment(self._read("mod_assign_get_user_flags", which))
            rows = flags.get("userflags", ())
            self._states = {str(row["userid"]): row["workflowstate"] for row in rows}
        return self._remotes(which)

    def _remotes(self, which: Mapping[str, Any]) -> dict[str, Remote]:
        graded = self._of_assignment(self._read("mod_assign_get_grades", which))
        scores = _latest(graded.get("grades", ()))
        self._graded = {user for user, row in scores.items() if _score(row["grade"]) is not None}
        handed = self._of_assignment(self._read("mod_assign_get_submissions", which))
        times = _latest(handed.get("submissions", ()))
        return {
            number: Remote(
                student_id=number,
                score=_score(scores.get(user, {}).get("grade")),
                submitted_at=_when(times.get(user, {})),
            )
            for number, user in self._users.items()
        }

    def _of_assignment(self, answer: Mapping[str, Any]) -> Mapping[str, Any]:
        for one in answer["assignments"]:
            if one.get("assignmentid", one.get("id")) == self._assignment:
                return dict(one)
        return {}

    @understood
    def read_one(self, student_id: str) -> Remote:
        """What it holds of one student now."""
        which = {"assignmentids[0]": self._assignment}
        return self._remotes(which).get(student_id, Remote(student_id))

    @understood
    def write(self, writing: Writing, at: str) -> None:
        """Write a score, with its comment and file; earlier ones are replaced."""
        user = self._users[writing.student_id]
        fields = {
            "assignmentid": self._assignment,
            "applytoall": 0,
            "grades[0][userid]": user,
            "grades[0][grade]": str(writing.score),
            "grades[0][attemptnumber]": -1,
            "grades[0][addattempt]": 0,
            "grades[0][workflowstate]": self._states.get(user, ""),  # as it is
        }
        feedback = "grades[0][plugindata]"
        if "comments" in _taken(self._about):  # one that is not sent would be deleted
            text, kind = escape(writing.comment).replace("\n", "<br>\n"), HTML
            if not writing.comment:
                text, kind = self._comment_of(user)
            fields[f"{feedback}[assignfeedbackcomments_editor][text]"] = text
            fields[f"{feedback}[assignfeedbackcomments_editor][format]"] = kind
        if writing.file:
            fields[f"{feedback}[files_filemanager]"] = self._upload(writing)
        self._call("POST", "mod_assign_save_grades", fields)

    def _upload(self, writing: Writing) -> int:
        path = Path(str(writing.file))
        with open(path, "rb") as file:
            answer = self._session.post(
                f"{self._url}/webservice/upload.php",
                data={"token": self._token, "filearea": "draft", "itemid": 0},
                files={"file": (path.name, file, "text/html")},
            )
        content = _json("the upload of a file", answer)
        return int(content[0]["itemid"])

    def _comment_of(self, user: str) -> tuple[str, str]:
        """The comment that is there, and its format.

        Raises:
            LmsError: Moodle does not show it (before grades are released, say).
        """
        which = {"assignid": self._assignment, "userid": user}
        feedback = self._read("mod_assign_get_submission_status", which).get("feedback")
        if feedback is None and user in self._graded:
            raise LmsError(
                "Moodle hides the comment that is there, and would delete it: give --comment to "
                "replace it, or use the grading worksheet"
            )
        for plugin in (feedback or {}).get("plugins", ()):
            for field in plugin.get("editorfields", ()) if plugin["type"] == "comments" else ():
                return field["text"], str(field["format"])
        return "", HTML

    def tidy(self, writing: Writing) -> None:
        """Nothing piles up: a comment takes the place of the one before."""

    def _read(self, function: str, fields: Mapping[str, Any]) -> Any:
        return self._call("GET", function, fields)

    def _call(self, method: str, function: str, fields: Mapping[str, Any]) -> Any:
        common = {"wstoken": self._token, "wsfunction": function, "moodlewsrestformat": "json"}
        where = "params" if method == "GET" else "data"
        url = f"{self._url}/webservice/rest/server.php"
        answer = self._session.request(method, url, **{where: common | dict(fields)})
        return _json(function, answer)


def _json(asked: str, answer: requests.Response) -> Any:
    """What an answer holds. Moodle's errors come with status 200.

    Raises:
        LmsError: it is an error.
    """
    try:
        content = answer.json()
    except requests.JSONDecodeError as error:
        raise OutcomeUnknown(f"Moodle: {asked}: the answer is not JSON") from error
    if isinstance(content, dict) and ("exception" in content or "error" in content):
        said = content.get("message") or content.get("error")
        raise LmsError(f"Moodle: {asked}: {str(said)[:300]} ({content.get('errorcode', '')})")
    if answer.status_code >= 400:
        raise LmsError(f"Moodle: {asked}: answered {answer.status_code}")
    return content


def _taken(about: Mapping[str, Any]) -> set[str]:
    """The kinds of feedback that this assignment takes: comments, file."""
    return {
        config["plugin"]
        for config in about.get("configs", ())
        if (config["subtype"], config["name"]) == ("assignfeedback", "enabled")
        and config["value"] == "1"
    }


def _switched_off(about: Mapping[str, Any]) -> Iterator[str]:
    for plugin, what in {"comments": "--comment", "file": "--feedback"}.items():
        if plugin not in _taken(about):
            yield f"feedback {plugin} is switched off there: {what} would be lost"


def _latest(rows: Any) -> dict[str, dict[str, Any]]:
    """Each user's row of their last attempt."""
    found: dict[str, dict[str, Any]] = {}
    for row in sorted(rows, key=lambda row: row["attemptnumber"]):
        found[str(row["userid"])] = row
    return found


def _score(grade: str | None) -> Decimal | None:
    """Moodle has -1 for "not graded"."""
    if not grade or Decimal(grade) < 0:
        return None
    return rounded(float(grade))


def _when(submission: Mapping[str, Any]) -> str:
    """When the latest submission came in; an untouched draft counts for nothing."""
    if submission.get("status") != "submitted":
        return ""
    return datetime.fromtimestamp(submission["timemodified"], UTC).isoformat()
