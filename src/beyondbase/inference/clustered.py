"""A share whose draws come in clusters."""

import math

import numpy as np
from numpy.typing import ArrayLike
from scipy import stats


def clustered_share(
    hits: ArrayLike, *clusters: ArrayLike, distinct: int | None = None, alpha: float = 0.05
) -> tuple[float, float]:
    """Two-sided interval of a share, of Clopper and Pearson's kind with as many draws as there are in effect.

    Of the clusters at hand the plain interval of all draws speaks already, whatever the rate of each: the
    sum of independent draws of several rates varies less than that of one rate. It is widened for others
    like them, of which draws of one cluster tell less than as many that are independent: the variance of
    the share over clusters, by that of independent draws, is by how much less. Draws that come in clusters
    of several kinds count as by the kind that tells least. Where all draws are alike no variance can be
    seen, however much clusters differ: then each draw that differs from the others counts as one, and the
    limits are those of the clusters at hand alone.

    Args:
        hits: Whether each draw is one of those that are counted.
        clusters: The cluster of each draw; of each kind of clusters one.
        distinct: How many of the draws differ from each other; all if None.
        alpha: One minus the confidence.

    Returns:
        The limits; NaN where there is no draw.

    Source: Korn and Graubard (Survey Methodology 24, 1998); Hoeffding (Annals of Mathematical Statistics 27,
    1956) on sums of several rates.
    """
    hit = np.asarray(hits, dtype=np.float64)
    if not hit.size:
        return math.nan, math.nan
    draws = min(float(hit.size), float(distinct or hit.size))
    share = float(hit.mean())
    if 0 < share < 1:
        draws = min([draws, *(_in_effect(hit, np.asarray(kind), alpha) for kind in clusters)])
    count = share * draws
    low = float(stats.beta.ppf(alpha / 2, count, draws - count + 1)) if share > 0 else 0.0
    high = float(stats.beta.ppf(1 - alpha / 2, count + 1, draws - count)) if share < 1 else 1.0
    return low, high


def _in_effect(hit: np.ndarray, cluster: np.ndarray, alpha: float) -> float:
    """Independent draws that would tell as much, fewer where so few clusters make a poor variance."""
    _, place = np.unique(cluster, return_inverse=True)
    size, found = np.bincount(place), np.bincount(place, weights=hit)
    groups, share = size.size, float(hit.mean())
    if groups < 2:
        return 1.0
    spread = float(((found - share * size) ** 2).sum()) * groups / (groups - 1) / hit.size**2
    plain = share * (1 - share) / (hit.size - 1)
    tails = [float(stats.t.ppf(alpha / 2, degrees)) for degrees in (hit.size - 1, groups - 1)]
    told = plain / spread * (tails[0] / tails[1]) ** 2 if spread > 0 else 1.0
    return hit.size * min(1.0, told)
