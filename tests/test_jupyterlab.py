"""The student notebooks in a real JupyterLab, as students have it, in a real browser."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from pathlib import Path

import nbformat
import pytest
from browser import browser, needs_browser, opened  # noqa: F401 (a fixture)
from lowest_torch import answers

from autograder.course.course import find_course

pytestmark = [
    pytest.mark.slow,
    pytest.mark.xdist_group("lab"),  # so that it is started once
    pytest.mark.timeout(600),
    needs_browser,
]

COURSE = find_course(Path(__file__).parent)
TYPED = ["grad_quadratic", "accumulated_grad", "train"]  # answers that go in through the editor
PATIENCE = 180_000  # milliseconds; a busy machine is no failure
OVERRIDES = {
    # Asks the network for news, otherwise.
    "@jupyterlab/apputils-extension:notification": {"fetchNews": "false", "checkForUpdates": False},
    # All cells are in the page, also those that nobody has scrolled to.
    "@jupyterlab/notebook-extension:tracker": {"windowingMode": "none"},
    # What is asked before "Restart and run all" would be one click more.
    "@jupyterlab/apputils-extension:sessionDialogs": {"skipKernelRestartDialog": True},
}


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab in folders of its own: its address, its token, and the folder that it shows."""
    home = tmp_path_factory.mktemp("lab")
    shown = home / "notebooks"
    shown.mkdir()
    settings = home / "config" / "labconfig"
    settings.mkdir(parents=True)
    (settings / "default_setting_overrides.json").write_text(json.dumps(OVERRIDES))
    # On a restart it says an error of its own, now and then.
    without = {"disabledExtensions": {"@jupyterlab/debugger-extension": True}}
    (settings / "page_config.json").write_text(json.dumps(without))
    token = secrets.token_hex(16)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    places = {
        "HOME": home,
        "JUPYTER_CONFIG_DIR": home / "config",
        "JUPYTER_DATA_DIR": home / "data",
        "JUPYTER_RUNTIME_DIR": home / "runtime",
        "JUPYTERLAB_WORKSPACES_DIR": home / "workspaces",
        "JUPYTERLAB_SETTINGS_DIR": home / "settings",
        "IPYTHONDIR": home / "ipython",
        "JUPYTER_PLATFORM_DIRS": "0",
    }
    options = {
        "ServerApp.ip": "127.0.0.1",
        "ServerApp.port": port,
        "ServerApp.port_retries": 0,
        "ServerApp.root_dir": shown,
        "IdentityProvider.token": token,
        "LabApp.news_url": "None",
        "LabApp.check_for_updates_class": "jupyterlab.NeverCheckForUpdate",
        "LabApp.extension_manager": "readonly",
    }
    with open(home / "server.log", "w") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", "--no-browser", "--allow-root"]
            + [f"--{name}={value}" for name, value in options.items()],
            cwd=shown,
            env=os.environ | {name: str(place) for name, place in places.items()},
            stdin=subprocess.DEVNULL,
            stdout=log,
            stderr=log,
        )
        address = f"http://127.0.0.1:{port}"
        try:
            for _ in range(240):
                assert process.poll() is None, (home / "server.log").read_text()[-2000:]
                with contextlib.suppress(OSError):
                    urllib.request.urlopen(f"{address}/api?token={token}", timeout=5).close()
                    break
                time.sleep(0.5)
            yield address, token, shown
        finally:
            process.terminate()  # it ends its kernels
            try:
                process.wait(60)
            except subprocess.TimeoutExpired:
                process.kill()
                process.wait()


@contextlib.contextmanager
def notebook_page(browser, lab, name):  # noqa: F811
    """The notebook of that name, opened, with a kernel that is ready."""
    address, token, _ = lab
    url = f"{address}/lab/workspaces/{secrets.token_hex(4)}/tree/{name}?token={token}"
    with opened(browser, url, origin=address) as page:
        page.set_default_timeout(PATIENCE)
        page.locator(".jp-NotebookPanel:visible .jp-Cell").first.wait_for()
        idle(page)
        yield page


def idle(page):
    """Wait until there is a kernel, and it has nothing to do."""
    page.get_by_text("Python 3 (ipykernel) | Idle").wait_for()  # in the status bar


def run_all(page, count):
    """Have the kernel restarted and all cells run; `count` of them are code."""
    prompts = ".jp-CodeCell .jp-InputPrompt"  # "[3]:" once a cell has run, also from an earlier run
    page.locator(prompts).evaluate_all("all => all.forEach(each => { each.textContent = ''; })")
    page.locator(".lm-MenuBar-itemLabel", has_text="Run").first.click()
    page.locator(".lm-Menu-itemLabel", has_text="Restart Kernel and Run All Cells").click()
    page.wait_for_function(
        """([prompts, count]) => {
            const all = [...document.querySelectorAll(prompts)];
            return all.length === count && all.at(-1).textContent.trim() === `[${count}]:`;
        }""",
        arg=[prompts, count],
        timeout=PATIENCE,
    )
    idle(page)


def saved(page, path):
    """The notebook as it is on the disk, after saving it."""
    before = path.stat().st_mtime_ns
    page.keyboard.press("Control+s")
    for _ in range(600):
        if path.stat().st_mtime_ns != before:
            break
        page.wait_for_timeout(100)
    page.locator(".jp-NotebookPanel:visible").first.wait_for()
    return nbformat.read(path, as_version=4)


def said(notebook):
    """What each visible check printed, by exercise; fails if any cell raised."""
    found = {}
    for cell in notebook.cells:
        for output in cell.get("outputs", []):
            assert output.output_type != "error", (cell.id, output)
            if cell.id.endswith("-check"):
                name = cell.id.removesuffix("-check")
                found[name] = found.get(name, "") + output.text
    return found


def kinds(notebook):
    return [cell.cell_type for cell in notebook.cells]


def test_a_new_notebook_runs_and_takes_answers(browser, lab):  # noqa: F811
    path, solved = lab[2] / "backprop.ipynb", answers("backprop")
    shutil.copy(COURSE.folder / "assignments" / "backprop" / path.name, path)
    released = nbformat.read(path, as_version=4)
    count = kinds(released).count("code")
    with notebook_page(browser, lab, "backprop.ipynb") as page:
        run_all(page, count)
        assert said(saved(page, path)) == {n: f"{n}: not done yet\n" for n in solved}
        cells = page.locator(".jp-NotebookPanel:visible .jp-Notebook .jp-Cell")
        assert cells.count() == len(released.cells)
        for name in TYPED:
            at = [cell.id for cell in released.cells].index(name)
            editor = cells.nth(at).locator(".cm-content")
            editor.click()
            page.keyboard.press("Control+a")
            page.keyboard.insert_text(solved[name])
        run_all(page, count)
        notebook = saved(page, path)
    sources = {cell.id: cell.source for cell in notebook.cells}
    assert {n: sources[n] for n in TYPED} == {n: solved[n] for n in TYPED}
    passes, todo = "passes the visible case", "not done yet"
    assert said(notebook) == {n: f"{n}: {passes if n in TYPED else todo}\n" for n in solved}


@pytest.mark.parametrize("assignment", COURSE.grading.rubrics)
def test_every_check_of_a_solved_notebook_passes(browser, lab, assignment):  # noqa: F811
    path, solved = lab[2] / f"solved-{assignment}.ipynb", answers(assignment)
    notebook = nbformat.read(
        COURSE.folder / "assignments" / assignment / f"{assignment}.ipynb", as_version=4
    )
    for cell in notebook.cells:
        cell.source = solved.get(cell.id, cell.source)
    nbformat.write(notebook, path)
    with notebook_page(browser, lab, path.name) as page:
        run_all(page, kinds(notebook).count("code"))
        assert page.locator(".jp-OutputArea-output img").count() > 0  # what the lesson draws
        done = saved(page, path)
    assert said(done) == {name: f"{name}: passes the visible case\n" for name in solved}
