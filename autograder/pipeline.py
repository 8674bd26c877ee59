"""The flow, on one screen: read, run, judge, store; then score and pages from the record.

submissions -> Submission -> Run (observations) -> Outcome (verdicts) -> grades.db
                                   grades.db -> scores.csv, feedback/, report.html
"""

from __future__ import annotations

import hashlib
import traceback
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from functools import partial
from pathlib import Path

from .course import Assignment, fingerprint, tolerance
from .entries import Entry
from .errors import CourseError, ResultsError, SandboxError, ZygoteDied
from .files import sweep
from .judge import Judge, Prepared
from .model import Kind, Outcome, Result, Run, Status, Submission, Verdict
from .pages import write_pages
from .parallel import in_parallel
from .read import read_submission
from .roster import Roster
from .run import run
from .score import write_csv
from .store import Store
from .tier import Tier
from .zygotes import Zygotes

Progress = Callable[[str, Result | None], None]  # student id, and their result if it is a new one


@dataclass(frozen=True)
class Job:
    """One call of `grade`: what to grade, for what, where to, and how."""

    students: dict[str, list[Entry]]  # files by student id
    assignment: Assignment
    out: Path
    secret: bytes
    hidden: tuple[Path, ...]  # folders that workers must never see
    tier: Tier
    workers: int
    force: bool = False  # also what has not changed
    roster: Roster = field(default_factory=dict)  # names for the report, and who is missing


def grade(job: Job, progress: Progress) -> list[Result]:
    """Grade what is new or changed, then write scores and pages; returns all of the record.

    Raises:
        AutograderError: of several kinds; what was graded by then is in the record.
    """
    name, policy = job.assignment.name, job.assignment.policy
    each_their_own = policy.cases == "student"
    judge = Judge(name, job.assignment.references, tolerance(policy), job.secret, each_their_own)
    about = {"assignment": name, "secret": fingerprint(job.secret)}
    try:
        job.out.mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise ResultsError(
            f"{job.out}: no folder ({error.strerror}): choose another --out"
        ) from error
    with (
        Store(job.out, about) as store,
        Zygotes(job.assignment.folder, job.hidden, job.tier, policy.limits, job.workers) as zygotes,
    ):
        submissions = (read_submission(s, files, name) for s, files in job.students.items())
        todo = _changed(submissions, job, store, progress)
        grade_one = partial(_grade_one, job=job, judge=judge, zygotes=zygotes)
        for result in in_parallel(grade_one, todo, job.workers):
            store.save(result)
            progress(result.student_id, result)
        return publish(store, job.out, job.assignment, job.roster)


def publish(store: Store, out: Path, assignment: Assignment, roster: Roster) -> list[Result]:
    """Write `scores.csv`, `feedback/` and `report.html` from the record."""
    for folder in (out, out / "feedback"):
        sweep(folder)
    results = list(store.results())
    points = (assignment.rubric, assignment.question_points, assignment.late)
    write_csv(out / "scores.csv", results, *points)
    write_pages(out, results, assignment, roster)
    return results


def _changed(
    submissions: Iterable[Submission], job: Job, store: Store, progress: Progress
) -> Iterator[Submission]:
    """The submissions that the record does not hold as they are."""
    done = {} if job.force else store.done()
    for submission in submissions:
        fingerprint, *known = done.get(submission.student_id, ("", "", None))
        if fingerprint != _fingerprint(submission, job):
            yield submission
            continue
        if known != [submission.path, submission.receipt]:
            store.move(submission.student_id, submission.path, submission.receipt)
        progress(submission.student_id, None)


def _fingerprint(submission: Submission, job: Job) -> str:
    return hashlib.sha256(f"{job.assignment.digest} {submission.digest}".encode()).hexdigest()


def _grade_one(submission: Submission, job: Job, judge: Judge, zygotes: Zygotes) -> Result:
    """Run and judge one submission. What goes wrong on our side is a `grader_error`, never a 0.

    Raises:
        SandboxError: no zygote starts any more, so there is no use in going on.
    """
    ran, outcomes = Run({}, {}), tuple[Outcome, ...]()
    status, problem = Status.unreadable, submission.problem
    if not problem:
        status = Status.graded
        try:
            ran, outcomes = _run_and_judge(submission, job.assignment, judge, zygotes)
            verdicts = [verdict for outcome in outcomes for verdict in outcome.verdicts]
            ours = [verdict.hint for verdict in verdicts if verdict.kind is Kind.grader_error]
            problem = ours[0] if ours else ""
        except ZygoteDied as error:
            problem = str(error)
        except SandboxError:
            raise
        except Exception as error:  # a bug of ours: the student must not pay for it
            last = traceback.extract_tb(error.__traceback__)[-1]
            problem = f"{type(error).__name__}: {error} ({Path(last.filename).name}:{last.lineno})"
        if problem:
            status = Status.grader_error
    return Result(
        student_id=submission.student_id,
        path=submission.path,
        status=status,
        problem=problem,
        notes=ran.notes,
        outcomes=outcomes,
        fingerprint=_fingerprint(submission, job),
        tier=job.tier.name,
        seconds=ran.seconds,
        receipt=submission.receipt,
    )


def _run_and_judge(
    submission: Submission, assignment: Assignment, judge: Judge, zygotes: Zygotes
) -> tuple[Run, tuple[Outcome, ...]]:
    prepared: dict[str, Prepared] = {}
    outcomes: dict[str, Outcome] = {}

    def blame_us(exercise: str, error: CourseError) -> Outcome:
        checks = assignment.references[exercise].checks
        return Outcome(exercise, tuple(Verdict(c, Kind.grader_error, str(error)) for c in checks))

    for exercise in assignment.references:
        try:
            prepared[exercise] = judge.prepare(exercise, submission.student_id)
        except CourseError as error:
            outcomes[exercise] = blame_us(exercise, error)
    visible = {exercise: ready.reference.exercise.visible for exercise, ready in prepared.items()}
    hidden = {exercise: ready.cases for exercise, ready in prepared.items()}
    with zygotes.lease() as zygote:
        try:
            found = run(zygote, submission, visible, hidden, assignment.policy.limits)
        except ZygoteDied:
            zygote.restart()
            found = run(zygote, submission, visible, hidden, assignment.policy.limits)
    for exercise, ready in prepared.items():
        try:
            outcomes[exercise] = ready.outcome(found.hidden[exercise], found.visible[exercise])
        except CourseError as error:
            outcomes[exercise] = blame_us(exercise, error)
    return found, tuple(outcomes[exercise] for exercise in assignment.references)
