"""Limits and p-values for the mean of a bounded quantity, by Gaffke's bound.

The mean of per-problem values is what every claim is about: a difference of pass@k, a share of
problems, a slope. Gaffke (2005) bounds such a mean by the Bayesian bootstrap (Rubin 1981) of the
sample plus one more observation at the unfavourable end of the support: the upper limit is the
quantile of ``sum(g_i x_i) / sum(g_i)`` with independent standard exponential weights ``g_i``. It covers for
every law with two values, and Learned-Miller and Thomas (2019, arXiv 1905.06208) conjecture that it does for
every law, sample size and level; docs/worst-case.md is a search for one that it does not hold for. For zeros
and ones it *is* Clopper and Pearson's limit, and for -1, 0, 1 tested against zero it *is* the exact
McNemar test, so one method serves curves, shares and tables.

Where problems come in clusters, a cluster is an observation: the test of a mean is that of the
sums of what each problem is above or below it, of which the extreme is that of the largest cluster. So the
extra observation is a cluster as large as the largest at hand, and no larger one may be among those that
were not drawn.

Tail areas are exact (`tails`): no resampling, no seed and no Monte-Carlo error.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

from beyondbase.inference.counted import r_star
from beyondbase.inference.tails import Floats, positive_chance

__all__ = ["ROUNDING", "Floats", "Values", "lower_limit", "p_greater", "p_less", "upper_limit", "values_of"]

MAX_ITERATIONS = 60
CLOSE = 1e-8  # in standard errors: from so near one more step finds the limit to the last digits
ROUGH_STEPS = 4
ROUNDING = 1e-12


@dataclass(frozen=True, eq=False)
class Values:
    """Per-problem values, one column per effect, as weighted units of resampling.

    Attributes:
        sums: sum of the values in each unit, shape (units, columns).
        sizes: problems in each unit, or their weights, shape (units,); ones unless either is given.
        low: least possible value of one problem.
        high: greatest possible value of one problem.
    """

    sums: Floats
    sizes: Floats
    low: float
    high: float

    @property
    def mean(self) -> Floats:
        """Mean over problems, shape (columns,)."""
        mean: Floats = self.sums.sum(axis=0) / self.sizes.sum()
        return mean

    def flipped(self) -> "Values":
        """The same values with their sign changed, so that one tail serves both sides."""
        return Values(-self.sums, self.sizes, -self.high, -self.low)

    def columns(self, index: NDArray[np.bool_]) -> "Values":
        """Only the columns that `index` picks."""
        return Values(self.sums[:, index], self.sizes, self.low, self.high)


def values_of(
    x: ArrayLike,
    *,
    support: tuple[float, float] = (-1.0, 1.0),
    clusters: ArrayLike | None = None,
    weights: ArrayLike | None = None,
) -> Values:
    """Check values and gather them into units of resampling.

    Args:
        x: values, shape (problems,) or (problems, columns).
        support: least and greatest possible value of one problem.
        clusters: a label per problem where problems come in groups (sub-questions of one contest);
            the group is then the unit.
        weights: how much each problem counts, fixed before the data, shape (problems,); all alike if None.
            The extra observation weighs as much as the heaviest unit.

    Raises:
        ValueError: no problem, a value that is not finite or outside the support, labels or weights of
            another length, or a weight that is not positive.
    """
    array = np.asarray(x, dtype=np.float64)
    array = array[:, None] if array.ndim == 1 else array
    low, high = map(float, support)
    if array.ndim != 2 or len(array) == 0:
        raise ValueError(f"values must have shape (problems >= 1, columns), found {array.shape}")
    if not (np.isfinite(array).all() and array.min() >= low - ROUNDING and array.max() <= high + ROUNDING):
        raise ValueError(
            f"values must lie in [{low}, {high}], found {np.nanmin(array)} to {np.nanmax(array)}"
        )
    sizes = np.ones(len(array)) if weights is None else np.asarray(weights, dtype=np.float64)
    if sizes.shape != (len(array),) or not (sizes > 0).all():
        raise ValueError(f"{len(array)} problems need as many positive weights, found {sizes.shape}")
    array = array.clip(low, high) * sizes[:, None]
    if clusters is None:
        return Values(array, sizes, low, high)
    labels, unit = np.unique(np.asarray(clusters), return_inverse=True)
    if unit.shape != (len(array),):
        raise ValueError(f"{len(array)} problems need as many cluster labels, found {unit.shape}")
    sums = np.zeros((len(labels), array.shape[1]))
    np.add.at(sums, unit, array)
    return Values(sums, np.bincount(unit, sizes).astype(np.float64), low, high)


def p_greater(values: Values, than: float = 0.0) -> Floats:
    """One-sided p-value against "the mean is at most `than`", per column.

    Small values show that the mean is greater. At `than` = 0 and values in -1, 0, 1 this is the exact
    McNemar test; for values in 0, 1 the exact binomial test.
    """
    return p_less(values.flipped(), -than)


def p_less(values: Values, than: ArrayLike = 0.0) -> Floats:
    """One-sided p-value against "the mean is at least `than`", per column; `than` may be one for each.

    Source: Gaffke (2005); as a p-value, Learned-Miller and Thomas (2019, section 3).
    """
    return np.asarray(special.ndtr(-_score(values, np.full(values.mean.shape, than))[0]))


def lower_limit(values: Values, tail: ArrayLike) -> Floats:
    """Limit that lies above the mean with probability at most `tail`, per column."""
    return -upper_limit(values.flipped(), tail)


def upper_limit(values: Values, tail: ArrayLike) -> Floats:
    """Limit that lies below the mean with probability at most `tail`, per column.

    The limit solves ``p_less(values, limit) = tail``: a Newton's step with a slope that is nearly right, then
    secants, and bisection where they leave the bracket.
    """
    target = -special.ndtri(np.broadcast_to(np.asarray(tail, dtype=np.float64), values.mean.shape))
    low, high = values.mean.copy(), np.full(values.mean.shape, values.high)
    guess = _rough_limit(values, target)
    before, score_before = np.full((2, *guess.shape), np.nan)
    open_ = np.ones(guess.shape, dtype=np.bool_)
    for _ in range(MAX_ITERATIONS):
        at, goal = guess[open_], target[open_]
        score, slope = _score(values.columns(open_), at)
        least = low[open_] = np.where(score < goal, at, low[open_])
        most = high[open_] = np.where(score < goal, high[open_], at)
        # The slope is nearly right at first; a secant is better as soon as there are two points. Neither is
        # trusted outside of the bracket, which every step makes smaller.
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            secant = (score - score_before[open_]) / (at - before[open_])
            step = at + (goal - score) / np.where(np.isfinite(secant), secant, slope)
        before[open_], score_before[open_] = at, score
        close = (np.abs(score - goal) < CLOSE) | (most - least <= np.spacing(np.abs(most)))
        inside = np.isfinite(step) & (step > least) & (step < most)
        guess[open_] = np.where(inside, step, np.where(close, at, (least + most) / 2))
        open_[open_] = ~close
        if not open_.any():
            break
    return guess


def _rough_limit(values: Values, target: Floats) -> Floats:
    """About where the limit is, by tail areas that cost a tenth of the exact ones, to need few of those."""
    guess = _normal_guess(values, target)
    before, score_before = np.full((2, *guess.shape), np.nan)
    for _ in range(ROUGH_STEPS):
        y, sizes = _terms(values, guess)
        score = r_star(y, np.ones_like(y))
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            secant = (score - score_before) / (guess - before)
            slope = np.where(secant > 0, secant, sizes.sum() / np.linalg.norm(y, axis=0))
            step = guess + (target - score) / slope
        before, score_before = guess, score
        inside = (score > 0) & (step > values.mean) & (step < values.high)
        guess = np.where(inside, step, guess)
    return guess


def _normal_guess(values: Values, target: Floats) -> Floats:
    """Normal limit of the weighted mean, the extra observation counted in its mean and variance."""
    reach = values.high - values.mean
    centred = values.sums - values.sizes[:, None] * values.mean
    variance = np.einsum("ij,ij->j", centred, centred) / values.sizes.sum() ** 2
    weight = values.sizes.max() / values.sizes.sum()
    limit = values.mean + weight * reach + target * np.sqrt(variance + (weight * reach) ** 2)
    guess: Floats = np.minimum(limit, (values.mean + values.high) / 2)
    return guess


def _score(values: Values, bound: Floats) -> tuple[Floats, Floats]:
    """Normal score z with P(weighted mean > bound) = Phi(-z), and about its derivative in `bound`."""
    return positive_chance(*_terms(values, bound))


def _terms(values: Values, bound: Floats) -> tuple[Floats, Floats]:
    """By how much each unit is above the bound, the extra one at the end, and the sizes of the units."""
    # A whole observation more, at the unfavourable end: without it a sample that never met what is rare would
    # show that there is nothing rare; with half of one the test errs in up to 14.6 % (docs/worst-case.md).
    # As large as the largest cluster, since one of that size may be among those that were not drawn.
    sizes = np.append(values.sizes, values.sizes.max())[:, None]
    sums = np.vstack([values.sums, np.full(bound.shape, sizes[-1] * values.high)])
    return sums - sizes * bound, sizes
