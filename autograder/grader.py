"""What grades one submission after another: a pool of zygotes, and the judge of the class."""

from __future__ import annotations

import traceback
from collections.abc import Iterable, Iterator
from pathlib import Path

from .course.assignment import Assignment, tolerance
from .errors import CourseError, SandboxError, ZygoteDied
from .judging.judge import Judge, Prepared
from .model import Kind, Outcome, Result, Run, Status, Submission, Verdict, Work
from .parallel import in_parallel
from .reading.work import NOT_COMPILED, exercise_works, question_works, released
from .running.run import run
from .running.tier import Tier
from .running.zygotes import Zygotes


class Grader:
    """Grades as many submissions at once as it has workers."""

    def __init__(
        self,
        assignment: Assignment,
        secret: bytes,
        hidden: tuple[Path, ...],  # folders that workers must never see
        tier: Tier,
        workers: int,
    ) -> None:
        policy = assignment.policy
        each_their_own = policy.cases == "student"
        self._assignment, self._tier, self._workers = assignment, tier, workers
        self._judge = Judge(
            assignment.name, assignment.references, tolerance(policy), secret, each_their_own
        )
        self._released = released(assignment.folder)
        self._zygotes = Zygotes(assignment.folder, hidden, tier, policy.limits, workers)

    def __enter__(self) -> Grader:
        return self

    def __exit__(self, *_: object) -> None:
        self._zygotes.__exit__()

    def results(self, submissions: Iterable[Submission]) -> Iterator[Result]:
        """Results as they are ready.

        Raises:
            SandboxError: no zygote starts any more, so there is no use in going on.
        """
        return in_parallel(self.grade, submissions, self._workers)

    def grade(self, submission: Submission) -> Result:
        """Run and judge one submission. A fault of ours is a `grader_error`, never a 0.

        Raises:
            SandboxError: no zygote starts any more, so there is no use in going on.
        """
        ran, outcomes = Run({}, {}), tuple[Outcome, ...]()
        status, problem = Status.unreadable, submission.problem
        if not problem:
            status = Status.graded
            try:
                ran, outcomes = self._run_and_judge(submission)
                verdicts = [verdict for outcome in outcomes for verdict in outcome.verdicts]
                ours = [verdict.hint for verdict in verdicts if verdict.kind is Kind.grader_error]
                problem = ours[0] if ours else ""
            except ZygoteDied as error:
                problem = str(error)
            except SandboxError:
                raise
            except Exception as error:  # a bug of ours: the student must not pay for it
                last = traceback.extract_tb(error.__traceback__)[-1]
                place = f"{Path(last.filename).name}:{last.lineno}"
                problem = f"{type(error).__name__}: {error} ({place})"
            if problem:
                status = Status.grader_error
        return Result(
            student_id=submission.student_id,
            path=submission.path,
            status=status,
            problem=problem,
            notes=ran.notes,
            outcomes=outcomes,
            fingerprint=self._assignment.fingerprint(submission.digest),
            tier=self._tier.name,
            seconds=ran.seconds,
            receipt=submission.receipt,
            works=tuple(self._works(submission, ran)),
            outputs=ran.outputs,
        )

    def _works(self, submission: Submission, ran: Run) -> Iterator[Work]:
        not_compiled = {note.cell for note in ran.notes if NOT_COMPILED.match(note.message)}
        yield from exercise_works(submission.cells, self._assignment.references, not_compiled)
        questions = self._assignment.question_points
        yield from question_works(submission.notebook, self._released, questions)

    def _run_and_judge(self, submission: Submission) -> tuple[Run, tuple[Outcome, ...]]:
        prepared: dict[str, Prepared] = {}
        outcomes: dict[str, Outcome] = {}
        references, limits = self._assignment.references, self._assignment.policy.limits

        def blame_us(exercise: str, error: CourseError) -> Outcome:
            checks = references[exercise].checks
            verdicts = (Verdict(check, Kind.grader_error, str(error)) for check in checks)
            return Outcome(exercise, tuple(verdicts))

        for exercise in references:
            try:
                prepared[exercise] = self._judge.prepare(exercise, submission.student_id)
            except CourseError as error:
                outcomes[exercise] = blame_us(exercise, error)
        visible = {name: ready.reference.exercise.visible for name, ready in prepared.items()}
        hidden = {exercise: ready.cases for exercise, ready in prepared.items()}
        with self._zygotes.lease() as zygote:
            try:
                found = run(zygote, submission, visible, hidden, limits)
            except ZygoteDied:
                zygote.restart()
                found = run(zygote, submission, visible, hidden, limits)
        for exercise, ready in prepared.items():
            try:
                outcomes[exercise] = ready.outcome(found.hidden[exercise], found.visible[exercise])
            except CourseError as error:
                outcomes[exercise] = blame_us(exercise, error)
        return found, tuple(outcomes[exercise] for exercise in references)
