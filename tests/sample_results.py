"""A realistic results mapping: Qwen2.5-7B and SimpleRL-Zoo on 500 problems, from the counts in fixtures.

Bands are a plain normal approximation: the page must show what it is given, right or wrong.
"""

import csv
import hashlib
from functools import cache
from math import lgamma
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import stats

Counts = NDArray[np.int64]
Floats = NDArray[np.float64]

SAMPLES = 128
TABLE_K = [1, 2, 4, 8, 16, 32, 64, 128]
TAUS = [0.1, 0.25, 0.5, 0.75, 0.9, 1.0]
ARMS = ("qwen2.5-7b", "simplerl-zoo")
CASE = "MATH500/simplerl-zoo"
BINS = ["0", "(0, .1]", *(f"(.{i}, .{i + 1}]" for i in range(1, 9)), "(.9, 1)", "1"]
TRUNCATED = "12.5 % of the base's completions are truncated, at most 5 % may be: raise max_tokens"
FEW = "n = 8, but the claims look at k = 128: sample more"
COUNTS = Path(__file__).parents[1] / "fixtures" / "qwen2.5-7b-math500" / "counts.csv"


def sample_results() -> dict[str, Any]:
    """Return a full results mapping with one study, a judged pair and an invalid one."""
    return {
        "schema_version": 6,
        "suite": {"name": "beyondbase", "version": "0.1.0"},
        "versions": {"python": "3.11.7", "numpy": "2.4.6", "scipy": "1.17.1"},
        "studies": [_study()],
    }


@cache
def right_completions(arm: str) -> Counts:
    """Return the right completions of one arm, per problem."""
    with COUNTS.open(encoding="utf-8", newline="") as lines:
        return np.array([int(row["c"]) for row in csv.DictReader(lines) if row["arm"] == arm])


def real_pair() -> dict[str, Any]:
    """Return the pair of the two arms in fixtures."""
    return sample_pair(right_completions(ARMS[0]), right_completions(ARMS[1]), SAMPLES)


def sample_pair(base: ArrayLike, other: ArrayLike, n: int) -> dict[str, Any]:
    """Return a pair computed from the right completions of both arms, per problem."""
    right = np.asarray(base), np.asarray(other)
    curves = [np.array([pass_at_k(c, n, k) for k in range(1, n + 1)]) for c in right]
    covers = [np.array([c / n >= tau for tau in TAUS], dtype=float) for c in right]
    below = np.flatnonzero((curves[1] - curves[0]).mean(axis=1) < 0)
    k = int(below[0]) + 1 if below.size else None
    tables = [table_k for table_k in TABLE_K if table_k <= n]
    return {
        **_pair_head(n, None, len(right[0])),
        "curve": {"k": [*range(1, n + 1)], **_triple(*curves)},
        "floors": [],
        "table_k": tables,
        "crossover": {"k": k, "lower": k and max(1, k - 3), "upper": k and min(n, k + 25)},
        "solved": _solved(*right, n),
        "support": {name: _interval(value) for name, value in _support(*right).items()},
        "detection_limit": {"base": 1 - 0.05 ** (1 / n), "other": 1 - 0.05 ** (1 / n), "confidence": 0.95},
        "histogram": {"bins": BINS, "base": _bins(right[0], n), "other": _bins(right[1], n)},
        "cover": {"tau": TAUS, **_triple(*covers)},
        "variance": [_split(*right, n, curves, table_k) for table_k in tables],
        "by_problem": _tallies(*right, n),
    }


def invalid_pair(reason: str) -> dict[str, Any]:
    """Return a pair whose evidence is unfit."""
    head = _pair_head(SAMPLES, "AIME24/simplerl-zoo", 30) | {"task": "AIME24", "invalid": [reason]}
    judged = sample_pair([1], [1], 2).keys() - head.keys()
    return head | dict.fromkeys(judged)


def pass_at_k(right: Counts, n: int, k: int) -> Floats:
    """Return 1 - C(n - c, k) / C(n, k) per problem."""
    wrong = n - right
    log = [
        lgamma(w + 1) - lgamma(w - k + 1) - lgamma(n + 1) + lgamma(n - k + 1) if w >= k else -np.inf
        for w in wrong.tolist()
    ]
    missed: Floats = np.exp(np.array(log))
    return 1 - missed


def verdict(claim: str = "rl-leads-at-1", outcome: str = "SUPPORTED", **changes: Any) -> dict[str, Any]:
    """Return one verdict of the sample pair, with some of its fields changed."""
    return {
        "id": f"{claim}[{CASE}]",
        "claim": claim,
        "case": CASE,
        "task": "MATH500",
        "arms": ["qwen2.5-7b", "simplerl-zoo"],
        "statement": "RL ahead at k = 1",
        "finding": "RL-trained models win at pass@1",
        "paper": "Fig. 2; section 3.1",
        "hypothesis": "The mean over problems of RL minus base pass@1 is above 0.",
        "outcome": outcome,
        "expected": "SUPPORTED",
        "expected_reason": "",
        "as_expected": outcome == "SUPPORTED",
        "effect": effect("RL - base pass@1", 0.1654, 0.1471, 0.1837),
        "p_support": 1e-30,
        "p_refute": 1.0,
        "p_adjusted": 7e-30,
        "family_size": 2,
        "alpha_share": 0.5,
        "parts": [],
        "invalid": [],
        "remedy": None,
        "tipping": None,
        "sensitivity": [],
        "details": [],
        "waiver": None,
        "label": "simplerl-zoo",
        "kind": "finding",
        "excludes": [],
        "reported": [{"text": "pass@1 61.6 % -> 78.0 %", "source": "v2 Fig. 2, digitised", "context": False}],
    } | changes


def effect(name: str, estimate: float | None, lower: float | None, upper: float | None) -> dict[str, Any]:
    """Return an effect that is a share."""
    limits = {"lower": lower, "upper": upper, "level": 0.95}
    return {"name": name, "estimate": estimate, **limits, "unit": "share", "most": None}


def part(statement: str, outcome: str, p_support: float, p_refute: float, **changes: Any) -> dict[str, Any]:
    """Return one part of a verdict."""
    return {
        "statement": statement,
        "outcome": outcome,
        "effect": None,
        "p_support": p_support,
        "p_refute": p_refute,
        "parts": [],
    } | changes


def _study() -> dict[str, Any]:
    return {
        "id": "math500",
        "title": "Qwen2.5-7B on MATH500",
        "source": "independent replication, 2026",
        "alpha": 0.05,
        "confidence": 0.95,
        "seed": 0,
        "draws": 10000,
        "family_over": "claim",
        "margins": {"lead": 0.0, "equal": 0.02},
        "grid": {"k": None, "k_large": None, "k_large_min": 16, "k_superior": None, "tau": TAUS},
        "inputs": [{"file": "counts.csv", "sha256": hashlib.sha256(COUNTS.read_bytes()).hexdigest()}],
        "arms": [
            _arm("qwen2.5-7b", "base", "Qwen/Qwen2.5-7B", "d149729398750b98c0af14eb82c78cfe92750796"),
            _arm("simplerl-zoo", "rl", "hkust-nlp/Qwen-2.5-7B-SimpleRL-Zoo", "d630142f26acc8adf805")
            | {"base": "qwen2.5-7b", "algorithm": "GRPO", "labels": {"data": "8k MATH"}},
        ],
        "tasks": [
            _task("MATH500", "16 seeds of 8 completions"),
            _task("AIME24", ""),
        ],
        "verdicts": _verdicts(),
        "samples": [],
        "examples": [],
        "not_applicable": [
            {
                "claim": "distillation-expands",
                "finding": "Distillation can expand the reasoning boundary",
                "needs": "a base arm and a distilled arm on one task",
            }
        ],
        "likelihoods": [],
        "unfit": [
            {"reason": TRUNCATED, "verdicts": ["rl-leads-at-1[AIME24/simplerl-zoo]"], "pairs": []},
            {"reason": FEW, "verdicts": [], "pairs": ["AIME24/simplerl-zoo"]},
        ],
        "pairs": [
            real_pair(),
            invalid_pair(FEW),
        ],
    }


def _arm(name: str, role: str, model: str, revision: str) -> dict[str, Any]:
    texts = {"id": name, "role": role, "model": model, "revision": revision, "note": ""}
    settings = {"temperature": 0.6, "top_p": 0.95, "max_tokens": 16384, "prompt": None, "adapter": None}
    settings |= {
        "repeats": None,
        "entropy_matched": False,
        "paired": True,
        "secondary": False,
        "chance": None,
    }
    unknown = dict.fromkeys(("base", "algorithm", "step", "kl", "rollouts"))
    return {**texts, "labels": {}, **settings, **unknown}


def _task(name: str, note: str) -> dict[str, Any]:
    return {"id": name, "benchmark": name, "dataset": "", "revision": "", "note": note}


def _verdicts() -> list[dict[str, Any]]:
    limits = {"lower": 12, "upper": None, "level": 0.95}
    crossing: dict[str, Any] = {
        "statement": "RL ahead at k = 1 and the base ahead at k = 128",
        "finding": "The base overtakes at large k",
        "hypothesis": "RL ahead at k = 1 and the base ahead at k = 128.",
        "effect": effect("RL - base pass@128", -0.032, -0.051, -0.013),
        "p_support": 0.00043,
        "p_adjusted": 0.0017,
        "parts": [
            part("RL ahead at k = 1", "SUPPORTED", 1e-30, 1.0, effect=effect("pass@1", 0.165, 0.147, 0.184)),
            part(
                "Base ahead at k = 128",
                "SUPPORTED",
                0.00043,
                0.99996,
                parts=[part("Exact McNemar test", "SUPPORTED", 0.00043, 0.99996)],
            ),
        ],
        "details": [{"name": "crossover", "estimate": 15, **limits, "unit": "k", "most": 128}],
    }
    return [
        verdict(),
        verdict("base-overtakes", **crossing),
        verdict(
            "no-new-problems",
            "INCONCLUSIVE",
            finding="RL solves no problem that the base cannot solve",
            effect=effect("problems only RL solves", 0.006, 0.0012, 0.0174),
            p_support=0.21,
            p_refute=0.125,
            p_adjusted=0.63,
            remedy="about 140 more problems, or 1024 completions of the three problems",
        ),
        verdict(
            "low-accuracy-shrinks",
            "REFUTED",
            finding="RL lowers the number of problems that are never right",
            expected="REFUTED",
            expected_reason="the zero bin rises in 21 of 24 panels",
            as_expected=True,
            p_support=0.9996,
            p_refute=0.00086,
            p_adjusted=0.0052,
        ),
        verdict("equal-at-1", "REFUTED", finding="Both arms tie at k = 1", p_support=1.0, p_refute=2e-5),
        verdict(
            "rl-leads-at-1",
            "INVALID",
            id="rl-leads-at-1[AIME24/simplerl-zoo]",
            case="AIME24/simplerl-zoo",
            task="AIME24",
            effect=None,
            p_support=1.0,
            p_refute=1.0,
            p_adjusted=1.0,
            invalid=[TRUNCATED],
        ),
    ]


def _pair_head(n: int, name: str | None, problems: int) -> dict[str, Any]:
    return {
        "id": name or CASE,
        "task": "MATH500",
        "base": "qwen2.5-7b",
        "other": "simplerl-zoo",
        "role": "rl",
        "problems": problems,
        "n_min": n,
        "n_max": n,
        "clusters": None,
        "largest_cluster": None,
        "k_max": n,
        "invalid": [],
    }


def _triple(base: Floats, other: Floats) -> dict[str, Any]:
    arms = {"base": (base, 0.0), "other": (other, 0.0), "difference": (other - base, -1.0)}
    return {arm: _banded(values, least) for arm, (values, least) in arms.items()}


def _banded(values: Floats, least: float) -> dict[str, list[float]]:
    mean = values.mean(axis=1)
    half = 2.5 * values.std(axis=1) / np.sqrt(values.shape[1])
    low, high = (mean - half).clip(least, 1), (mean + half).clip(least, 1)
    return {"estimate": mean.tolist(), "lower": low.tolist(), "upper": high.tolist()}


def _interval(value: float | None) -> dict[str, Any]:
    if value is None:
        return {"estimate": None, "lower": None, "upper": None}
    return {"estimate": value, "lower": value - 0.01, "upper": value + 0.01}


def _solved(base: Counts, other: Counts, n: int) -> dict[str, Any]:
    lost, found = (base > 0) & (other == 0), (base == 0) & (other > 0)
    discordant = int(lost.sum() + found.sum())
    return {
        "k": n,
        "both": int(((base > 0) & (other > 0)).sum()),
        "base_only": int(lost.sum()),
        "other_only": int(found.sum()),
        "neither": int(((base == 0) & (other == 0)).sum()),
        "mcnemar_p": float(stats.binomtest(int(lost.sum()), discordant).pvalue) if discordant else 1.0,
        "base_only_problems": [_problem(i, base, other, n) for i in np.flatnonzero(lost).tolist()],
        "other_only_problems": [_problem(i, base, other, n) for i in np.flatnonzero(found).tolist()],
        "neither_problems": [str(i) for i in np.flatnonzero((base == 0) & (other == 0)).tolist()],
    }


def _problem(index: int, base: Counts, other: Counts, n: int) -> dict[str, Any]:
    b, o = int(base[index]), int(other[index])
    return {
        "id": str(index),
        "base_n": n,
        "base_c": b,
        "other_n": n,
        "other_c": o,
        "fisher_p": _fisher(b, o, n),
    }


@cache
def _fisher(base: int, other: int, n: int) -> float:
    return float(stats.fisher_exact(np.array([[base, n - base], [other, n - other]])).pvalue)


def _support(base: Counts, other: Counts) -> dict[str, float | None]:
    both = int(((base > 0) & (other > 0)).sum())
    lost, found = int((base > 0).sum()) - both, int((other > 0).sum()) - both
    srr = both / (both + lost) if both + lost else None
    ndr = found / (both + found) if both + found else None
    sds = 2 * srr * ndr / (srr + ndr) if srr and ndr else None
    every = both + lost + found
    return {"srr": srr, "ndr": ndr, "sds": sds, "nscr": (found - lost) / every if every else None}


def _bins(right: Counts, n: int) -> list[int]:
    index = np.where(right == n, 11, np.ceil(right / n * 10)).astype(int)
    return [int(count) for count in np.bincount(index, minlength=12)]


def _split(base: Counts, other: Counts, n: int, curves: list[Floats], k: int) -> dict[str, Any]:
    total = float((curves[1][k - 1] - curves[0][k - 1]).var())
    within = float(((base * (n - base) + other * (n - other)) / n**3).mean()) if total else 0.0
    return {"k": k, "total": total, "between": total - within, "within": within}


def _tallies(base: Counts, other: Counts, n: int) -> dict[str, Any]:
    size = len(base)
    return {
        "id": [str(i) for i in range(size)],
        "level": None,
        "cluster": None,
        "base_n": [n] * size,
        "base_c": base.tolist(),
        "other_n": [n] * size,
        "other_c": other.tolist(),
        "fisher_p": [_problem(i, base, other, n)["fisher_p"] for i in range(size)],
    }
