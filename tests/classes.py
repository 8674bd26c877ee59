"""A class that looks like one, made of nothing but numbers: for the tests of pages."""

from __future__ import annotations

import random
from collections.abc import Iterable
from dataclasses import replace
from pathlib import Path
from typing import Any

from autograder.course.grading import read_grading
from autograder.course.outline import Outline
from autograder.course.roster import Person
from autograder.model import Kind, Outcome, Override, Result, Status, Verdict
from autograder.pages.overview import Overview
from autograder.pipeline import write_results

ROOT = Path(__file__).parent.parent
GRADING = read_grading(ROOT / "grading.yml")
BACKPROP = Outline(
    "backprop", ROOT / "assignments/backprop", GRADING.rubrics["backprop"], GRADING.policy
)
HARD = {  # how much stronger than the middle of the class one has to be
    "grad_quadratic": -1.2,
    "accumulated_grad": -0.3,
    "backward_twice": 0.5,
    "fresh_grads": -0.8,
    "clear_grads": 0.3,
    "train": -0.1,
    "build_and_backward": -0.4,
    "grad_stats": 0.9,
    "predictions": 0.0,
}
SENTENCES = {
    "grad_quadratic": ["This is y itself, not dy/dx: backward() leaves the gradient in x.grad."],
    "accumulated_grad": [
        "The first backward() frees the graph: compute the loss anew inside the loop.",
        "Earlier passes count more than once: compute the loss anew, and return x.grad as it is.",
        "Everything is divided by n: the loss is the sum over the entries, not their mean.",
    ],
    "backward_twice": [
        "Your flag is True whatever happened: set it in the except branch alone, because for sums "
        "nothing was saved and the call works.",
        "The second call may raise a RuntimeError: catch it with try and except.",
    ],
    "fresh_grads": [
        "All of these are one and the same tensor: .grad is added to in place, so clone it."
    ],
    "clear_grads": [
        "model.zero_grad() clears layer 0 as well, which the optimizer does not manage, and it "
        "never reaches x.",
        "This wipes x itself, not its gradient: clear x.grad.",
    ],
    "train": [
        "zero_grad() comes after backward(), so every step goes by no gradient: clear before it.",
        "model(X) has shape (n, 1) and y has (n,): their difference is an n by n table.",
    ],
    "build_and_backward": ["BCEWithLogitsLoss applies the sigmoid itself: leave yours out."],
    "grad_stats": [
        "A parameter without a gradient has .grad None: skip it, do not ask for its mean."
    ],
    "predictions": [],
}
ODD = (Kind.raised, Kind.raised, Kind.missing, Kind.timed_out, Kind.protocol, Kind.crashed)
FIRST = (
    "Ada Bo Chen Dana Eli Fatima Goran Hana Ivo Jun Kofi Lena Mei Noor Olu Pia Quinn Rosa".split()
)
LAST = (
    "Abe Berg Cruz Diallo Endo Fuchs Garcia Haddad Ito Jansen Kaya Lund Mbeki Novak Okoye".split()
)


class Kept:
    """What scores and pages ask of a record, of results that are in none."""

    def __init__(self, results: Iterable[Result]) -> None:
        self._results = list(results)

    def results(self, with_work: bool = False) -> list[Result]:
        return self._results


def publish(results: Iterable[Result], *where: Any, **how: Any) -> Overview:
    """`pipeline.write_results`, of results that are in no record."""
    return write_results(Kept(results), *where, **how)


def made_class(count: int, seed: int = 7) -> list[Result]:
    """Students whose strength varies, who make the mistakes of SENTENCES; some fail altogether."""
    choose = random.Random(seed)
    results = [_student(choose, f"s{20000 + 37 * number:05}") for number in range(count)]
    for number in range(11, count, 40):
        problem = "this is not a notebook: not valid JSON"
        student = results[number].student_id
        results[number] = Result(student, "x", Status.unreadable, problem=problem)
    for number in range(23, count, 200):
        student, problem = results[number].student_id, "ZygoteDied: the worker's parent is gone"
        results[number] = Result(student, "x", Status.grader_error, problem=problem)
    for number in range(5, count, 30):
        given = Override(
            "backward_twice", 4, "right, by another way", "dr. lin", "2026-11-26T09:00"
        )
        results[number] = replace(results[number], overrides=(given,))
    return results


def _student(choose: random.Random, student_id: str) -> Result:
    strength, outcomes = choose.gauss(0.55, 1), []
    for exercise, points in BACKPROP.rubric.items():
        knows = strength + choose.gauss(0, 0.7) > HARD[exercise]
        kinds = dict.fromkeys(points, Kind.passed)
        mistakes: tuple[str, ...] = ()
        if not knows:
            sentences = SENTENCES[exercise]
            weights = range(len(sentences), 0, -1)
            if sentences and choose.random() < 0.8:
                mistakes = tuple(choose.choices(sentences, weights))
            odd = choose.choice(ODD) if choose.random() < 0.25 else Kind.failed
            kinds |= dict.fromkeys(choose.sample(list(points), choose.randint(1, len(points))), odd)
        verdicts = (
            Verdict(c, k, "" if k is Kind.passed else "not as it was asked")
            for c, k in kinds.items()
        )
        outcomes.append(Outcome(exercise, tuple(verdicts), mistakes))
    seconds = round(choose.lognormvariate(-2, 0.5) + 5 * (choose.random() < 0.02), 3)
    more = {"fingerprint": "f" * 64, "tier": "A", "graded_at": "2026-11-25T17:40:00+00:00"}
    path = f"{student_id}.ipynb"
    return Result(
        student_id, path, Status.graded, outcomes=tuple(outcomes), seconds=seconds, **more
    )


def roster_of(results: list[Result], missing: int = 2) -> dict[str, Person]:
    """A class list of these, and of some who handed nothing in."""
    choose = random.Random(3)
    ids = [result.student_id for result in results] + [f"s9000{n}" for n in range(missing)]
    return {
        student: Person(
            f"{choose.choice(FIRST)} {choose.choice(LAST)}",
            f"{student}@school.example",
            choose.choice("ABC"),
        )
        for student in ids
    }
