"""Makes the pictures of README and docs from the sample class: `make pictures`.

The class is made and graded anew, and what people would see is photographed in Debian's chromium.
"""

from __future__ import annotations

import io
import subprocess
import sys
import tempfile
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

from browser import CHROMIUM, FLAGS
from rich.console import Console
from rich.text import Text

ROOT = Path(__file__).parent.parent
IMAGES = ROOT / "docs" / "images"
STUDENT = "daphne"  # made the mistake that the README explains
HEIGHT = 1100  # of a picture, in pixels of the page


def main() -> None:
    """Make all of them."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder, "demo")
        command = [sys.executable, "-m", "autograder", "--course", ROOT, "demo", "demo"]
        done = subprocess.run(command, cwd=folder, check=True, capture_output=True, text=True)
        terminal("autograder demo", done.stdout, IMAGES / "terminal.svg")
        pages = {
            "feedback": demo / "results" / "feedback" / f"{STUDENT}.html",
            "report": demo / "results" / "report.html",
        }
        with photographer() as photograph:
            for name, path in pages.items():
                photograph(path.as_uri(), IMAGES / f"{name}.png")
            with marking(demo / "results") as address:
                photograph(address, IMAGES / "marking.png", begin)
    for path in sorted(IMAGES.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")


def terminal(title: str, text: str, path: Path) -> None:
    """A terminal of 80 columns with that text in it."""
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(Text.from_ansi(text))
    console.save_svg(str(path), title=title, unique_id="terminal")


@contextmanager
def photographer() -> Iterator[Any]:
    """What takes a picture of the top of a page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

        def photograph(
            address: str, path: Path, first: Callable[[Any], None] | None = None
        ) -> None:
            page = browser.new_page(viewport={"width": 1000, "height": HEIGHT})
            page.goto(address)
            if first:
                first(page)
            page.screenshot(path=str(path))
            page.close()

        yield photograph
        browser.close()


def begin(page: Any) -> None:
    """Say who marks, and wait for the first answer."""
    page.get_by_label("name").fill("Emmy")
    page.keyboard.press("Enter")
    page.wait_for_timeout(1500)


@contextmanager
def marking(results: Path) -> Iterator[str]:
    """The address of the marking page while it is served."""
    command = [sys.executable, "-m", "autograder", "--course", ROOT, "mark", results, "--no-open"]
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as server:
        try:
            yield next(line.strip() for line in server.stdout or () if "token=" in line)
        finally:
            server.terminate()


if __name__ == "__main__":
    main()
