"""Groups of runs whose true means differ by little: limits that count runs and problems as draws.

The mean of a run over the population of problems is that of its group plus the noise of the run, which is
taken for normal, of a variance of its own in every group, and independent of everything else. What is
observed is the mean over the problems at hand. So the difference of two groups has two errors, that of the
problems, bounded by `bounded` whatever their law, and that of the runs.

Both are bounded at half of the level (Bonferroni): p is twice the level at which the limit over problems
leaves to the runs just what these exceed with that same level.

The limit of the runs is the difference over sqrt(s1^2 / n1 + s2^2 / n2), each variance from the runs of its
own group, by Student's t with min(n1, n2) - 1 degrees of freedom. That errs with at most its level whatever
the two variances are (Hajek 1962, "Inequalities for the generalized Student's distribution and their
applications"; Mickey and Brown 1966), which neither a pooled variance does nor Welch's (1947) degrees of
freedom do with so few runs; docs/statistics.md has the figures. With one run of a group there is no limit.

The variances are those of observed means, which problems and samples make vary too. Such noise adds to the
variance and, given the noise, leaves the error of the difference independent of it; the sum of squares
becomes that of a noncentral chi-square, which is stochastically larger (Johnson, Kotz and Balakrishnan
1995, chapter 29). So the limit errs to the safe side.
"""

from collections.abc import Callable

import numpy as np
from numpy.typing import NDArray
from scipy import special, stats

from beyondbase.inference.bounded import Floats, Values, p_less, upper_limit

Integers = NDArray[np.int64]

MAX_ITERATIONS = 60
NEAR = 1e-9  # of a level
LEAST_WIDTH = 1e-15
MOST_DEVIATES = float(np.finfo(np.float64).max)


def variances_within(means: Floats, groups: Integers) -> Floats:
    """Variance of the means of runs about the mean of their group, shape (groups,); NaN of a single run.

    Args:
        means: one per run.
        groups: the group of each run, 0, 1, ..
    """
    repeats = np.bincount(groups)
    centre = np.bincount(groups, means) / repeats
    squares = np.bincount(groups, (means - centre[groups]) ** 2)
    return np.asarray(squares / np.where(repeats > 1, repeats - 1, np.nan))


def mean_variance(values: Values) -> Floats:
    """Variance of each column's mean over problems as units are drawn; NaN with one unit."""
    units, problems = len(values.sums), float(values.sizes.sum())
    centred = values.sums - values.sizes[:, None] * values.mean
    total = np.einsum("ij,ij->j", centred, centred) / problems**2
    return np.asarray(total * units / (units - 1) if units > 1 else total * np.nan)


def deviates(tail: float, degrees: Integers) -> Floats:
    """Student's t at an upper tail below one half; finite, so that runs without noise need no room at all."""
    found = stats.t.isf(tail, degrees)
    # scipy gives minus infinity at tails next to the least positive number.
    return np.asarray(np.where(found > 0, np.minimum(found, MOST_DEVIATES), MOST_DEVIATES))


def p_difference_less(values: Values, margin: float, error: Floats, degrees: Integers) -> Floats:
    """p-value against "the difference of two groups is at least the margin", per column.

    For the other side, "at most", give `values.flipped()` and minus the margin.

    Args:
        values: per problem, the mean of the runs of one group minus that of the other.
        margin: what the difference is to be less than.
        error: standard error of each column's difference by the noise of runs.
        degrees: of freedom of each of these, at least 1.
    """

    def tail(limit: Floats) -> Floats:
        with np.errstate(divide="ignore", invalid="ignore"):
            room = np.where(limit < margin, (margin - limit) / error, 0.0)
        return np.asarray(stats.t.sf(room, degrees))

    low, high = np.full_like(error, values.low), np.full_like(error, margin)
    return _shared(lambda limit: p_less(values, limit), tail, low, high)


def difference_limit(values: Values, tail: float, error: Floats, degrees: Integers) -> Floats:
    """Upper limit of the difference of two groups, which errs with at most `tail`, per column.

    Args:
        values: as in `p_difference_less`, and so the rest.
    """
    return upper_limit(values, tail / 2) + deviates(tail / 2, degrees) * error


def _shared(
    chance: Callable[[Floats], Floats], tail: Callable[[Floats], Floats], low: Floats, high: Floats
) -> Floats:
    """Twice the level that one error keeps up to a limit, and the other beyond it.

    Twice the greater of the two levels is a p-value at whatever limit. The least is sought by secants on
    normal scores, which are nearly straight lines, and bisection where these leave the bracket or halve it
    too slowly.

    Args:
        chance: level of the first at a limit; falls with it.
        tail: level of the second at a limit; rises with it.
        low: limits at which the first is the greater.
        high: the greatest limits that are asked for.
    """
    best, at, slow = np.full_like(high, 0.5), high, np.zeros(high.shape, dtype=np.bool_)
    ends = np.full((2, *high.shape), np.nan)
    for _ in range(MAX_ITERATIONS):
        first, second = chance(at), tail(at)
        level = np.maximum(first, second)
        best = np.minimum(level, best)
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
    return np.minimum(2 * best, 1.0)
