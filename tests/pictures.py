"""Makes the pictures of README and docs from the sample class: `make pictures`.

The class is made and graded anew, and what people would see is photographed in Debian's chromium.
"""

from __future__ import annotations

import io
import os
import re
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
STUDENT = "daphne"  # their page is in the README and the tutorial
HEIGHT = 1100  # of a picture, in pixels of the page
THEMES = {"light": "", "dark": "-dark"}  # and how a picture's name ends; GitHub chooses
LOADED = re.compile(r"\s*@font-face \{.*?\}", re.DOTALL)  # fonts from elsewhere


def main() -> None:
    """Make all of them."""
    IMAGES.mkdir(exist_ok=True)
    with tempfile.TemporaryDirectory() as folder:
        demo = Path(folder, "demo")
        command = [sys.executable, "-m", "autograder", "--course", ROOT, "demo", "demo"]
        looks = os.environ | {"FORCE_COLOR": "1", "COLUMNS": "80"}
        done = subprocess.run(
            command, cwd=folder, check=True, capture_output=True, text=True, env=looks
        )
        terminal("autograder demo", done.stdout, IMAGES / "terminal.svg")
        results = demo / "results"
        feedback, report = results / "feedback" / f"{STUDENT}.html", results / "report.html"
        with photographer() as photograph:
            photograph(report.as_uri(), "report", "light")  # README leads to it, and shows none
            for theme in THEMES:
                photograph(feedback.as_uri(), "feedback", theme)
                with marking(results) as address:
                    photograph(address, "marking", theme, begin)
    for path in sorted(IMAGES.iterdir()):
        print(f"{path.relative_to(ROOT)}: {path.stat().st_size // 1024} KB")


def terminal(title: str, text: str, path: Path) -> None:
    """A terminal of 80 columns with that text in it."""
    console = Console(record=True, width=80, file=io.StringIO())
    console.print(Text.from_ansi(text.rstrip()))
    svg = console.export_svg(title=title, unique_id="terminal")
    path.write_text(LOADED.sub("", svg), encoding="utf-8")


@contextmanager
def photographer() -> Iterator[Any]:
    """What takes a picture of the top of a page."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)

        def photograph(
            address: str, name: str, theme: str, first: Callable[[Any], None] | None = None
        ) -> None:
            size = {"width": 1000, "height": HEIGHT}
            page = browser.new_page(viewport=size, color_scheme=theme)
            page.goto(address)
            if first:
                first(page)
            page.screenshot(path=str(IMAGES / f"{name}{THEMES[theme]}.png"))
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
