"""Verdicts and effects that several claims share: leading everywhere, going beyond the base, crossings."""

from collections.abc import Sequence

import numpy as np

from beyondbase import estimators
from beyondbase.inference.band import Band, simultaneous_band
from beyondbase.inference.bounded import ROUNDING, Floats
from beyondbase.inference.crossing import Crossover, crossover_interval
from beyondbase.inference.intraclass import intraclass, intraclass_limits
from beyondbase.judging.alone import solves_alone
from beyondbase.judging.case import Case
from beyondbase.judging.measure import Measure, above_everywhere
from beyondbase.judging.verdict import Effect, Verdict, all_of

HALF = 0.5


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
    """The other arm goes beyond the base: it leads where that means something, and solves what it does not.

    At every k of `superior_range` it is above the base; at every other, where a lead cannot be shown or both
    may solve nearly everything, not more than margins.alike below it; and it solves alone what luck does not
    explain.
    """
    first, last = superior_range(pair)
    margin, ks = pair.margins.alike, sorted({*pair.grid(), first, last})
    others = [k for k in ks if not first <= k <= last]
    where = f"from {first} to {last}" if first > 1 else f"up to {last}"
    ahead = f"{pair.short(pair.other)} above the base at every k {where}"
    parts = [_curve_above(pair, 0.0, ahead, [k for k in ks if first <= k <= last])]
    if others:
        close = f"not more than {100 * margin:g} points below it at every other k up to {pair.k_max}"
        parts.append(_curve_above(pair, -margin, close, others))
    curve, alone = ", ".join(part.statement for part in parts), solves_alone(pair)
    return all_of(f"{curve}, and {alone.statement}", *parts, alone)


def _curve_above(pair: Case, than: float, statement: str, ks: Sequence[int]) -> Verdict:
    return above_everywhere(pair.difference_curve(ks), than, statement, ks=ks)


def superior_range(pair: Case) -> tuple[int, int]:
    """At which k an arm that goes beyond the base has to lead it, the first and the last.

    Where the exact chances of an arm that guesses are known, the first is the least k at which its pass@k
    reaches the least lead that the exact test shows on so many problems: of problems that all gain d it says
    p = (1 + d)^-problems. The last is [grid] k_superior, or the greatest k at which guesses solve less than
    half: beyond, most of what is solved may be guessed. Without guesses, all k. It hangs on no answer of the
    arms that are compared.
    """
    floors = [pair.mean(pair.curve(arm)) for arm in pair.chances]
    last = pair.study.grid.k_superior
    if last is None:
        last = max(1, min([pair.k_max, *(int((floor < HALF - ROUNDING).sum()) for floor in floors)]))
    last = min(last, pair.k_max)
    units = len(set(pair.clusters)) if pair.clusters else len(pair.problem_ids)
    least = pair.study.alpha ** (-1 / units) - 1
    first = min([1 + int((floor < least - ROUNDING).sum()) for floor in floors], default=1)
    return min(first, last), last


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
