"""The record on a disk that is full, damaged or somebody else's: told, and nothing is lost."""

from __future__ import annotations

import contextlib
import ctypes
import io
import itertools
import json
import os
import platform
import shutil
import signal
import sqlite3
import stat
import subprocess
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from warm import CHECKS, SECRET, call, run_here, start, started, tiny_class, tiny_course

from autograder.cli import main
from autograder.course.course import fingerprint
from autograder.doors.school import find_alembic
from autograder.errors import ResultsError, explain
from autograder.files import sweep
from autograder.model import Kind, Outcome, Result, Status, Verdict
from autograder.results.folder import RECORD
from autograder.results.lock import locked
from autograder.results.record import inspect
from autograder.results.store import Store
from autograder.worker.seccomp import ALLOWED, AUDIT_ARCH

ABOUT = {"assignment": "tiny", "secret": fingerprint(SECRET.encode())}
VERDICTS = tuple(Verdict(name, Kind.failed, f"not {name}") for name in CHECKS)
RESULT = Result("amy", "amy.py", Status.graded, outcomes=(Outcome("first", VERDICTS),))


@pytest.fixture(scope="session")
def course(tmp_path_factory) -> Path:
    return tiny_course(tmp_path_factory.mktemp("course"))


@pytest.fixture
def results(tmp_path) -> Path:
    """A results folder, as it is between two runs."""
    folder = tmp_path / "results"
    folder.mkdir()
    with Store(folder, ABOUT) as store:
        for number in range(20):
            store.save(replace(RESULT, student_id=f"s{number:02}"))
    return folder


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.rglob("*") if path.is_file()}


def refused(monkeypatch, course: Path, *arguments: object) -> str:
    """The one line that a command prints, in this process: it must not come as far as a worker."""
    monkeypatch.setenv("AUTOGRADER_SECRET", SECRET)
    errors = io.StringIO()
    with contextlib.redirect_stderr(errors), pytest.raises(SystemExit) as stopped:
        main(["--course", str(course), *map(str, arguments)])
    assert stopped.value.code == 1
    assert errors.getvalue().count("\n") == 1, errors.getvalue()
    return errors.getvalue().removeprefix("autograder: ")


@pytest.fixture(scope="session")
def gradebook(tmp_path_factory) -> Path:
    """An nbgrader course that knows the assignment."""
    folder = tmp_path_factory.mktemp("nbgrader")
    from nbgrader.api import Gradebook

    find_alembic()
    with Gradebook(f"sqlite:///{folder}/gradebook.db") as book:
        book.add_assignment("tiny")
    return folder


@pytest.fixture
def commands(results, tmp_path, gradebook) -> dict[str, list[object]]:
    """The commands that write to a results folder."""
    return {
        "grade": ["grade", tiny_class(tmp_path / "class", 1), "--out", results],
        "report": ["report", results],
        "export": ["export", results, "--to", "csv"],
        "import": ["import", results, "--from", "nbgrader", "--course", gradebook],
    }


# Damage


def truncated(path: Path) -> None:
    os.truncate(path, path.stat().st_size // 2 // 4096 * 4096)


def cut_in_a_page(path: Path) -> None:
    os.truncate(path, path.stat().st_size - 1000)


def overwritten(path: Path) -> None:
    with open(path, "r+b") as file:
        file.seek(2 * 4096)
        file.write(b"\xa5" * 4096)


def a_folder(path: Path) -> None:
    path.unlink()
    path.mkdir()


def a_pipe(path: Path) -> None:
    path.unlink()
    os.mkfifo(path)


def a_dangling_link(path: Path) -> None:
    path.unlink()
    path.symlink_to("nowhere")


def other_tables(path: Path) -> None:
    path.unlink()
    change(path, "CREATE TABLE shopping (item)")


def change(path: Path, statement: str) -> None:
    with contextlib.closing(sqlite3.connect(path)) as database, database:
        database.execute(statement)


def broken_log(path: Path) -> None:
    killed_in_the_midst(path)
    with open(f"{path}-wal", "r+b") as file:
        file.write(b"\0")


def log_of_another(path: Path) -> None:
    """The log of another class, with some of its pages: what SQLite would take for our own."""
    other = path.parent.parent / "other"
    other.mkdir()
    with Store(other, ABOUT) as store:
        for number in range(3000):
            store.save(replace(RESULT, student_id=f"other {number}"))
            if number == 2500:
                with store._engine.connect() as connection:
                    connection.exec_driver_sql("PRAGMA wal_checkpoint(RESTART)")
        shutil.copy(other / f"{RECORD}-wal", path.parent)


def killed_in_the_midst(path: Path) -> None:
    """As after SIGKILL: what was recorded last is in the log only."""
    copy = path.parent.parent / "copy"
    with Store(path.parent, ABOUT) as store:
        store.save(replace(RESULT, student_id="zoe"))
        shutil.copytree(path.parent, copy)
    for found in copy.iterdir():
        shutil.copy(found, path.parent)


CHANGES = "write pwrite64 ftruncate fsync fdatasync unlink unlinkat rename renameat"


def killed_before(step: int, work: Callable[[], object]) -> bool:
    """Do it in a fork that is killed before its next change of a file, after so many; or done.

    Traced as a debugger would: constants are from the kernel's ptrace.h.
    """
    column = list(AUDIT_ARCH).index(platform.machine())
    changes = {number[column] for name, number in ALLOWED.items() if name in CHANGES.split()}
    ptrace = ctypes.CDLL(None, use_errno=True).ptrace
    trace_me, options, go_on_to_system_call, get_system_call, kind_entry = 0, 0x4200, 24, 0x420E, 1
    if (child := os.fork()) == 0:
        ptrace(trace_me, 0, None, None)
        os.kill(os.getpid(), signal.SIGSTOP)
        work()
        os._exit(0)
    while os.WIFSTOPPED(os.waitpid(child, 0)[1]):
        ptrace(options, child, None, ctypes.c_void_p(1))  # PTRACE_O_TRACESYSGOOD: tell the kinds
        found = ctypes.create_string_buffer(88)
        size = ctypes.c_void_p(len(found))
        ptrace(get_system_call, child, size, found)
        kind, number = found.raw[0], int.from_bytes(found.raw[24:32], "little")
        if kind == kind_entry and number in changes:
            step -= 1
        if step < 0:
            os.kill(child, signal.SIGKILL)
            os.waitpid(child, 0)
            return True
        ptrace(go_on_to_system_call, child, None, None)
    return False


DAMAGED = {
    "empty": lambda path: os.truncate(path, 0),
    "truncated": truncated,
    "cut in a page": cut_in_a_page,
    "overwritten": overwritten,
    "garbage": lambda path: path.write_bytes(b"garbage" * 1000),
    "a text": lambda path: path.write_text("student_id,score\n"),
    "header only": lambda path: path.write_bytes(b"SQLite format 3\0"),
    "other tables": other_tables,
    "no about": lambda path: change(path, "DROP TABLE about"),
    "empty about": lambda path: change(path, "DELETE FROM about"),
    "no verdicts": lambda path: change(path, "DROP TABLE verdicts"),
    "a column less": lambda path: change(path, "ALTER TABLE submissions DROP COLUMN tier"),
    "wrong schema": lambda path: change(path, "UPDATE about SET value = '1' WHERE key = 'schema'"),
    "a folder": a_folder,
    "a pipe": a_pipe,
    "a dangling link": a_dangling_link,
    "broken log": broken_log,
    "log of another": log_of_another,
}
damages = pytest.mark.parametrize("damage", DAMAGED.values(), ids=DAMAGED.keys())


@damages
def test_a_damaged_record_is_told_and_left_as_it_is(monkeypatch, course, results, commands, damage):
    damage(results / RECORD)
    before = content(results)
    for command in commands.values():
        message = refused(monkeypatch, course, *command)
        assert message.startswith(str(results / RECORD)) and "choose another --out" in message
        after = content(results)
        assert {name: data for name, data in after.items() if name in before} == before
        assert after.keys() - before.keys() <= {".lock", f"{RECORD}-shm"}


def test_an_impossible_value_in_a_record_is_told(monkeypatch, course, results):
    change(results / RECORD, "UPDATE verdicts SET kind = 'perhaps' WHERE submission = 7")
    assert "'perhaps' is not a valid Kind" in refused(monkeypatch, course, "report", results)


def test_a_log_without_its_record_is_told(monkeypatch, course, results, commands):
    killed_in_the_midst(results / RECORD)
    (results / RECORD).unlink()
    before = content(results)
    message = refused(monkeypatch, course, *commands["grade"])
    assert message.startswith(f"{results / RECORD}-wal is there without its {RECORD}: restore")
    assert "or a backup (first remove grades.db-wal and grades.db-shm), or" in message
    assert content(results) == before


def test_a_backup_is_to_be_restored_without_the_log_of_what_it_replaces(results):
    """SQLite would read that log into it: what came of it may be neither of the two."""
    killed_in_the_midst(results / RECORD)
    overwritten(results / RECORD)
    with pytest.raises(ResultsError) as told:
        inspect(results / RECORD)
    assert f"backup (first remove {RECORD}-wal and {RECORD}-shm), or" in str(told.value)
    for ending in ("-wal", "-shm"):
        (results / f"{RECORD}{ending}").unlink()
    with pytest.raises(ResultsError, match="restore it from a backup, or choose"):
        inspect(results / RECORD)


@pytest.mark.slow
@pytest.mark.skipif(platform.machine() not in AUDIT_ARCH, reason="no numbers of system calls")
def test_a_record_can_be_used_after_a_kill_at_any_step_of_its_making(tmp_path):
    for steps in itertools.count():
        folder = tmp_path / str(steps)
        folder.mkdir()
        if not killed_before(steps, lambda at=folder: Store(at, ABOUT)):
            break
        with Store(folder, ABOUT) as store:
            store.save(RESULT)
            assert store.done().keys() == {"amy"}
        sweep(folder)
        assert sorted(content(folder)) == [".lock", RECORD], steps
    assert steps > 20


def test_what_an_unfinished_change_of_mode_left_is_taken_back(results):
    """As records of earlier versions may be: with a journal, which reading alone cannot undo."""
    change(results / RECORD, "PRAGMA journal_mode = DELETE")
    copy = results.parent / "copy"
    with contextlib.closing(sqlite3.connect(results / RECORD, isolation_level=None)) as database:
        database.execute("PRAGMA cache_size = 1")
        database.execute("PRAGMA cache_spill = 1")
        database.execute("BEGIN IMMEDIATE")
        database.execute("UPDATE submissions SET path = hex(zeroblob(5000))")
        shutil.copytree(results, copy)
    assert (copy / f"{RECORD}-journal").exists()
    with Store(copy, ABOUT) as store:
        assert {path for _, path, _ in store.done().values()} == {"amy.py"}


def test_what_is_in_the_log_only_counts(results):
    killed_in_the_midst(results / RECORD)
    alone = results / "alone"
    alone.mkdir()
    shutil.copy(results / RECORD, alone)
    before = content(results)
    assert inspect(results / RECORD) == ABOUT | {"schema": "4"}
    assert content(results) == before | {f"{RECORD}-shm": content(results)[f"{RECORD}-shm"]}
    with Store(results, ABOUT) as store, Store(alone, ABOUT) as less:
        assert "zoe" in store.done() and "zoe" not in less.done()


def test_looking_at_a_record_leaves_nothing_beside_it(results):
    before = content(results)
    assert inspect(results / RECORD) == ABOUT | {"schema": "4"}
    assert content(results) == before


@pytest.mark.parametrize("name", ["what?", "50%41", "#1", "a b", "é", "x&mode=memory"])
def test_a_results_folder_may_have_any_name(tmp_path, name):
    (tmp_path / name).mkdir()
    for _ in range(2):
        with Store(tmp_path / name, ABOUT) as store:
            store.save(RESULT)
    assert sorted(path.name for path in (tmp_path / name).iterdir()) == [".lock", RECORD]


def test_nobody_else_may_read_a_record_nor_what_sqlite_puts_beside_it(results):
    (results / RECORD).unlink()
    before = os.umask(0)
    try:
        with Store(results, ABOUT) as store:
            store.save(RESULT)
            files = {path.name: stat.S_IMODE(path.stat().st_mode) for path in results.iterdir()}
    finally:
        os.umask(before)
    assert files.keys() >= {RECORD, f"{RECORD}-wal", f"{RECORD}-shm"}
    assert {files[name] for name in files if name.startswith(RECORD)} == {0o600}


# One writer at a time


def test_a_second_grader_is_refused_at_once_and_told_who_is_there(
    monkeypatch, course, results, commands
):
    before = content(results)
    with Store(results, ABOUT):
        for name, command in commands.items():
            message = refused(monkeypatch, course, *command)
            assert message.startswith(f"{results}: another autograder (process {os.getpid()})"), (
                name
            )
            assert "wait until that is done" in message
    assert content(results) == before
    with Store(results, ABOUT) as store:
        assert len(store.done()) == 20


def test_the_lock_goes_with_the_process_that_holds_it(course, results, tmp_path):
    students, log = tiny_class(tmp_path / "class", 30), tmp_path / "log"
    grader = start(course, log, "grade", students, "--out", results, "--workers", 1)
    while "1" not in recorded_since(results) and grader.is_alive():
        time.sleep(0.02)
    with pytest.raises(ResultsError, match=rf"process {grader.pid}\) is writing"), locked(results):
        pass
    os.kill(grader.pid, signal.SIGKILL)
    grader.join()
    with locked(results):
        pass


def recorded_since(results: Path) -> str:
    address = f"file:{results / RECORD}?mode=ro"
    with contextlib.closing(sqlite3.connect(address, uri=True)) as record:
        return str(record.execute("SELECT count(*) > 20 FROM submissions").fetchone()[0])


def test_a_lock_is_let_go_when_the_record_is_refused(results):
    for _ in range(2):
        with pytest.raises(ResultsError, match="is of assignment"):
            Store(results, ABOUT | {"assignment": "other"})


def test_durability_is_what_the_documents_say(results):
    with Store(results, ABOUT) as store, store._engine.connect() as connection:
        found = [
            connection.exec_driver_sql(f"PRAGMA {name}").scalar_one()
            for name in ("journal_mode", "synchronous", "foreign_keys")
        ]
    assert found == ["wal", 2, 1]  # 2: FULL


# A disk that is full, or cannot be written to


def private_mount(folder: Path, *options: str) -> None:
    """Mount a file system that this process alone sees."""
    libc = ctypes.CDLL(None, use_errno=True)
    assert libc.unshare(0x20000) == 0, os.strerror(ctypes.get_errno())  # CLONE_NEWNS
    subprocess.run(["mount", "--make-rprivate", "/"], check=True)
    subprocess.run(["mount", *options, folder], check=True)


can_mount = pytest.mark.skipif(
    os.getuid() != 0 or subprocess.run(["unshare", "--mount", "true"], check=False).returncode,
    reason="only root can mount a small disk",
)
SIZE = 4096  # kilobytes


def fill(folder: Path, room: int) -> Path:
    """Leave only so many kilobytes of the disk."""
    ballast = folder / "ballast"
    used = os.statvfs(folder)
    ballast.write_bytes(b"x" * (used.f_bavail * used.f_bsize - 1024 * room))
    return ballast


def on_small_disks(course: Path, given: Path, rooms: list[int], told: Path, *command: str) -> None:
    """With each room on a disk of its own: run a command, and again with room enough."""
    results, log, report = told.parent / "disk", told.parent / "log", []
    results.mkdir()
    private_mount(results, "-t", "tmpfs", "-o", f"size={SIZE}k", "none")
    for room in rooms:
        for path in results.iterdir():
            shutil.rmtree(path) if path.is_dir() else path.unlink()
        shutil.copytree(given, results, dirs_exist_ok=True)
        before = recorded(results, told.parent)
        ballast = fill(results, room)
        full = [run_here(course, log, *command)]
        kept = recorded(results, told.parent)
        pages = all(p.read_text().endswith("</html>") for p in results.rglob("*.html"))
        files = sorted(path.name for path in results.iterdir())
        ballast.unlink()
        code, _ = run_here(course, log, *command)
        scores = (results / "scores.csv").read_text()
        report.append([room, before, full, kept, pages, files, code, scores])
    told.write_text(json.dumps(report))


def recorded(results: Path, scratch: Path) -> list[str]:
    """The students of the record that is whole; looked at in a copy."""
    copy = scratch / "looked at"
    shutil.rmtree(copy, ignore_errors=True)
    copy.mkdir()
    for path in results.glob("grades.db*"):
        shutil.copy(path, copy)
    if not (copy / RECORD).exists():
        return []
    with contextlib.closing(sqlite3.connect(copy / RECORD)) as record:
        assert record.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        return [row[0] for row in record.execute("SELECT student_id FROM submissions ORDER BY 1")]


def assert_told_and_completed(report: list, scores: str) -> set[str]:
    """Checks what `on_small_disks` tells; returns the names of what could not be written."""
    named = set()
    for room, before, full, kept, pages, files, code, last in report:
        assert set(before) <= set(kept), room
        assert pages, room
        assert not [name for name in files if name.endswith(".draft")], room
        assert (code, last) == (0, scores), room
        for code, text in full:
            assert "Traceback" not in text
            (error,) = [line for line in text.splitlines() if line.startswith("autograder: ")] or [
                ""
            ]
            assert code == bool(error), room
            if error:
                assert "full" in error or "No space left on device" in error
                assert "make room, then run the same again" in error or "see whether" in error
                path = error.removeprefix("autograder: ").partition(": ")[0]
                named.add(str(Path(path).relative_to(Path(path.partition("/disk")[0]) / "disk")))
    return named


@can_mount
def test_a_full_disk_is_one_sentence_when_pages_are_written(course, results, tmp_path):
    told = tmp_path / "told"
    rooms = [0, 4, *range(24, 88, 4), 88, *range(100, 132, 4), 500]
    process = started(on_small_disks, course, results, rooms, told, "report", tmp_path / "disk")
    process.join()
    assert call(course, tmp_path / "log", "report", results)[0] == 0
    report = json.loads(told.read_text())
    named = assert_told_and_completed(report, (results / "scores.csv").read_text())
    assert {RECORD, "scores.csv"} < named, named  # and pages
    assert {Path(name).parent.name for name in named} >= {"feedback"}
    assert not report[0][2][0][0] == 0 and report[-1][2][0][0] == 0


@can_mount
def test_a_full_disk_in_the_midst_of_a_class_loses_nothing(course, tmp_path):
    students, told = tiny_class(tmp_path / "class", 40), tmp_path / "told"
    empty = tmp_path / "empty"
    empty.mkdir()
    grade = ("grade", students, "--workers", "1", "--out")
    rooms = [0, 100, 400]
    process = started(on_small_disks, course, empty, rooms, told, *grade, tmp_path / "disk")
    process.join()
    assert call(course, tmp_path / "log", *grade, tmp_path / "results")[0] == 0
    report = json.loads(told.read_text())
    scores = (tmp_path / "results/scores.csv").read_text()
    assert RECORD in assert_told_and_completed(report, scores)
    kept = {room: len(students) for room, _, _, students, *_ in report}
    assert kept[0] == 0 and 0 < kept[400] < 41, kept


def read_only(course: Path, results: Path, told: Path, given: list[list[str]]) -> None:
    private_mount(results, "--bind", results)
    subprocess.run(["mount", "-o", "remount,bind,ro", results], check=True)
    told.write_text(json.dumps([run_here(course, told.parent / "log", *one) for one in given]))


@can_mount
@pytest.mark.parametrize("new", [False, True])
def test_a_results_folder_that_is_read_only_is_told(course, results, tmp_path, commands, new):
    if new:
        shutil.rmtree(results)
        results.mkdir()
    given = [list(map(str, one)) for one in commands.values()]
    process = started(read_only, course, results, tmp_path / "told", given[: 1 if new else None])
    process.join()
    for code, text in json.loads((tmp_path / "told").read_text()):
        assert code == 1 and text.count("\n") == 1
        assert text.startswith(f"autograder: {results}/.lock: Read-only file system: make it writ")


def test_a_results_folder_that_is_a_file_is_told(monkeypatch, course, results, commands):
    shutil.rmtree(results)
    results.write_text("notes of mine")
    for name, command in commands.items():
        message = refused(monkeypatch, course, *command)
        assert message.startswith(f"{results}: ") and message.count(":") == 2, (name, message)
    assert results.read_text() == "notes of mine"


@pytest.mark.parametrize(
    ("error", "text"),
    [
        (OSError(28, "No space left on device", "a/b"), "a/b: No space left on device: make room"),
        (OSError(30, "Read-only file system", "a"), "a: Read-only file system: make it writable"),
        (PermissionError(13, "Permission denied", "a"), "a: Permission denied: make it readable"),
        (FileNotFoundError(2, "No such file or directory", "a"), "a: No such file or directory"),
        (OSError("something"), "something"),
    ],
)
def test_what_the_system_refuses_is_a_sentence_with_a_cure(error, text):
    assert explain(error).startswith(text)
