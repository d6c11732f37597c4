"""The page on sampling has every option of every grader as it is, and every rule of extraction."""

import json
import re
from pathlib import Path
from typing import Any

import pytest

from beyondbase.graders import make_grader, options_of
from beyondbase.graders.extraction import RULES
from beyondbase.graders.make import grader_kind
from beyondbase.graders.options import Known, known_options
from beyondbase.registry import GRADERS

DOCS = (Path(__file__).parents[2] / "docs" / "sampling.md").read_text(encoding="utf-8")
OPTIONS = [
    (grader, name, option)
    for grader in GRADERS.ours
    for name, option in known_options(grader_kind(grader)).items()
]


def rows() -> list[list[str]]:
    """The cells of every row of a table."""
    # A bar within a cell would be another cell.
    return [
        [cell.strip() for cell in line.strip("|").split(" | ")]
        for line in DOCS.splitlines()
        if line[:1] == "|"
    ]


@pytest.mark.parametrize(("grader", "name", "option"), OPTIONS, ids=lambda part: str(part)[:20])
def test_every_option_of_every_grader_is_documented(grader: str, name: str, option: Known) -> None:
    """In the words that stand beside it in the source, with the default that it has."""
    found = [row for row in rows() if row[0] == f"`{name}`" and f"`{grader}`" in row[1]]
    assert len(found) == 1
    said = "as many as processors" if option.default is None else f"`{json.dumps(option.default)}`"
    assert found[0][3].rstrip(" |") == said
    assert found[0][2] in {option.option.meaning, "as above"}


def test_what_graders_have_is_what_a_study_may_say() -> None:
    """Each option that a study may name is an attribute of the grader, or of its limits."""
    for grader in GRADERS.ours:
        made: Any = make_grader(grader)
        assert made.name == grader
        for option in known_options(type(made)).values():
            value = made
            for field in option.path:
                value = getattr(value, field)
            assert value == option.default
    assert options_of("gym") == ("extract", "settings", "limit_s", "memory_mib", "workers")
    assert options_of("none") == ()


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
