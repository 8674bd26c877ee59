"""Temporary folders go, whatever student code left in them and however their grader ended."""

from __future__ import annotations

import multiprocessing
import os
import signal
import subprocess
import time

import pytest
from workers import FULL, solutions

from autograder.running.temporary import MARK, PREFIX, remove, temporary_folder

LONG_AGO = time.time() - 3600
DEPTH = 1500  # more than Python recurses, and 6000 bytes with the name: more than a path may have


@pytest.fixture
def place(tmp_path, monkeypatch):
    monkeypatch.setattr("tempfile.tempdir", str(tmp_path))
    return tmp_path


def nest(folder, depth=DEPTH) -> None:
    """As student code does it, in a process of its own."""
    code = f"import os\nfor n in range({depth}): os.mkdir('name'); os.chdir('name')\nopen('x', 'w')"
    subprocess.run(["python3", "-c", code], cwd=folder, check=True)


def test_a_folder_goes_when_it_is_left_however_deep(place):
    with temporary_folder() as folder:
        assert list(place.iterdir()) == [folder]
        (folder / "scratch").mkdir()
        nest(folder)
        nest(folder / "scratch")
    assert list(place.iterdir()) == []


def test_what_a_folder_holds_is_removed_and_nothing_else(tmp_path):
    kept, folder = tmp_path / "kept", tmp_path / "folder"
    kept.mkdir()
    (kept / "file").write_text("x")
    for path in (folder, folder / "a", folder / "a/b", folder / "a/b/c", folder / "a/closed"):
        path.mkdir()
        (path / "file").write_text("x")
        (path / "link").symlink_to(kept)
        (path / "gone").symlink_to("nowhere")
        os.link(kept / "file", path / "hard link")
    os.mkfifo(folder / "a/pipe")
    for path in (folder / "a/closed", folder / "a/b/c", folder / "a/b", folder / "a"):
        path.chmod(0)
    assert remove(folder) == []
    assert list(tmp_path.iterdir()) == [kept] and (kept / "file").read_text() == "x"


@pytest.mark.skipif(os.getuid() != 0, reason="only root can make it impossible")
def test_what_cannot_be_removed_is_told_and_stops_nothing(place, caplog):
    with temporary_folder() as folder:
        (folder / "stays").mkdir()
        nest(folder, 3)
        subprocess.run(["mount", "-t", "tmpfs", "none", folder / "stays"], check=True)
    try:
        assert caplog.messages == [
            f"autograder: {folder} could not be deleted (Device or resource busy): delete it"
        ]
        assert [path.name for path in folder.iterdir()] == ["stays"]
    finally:
        subprocess.run(["umount", folder / "stays"], check=True)


def hold(sender) -> None:
    with temporary_folder() as folder:
        (folder / "scratch").mkdir()
        os.utime(folder, (LONG_AGO, LONG_AGO))
        sender.send(folder)
        signal.pause()


def test_what_a_killed_process_left_goes_and_what_a_live_one_has_stays(place):
    context = multiprocessing.get_context("fork")
    processes, folders = [], []
    for _ in range(2):
        receiver, sender = context.Pipe(duplex=False)
        processes.append(context.Process(target=hold, args=(sender,)))
        processes[-1].start()
        folders.append(receiver.recv())
    processes[0].kill()
    processes[0].join()
    with temporary_folder() as own:
        assert set(place.iterdir()) == {own, folders[1]}
    processes[1].kill()
    processes[1].join()


def test_a_folder_goes_too_whose_process_was_killed_before_it_marked_it(place):
    path = place / f"{PREFIX}xxxxxxxx"
    path.mkdir()
    os.utime(path, (LONG_AGO, LONG_AGO))
    with temporary_folder():
        assert not path.exists()


@pytest.mark.parametrize("kind", ["young", "other name", "no mark", "link", "file"])
def test_nothing_else_is_touched(place, tmp_path_factory, kind):
    other = tmp_path_factory.mktemp("other")
    path = place / ("else" if kind == "other name" else f"{PREFIX}xxxxxxxx")
    if kind == "link":
        path.symlink_to(other)
    elif kind == "file":
        path.write_text("x")
    else:
        path.mkdir()
    for folder in (other, path):
        if folder.is_dir():
            (folder / ("file" if kind == "no mark" else MARK)).touch()
    when = time.time() if kind == "young" else LONG_AGO
    os.utime(path, (when, when), follow_symlinks=False)
    with temporary_folder():
        assert path.exists()
    assert len(list(other.iterdir())) == 1


def test_folders_that_a_submission_nests_cost_nobody_anything_and_go(grader):
    deep = f"import os\nfor n in range({DEPTH}): os.mkdir('d'); os.chdir('d')"
    assert grader(*solutions()).points == FULL
    before = set(grader.zygotes._home.iterdir())
    for notebook in ([*solutions(), deep], solutions()):
        graded = grader(*notebook)
        assert (graded.points, graded.notes) == (FULL, {})
    assert set(grader.zygotes._home.iterdir()) == before
