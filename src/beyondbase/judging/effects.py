"""Verdicts and effects that several claims share: solving alone, leading everywhere, crossings."""

import numpy as np

from beyondbase import estimators
from beyondbase.inference.band import Band, simultaneous_band
from beyondbase.inference.bounded import ROUNDING, Floats
from beyondbase.inference.crossing import Crossover, crossover_interval
from beyondbase.inference.intraclass import intraclass, intraclass_limits
from beyondbase.judging.case import Case
from beyondbase.judging.measure import Measure, above_everywhere, greater
from beyondbase.judging.verdict import Effect, Verdict, all_of


def band_of(curve: Measure, case: Case) -> Band:
    """Simultaneous band of a curve at the study's alpha and seed."""
    return simultaneous_band(curve.checked(), alpha=case.study.alpha, seed=case.study.seed)


def crossover_of(pair: Case) -> Crossover:
    """Where the base overtakes for good, with its interval at the study's alpha."""
    difference = pair.mean_curve(pair.other) - pair.mean_curve(pair.base)
    found, ks = estimators.crossover(_but_for_rounding(difference)), pair.grid()
    return crossover_interval(ks, pair.difference_curve(ks).checked(), found, alpha=pair.study.alpha)


def crossover_effect(pair: Case) -> Effect:
    """The crossing as a number to show."""
    found = crossover_of(pair)
    level = 1 - pair.study.alpha
    return Effect("base ahead from k", found.k, found.lower, found.upper, level, "k", pair.k_max)


def solves_alone(pair: Case) -> Verdict:
    """The other arm solves problems that the base does not, more than margins.subset of them."""
    limits = tuple(_detection_limit(pair, arm) for arm in (pair.base, pair.other))
    margin = pair.margins.subset
    share = f"more than {100 * margin:g} % of the problems at k = {pair.k_large}"
    verdict = greater(pair.alone_share(), margin, f"{pair.short(pair.other)} alone solves {share}")
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
    above, alone = above_base_everywhere(pair), solves_alone(pair)
    return all_of(f"{above.statement}, and {alone.statement}", above, alone)


def efficiency_effect(pair: Case) -> Effect:
    """The k of the base whose pass@k equals the other arm's pass@1, interpolated, with its interval.

    No sample solves nothing, so the curve of the base starts at pass@0 = 0, and where its pass@1 is above the
    other's, the k lies between 0 and 1. The interval is that of the crossing of the base's curve and the
    other's pass@1, rounded outward to the grid, 0 included: pass@k never falls, so that there is but one.
    """
    ks, single = np.asarray(pair.grid()), pair.pass_at_k(pair.other, 1)
    ahead = pair.measure("other pass@1 - base pass@k", single[:, None] - pair.curve(pair.base)[:, ks - 1])
    values = ahead.checked()
    found = crossover_interval(ks, values, None, alpha=pair.study.alpha)
    return Effect(
        f"one sample of {pair.short(pair.other)} in samples of the base",
        _root(np.append(0, ks), _but_for_rounding(-np.append(pair.mean(single), values.mean))),
        found.lower - 1,
        found.upper,
        1 - pair.study.alpha,
        "k",
        pair.k_max,
    )


def between_problems(pair: Case) -> tuple[Effect, ...]:
    """Of base and other arm, the share of the variance of success that lies between problems; where known.

    That is the intraclass correlation of single answers, `inference.intraclass`.
    """
    level, found = 1 - pair.study.alpha, []
    for arm in (pair.base, pair.other):
        tally = pair.tallies[arm]
        share = intraclass(tally.n, tally.c)
        if share is not None:
            limits = intraclass_limits(tally.n, tally.c, clusters=pair.clusters, alpha=pair.study.alpha)
            name = f"variance of success between problems, {pair.short(arm)}"
            found.append(Effect(name, share, *limits, level, "probability"))
    return tuple(found)


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
