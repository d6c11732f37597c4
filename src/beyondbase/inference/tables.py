"""Exact tests and limits for counts: solved-by-whom tables and per-problem evidence."""

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats

from beyondbase.inference.bounded import Floats


def mcnemar(base_only: int, other_only: int) -> float:
    """Two-sided exact p of the McNemar test on the discordant problems.

    Source: McNemar (1947); exact binomial form. 1 where no problem is discordant.
    """
    discordant = base_only + other_only
    return float(stats.binomtest(base_only, discordant).pvalue) if discordant else 1.0


def share_interval(count: int, total: int, *, alpha: float = 0.05) -> tuple[float, float]:
    """Two-sided exact interval of a share (Clopper and Pearson 1934); NaN where `total` is 0."""
    if total == 0:
        return float("nan"), float("nan")
    low, high = stats.binomtest(count, total).proportion_ci(1 - alpha, method="exact")
    return float(low), float(high)


def told(p: float) -> float:
    """A p-value to nine digits, to order by: p of mirrored counts is the same but for rounding."""
    return float(f"{p:.9g}")


def fisher_greater(n: ArrayLike, c: ArrayLike, other_n: ArrayLike, other_c: ArrayLike) -> Floats:
    """One-sided exact p, per problem, that the first arm's success probability is greater.

    Args:
        n: samples of the first arm, shape (problems,); `c` of them correct.
        c: see `n`.
        other_n: samples of the second arm; `other_c` of them correct.
        other_c: see `other_n`.

    Source: Fisher's exact test, the upper hypergeometric tail.
    """
    n_, c_, other_n_, other_c_ = (np.asarray(a, dtype=np.int64) for a in (n, c, other_n, other_c))
    tail = stats.hypergeom.sf(c_ - 1, n_ + other_n_, c_ + other_c_, n_)
    return np.asarray(tail, dtype=np.float64)


def fisher_two_sided(n: ArrayLike, c: ArrayLike, other_n: ArrayLike, other_c: ArrayLike) -> Floats:
    """Two-sided exact p, per problem, that the success probabilities differ: the smaller tail, doubled.

    Args:
        n: as in `fisher_greater`, like the others; exchanging the arms changes nothing.
        c: see `n`.
        other_n: see `n`.
        other_c: see `n`.
    """
    greater = fisher_greater(n, c, other_n, other_c)
    less = fisher_greater(other_n, other_c, n, c)
    return np.asarray(np.minimum(1.0, 2 * np.minimum(greater, less)), dtype=np.float64)
