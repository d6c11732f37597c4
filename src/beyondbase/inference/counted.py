"""Which of many imagined samples show that a mean gain is above zero, from how often each value occurs.

An imagined sample is a column of counts over a few values, so that hundreds are tested at once. The test is
that of `bounded`, where a value that occurs w times has a gamma weight of shape w: exact, by the beta law,
where the gains are two-valued but for zeros (the binomial and McNemar's test); elsewhere by
Barndorff-Nielsen's r* (Butler 2007, section 1.2), whose tail areas are within 6 % of the exact ones.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

from beyondbase.inference.tails import Floats

Truths: TypeAlias = NDArray[np.bool_]

MOST_VALUES = 16
ALIKE = 1e-9  # of the largest gain: values this near to their neighbour are one
NEAR = 1e-3  # of the saddlepoint, in widths of the peak there
MAX_ITERATIONS = 40
LEAST_ROOT = 0.1
TINY = 1e-300


def counted(gains: Floats) -> tuple[Floats, Floats]:
    """The distinct values and how often each occurs; of more than 16 values, the 16 ends of equal steps.

    Each value is then divided between the two ends of its step so that its mean stays (linear binning, Wand
    1994, J. Comput. Graph. Stat. 3:433). So no value leaps from one bin to the next by rounding. That spreads
    them by some percent, for which the ends are drawn together: variance and mean are those of the gains.
    """
    ordered = np.sort(gains)
    apart = np.diff(ordered) > ALIKE * np.abs(ordered).max()
    place = np.concatenate([[0], np.cumsum(apart)])
    if place[-1] < MOST_VALUES:
        sizes = np.asarray(np.bincount(place), np.float64)
        return np.bincount(place, ordered) / sizes, sizes
    steps = (ordered - ordered[0]) / (ordered[-1] - ordered[0]) * (MOST_VALUES - 1)
    below = np.minimum(steps.astype(np.int64), MOST_VALUES - 2)
    part = steps - below
    counts = np.zeros(MOST_VALUES)
    np.add.at(counts, below, 1 - part)
    np.add.at(counts, below + 1, part)
    mean = ordered.mean()
    ends = np.linspace(ordered[0], ordered[-1], MOST_VALUES) - mean
    return mean + ends * np.sqrt(len(ordered) * ordered.var() / (counts @ ends**2)), counts


def shows_gain(values: Floats, counts: Floats, worst: float, level: float) -> Truths:
    """Whether each sample shows a mean gain above zero, at one-sided level `level`, shape (samples,).

    Args:
        values: the gains that occur, shape (values, samples), or (values, 1) where all have the same.
        counts: how often, shape (values, samples).
        worst: gain of the extra observation of Gaffke's bound.
        level: of the test.
    """
    y = -np.vstack([values, np.full((1, values.shape[1]), worst)])
    weight = np.vstack([counts, np.ones((1, counts.shape[1]))])
    two = _two_values(y)
    return _beta_tail(y, weight, *two) <= level if two else r_star(y, weight) >= -special.ndtri(level)


def _two_values(y: Floats) -> tuple[float, float] | None:
    """The only loss and the only gain, where there is but one of each but for rounding, and one column."""
    losses, gains = y[y > 0], -y[y < 0]
    if y.shape[1] > 1 or not (losses.size and gains.size):
        return None
    single = all(np.ptp(side) <= ALIKE * side.max() for side in (losses, gains))
    return (float(losses[0]), float(gains[0])) if single else None


def _beta_tail(y: Floats, weight: Floats, loss: float, gain: float) -> Floats:
    """P(loss G > gain H) of gamma variables G and H, whose share G / (G + H) has a beta law."""
    lost, gained = (np.where(side, weight, 0).sum(axis=0) for side in (y > 0, y < 0))
    tail = special.betaincc(lost, np.maximum(gained, TINY), gain / (loss + gain))
    return np.where(gained > 0, tail, 1.0)


def r_star(y: Floats, weight: Floats) -> Floats:
    """Roughly the normal score of P(sum g_i y_i > 0) with g_i ~ Gamma(weight_i); 0 where half or more.

    Args:
        y: what the gamma variables are multiplied with, shape (terms, columns), or (terms, 1) for all.
        weight: their shapes, shape (terms, columns).
    """
    score = np.where((weight * y).max(axis=0) <= 0, np.inf, 0.0)
    score[(weight * np.abs(y)).max(axis=0) == 0] = 0.0
    some = np.flatnonzero(((weight * y).sum(axis=0) < 0) & (score == 0))
    if some.size:
        y, weight = y[:, some] if y.shape[1] > 1 else y, weight[:, some]
        s, curvature = _saddlepoint(y, weight)
        # Next to the mean r* is lost in rounding, and decides nothing.
        root = np.sqrt(np.maximum(2 * (weight * np.log1p(-s * y)).sum(axis=0), LEAST_ROOT**2))
        found = root + np.log(s * np.sqrt(curvature) / root) / root
        score[some] = np.where(root > LEAST_ROOT, found, 0.0)
    return score


def _saddlepoint(y: Floats, weight: Floats) -> tuple[Floats, Floats]:
    """Root of sum weight_i y_i / (1 - s y_i) above zero, per column, and the derivative there.

    Newton on that sum times the distance to its pole.
    """
    end = 1 / np.where(weight > 0, y, 0.0).max(axis=0)
    start = -(weight * y).sum(axis=0) / (weight * y * y).sum(axis=0)
    low, high, s = np.zeros_like(end), end, np.minimum(start, 0.7 * end)
    for _ in range(MAX_ITERATIONS):
        tilted = y / (1 - s * y)
        weighted = weight * tilted
        gradient, curvature = weighted.sum(axis=0), (weighted * tilted).sum(axis=0)
        if (np.abs(gradient) < NEAR * np.sqrt(curvature)).all():
            break
        low, high = np.where(gradient < 0, s, low), np.where(gradient > 0, s, high)
        step = s - gradient * (end - s) / (curvature * (end - s) - gradient)
        s = np.where((step > low) & (step < high), step, (low + high) / 2)
    return s, curvature
