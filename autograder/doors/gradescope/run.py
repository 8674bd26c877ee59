"""What `run_autograder` starts: grade the one submission in Gradescope's container.

A fault on our side never becomes a score. There is then no `results.json`, to which Gradescope says
"the autograder failed to execute correctly"; what went wrong is printed, which it shows to the
instructor only, and the exit code is not 0.
"""

from __future__ import annotations

import json
import os
import sys
import tempfile
from pathlib import Path

from ... import pipeline
from ...course.course import SECRET_FILE, find_course
from ...course.outline import Outline
from ...errors import AutograderError, SandboxError, SubmissionsError
from ...files import PUBLIC, replacing
from ...model import Result, Status
from ...reading.read import files_of_one
from ...results.rows import Results
from ...results.score import number, score
from ...running.tier import detect
from .deadline import Deadline, read_deadline
from .report import report

MEMORY = 1 << 30  # bytes; grading the untouched notebook takes 0.8 GB, most of it torch's
MEMORY_LIMITS = (  # of the container, in version 2 of cgroups and in version 1
    Path("/sys/fs/cgroup/memory.max"),
    Path("/sys/fs/cgroup/memory/memory.limit_in_bytes"),
)
STUDENT = "submission"  # there is only one, and Gradescope knows whose it is


def main(course: Path, root: Path) -> int:
    """Grade `root`/submission, write `root`/results/results.json; returns the exit code."""
    written = root / "results" / "results.json"
    written.unlink(missing_ok=True)
    written.parent.chmod(0o700)  # Gradescope makes it anew each time
    try:
        result, outline = grade(course, root)
    except AutograderError as error:
        return _no_score(str(error))
    if result.status is Status.grader_error:
        return _no_score(result.problem)
    with replacing(written, PUBLIC) as file:
        json.dump(report(result, outline, _deadline(root)), file, indent=1)
    found = score(result, outline, {})
    points = f"{number(found.total)} of {number(found.max_score)} points"
    _say(f"{result.status.value}, {points}, isolation tier {result.tier}")
    return 0


def grade(folder: Path, root: Path) -> tuple[Result, Outline]:
    """Put the submission through the pipeline that grades a class.

    Raises:
        AutograderError: of several kinds; then there is no score.
    """
    _refuse_too_little_memory()
    course = find_course(folder)
    (name,) = (path.name for path in (folder / "assignments").iterdir())
    outline = course.outline(name)
    with tempfile.TemporaryDirectory(prefix="gradescope-") as out:  # of a mode that is ours alone
        job = pipeline.Job(
            students={STUDENT: files_of_one(root / "submission", STUDENT)},
            outline=outline,
            out=Path(out),
            secret=(folder / SECRET_FILE).read_bytes,
            hidden=(folder, root),
            # Under root, workers become a user who cannot open what is ours, and the container is
            # for this one submission: that stands in for Landlock where the kernel has none.
            tier=detect(trusted=os.getuid() == 0),
            workers=1,
        )
        pipeline.grade(job)
        (result,) = Results(job.out)
    return result, outline


def _refuse_too_little_memory() -> None:
    """The kernel would kill something for want of memory, and it may be an honest worker.

    Raises:
        SandboxError: says where to change it.
    """
    for path in MEMORY_LIMITS:
        limit = path.read_text().strip() if path.is_file() else "max"
        if limit != "max" and int(limit) < MEMORY:
            raise SandboxError(
                f"this container has {int(limit) >> 20} MB of memory, and grading needs at least "
                f"{MEMORY >> 20}: choose more under Autograder Settings in Gradescope"
            )


def _deadline(root: Path) -> Deadline | None:
    """The deadline; data that cannot be read costs the student nothing."""
    try:
        return read_deadline(root / "submission_metadata.json")
    except SubmissionsError as error:
        _say(f"{error}: graded as if there were no deadline")
        return None


def _no_score(problem: str) -> int:
    _say(f"no score was given, the instructor has to look: {problem}")
    return 2


def _say(message: str) -> None:
    sys.stdout.write(f"autograder: {message}\n")


if __name__ == "__main__":
    sys.exit(main(*map(Path, sys.argv[1:])))
