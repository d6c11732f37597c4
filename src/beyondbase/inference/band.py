"""Simultaneous (sup-t) bands over a grid of k, and what follows from them.

Given the data, the multiplier bootstrap with normal weights of the studentised means is exactly a
normal vector with the correlation matrix of the columns. So the replicates are drawn in as many
dimensions as there are k, not problems: the same law, hundreds of times cheaper. Their greatest
absolute value gives the common level of all columns (the quantile form of the sup-t band, Montiel
Olea and Plagborg-Moller 2019, algorithm 2), and `bounded` the limits of each column at that level.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from beyondbase.inference.bounded import (
    Floats,
    Values,
    lower_limit,
    p_greater,
    p_less,
    upper_limit,
)

DRAWS = 10_000


@dataclass(frozen=True, eq=False)
class Band:
    """A curve with simultaneous limits, each of shape (columns,).

    Attributes:
        estimate: mean over problems.
        lower: lower limits, simultaneous over all columns.
        upper: upper limits, simultaneous over all columns.
        tail: one-sided level at which each limit stands.
    """

    estimate: Floats
    lower: Floats
    upper: Floats
    tail: float


@dataclass(frozen=True)
class Crossover:
    """Where the base overtakes for good: the estimate and the interval that the band allows.

    Attributes:
        k: smallest k from which the estimated difference stays below zero; None if it does not.
        lower: one above the last k at which the band is above zero.
        upper: k from which the band stays below zero; None where the data set no upper end.
    """

    k: int | None
    lower: int
    upper: int | None


def simultaneous_band(values: Values, *, alpha: float = 0.05, draws: int = DRAWS, seed: int = 0) -> Band:
    """Band that holds all column means at once with probability about 1 - `alpha`.

    Args:
        values: per-problem values, one column per k.
        alpha: chance that any column leaves the band.
        draws: replicates of the greatest studentised deviation.
        seed: of the replicates; recorded in the results.

    Source: sup-t band after Montiel Olea and Plagborg-Moller (2019); coverage in docs/calibration.md.
    """
    critical = np.quantile(np.abs(_replicates(values, draws, seed)).max(axis=1), 1 - alpha)
    tail = float(special.ndtr(-critical))
    return Band(values.mean, lower_limit(values, tail), upper_limit(values, tail), tail)


def p_any_less(values: Values, than: float = 0.0, *, draws: int = DRAWS, seed: int = 0) -> float:
    """p-value against "every column mean is at least `than`": some mean is shown to be less.

    The smallest p over the columns, adjusted for the choice by the joint law of the replicates
    (single-step min-p, Westfall and Young 1993, eq. 2.8) or by Bonferroni where that is smaller.
    """
    smallest = float(p_less(values, than).min())
    least = special.ndtr(-_replicates(values, draws, seed).max(axis=1))
    by_draws = (1 + int((least <= smallest).sum())) / (draws + 1)
    return min(1.0, by_draws, smallest * len(values.mean))


def p_all_greater(values: Values, than: float = 0.0) -> float:
    """p-value against "some column mean is at most `than`": all means are shown to be greater.

    Intersection-union test (Berger 1982): each column at full level, so the largest p.
    """
    return float(p_greater(values, than).max())


def crossover_interval(ks: ArrayLike, band: Band, k: int | None) -> Crossover:
    """Confidence set for the k at which the base overtakes for good, by inverting the band.

    Args:
        ks: increasing grid of k, shape (columns,).
        band: of the difference RL minus base.
        k: the estimate, from `estimators.crossover`.

    With the simultaneous coverage of the band, the crossing lies above every k at which RL is shown
    to lead and not above the first k from which the base is shown to lead throughout.
    """
    grid = np.asarray(ks, dtype=np.int64)
    leads = np.flatnonzero(band.lower > 0)
    trails = len(grid) - int(np.cumprod((band.upper < 0)[::-1]).sum())
    return Crossover(
        k=k,
        lower=int(grid[leads[-1]]) + 1 if leads.size else 1,
        upper=int(grid[trails]) if trails < len(grid) else None,
    )


def _replicates(values: Values, draws: int, seed: int) -> Floats:
    """Normal vectors with the correlation of the column means, shape (draws, columns).

    Columns without any spread say nothing of their correlation; they share one independent draw.
    """
    centred = values.sums - values.sizes[:, None] * values.mean
    scale = np.sqrt((centred**2).sum(axis=0))
    spread: NDArray[np.bool_] = scale > 1e-12 * np.sqrt(len(centred))
    rng = np.random.default_rng(seed)
    out = np.repeat(rng.standard_normal((draws, 1)), len(scale), axis=1)
    if spread.any():
        unit = centred[:, spread] / scale[spread]
        root = np.linalg.cholesky(unit.T @ unit + 1e-10 * np.eye(unit.shape[1]))
        out[:, spread] = rng.standard_normal((draws, unit.shape[1])) @ root.T
    return out
