"""The site is whole, fetches nothing, and says what is true."""

from __future__ import annotations

import csv
import itertools
import re
import shlex
import shutil
import subprocess
import sys
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path

import pytest
import torch
from browser import WIDTHS, browser, needs_browser, opened
from click import Context, Option

from autograder.cli import main as cli
from autograder.compare import difference
from autograder.course.assignment import tolerance
from autograder.course.policy import Policy
from autograder.running import tier

__all__ = ["browser"]
ROOT = Path(__file__).parent.parent
DOCS = ROOT / "docs"
MAKEFILE = (ROOT / "Makefile").read_text("utf-8")
one_worker = pytest.mark.xdist_group("site")  # so that the site is built once
LOADED = {("script", "src"), ("img", "src"), ("iframe", "src"), ("source", "src")}
LOADING = {"stylesheet", "icon", "shortcut icon", "preload", "preconnect", "manifest"}


def built(root: Path, out: Path) -> subprocess.CompletedProcess[str]:
    command = [sys.executable, root / "docs" / "build.py", out]
    return subprocess.run(command, capture_output=True, text=True)


@pytest.fixture(scope="module")
def site(tmp_path_factory):
    folder = tmp_path_factory.mktemp("site")
    done = built(ROOT, folder)
    assert done.returncode == 0, done.stderr
    return folder / "site"


class Page(HTMLParser):
    """What a page loads, and where its links lead."""

    def __init__(self, path: Path):
        super().__init__()
        self.loads: list[str] = []
        self.links: list[str] = []
        self.ids: set[str] = set()
        self.feed(path.read_text("utf-8"))

    def handle_starttag(self, tag, attrs):
        values = {name: value or "" for name, value in attrs}
        self.loads += [values[a] for t, a in LOADED if t == tag and a in values]
        if tag == "link" and values.get("rel") in LOADING:
            self.loads.append(values["href"])
        if tag == "a" and "href" in values:
            self.links.append(values["href"])
        self.ids |= {values["id"]} if "id" in values else set()


@pytest.mark.slow  # `make check` builds the site, and Sphinx fails at a dead link
@one_worker
def test_the_site_loads_nothing_from_the_network(site):
    pages = sorted(site.rglob("*.html"))
    assert len(pages) > 40
    for path in pages:
        loads = Page(path).loads
        assert loads
        for address in loads:
            assert not re.match(r"(https?:)?//", address), (path, address)
            if not address.startswith("data:"):
                assert (path.parent / address.partition("?")[0]).exists(), (path, address)
    for path in site.rglob("*.css"):
        assert not re.search(r"url\(['\"]?(https?:)?//|@import", path.read_text("utf-8")), path


@pytest.mark.slow
@one_worker
def test_every_link_on_the_site_leads_to_a_page_and_a_place_in_it(site):
    pages = {path.resolve(): Page(path) for path in site.rglob("*.html")}
    for path, page in pages.items():
        for link in page.links:
            address, _, anchor = link.partition("#")
            if "://" in link or address.startswith("mailto:"):
                continue
            target = (path.parent / address).resolve() if address else path
            assert target.exists(), (path, link)
            assert not anchor or target not in pages or anchor in pages[target].ids, (path, link)


@pytest.mark.slow
def test_links_that_lead_nowhere_stop_the_build_and_are_named(tmp_path):
    for name in ("docs", "assignments", "tests/corpus", "tests/forgery"):
        shutil.copytree(ROOT / name, tmp_path / name)
    for path in (*ROOT.glob("*.md"), ROOT / "grading.yml"):
        shutil.copy(path, tmp_path)
    broken = ("lms.md#no-such-place", "no-such-page.md", "../NOTHING.md", "images/none.png")
    page = tmp_path / "docs" / "terminal.md"
    links = "\n".join(f"{'!' * link.endswith('.png')}[there]({link})" for link in broken)
    page.write_text(f"{page.read_text('utf-8')}\n{links}\n", "utf-8")
    done = built(tmp_path, tmp_path / "dist")
    assert done.returncode == 1
    assert len(re.findall(r"terminal\.md:\d+: WARNING", done.stderr)) == len(broken), done.stderr


def test_the_reference_is_up_to_date():
    command = [sys.executable, DOCS / "generate.py", "--check"]
    done = subprocess.run(command, capture_output=True, text=True)
    assert done.returncode == 0, done.stderr


def test_the_reference_has_every_command_and_option_with_a_word_on_it():
    text = (DOCS / "reference" / "cli.md").read_text("utf-8")
    assert len(cli.commands) > 10
    for name, command in cli.commands.items():
        section = text.partition(f"\n## autograder {name}\n")[2].partition("\n## ")[0]
        for option in command.get_params(Context(command)):
            if isinstance(option, Option):
                assert option.help, (name, option.name)
                for written in (*option.opts, *option.secondary_opts):
                    assert re.search(rf"{written}\b", section), (name, written)


def test_the_reference_has_every_key_with_a_word_on_it():
    text = (DOCS / "reference" / "grading.md").read_text("utf-8")
    schema = Policy.model_json_schema()
    models = [schema, *schema["$defs"].values()]
    assert len(models) > 8
    for model in models:
        assert model["description"]
        for key in model["properties"]:
            assert re.search(rf"^\| `{key}` \|.*\| \S[^|]+ \|$", text, re.M), key


def steps(page: Path) -> list[tuple[str, list[str]]]:
    """The commands that a page has its reader type, each with what is printed, `…` for anything."""
    blocks = re.findall(r"^```\n(\$ .*?)\n```$", page.read_text("utf-8"), re.M | re.S)
    found = []
    for block in blocks:
        command, *printed = block.removeprefix("$ ").replace("\\\n", " ").splitlines()
        found.append((command, printed))
    return found


def as_shown(printed: list[str], shown: list[str]) -> bool:
    """Whether that was printed, where a `…` stands for any words or lines."""
    pattern = re.escape("\n".join(shown)).replace("…", ".*")
    return bool(re.fullmatch(pattern, "\n".join(line.rstrip() for line in printed), re.S))


@pytest.fixture
def clone(tmp_path):
    """A course as a clone has it, and what runs the command in it."""
    for name in ("assignments", "reference", "docs/examples"):
        shutil.copytree(ROOT / name, tmp_path / name)
    shutil.copy(ROOT / "grading.yml", tmp_path)

    def run(*words: str) -> list[str]:
        command = [sys.executable, "-m", "autograder", *words]
        done = subprocess.run(command, cwd=tmp_path, capture_output=True, text=True)
        return (done.stdout or done.stderr).splitlines()

    return tmp_path, run


def mark(folder: Path, run: Callable[..., list[str]], results: str) -> None:
    """Give each answer a point, in a sheet: what the page does is tested elsewhere."""
    sheet = folder / "sheet.csv"
    assert run("mark", results, "--sheet", "sheet.csv")[0].startswith("15 answers in")
    with sheet.open(encoding="utf-8-sig", newline="") as file:
        rows = list(csv.reader(file))
    for row in rows[1:]:
        if row[0] != "rubric":
            row[rows[0].index("points")] = "1"
    with sheet.open("w", encoding="utf-8-sig", newline="") as file:
        csv.writer(file).writerows(rows)
    told = run("import", results, "--from", "sheet", "--file", "sheet.csv", "--marker", "Emmy")
    assert told[-1].startswith("180 marks of 15 answers"), told


@pytest.mark.slow
def test_what_the_tutorial_says_is_printed(clone):
    folder, run = clone
    assert "\n\t$(BIN)/autograder demo\n" in MAKEFILE
    found = steps(DOCS / "tutorial.md")
    assert len(found) == 8
    for command, shown in found:
        program, *words = shlex.split(command)
        if words[0] == "mark":
            mark(folder, run, words[1])
        elif program != "source":
            printed = run(*words)
            assert as_shown(printed, shown), (command, printed)
    scores = (folder / "demo" / "results" / "scores.csv").read_text("utf-8")
    assert "\ndaphne,daphne.ipynb,graded,32,82," in scores
    before = (folder / "docs/examples/canvas-gradebook.csv").read_bytes().split(b"\r\n")
    after = (folder / "demo/results/canvas-gradebook.csv").read_bytes().split(b"\r\n")
    for old, new in zip(before, after, strict=True):
        assert new.startswith(old.rpartition(b",")[0])


def test_the_example_of_the_tolerances_is_right():
    text = (DOCS / "explanation" / "tolerances.md").read_text("utf-8")
    wanted, *tried = re.findall(r"`\[(.*?)\]`", text)
    assert "1e-6 + 1e-4 × 30 = 0.003001" in text and len(tried) == 2
    limit = tolerance(Policy())
    told = [difference("x", numbers(each), numbers(wanted), limit, None, None) for each in tried]
    assert told[0] is None and told[1]


def numbers(text: str) -> torch.Tensor:
    return torch.tensor([float(number) for number in text.split(",")], dtype=torch.float64)


def test_the_guide_for_servers_knows_every_tier_and_its_cure():
    text = (DOCS / "how-to" / "harden.md").read_text("utf-8")
    rows = dict(re.findall(r"^\| ([SABCD]-?) \| (.*) \|$", text, re.M))
    assert list(rows) == list(tier.ORDER)
    for name, cure in tier.RAISE.items():
        for words in re.findall(r"kernel\.\w+=1|Linux [\d.]+|systemd-run [^`]+|lsm=|seccomp", cure):
            assert words in rows[name], (name, words)


@pytest.mark.slow
@one_worker
@needs_browser
def test_pages_ask_for_nothing_fit_a_phone_and_can_be_searched_without_a_server(
    site,
    browser,
):
    for name in ("index", "tutorial", "reference/grading", "architecture"):
        for width, dark in itertools.product(WIDTHS, (False, True)):
            with opened(browser, (site / f"{name}.html").as_uri(), width, dark) as page:
                wide = "document.documentElement.scrollWidth"
                assert page.evaluate(wide) <= width, (name, width)
    with opened(browser, f"{(site / 'search.html').as_uri()}?q=tolerance") as page:
        page.get_by_role("link", name="Tolerances", exact=True).last.wait_for()
        page.get_by_text("Search finished").wait_for()
