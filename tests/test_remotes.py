"""Who can read a course's repository."""

import base64
import http.server
import subprocess
import threading

import pytest
from click.testing import CliRunner

from autograder.cli import main
from autograder.commands.remotes import public_remotes, web_address


def git(*arguments, cwd):
    me = ("-c", "user.name=a", "-c", "user.email=a@example.org")
    subprocess.run(["git", *me, *arguments], cwd=cwd, check=True, capture_output=True)


@pytest.fixture
def served(tmp_path):
    """A course in a repository, and where a web server has it: open to all, and by password."""
    course = tmp_path / "course"
    course.mkdir()
    git("init", "-q", cwd=course)
    git("commit", "-q", "--allow-empty", "-m", "x", cwd=course)
    git("clone", "-q", "--bare", course, tmp_path / "web" / "open.git", cwd=tmp_path)
    git("update-server-info", cwd=tmp_path / "web" / "open.git")
    (tmp_path / "web" / "closed.git").symlink_to("open.git")
    password = "Basic " + base64.b64encode(b"me:word").decode()

    class Forge(http.server.SimpleHTTPRequestHandler):
        def __init__(self, *given):
            super().__init__(*given, directory=tmp_path / "web")

        def do_GET(self):
            if "closed" in self.path and self.headers["Authorization"] != password:
                self.send_response(401)
                self.send_header("WWW-Authenticate", "Basic")
                self.end_headers()
            else:
                super().do_GET()

        def log_message(self, *given):
            pass

    with http.server.ThreadingHTTPServer(("127.0.0.1", 0), Forge) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        yield course, server.server_port
        server.shutdown()


def test_doctor_tells_of_a_remote_that_anyone_can_read(served):
    course, port = served
    git("remote", "add", "origin", f"http://127.0.0.1:{port}/open.git", cwd=course)
    output = CliRunner().invoke(main, ["--course", str(course), "doctor"]).output
    assert f"anyone can read the git remote origin (http://127.0.0.1:{port}/open.git)" in output
    assert "autograder publish" in output


def test_a_remote_that_asks_for_a_password_is_private_whatever_we_know(served, monkeypatch):
    course, port = served
    address = f"http://me:word@127.0.0.1:{port}/closed.git"
    git("remote", "add", "origin", address, cwd=course)
    git("ls-remote", "origin", cwd=course)  # with what we know, it can be read
    home = course.parent / "home"
    home.mkdir()
    (home / ".netrc").write_text("machine 127.0.0.1 login me password word\n")
    monkeypatch.setenv("HOME", str(home))
    git("ls-remote", f"http://127.0.0.1:{port}/closed.git", cwd=course)
    assert list(public_remotes(course)) == []


def test_a_remote_that_does_not_answer_and_a_folder_on_this_disk_are_not_public(served):
    course, _ = served
    git("remote", "add", "gone", "http://127.0.0.1:9/x.git", cwd=course)
    git("remote", "add", "disk", str(course), cwd=course)
    assert list(public_remotes(course)) == []


def test_where_there_is_no_repository_there_is_nothing_to_ask(tmp_path):
    assert list(public_remotes(tmp_path)) == []


@pytest.mark.parametrize(
    ("remote", "address"),
    [
        ("https://forge.example/me/course.git", "https://forge.example/me/course.git"),
        ("https://me:token@forge.example/me/course", "https://forge.example/me/course"),
        ("http://127.0.0.1:8080/x.git", "http://127.0.0.1:8080/x.git"),
        ("git@forge.example:me/course.git", "https://forge.example/me/course.git"),
        ("forge.example:course", "https://forge.example/course"),
        ("ssh://git@forge.example:2222/me/course.git", "https://forge.example/me/course.git"),
        ("git://forge.example/course.git", "https://forge.example/course.git"),
        ("/srv/course.git", ""),
        ("../course", ""),
        ("file:///srv/course.git", ""),
    ],
)
def test_a_remote_is_asked_where_a_stranger_would(remote, address):
    assert web_address(remote) == address
