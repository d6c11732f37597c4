"""Studies made of given counts, written as a user would write them: TOML beside CSV."""

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date
from pathlib import Path
from random import Random
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beyondbase.evidence.tallies import load_tallies
from beyondbase.judging.case import Case
from beyondbase.judging.claim import Claim, load_claims
from beyondbase.judging.family import Judgement, gather, judge
from beyondbase.judging.selection import Selection
from beyondbase.study import Study, load_study

ROOT = Path(__file__).parents[1]
BASE = {"role": "base", "model": "made/base"}
RL = {"role": "rl", "model": "made/rl"}
Counts = Mapping[str | tuple[str, str], tuple[ArrayLike, ArrayLike]]


def all_claims() -> dict[str, Claim]:
    """The claims of this repository by id."""
    return {claim.id: claim for claim in load_claims([ROOT / "claims"])}


def drawn(rates: ArrayLike, n: int, seed: int) -> tuple[int, NDArray[np.int64]]:
    """Counts of n samples of problems with given success rates."""
    return n, np.random.default_rng(seed).binomial(n, rates)


def write_study(
    folder: Path,
    arms: Mapping[str, Mapping[str, Any]],
    counts: Counts,
    *,
    ids: Mapping[str, Sequence[str]] | None = None,
    clusters: Mapping[str, Sequence[str]] | None = None,
    shuffle: int | None = None,
    **tables: Any,
) -> Study:
    """Write a study and read it again.

    Args:
        folder: where to.
        arms: settings by arm.
        counts: n and c by arm, on task "T", or by (task, arm).
        ids: problem ids by arm, where they are not 0, 1, ...
        clusters: labels by arm.
        shuffle: seed of the order of rows; as given if None.
    """
    keyed = {("T", key) if isinstance(key, str) else key: value for key, value in counts.items()}
    rows = []
    for (task, arm), (n, c) in keyed.items():
        each_n, each_c = np.broadcast_arrays(n, np.atleast_1d(c))
        names = (ids or {}).get(arm) or [str(i) for i in range(len(each_c))]
        groups = (clusters or {}).get(arm) or [""] * len(each_c)
        rows += [
            ",".join(map(str, row))
            for row in zip(
                [task] * len(names), [arm] * len(names), names, each_n, each_c, groups, strict=True
            )
        ]
    if shuffle is not None:
        Random(shuffle).shuffle(rows)  # noqa: S311 - an order, not a secret
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "counts.csv").write_text("\n".join(["task,arm,problem_id,n,c,cluster", *rows, ""]))
    content = {
        "id": "made",
        "title": "A made study",
        "source": "made up",
        "evidence": {"tallies": "counts.csv"},
        "tasks": {task: {} for task, _ in keyed},
        "arms": arms,
    } | tables
    return write_tables(folder, content)


def write_tables(folder: Path, content: Mapping[str, Any]) -> Study:
    """Write tables as a study file and read it again."""
    folder.mkdir(parents=True, exist_ok=True)
    (folder / "study.toml").write_text("\n".join(f"{key} = {_toml(value)}" for key, value in content.items()))
    return load_study(folder)


def pair_study(
    folder: Path, base: tuple[ArrayLike, ArrayLike], rl: tuple[ArrayLike, ArrayLike], **tables: Any
) -> Study:
    """Write a study of one base arm and one RL arm."""
    return write_study(folder, {"base": BASE, "rl": RL}, {"base": base, "rl": rl}, **tables)


def cases_of(study: Study, selection: Selection) -> list[Case]:
    """The cases of a study."""
    return selection.cases(study, load_tallies(study))


def judged(study: Study, *claims: Claim) -> Judgement:
    """Judge a study on some claims, or on all that it chooses of this repository."""
    return judge(gather(study, claims or tuple(all_claims().values())))


PROBLEMS, N = 400, 64
ZERO, HALF, ONE = 0.0, 0.5, 1.0


@dataclass(frozen=True)
class Truth:
    """Success rates by arm, as (rate, share of problems) steps, under which a claim is true or false."""

    arms: dict[str, dict[str, Any]]
    true: dict[str, list[tuple[float, float]]]
    false: dict[str, list[tuple[float, float]]]


def everywhere(rate: float) -> list[tuple[float, float]]:
    """One rate on all problems."""
    return [(rate, 1.0)]


def some(share: float, rate: float) -> list[tuple[float, float]]:
    """A rate on the first share of the problems, zero on the others."""
    return [(rate, share), (ZERO, 1 - share)]


PAIR = {"base": BASE, "rl": RL}
WEAK_BASE = {"base": some(0.5, 0.3), "rl": everywhere(0.9)}
WEAK_RL = {"base": everywhere(0.9), "rl": some(0.5, 0.3)}
LUCKY_BASE = {"base": everywhere(0.2), "rl": some(0.6, 0.9)}
DISTILLED = {"base": BASE, "other": {"role": "distilled", "model": "made/distilled"}}
GUESSES = {"base": BASE, "other": {"role": "guess"}}
ALGORITHMS = {"base": BASE} | {
    f"{name}{seed}": RL | {"algorithm": name, "labels": {"seed": str(seed)}}
    for name in ("ppo", "grpo")
    for seed in range(5)
}
STEPS = {"base": BASE} | {f"s{i}": RL | {"step": i} for i in (100, 200, 300)}
KL = {"base": BASE, "with": RL | {"kl": 0.001}, "without": RL | {"kl": 0.0}}
ROLLOUTS = {"base": BASE, "more": RL | {"rollouts": 32}, "fewer": RL | {"rollouts": 8}}
LEARNED = dict(zip(STEPS, [everywhere(0.2), everywhere(0.3), some(0.8, 0.6), some(0.6, 0.95)], strict=True))
UNLEARNED = dict(zip(STEPS, [everywhere(0.2), some(0.6, 0.95), some(0.8, 0.6), everywhere(0.3)], strict=True))


def renamed(rates: dict[str, Any]) -> dict[str, Any]:
    """The rates of a base and an RL arm, for a base and a distilled one."""
    return {"base": rates["base"], "other": rates["rl"]}


# Tested with log-probabilities beside counts.
SCORED = ("rl-likely-under-base", "distilled-unlikely-under-base", "entropy-matched-stays-below")

TRUTHS = {
    "base-beats-chance": Truth(
        GUESSES,
        {"base": everywhere(0.9), "other": some(0.5, 0.3)},
        {"base": some(0.5, 0.3), "other": everywhere(0.9)},
    ),
    "rl-leads-at-1": Truth(PAIR, WEAK_BASE, WEAK_RL),
    "base-overtakes": Truth(PAIR, LUCKY_BASE, WEAK_BASE),
    "rl-sharpens": Truth(
        PAIR,
        {"base": everywhere(0.5), "rl": [(ONE, 0.7), (ZERO, 0.3)]},
        {"base": [(ONE, 0.7), (ZERO, 0.3)], "rl": everywhere(0.5)},
    ),
    "rl-solved-is-subset": Truth(PAIR, LUCKY_BASE, WEAK_BASE),
    "distillation-expands": Truth(DISTILLED, renamed(WEAK_BASE), renamed(LUCKY_BASE)),
    "algorithms-end-alike": Truth(
        ALGORITHMS,
        dict.fromkeys(ALGORITHMS, everywhere(0.5)),
        {name: everywhere(0.4 if name.startswith("ppo") else 0.6) for name in ALGORITHMS},
    ),
    "sampling-gap-stays-large": Truth(PAIR, LUCKY_BASE, WEAK_BASE),
    "base-reaches-rl": Truth(PAIR, LUCKY_BASE, WEAK_BASE),
    "training-narrows": Truth(STEPS, LEARNED, UNLEARNED),
    "kl-costs-coverage": Truth(
        KL,
        {"base": everywhere(0.2), "with": some(0.8, 0.25), "without": everywhere(0.2)},
        {"base": everywhere(0.2), "with": everywhere(0.2), "without": some(0.8, 0.25)},
    ),
    "more-rollouts-help-little": Truth(
        ROLLOUTS,
        {"base": everywhere(0.3), "more": some(0.8, 0.7), "fewer": some(0.6, 0.7)},
        {"base": everywhere(0.3), "more": some(0.6, 0.7), "fewer": some(0.8, 0.7)},
    ),
    "rl-expands": Truth(PAIR, WEAK_BASE, LUCKY_BASE),
    "rl-covers-more-reliably": Truth(PAIR, WEAK_BASE, WEAK_RL),
}


def made(
    folder: Path, name: str, rates: dict[str, Any], m: int = PROBLEMS, n: int = N, **tables: Any
) -> Study:
    """A study of one claim with seeded counts at given rates."""
    counts = {}
    for seed, (arm, steps) in enumerate(rates.items()):
        rate, share = np.array(steps).T
        counts[arm] = drawn(
            np.repeat(rate, np.diff(np.round(m * np.cumsum([0, *share])).astype(int))), n, seed
        )
    return write_study(folder, TRUTHS[name].arms, counts, **({"claims": [name]} | tables))


def two_arms(folder: Path, **tables: Any) -> Study:
    """A small study of two RL arms on one base, so that each claim has two cases."""
    arms = PAIR | {"rl2": RL | {"step": 2}}
    return write_study(
        folder, arms, {arm: drawn(np.full(9, 0.5), 16, seed) for seed, arm in enumerate(arms)}, **tables
    )


def _toml(value: Any) -> str:
    if isinstance(value, Mapping):
        return "{ " + ", ".join(f"{json.dumps(key)} = {_toml(item)}" for key, item in value.items()) + " }"
    if isinstance(value, list | tuple):
        return f"[{', '.join(_toml(item) for item in value)}]"
    return value.isoformat() if isinstance(value, date) else json.dumps(value)
