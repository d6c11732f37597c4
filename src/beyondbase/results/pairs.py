"""What the report shows of a pair beside its verdicts: curves, tables, histograms, variance."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import Any, TypeAlias

import numpy as np

from beyondbase import estimators
from beyondbase.inference.band import Band
from beyondbase.inference.bounded import Floats
from beyondbase.inference.precision import split_variance
from beyondbase.inference.tables import fisher_two_sided, mcnemar, share_interval, told
from beyondbase.judging.case import Case
from beyondbase.judging.effects import band_of, crossover_of
from beyondbase.judging.family import NOTHING, Family, Judgement
from beyondbase.judging.measure import Measure, ratio_limits
from beyondbase.judging.selection import pairs, repeats
from beyondbase.study.arms import Role

Limits: TypeAlias = tuple[float | None, float | None]

COMPARED: tuple[Role, ...] = ("rl", "distilled", "instruct", "teacher", "guess")
COVER_SHOWN = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
UNKNOWN: Limits = (None, None)
BINS = ("0", *(f"({i / 10:g}, {(i + 1) / 10:g}]" for i in range(9)), "(0.9, 1)", "1")


def summaries(judgement: Judgement, *, known: Mapping[int, dict[str, Any]] = NOTHING) -> list[dict[str, Any]]:
    """One summary per arm and task that has a base beside it, in the order of tasks and arms.

    Args:
        judgement: of the study.
        known: what `summary_of` gave before, by place among the pairs.
    """
    pairs_ = enumerate(compared(judgement.family))
    return [known[place] if place in known else summary_of(pair) for place, pair in pairs_]


def compared(family: Family) -> list[Case]:
    """The pairs of a study that are summed up."""
    study, evidence = family.study, family.evidence
    selections = (*(pairs(role, every=True) for role in COMPARED), repeats())
    cases = (selection.cases(study, evidence.tallies, evidence.chances) for selection in selections)
    # An arm with exact chances is no pair but the floor of all pairs: it has no counts to tabulate.
    return [case for some in cases for case in some if case.other in case.tallies]


def summary_of(pair: Case) -> dict[str, Any]:
    """What the report shows of one pair."""
    head = {
        "id": pair.id,
        "task": pair.task,
        "base": pair.base,
        "other": pair.other,
        "role": pair.arm(pair.other).role,
        "problems": len(pair.problem_ids),
        "n_min": min(int(tally.n.min()) for tally in pair.tallies.values()),
        "n_max": max(int(tally.n.max()) for tally in pair.tallies.values()),
        "clusters": len(set(pair.clusters)) if pair.clusters else None,
        "largest_cluster": max(Counter(pair.clusters).values()) if pair.clusters else None,
        "k_max": pair.k_max,
        "invalid": list(pair.mismatch),
    }
    sections = (_curves, _solved, _shares, _variance, _problems)
    if pair.mismatch:
        return head | dict.fromkeys(KEYS)
    return head | {key: value for section in sections for key, value in section(pair).items()}


KEYS = (
    "curve",
    "floors",
    "table_k",
    "crossover",
    "solved",
    "support",
    "detection_limit",
    "histogram",
    "cover",
    "variance",
    "by_problem",
)


def _curves(pair: Case) -> dict[str, Any]:
    ks = pair.grid()
    arms = {side: _curve_band(pair, arm) for side, arm in (("base", pair.base), ("other", pair.other))}
    difference = band_of(pair.difference_curve(ks), pair)
    crossing = crossover_of(pair)
    return {
        "curve": {"k": list(ks)}
        | {side: _band(band) for side, band in (*arms.items(), ("difference", difference))},
        "floors": [{"arm": arm} | _band(_curve_band(pair, arm)) for arm in pair.chances],
        "table_k": list(pair.table_grid()),
        "crossover": {"k": crossing.k, "lower": crossing.lower, "upper": crossing.upper},
    }


def _curve_band(pair: Case, arm: str) -> Band:
    columns = np.asarray(pair.grid()) - 1
    return band_of(pair.measure(arm, pair.curve(arm)[:, columns], support=(0.0, 1.0)), pair)


def _band(band: Band) -> dict[str, list[float]]:
    return {"estimate": band.estimate.tolist(), "lower": band.lower.tolist(), "upper": band.upper.tolist()}


def _solved(pair: Case) -> dict[str, Any]:
    by_base, by_other = (pair.tallies[arm].c > 0 for arm in (pair.base, pair.other))
    chances = pair.pass_at_k(pair.base, pair.k_max), pair.pass_at_k(pair.other, pair.k_max)
    counts = _counts(*chances, whole=pair.even)
    discordant = int(counts["base_only"]), int(counts["other_only"])
    return {
        "solved": {
            "k": pair.k_max,
            **counts,
            "mcnemar_p": mcnemar(*discordant) if _exact(pair) else None,
            "base_only_problems": _evidence(pair, np.flatnonzero(by_base & ~by_other)),
            "other_only_problems": _evidence(pair, np.flatnonzero(~by_base & by_other)),
            "neither_problems": [pair.problem_ids[row] for row in np.flatnonzero(~by_base & ~by_other)],
        },
        "support": _support(pair, counts, *chances),
    }


def _exact(pair: Case) -> bool:
    """Whether the exact laws of counts hold: whole numbers of problems that are independent draws."""
    return pair.even and pair.independent


def _counts(base: Floats, other: Floats, *, whole: bool) -> dict[str, int] | dict[str, float]:
    """Problems by who solves them in k_max samples drawn: counted where n is that, else expected.

    Without this, an arm would solve more problems by having more samples.
    """
    cells = {
        "both": base * other,
        "base_only": base * (1 - other),
        "other_only": (1 - base) * other,
        "neither": (1 - base) * (1 - other),
    }
    sums = {key: float(cell.sum()) for key, cell in cells.items()}
    return {key: round(value) for key, value in sums.items()} if whole else sums


def _evidence(pair: Case, rows: Iterable[int]) -> list[dict[str, Any]]:
    """Problems with both counts and the Fisher p that the arms differ on them, strongest first."""
    base, other = pair.tallies[pair.base], pair.tallies[pair.other]
    p = _fisher(pair)
    return [
        {
            "id": pair.problem_ids[row],
            "base_n": int(base.n[row]),
            "base_c": int(base.c[row]),
            "other_n": int(other.n[row]),
            "other_c": int(other.c[row]),
            "fisher_p": float(p[row]),
        }
        for row in sorted(rows, key=lambda row: (told(float(p[row])), row))
    ]


def _fisher(pair: Case) -> Floats:
    base, other = pair.tallies[pair.base], pair.tallies[pair.other]
    return fisher_two_sided(base.n, base.c, other.n, other.c)


def _support(
    pair: Case, counts: dict[str, int] | dict[str, float], base: Floats, other: Floats
) -> dict[str, Any]:
    """Invisible-Leash metrics; the first three have limits only where exact ones are valid."""
    solved = [counts[key] for key in ("both", "base_only", "other_only")]
    metrics = estimators.support_metrics(*solved)
    limits = dict.fromkeys(("srr", "ndr", "sds"), UNKNOWN)
    if _exact(pair):
        limits = _share_limits(*(int(count) for count in solved), alpha=pair.study.alpha)
    limits["nscr"] = _net_limits(pair, other - base, base + other - base * other)
    return {
        name: {"estimate": getattr(metrics, name), "lower": lower, "upper": upper}
        for name, (lower, upper) in limits.items()
    }


def _share_limits(both: int, base_only: int, other_only: int, *, alpha: float) -> dict[str, Limits]:
    """Exact limits, given the problems that enter each metric."""
    kept = share_interval(both, both + base_only, alpha=alpha)
    new = share_interval(other_only, both + other_only, alpha=alpha)
    # Both shares hold at once with the split level, and their harmonic mean grows with each.
    pair = [
        share_interval(both, both + base_only, alpha=alpha / 2),
        share_interval(other_only, both + other_only, alpha=alpha / 2),
    ]
    lower, upper = (_harmonic(*ends) for ends in zip(*pair, strict=True))
    return {"srr": kept, "ndr": new, "sds": (lower, upper)}


def _harmonic(left: float, right: float) -> float:
    return 2 * left * right / (left + right) if left + right else 0.0


def _net_limits(pair: Case, net: Floats, either: Floats) -> Limits:
    """Limits of discoveries minus losses over the problems that either arm solves."""
    rows = np.flatnonzero(either)
    if not rows.size:
        return UNKNOWN
    if not pair.even:
        return ratio_limits(net, either, clusters=pair.clusters, alpha=pair.study.alpha)
    clusters = pair.clusters and [pair.clusters[row] for row in rows]
    effect = Measure("net change", net[rows], clusters=clusters, alpha=pair.study.alpha).effect()
    return effect.lower, effect.upper


def _shares(pair: Case) -> dict[str, Any]:
    taus = sorted({*COVER_SHOWN, *pair.study.grid.tau})
    names = {"base": pair.base, "other": pair.other}
    arms = {side: pair.tallies[arm] for side, arm in names.items()}
    confidence = 1 - pair.study.alpha
    shown = {
        side: [pair.measure(side, pair.cover(arm, tau), support=(0.0, 1.0)) for tau in taus]
        for side, arm in names.items()
    }
    shown["difference"] = [pair.cover_difference(tau) for tau in taus]
    return {
        "detection_limit": {
            side: float(estimators.detection_limit(int(tally.n.min()), confidence))
            for side, tally in arms.items()
        }
        | {"confidence": confidence},
        "histogram": {"bins": list(BINS)}
        | {side: _histogram(tally.n, tally.c) for side, tally in arms.items()},
        "cover": {"tau": taus} | {side: _effects(measures) for side, measures in shown.items()},
    }


def _effects(measures: list[Measure]) -> dict[str, list[float | None]]:
    effects = [measure.effect() for measure in measures]
    return {key: [getattr(effect, key) for effect in effects] for key in ("estimate", "lower", "upper")}


def _histogram(n: Any, c: Any) -> list[int]:
    """Problems by accuracy, in the paper's twelve bins (Fig. 13): 0, (0, .1], ..., (.9, 1), 1."""
    # Whole-number ceilings: 10 c / n in floating point would push edges into the next bin.
    index = np.where(c == n, len(BINS) - 1, -(-10 * c // n))
    return [int((index == bin_).sum()) for bin_ in range(len(BINS))]


def _variance(pair: Case) -> dict[str, Any]:
    rows = []
    for k in pair.table_grid():
        measure = pair.difference(k)
        total, between, within = split_variance(measure.checked(), measure.within)
        rows.append({"k": k, "total": total, "between": between, "within": within})
    return {"variance": rows}


def _problems(pair: Case) -> dict[str, Any]:
    base, other = pair.tallies[pair.base], pair.tallies[pair.other]
    return {
        "by_problem": {
            "id": list(pair.problem_ids),
            "level": list(base.levels) if base.levels else None,
            "cluster": list(base.clusters) if base.clusters else None,
            "base_n": base.n.tolist(),
            "base_c": base.c.tolist(),
            "other_n": other.n.tolist(),
            "other_c": other.c.tolist(),
            "fisher_p": _fisher(pair).tolist(),
        }
    }
