"""Verdicts and effects that several claims share: solving alone, leading everywhere, crossings."""

import numpy as np

from beyondbase import estimators
from beyondbase.cases import Case
from beyondbase.inference.band import Band, Crossover, crossover_interval, simultaneous_band
from beyondbase.inference.bounded import ROUNDING, Floats
from beyondbase.measures import Measure, above_everywhere, greater
from beyondbase.verdict import Effect, Verdict, all_of


def band_of(curve: Measure, case: Case) -> Band:
    """Simultaneous band of a curve at the study's alpha and seed."""
    return simultaneous_band(curve.checked(), alpha=case.study.alpha, seed=case.study.seed)


def crossover_of(pair: Case) -> Crossover:
    """Where the base overtakes for good, with the interval that the band of the difference allows."""
    return crossover_in(pair, band_of(pair.difference_curve(pair.grid()), pair))


def crossover_in(pair: Case, band: Band) -> Crossover:
    """As `crossover_of`, from a band that stands on the case's grid."""
    other, base = (pair.tallies[arm] for arm in (pair.other, pair.base))
    difference = estimators.mean_pass_at_k_curve(
        other.n, other.c, pair.k_max
    ) - estimators.mean_pass_at_k_curve(base.n, base.c, pair.k_max)
    return crossover_interval(pair.grid(), band, estimators.crossover(_but_for_rounding(difference)))


def crossover_effect(pair: Case) -> Effect:
    """The crossing as a number to show."""
    found = crossover_of(pair)
    level = 1 - pair.study.alpha
    return Effect("base ahead from k =", found.k, found.lower, found.upper, level, "k")


def solves_alone(pair: Case) -> Verdict:
    """The other arm solves problems that the base does not, more than margins.subset of them."""
    limits = tuple(_detection_limit(pair, arm) for arm in (pair.base, pair.other))
    verdict = greater(
        pair.alone_share(), pair.margins.subset, f"{pair.short(pair.other)} alone solves more than the margin"
    )
    return verdict.about(verdict.statement, details=limits)


def above_base_everywhere(pair: Case) -> Verdict:
    """pass@k of the other arm is greater than the base's at every k up to the samples at hand."""
    return _ahead(pair, pair.other, pair.base)


def base_above_everywhere(pair: Case) -> Verdict:
    """pass@k of the base is greater than the other arm's at every k up to the samples at hand."""
    return _ahead(pair, pair.base, pair.other)


def _ahead(pair: Case, arm: str, minus: str) -> Verdict:
    ks = pair.grid()
    below = "the base" if minus == pair.base else pair.short(minus)
    statement = f"{pair.short(arm)} above {below} at every k up to {pair.k_max}"
    curve = pair.difference_curve(ks, arm=arm, minus=minus)
    return above_everywhere(curve, 0.0, statement, ks=ks)


def pass_effect(pair: Case, arm: str, k: int) -> Effect:
    """pass@k of one arm as a number to show."""
    name = f"{pair.short(arm)} pass@{k}"
    return pair.measure(name, pair.pass_at_k(arm, k), support=(0.0, 1.0)).effect()


def expands(pair: Case) -> Verdict:
    """The other arm is above the base at every k, and solves what the base does not."""
    return all_of(
        "above the base everywhere, and alone on some", above_base_everywhere(pair), solves_alone(pair)
    )


def efficiency_effect(pair: Case) -> Effect:
    """The k of the base whose pass@k equals the other arm's pass@1, interpolated, with its interval.

    The interval holds every k at which the simultaneous band of base pass@k minus the other's pass@1
    contains zero, rounded outward to the grid.
    """
    ks = pair.grid()
    gaps = pair.curve(pair.base)[:, np.asarray(ks) - 1] - pair.pass_at_k(pair.other, 1)[:, None]
    curve = pair.measure("base pass@k - other pass@1", gaps)
    band = band_of(curve, pair)
    below, above = np.flatnonzero(band.upper < 0), np.flatnonzero(band.lower > 0)
    return Effect(
        f"one sample of {pair.short(pair.other)} is worth k of the base =",
        _root(np.asarray(ks, dtype=np.float64), _but_for_rounding(band.estimate)),
        float(ks[below[-1]]) if below.size else 1.0,
        float(ks[above[0]]) if above.size else None,
        1 - pair.study.alpha,
        "k",
    )


def _but_for_rounding(differences: Floats) -> Floats:
    """Differences of means, zero where they are it but for rounding: there nobody is ahead."""
    return np.where(np.abs(differences) < ROUNDING, 0.0, differences)


def _root(ks: Floats, gaps: Floats) -> float | None:
    reached = np.flatnonzero(gaps >= 0)
    if not reached.size:
        return None
    first = int(reached[0])
    around = slice(max(first - 1, 0), first + 1)
    return float(np.interp(0.0, gaps[around], ks[around]))


def _detection_limit(pair: Case, arm: str) -> Effect:
    n, level = int(pair.tallies[arm].n.min()), 1 - pair.study.alpha
    return Effect(
        f"detection limit of {arm}: success probability that 0 of {n:,} right leaves possible",
        None,
        None,
        float(estimators.detection_limit(n, level)),
        level,
        "probability",
    )
