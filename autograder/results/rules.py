"""What scores follow from in `grading.yml`: points, void checks, lateness; noticed when it changes.

Whenever it has changed since the record was last scored, the audit log says what did, and whose
total changes by it.
"""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import replace
from typing import Any

from ..course.outline import Outline
from ..course.policy import LatePolicy, Void
from .decisions import Change
from .score import by_hand, number, score
from .store import Store

RULES = "rules"  # a key of the record's `about`: those that the scores were last made with
SOURCE = "grading.yml"
CREDIT = {"full": "full marks for everyone", "none": "does not count"}

Rules = dict[str, Any]  # as they are kept: JSON


def note_rules(store: Store, outline: Outline, by: str) -> list[Change]:
    """Log what has changed in the rules since the record was last scored, and remember them.

    Returns the students whose totals change by that. Where exercises or checks have come or gone
    nobody is compared: the work is graded again then.
    """
    new = _rules(outline)
    known = store.recall(RULES)  # empty: nobody has been told a score yet
    old = json.loads(known) if known else new | {"void": {}}
    if known and new == old:
        return []
    comparable = known and _same(old, new)
    changes = list(_rescored(store, _under(old, outline), outline)) if comparable else []
    for what, reason in _differences(old, new):
        store.note(by, "", what, reason)
    for change in changes:
        store.note(by, change.student_id, f"total: {change.totals}", SOURCE)
    store.remember(RULES, json.dumps(new))
    return changes


def forget(store: Store, student_id: str) -> None:
    """Forget a student's extension; nobody is compared with it any more."""
    if known := store.recall(RULES):
        rules = json.loads(known)
        for extensions in (rules["late"] or {"extensions": {}})["extensions"].values():
            extensions.pop(student_id, None)
        store.remember(RULES, json.dumps(rules))


def _rules(outline: Outline) -> Rules:
    late = outline.late
    only = late and late.policy.model_copy(
        update={
            "due": {outline.name: late.due},
            "extensions": {outline.name: late.extensions},
        }
    )
    return {
        "points": outline.rubric,
        "questions": outline.question_points,
        "void": {e: {c: v.model_dump() for c, v in cs.items()} for e, cs in outline.voids.items()},
        "late": only and only.model_dump(mode="json"),
    }


def _under(rules: Rules, outline: Outline) -> Outline:
    """The same assignment, as these rules had it."""
    voids = {
        exercise: {check: Void.model_validate(void) for check, void in checks.items()}
        for exercise, checks in rules["void"].items()
    }
    late = rules["late"] and LatePolicy.model_validate(rules["late"])
    policy = outline.policy.model_copy(update={"void": {outline.name: voids}, "late": late})
    points, questions = rules["points"], rules["questions"]
    return replace(outline, rubric=points, question_points=questions, policy=policy)


def _same(old: Rules, new: Rules) -> bool:
    """Whether there are the same exercises and checks."""
    return _pairs(old["points"]).keys() == _pairs(new["points"]).keys()


def _rescored(store: Store, before: Outline, after: Outline) -> Iterator[Change]:
    results = store.results()
    rules = [(each, by_hand(results, each.question_points)) for each in (before, after)]
    for result in results:
        old, new = (score(result, each, counting, each.late) for each, counting in rules)
        if (old.total, old.max_score) != (new.total, new.max_score):
            yield Change(result.student_id, old, new)


def _differences(old: Rules, new: Rules) -> Iterator[tuple[str, str]]:
    """What has changed, each with its reason."""
    voids, before = _pairs(new["void"]), _pairs(old["void"])
    for name in before | voids:
        if (void := voids.get(name)) != before.get(name):
            what = f"void, {CREDIT[void['credit']]}" if void else "counts again"
            yield f"{name}: {what}", void["reason"] if void else ""
    points = _pairs(new["points"]) | new["questions"]
    known = _pairs(old["points"]) | old["questions"]
    for name in known | points:
        if (worth := points.get(name)) != (was := known.get(name)):
            yield f"{name}: points {number(was) or 'none'} -> {number(worth) or 'none'}", SOURCE
    if old["late"] != new["late"]:
        became = "none" if not new["late"] else "changed" if old["late"] else "new"
        yield f"late policy: {became}", SOURCE


def _pairs(nested: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What lies in each exercise, by `exercise.check`."""
    return {f"{exercise}.{check}": v for exercise, of in nested.items() for check, v in of.items()}
