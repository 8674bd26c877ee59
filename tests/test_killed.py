"""A grader that is killed at any moment loses nothing of its record, and can be run again."""

from __future__ import annotations

import contextlib
import os
import random
import shutil
import signal
import sqlite3
import time
from pathlib import Path

import pytest
from warm import call, left_behind, start, temporary_folders, tiny_class, tiny_course

COUNT = 9  # submissions, and an essay
CONTENT = {
    "submissions": "status, problem, path, fingerprint",
    "verdicts": "exercise, [check], kind, hint, position",
    "mistakes": "exercise, sentence, position",
    "cell_notes": "cell, message, position",
}


def recorded(results: Path, scratch: Path) -> dict[str, dict[str, list[tuple]]]:
    """All that is recorded of each student; of a copy, so that the next run finds what was left."""
    shutil.rmtree(scratch, ignore_errors=True)
    scratch.mkdir()
    for path in results.glob("grades.db*"):
        shutil.copy(path, scratch)
    if not (scratch / "grades.db").exists():
        assert list(scratch.iterdir()) == []
        return {}
    database = sqlite3.connect(scratch / "grades.db")
    assert database.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
    assert database.execute("PRAGMA foreign_key_check").fetchall() == []
    found = {}
    for key, student in database.execute("SELECT id, student_id FROM submissions").fetchall():
        found[student] = {}
        for table, columns in CONTENT.items():
            where = "id" if table == "submissions" else "submission"
            query = f"SELECT {columns} FROM {table} WHERE {where} = ? ORDER BY 1, 2, 3"
            found[student][table] = database.execute(query, [key]).fetchall()
    database.close()
    return found


def assert_no_half_file(results: Path, scores: bytes) -> None:
    for page in results.rglob("*.html"):
        assert page.read_text().endswith("</html>"), page
    if (results / "scores.csv").exists():
        assert (results / "scores.csv").read_bytes() == scores


@pytest.mark.timeout(900)
@pytest.mark.parametrize("kills", [4, pytest.param(50, marks=pytest.mark.slow)])
def test_a_grader_killed_at_any_moment_loses_nothing(tmp_path, kills):
    course, students = tiny_course(tmp_path / "course"), tiny_class(tmp_path / "class", COUNT)
    log, scratch = tmp_path / "log", tmp_path / "copy"
    grade = ("grade", students, "--workers", 1, "--out")
    undisturbed = tmp_path / "undisturbed"
    call(course, log, *grade, undisturbed)  # the first one makes caches
    began = time.monotonic()
    assert call(course, log, *grade, undisturbed, "--force")[0] == 0
    duration = time.monotonic() - began
    whole, scores = recorded(undisturbed, scratch), (undisturbed / "scores.csv").read_bytes()
    assert len(whole) == COUNT + 1

    draw = random.Random(kills)
    results, before, partly = tmp_path / "results0", {}, 0
    for number in range(kills):
        if number % 10 == 0:
            results, before = tmp_path / f"results{number}", {}
        again = ["--force"] if number % 10 >= 5 else []  # by then there is all of it
        grader = start(course, log, *grade, results, *again)
        time.sleep(draw.uniform(0, duration))
        with contextlib.suppress(ProcessLookupError):  # done already: there was little to do
            os.kill(grader.pid, signal.SIGKILL)
        grader.join()
        assert "Traceback" not in log.read_text()
        after = recorded(results, scratch)
        assert before.keys() <= after.keys()
        assert {student: whole[student] for student in after} == after
        assert_no_half_file(results, scores)
        assert left_behind(tmp_path) == []
        for folder in temporary_folders(tmp_path):
            os.utime(folder, (0, 0))  # as if long ago: the next run need not spare it
        partly += 0 < len(after) < len(whole)
        before = after
        if number % 5 == 4:
            assert call(course, log, *grade, results)[0] == 0, log.read_text()
            assert recorded(results, scratch) == whole
            assert (results / "scores.csv").read_bytes() == scores
            assert len(list((results / "feedback").glob("*.html"))) == COUNT + 1
            assert not [path for path in results.rglob("*") if path.name.endswith(".draft")]
            assert temporary_folders(tmp_path) == []
    spent, each = time.monotonic() - began, f"{kills} kills over {duration:.1f} s each"
    print(f"{spent:.0f} s: {each}, {partly} with a part of the class recorded")
