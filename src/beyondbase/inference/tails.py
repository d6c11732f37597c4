"""The chance that a weighted sum of exponential variables is positive, to the last digits.

With independent standard exponential g_i, the moment generating function of S = sum g_i y_i is the product
of 1 / (1 - s y_i), and P(S > 0) is its integral over ds / (2 pi i s) along any path that crosses the real
axis between 0 and 1 / max(y) (Rice 1980, SIAM J. Sci. Stat. Comput. 1:438, eq. 1.9, for quadratic forms in
normal variables, of which S is one). The path that is taken crosses at the saddlepoint of the integrand and
goes about the way of steepest descent (Helstrom 1996, IEEE Trans. Commun. 44:173, section II): a sum of
hyperbolas, one for each scale of the terms, because the many small ones may turn it to the other side than
the few great ones. On it the integrand falls all the way, and the trapezoidal rule in the parameter of the
hyperbolas converges geometrically (Trefethen and Weideman 2014, SIAM Review 56:385, theorem 5.1). The nodes
of even number alone are the rule of twice the step, and so are the odd ones; where the two differ by more
than `AGREE`, the step is halved, so the error is about the square of that. Where exactly the path crosses
changes nothing but how fast that is, so nothing hangs on when the search for the saddlepoint ends.
"""

from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray
from scipy import special

Floats: TypeAlias = NDArray[np.float64]
Complexes: TypeAlias = NDArray[np.complex128]

STEP = 0.125
AGREE = 1e-5
HALVINGS = 6
BLOCK = 16
NEGLIGIBLE = 1e-17
# Scales of the path in widths of the peak; in between its slope goes over from one to the next.
SCALES = 8.0 ** np.arange(10)
STEEPEST = 2 / 3
FARTHEST = 100.0  # in u, where no double is left of a product of two factors
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


def _log_tail(y: Floats, s: Floats) -> Floats:
    """Logarithm of P(sum g_i y_i > 0), by the integral along the path through s, per column."""
    tilted = y / (1 - s * y)
    path = _path(np.vstack([tilted, -1 / s]))
    total, step, rough = np.zeros(s.shape), STEP, np.ones(s.shape, dtype=np.bool_)
    for _ in range(HALVINGS):
        even, odd = _halves(tilted[:, rough], s[rough], path.columns(rough), step)
        total[rough] = step * (even + odd)
        rough[rough] = np.abs(even - odd) > AGREE * (even + odd)
        if not rough.any():
            break
        step /= 2
    return np.asarray(np.log(path.width * total / np.pi) - np.log1p(-s * y).sum(axis=0) - np.log(s))


@dataclass(frozen=True, eq=False)
class _Path:
    """Where the integral goes, per column: s0 + i t + sum over the scales a of turn (sqrt(t^2 + a^2) - a).

    Attributes:
        width: of the integrand's peak, the unit of t.
        turns: by how much the slope changes from one scale to the next, shape (scales, columns).
    """

    width: Floats
    turns: Floats

    def columns(self, index: NDArray[np.bool_]) -> "_Path":
        return _Path(self.width[index], self.turns[:, index])

    def at(self, u: Floats) -> tuple[Complexes, Complexes]:
        """How far from s0 the path is at t = width sinh(u), and its direction, shape (nodes, columns)."""
        t = np.sinh(u)
        off: Complexes = 1j * np.repeat(t, len(self.width), axis=1)
        direction: Complexes = np.full(off.shape, 1j)
        for scale, turn in zip(SCALES, self.turns, strict=True):
            root = np.hypot(t, scale)
            off += turn * (t * t / (root + scale))  # root - scale, of which no digit is lost
            direction += turn * t / root
        return self.width * off, direction


def _path(terms: Floats) -> _Path:
    """The path for tilted terms, the pole at zero among them, by the way down from s0 + i t at each scale.

    There the logarithm of the integrand changes by sum r / (1 - i t r) i dt, of which the real part lets it
    fall and the imaginary part turns it. At the last scale nothing is left, and the path is upright.
    """
    width = (terms**2).sum(axis=0) ** -0.5
    reach = width * SCALES[:, None, None] * terms
    turning, falling = (reach / (1 + reach**2)).sum(axis=1), (reach**2 / (1 + reach**2)).sum(axis=1)
    slope = STEEPEST * np.clip(-turning / falling, -1, 1)
    slope[-1] = 0
    return _Path(width, np.diff(slope, axis=0, prepend=0))


def _halves(tilted: Floats, s: Floats, path: _Path, step: float) -> tuple[Floats, Floats]:
    """Sums of the integrand, which is 1 at its peak, over the even and over the odd nodes."""
    sums, first = np.zeros((2, *s.shape)), 0
    while True:
        u = step * np.arange(first, first + BLOCK, dtype=np.float64)[:, None]
        off, direction = path.at(u)
        # A product beyond the doubles is that of a value that counts for nothing.
        with np.errstate(over="ignore", invalid="ignore"):
            factors = np.multiply.reduce(1 - off * tilted[:, None, :], axis=0) * (1 + off / s)
            heights = -1j * direction * np.cosh(u) / factors
        heights = np.where(np.isfinite(factors), heights, 0)
        heights[0] *= 1 if first else 0.5  # the peak, which both halves of the path share
        sums += heights.real[::2].sum(axis=0), heights.real[1::2].sum(axis=0)
        first += BLOCK
        if (np.abs(heights[-2:]) <= NEGLIGIBLE * np.abs(sums).max(axis=0)).all() or first * step > FARTHEST:
            return sums[0], sums[1]


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
        # Where the derivative of that product is zero there is no step of Newton's, and the half is taken.
        with np.errstate(divide="ignore", invalid="ignore"):
            step = s - gradient * room / (curvature * room + gradient * (end - 2 * s))
        s = np.where((step > low) & (step < high), step, (low + high) / 2)
    return s
