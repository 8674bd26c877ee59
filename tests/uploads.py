"""What the tests of `upload` share: a class of releases, and each LMS made and read in one way."""

from __future__ import annotations

import contextlib
from collections.abc import Iterator
from dataclasses import dataclass
from decimal import Decimal
from pathlib import Path
from typing import Any

from lms import canvas as canvas_stub
from lms import moodle as moodle_stub
from lms.proxy import Proxy, proxied
from lms.serve import Stub, serving

from autograder.course.policy import CanvasPlace, MoodlePlace, Numbered
from autograder.model import Status
from autograder.results.release import Release
from autograder.upload.apply import upload
from autograder.upload.canvas import Canvas
from autograder.upload.moodle import Moodle
from autograder.upload.plan import Row, Wishes
from autograder.upload.transport import Session

MOST = Decimal(10)
NAMED = "Zoë Ångström"  # a student's name, which must get nowhere


def release(student: object, score: object = None, **more: Any) -> Release:
    about: dict[str, Any] = {
        "student_id": str(student),
        "score": None if score is None else Decimal(str(score)),
        "max_score": MOST,
        "comment": f"{score} of 10 points.\nfresh (1 of 2): the <gradient> is a sum & more.",
        "feedback": Path("missing.html"),
        "attempt": "",
        "as_of": "2026-11-20T12:00:00+00:00",
        "status": Status.graded,
        "open": "" if score is not None else "a grader error: nothing is known of it",
    }
    return Release(**about | more)


def never(seconds: float) -> None:
    """Instead of sleeping."""


@dataclass
class World:
    """One LMS under test: the stand-in, an address for our client, and what the server holds."""

    stub: Any
    address: str
    proxy: Proxy | None = None

    def lms(self, session: Any = Session) -> Any:
        number, course = self.stub.about["id"], 7
        places = {"assignments": {"hw": Numbered(id=number, title="Homework 3")}}
        if isinstance(self.stub, canvas_stub.Canvas):
            canvas = CanvasPlace(url=self.address, course=course, **places)
            return Canvas(canvas, number, canvas_stub.TOKEN, session(self.address, never))
        moodle = MoodlePlace(url=self.address, course=course, **places)
        return Moodle(moodle, number, moodle_stub.TOKEN, session(self.address, never))

    def held(self) -> dict[str, tuple[float | None, list[str], list[bytes]]]:
        """By student: the score, our comments, and the feedback files that students can open."""
        if isinstance(self.stub, canvas_stub.Canvas):
            return {
                str(s.user): (
                    s.score,
                    [c["comment"] for c in s.comments if c["author_id"] == canvas_stub.GRADER],
                    [
                        self.stub.files[a["id"]][1]
                        for c in s.comments
                        for a in c.get("attachments", ())
                    ],
                )
                for s in self.stub.students.values()
            }
        return {
            str(p.number): (p.grade, [p.comment] if p.comment else [], list(p.files.values()))
            for p in self.stub.participants.values()
        }


def stub(platform: str, students: int) -> Stub:
    if platform == "canvas":
        return canvas_stub.Canvas([canvas_stub.Student(100 + n) for n in range(students)])
    users = [moodle_stub.Participant(100 + n, 5000 + n) for n in range(students)]
    return moodle_stub.Moodle(users)


@contextlib.contextmanager
def world(made: Any, fault: str = "", **options: Any) -> Iterator[World]:
    with serving(made.answer) as server:
        if not fault:
            yield World(made, server)
            return
        with proxied(server, fault, **options) as proxy:
            made.public = proxy.address
            yield World(made, proxy.address, proxy)


def send(lms: Any, told: list[Release], folder: Path, apply: bool = True, **wishes: bool) -> Any:
    """Plan, and carry the plan out; the rows by student, and the problems."""

    def act(target: Any, rows: list[Row]) -> Any:
        return (lambda: None) if apply else None

    rows, problems = upload(lms, told, folder, Wishes(**wishes), act)
    return {row.student_id: row for row in rows}, problems
