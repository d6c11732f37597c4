"""Ratios of two positive quantities on a typical problem: logarithms of ratios, bounded, and their means.

A mean of logarithms hangs on its extremes: one problem in a hundred whose ratio is 1 to 10,000 moves it by
9 %, and most samples of 30 problems hold none. So the typical ratio is the r at which tanh(log ratio - log r)
averages zero over problems. Near r that is the logarithm itself, and no problem counts for more than a factor
of e. It is the M-estimator of location (Huber 1964) whose score is that of the hyperbolic secant law; where
logarithms spread evenly to both sides it is their mean, and the ratio the geometric mean. Values in [-1, 1]
have the bounded method.
"""

from collections.abc import Sequence
from math import exp, log

import numpy as np
from numpy.typing import NDArray
from scipy import optimize

from beyondbase.inference.bounded import Floats, p_greater, values_of

Limits = tuple[float | None, float | None]
# So far from the nearest logarithm every tanh is 1 but for 1e-8, and shows what can be shown.
FAR = 10.0


def log_means(values: Floats, groups: NDArray[np.int64], *, least: Floats) -> tuple[Floats, Floats]:
    """Logarithm of the mean that the values of each group estimate, and the sampling variances of these.

    The logarithm of their own mean is too small, by variance / (2 n mean^2) and more. The jackknife takes
    that away (Quenouille 1956; Efron 1982, sections 2.1 and 3.1). Of a single value the variance is NaN.

    Args:
        values: Not negative.
        groups: The number of each value's group; none is empty.
        least: For each group, what a smaller mean is taken for, so that it has a logarithm.
    """
    sizes, sums = np.bincount(groups), np.bincount(groups, values)
    whole = np.log(np.maximum(sums / sizes, least))
    others = np.maximum(sizes - 1, 1)
    without = np.log(np.maximum((sums[groups] - values) / others[groups], least[groups]))
    mean = np.bincount(groups, without) / sizes
    spread = np.bincount(groups, (without - mean[groups]) ** 2) * (sizes - 1) / sizes
    return whole + (sizes - 1) * (whole - mean), np.where(sizes > 1, spread, np.nan)


def bounded_logs(logs: Floats, ratio: float) -> Floats:
    """Logarithms of ratios, counted from that of `ratio` and bounded to [-1, 1] by tanh.

    Args:
        logs: One per problem.
        ratio: Where they are to be zero.
    """
    return np.tanh(logs - log(ratio))


def typical_ratio(logs: Floats) -> float:
    """The ratio at which `bounded_logs` average zero.

    Args:
        logs: Logarithms of ratios, one per problem.
    """
    least, most = float(logs.min()), float(logs.max())
    if least == most:
        return exp(least)
    return exp(optimize.brentq(lambda at: float(np.tanh(logs - at).mean()), least, most))


def typical_limits(logs: Floats, *, clusters: Sequence[str] | None = None, alpha: float = 0.05) -> Limits:
    """Two-sided limits of `typical_ratio`, at level 1 - alpha; None where the data set none.

    They are the ratios at which "`bounded_logs` have mean zero" is just not rejected.

    Args:
        logs: Logarithms of ratios, one per problem.
        clusters: A label per problem, or None.
        alpha: Both tails together.
    """
    lower, upper = (_least_log(sign * logs, clusters, alpha / 2) for sign in (1, -1))
    return None if lower is None else exp(lower), None if upper is None else exp(-upper)


def _least_log(logs: Floats, clusters: Sequence[str] | None, tail: float) -> float | None:
    def excess(at: float) -> float:
        return float(p_greater(values_of(np.tanh(logs - at), clusters=clusters))[0]) - tail

    start, end = float(logs.min()) - FAR, float(logs.max())
    return None if excess(start) > 0 else float(optimize.brentq(excess, start, end))
