"""What the page asks for, and what it is answered: data in, data out, and no student's name."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from pydantic import BaseModel, ConfigDict, ValidationError

from ..course.questions import Question
from ..errors import MarkError
from ..escape import plain
from ..model import SETTLED, Mark
from . import render
from .answers import Group
from .desk import Desk
from .pile import Pile
from .rubric import judged

Answered = dict[str, Any]


class _Asked(BaseModel):
    model_config = ConfigDict(extra="forbid", strict=True)


class _Start(_Asked):
    pass


class _Next(_Asked):
    question: str
    after: str = ""
    settling: bool = False


class _Shown(_Asked):
    question: str
    key: str
    settling: bool = False


class _Mark(_Shown):
    criteria: list[int]
    false_claims: int
    comment: str
    points: float | None = None  # of an undone mark, which may have had them without criteria


@dataclass(frozen=True)
class Actions:
    """The actions of a marker, by name."""

    desk: Desk
    questions: Mapping[str, Question]
    shown: Collection[str]  # of the questions; marks of others are still on their way, perhaps
    assignment: str
    record: str  # tells this results folder from others that the same browser knows

    def act(self, name: str, marker: str, asked: object) -> Answered:
        """Do what a page asks for.

        Raises:
            MarkError: it is not what it should be, or for an answer that is not there.
            FolderBusy, ResultsError, OSError: the record cannot be read or written now.
        """
        if (found := ACTIONS.get(name)) is None:
            raise MarkError(f"no action {plain(name)!r}")
        model, action = found
        try:
            wish = model.model_validate(asked)
        except ValidationError as error:
            first = error.errors()[0]
            where = ".".join(map(str, first["loc"]))
            raise MarkError(plain(f"{where}: {first['msg'].lower()}")) from error
        return action(self, marker, wish)

    def start(self, marker: str, _: _Start) -> Answered:
        """All that does not change: the questions and their rubrics."""
        return {
            "me": marker,
            "record": self.record,
            "assignment": self.assignment,
            "questions": [_question(q) for q in self.questions.values() if q.name in self.shown],
        } | self._progress()

    def _progress(self) -> Answered:
        return {"progress": {name: asdict(each) for name, each in self.desk.progress().items()}}

    def next(self, marker: str, wish: _Next) -> Answered:
        """The next answer to be marked, or to be settled."""
        if wish.settling:
            group = self.desk.next_disputed(wish.question, wish.after)
        else:
            group = self.desk.next(wish.question, marker, wish.after)
        return self._answer(marker, group, wish.settling) | self._progress()

    def answer(self, marker: str, wish: _Shown) -> Answered:
        """A certain answer, which the marker has seen before."""
        with self.desk.still() as pile:
            group = pile.group(wish.question, wish.key)
        if not wish.settling:
            self.desk.hold(marker, wish.key)
        return self._answer(marker, group, wish.settling) | self._progress()

    def _answer(self, marker: str, group: Group | None, settling: bool) -> Answered:
        if group is None:
            return {"answer": None}
        with self.desk.still() as pile:
            comments = list(map(_readable, pile.comments(group.question, marker)))
            return {"answer": _group(pile, group, marker, settling), "comments": comments}

    def mine(self, marker: str, wish: _Next) -> Answered:
        """What a marker has marked of a question."""
        with self.desk.still() as pile:
            return {"mine": pile.mine(wish.question, marker)}

    def mark(self, marker: str, wish: _Mark) -> Answered:
        """Record a mark."""
        who = marker + SETTLED * wish.settling
        given = (wish.criteria, wish.false_claims, wish.comment, wish.points)
        mark = judged(self.questions, wish.question, who, *given)
        self.desk.mark(wish.key, mark)
        return {"points": mark.points}

    def unmark(self, marker: str, wish: _Shown) -> Answered:
        """Take a mark back."""
        self.desk.take_back(wish.question, wish.key, marker + SETTLED * wish.settling)
        return {}

    def hold(self, marker: str, wish: _Shown) -> Answered:
        """Say that an answer is still before somebody, and how far the others are."""
        if wish.key and not wish.settling:
            self.desk.hold(marker, wish.key)
        return self._progress()


ACTIONS: dict[str, tuple[type[_Asked], Callable[[Actions, str, Any], Answered]]] = {
    "start": (_Start, Actions.start),
    "next": (_Next, Actions.next),
    "answer": (_Shown, Actions.answer),
    "mine": (_Next, Actions.mine),
    "mark": (_Mark, Actions.mark),
    "unmark": (_Shown, Actions.unmark),
    "hold": (_Shown, Actions.hold),
}


def _question(question: Question) -> Answered:
    return {
        "name": question.name,
        "points": question.points,
        "false_claim": question.false_claim,
        "prompt": render.markdown(question.prompt),
        "model_answer": render.markdown(question.model_answer),
        "criteria": [{"text": c.text, "points": c.points} for c in question.criteria],
    }


def _group(pile: Pile, group: Group, marker: str, settling: bool) -> Answered:
    """An answer, without who gave it. Others' marks are shown to who decides between them."""
    mine = pile.given(group).get(marker + SETTLED * settling)
    settled = pile.dispute(group) or list(pile.given(group).values())
    marks = settled if settling else pile.earlier(group)
    return {
        "question": group.question,
        "key": group.key,
        "html": render.answer(group.pieces),
        "blank": group.blank,
        "students": len(group.students),
        "mine": _mark(mine) if mine else None,
        "marks": list(map(_mark, marks)),
    }


def _mark(mark: Mark) -> Answered:
    known = {"points": mark.points, "criteria": mark.criteria, "false_claims": mark.false_claims}
    return known | {"marker": plain(mark.marker), "comment": _readable(mark.comment)}


def _readable(text: str) -> str:
    return plain(text, kept="\n\t")
