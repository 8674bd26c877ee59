"""The README says what really happens."""

import re
import subprocess
import sys
from pathlib import Path

ROOT = Path(__file__).parent.parent
README = (ROOT / "README.md").read_text(encoding="utf-8")


def test_the_output_in_the_readme_is_what_the_demo_prints(tmp_path):
    shown = next(b for b in re.findall(r"```\n(.*?)\n```", README, re.S) if "made a class" in b)
    demo = subprocess.run(
        [sys.executable, "-m", "autograder", "--course", str(ROOT), "demo"],
        capture_output=True,
        text=True,
        cwd=tmp_path,
        check=True,
    )
    first, last = map(re.escape, shown.split("\n…\n"))  # … is for any lines
    assert re.fullmatch(rf"{first}\n(?:.*\n)+{last}\n", demo.stdout)


def test_every_command_and_target_in_the_readme_exists():
    help_text = subprocess.run(
        [sys.executable, "-m", "autograder", "--help"], capture_output=True, text=True, check=True
    ).stdout
    for command in set(re.findall(r"autograder (\w+)(?= |`|\n)", README)) - {"demo"}:
        assert f"\n  {command} " in help_text, command
    makefile = (ROOT / "Makefile").read_text()
    for target in re.findall(r"^make (\w+)", README, re.M):
        assert f"\n{target}:" in makefile, target


def test_every_link_in_the_readme_and_the_docs_leads_somewhere():
    for page in (ROOT / "README.md", ROOT / "CONTRIBUTING.md", *(ROOT / "docs").rglob("*.md")):
        links = re.findall(r'(?:\]\(|src="|srcset=")([^)#"]+)', page.read_text(encoding="utf-8"))
        for target in links:
            assert target.startswith("https://") or (page.parent / target).exists(), (page, target)


def test_the_points_in_the_readme_are_those_of_the_rubric():
    from autograder.course.course import find_course

    grading = find_course(ROOT).grading
    table = re.findall(r"^\| \[`(\w+)`\].*\| (\d+) \| (\d+) \|$", README, re.M)
    assert len(table) == 2
    for assignment, automatic, by_hand in table:
        points = [sum(checks.values()) for checks in grading.rubrics[assignment].values()]
        assert sum(points) == int(automatic), assignment
        assert sum(grading.questions[assignment].values()) == int(by_hand), assignment
