"""A real browser for the tests of pages: Debian's chromium, which reaches no network.

from browser import browser, needs_browser, opened, serious   # `browser` is a fixture
"""

from __future__ import annotations

import contextlib
import shutil
from collections.abc import Iterator

import pytest

CHROMIUM = shutil.which("chromium")
FLAGS = ["--no-sandbox"]  # tests run as root; the pages are ours
WIDTHS = (380, 1400)  # of a phone, and of a desk
SERIOUS = ("serious", "critical")
needs_browser = pytest.mark.skipif(
    not CHROMIUM, reason="needs Debian's chromium: apt-get install chromium"
)


@pytest.fixture(scope="module")
def browser():
    """One browser for a module's tests."""
    from playwright.sync_api import sync_playwright

    with sync_playwright() as playwright:
        launched = playwright.chromium.launch(executable_path=CHROMIUM, args=FLAGS)
        yield launched
        launched.close()


@contextlib.contextmanager
def opened(browser, url: str, width: int = 1400, dark: bool = False, origin: str = "") -> Iterator:
    """A page of its own, at `url`; fails if it says an error or asks for anything outside.

    Files and `origin` (of a server of ours) may be loaded, and nothing else.
    """
    problems: list[str] = []
    context = browser.new_context(
        viewport={"width": width, "height": 900}, color_scheme="dark" if dark else "light"
    )

    def route(request):
        address = request.request.url
        if address.startswith(("file:", "data:", "blob:")) or (
            origin and address.startswith(origin)
        ):
            request.continue_()
        else:
            problems.append(f"asked for {address}")
            request.abort()

    context.route("**/*", route)
    page = context.new_page()
    page.on("console", lambda m: problems.append(m.text) if m.type == "error" else None)
    page.on("pageerror", lambda error: problems.append(str(error)))
    page.on("dialog", lambda dialog: (problems.append(dialog.message), dialog.dismiss()))
    try:
        page.goto(url)
        yield page
        page.wait_for_timeout(50)  # for errors that are still on their way
        assert not problems, problems
    finally:
        context.close()


def serious(page) -> list[str]:
    """What axe-core finds that is serious: rule, and the elements."""
    from axe_playwright_python.sync_playwright import Axe

    found = Axe().run(page).response["violations"]
    return [
        f"{violation['id']}: {[node['html'][:200] for node in violation['nodes']][:3]}"
        for violation in found
        if violation["impact"] in SERIOUS
    ]
