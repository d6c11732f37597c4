"""The miniature in the repository: its files agree with each other, and with what was drawn."""

import csv
import hashlib
import json
from pathlib import Path
from typing import Any

import pyarrow.parquet as pq
import pytest

from beyondbase.evidence.load import Evidence, load_evidence
from beyondbase.study import Study, load_study
from beyondbase.tasks import countdown

MINIATURE = Path(__file__).parents[1] / "fixtures" / "miniature"
TASK = "countdown"


@pytest.fixture(scope="module")
def study() -> Study:
    """The study of counts."""
    return load_study(MINIATURE)


@pytest.fixture(scope="module")
def evidence(study: Study) -> Evidence:
    """Its counts and log-probabilities."""
    return load_evidence(study)


@pytest.fixture(scope="module")
def rows() -> list[dict[str, Any]]:
    """The problems of the test."""
    return [json.loads(line) for line in (MINIATURE / "problems" / "test.jsonl").read_text().splitlines()]


def told(study: Study) -> dict[str, dict[str, Any]]:
    """What a study says of how its arms were drawn, wherever it stands and however many it draws."""
    tables = {
        name: arm.model_dump(exclude={"n", "model", "chance", "secondary"})
        for name, arm in study.arms.items()
    }
    models = {name: Path(arm.model).name for name, arm in study.arms.items()}
    return {name: table | {"model": models[name]} for name, table in tables.items()}


def test_what_is_judged_is_what_was_sampled(study: Study) -> None:
    """The arms of the counts are those that the recipe of the samples names, setting by setting."""
    sampled = load_study(MINIATURE / "sampled")
    assert told(study) == told(sampled)
    some = told(load_study(MINIATURE / "completions"))
    assert some == {name: told(study)[name] for name in some}
    for name, arm in load_study(MINIATURE / "live").arms.items():
        assert (arm.role, Path(arm.model).name) == (study.arms[name].role, Path(study.arms[name].model).name)


def test_every_arm_has_the_counts_that_the_recipe_asks_for(evidence: Evidence) -> None:
    """All 300 problems, 1024 completions of each for the main arms and 256 for the others."""
    sampled = load_study(MINIATURE / "sampled")
    assert sampled.sampling is not None
    wanted = {name: arm.n or sampled.sampling.n for name, arm in sampled.arms.items() if arm.role != "guess"}
    found = {arm: set(tally.n.tolist()) for (_, arm), tally in evidence.tallies.items()}
    assert found == {arm: {n} for arm, n in wanted.items()}
    assert {len(tally.problem_ids) for tally in evidence.tallies.values()} == {300}
    main = {"base", "grpo", "teacher", "distilled", "self-distilled"}
    assert {arm for arm, n in wanted.items() if n == 1024} == main
    assert {n for arm, n in wanted.items() if arm not in main} == {256}


def test_chances_are_those_of_the_enumeration(rows: list[dict[str, Any]]) -> None:
    """The floor and the levels follow from the problems alone, counted anew for some of each level."""
    with (MINIATURE / "problems" / "chance.csv").open() as stream:
        chances = {row["problem_id"]: float(row["chance"]) for row in csv.DictReader(stream)}
    assert chances == {row["id"]: row["chance"] for row in rows}
    for row in rows[:12]:
        numbers, target = countdown.read_question(row["question"])
        found = countdown.outcomes(tuple(sorted(numbers)))
        assert found.solutions[target] == row["solutions"]
        assert found.chance[target] == pytest.approx(row["chance"], rel=1e-12)
        assert row["level"] == ("1" if row["solutions"] >= 64 else "2" if row["solutions"] >= 16 else "3")


def test_the_shipped_completions_are_the_first_that_were_counted(evidence: Evidence) -> None:
    """Their log-probabilities stand beside the counts, and no problem has more right ones than counted."""
    kept = load_evidence(load_study(MINIATURE / "completions"))
    for key, some in kept.tallies.items():
        whole = evidence.tallies[key]
        places = [whole.problem_ids.index(name) for name in some.problem_ids]
        right, wrong = whole.c[places], (whole.n - whole.c)[places]
        assert (some.c <= right).all()
        assert (some.n - some.c <= wrong).all()
        assert some.likelihoods is not None
        assert whole.likelihoods is not None
        ours = {row[:2]: row[2:] for row in some.likelihoods.rows(some.problem_ids)}
        theirs = whole.likelihoods.rows(whole.problem_ids)
        assert len(theirs) == 300 * 16
        for name, index, tokens, logprob, *_ in theirs:
            assert ours[name, index][:2] == (tokens, pytest.approx(logprob, abs=1e-4))


def test_the_manifest_names_the_weights_that_are_there(study: Study) -> None:
    """Every model of the study has its recipe and hash, and is made from models that are there too."""
    made = json.loads((MINIATURE / "manifest.json").read_text())["models"]
    for name, record in made.items():
        weights = MINIATURE / "models" / name / "model.safetensors"
        assert hashlib.sha256(weights.read_bytes()).hexdigest() == record["weights"]
        assert {parent: made[parent]["weights"] for parent in record["from"]} == record["from"]
    kept = made["grpo"]["checkpoints"]
    checkpoints = {f"grpo-step-{step}" for step in kept}
    for step, digest in kept.items():
        weights = MINIATURE / "models" / f"grpo-step-{step}" / "model.safetensors"
        assert hashlib.sha256(weights.read_bytes()).hexdigest() == digest
    hard = load_study(MINIATURE.with_name("miniature-hard"))
    used = {Path(arm.model).name for one in (study, hard) for arm in one.arms.values() if arm.model}
    assert used - {""} == (set(made) | checkpoints) - {"clean"}
    assert {path.name for path in (MINIATURE / "models").iterdir()} == set(made) | checkpoints


def test_counts_and_scores_hold_no_more_than_they_need() -> None:
    """Counts have one row for each problem and arm; both files stay small enough for a repository."""
    counts = pq.read_table(MINIATURE / "counts.parquet")
    assert counts.num_rows == 300 * len(set(counts["arm"].to_pylist()))
    assert (MINIATURE / "scores.parquet").stat().st_size < 8_000_000
