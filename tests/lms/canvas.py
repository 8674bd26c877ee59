"""A stand-in for Canvas: one course with one assignment, as the REST API shows it."""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlencode

from .serve import Answer, Request, Stub

TOKEN = "7~canvas-token-of-the-tests"
COURSE, ASSIGNMENT, GRADER = 7, 2345, 99
HOME = rf"/api/v1/courses/{COURSE}/assignments/{ASSIGNMENT}"
USER = rf"{HOME}/submissions/(?P<user>\w+)"
HIDDEN = rf"{HOME}/anonymous_submissions/(?P<hidden>\w+)"


@dataclass
class Student:
    user: int
    score: float | None = None
    excused: bool = False
    attachments: list[int] = field(default_factory=list)
    comments: list[dict[str, Any]] = field(default_factory=list)
    group: int | None = None
    deducted: float = 0.0  # by Canvas's own late policy
    submitted_at: str | None = None
    hidden: str = ""  # anonymous id


class Canvas(Stub):
    """Holds students by user id; scores and comments change as on Canvas."""

    def __init__(self, students: list[Student], points: float = 10, **about: Any) -> None:
        super().__init__()
        self.students = {student.user: student for student in students}
        self.about = {
            "id": ASSIGNMENT,
            "course_id": COURSE,
            "name": "Homework 3",
            "points_possible": points,
            "grading_type": "points",
            "post_manually": False,
            "moderated_grading": False,
            "anonymous_grading": False,
            "grade_group_students_individually": False,
        } | about
        self.page_size = 100
        self.files: dict[int, tuple[str, bytes]] = {}
        self.pending: dict[int, str] = {}
        self.next_id = 1000
        self.throttle: list[int] = []  # status codes to answer with before anything is done
        for method, pattern, handler in (
            ("GET", rf"/api/v1/courses/{COURSE}", self.course),
            ("GET", HOME, self.assignment),
            ("GET", f"{HOME}/submissions", self.listing),
            ("GET", USER, self.one),
            ("PUT", USER, self.grade),
            ("GET", HIDDEN, self.one),
            ("PUT", HIDDEN, self.grade),
            ("POST", f"{USER}/comments/files", self.announce),
            ("POST", r"/files/(?P<number>\d+)", self.receive),
            ("GET", r"/api/v1/files/(?P<number>\d+)/create_success", self.confirm),
            ("DELETE", rf"{USER}/comments/(?P<comment>\d+)", self.delete),
        ):
            self.routes.append((method, re.compile(pattern), self.guarded(handler)))

    def new_id(self) -> int:
        self.next_id += 1
        return self.next_id

    def guarded(self, handler: Any) -> Any:
        def guard(request: Request, **names: str) -> Answer:
            if self.throttle:
                body = b"403 Forbidden (Rate Limit Exceeded)\n"
                return Answer(self.throttle.pop(), body, {"X-Rate-Limit-Remaining": "0.0"})
            free = request.path.startswith("/files/")
            if not free and request.headers.get("Authorization") != f"Bearer {TOKEN}":
                fault = {"errors": [{"message": "Invalid access token."}]}
                return Answer(401, fault, {"WWW-Authenticate": 'Bearer realm="canvas-lms"'})
            answer = handler(request, **names)
            answer.headers.setdefault("X-Rate-Limit-Remaining", "600.0")
            answer.headers.setdefault("X-Request-Cost", "0.1")
            return answer

        return guard

    def course(self, request: Request) -> Answer:
        return Answer(content={"id": COURSE, "name": "Deep learning"})

    def assignment(self, request: Request) -> Answer:
        return Answer(content=self.about)

    def shown(self, student: Student) -> dict[str, Any]:
        left = None if student.score is None else student.score - student.deducted
        content: dict[str, Any] = {
            "id": 10_000 + student.user,
            "assignment_id": ASSIGNMENT,
            "user_id": student.user,
            "score": left,
            "entered_score": student.score,
            "grade": None if left is None else str(left),
            "excused": student.excused,
            "submitted_at": student.submitted_at,
            "attempt": len(student.attachments) or None,
            "workflow_state": "graded" if student.score is not None else "submitted",
            "submission_comments": student.comments,
            "group": {"id": student.group, "name": None},
        }
        if student.attachments:
            content["attachments"] = [{"id": number} for number in student.attachments[-1:]]
        if self.about["anonymous_grading"]:
            del content["user_id"]
            content["anonymous_id"] = student.hidden
        return content

    def listing(self, request: Request) -> Answer:
        query = dict(request.query)
        size, page = min(int(query.get("per_page", 10)), self.page_size), int(query.get("page", 1))
        everybody = list(self.students.values())
        part = everybody[(page - 1) * size : page * size]
        headers = {}
        if page * size < len(everybody):
            rest = [(k, v) for k, v in request.query if k != "page"] + [("page", str(page + 1))]
            url = f"{self.public or request.base}{request.path}?{urlencode(rest)}"
            headers["Link"] = f'<{url}>; rel="next"'
        return Answer(content=[self.shown(student) for student in part], headers=headers)

    def found(self, user: str = "", hidden: str = "") -> Student | None:
        if hidden:
            return next((s for s in self.students.values() if s.hidden == hidden), None)
        return self.students.get(int(user)) if user.isdigit() else None

    def one(self, request: Request, **names: str) -> Answer:
        student = self.found(**names)
        if student is None:
            return Answer(404, {"errors": [{"message": "not found"}]})
        return Answer(content=self.shown(student))

    def grade(self, request: Request, **names: str) -> Answer:
        student = self.found(**names)
        if student is None:
            return Answer(404, {"errors": [{"message": "not found"}]})
        fields = request.fields()
        given = dict(fields)
        together = [student]
        if student.group is not None and not self.about["grade_group_students_individually"]:
            together = [s for s in self.students.values() if s.group == student.group]
        if (grade := given.get("submission[posted_grade]")) is not None:
            try:
                value = float(grade) if grade else None
            except ValueError:
                return Answer(400, {"errors": [{"message": "invalid grade"}]})
            for member in together:
                member.score = value
        files = [int(value) for name, value in fields if name == "comment[file_ids][]"]
        if any(number not in self.files for number in files):
            return Answer(400, {"errors": [{"message": "no such file"}]})
        if "comment[text_comment]" in given or files:
            everybody = given.get("comment[group_comment]") == "true"
            for member in together if everybody else [student]:
                member.comments.append(
                    {
                        "id": self.new_id(),
                        "author_id": GRADER,
                        "comment": given.get("comment[text_comment]", ""),
                        "attachments": [{"id": number} for number in files],
                    }
                )
        return Answer(content=self.shown(student) | {"all_submissions": []})

    def announce(self, request: Request, user: str) -> Answer:
        given = dict(request.fields())
        number = self.new_id()
        self.pending[number] = given["name"]
        params = {"key": f"account/{number}", "Filename": given["name"], "Signature": "s"}
        url = f"{self.public or request.base}/files/{number}"
        return Answer(content={"upload_url": url, "upload_params": params})

    def receive(self, request: Request, number: str) -> Answer:
        parts = request.parts()
        names = [name for name, _, _ in parts]
        if "Authorization" in request.headers or names[-1] != "file" or "Signature" not in names:
            return Answer(400, {"errors": "the parameters as they came, file last, and no token"})
        self.files[-int(number)] = (self.pending[int(number)], parts[-1][2])
        where = f"{self.public or request.base}/api/v1/files/{number}/create_success"
        about = self.confirm(request, number).content | {"location": where}
        return Answer(201, about, {"Location": where})

    def confirm(self, request: Request, number: str) -> Answer:
        key = int(number)
        if -key in self.files:
            self.files[key] = self.files.pop(-key)
        if key not in self.files:
            return Answer(404, {"errors": "nothing was uploaded"})
        url = f"{self.public or request.base}/files/{number}/download"
        return Answer(content={"id": key, "url": url, "display_name": self.files[key][0]})

    def delete(self, request: Request, user: str, comment: str) -> Answer:
        student = self.students[int(user)]
        before = len(student.comments)
        student.comments = [c for c in student.comments if c["id"] != int(comment)]
        return Answer(200 if len(student.comments) < before else 404, {})
