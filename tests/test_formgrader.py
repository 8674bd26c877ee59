"""Formgrader, in a real browser, on a course that our grader has graded."""

import contextlib
import csv
import shutil
import socket
import subprocess
import sys
import time
import urllib.request

import nbformat
import pytest
from test_parity import COURSE, ENVIRONMENT, ROOT, SCRIPTS, answers, run, write_dist

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox", "--disable-gpu", "--disable-background-networking"]
PAGE = "formgrader/gradebook/backprop/backprop"

pytestmark = [
    pytest.mark.slow,
    pytest.mark.skipif(not CHROMIUM, reason="needs Debian's chromium: apt-get install chromium"),
]


@pytest.fixture
def school(tmp_path):
    """nbgrader's course of the assignment, with a right and a wrong submission that we graded."""
    folder = write_dist("backprop", tmp_path, "nbgrader")
    known = answers("backprop")
    for student, which in (("amy", 0), ("ben", -2)):
        notebook = nbformat.read(
            ROOT / "assignments/backprop/nbgrader/backprop.ipynb", as_version=4
        )
        for cell in notebook.cells:
            if cell.id in known:
                cell.source = known[cell.id][which][0]
            if cell.id == "S1":
                cell.source = f"Because it adds, says {student}."
        path = folder / "submitted" / student / "backprop" / "backprop.ipynb"
        path.parent.mkdir(parents=True)
        nbformat.write(notebook, path)
    run(sys.executable, "-m", "nbgrader", "generate_assignment", "backprop", cwd=folder)
    ours("grade", folder, "--assignment", "backprop", "--out", tmp_path / "results", cwd=tmp_path)
    to = ("--to", "nbgrader", "--course", folder)
    ours("export", tmp_path / "results", *to, cwd=tmp_path)
    return folder


def ours(*command, cwd):
    return run(sys.executable, "-m", "autograder", "--course", ROOT, *command, cwd=cwd)


@pytest.fixture
def server(school, tmp_path):
    """Where formgrader is served."""
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    options = {
        "port": port,
        "ServerApp.token": "",
        "ServerApp.password": "",
        "ServerApp.root_dir": school,
        "ServerApp.jpserver_extensions": "nbgrader.server_extensions.formgrader=True",
    }
    with open(tmp_path / "server.log", "w") as log:
        process = subprocess.Popen(
            [SCRIPTS / "jupyter", "server", "--no-browser", "--allow-root"]
            + [f"--{name}={value}" for name, value in options.items()],
            cwd=school,
            env=ENVIRONMENT | {"HOME": str(tmp_path)},
            stdout=log,
            stderr=log,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(120):
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"{address}/api", timeout=5).close()
                    break
                time.sleep(0.5)
            yield address
        finally:
            process.terminate()
            process.wait()


def test_scores_and_comments_are_shown_and_a_mark_comes_back(server, school, tmp_path):
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        page = browser.new_page()
        page.set_default_timeout(120_000)  # milliseconds; a busy machine is no failure
        page.goto(f"{server}/{PAGE}")
        page.get_by_text("Submission #2").wait_for()
        totals = [row for row in page.inner_text("body").splitlines() if "Submission #" in row]
        most = COURSE.assignment("backprop").max_score
        assert 2 == len(totals) and 1 == sum(f"{most:g} / {most:g}" in row for row in totals)
        for number in (1, 2):
            page.goto(f"{server}/{PAGE}")
            page.get_by_text(f"Submission #{number}").click()
            box = page.locator("input#S1.score")
            # Formgrader listens once it has fetched the grades: what is typed before, it loses.
            box.wait_for()
            page.wait_for_function("window.formgrader?.grades?.loaded")
            text = page.inner_text("body")
            if "says amy" in text:
                with page.expect_response(lambda r: r.request.method == "PUT") as saved:
                    box.fill("3")
                    box.press("Tab")
                assert saved.value.json()["manual_score"] == 3
            else:
                sentence = COURSE.assignment("backprop").references["train"].mistakes
                comments = page.locator("textarea").evaluate_all("all => all.map(a => a.value)")
                shown = text + "".join(comments)
                assert any(mistake.sentence in shown for mistake in sentence.values())
        browser.close()
    ours("import", tmp_path / "results", "--from", "nbgrader", "--course", school, cwd=tmp_path)
    ours("export", tmp_path / "results", "--to", "csv", cwd=tmp_path)
    text = (tmp_path / "results" / "scores.csv").read_text()
    rows = {row["student_id"]: row for row in csv.DictReader(text.splitlines())}
    assert (rows["amy"]["S1"], rows["ben"]["S1"]) == ("3", "")
    assert float(rows["amy"]["score"]) == most + 3
