"""Builds dist/site: `python docs/build.py [FOLDER]`, offline, and fails at a dead link.

The pages are those of this folder, and README and its like above it. They are Markdown that reads
on its own, with links as they stand in the repository. So they are copied first, with each link led
to where its page is on the site; what is not on the site loses its link and keeps its words. The
contents at the left are `CONTENTS` below.
"""

from __future__ import annotations

import re
import shutil
import sys
from pathlib import Path

from sphinx.cmd.build import build_main

HERE = Path(__file__).parent
ROOT = HERE.parent
ABOVE = {  # what lies above this folder, by its path on the site
    "readme.md": ROOT / "README.md",
    "security.md": ROOT / "SECURITY.md",
    "contributing.md": ROOT / "CONTRIBUTING.md",
    "changelog.md": ROOT / "CHANGELOG.md",
}
CONTENTS = {
    "Tutorial": ["tutorial.md"],
    "How-to": [
        "how-to/canvas.md",
        "how-to/moodle.md",
        "how-to/nbgrader.md",
        "how-to/gradescope.md",
        "writing-exercises.md",
        "marking.md",
        "last-word.md",
        "cluster.md",
        "how-to/harden.md",
    ],
    "Reference": [
        "Overview <readme.md>",
        "reference/cli.md",
        "reference/grading.md",
        "terminal.md",
        "lms.md",
        "nbgrader.md",
        "otter.md",
        "gradescope.md",
        "dependencies.md",
        "coverage.md",
        "changelog.md",
        "contributing.md",
    ],
    "Explanation": [
        "architecture.md",
        "Threat model <security.md>",
        "explanation/fairness.md",
        "explanation/tolerances.md",
        "doors.md",
        "forgery.md",
        "fuzzing.md",
        "adr/index.md",
    ],
}
LINK = re.compile(r"(!?)\[((?:[^\[\]]|!?\[[^\[\]]*\]\([^()]*\))*)\]\(([^()\s]+)\)")
PICTURE = re.compile(r'<picture>.*?<img src="([^"]+)" alt="([^"]*)">.*?</picture>', re.S)
CODE = re.compile(r"(^```.*?^```$|`[^`\n]+`)", re.M | re.S)


def sources() -> dict[str, Path]:
    """Every file that the site is made of, by its path there."""
    found = {
        path.relative_to(HERE).as_posix(): path
        for path in sorted(HERE.rglob("*"))
        if path.is_file() and path.suffix in (".md", ".csv", ".png", ".svg")
    }
    return found | ABOVE


def page(name: str, files: dict[str, Path]) -> str:
    """The text of a page as the site has it."""
    places = {path: place for place, path in files.items()}
    places[HERE / "adr"] = "adr/index.md"
    up = "../" * name.count("/")

    def lead(link: re.Match[str]) -> str:
        kind, text, target = link.groups()
        text = LINK.sub(lead, text)
        address, hash_, anchor = target.partition("#")
        if "://" in target or not address:
            return f"{kind}[{text}]({target})"
        found = (files[name].parent / address).resolve()
        if found in places or not found.exists():  # what does not exist, Sphinx tells
            return f"{kind}[{text}]({up}{places.get(found, address)}{hash_}{anchor})"
        return text

    # Sphinx copies the images that Markdown shows, and knows none of raw HTML.
    parts = CODE.split(PICTURE.sub(r"![\2](\1)", files[name].read_text("utf-8")))
    # A link may have code for its text: what stands in backticks is put aside meanwhile.
    aside = parts[1::2]
    text = "\0".join(parts[::2])
    back = iter(aside)
    return re.sub("\0", lambda _: next(back), LINK.sub(lead, text)) + _contents(name, files)


def _contents(name: str, files: dict[str, Path]) -> str:
    if name == "index.md":
        return "".join(map(_tree, CONTENTS.values(), CONTENTS))
    if name == "adr/index.md":
        return _tree([f"/{n}" for n in files if n.startswith("adr/0")])
    return ""


def _tree(pages: list[str], caption: str = "") -> str:
    head = f":caption: {caption}\n" if caption else ""
    return f"\n```{{toctree}}\n:hidden:\n{head}\n" + "\n".join(pages) + "\n```\n"


def _for_keys(text: str) -> str:
    """A page of which keys can scroll every part, and whose headings have levels."""
    text = text.replace('role="heading"', 'role="heading" aria-level="2"')
    return re.sub(r'<pre(?=>)|<div class="table-wrapper[^"]*"', r'\g<0> tabindex="0"', text)


def main(out: Path) -> int:
    """Copy, then build; returns 0 if there is nothing to complain of."""
    files, copy, site = sources(), out / "site-source", out / "site"
    out.mkdir(mode=0o700, exist_ok=True)  # dist may hold answers
    for folder in (copy, site):
        shutil.rmtree(folder, ignore_errors=True)
    for name, path in files.items():
        (copy / name).parent.mkdir(parents=True, exist_ok=True)
        if name.endswith(".md"):
            (copy / name).write_text(page(name, files), "utf-8")
        else:
            shutil.copyfile(path, copy / name)
    options = ["--builder", "html", "--quiet", "--fail-on-warning", "--fresh-env"]
    folders: list[str | Path] = [
        "--conf-dir",
        HERE,
        "--doctree-dir",
        out / "site-doctrees",
        copy,
        site,
    ]
    code = int(build_main([*options, *map(str, folders)]))
    if not code:
        made = sorted(site.rglob("*.html"))
        for path in made:
            path.write_text(_for_keys(path.read_text("utf-8")), "utf-8")
        print(f"{len(made)} pages; begin with {site / 'index.html'}")
    return code


if __name__ == "__main__":
    sys.exit(main(Path(sys.argv[1]) if sys.argv[1:] else ROOT / "dist"))
