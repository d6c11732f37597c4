"""Means whose values have no bounds, such as nats, and ratios of two of them: Student's and Fieller's limits.

Means of bounded values have their own method (`bounded`). A log-probability has no least value, so here
the mean over problems is taken for normal, as in Student's test: smooth values of some dozens of problems.
"""

from collections.abc import Sequence

import numpy as np
from scipy import stats

from beyondbase.inference.bounded import ROUNDING, Floats

Limits = tuple[float | None, float | None]


def t_limits(values: Floats, *, clusters: Sequence[str] | None = None, alpha: float = 0.05) -> Limits:
    """Two-sided limits of a mean by Student's t, at level 1 - alpha; None where there is no spread.

    Args:
        values: One per problem.
        clusters: A label per problem, or None.
        alpha: Both tails together.
    """
    return ratio_t_limits(values, np.ones_like(values), clusters=clusters, alpha=alpha)


def ratio_t_limits(
    parts: Floats, wholes: Floats, *, clusters: Sequence[str] | None = None, alpha: float = 0.05
) -> Limits:
    """Two-sided limits, at level 1 - alpha, of the mean of `parts` over the mean of `wholes`.

    They are the ratios r that Student's test of "the mean of part - r whole is zero" does not reject
    (Fieller 1954, section 3): the roots of a quadratic. None where the data set no limits, because the
    mean of the wholes is not shown to differ from zero.

    Args:
        parts: One per problem.
        wholes: One per problem.
        clusters: A label per problem, or None.
        alpha: Both tails together.
    """
    mean, error, units = _moments(np.column_stack([parts, wholes]), clusters)
    if units < 2 or not (error.diagonal() > 0).any():
        return None, None
    square = stats.t.ppf(1 - alpha / 2, units - 1) ** 2
    # Of r: leading r^2 - 2 middle r + last <= 0.
    leading = mean[1] ** 2 - square * error[1, 1]
    middle = mean[0] * mean[1] - square * error[0, 1]
    last = mean[0] ** 2 - square * error[0, 0]
    if leading <= 0:
        return None, None
    half = float(np.sqrt(max(middle**2 - leading * last, 0.0)))
    return float((middle - half) / leading), float((middle + half) / leading)


def _moments(values: Floats, clusters: Sequence[str] | None) -> tuple[Floats, Floats, int]:
    """Mean over units of their sums, the covariance of this mean, and how many units there are."""
    sums = values
    if clusters is not None:
        labels, unit = np.unique(np.asarray(clusters), return_inverse=True)
        sums = np.zeros((len(labels), values.shape[1]))
        np.add.at(sums, unit, values)
    units = len(sums)
    if units < 2:
        return sums.mean(axis=0), np.zeros((values.shape[1],) * 2), units
    error = np.atleast_2d(np.cov(sums, rowvar=False)) / units
    alike = np.ptp(sums, axis=0) <= ROUNDING * np.abs(sums).max(axis=0)
    return sums.mean(axis=0), np.where(alike | alike[:, None], 0.0, error), units
