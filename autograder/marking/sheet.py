"""Marking in a spreadsheet: the answers as a CSV file, and the marks that were filled in there.

A row is an answer, under a row with the question and its criteria. In a row, a 1 under a criterion
says that the answer meets it; who would rather give points fills in those.
"""

from __future__ import annotations

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from pathlib import Path

from ..course.questions import Question
from ..errors import MarkError, SheetError
from ..escape import cell, plain
from ..files import PRIVATE, replacing
from ..model import Mark
from ..plural import counted
from ..results import exports
from ..results.folder import is_ours
from ..sheets.cells import parse
from .answers import Group, Papers, Piece
from .rubric import judged

FIRST = ("key", "question", "students", "answer")
LAST = ("false claims", "points", "comment")
CRITERION = re.compile(r"criterion \d+")
RUBRIC = "rubric"  # in the place of a key: the row of a question
LONGEST = 30_000  # characters of an answer; spreadsheets take 32,767
MARK = "\ufeff"  # without it, Excel reads UTF-8 as something else
YES, NO = {"1", "x", "yes", "true", "✓"}, {"", "0", "no", "false", "-"}


def write(path: Path, papers: Papers, questions: Mapping[str, Question], results: Path) -> int:
    """Write the answers to a file, and note that it is of this results folder. Returns how many.

    Raises:
        SheetError: the file would take the place of one of ours.
        OSError: it cannot be written.
    """
    if is_ours(path, results):
        raise SheetError(f"{path} belongs to a results folder: choose another --sheet")
    exports.refuse_others(results, path)  # it may be filled in by now
    most = max(len(question.criteria) for question in questions.values())
    count = 0
    with replacing(path, PRIVATE) as file:
        file.write(MARK)
        writer = csv.writer(file)
        writer.writerow(_header(most))
        for name, question in questions.items():
            texts = [f"{c.text} ({c.points:g})" for c in question.criteria]
            blanks = [""] * (most - len(texts))
            costs = f"each costs {question.false_claim:g}"
            about = [question.prompt, *texts, *blanks, costs, f"of {question.points:g}", ""]
            writer.writerow(map(_cell, [RUBRIC, name, "", *about]))
            for group in papers.groups[name].values():
                about = [group.key, name, str(len(group.students)), _answer(group)]
                filled = _filled(papers.latest(group), most)
                writer.writerow(map(_cell, [*about, *filled]))
                count += 1
    exports.note(results, path)
    return count


def _filled(mark: Mark | None, most: int) -> list[str]:
    """What a row says of the mark that an answer has."""
    if mark is None:
        return [""] * (most + len(LAST))
    ticks = ["1" if position in mark.criteria else "" for position in range(most)]
    claims = str(mark.false_claims or "")
    points = "" if mark.criteria else f"{mark.points:.10g}"  # else they follow
    return [*ticks, claims, points, mark.comment]


def _header(criteria: int) -> list[str]:
    return [*FIRST, *(f"criterion {number}" for number in range(1, criteria + 1)), *LAST]


def _cell(text: str) -> str:
    return cell(plain(text, kept="\n\t"))


def _answer(group: Group) -> str:
    text = "\n\n".join(map(_piece, group.pieces)) or "(blank)"
    return text if len(text) <= LONGEST else f"{text[:LONGEST]}\n[...]"


def _piece(piece: Piece) -> str:
    figures = ["[a figure: see the page]"] * len(piece.figures)
    return "\n\n".join([piece.source, *piece.texts, *figures])


@dataclass(frozen=True)
class _Row:
    """What somebody filled in."""

    criteria: Sequence[str]
    false_claims: str
    points: str
    comment: str

    @property
    def empty(self) -> bool:
        return not any((*self.criteria, self.false_claims, self.points, self.comment))


def read(
    path: Path, papers: Papers, questions: Mapping[str, Question], marker: str
) -> list[tuple[Group, Mark]]:
    """The marks in a sheet; rows that nobody filled in are of none.

    Raises:
        SheetError: it is no such sheet any more, or a row is wrong; all of what is wrong.
    """
    try:
        table = parse(path.read_bytes())
    except SheetError as error:
        raise SheetError(f"{path}: {error}: save it as CSV (UTF-8)") from error
    except OSError as error:
        raise SheetError(f"{path}: {error.strerror}") from error
    titles = [title.strip().lower() for title in table.values(0)] if table.rows else []
    _check_titles(path, titles)
    found: list[tuple[Group, Mark]] = []
    wrong: list[str] = []
    seen: dict[str, int] = {}
    for number in range(1, len(table.rows)):
        row = number + 1  # as spreadsheets count
        values = [value.strip() for value in table.values(number)]
        if not any(values) or values[0] == RUBRIC:
            continue
        try:
            mark = _row(values, titles, papers, questions, marker)
            if seen.setdefault(values[0], row) != row:
                raise MarkError(f"the key of row {seen[values[0]]} again")
        except MarkError as error:
            wrong.append(f"row {row}: {error}")
            continue
        found += [mark] if mark else []
    if wrong:
        raise SheetError(f"{path}: nothing was taken over: " + "; ".join(wrong))
    return found


def _check_titles(path: Path, titles: Sequence[str]) -> None:
    expected = _header(sum(bool(CRITERION.fullmatch(title)) for title in titles))
    for number, title in enumerate(expected, start=1):
        got = titles[number - 1] if number <= len(titles) else ""
        if got != title:
            told = f"column {number} should be {title!r}, and is {got!r}"
            raise SheetError(f"{path}: {told}: take the columns as `autograder mark` wrote them")
    if more := titles[len(expected) :]:
        raise SheetError(f"{path}: a column too many: {more[0]!r}")


def _row(
    values: Sequence[str],
    titles: Sequence[str],
    papers: Papers,
    questions: Mapping[str, Question],
    marker: str,
) -> tuple[Group, Mark] | None:
    """The mark in a row; None if nobody filled it in.

    Raises:
        MarkError: what is wrong with it.
    """
    if len(values) > len(titles):
        raise MarkError(f"{counted(len(values), 'cell')}, and the first row has {len(titles)}")
    key, name, _, _, *filled = [*values, *[""] * (len(titles) - len(values))]
    criteria, rest = filled[: -len(LAST)], filled[-len(LAST) :]
    row = _Row(criteria, *rest)
    if (group := papers.groups.get(name, {}).get(key)) is None:
        raise MarkError(f"no answer {key!r} to {name!r}: handed in anew, or of another class")
    if (known := papers.latest(group)) is not None:
        written = [_cell(text).strip() for text in _filled(known, len(criteria))]
        if filled == written:  # as it was: no spreadsheet's rules apply to it
            return group, replace(known, marker=marker)
        if row.comment == written[-1]:
            row = replace(row, comment=known.comment)
    return None if row.empty else (group, _mark(row, questions[name], marker))


def _mark(row: _Row, question: Question, marker: str) -> Mark:
    met = list(_met(row.criteria, question))
    claims = _number(row.false_claims, "false claims") if row.false_claims else 0
    if claims != int(claims):
        raise MarkError(f"false claims: {row.false_claims!r} is no whole number")
    known = ({question.name: question}, question.name, marker, met, int(claims), row.comment)
    mark = judged(*known)
    ticked = any(row.criteria) or row.false_claims
    if not ticked and not row.points:
        raise MarkError("a comment without a mark: fill in criteria or points (0 is a mark, too)")
    if not row.points:
        return mark
    points = _number(row.points, "points")
    if any(row.criteria) and points != mark.points:
        raise MarkError(
            f"{counted(points, 'point')}, and the criteria give {mark.points:g}: drop one"
        )
    return judged(*known, points)


def _met(cells: Sequence[str], question: Question) -> Iterator[int]:
    for position, text in enumerate(cells):
        if text.lower() in YES:
            if position >= len(question.criteria):
                raise MarkError(f"{question.name} has {len(question.criteria)} criteria")
            yield position
        elif text.lower() not in NO:
            raise MarkError(f"criterion {position + 1}: expected 1 or nothing, got {text!r}")


def _number(text: str, what: str) -> float:
    try:
        number = float(text.replace(",", "."))
    except ValueError as error:
        raise MarkError(f"{what}: {text!r} is no number") from error
    if not 0 <= number < float("inf"):
        raise MarkError(f"{what}: expected 0 or more, got {text}")
    return number
