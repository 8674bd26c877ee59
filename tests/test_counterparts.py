"""The stand-ins of Canvas and Moodle, tried by other people's clients: then they may try ours."""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path

import counterparts
import pytest
from canvasapi import Canvas as Canvasapi
from canvasapi.exceptions import Forbidden, InvalidAccessToken, RateLimitExceeded
from lms import canvas, moodle
from uploads import stub, world

HERE = Path(__file__).parent / "lms"


def said(*command: object) -> dict:
    done = subprocess.run(list(map(str, command)), capture_output=True, text=True, timeout=250)
    assert done.returncode == 0, done.stdout + done.stderr
    return json.loads(done.stdout.splitlines()[-1])


@pytest.mark.filterwarnings("ignore:Canvas may respond unexpectedly:UserWarning")  # no https here
def test_canvasapi_reads_pages_writes_and_is_throttled(tmp_path):
    made = stub("canvas", 7)
    page = tmp_path / "page.html"
    page.write_text("<p>fine</p>")
    with world(made) as there:
        course = Canvasapi(there.address, canvas.TOKEN).get_course(canvas.COURSE)
        assignment = course.get_assignment(canvas.ASSIGNMENT)
        found = list(assignment.get_submissions(per_page=3))
        assert [one.user_id for one in found] == list(range(100, 107))
        edited = assignment.get_submission(102).edit(submission={"posted_grade": "7.5"})
        assert edited.score == 7.5 == made.students[102].score
        assert assignment.get_submission(103).upload_comment(page)[0]
        ((comment,),) = [s.comments for s in made.students.values() if s.comments]
        assert made.files[comment["attachments"][0]["id"]] == ("page.html", b"<p>fine</p>")
        for status, error in ((429, RateLimitExceeded), (403, Forbidden)):
            made.throttle.append(status)
            with pytest.raises(error, match="Rate Limit Exceeded"):
                course.get_assignment(canvas.ASSIGNMENT)
        with pytest.raises(InvalidAccessToken):
            Canvasapi(there.address, "wrong").get_course(canvas.COURSE)


@pytest.mark.slow
@pytest.mark.skipif(not shutil.which("npm"), reason="npm is not installed")
def test_a_client_in_javascript_takes_it_for_canvas(tmp_path):
    shutil.copy(HERE / "node_client.mjs", tmp_path)
    (tmp_path / "node_modules").symlink_to(counterparts.node_modules() / "node_modules")
    made = stub("canvas", 5)
    numbers = (canvas.COURSE, canvas.ASSIGNMENT, 101, 6.5)
    with world(made) as there:
        seen = said("node", tmp_path / "node_client.mjs", there.address, canvas.TOKEN, *numbers)
    assert seen["name"] == "Homework 3" and seen["seen"] == list(range(100, 105))
    assert seen["score"] == 6.5 and seen["refused"]
    assert [c["comment"] for c in made.students[101].comments] == ["from node"]


@pytest.mark.slow
def test_moodleteacher_takes_it_for_moodle():
    made = stub("moodle", 3)
    numbers = (moodle.COURSE, moodle.ASSIGNMENT, 5001, 6.5)
    client = (counterparts.python("moodle"), HERE / "second_moodle_client.py")
    with world(made) as there:
        seen = said(*client, there.address, moodle.TOKEN, *numbers)
    assert seen == {"name": "Homework 3", "seen": [5000, 5001, 5002]}
    assert made.participants[5001].grade == 6.5
    assert made.participants[5001].comment == "from moodleteacher"
