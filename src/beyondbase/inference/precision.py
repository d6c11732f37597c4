"""How the variance of an effect splits, and what would decide an undecided one."""

from dataclasses import dataclass
from math import ceil, inf, isnan, nan, sqrt

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from beyondbase.inference.bounded import Floats

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
    """

    distance: float
    between: float
    within: float
    problems: int
    samples: int
    reach: float = 1.0


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
    second = q[:, None] ** (2 * k - shared) @ np.exp(log_pmf)
    return np.asarray(np.maximum(second - q ** (2 * k), 0))


def _log_choose(n: int, k: NDArray[np.int64]) -> Floats:
    return np.asarray(special.gammaln(n + 1) - special.gammaln(k + 1) - special.gammaln(n - k + 1))


def split_variance(values: ArrayLike, within: float) -> tuple[float, float, float]:
    """Total, between-problem and within-problem variance of one problem's value.

    Args:
        values: per-problem effects, shape (problems,).
        within: mean sampling variance of those effects.

    Source: law of total variance, as in Miller (2024, arXiv 2411.00640, section 3.1). Plug-in: the
    sampling part is cut at the total. Where it is unknown, all counts as the problem part.
    """
    array = np.asarray(values, dtype=np.float64)
    total = float(array.var(ddof=1)) if len(array) > 1 else nan
    if isnan(within):
        return total, total, within
    part = min(within, total)
    return total, total - part, part


def remedy(precision: Precision, alpha: float) -> Remedy:
    """Sizes at which the observed effect would be shown with power 0.8 at one-sided level `alpha`.

    The normal approximation of Gaffke's bound with a whole extra observation at distance `reach`: the
    threshold is passed when ``d m - 1 >= z sqrt(m v + reach^2)``, with d the distance, v the variance
    of one problem and m problems. Samples per problem enter v as within / n, an upper bound of the
    variance of a U-statistic (Hoeffding 1948, theorem 5.2). None where more than a hundredfold would
    be needed.
    """
    z = float(-special.ndtri(alpha) - special.ndtri(1 - POWER))
    within = 0.0 if isnan(precision.within) else precision.within
    distance = abs(precision.distance)
    problems = _problems(distance, precision.between + within, precision.reach, z)
    spare = _variance_allowed(distance, precision.problems, precision.reach, z) - precision.between
    samples = precision.samples * within / spare if spare > 0 else inf
    return Remedy(
        _reachable(problems, precision.problems),
        None if isnan(precision.within) else _reachable(samples, precision.samples),
    )


def _problems(distance: float, variance: float, reach: float, z: float) -> float:
    if distance**2 == 0:
        return inf
    half = distance + z**2 * variance / 2
    return (half + sqrt(half**2 - distance**2 * (1 - (z * reach) ** 2))) / distance**2


def _variance_allowed(distance: float, problems: int, reach: float, z: float) -> float:
    lead = distance * problems - 1
    return ((lead / z) ** 2 - reach**2) / problems if lead > 0 else -inf


def _reachable(size: float, at_hand: int) -> int | None:
    return max(ceil(size), at_hand + 1) if size <= FAR * at_hand else None
