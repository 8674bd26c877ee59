"""Scores over LTI 1.3: against a stand-in, and against Open edX's real platform."""

from __future__ import annotations

import contextlib
import json
import os
import random
import socket
import subprocess
from decimal import Decimal
from pathlib import Path

import counterparts
import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from lms.ags import CLIENT, KEY_ID, Ags
from lms.proxy import FAULTS, proxied
from lms.serve import serving
from test_faults import KILLS, Doomed, in_a_child
from uploads import MOST, never, release, send

from autograder.course.policy import LtiPlace
from autograder.errors import LmsError
from autograder.model import Status
from autograder.upload import journal as journal_module
from autograder.upload.lti import Lti
from autograder.upload.plan import Action
from autograder.upload.transport import Session

HERE = Path(__file__).parent / "lms"
LEARNER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Learner"
TEACHER = "http://purl.imsglobal.org/vocab/lis/v2/membership#Instructor"


@pytest.fixture(scope="session")
def keys():
    """A private and a public key, as PEM."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    private = key.private_bytes(
        serialization.Encoding.PEM,
        serialization.PrivateFormat.PKCS8,
        serialization.NoEncryption(),
    )
    public = key.public_key().public_bytes(
        serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo
    )
    return private.decode(), public.decode()


def client(place, key, session=Session, resource="hw", title="Homework 3", most=MOST):
    return Lti(place, resource, title, most, key, session(place.lineitems, never))


# A stand-in


@contextlib.contextmanager
def platform(keys, *members, seconds=3600):
    _, public = keys
    rows = [{"user_id": m, "roles": [LEARNER], "status": "Active"} for m in members]
    rows += [{"user_id": "teacher", "roles": [TEACHER]}]
    made = Ags(public, rows)
    made.seconds = seconds
    with serving(made.answer) as address:
        place = LtiPlace(
            token_url=f"{address}/token",
            client_id=CLIENT,
            key_id=KEY_ID,
            lineitems=f"{address}/lineitems",
            members=f"{address}/members" if members else "",
        )
        yield made, place


def test_a_plan_only_reads_but_for_its_token(keys, tmp_path):
    with platform(keys, "a", "b") as (made, place):
        rows, _ = send(client(place, keys[0]), [release("a", 3)], tmp_path, apply=False)
    assert {path for method, path in made.log if method != "GET"} == {"/token"}
    assert {s: row.action for s, row in rows.items()} == {"a": Action.set, "b": Action.missing}
    assert made.items == []


def test_scores_arrive_with_their_comment_and_are_read_back(keys, tmp_path):
    told = [release("a", 3.25), release("b", 10)]
    with platform(keys, "a", "b", "c") as (made, place):
        made.page_size = 1
        _, problems = send(client(place, keys[0]), told, tmp_path, comment=True)
        assert problems == {} and len(made.scores) == 2
        rows, problems = send(client(place, keys[0]), told, tmp_path, comment=True)
    assert problems == {} and len(made.scores) == 2
    assert {row.action for s, row in rows.items() if s != "c"} == {Action.unchanged}
    (item,) = made.items
    assert (item["scoreMaximum"], item["label"], item["resourceId"]) == (10, "Homework 3", "hw")
    first = made.scores[0]
    assert (first["scoreGiven"], first["scoreMaximum"]) == (3.25, 10)
    assert (first["activityProgress"], first["gradingProgress"]) == ("Completed", "FullyGraded")
    assert first["https://canvas.instructure.com/lti/submission"] == {"new_submission": False}
    assert made.scores[0]["timestamp"] < made.scores[1]["timestamp"]


def test_a_grader_error_is_told_as_no_score_once_and_never_over_a_score(keys, tmp_path):
    told = [release(student, status=Status.grader_error) for student in "ab"]
    with platform(keys, "a", "b") as (made, place):
        made.results["b"] = {"userId": "b", "resultScore": 0.5, "resultMaximum": 1}
        made.items.append(
            {"resourceId": "hw", "label": "hw", "scoreMaximum": 10}
            | {"id": f"{place.lineitems}/1?x=b%20c"}
        )
        for _ in range(2):
            rows, problems = send(client(place, keys[0]), told, tmp_path)
            assert problems == {}
            assert {row.action for row in rows.values()} == {Action.no_score}
    (only,) = made.scores
    assert (only["userId"], only["gradingProgress"]) == ("a", "Failed")
    assert "scoreGiven" not in only


def test_without_a_list_of_members_nobody_is_said_to_be_missing_or_unknown(keys, tmp_path):
    with platform(keys) as (made, place):
        rows, problems = send(client(place, keys[0]), [release("anybody", 3)], tmp_path)
    assert rows["anybody"].action is Action.set and problems == {}
    assert made.results["anybody"]["resultScore"] == 0.3


def test_a_token_that_ends_is_asked_for_again(keys, tmp_path):
    with platform(keys, "a", seconds=30) as (made, place):  # less than the margin
        send(client(place, keys[0]), [release("a", 3)], tmp_path)
    assert len(made.tokens) > 3


def test_a_wrong_key_is_told_with_what_to_look_at(keys, tmp_path):
    with platform(keys, "a") as (_, place):
        other = LtiPlace(**place.model_dump() | {"key_id": "another"})
        with pytest.raises(LmsError, match="are client_id, key and audience those"):
            client(other, keys[0]).target()
        with pytest.raises(LmsError, match=r"no.* PEM key"):
            client(place, "nonsense").target()


def test_a_score_changed_by_hand_is_a_conflict(keys, tmp_path):
    with platform(keys, "a") as (made, place):
        send(client(place, keys[0]), [release("a", 3)], tmp_path)
        made.results["a"]["resultScore"] = 0.9
        rows, _ = send(client(place, keys[0]), [release("a", 3)], tmp_path)
        assert (rows["a"].action, rows["a"].old) == (Action.conflict, Decimal(9))
        assert len(made.scores) == 1


def test_of_several_line_items_of_one_name_it_is_always_the_same_and_that_is_told(keys):
    with platform(keys, "a") as (made, place):
        for order in ("12", "21"):
            made.items = [
                {"resourceId": "hw", "id": n, "label": n, "scoreMaximum": 10} for n in order
            ]
            target = client(place, keys[0]).target()
            assert target.title == "1" and "1 more line item called" in target.remarks[0]


# The real one


@pytest.fixture(scope="module")
def real(keys, tmp_path_factory):
    """Open edX's platform on a socket: how a tool reaches it through an address of our choice."""
    folder = tmp_path_factory.mktemp("platform")
    (folder / "public.pem").write_text(keys[1])
    (folder / "private.pem").write_text(keys[0])
    python = counterparts.python("lti")
    site = str(HERE / "platform" / "platform_site.py")
    front, back = _free_port(), _free_port()
    environment = {
        "PATH": os.environ["PATH"],
        "PLATFORM_HOME": str(folder),
        "PLATFORM_ADDRESS": f"http://127.0.0.1:{front}",
    }
    seeded = subprocess.run(
        [python, site, "seed", str(folder / "public.pem")],
        env=environment,
        capture_output=True,
        text=True,
    )
    assert seeded.returncode == 0, seeded.stderr
    about = json.loads(seeded.stdout.splitlines()[-1])
    (folder / "about.json").write_text(json.dumps(about))
    serve = [python, site, "serve", str(back)]
    with subprocess.Popen(serve, env=environment, stdout=subprocess.PIPE, text=True) as server:
        try:
            assert server.stdout.readline() == "ready\n"
            place = LtiPlace(**about, key_id="key-1")
            yield place, f"http://127.0.0.1:{back}", front, folder
        finally:
            server.kill()


def _free_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as free:
        return free.getsockname()[1]


def read_by_another(folder, resource) -> dict:
    """The line item's results, as PyLTI1p3 reads them."""
    script = str(HERE / "second_lti_client.py")
    files = (str(folder / "about.json"), str(folder / "private.pem"))
    done = subprocess.run(
        [counterparts.python("lti"), script, *files, resource], capture_output=True, text=True
    )
    assert done.returncode == 0, done.stderr
    return json.loads(done.stdout)


def stamps(proxy) -> list[str]:
    """The timestamps of scores that reached the platform, in their order."""
    kept = ("429", "403", "502 before")
    bodies = [
        b for _, path, fault, b in proxy.log if path.endswith("/scores") and fault not in kept
    ]
    return [json.loads(body)["timestamp"] for body in bodies]


@pytest.mark.slow
@pytest.mark.xdist_group("platform")
def test_two_hundred_scores_on_the_real_platform(real, keys, tmp_path):
    place, server, front, folder = real
    told = [release(f"u-{n}", round(n / 20, 2)) for n in range(200)]
    with proxied(server, "", port=front) as proxy:
        lms = client(place, keys[0], resource="hw200")
        _, problems = send(lms, told, tmp_path, comment=True)
        assert problems == {}
        seen = read_by_another(folder, "hw200")
        posts = len(stamps(proxy))
        rows, problems = send(
            client(place, keys[0], resource="hw200"), told, tmp_path, comment=True
        )
        assert {row.action for row in rows.values()} == {Action.unchanged} and problems == {}
        assert len(stamps(proxy)) == posts == 200
        assert stamps(proxy) == sorted(set(stamps(proxy)))
    assert seen["item"]["resourceId"] == "hw200"
    found = {r["userId"]: (Decimal(str(r["resultScore"])), r["comment"]) for r in seen["results"]}
    assert {user: score for user, (score, _) in found.items()} == {
        one.student_id: one.score for one in told
    }
    assert all(one.comment in found[one.student_id][1] for one in told)


def killed_and_run_again(place, server, front, keys, folder, fault, made=None) -> None:
    """Twenty uploads, each killed at a random moment and then run again, beside a fault."""
    told = [release(f"u-{n}", n) for n in range(4)]
    chance = random.Random(fault)
    killed = 0
    with proxied(server, fault, port=front, chance=chance) as proxy:
        if made:
            made.public, place = proxy.address, place(proxy.address)
        for number in range(KILLS):
            if made:
                made.items, made.results, made.scores = [], {}, []
            home = folder / str(number)
            home.mkdir()
            proxy.log.clear()
            proxy.share = 0.4
            resource, at = f"kill {fault} {number}", chance.randint(1, 60)

            def work(home=home, resource=resource, at=at):
                doomed = Doomed(at)
                journal_module.os.fsync = doomed.fsync
                lms = client(place, keys[0], doomed.session, resource=resource)
                send(lms, told, home, comment=True)

            killed += os.WIFSIGNALED(in_a_child(work))
            for _ in range(8):
                proxy.share *= 0.6
                lms = client(place, keys[0], resource=resource)
                _, problems = send(lms, told, home, comment=True)
                if not problems:
                    break
            assert problems == {}
            assert stamps(proxy) == sorted(set(stamps(proxy)))
            proxy.share = 0.0
            held = client(place, keys[0], resource=resource).read()
            found = {s: (r.score, len(r.comments)) for s, r in held.items() if r.score is not None}
            assert found == {one.student_id: (one.score, 1) for one in told}
    assert killed > KILLS // 2


@pytest.mark.slow
@pytest.mark.xdist_group("platform")
@pytest.mark.timeout(600)
@pytest.mark.parametrize("fault", ["", "hang up"])
def test_killed_uploads_to_the_real_platform_go_on(real, keys, tmp_path, fault):
    place, server, front, _ = real
    killed_and_run_again(place, server, front, keys, tmp_path, fault)


@pytest.mark.slow
@pytest.mark.parametrize("fault", FAULTS)
def test_killed_uploads_go_on_and_no_timestamp_comes_twice(keys, tmp_path, fault):
    """As above, with each fault, and a stand-in that refuses what is not later than the last."""
    made = Ags(keys[1])

    def place(address):
        paths = {"token_url": f"{address}/token", "lineitems": f"{address}/lineitems"}
        return LtiPlace(client_id=CLIENT, key_id=KEY_ID, **paths)

    with serving(made.answer) as server:
        killed_and_run_again(place, server, 0, keys, tmp_path, fault, made)
