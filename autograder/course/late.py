"""What a late submission loses: the one place where a late policy takes points away."""

from __future__ import annotations

import math
from dataclasses import dataclass
from datetime import datetime, timedelta

from ..model import Receipt
from .policy import LatePolicy

STEPS = {
    "percent_per_day": ("day", timedelta(days=1)),
    "percent_per_hour": ("hour", timedelta(hours=1)),
}


@dataclass(frozen=True)
class LateRules:
    """The late policy, for one assignment."""

    policy: LatePolicy
    due: datetime
    extensions: dict[str, datetime]  # by student id

    def due_for(self, student_id: str) -> datetime:
        """When this student's submission is due; aware."""
        return self.extensions.get(student_id, self.due)


@dataclass(frozen=True)
class Penalty:
    """What lateness costs, and the sentence that says why."""

    points: float
    reason: str = ""


ON_TIME = Penalty(0.0)


def penalty(
    receipt: Receipt, student_id: str, earned: float, most: float, rules: LateRules | None
) -> Penalty:
    """The points that a submission loses: of `most`, by begun days or hours, never below 0 points.

    A download that says "late" and not when gets the benefit of the doubt: one day or hour, and
    nothing where the student has an extension.
    """
    if rules is None:
        return ON_TIME
    by = _late_by(receipt, student_id, rules)
    if not by:
        return ON_TIME
    (name, percent), *_ = rules.policy.rate.items()
    unit, step = STEPS[name]
    taken = min(math.ceil(by / step) * percent, rules.policy.cap_percent)
    unknown = f"(by how much is not recorded, so it counts as one {unit})"
    known = f"by {_plain(by)}" if receipt.submitted_at else unknown
    share = f"{taken:.10g} % of {most:.10g} points"
    reason = f"late {known}, which costs {share} ({percent:.10g} % for each {unit} begun)"
    return Penalty(min(earned, most * taken / 100), reason)


def _late_by(receipt: Receipt, student_id: str, rules: LateRules) -> timedelta:
    """How late, beyond the grace; the shortest time there is where only a flag says so."""
    if not receipt.submitted_at:
        flagged = receipt.late and student_id not in rules.extensions
        return timedelta.resolution if flagged else timedelta()
    submitted = datetime.fromisoformat(receipt.submitted_at)
    due = rules.due_for(student_id)
    if submitted.tzinfo is None:
        submitted = submitted.replace(tzinfo=rules.policy.timezone or rules.due.tzinfo)
    by = submitted - due
    grace = timedelta(minutes=rules.policy.grace_minutes)
    return by if by > grace else timedelta()


def _plain(by: timedelta) -> str:
    """As a person says it: the largest two units."""
    minutes = math.ceil(by / timedelta(minutes=1))
    days, hours, minutes = minutes // 1440, minutes // 60 % 24, minutes % 60
    parts = [f"{days} d"] * bool(days) + [f"{hours} h"] * bool(hours)
    return " ".join((parts + [f"{minutes} min"] * bool(minutes))[:2])
