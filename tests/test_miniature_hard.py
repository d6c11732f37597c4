"""The hard problems of the miniature: facts of the solver, in no other split, counted as sampled."""

import csv
import json
from pathlib import Path
from typing import Any

import pytest
from hard import BELOW_CHANCE, MOST_SOLUTIONS
from problems import draw_problems, fresh_prompts, keys_of, tokens_of
from test_miniature import told

from beyondbase.evidence.load import load_evidence
from beyondbase.study import load_study
from beyondbase.tasks.countdown import outcomes, read_question

FIXTURES = Path(__file__).parents[1] / "fixtures"
HARD = FIXTURES / "miniature-hard"
PROBLEMS = FIXTURES / "miniature" / "problems"


def rows_of(split: str) -> list[dict[str, Any]]:
    """The problems of a split."""
    return [json.loads(line) for line in (PROBLEMS / f"{split}.jsonl").read_text().splitlines()]


def test_the_problems_are_as_hard_as_they_say() -> None:
    """Solutions and chances, counted anew for some, and the limits for all."""
    rows = rows_of("hard") + rows_of("hard-validation")
    assert [len(rows_of(split)) for split in ("hard", "hard-validation")] == [400, 150]
    assert all(1 <= row["solutions"] <= MOST_SOLUTIONS for row in rows)
    assert all(0 < row["chance"] < BELOW_CHANCE for row in rows)
    for row in rows[::40]:
        numbers, target = read_question(row["question"])
        found = outcomes(tuple(sorted(numbers)))
        assert found.solutions[target] == row["solutions"]
        assert found.chance[target] == pytest.approx(row["chance"], rel=1e-12)


def test_no_problem_is_met_elsewhere() -> None:
    """Neither in another split, nor among the fresh problems that distilled models saw answers to."""
    splits = {name: [one.question for one in split] for name, split in draw_problems().items()}
    splits |= {name: [row["question"] for row in rows_of(name)] for name in ("hard", "hard-validation")}
    keys = {name: keys_of(tokens_of(questions)) for name, questions in splits.items()}
    hard = keys["hard"]
    assert len(hard) == 400
    assert not any(hard & some for name, some in keys.items() if name != "hard")
    left_out = frozenset().union(*(keys[name] for name in keys if name != "train"))
    fresh = keys_of(fresh_prompts(2_000, left_out))
    assert len(fresh) == 2_000
    assert not fresh & left_out


def test_chances_are_those_of_the_problems() -> None:
    """The floor is of these problems, in the name of their task."""
    with (PROBLEMS / "chance-hard.csv").open() as stream:
        rows = list(csv.DictReader(stream))
    assert {row["task"] for row in rows} == {"countdown-hard"}
    assert {row["problem_id"]: float(row["chance"]) for row in rows} == {
        row["id"]: row["chance"] for row in rows_of("hard")
    }


def test_what_is_judged_is_what_was_sampled() -> None:
    """All arms of the recipe, 1,024 samples of each of the 400 problems, and the models that lie there."""
    study, sampled = load_study(HARD), load_study(HARD / "sampled")
    assert sampled.sampling is not None
    assert told(study) == told(sampled)
    assert all(arm.role == "guess" or (HARD / arm.model).resolve().is_dir() for arm in study.arms.values())
    tallies = load_evidence(study).tallies
    assert {arm for _, arm in tallies} == set(study.arms) - {"chance"}
    ids = tuple(row["id"] for row in rows_of("hard"))
    for tally in tallies.values():
        assert tuple(sorted(tally.problem_ids)) == ids
        assert set(tally.n.tolist()) == {sampled.sampling.n} == {1024}
