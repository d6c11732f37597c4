"""A small part of fixtures/miniature/live, on any engine, beside the counts that lie in the repository."""

import tomllib
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from study_factory import write_tables

from beyondbase.evidence.agreement import Agreement, compare_tallies
from beyondbase.evidence.load import load_evidence
from beyondbase.evidence.sampled_arm import sampled_arms
from beyondbase.evidence.tallies import Tally
from beyondbase.sampling import draw as sampling
from beyondbase.sampling import grade as grading
from beyondbase.study import Study, load_study

MINIATURE = Path(__file__).parents[2] / "fixtures" / "miniature"
LIVE, STORED = MINIATURE / "live", MINIATURE / "study.toml"
PROBLEMS, N = 30, 32
# Fewer false alarms than the 1 in 20 of a run by hand: another version of a library draws other completions.
ALPHA = 0.001


def write_live(folder: Path, arms: Sequence[str], engine: Mapping[str, Any]) -> Study:
    """Write a study of the first problems and of some arms of the live study, and load it."""
    content = tomllib.loads((LIVE / "study.toml").read_text(encoding="utf-8"))
    content.pop("expect", None)
    lines = (MINIATURE / "problems" / "test.jsonl").read_text(encoding="utf-8").splitlines()
    (folder / "problems.jsonl").write_text("\n".join(lines[:PROBLEMS]), encoding="utf-8")
    content["problems"]["countdown"]["file"] = "problems.jsonl"
    content["sampling"]["n"] = N
    models = {name: str((LIVE / content["arms"][name]["model"]).resolve()) for name in arms}
    kept = {name: content["arms"][name] | {"model": model} for name, model in models.items()}
    return write_tables(folder, content | {"engine": engine, "arms": kept})


def sampled_afresh(study: Study) -> Mapping[tuple[str, str], Tally]:
    """Sample and grade a study, and return its tallies, which must be fit to be judged on."""
    arms = sampled_arms(study)
    sampling.sample(arms, tell=lambda _: None)
    grading.grade(arms, tell=lambda _: None)
    found = load_evidence(study).tallies
    assert [tally.unfit for tally in found.values()] == [()] * len(arms)
    return found


def beside_stored(fresh: Mapping[tuple[str, str], Tally]) -> dict[str, Agreement]:
    """Compare tallies with the counts of the miniature, by arm."""
    return {one.arm: one for one in compare_tallies(fresh, load_evidence(load_study(STORED)).tallies)}
