"""The class list: names beside ids, and who handed nothing in."""

from __future__ import annotations

from pathlib import Path

import pytest
from classes import publish

from autograder.commands.terminal import summarise
from autograder.course.outline import Outline
from autograder.course.policy import Policy
from autograder.course.roster import Person, read_roster
from autograder.errors import CourseError
from autograder.model import Result, Status

MATHS = Outline("maths", Path("assignments/maths"), {"one": {"a": 1}}, Policy())


@pytest.mark.parametrize(
    "text",
    [
        "id,name,e-mail,section\n007,Zoë Ångström,z@x.edu,B\n",
        "\ufeffName;ID\n".replace(";", ",") + "Zoë Ångström,007\n\n",
        "id;name;section\n007;Zoë Ångström;B, late\n",
        "id\tname\n007\tZoë Ångström\n",
        'Student_ID,Name,Section,Shoe size\n007,"Zoë Ångström", B ,43\n',
    ],
)
def test_a_class_list_is_read_whatever_order_its_columns_have(text, tmp_path):
    path = tmp_path / "class.csv"
    path.write_text(text, encoding="utf-8")
    (person,) = read_roster(path).items()
    assert person[0] == "007" and person[1].name == "Zoë Ångström"
    assert person[1].section in ("B", "B, late", "")


@pytest.mark.parametrize(
    ("content", "said"),
    [
        (b"", "no column 'id'"),
        (b"ids,name\n1,x\n", "no column 'id'.*did you mean 'ids'"),
        (b"id,name\n1,x\n1,y\n", "line 3: '1' is there twice"),
        (b"id,name\n,x\n", "line 2: no id"),
        (b"id,id\n1,2\n", "a column is there twice"),
        (b"id,name\n", "nobody in it"),
        (b"id,name,e-mail\n1,x,\n101,Doe, Jane,j@x\n", "line 3: 4 cells, and the first line has 3"),
        (b"id,name,e-mail\n101,Doe, Jane,\n", "line 2: 4 cells, .*quotes around"),
        (b"id,name\n1,\xff\xfe\n", "not a CSV file in UTF-8"),
    ],
)
def test_a_class_list_that_is_none_is_told(content, said, tmp_path):
    path = tmp_path / "class.csv"
    path.write_bytes(content)
    with pytest.raises(CourseError, match=said):
        read_roster(path)


@pytest.mark.parametrize("name", ["", "gone.csv"])
def test_a_class_list_that_cannot_be_read_is_told_with_its_name(name, tmp_path):
    path = tmp_path / name
    with pytest.raises(CourseError, match=f"^{path}: (Is a directory|No such file or directory)$"):
        read_roster(path)


def test_the_report_has_names_and_who_is_missing_and_feedback_has_none(tmp_path, capsys):
    roster = {"1": Person("Zoë <b>", "", "B"), "2": Person("Ann Other", "", "C")}
    results = [Result("1", "1.ipynb", Status.unreadable), Result("9", "9", Status.unreadable)]
    overview = publish(results, tmp_path, MATHS, roster)
    report = (tmp_path / "report.html").read_text()
    assert "Zoë &lt;b&gt;" in report and "not in the class list" in report
    assert "Handed nothing in" in report and "Ann Other" in report
    assert not any("Zoë" in p.read_text() for p in (tmp_path / "feedback").iterdir())
    summarise(overview, tmp_path, ["1", "9"], roster)
    assert "handed nothing in, 1 of the class list: 2" in capsys.readouterr().out


def test_without_a_class_list_a_report_says_nothing_of_names(tmp_path):
    publish([Result("1", "1.ipynb", Status.unreadable)], tmp_path, MATHS)
    report = (tmp_path / "report.html").read_text()
    assert "class list" not in report and "Handed nothing in" not in report
