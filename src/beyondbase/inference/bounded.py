"""Exact-leaning limits and p-values for the mean of a bounded quantity.

The mean of per-problem values is what every claim is about: a difference of pass@k, a share of
problems, a slope. Gaffke (2005) bounds such a mean by the Bayesian bootstrap (Rubin 1981) of the
sample plus one more observation at the unfavourable end of the support: the upper limit is the
quantile of ``sum(g_i x_i) / sum(g_i)`` with independent exponential weights ``g_i``. Learned-Miller
and Thomas (2019, arXiv 1905.06208) conjecture that this covers for every law, sample size and level.
For zeros and ones it *is* Clopper and Pearson's limit, and for -1, 0, 1 tested against zero it *is*
the exact McNemar test, so one method serves curves, shares and tables.

For graded values a whole extra observation is needlessly wide; half of one (a gamma weight of shape
1/2, as in Jeffreys' prior) keeps the error of each limit within its level in `nox -s calibration`,
up to Monte-Carlo error, also where few problems differ and the t interval misses far more often.

Tail areas come from the saddlepoint (Barndorff-Nielsen's r*, see Butler 2007, section 1.2) instead of
resampling: no seed and no Monte-Carlo error. Where values are two-valued it is exact; elsewhere its tail
areas are mostly within 2 % of the resampled ones, and within 15 % where a few problems dominate.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]

GRADED_WEIGHT = 0.5
EXACT_WEIGHT = 1.0
MAX_ITERATIONS = 60
# In standard errors: a limit this near is stepped to once more, which leaves a hundredth, ...
CLOSE = 1e-10
NEARLY = 1e-8  # ... and a saddlepoint, which leaves the square.
TINY = 1e-13
ROUNDING = 1e-12  # in widths of the support: a value this near to an end or to zero is there
# Up to here the series of artanh(v) is used, which ends below rounding.
NEAR_ZERO = 0.1
SERIES = 7


@dataclass(frozen=True, eq=False)
class Values:
    """Per-problem values, one column per effect, as weighted units of resampling.

    Attributes:
        sums: sum of the values in each unit, shape (units, columns).
        sizes: problems in each unit, shape (units,); ones unless clusters are given.
        low: least possible value of one problem.
        high: greatest possible value of one problem.
        exact: per column, whether every value is an end of the support or zero.
    """

    sums: Floats
    sizes: Floats
    low: float
    high: float
    exact: NDArray[np.bool_]

    @property
    def mean(self) -> Floats:
        """Mean over problems, shape (columns,)."""
        mean: Floats = self.sums.sum(axis=0) / self.sizes.sum()
        return mean

    def flipped(self) -> "Values":
        """The same values with their sign changed, so that one tail serves both sides."""
        return Values(-self.sums, self.sizes, -self.high, -self.low, self.exact)

    def columns(self, index: NDArray[np.bool_]) -> "Values":
        """Only the columns that `index` picks."""
        return Values(self.sums[:, index], self.sizes, self.low, self.high, self.exact[index])


def values_of(
    x: ArrayLike, *, support: tuple[float, float] = (-1.0, 1.0), clusters: ArrayLike | None = None
) -> Values:
    """Check values and gather them into units of resampling.

    Args:
        x: values, shape (problems,) or (problems, columns).
        support: least and greatest possible value of one problem.
        clusters: a label per problem where problems come in groups (sub-questions of one contest);
            the group is then the unit.

    Raises:
        ValueError: no problem, a value that is not finite or outside the support, or labels of
            another length.
    """
    array = np.asarray(x, dtype=np.float64)
    array = array[:, None] if array.ndim == 1 else array
    low, high = support
    if array.ndim != 2 or len(array) == 0:
        raise ValueError(f"values must have shape (problems >= 1, columns), found {array.shape}")
    if not (np.isfinite(array).all() and array.min() >= low - 1e-12 and array.max() <= high + 1e-12):
        raise ValueError(
            f"values must lie in [{low}, {high}], found {np.nanmin(array)} to {np.nanmax(array)}"
        )
    array = _landed(array, low, high)
    exact: NDArray[np.bool_] = np.asarray(np.isin(array, (low, 0.0, high)).all(axis=0))
    if clusters is None:
        return Values(array, np.ones(len(array)), low, high, exact)
    labels, unit = np.unique(np.asarray(clusters), return_inverse=True)
    if unit.shape != (len(array),):
        raise ValueError(f"{len(array)} problems need as many cluster labels, found {unit.shape}")
    sums = np.zeros((len(labels), array.shape[1]))
    np.add.at(sums, unit, array)
    sizes = np.bincount(unit).astype(np.float64)
    alone = bool((sizes == 1).all())
    return Values(sums, sizes, low, high, exact if alone else np.zeros_like(exact))


def _landed(array: Floats, low: float, high: float) -> Floats:
    """The values, those that are an end of the support or zero but for rounding set there."""
    if np.isfinite(high - low):
        for place in (low, 0.0, high):
            array = np.where(np.abs(array - place) <= ROUNDING * (high - low), place, array)
    return array


def p_greater(values: Values, than: float = 0.0) -> Floats:
    """One-sided p-value against "the mean is at most `than`", per column.

    Small values show that the mean is greater. At `than` = 0 and values in -1, 0, 1 this is the exact
    McNemar test; for values in 0, 1 the exact binomial test.
    """
    return p_less(values.flipped(), -than)


def p_less(values: Values, than: float = 0.0) -> Floats:
    """One-sided p-value against "the mean is at least `than`", per column.

    Source: Gaffke (2005); the tail area by r*, exact (a beta tail) where the values are two-valued.
    """
    return np.asarray(special.ndtr(-_score(values, np.full(values.mean.shape, than))[0]))


def lower_limit(values: Values, tail: ArrayLike) -> Floats:
    """Limit that lies above the mean with probability at most `tail`, per column."""
    return -upper_limit(values.flipped(), tail)


def upper_limit(values: Values, tail: ArrayLike) -> Floats:
    """Limit that lies below the mean with probability at most `tail`, per column.

    The limit solves ``p_less(values, limit) = tail``. Newton's steps use the derivative of the signed
    root of the likelihood ratio and fall back to bisection where they leave the bracket.
    """
    target = -special.ndtri(np.broadcast_to(np.asarray(tail, dtype=np.float64), values.mean.shape))
    low, high = values.mean.copy(), np.full(values.mean.shape, values.high)
    guess = _normal_guess(values, target)
    for _ in range(MAX_ITERATIONS):
        score, slope = _score(values, guess)
        low, high = np.where(score < target, guess, low), np.where(score < target, high, guess)
        with np.errstate(invalid="ignore", divide="ignore", over="ignore"):
            step = guess + (target - score) / slope
        close = (np.abs(score - target) < CLOSE) | (high - low < TINY)
        inside = np.isfinite(step) & (step > low) & (step < high)
        guess = np.where(inside, step, np.where(close, guess, (low + high) / 2))
        if close.all():
            break
    # Where a p-value leaps at zero the limit may be there, but for the last halvings.
    return np.where(np.abs(guess) < ROUNDING, 0.0, guess)


def _normal_guess(values: Values, target: Floats) -> Floats:
    """Normal limit of the weighted mean, the extra observation counted in its mean and variance."""
    units, reach = len(values.sums), values.high - values.mean
    centred = values.sums - values.sizes[:, None] * values.mean
    variance = np.einsum("ij,ij->j", centred, centred) / values.sizes.sum() ** 2
    extra = GRADED_WEIGHT * reach / units
    limit = values.mean + extra + target * np.sqrt(variance + extra * reach / units)
    guess: Floats = np.minimum(limit, (values.mean + values.high) / 2)
    return guess


def _score(values: Values, bound: Floats) -> tuple[Floats, Floats]:
    """Normal score z with P(weighted mean > bound) = Phi(-z), and its derivative in `bound`."""
    unit = values.sizes[:, None]
    extra = values.sizes.mean()
    y = np.vstack([values.sums - unit * bound, extra * (values.high - bound)[None]])
    size = np.vstack([unit, [[extra]]])
    weight = np.ones((len(y), y.shape[1]))
    weight[-1] = np.where(values.exact, EXACT_WEIGHT, GRADED_WEIGHT)
    score = np.where(y.max(axis=0) <= 0, np.inf, -np.inf)
    score = np.where((y == 0).all(axis=0), -np.inf, score)
    slope = np.full(score.shape, np.nan)
    open_ = (y.max(axis=0) > 0) & (y.min(axis=0) < 0)
    if open_.any():
        score[open_], slope[open_] = _r_star(y[:, open_], weight[:, open_], size)
    for column in np.flatnonzero(open_ & values.exact):
        exact = _two_valued_score(y[:, column])
        score[column] = score[column] if exact is None else exact
    return score, slope


def _r_star(y: Floats, weight: Floats, size: Floats) -> tuple[Floats, Floats]:
    """r* of P(sum g_i y_i > 0), g_i ~ Gamma(weight_i): cumulants -sum weight_i log(1 - s y_i).

    With t_i = s y_i / (1 - s y_i), of which the weighted sum is zero at the saddlepoint, both roots are sums
    in which nothing cancels, r^2 = sum weight_i 2 (t_i - log(1 + t_i)) and q^2 = sum weight_i t_i^2. So is
    the difference of the two, and s divides out of r* = r + log(q / r) / r, which is smooth at s = 0.
    """
    s = _saddlepoint(y, weight)
    ratio = y / (1 - s * y)
    second, third = _remainders(s * y)
    square = weight * ratio * ratio
    root = np.sqrt(np.einsum("ij,ij->j", square, second))
    excess = np.einsum("ij,ij,ij->j", square, ratio, third) / root**2  # (q^2 / r^2 - 1) / s
    score = s * root + excess * _log1p_over(s * excess) / (2 * root)
    slope = (weight * size / (1 - s * y)).sum(axis=0) / root
    return score, slope


def _remainders(x: Floats) -> tuple[Floats, Floats]:
    """2 (t - log(1 + t)) / t^2 and (t^2 - 2 (t - log(1 + t))) / t^3 for t = x / (1 - x).

    Nothing nearly equal is subtracted. With v = x / (2 - x), log(1 + t) is 2 artanh(v), and only what follows
    the first term of artanh counts.
    """
    v, h = x / (2 - x), (1 - x) / (2 - x)
    rest = 4 * h**2 * _artanh_rest(v, x)
    return 2 * h - rest * v, h + rest * h


def _artanh_rest(v: Floats, x: Floats) -> Floats:
    """(artanh(v) - v) / v^3, that is 1/3 + v^2 / 5 + v^4 / 7 + ..., for v = x / (2 - x)."""
    square = v**2
    rest = np.full_like(v, 1 / (2 * SERIES + 3))
    for term in range(SERIES - 1, -1, -1):
        rest *= square
        rest += 1 / (2 * term + 3)
    far = np.abs(v) > NEAR_ZERO
    rest[far] = (-np.log1p(-x[far]) / 2 - v[far]) / (v[far] * square[far])
    return rest


def _log1p_over(x: Floats) -> Floats:
    """log(1 + x) / x, 1 at x = 0."""
    safe = np.where(x == 0, 1.0, x)
    return np.where(x == 0, 1.0, np.log1p(safe) / safe)


def _saddlepoint(y: Floats, weight: Floats) -> Floats:
    """Root of sum weight_i y_i / (1 - s y_i) between 1 / min(y) and 1 / max(y), per column.

    Newton on that sum times the distances to both ends, where it has poles: a nearly straight line.
    """
    start, end = 1 / y.min(axis=0), 1 / y.max(axis=0)
    low, high = start, end
    s = np.zeros(y.shape[1])
    for _ in range(MAX_ITERATIONS):
        ratio = y / (1 - s * y)
        weighted = weight * ratio
        gradient, curvature = weighted.sum(axis=0), np.einsum("ij,ij->j", weighted, ratio)
        low, high = np.where(gradient < 0, s, low), np.where(gradient > 0, s, high)
        room = (end - s) * (s - start)
        with np.errstate(divide="ignore"):
            step = s - gradient * room / (curvature * room + gradient * (start + end - 2 * s))
        # Near the root rounding moves the bracket past it, so a tiny step counts as inside.
        tiny = np.abs(step - s) * np.sqrt(curvature) < NEARLY
        s = np.where(tiny | (step > low) & (step < high), step, (low + high) / 2)
        if tiny.all():
            break
    return s


def _two_valued_score(y: Floats) -> float | None:
    """Exact score where one positive and one negative value remain: a ratio of gamma variables."""
    above, below = y[y > 0], -y[y < 0]
    if np.ptp(above) > 1e-15 or np.ptp(below) > 1e-15:
        return None
    share = above[0] / (above[0] + below[0])
    return -float(special.ndtri(special.betainc(len(below), len(above), share)))
