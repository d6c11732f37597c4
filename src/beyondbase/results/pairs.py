"""What the report shows of a pair beside its verdicts: curves, tables, histograms, variance."""

from collections import Counter
from collections.abc import Iterable, Mapping
from typing import TypeAlias

import numpy as np

from beyondbase import estimators
from beyondbase.evidence.tallies import Tally
from beyondbase.inference.band import Band
from beyondbase.inference.bounded import Floats
from beyondbase.inference.precision import split_variance
from beyondbase.inference.tables import fisher_two_sided, mcnemar, share_interval, told
from beyondbase.judging.case import Case
from beyondbase.judging.effects import band_of, crossover_of
from beyondbase.judging.family import NOTHING, Family, Judgement
from beyondbase.judging.measure import Measure, ratio_limits
from beyondbase.judging.selection import pairs, repeats
from beyondbase.results.schema.pairs import (
    SECTIONS,
    ByProblem,
    Cover,
    CrossoverRecord,
    Curve,
    DetectionLimit,
    Floor,
    Histogram,
    PairHead,
    PairRecord,
    Solved,
    SolvedAlone,
    Support,
    ValidPair,
    Variance,
)
from beyondbase.results.schema.record import BandRecord, Interval
from beyondbase.study.arms import Role

Limits: TypeAlias = tuple[float | None, float | None]

COMPARED: tuple[Role, ...] = ("rl", "distilled", "instruct", "teacher", "guess")
COVER_SHOWN = (0.05, 0.1, 0.25, 0.5, 0.75, 0.9, 1.0)
UNKNOWN: Limits = (None, None)
BINS = ("0", *(f"({i / 10:g}, {(i + 1) / 10:g}]" for i in range(9)), "(0.9, 1)", "1")


def summaries(judgement: Judgement, *, known: Mapping[int, PairRecord] = NOTHING) -> list[PairRecord]:
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


def summary_of(pair: Case) -> PairRecord:
    """What the report shows of one pair."""
    head = PairHead.model_construct(
        id=pair.id,
        task=pair.task,
        base=pair.base,
        other=pair.other,
        role=pair.arm(pair.other).role,
        problems=len(pair.problem_ids),
        n_min=min(int(tally.n.min()) for tally in pair.tallies.values()),
        n_max=max(int(tally.n.max()) for tally in pair.tallies.values()),
        clusters=len(set(pair.clusters)) if pair.clusters else None,
        largest_cluster=max(Counter(pair.clusters).values()) if pair.clusters else None,
        k_max=pair.k_max,
        invalid=list(pair.mismatch),
    )
    if pair.mismatch:
        return PairRecord.model_construct(**vars(head) | dict.fromkeys(SECTIONS))
    chances = pair.pass_at_k(pair.base, pair.k_max), pair.pass_at_k(pair.other, pair.k_max)
    solved = _solved(pair, *chances)
    return ValidPair.model_construct(
        **vars(head),
        curve=_curve(pair),
        floors=[_floor(pair, arm) for arm in pair.chances],
        table_k=list(pair.table_grid()),
        crossover=CrossoverRecord.model_construct(**vars(crossover_of(pair))),
        solved=solved,
        support=_support(pair, solved, *chances),
        detection_limit=_detection_limit(pair),
        histogram=_histogram(pair),
        cover=_cover(pair),
        variance=_variance(pair),
        by_problem=_by_problem(pair),
    )


def _curve(pair: Case) -> Curve:
    ks = pair.grid()
    return Curve.model_construct(
        k=list(ks),
        base=recorded(_curve_band(pair, pair.base)),
        other=recorded(_curve_band(pair, pair.other)),
        difference=recorded(band_of(pair.difference_curve(ks), pair)),
    )


def _floor(pair: Case, arm: str) -> Floor:
    return Floor.model_construct(arm=arm, **vars(recorded(_curve_band(pair, arm))))


def _curve_band(pair: Case, arm: str) -> Band:
    columns = np.asarray(pair.grid()) - 1
    return band_of(pair.measure(arm, pair.curve(arm)[:, columns], support=(0.0, 1.0)), pair)


def recorded(band: Band) -> BandRecord:
    """A band as results have it."""
    return BandRecord.model_construct(
        estimate=band.estimate.tolist(), lower=band.lower.tolist(), upper=band.upper.tolist()
    )


def _solved(pair: Case, base: Floats, other: Floats) -> Solved:
    """Problems by who solves them in k_max samples drawn: counted where n is that, else expected.

    Without this, an arm would solve more problems by having more samples.
    """
    cells = base * other, base * (1 - other), (1 - base) * other, (1 - base) * (1 - other)
    sums = [float(cell.sum()) for cell in cells]
    both, base_only, other_only, neither = map(round, sums) if pair.even else sums
    by_base, by_other = (pair.tallies[arm].c > 0 for arm in (pair.base, pair.other))
    return Solved.model_construct(
        k=pair.k_max,
        both=both,
        base_only=base_only,
        other_only=other_only,
        neither=neither,
        mcnemar_p=mcnemar(int(base_only), int(other_only)) if _exact(pair) else None,
        base_only_problems=_alone(pair, np.flatnonzero(by_base & ~by_other)),
        other_only_problems=_alone(pair, np.flatnonzero(~by_base & by_other)),
        neither_problems=[pair.problem_ids[row] for row in np.flatnonzero(~by_base & ~by_other)],
    )


def _exact(pair: Case) -> bool:
    """Whether the exact laws of counts hold: whole numbers of problems that are independent draws."""
    return pair.even and pair.independent


def _alone(pair: Case, rows: Iterable[int]) -> list[SolvedAlone]:
    """Problems with both counts and the Fisher p that the arms differ on them, strongest first."""
    base, other = pair.tallies[pair.base], pair.tallies[pair.other]
    p = _fisher(pair)
    return [
        SolvedAlone.model_construct(
            id=pair.problem_ids[row],
            base_n=int(base.n[row]),
            base_c=int(base.c[row]),
            other_n=int(other.n[row]),
            other_c=int(other.c[row]),
            fisher_p=float(p[row]),
        )
        for row in sorted(rows, key=lambda row: (told(float(p[row])), row))
    ]


def _fisher(pair: Case) -> Floats:
    base, other = pair.tallies[pair.base], pair.tallies[pair.other]
    return fisher_two_sided(base.n, base.c, other.n, other.c)


def _support(pair: Case, solved: Solved, base: Floats, other: Floats) -> Support:
    """Invisible-Leash metrics; the first three have limits only where exact ones are valid."""
    counts = solved.both, solved.base_only, solved.other_only
    metrics = estimators.support_metrics(*counts)
    srr = ndr = sds = UNKNOWN
    if _exact(pair):
        srr, ndr, sds = _share_limits(*(int(count) for count in counts), alpha=pair.study.alpha)
    net = _net_limits(pair, other - base, base + other - base * other)
    return Support.model_construct(
        srr=_interval(metrics.srr, srr),
        ndr=_interval(metrics.ndr, ndr),
        sds=_interval(metrics.sds, sds),
        nscr=_interval(metrics.nscr, net),
    )


def _interval(estimate: float | None, limits: Limits) -> Interval:
    return Interval.model_construct(estimate=estimate, lower=limits[0], upper=limits[1])


def _share_limits(
    both: int, base_only: int, other_only: int, *, alpha: float
) -> tuple[Limits, Limits, Limits]:
    """Exact limits, given the problems that enter each metric."""
    kept = share_interval(both, both + base_only, alpha=alpha)
    new = share_interval(other_only, both + other_only, alpha=alpha)
    # Both shares hold at once with the split level, and their harmonic mean grows with each.
    pair = [
        share_interval(both, both + base_only, alpha=alpha / 2),
        share_interval(other_only, both + other_only, alpha=alpha / 2),
    ]
    lower, upper = (_harmonic(*ends) for ends in zip(*pair, strict=True))
    return kept, new, (lower, upper)


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


def _detection_limit(pair: Case) -> DetectionLimit:
    confidence = 1 - pair.study.alpha
    base, other = (
        float(estimators.detection_limit(int(pair.tallies[arm].n.min()), confidence))
        for arm in (pair.base, pair.other)
    )
    return DetectionLimit.model_construct(base=base, other=other, confidence=confidence)


def _cover(pair: Case) -> Cover:
    taus = sorted({*COVER_SHOWN, *pair.study.grid.tau})
    base, other = (
        _effects([pair.measure(side, pair.cover(arm, tau), support=(0.0, 1.0)) for tau in taus])
        for side, arm in (("base", pair.base), ("other", pair.other))
    )
    difference = _effects([pair.cover_difference(tau) for tau in taus])
    return Cover.model_construct(tau=taus, base=base, other=other, difference=difference)


def _effects(measures: list[Measure]) -> BandRecord:
    effects = [measure.effect() for measure in measures]
    estimate, lower, upper = (
        [getattr(effect, end) for effect in effects] for end in ("estimate", "lower", "upper")
    )
    return BandRecord.model_construct(estimate=estimate, lower=lower, upper=upper)


def _histogram(pair: Case) -> Histogram:
    base, other = (_bins(pair.tallies[arm]) for arm in (pair.base, pair.other))
    return Histogram.model_construct(bins=list(BINS), base=base, other=other)


def _bins(tally: Tally) -> list[int]:
    """Problems by accuracy, in the paper's twelve bins (Fig. 13): 0, (0, .1], ..., (.9, 1), 1."""
    # Whole-number ceilings: 10 c / n in floating point would push edges into the next bin.
    index = np.where(tally.c == tally.n, len(BINS) - 1, -(-10 * tally.c // tally.n))
    return [int((index == bin_).sum()) for bin_ in range(len(BINS))]


def _variance(pair: Case) -> list[Variance]:
    rows = []
    for k in pair.table_grid():
        measure = pair.difference(k)
        total, between, within = split_variance(measure.checked(), measure.within)
        rows.append(Variance.model_construct(k=k, total=total, between=between, within=within))
    return rows


def _by_problem(pair: Case) -> ByProblem:
    base, other = pair.tallies[pair.base], pair.tallies[pair.other]
    return ByProblem.model_construct(
        id=list(pair.problem_ids),
        level=list(base.levels) if base.levels else None,
        cluster=list(base.clusters) if base.clusters else None,
        base_n=base.n.tolist(),
        base_c=base.c.tolist(),
        other_n=other.n.tolist(),
        other_c=other.c.tolist(),
        fisher_p=_fisher(pair).tolist(),
    )
