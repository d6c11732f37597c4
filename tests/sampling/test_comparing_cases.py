"""Every case of two tables: those of the issue's kinds with siblings of ours, and the shared ones."""

import csv
from collections.abc import Iterable
from functools import lru_cache
from pathlib import Path

import pytest

from beyondbase.graders.comparing import Comparer

DATA = Path(__file__).parent / "data"
TABLES = ("grading_cases.csv", "comparing_cases.csv")


@lru_cache(maxsize=1)
def comparer() -> Comparer:
    """With the options as they are by default."""
    return Comparer()


def cases(table: str) -> list[dict[str, str]]:
    """The rows of a table."""
    return list(csv.DictReader((DATA / table).read_text(encoding="utf-8").splitlines()))


def kinds() -> Iterable[tuple[str, str]]:
    """Each table's kinds."""
    for table in TABLES:
        yield from dict.fromkeys((table, case["kind"]) for case in cases(table))


@pytest.mark.parametrize(("table", "kind"), list(kinds()))
def test_right_answers_are_the_same_and_wrong_ones_never(table: str, kind: str) -> None:
    """Near misses stand beside equivalents, kind by kind."""
    chosen = [case for case in cases(table) if case["kind"] == kind]
    found = {
        (case["gold"], case["answer"]): comparer().decide("value", case["gold"], case["answer"]).verdict
        == "same"
        for case in chosen
    }
    expected = {(case["gold"], case["answer"]): case["expected"] == "correct" for case in chosen}
    assert found == expected


@pytest.mark.parametrize("table", TABLES)
def test_few_near_misses_are_left_undecided(table: str) -> None:
    """Wrong answers are proved different, but for what is not read, in 1 of 40 at most."""
    wrong = [case for case in cases(table) if case["expected"] == "wrong" and case["kind"] != "hostile"]
    undecided = [
        case
        for case in wrong
        if comparer().decide("value", case["gold"], case["answer"]).verdict == "undecided"
    ]
    assert 40 * len(undecided) <= len(wrong), undecided


@pytest.mark.parametrize("table", TABLES)
def test_every_gold_answer_and_every_right_answer_equals_itself(table: str) -> None:
    """Also spelled with blanks and dollars, by rules other than equal text."""
    for case in cases(table):
        for text in (case["gold"], case["answer"]) if case["kind"] != "hostile" else (case["gold"],):
            assert comparer().decide("value", text, f" ${text}$ ").verdict == "same", text


@pytest.mark.parametrize(
    ("gold", "answer", "rule"),
    [
        ("5", "5", "text"),
        (r"\dfrac12", r"\frac{1}{2}", "text"),
        ("0.5", r"\frac12", "number"),
        ("5", "x" * 5000, "too long"),
        (r"5 \text{ m}", r"500 \text{ cm}", "unit"),
        ("(1,2)", "(2,1)", "tuple"),
        ("1, 2", "2, 1", "list"),
        (r"\{1, 2\}", "2, 1", "set"),
        ("[0,1)", "0 <= x < 1", "interval"),
        (r"\begin{pmatrix} 1 \\ 2 \end{pmatrix}", "(1, 2)", "matrix"),
        ("y = 2x", "2x - y = 0", "equation"),
        ("y > 2x", "2x < y", "inequality"),
        ("1:2:3", "2:4:6", "ratio"),
        ("5", "x = 5", "chain"),
        ("a+b", "b+a", "symbol"),
        ("cat", "act", "word"),
    ],
)
def test_each_decision_names_the_layer_that_made_it(gold: str, answer: str, rule: str) -> None:
    """The rule goes into the store beside the grade."""
    assert comparer().decide("value", gold, answer).rule == rule
