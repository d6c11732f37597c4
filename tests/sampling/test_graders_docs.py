"""The page on sampling names every option of every grader, with its default, and every rule of extraction."""

import json
import re
from dataclasses import fields
from pathlib import Path
from typing import Any

import pytest

from beyondbase.graders import (
    ChoiceGrader,
    CountdownGrader,
    ExactGrader,
    GymGrader,
    Limits,
    MathGrader,
    MathVerifyGrader,
    make_grader,
)
from beyondbase.graders.extraction import RULES

DOCS = (Path(__file__).parents[2] / "docs" / "sampling.md").read_text(encoding="utf-8")
GRADERS: list[Any] = [MathGrader, MathVerifyGrader, ExactGrader, ChoiceGrader, GymGrader, CountdownGrader]
OPTIONS = [
    (grader.name, name, default)
    for grader in GRADERS
    for option in fields(grader)
    for name, default in (
        (("limit_s", Limits().seconds), ("memory_mib", Limits().memory_mib), ("workers", None))
        if option.name == "limits"
        else ((option.name, getattr(grader(), option.name)),)
    )
]


def rows() -> list[list[str]]:
    """The cells of every row of a table."""
    # A bar within a cell would be another cell.
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in DOCS.splitlines()
        if line[:1] == "|"
    ]


@pytest.mark.parametrize(("grader", "name", "default"), OPTIONS, ids=str)
def test_every_option_of_every_grader_is_documented(grader: str, name: str, default: Any) -> None:
    """With the default that it has."""
    found = [row for row in rows() if row[0] == f"`{name}`" and f"`{grader}`" in row[1]]
    assert len(found) == 1
    said = "as many as processors" if default is None else f"`{json.dumps(default)}`"
    assert found[0][3].rstrip(" |") == said


def test_every_option_that_is_documented_exists() -> None:
    """A row of the page whose option was renamed is found."""
    table = DOCS.partition("| option | of |")[2].partition("\n\n")[0]
    named = {
        (grader, row.split("`")[1])
        for row in table.splitlines()[2:]
        for grader in re.findall(r"`([a-z-]+)`", row.split("|")[2])
    }
    assert named == {(grader, name) for grader, name, _ in OPTIONS}


def test_every_rule_of_extraction_is_documented() -> None:
    """And tried: a grader takes it."""
    table = DOCS.partition("| rule of `extract` |")[2].partition("\n\n")[0]
    assert [row.split("`")[1] for row in table.splitlines()[2:]] == [*RULES]
    make_grader("exact", {"extract": [*RULES]})
