"""What scores follow from in `grading.yml`: points, void checks, lateness; noticed when it changes.

Whenever it has changed since the record was last scored, the audit log says what did, and whose
total changes by it.
"""

from __future__ import annotations

import json
from collections.abc import Container, Iterator
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


def note_rules(
    store: Store, outline: Outline, by: str, earlier: Container[str] | None = None
) -> list[Change]:
    """Log what has changed in the rules since the record was last scored, and remember them.

    Returns the students whose totals change by that, of those who had a result `earlier` (of all,
    if it is None): nobody has told the others a score. Where exercises or checks have come or gone
    nobody is compared: the work is graded again then.
    """
    students = store.students
    earlier = students if earlier is None else earlier
    new, known = _rules(outline, students), store.recall(RULES)  # empty: no score was told yet
    old = new | (json.loads(known) if known else {"void": {}})
    of_others = {s: until for s, until in new["extensions"].items() if s not in earlier}
    old["extensions"] = old["extensions"] | of_others
    changes = list[Change]()
    if old != new:
        if known and _pairs(old["points"]).keys() == _pairs(new["points"]).keys():
            rescored = _rescored(store, _under(old, outline), outline)
            changes = [change for change in rescored if change.student_id in earlier]
        for student, what, reason in _differences(old, new):
            store.note(by, student, what, reason)
        for change in changes:
            store.note(by, change.student_id, f"total: {change.totals}", SOURCE)
    if (told := json.dumps(new)) != known:
        store.remember(RULES, told)
    return changes


def forget(store: Store, student_id: str) -> None:
    """Forget a student's extension; `grading.yml` may still name it."""
    if known := store.recall(RULES):
        rules = json.loads(known)
        rules["extensions"].pop(student_id, None)
        store.remember(RULES, json.dumps(rules))


def _rules(outline: Outline, students: Container[str]) -> Rules:
    """Those of now; extensions only of who has a result, as of nobody else is anything kept."""
    late = outline.late
    only = late and late.policy.model_copy(
        update={"due": {outline.name: late.due}, "extensions": {}}
    )
    extended = late.extensions if late else {}
    return {
        "points": outline.rubric,
        "questions": outline.question_points,
        "void": {e: {c: v.model_dump() for c, v in cs.items()} for e, cs in outline.voids.items()},
        "late": only and only.model_dump(mode="json"),
        "extensions": {s: until.isoformat() for s, until in extended.items() if s in students},
    }


def _under(rules: Rules, outline: Outline) -> Outline:
    """The same assignment, as these rules had it."""
    voids = {
        exercise: {check: Void.model_validate(void) for check, void in checks.items()}
        for exercise, checks in rules["void"].items()
    }
    extensions = {"extensions": {outline.name: rules["extensions"]}}
    late = rules["late"] and LatePolicy.model_validate(rules["late"] | extensions)
    policy = outline.policy.model_copy(update={"void": {outline.name: voids}, "late": late})
    points, questions = rules["points"], rules["questions"]
    return replace(outline, rubric=points, question_points=questions, policy=policy)


def _rescored(store: Store, before: Outline, after: Outline) -> Iterator[Change]:
    results = store.results()
    rules = [(each, by_hand(results, each.question_points)) for each in (before, after)]
    for result in results:
        old, new = (score(result, each, counting, each.late) for each, counting in rules)
        if (old.total, old.max_score) != (new.total, new.max_score):
            yield Change(result.student_id, old, new)


def _differences(old: Rules, new: Rules) -> Iterator[tuple[str, str, str]]:
    """What has changed, each with whose it is (empty: of all) and its reason."""
    voids, before = _pairs(new["void"]), _pairs(old["void"])
    for name in before | voids:
        if (void := voids.get(name)) != before.get(name):
            what = f"void, {CREDIT[void['credit']]}" if void else "counts again"
            yield "", f"{name}: {what}", void["reason"] if void else ""
    points = _pairs(new["points"]) | new["questions"]
    known = _pairs(old["points"]) | old["questions"]
    for name in known | points:
        if (worth := points.get(name)) != (was := known.get(name)):
            told = f"{name}: points {number(was) or 'none'} -> {number(worth) or 'none'}"
            yield "", told, SOURCE
    if old["late"] != new["late"]:
        became = "none" if not new["late"] else "changed" if old["late"] else "new"
        yield "", f"late policy: {became}", SOURCE
    for student in old["extensions"] | new["extensions"]:
        was, until = (each["extensions"].get(student, "none") for each in (old, new))
        if was != until:
            yield student, f"extension: {was} -> {until}", SOURCE


def _pairs(nested: dict[str, dict[str, Any]]) -> dict[str, Any]:
    """What lies in each exercise, by `exercise.check`."""
    return {f"{exercise}.{check}": v for exercise, of in nested.items() for check, v in of.items()}
