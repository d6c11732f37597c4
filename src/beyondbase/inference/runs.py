"""Groups of runs whose true means differ by little: limits that count runs and problems as draws.

The mean of a run over the population of problems is that of its group plus the noise of the run, which is
taken for normal, of one variance in all groups, and independent of everything else. What is observed is the
mean over the problems at hand. So the difference of two groups has two errors, that of the problems, bounded
by `bounded` whatever their law, and that of the runs.

Both are bounded at half of the level (Bonferroni): p is twice the level at which the limit over problems
leaves to the runs just what these exceed with that same level.

* With enough repeated runs the second limit is Student's t, with the variance between runs of one group.
  That is taken from observed means, which problems and samples make vary too. Such noise adds to the
  variance and, given the noise, leaves the error of the difference independent of it; the sum of squares
  becomes that of a noncentral chi-square, which is stochastically larger (Johnson, Kotz and Balakrishnan
  1995, chapter 29). So the limit errs to the safe side.
* With few or none, that all runs lie close together speaks for itself: independent noises would have to
  cancel what groups differ by. How likely that is at worst, over all variances, is `coincidence`.
"""

from collections.abc import Callable
from functools import lru_cache
from math import exp, log

import numpy as np
from numpy.typing import NDArray
from scipy import optimize, special, stats

from beyondbase.inference.bounded import Floats, Values, p_less, upper_limit

Integers = NDArray[np.int64]

MAX_ITERATIONS = 60
NEAR = 1e-9  # of a level
LEAST_WIDTH = 1e-15
NODES = 401
REACH = 9.0
LEAST, MOST = 0.05, 10.0  # of the standard deviations that may be the worst


def variance_within(means: Floats, groups: Integers) -> tuple[float, int]:
    """Pooled variance of the means of runs about the mean of their group, and its degrees of freedom.

    NaN and 0 where no group has two runs.

    Args:
        means: one per run.
        groups: the group of each run, 0, 1, ..
    """
    centre = np.bincount(groups, means) / np.bincount(groups)
    degrees = len(means) - len(centre)
    return float(((means - centre[groups]) ** 2).sum() / degrees) if degrees else np.nan, degrees


def mean_variance(values: Values) -> Floats:
    """Variance of each column's mean over problems as units are drawn; NaN with one unit."""
    units, problems = len(values.sums), float(values.sizes.sum())
    centred = values.sums - values.sizes[:, None] * values.mean
    total = np.einsum("ij,ij->j", centred, centred) / problems**2
    return np.asarray(total * units / (units - 1) if units > 1 else total * np.nan)


def deviation_limit(variance: float, degrees: int, tail: float) -> float:
    """Upper limit of the standard deviation between runs, which errs with at most `tail`.

    By the chi-square law of normal runs; noise of problems only makes it greater.
    """
    return float(np.sqrt(degrees * variance / stats.chi2.ppf(tail, degrees)))


def p_difference_less(values: Values, margin: float, error: Floats, degrees: int) -> Floats:
    """p-value against "the difference of two groups is at least the margin", per column.

    For the other side, "at most", give `values.flipped()` and minus the margin.

    Args:
        values: per problem, the mean of the runs of one group minus that of the other.
        margin: what the difference is to be less than.
        error: standard error of each column's difference by the noise of runs.
        degrees: of freedom of that error, at least 1.
    """

    def tail(limit: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(limit < margin, (margin - limit) / error, 0.0)
        return np.asarray(stats.t.sf(room, degrees))

    low, high = np.full_like(error, values.low), np.full_like(error, margin)
    return _shared(lambda limit: p_less(values, limit), tail, low, high)[0]


def difference_limit(values: Values, tail: float, error: Floats, degrees: int) -> Floats:
    """Upper limit of the difference of two groups, which errs with at most `tail`, per column.

    Args:
        values: as in `p_difference_less`, and so the rest.
    """
    return upper_limit(values, tail / 2) + float(stats.t.isf(tail / 2, degrees)) * error


def p_close(values: Values, margin: float, groups: int) -> float:
    """p-value against "groups differ by the margin or more", because all runs are shown to be close.

    Args:
        values: per problem, differences of every two runs, in both directions, a column each.
        margin: what groups are to differ by less than.
        groups: how many there are, each with a run at least.
    """

    def tail(limit: Floats) -> Floats:
        return np.array([coincidence(float(limit[0]) / margin if limit[0] < margin else 1.0, groups)])

    # The limit is that of the column which reaches furthest, so only those that do are followed.
    followed, p, limit = np.zeros(values.mean.shape, dtype=np.bool_), 0.0, margin / 2
    while p < 1 and not followed[furthest := int(np.argmax(p_less(values, limit)))]:
        followed[furthest] = True
        p, limit = _furthest(values.columns(followed), margin, tail)
    return p


def close_limit(values: Values, tail: float, groups: int) -> float:
    """Upper limit of the range of groups, which errs with at most `tail`, from how close all runs are.

    Args:
        values: as in `p_close`, and so the rest.
    """
    return max(float(upper_limit(values, tail / 2).max()), 0.0) / ratio_at(tail / 2, groups)


def coincidence(ratio: float, groups: int) -> float:
    """Greatest chance that runs, one of each group, lie within `ratio`, if two groups differ by 1.

    The set of all means within a range is convex, alike under a change of all signs and of the order of
    groups, and normal noise is log-concave. So the chance is log-concave in the groups' true means
    (Prekopa 1973), falls along every ray (Anderson 1955), and is greatest where two groups differ by just 1
    and all others lie midway. There it is integrated over the least of the runs, and maximised over the
    standard deviation of runs. With more runs than one of a group the chance is smaller.
    """
    if ratio <= 0 or ratio >= 1:
        return float(ratio >= 1)
    found = optimize.minimize_scalar(
        lambda size: -_chance_within(ratio, exp(size), groups - 2),
        bounds=(log(LEAST), log(MOST)),
        method="bounded",
        options={"xatol": 1e-9},
    )
    return float(-found.fun)


@lru_cache(maxsize=64)
def ratio_at(level: float, groups: int) -> float:
    """The ratio at which `coincidence` is a level."""
    return float(optimize.brentq(lambda ratio: coincidence(ratio, groups) - level, 0.0, 1.0))


def _chance_within(ratio: float, deviation: float, midway: int) -> float:
    """Chance that all runs lie within `ratio`: groups at -1/2 and 1/2, and so many at 0."""
    least = np.linspace(-0.5 - REACH * deviation, 0.5 + REACH * deviation, NODES)
    centres = np.array([[-0.5], [0.5], [0.0]])
    scores = (least - centres) / deviation
    density = np.exp(-(scores**2) / 2) / (np.sqrt(2 * np.pi) * deviation)
    above = special.ndtr(scores + ratio / deviation) - special.ndtr(scores)
    heights = (density[0] * above[1] + density[1] * above[0]) * above[2] ** midway
    if midway:
        heights += midway * density[2] * above[0] * above[1] * above[2] ** (midway - 1)
    return float(heights.sum() * (least[1] - least[0]))


def _furthest(values: Values, margin: float, tail: Callable[[Floats], Floats]) -> tuple[float, float]:
    def chance(limit: Floats) -> Floats:
        return np.asarray(p_less(values, limit).max(keepdims=True))

    p, limit = _shared(chance, tail, np.zeros(1), np.full(1, margin))
    return float(p[0]), float(limit[0])


def _shared(
    chance: Callable[[Floats], Floats], tail: Callable[[Floats], Floats], low: Floats, high: Floats
) -> tuple[Floats, Floats]:
    """Twice the level that one error keeps up to a limit, and the other beyond it; and that limit.

    Twice the greater of the two levels is a p-value at whatever limit. The least is sought by secants on
    normal scores, which are nearly straight lines, and bisection where these leave the bracket or halve it
    too slowly.

    Args:
        chance: level of the first at a limit; falls with it.
        tail: level of the second at a limit; rises with it.
        low: limits at which the first is the greater.
        high: the greatest limits that are asked for.
    """
    best, where = np.full_like(high, 0.5), high.copy()
    at, slow = high, np.zeros(high.shape, dtype=np.bool_)
    ends = np.full((2, *high.shape), np.nan)
    for _ in range(MAX_ITERATIONS):
        first, second = chance(at), tail(at)
        level = np.maximum(first, second)
        where, best = np.where(level < best, at, where), np.minimum(level, best)
        width, beyond = high - low, first > second
        done = (np.abs(first - second) <= NEAR * level) | (beyond & (at == high)) | (width <= LEAST_WIDTH)
        if done.all():
            break
        with np.errstate(invalid="ignore"):
            gap = special.ndtri(first) - special.ndtri(second)
        low, high = np.where(beyond, at, low), np.where(beyond, high, at)
        ends = np.array([np.where(beyond, gap, ends[0]), np.where(beyond, ends[1], gap)])
        slow = ~slow & (high - low > width / 2)
        with np.errstate(invalid="ignore", divide="ignore"):
            secant = low + (high - low) * ends[0] / (ends[0] - ends[1])
        good = np.isfinite(secant) & (secant > low) & (secant < high) & ~slow
        at = np.where(good, secant, (low + high) / 2)
    return np.minimum(2 * best, 1.0), where
