"""The flow, on one screen: read, run, judge, store; then score and pages from the record.

submissions -> Submission -> Run (observations) -> Outcome (verdicts) -> grades.db
                                   grades.db -> scores.csv, feedback/, report.html
"""

from __future__ import annotations

import contextlib
import hashlib
import itertools
from collections.abc import Callable, Collection, Container, Iterable, Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from .course.course import fingerprint
from .course.outline import Outline
from .course.roster import Roster
from .errors import ClusterError, ResultsError, lacks
from .files import PRIVATE_FOLDER, sweep
from .model import Result, Submission
from .pages.overview import Overview
from .pages.pages import Feedback
from .pages.report import write_report
from .reading.entries import Entry, most_alike
from .reading.read import read_submission
from .results.decisions import Change, me
from .results.folder import FEEDBACK, RECORD, REPORT, SCORES
from .results.rules import RULES, note_rules
from .results.score import by_hand, scored, write_csv
from .results.store import Store
from .running.tier import Tier, detect

if TYPE_CHECKING:  # both import torch, which takes seconds
    from .cluster import Cluster
    from .grader import Grader

WRITTEN = "written"  # a key of the record: digest of the rules by which files were last written
Progress = Callable[[str, Result | None], None]  # student id, and their result if it is a new one
Begin = Callable[[Collection[str]], Progress]  # ids of who has a result already
Watch = Callable[[Iterable[Result]], Iterable[Result]]  # the same results, with a bar as they go by


@dataclass(frozen=True)
class Job:
    """One call of `grade`: what to grade, for what, where to, and how."""

    students: dict[str, list[Entry]]  # files by student id
    outline: Outline
    out: Path
    secret: Callable[[], bytes]  # asked when all else is well: a first one is made, and told
    hidden: tuple[Path, ...]  # folders that workers must never see
    workers: int
    tier: Tier | None = None  # of isolation; None: the best that there is
    trusted: bool = False  # submissions, where nothing isolates them
    cluster: str | None = None  # the address of one that grades, instead of this machine
    force: bool = False  # also what has not changed
    roster: Roster = field(default_factory=dict)  # names for the report, and who is missing


def silent(known: Collection[str]) -> Progress:
    """Tell nothing."""
    return lambda student_id, result: None


def grade(job: Job, begin: Begin = silent, watch: Watch | None = None) -> Overview:
    """Grade what is new or changed, then write scores and pages of all that is in the record.

    `begin` is told who has a result before any is added, `watch` of the pages.

    Raises:
        AutograderError: of several kinds; what was graded by then is in the record.
    """
    name = job.outline.name
    if job.out.exists() and not job.out.is_dir():
        raise ResultsError(f"{job.out}: not a folder: choose another --out")
    with contextlib.ExitStack() as opened:
        # Where there is no record yet, all must be graded: a course at fault leaves no folder then.
        is_new = not (job.out / RECORD).exists()
        progress, grader = (begin(()), _grader(job, opened)) if is_new else (None, None)
        _make_folder(job.out)
        about = {"assignment": name, "secret": fingerprint(job.secret())}
        store = opened.enter_context(Store(job.out, about))
        earlier = store.students  # who has been told a score
        progress = progress or begin(earlier)
        beside = list[str]()
        submissions = (_read(job, student, store, beside) for student in job.students)
        todo = _changed(submissions, job, store, progress)
        if (first := next(todo, None)) is not None:
            grader = grader or _grader(job, opened)
            for result in grader.results(itertools.chain([first], todo)):
                store.save(result)
                progress(result.student_id, result)
        if grader:  # loading proves
            store.proved = job.outline.claims
        changes = prove(job.outline, store, earlier)
        overview = write_results(store, job.out, job.outline, job.roster, watch=watch)
        overview.changes, overview.beside = changes, beside
        _remember_written(store)
        return overview


def prove(outline: Outline, store: Store, earlier: Container[str] | None = None) -> list[Change]:
    """Have the assignment prove itself, if it has changed since it last did.

    Returns whose totals change since the scores were last told, as the rules changed; of those
    who had a result `earlier`, or of all.

    Raises:
        CourseError: it is at fault, and so would its scores be.
    """
    if store.proved != outline.claims:
        from .course.assignment import load_assignment

        load_assignment(outline)
        store.proved = outline.claims
    return note_rules(store, outline, me(), earlier)


def follow_rules(store: Store, out: Path, outline: Outline, watch: Watch) -> None:
    """Write scores and pages again if they were made by other rules than the record has now."""
    if store.recall(WRITTEN) not in ("", _digest(store.recall(RULES))):
        write_results(store, out, outline, watch=watch)
    _remember_written(store)


def _remember_written(store: Store) -> None:
    if (now := _digest(store.recall(RULES))) != store.recall(WRITTEN):
        store.remember(WRITTEN, now)


def _digest(rules: str) -> str:
    return hashlib.sha256(rules.encode()).hexdigest()  # they name students, who may be purged


def write_results(
    store: Store,
    out: Path,
    outline: Outline,
    roster: Roster | None = None,
    afresh: bool = False,
    watch: Watch | None = None,
) -> Overview:
    """Write `scores.csv`, `feedback/` and `report.html` of what is recorded.

    Pages that are there as they would be written are left, unless all are wanted `afresh`; `watch`
    is told of each.
    """
    results, complete = store.results(), store.results(with_work=True)
    for folder in (out, out / FEEDBACK):
        sweep(folder)
    write_csv(out / SCORES, results, outline)
    overview = Overview(outline)
    students = (result.student_id for result in results)
    feedback = Feedback(out / FEEDBACK, students, outline, afresh)
    seen = watch(complete) if watch else complete
    counting = by_hand(results, outline.question_points)
    # Closed with the record, too, if a disk is full.
    with contextlib.closing(scored(seen, outline, counting)) as each:
        for result, score in each:
            feedback.write(result, score)
            overview.add(result, score)
    write_report(out / REPORT, overview, outline, roster or {}, afresh)
    return overview


def _read(job: Job, student: str, store: Store, beside: list[str]) -> Submission:
    """A submission; of files that may all be meant, the one that somebody has graded alone since.

    The others are added to `beside`.
    """
    files, name = job.students[student], job.outline.name
    submission = read_submission(student, files, name)
    if submission.several:
        graded = store.chosen_since(student, submission.digest)
        if chosen := graded and most_alike(graded, submission.several):
            others = [path for path in submission.several if path != chosen]
            beside += others
            return read_submission(student, [e for e in files if e.shown not in others], name)
        store.note_several(student, submission.digest)
    return submission


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


def _make_folder(folder: Path) -> None:
    try:
        folder.mkdir(mode=PRIVATE_FOLDER, parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(
            f"{folder}: no folder ({error.strerror}): choose another --out"
        ) from error


def _grader(job: Job, opened: contextlib.ExitStack) -> Grader | Cluster:
    """What runs and judges, until `opened` closes: all that takes seconds to import or load.

    Raises:
        CourseError: the assignment is at fault.
        SandboxError: nothing here isolates student code.
        ClusterError: there is no cluster.
    """
    from .course.assignment import load_assignment
    from .grader import Grader

    if job.cluster is None:
        tier = job.tier or detect(job.trusted)
        assignment = load_assignment(job.outline)
        grader = Grader(assignment, job.secret(), job.hidden, tier, job.workers)
        return opened.enter_context(grader)
    try:
        from .cluster import Cluster, pack
    except ImportError as error:
        raise ClusterError(lacks(error.name, "cluster")) from error
    load_assignment(job.outline)  # what is wrong with it is told here, and not by each worker
    parcel = pack(job.outline, job.secret(), job.hidden, job.trusted)
    return opened.enter_context(Cluster(job.cluster, parcel, job.workers))
