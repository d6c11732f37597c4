"""The chance that a weighted sum of exponential variables is positive, to the last digits.

With independent standard exponential g_i, the moment generating function of S = sum g_i y_i is the product of
1 / (1 - s y_i), and P(S > 0) is its integral over ds / (2 pi i s) along any path that crosses the real axis
between 0 and 1 / max(y) (Rice 1980, SIAM J. Sci. Stat. Comput. 1:438, eq. 1.9, for quadratic forms in normal
variables, of which S is one). The path that is taken leads through the saddlepoint of the integrand, bent as
the path of steepest descent is there (Helstrom 1996, IEEE Trans. Commun. 44:173, section II), a hyperbola.
On it the integrand falls as fast as it can and hardly turns, and the trapezoidal rule in the hyperbola's own
parameter converges geometrically (Trefethen and Weideman 2014, SIAM Review 56:385, theorem 5.1): with this
step to 1e-10 of the result, mostly to 1e-14, however small that is. Where exactly the path crosses changes
nothing but how fast that is, so nothing hangs on when the search for the saddlepoint ends.
"""

from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]

STEP = 0.125
BLOCK = 16
NEGLIGIBLE = 1e-17
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
    slope = np.exp(log_tail + density) * s * (sizes / (1 - s * turned)).sum(axis=0)
    return -side * score, slope


def _log_tail(y: Floats, s: Floats) -> Floats:
    """Logarithm of P(sum g_i y_i > 0), by the integral along the hyperbola through s, per column."""
    tilted = y / (1 - s * y)
    width = ((tilted**2).sum(axis=0) + s**-2) ** -0.5
    bend = ((tilted**3).sum(axis=0) - s**-3) * width**3 * (2 / 3)
    total, first = np.zeros(s.shape), 0
    while True:
        u = STEP * (first + 0.5 + np.arange(BLOCK))[:, None]
        off = width * (bend * (np.cosh(u) - 1) + 1j * np.sinh(u))
        # A product beyond the doubles is that of a value that counts for nothing.
        with np.errstate(over="ignore", invalid="ignore"):
            factors = np.multiply.reduce(1 - off * tilted[:, None, :], axis=0) * (1 + off / s)
            heights = (np.cosh(u) - 1j * bend * np.sinh(u)) / factors
        heights = np.where(np.isfinite(factors), heights, 0)
        total += heights.real.sum(axis=0)
        first += BLOCK
        if (np.abs(heights[-1]) <= NEGLIGIBLE * total).all():
            break
    return np.asarray(np.log(width * STEP / np.pi * total) - np.log1p(-s * y).sum(axis=0) - np.log(s))


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
