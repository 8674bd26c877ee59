"""What forged submissions earn: a handful of them measured, and what the docs say of all."""

import os

import forgery
import pytest
from ours import assignment

ASSIGNMENT = assignment(forgery.ASSIGNMENT)
PAYLOADS = {payload.name: payload for payload in forgery.payloads()}
CONTROLS = {control.name: control for control in forgery.controls(ASSIGNMENT.references)}
HANDFUL = ("F13_looks_at_frames", "F20_pickles", "S2_rewrites_test_cells")


@pytest.fixture(scope="module")
def table():
    """The page's table: the three tools' cells by what the submission tries."""
    page = forgery.PAGE.read_text(encoding="utf-8")
    block = page.split(forgery.BEGIN)[1].split(forgery.END)[0]
    lines = [line for line in block.splitlines() if line.startswith("|")][2:]  # below the head
    rows = [[cell.strip() for cell in line[1:-1].split("|")] for line in lines]
    return {(number, what): cells for number, what, *cells in rows}


def test_the_page_has_a_row_for_every_payload_and_no_other(table):
    expected = {(p.name.partition("_")[0], p.what) for p in PAYLOADS.values()}
    assert {row for row in table if row[0]} == expected


def test_the_page_says_that_our_grader_pays_no_forged_point(table):
    assert {ours for (number, _), (*_, ours) in table.items() if number} == {"0"}


def test_the_page_says_what_submissions_without_a_forging_cell_earn(table):
    full = f"{ASSIGNMENT.max_score:g}"
    for name, points in {"right": full, "warns": full, "wrong": "0"}.items():
        assert table["", CONTROLS[name].what] == [points] * 3
    assert len({*table["", CONTROLS["claims"].what]}) == 1


def test_every_forged_notebook_answers_all_exercises(tmp_path):
    for submission in (*PAYLOADS.values(), *CONTROLS.values()):
        assert submission.answers.keys() == ASSIGNMENT.references.keys()
        cells = {cell.id: cell.source for cell in forgery.notebook(submission).cells}
        assert all(cells[name] == source for name, source in submission.answers.items())
        assert ("forgery" in cells) == (not submission.is_control)
        assert "NAME" not in "".join(submission.answers.values())


@pytest.mark.slow
@pytest.mark.skipif(os.getuid() != 0, reason="the outer sandbox is root's")
def test_forged_points_are_paid_in_a_shared_kernel_and_not_by_our_grader():
    right, chosen = CONTROLS["right"], [PAYLOADS[name] for name in HANDFUL]
    earned = forgery.measure([right, *chosen])
    for tool in forgery.TOOLS:
        assert earned[tool]["right"] == forgery.Earned(ASSIGNMENT.max_score), tool
    for payload in chosen:
        assert earned["ours"][payload.name] == forgery.Earned(0), payload.name
        shared = [earned[tool][payload.name].points for tool in ("nbgrader", "otter")]
        assert max(shared) > 0, payload.name  # else it forges nothing that one could be safe from
    assert earned["otter"]["F20_pickles"].note == "ran in the grader's process"
