"""The chance that a weighted sum of exponential variables is positive, to the last digits.

With independent standard exponential g_i, the moment generating function of S = sum g_i y_i is the product of
1 / (1 - s y_i), and P(S > 0) is its integral over ds / (2 pi i s) along any path that crosses the real axis
between 0 and 1 / max(y) (Rice 1980, SIAM J. Sci. Stat. Comput. 1:438, eq. 1.9, for quadratic forms in normal
variables, of which S is one). The path that is taken leads through the saddlepoint of the integrand, bent as
the path of steepest descent is there (Helstrom 1996, IEEE Trans. Commun. 44:173, section II), a hyperbola.
On it the integrand falls as fast as it can and hardly turns, and the trapezoidal rule in the hyperbola's own
parameter converges geometrically (Trefethen and Weideman 2014, SIAM Review 56:385, theorem 5.1). Where few
large terms meet many small ones, what is steepest descent at the saddlepoint may climb far from it; then
another path is taken. The step is halved until two rules agree, so results are right to 1e-10, mostly to
1e-14, however small they are. Where exactly the path crosses changes nothing but how fast that is, so
nothing hangs on when the search for the saddlepoint ends.
"""

from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]

STEP = 0.25
BLOCK = 16
NEGLIGIBLE = 1e-17
AGREED = 1e-10  # relative difference of two rules whose mean is taken
HALVINGS = 10
TAME = 1.6  # integral of the absolute value, in units of the peak; that of a normal density is 1.25
FARTHEST = 60.0  # where a path ends for certain
NEAR = 1e-2  # of the saddlepoint, in widths of the peak there
LEAST = 1e-100  # in the greatest term: what is smaller counts as zero, so that no square is lost
MAX_ITERATIONS = 60
MOST_CELLS = 1_000_000


def positive_chance(y: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """Normal score z with P(sum g_i y_i > 0) = Phi(-z), per column, and about its change with a bound.

    Args:
        y: what the exponential variables are multiplied with, shape (terms, columns).
        sizes: by how much each falls where the bound that is subtracted rises, shape (terms, 1).

    Returns:
        The scores, -inf where the sum is never negative and inf where it is never positive; and their slopes
        in the bound, right but for terms of the order of one over the number of terms, NaN where the score is
        infinite.
    """
    peak = np.abs(y).max(axis=0)
    scale = np.where(peak > np.finfo(np.float64).tiny, peak, 1.0)
    y, sizes = np.where(np.abs(y) < LEAST * scale, 0.0, y) / scale, sizes / scale
    score = np.where(y.max(axis=0) <= 0, np.inf, -np.inf)
    score = np.where((y == 0).all(axis=0), -np.inf, score)
    slope = np.full(score.shape, np.nan)
    mixed = np.flatnonzero((y.max(axis=0) > 0) & (y.min(axis=0) < 0))
    for some in np.array_split(mixed, -(-mixed.size * len(y) * BLOCK // MOST_CELLS) or 1):
        if some.size:
            score[some], slope[some] = _mixed(y[:, some], sizes[:, some])
    return score, slope


def _mixed(y: Floats, sizes: Floats) -> tuple[Floats, Floats]:
    """The same where both signs are there: the rarer side is computed, so that no digit of it is lost."""
    side = np.where(y.sum(axis=0) > 0, -1.0, 1.0)
    turned = side * y
    s = _saddlepoint(turned)
    log_tail = _log_tail(turned, s)
    score = special.ndtri_exp(log_tail)
    density = score**2 / 2 + np.log(2 * np.pi) / 2
    # Where terms are as small as doubles can be, a slope may be larger than any: then it is infinite.
    with np.errstate(over="ignore"):
        slope = np.exp(log_tail + density) * s * (sizes / (1 - s * turned)).sum(axis=0)
    return -side * score, slope


@dataclass(frozen=True, eq=False)
class _Path:
    """Hyperbolas through saddlepoints s, one per column: s + width (bend (cosh u - 1) + i sinh u)."""

    tilted: Floats
    s: Floats
    width: Floats
    bend: Floats

    def columns(self, index: NDArray[np.bool_]) -> "_Path":
        """Only the columns that `index` picks."""
        return _Path(self.tilted[:, index], self.s[index], self.width[index], self.bend[index])

    def heights(self, u: Floats) -> NDArray[np.complex128]:
        """The integrand in u, in units of that at the saddlepoint, shape (nodes, columns)."""
        u = u[:, None]
        off = self.width * (self.bend * (np.cosh(u) - 1) + 1j * np.sinh(u))
        # A product beyond the doubles is that of a value that counts for nothing.
        with np.errstate(over="ignore", invalid="ignore"):
            factors = np.multiply.reduce(1 - off * self.tilted[:, None, :], axis=0) * (1 + off / self.s)
            heights = (np.cosh(u) - 1j * self.bend * np.sinh(u)) / factors
        return np.where(np.isfinite(factors), heights, 0)


def _log_tail(y: Floats, s: Floats) -> Floats:
    """Logarithm of P(sum g_i y_i > 0), by the integral along the hyperbola through s, per column."""
    path, total = _tame_path(y, s)
    open_ = np.ones(s.shape, dtype=np.bool_)
    for step in (STEP * 0.5 ** np.arange(HALVINGS)).tolist():
        between = _rule(path.columns(open_), step, 0.5)[0]
        finer = (total[open_] + between) / 2
        close = np.abs(between - total[open_]) <= AGREED * finer
        total[open_] = finer
        open_[open_] = ~close
        if not open_.any():
            break
    return np.asarray(np.log(path.width / np.pi * total) - np.log1p(-s * y).sum(axis=0) - np.log(s))


def _tame_path(y: Floats, s: Floats) -> tuple[_Path, Floats]:
    """A path on which the integrand does not grow, and the trapezoidal rule on it.

    The largest terms say what is steepest at the saddlepoint. Far out the many small ones rule, and they may
    let the integrand grow there; then the path is bent the other way, or not at all: along a straight line
    every factor only falls.
    """
    tilted = y / (1 - s * y)
    width = ((tilted**2).sum(axis=0) + s**-2) ** -0.5
    steepest = ((tilted**3).sum(axis=0) - s**-3) * width**3 * (2 / 3)
    path = _Path(tilted, s, width, steepest)
    total, size = _rule(path, STEP, 0)
    for bend in (np.zeros_like(s), -steepest):
        wild = size > TAME
        if wild.any():
            other, other_size = _rule(replace(path, bend=bend).columns(wild), STEP, 0)
            less = other_size < size[wild]
            at = np.flatnonzero(wild)[less]
            path.bend[at], total[at], size[at] = bend[at], other[less], other_size[less]
    return path, total


def _rule(path: _Path, step: float, start: float) -> tuple[Floats, Floats]:
    """The integral by nodes `step` apart from the given multiple of it, and that of the absolute value."""
    total, size, first = np.zeros(path.s.shape), np.zeros(path.s.shape), start
    while first * step < FARTHEST:
        heights = path.heights(step * (first + np.arange(BLOCK, dtype=np.float64)))
        if first == 0:
            heights[0] /= 2
        total += heights.real.sum(axis=0)
        size += np.abs(heights).sum(axis=0)
        first += BLOCK
        if (np.abs(heights[-1]) <= NEGLIGIBLE * size).all():
            break
    return total * step, size * step


def _saddlepoint(y: Floats) -> Floats:
    """Least of -sum log(1 - s y_i) - log s between 0 and 1 / max(y), nearly, per column.

    Newton on its derivative times the distances to both ends, where it has poles: a nearly straight line.
    """
    end = 1 / y.max(axis=0)
    low, high = np.zeros_like(end), end
    s: Floats = end / (1 + np.sqrt(len(y)))
    for _ in range(MAX_ITERATIONS):
        tilted = y / (1 - s * y)
        gradient, curvature = tilted.sum(axis=0) - 1 / s, (tilted**2).sum(axis=0) + s**-2
        if (np.abs(gradient) < NEAR * np.sqrt(curvature)).all():
            break
        low, high = np.where(gradient < 0, s, low), np.where(gradient > 0, s, high)
        room = s * (end - s)
        step = s - gradient * room / (curvature * room + gradient * (end - 2 * s))
        s = np.where((step > low) & (step < high), step, (low + high) / 2)
    return s
