"""How the variance of an effect splits, and what would decide an undecided one."""

from dataclasses import dataclass
from math import ceil, inf, isnan, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from beyondbase.inference.bounded import Floats, Values

POWER = 0.8
FAR = 100


@dataclass(frozen=True)
class Precision:
    """What the remedy of an undecided effect is computed from.

    Attributes:
        distance: estimate minus the margin it is compared with.
        between: variance over problems of the true per-problem effect.
        within: mean variance of its estimate within a problem; NaN where more samples per problem
            would change the effect itself (shares of solved problems).
        problems: units of resampling at hand.
        samples: least samples per problem at hand.
        reach: distance from the threshold to the end of the support against the effect.
        extra: weight of the extra observation of Gaffke's bound.
    """

    distance: float
    between: float
    within: float
    problems: int
    samples: int
    reach: float = 1.0
    extra: float = 1.0


@dataclass(frozen=True)
class Remedy:
    """About how many problems, or samples on the same problems, would decide; None: out of reach."""

    problems: int | None
    samples: int | None

    @property
    def helps(self) -> str:
        """Which of the two is the cheaper way in completions: problems, samples or neither."""
        ways = {"problems": self.problems, "samples": self.samples}
        open_ways = {name: factor for name, factor in ways.items() if factor is not None}
        return "neither" if not open_ways else "both" if len(open_ways) == 2 else next(iter(open_ways))


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


def remedy(precision: Precision, alpha: float, p: float | None = None) -> Remedy:
    """Sizes at which the observed effect would be shown with power 0.8 at one-sided level `alpha`.

    The normal approximation of Gaffke's bound, with its extra observation of weight e at distance r:
    the threshold is passed when ``d m - e r >= z sqrt(m v + e r^2)``, with d the distance, v the
    variance of one problem and m problems. Samples per problem enter v as within / n, an upper bound
    of the variance of a U-statistic (Hoeffding 1948, theorem 5.2). None where more than a hundredfold
    would be needed.

    With few problems the normal approximation can be too hopeful, and find that the data at hand would
    do. Then `p`, the exact p-value at hand, says how far they are: its normal score grows as the root
    of their size.
    """
    z = float(-special.ndtri(alpha) - special.ndtri(1 - POWER))
    within = 0.0 if isnan(precision.within) else precision.within
    problems = _problems(precision, precision.between + within, z)
    if problems <= precision.problems:
        problems = precision.problems * _growth(z, p)
    spare = _variance_allowed(precision, z) - precision.between
    samples = precision.samples * within / spare if spare > 0 and within > 0 else inf
    if samples <= precision.samples:
        samples = precision.samples * _growth(z, p)
    return Remedy(
        _reachable(problems, precision.problems),
        None if isnan(precision.within) else _reachable(samples, precision.samples),
    )


def _growth(z: float, p: float | None) -> float:
    if p is None:
        return 1.0
    score = max(-float(special.ndtri(p)), 0.0)
    return (z / score) ** 2 if score else inf


def _problems(precision: Precision, variance: float, z: float) -> float:
    distance, pull = abs(precision.distance), precision.extra * precision.reach
    if distance**2 == 0:
        return inf
    half = distance * pull + z**2 * variance / 2
    rest = pull**2 - z**2 * pull * precision.reach
    return (half + sqrt(half**2 - distance**2 * rest)) / distance**2


def _variance_allowed(precision: Precision, z: float) -> float:
    pull = precision.extra * precision.reach
    lead = abs(precision.distance) * precision.problems - pull
    return ((lead / z) ** 2 - pull * precision.reach) / precision.problems if lead > 0 else -inf


def _reachable(size: float, at_hand: int) -> int | None:
    return max(ceil(size), at_hand + 1) if size <= FAR * at_hand else None
