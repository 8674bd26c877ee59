"""Grades a class with one tool, and says as JSON what it gave. Run by forgery.py, inside outer.sh.

Usage: forgery_run.py TOOL FOLDER     FOLDER: what forgery.py prepared, as far as the tool needs it
"""

import csv
import json
import os
import shutil
import subprocess
import sys
import time
from pathlib import Path

SECONDS = 300  # after which a tool is taken to hang
HERE = Path("/srv")
RAN_IN = Path("/tmp/ran-in")  # where a payload leaves the number of the process that ran it
ASSIGNMENT = "backprop"
SCRIPTS = Path(sys.executable).parent
READ_GRADEBOOK = f"""
import json
from nbgrader.api import Gradebook
with Gradebook("sqlite:///gradebook.db") as gradebook:
    (found,) = gradebook.assignment_submissions({ASSIGNMENT!r})
    grades = [g for n in found.notebooks for g in n.grades if g.cell.cell_type == "code"]
    flagged = any(g.needs_manual_grade for g in grades)
    print(json.dumps([sum(g.score for g in grades), flagged]))
"""


def main(tool: str, folder: Path) -> None:
    print(json.dumps({"nbgrader": nbgrader, "otter": otter, "ours": ours}[tool](folder)))


def nbgrader(folder: Path) -> dict[str, list[object]]:
    school = HERE / "school"
    shutil.copytree(folder / "nbgrader", school)
    (student,) = (folder / "class").iterdir()
    shutil.copytree(student, school / "submitted" / student.name / ASSIGNMENT)
    fault = run(SCRIPTS / "nbgrader", "autograde", ASSIGNMENT, cwd=school)
    read = subprocess.run(
        [sys.executable, "-c", READ_GRADEBOOK], cwd=school, capture_output=True, text=True
    )
    points, flagged = json.loads(read.stdout) if read.returncode == 0 else (0.0, False)
    return {student.name: [points, fault or ("flagged for a person" if flagged else "")]}


def otter(folder: Path) -> dict[str, list[object]]:
    (student,) = (folder / "class").iterdir()
    place = HERE / "out"
    place.mkdir()
    shutil.copy(student / f"{ASSIGNMENT}.ipynb", HERE)
    archive = folder / "otter" / f"{ASSIGNMENT}-autograder.zip"
    fault = run(
        *(SCRIPTS / "otter", "run", f"{ASSIGNMENT}.ipynb", "-a", archive, "-o", place, "--no-logo"),
        cwd=HERE,
    )
    try:
        tests = json.loads((place / "results.json").read_text())["tests"]
    except (OSError, ValueError):
        return {student.name: [0.0, fault or "no results"]}
    return {student.name: [float(sum(test.get("score", 0) for test in tests)), fault]}


def ours(folder: Path) -> dict[str, list[object]]:
    out = HERE / "out"
    command = ("-m", "autograder", "--course", folder / "ours", "grade", folder / "class")
    fault = run(sys.executable, *command, "--out", out, "--assignment", ASSIGNMENT, cwd=HERE)
    with (out / "scores.csv").open(newline="") as file:
        rows = {row["student_id"]: row for row in csv.DictReader(file)}
    return {
        student.name: [float(rows[student.name]["score"] or 0), fault]
        for student in (folder / "class").iterdir()
    }


def run(*command: object, cwd: Path) -> str:
    """Run a tool to its end, and all that it left; says what went wrong besides the scores."""
    with Path("/tmp/said").open("w") as said:
        tool = subprocess.Popen(list(map(str, command)), cwd=cwd, stdout=said, stderr=said)
    try:
        code = tool.wait(SECONDS)
    except subprocess.TimeoutExpired:
        tool.kill()
        return "hung"
    if others():
        time.sleep(5)  # nobody reads scores at once
    if code:
        print(Path("/tmp/said").read_text()[-3000:], file=sys.stderr)
    ran_in = RAN_IN.read_text() if RAN_IN.exists() else ""
    if ran_in == str(tool.pid):
        return "ran in the grader's process"
    return "crashed" if code else ""


def others() -> set[int]:
    """Processes that the tool left."""
    known = {1, os.getpid(), os.getppid()}
    return {int(name) for name in os.listdir("/proc") if name.isdigit()} - known


if __name__ == "__main__":
    main(sys.argv[1], Path(sys.argv[2]))
