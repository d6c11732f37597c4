"""How the variance of an effect splits into a part of the problems and one of the samples."""

from math import isnan, nan

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from beyondbase.inference.bounded import Floats, Values


def sampling_variance(n: ArrayLike, p: ArrayLike, k: int) -> Floats:
    """Variance of the estimate C(n-c, k) / C(n, k) of q^k, q = 1 - p, per problem.

    Args:
        n: samples per problem, shape (problems,), all at least `k`.
        p: success probability per problem; give 1 - p for the variance of pass^k.
        k: samples drawn.

    Two random subsets of size k share J samples, J hypergeometric, so E[estimate^2] = E[q^(2k-J)]
    (Hoeffding 1948, section 5, for this kernel).
    """
    sizes, q = np.broadcast_arrays(np.asarray(n, np.int64), 1 - np.asarray(p, np.float64))
    out = np.empty(sizes.shape)
    for size in np.unique(sizes):
        rows = sizes == size
        values, inverse = np.unique(q[rows], return_inverse=True)
        out[rows] = _subset_variance(int(size), values, k)[inverse]
    return out


def _subset_variance(n: int, q: Floats, k: int) -> Floats:
    shared = np.arange(max(0, 2 * k - n), k + 1)
    log_pmf = _log_choose(k, shared) + _log_choose(n - k, k - shared) - _log_choose(n, np.array([k]))
    # Not E[q^(2k-J)] - q^(2k), which are nearly equal where q is near 1.
    terms = q[:, None] ** (2 * k - shared) * (1 - q[:, None] ** shared)
    return np.asarray(terms @ np.exp(log_pmf))


def _log_choose(n: int, k: NDArray[np.int64]) -> Floats:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def split_variance(values: Values, within: float) -> tuple[float, float, float]:
    """Total, between-problem and within-problem variance of one problem's value.

    Args:
        values: per-problem effects, one column; in clusters, the total is the variance of the mean times
            the number of problems, so that it counts their likeness.
        within: mean sampling variance of those effects.

    Source: law of total variance, as in Miller (2024, arXiv 2411.00640, section 3.1). Plug-in: the
    sampling part is cut at the total. Where it is unknown, all counts as the problem part.
    """
    units, problems = len(values.sums), float(values.sizes.sum())
    centred = values.sums[:, 0] - values.sizes * values.mean[0]
    total = float(centred @ centred) * units / (units - 1) / problems if units > 1 else nan
    if isnan(within):
        return total, total, within
    part = within if isnan(total) else min(within, total)
    return total, total - part, part
