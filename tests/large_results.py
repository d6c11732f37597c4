"""A results mapping as large as wanted, made of a real one: every pair has counts and curves of its own."""

from collections.abc import Mapping
from copy import deepcopy
from functools import cache
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beyondbase.estimators import pass_at_k
from beyondbase.inference.tables import fisher_two_sided, mcnemar

Record = Mapping[str, Any]
Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

OUTCOMES = ("SUPPORTED", "REFUTED", "INCONCLUSIVE", "INVALID")
CHANCES = (0.5, 0.2, 0.22, 0.08)
WIDTH = 2.5
TRUNCATED = "12.5 % of the completions are truncated"
WAIVER = {"reason": "known since the last run", "owner": "the eval team", "until": "2031-01-31"}


def large_results(real: Record, *, arms: int, tasks: int, claims: int, seed: int = 0) -> dict[str, Any]:
    """Return a large results mapping of one study.

    Bands are a plain normal approximation: the page shows what it is given.

    Args:
        real: results of a study with one pair at least; the first one lends problems, texts and verdicts.
        arms: trained arms, beside one base.
        tasks: tasks, each with a pair per arm.
        claims: claims, each with a verdict per pair.
        seed: of all that is drawn.
    """
    rng = np.random.default_rng(seed)
    study = deepcopy(real["studies"][0])
    template = study["pairs"][0]
    names = [f"arm-{index}" for index in range(arms)]
    drawn = [(f"TASK{index}", _resampled(template["by_problem"], rng)) for index in range(tasks)]
    pairs = [
        _pair(template, task, name, *_shifted(counts, index, rng))
        for task, counts in drawn
        for index, name in enumerate(names)
    ]
    verdicts = [
        _verdict(study["verdicts"][number % len(study["verdicts"])], number, pair, rng)
        for number in range(claims)
        for pair in pairs
    ]
    base, other = study["arms"][:2]
    unfit = [verdict["id"] for verdict in verdicts if verdict["outcome"] == "INVALID"]
    study |= {
        "unfit": [{"reason": TRUNCATED, "verdicts": unfit, "pairs": []}] * bool(unfit),
        "pairs": pairs,
        "verdicts": verdicts,
        "family_over": "claim",
        "arms": [base, *(other | {"id": name, "step": 50 * index} for index, name in enumerate(names))],
        "tasks": [study["tasks"][0] | {"id": task} for task, _ in drawn],
    }
    return {**real, "studies": [study]}


def _resampled(rows: Record, rng: np.random.Generator) -> tuple[Counts, Counts]:
    """Right completions of the base and rates of the other arm on as many problems, drawn anew."""
    size = len(rows["id"])
    chosen = rng.integers(size, size=size)
    return np.array(rows["base_c"])[chosen], np.array(rows["other_c"])[chosen]


def _shifted(counts: tuple[Counts, Counts], index: int, rng: np.random.Generator) -> tuple[Counts, Counts]:
    base, other = counts
    n = int(max(base.max(), other.max()))
    odds = np.log((other + 0.01) / (n - other + 0.01)) + rng.normal(0.1 * (index % 7) - 0.3, 0.4)
    return base, rng.binomial(n, 1 / (1 + np.exp(-odds)))


def _pair(template: Record, task: str, name: str, base: Counts, other: Counts) -> dict[str, Any]:
    n, ks = template["n_max"], template["curve"]["k"]
    curves = [_curve(right, n, ks) for right in (base, other)]
    difference = (curves[1] - curves[0]).mean(axis=1)
    behind = np.flatnonzero(difference < 0)
    k = ks[int(behind[0])] if behind.size else None
    rows = _problems(template["by_problem"]["id"], base, other, n)
    taus = template["cover"]["tau"]
    return {
        **template,
        "id": f"{task}/{name}",
        "task": task,
        "other": name,
        "curve": {"k": ks, **_sides(*curves)},
        "crossover": {"k": k, "lower": k and max(1, k // 2), "upper": k and min(n, 3 * k)},
        "solved": _solved(rows, n),
        "histogram": template["histogram"] | {"base": _bins(base, n), "other": _bins(other, n)},
        "cover": {"tau": taus, **_sides(*(_covers(right, n, taus) for right in (base, other)))},
        "by_problem": rows,
    }


def _curve(right: Counts, n: int, ks: list[int]) -> Floats:
    """pass@k per k and problem."""
    found: Floats = _table(n, tuple(ks))[:, right]
    return found


@cache
def _table(n: int, ks: tuple[int, ...]) -> Floats:
    """pass@k per k and number of right completions."""
    return np.array([pass_at_k(np.full(n + 1, n), np.arange(n + 1), k) for k in ks])


def _covers(right: Counts, n: int, taus: list[float]) -> Floats:
    return np.array([right / n >= tau for tau in taus], dtype=float)


def _sides(base: Floats, other: Floats) -> dict[str, dict[str, list[float]]]:
    return {"base": _band(base), "other": _band(other), "difference": _band(other - base)}


def _band(values: Floats) -> dict[str, list[float]]:
    mean = values.mean(axis=1)
    half = WIDTH * values.std(axis=1) / np.sqrt(values.shape[1])
    ends = {"estimate": mean, "lower": (mean - half).clip(-1, 1), "upper": (mean + half).clip(-1, 1)}
    return {name: _rounded(end) for name, end in ends.items()}


def _rounded(values: Floats) -> list[float]:
    return [float(f"{value:.10g}") for value in values.tolist()]


def _problems(ids: list[str], base: Counts, other: Counts, n: int) -> dict[str, Any]:
    # Few different tables among many problems.
    tables, place = np.unique(np.stack([base, other]), axis=1, return_inverse=True)
    size = np.full(tables.shape[1], n)
    p = fisher_two_sided(size, tables[0], size, tables[1])[place.ravel()]
    return {
        "id": ids,
        "level": None,
        "cluster": None,
        "base_n": [n] * len(ids),
        "base_c": base.tolist(),
        "other_n": [n] * len(ids),
        "other_c": other.tolist(),
        "fisher_p": _rounded(p),
    }


def _solved(rows: dict[str, Any], n: int) -> dict[str, Any]:
    names = ("id", "base_n", "base_c", "other_n", "other_c", "fisher_p")
    lines = [dict(zip(names, row, strict=True)) for row in zip(*(rows[name] for name in names), strict=True)]
    lines.sort(key=lambda row: row["fisher_p"])
    groups: dict[tuple[bool, bool], list[dict[str, Any]]] = {}
    for line in lines:
        groups.setdefault((line["base_c"] > 0, line["other_c"] > 0), []).append(line)
    base_only, other_only = groups.get((True, False), []), groups.get((False, True), [])
    neither = [line["id"] for line in groups.get((False, False), [])]
    return {
        "k": n,
        "both": len(groups.get((True, True), [])),
        "base_only": len(base_only),
        "other_only": len(other_only),
        "neither": len(neither),
        "mcnemar_p": mcnemar(len(base_only), len(other_only)),
        "base_only_problems": base_only,
        "other_only_problems": other_only,
        "neither_problems": neither,
    }


def _bins(right: Counts, n: int) -> list[int]:
    index = np.where(right == n, 11, -(-10 * right // n))
    return [int(count) for count in np.bincount(index, minlength=12)]


def _verdict(template: Record, number: int, pair: Record, rng: np.random.Generator) -> dict[str, Any]:
    claim = f"{template['claim']}{'-too' * (number // 8)}"
    outcome = str(rng.choice(OUTCOMES, p=CHANCES))
    at = int(rng.integers(len(pair["curve"]["k"])))
    ends = {name: column[at] for name, column in pair["curve"]["difference"].items()}
    met = bool(template["expected"] == outcome)
    small, large = sorted(rng.uniform(0, [0.01, 1], 2).tolist())
    verdict = {
        **template,
        "id": f"{claim}[{pair['id']}]",
        "claim": claim,
        "case": pair["id"],
        "task": pair["task"],
        "label": pair["other"],
        "arms": [pair["base"], pair["other"]],
        "outcome": outcome,
        "as_expected": met,
        "waiver": WAIVER if not met and rng.random() < 0.3 else None,
        "effect": template["effect"] | {"name": f"difference at k = {pair['curve']['k'][at]}"} | ends,
        "p_support": small if outcome == "SUPPORTED" else large,
        "p_refute": small if outcome == "REFUTED" else large,
        "p_adjusted": small if outcome in OUTCOMES[:2] else large,
        "remedy": "about 140 more problems would decide." if outcome == "INCONCLUSIVE" else None,
    }
    return verdict | (_unfit() if outcome == "INVALID" else {})


def _unfit() -> dict[str, Any]:
    numbers = dict.fromkeys(("p_support", "p_refute", "p_adjusted"), 1.0)
    return {
        "effect": None,
        **numbers,
        "parts": [],
        "details": [],
        "invalid": [TRUNCATED],
    }
