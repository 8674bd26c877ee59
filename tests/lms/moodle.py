"""A stand-in for Moodle: one course with one assignment, as its web services show it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any

from .serve import Answer, Request, Stub

TOKEN = "moodle-token-of-the-tests"
COURSE, ASSIGNMENT, COURSE_MODULE = 7, 9, 77
SERVICE = re.compile("/webservice/rest/server.php")
GRADE = re.compile(r"grades\[(\d+)\]\[([a-z]+)\](.*)")


@dataclass
class Participant:
    number: int  # as in downloads: unique to the assignment
    user: int
    grade: float | None = None
    comment: str = ""
    state: str = ""  # in the marking workflow
    files: dict[str, bytes] = field(default_factory=dict)
    submitted: int = 0  # seconds since 1970
    writes: int = 0


class Moodle(Stub):
    """Holds participants by user id. Errors come with status 200, as Moodle's do."""

    def __init__(self, participants: list[Participant], points: int = 10, **about: Any) -> None:
        super().__init__()
        self.participants = {one.user: one for one in participants}
        self.about = {
            "id": ASSIGNMENT,
            "cmid": COURSE_MODULE,
            "course": COURSE,
            "name": "Homework 3",
            "grade": points,
            "teamsubmission": 0,
            "markingworkflow": 0,
            "blindmarking": 0,
            "duedate": 1_700_000_000,
            "cutoffdate": 0,
            "configs": [
                {"plugin": p, "subtype": "assignfeedback", "name": "enabled", "value": "1"}
                for p in ("comments", "file")
            ],
        } | about
        self.hides_feedback = False
        self.drafts: dict[int, dict[str, bytes]] = {}
        for method in ("GET", "POST"):
            self.routes.append((method, SERVICE, self.service))
        self.routes.append(("POST", re.compile("/webservice/upload.php"), self.receive))

    def answer(self, request: Request) -> Answer:
        answer = super().answer(request)
        function = dict(request.fields()).get("wsfunction")
        if function:
            self.log[-1] = (request.method, function)
        return answer

    def service(self, request: Request) -> Answer:
        fields = request.fields()
        given = dict(fields)
        if given.get("wstoken") != TOKEN:
            return fault("invalidtoken", "Invalid token - token not found")
        handler = getattr(self, given.get("wsfunction", ""), None)
        if handler is None:
            return fault("accessexception", "Access control exception")
        if given.get("moodlewsrestformat") != "json":
            return Answer(content=b"<?xml version='1.0'?>")
        return handler(given)

    def core_course_get_user_administration_options(self, given: dict[str, str]) -> Answer:
        options = [{"name": "gradebook", "available": True}]
        return Answer(content={"courses": [{"id": COURSE, "options": options}], "warnings": []})

    def core_enrol_get_enrolled_users(self, given: dict[str, str]) -> Answer:
        rows = [{"id": user, "fullname": f"User {user}", "email": ""} for user in self.participants]
        return Answer(content=rows)

    def mod_assign_get_assignments(self, given: dict[str, str]) -> Answer:
        course = {"id": COURSE, "shortname": "DL", "fullname": "Deep learning"}
        return Answer(content={"courses": [course | {"assignments": [self.about]}], "warnings": []})

    def of_assignment(self, given: dict[str, str], key: str, rows: list[Any]) -> Answer:
        if str(ASSIGNMENT) not in [v for k, v in given.items() if k.startswith("assignmentids")]:
            return Answer(content={"assignments": [], "warnings": []})
        one = {"assignmentid": ASSIGNMENT, key: rows}
        return Answer(content={"assignments": [one], "warnings": []})

    def mod_assign_get_user_mappings(self, given: dict[str, str]) -> Answer:
        rows = [{"id": p.number, "userid": p.user} for p in self.participants.values()]
        return self.of_assignment(given, "mappings", rows)

    def mod_assign_get_grades(self, given: dict[str, str]) -> Answer:
        rows = [
            {
                "id": 500 + p.user,
                "userid": p.user,
                "attemptnumber": 0,
                "timemodified": 0,
                "grader": 2,
                "grade": f"{p.grade:.5f}",
            }
            for p in self.participants.values()
            if p.grade is not None
        ]
        return self.of_assignment(given, "grades", rows)

    def mod_assign_get_submissions(self, given: dict[str, str]) -> Answer:
        rows = [
            {
                "id": 600 + p.user,
                "userid": p.user,
                "attemptnumber": 0,
                "status": "submitted" if p.submitted else "new",
                "timemodified": p.submitted,
                "timecreated": p.submitted,
                "groupid": 0,
                "plugins": [],
                "gradingstatus": "graded" if p.grade is not None else "notgraded",
            }
            for p in self.participants.values()
        ]
        return self.of_assignment(given, "submissions", rows)

    def mod_assign_get_submission_status(self, given: dict[str, str]) -> Answer:
        one = self.participants[int(given["userid"])]
        submission = {"id": 600 + one.user, "userid": one.user, "status": "new", "plugins": []}
        status: dict[str, Any] = {"lastattempt": {"submission": submission}, "warnings": []}
        if (one.grade is not None or one.comment) and not self.hides_feedback:
            text = {"name": "comments", "description": "", "text": one.comment, "format": 1}
            plugin = {"type": "comments", "name": "Feedback comments", "editorfields": [text]}
            status["feedback"] = {"plugins": [plugin]}
        return Answer(content=status)

    def mod_assign_get_user_flags(self, given: dict[str, str]) -> Answer:
        rows = [{"userid": p.user, "workflowstate": p.state} for p in self.participants.values()]
        return self.of_assignment(given, "userflags", rows)

    def mod_assign_save_grade(self, given: dict[str, str]) -> Answer:
        """One grade, its fields not in a list."""
        names = ("userid", "grade", "attemptnumber", "addattempt", "workflowstate")
        listed = {f"grades[0][{name}]": given[name] for name in names if name in given}
        listed |= {
            f"grades[0][plugindata]{key.removeprefix('plugindata')}": value
            for key, value in given.items()
            if key.startswith("plugindata")
        }
        return self.mod_assign_save_grades(
            {k: given[k] for k in ("assignmentid", "applytoall")} | listed
        )

    def mod_assign_save_grades(self, given: dict[str, str]) -> Answer:
        rows: dict[str, dict[str, str]] = {}
        for name, value in given.items():
            if match := GRADE.fullmatch(name):
                rows.setdefault(match[1], {})[match[2] + match[3]] = value
        needed = {"userid", "grade", "attemptnumber", "addattempt", "workflowstate"}
        if given.get("assignmentid") != str(ASSIGNMENT) or "applytoall" not in given:
            return fault("invalidparameter", "Invalid parameter value detected")
        for row in rows.values():
            participant = self.participants.get(int(row["userid"]))
            if participant is None or needed - row.keys():
                return fault("invalidparameter", "Invalid parameter value detected")
            value = float(row["grade"])
            if value > self.about["grade"]:
                return fault("gradeoutofrange", "The grade is out of range")
            participant.grade = None if value < 0 else value
            participant.writes += 1
            participant.state = row["workflowstate"]  # as it comes, so empty is none
            # What is not sent is taken for an empty comment.
            participant.comment = row.get("plugindata[assignfeedbackcomments_editor][text]", "")
            if (draft := row.get("plugindata[files_filemanager]")) is not None:
                participant.files = self.drafts[int(draft)]
        return Answer(content=None)

    def receive(self, request: Request) -> Answer:
        if dict(request.fields()).get("token") != TOKEN:
            return Answer(content={"error": "Invalid token", "errorcode": "invalidtoken"})
        item = len(self.drafts) + 1
        files = {name: content for _, name, content in request.parts() if name is not None}
        self.drafts[item] = files
        listing = [{"itemid": item, "filename": name, "filearea": "draft"} for name in files]
        return Answer(content=listing)


def fault(code: str, message: str) -> Answer:
    return Answer(content={"exception": "moodle_exception", "errorcode": code, "message": message})
