"""The flow, on one screen: read, run, judge, store; then score and pages from the record.

submissions -> Submission -> Run (observations) -> Outcome (verdicts) -> grades.db
                                   grades.db -> scores.csv, feedback/, report.html
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path

from .course import fingerprint
from .entries import Entry
from .errors import ClusterError, ResultsError
from .files import sweep
from .model import Result, Submission
from .outline import Outline
from .overview import Overview
from .pages import Feedback, write_report
from .read import read_submission
from .roster import Roster
from .score import scored, write_csv
from .store import Store
from .tier import Tier, detect

Progress = Callable[[str, Result | None], None]  # student id, and their result if it is a new one


@dataclass(frozen=True)
class Job:
    """One call of `grade`: what to grade, for what, where to, and how."""

    students: dict[str, list[Entry]]  # files by student id
    outline: Outline
    out: Path
    secret: bytes
    hidden: tuple[Path, ...]  # folders that workers must never see
    workers: int
    tier: Tier | None = None  # of isolation; None: the best that there is
    trusted: bool = False  # submissions, where nothing isolates them
    cluster: str | None = None  # the address of one that grades, instead of this machine
    force: bool = False  # also what has not changed
    roster: Roster = field(default_factory=dict)  # names for the report, and who is missing


def grade(job: Job, progress: Progress) -> Overview:
    """Grade what is new or changed, then write scores and pages of all that is in the record.

    Raises:
        AutograderError: of several kinds; what was graded by then is in the record.
    """
    name = job.outline.name
    try:
        job.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(
            f"{job.out}: no folder ({error.strerror}): choose another --out"
        ) from error
    with Store(job.out, {"assignment": name, "secret": fingerprint(job.secret)}) as store:
        submissions = (read_submission(s, files, name) for s, files in job.students.items())
        todo = _changed(submissions, job, store, progress)
        if (first := next(todo, None)) is not None:
            for result in _graded(job, itertools.chain([first], todo)):
                store.save(result)
                progress(result.student_id, result)
        return publish(store.results(), job.out, job.outline, job.roster)


def publish(
    results: Iterable[Result], out: Path, outline: Outline, roster: Roster | None = None
) -> Overview:
    """Write `scores.csv`, `feedback/` and `report.html`; it goes over `results` several times."""
    for folder in (out, out / "feedback"):
        sweep(folder)
    write_csv(out / "scores.csv", results, outline)
    overview = Overview(outline)
    feedback = Feedback(out / "feedback", (result.student_id for result in results), outline)
    for result, score in scored(results, outline):
        feedback.write(result, score)
        overview.add(result, score)
    write_report(out / "report.html", overview, outline, roster or {})
    return overview


def _changed(
    submissions: Iterable[Submission], job: Job, store: Store, progress: Progress
) -> Iterator[Submission]:
    """The submissions that the record does not hold as they are."""
    done = {} if job.force else store.done()
    for submission in submissions:
        known, *place = done.get(submission.student_id, ("", "", None))
        if known != job.outline.fingerprint(submission.digest):
            yield submission
            continue
        if place != [submission.path, submission.receipt]:
            store.move(submission.student_id, submission.path, submission.receipt)
        progress(submission.student_id, None)


def _graded(job: Job, submissions: Iterable[Submission]) -> Iterator[Result]:
    """Results as they are ready. Whatever takes seconds to import or load waits until here."""
    from .assignment import load_assignment
    from .grader import Grader

    if job.cluster is not None:
        yield from _graded_elsewhere(job, job.cluster, submissions)
        return
    tier = job.tier or detect(job.trusted)
    assignment = load_assignment(job.outline)
    with Grader(assignment, job.secret, job.hidden, tier, job.workers) as grader:
        yield from grader.results(submissions)


def _graded_elsewhere(
    job: Job, address: str, submissions: Iterable[Submission]
) -> Iterator[Result]:
    try:
        from .cluster import Cluster, pack
    except ImportError as error:
        raise ClusterError(
            f"{error.name} is not installed: pip install 'backprop-autograder[cluster]'"
        ) from error
    parcel = pack(job.outline, job.secret, job.hidden, job.trusted)
    with Cluster(address, parcel, job.workers) as cluster:
        yield from cluster.results(submissions)
