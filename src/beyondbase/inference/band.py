"""Simultaneous (sup-t) bands over a grid of k, and what follows from them.

Given the data, the multiplier bootstrap with normal weights of the studentised means is exactly a
normal vector with the correlation matrix of the columns. So the replicates are drawn in as many
dimensions as there are k, not problems: the same law, hundreds of times cheaper. Their greatest
absolute value gives the common level of all columns (the quantile form of the sup-t band, Montiel
Olea and Plagborg-Moller 2019, algorithm 2), and `bounded` the limits of each column at that level.

Neighbouring k are nearly the same column, so a root of the correlation matrix magnifies rounding. Here it
is |U| = (U'U)^(1/2), of the matrix U of studentised columns itself. It hangs on no order of the problems,
and moves by no more than sqrt(2) |dU| where U moves by dU (Frobenius norms; Araki and Yamagami 1981).
Columns that nearly coincide count once; what is near is no sharp border but the mean over a range.

So the replicates move by about as much as the data: a perturbation of all values by 1e-15 of the width of
their support moves limits and p-values by less than 1e-12 where the values of no column are all alike, and
by less than 1e-9 else. Permuted problems, and columns that are there once more behind the first of their
kind, are no more than that.
"""

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
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
# Distances of studentised columns, which have length 1, between which they come to count as one.
NEAR = (1e-4, 4e-4)
# Root mean square of a column's deviations, in widths of the support, far below which it has no spread.
LEAST_SPREAD = 1e-5


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


def simultaneous_band(values: Values, *, alpha: float = 0.05, draws: int = DRAWS, seed: int = 0) -> Band:
    """Band that holds all column means at once with probability about 1 - `alpha`.

    Args:
        values: per-problem values, one column per k.
        alpha: chance that any column leaves the band.
        draws: replicates of the greatest studentised deviation.
        seed: of the replicates; recorded in the results.

    Source: sup-t band after Montiel Olea and Plagborg-Moller (2019); coverage in docs/calibration.md.
    """

    def quantile(root: Floats) -> float:
        return float(np.quantile(np.abs(_normals(root, draws, seed) @ root).max(axis=1), 1 - alpha))

    critical = sum(share * quantile(root) for share, root in _roots(values))
    tail = float(special.ndtr(-critical))
    return Band(values.mean, lower_limit(values, tail), upper_limit(values, tail), tail)


def p_any_less(values: Values, than: float = 0.0) -> float:
    """p-value against "every column mean is at least `than`": some mean is shown to be less.

    The smallest p over the columns times their number (Bonferroni): valid however the columns hang together.
    Their joint law cannot be learned from few problems, where the ones that decide may not be among those
    that were drawn; so no adjustment by it holds for every law.
    """
    p = p_less(values, than)
    return min(1.0, float(p.min()) * p.size)


def p_all_greater(values: Values, than: float = 0.0) -> float:
    """p-value against "some column mean is at most `than`": all means are shown to be greater.

    Intersection-union test (Berger 1982): each column at full level, so the largest p.
    """
    return float(p_greater(values, than).max())


def _roots(values: Values) -> Iterator[tuple[float, Floats]]:
    """Symmetric roots of the correlation of the columns that are apart, with their shares of 1.

    What counts as apart lies between the two ends of `NEAR`; the shares are those of its logarithm that give
    the same columns. Mostly there is but one.
    """
    triangle = np.asarray(np.linalg.qr(_studentised(values), mode="r"))
    distance = np.linalg.norm(triangle[:, :, None] - triangle[:, None, :], axis=0)
    at, end = NEAR
    while at < end:
        kept = _apart(distance, at)
        among = distance[np.ix_(kept, kept)]
        until = min(end, float(among[among > at].min(initial=np.inf)))
        _, size, axes = np.linalg.svd(triangle[:, kept], full_matrices=False)
        yield float(np.log(until / at) / np.log(end / NEAR[0])), axes.T * size @ axes
        at = until


def _studentised(values: Values) -> Floats:
    """Deviations from the mean, each column of length 1, shape (units + 1, columns).

    A further row, the same for all columns, is longest where a column has no spread: such columns say nothing
    of their correlation, and share one independent draw.
    """
    centred = values.sums - values.sizes[:, None] * values.mean
    spread = LEAST_SPREAD * (values.high - values.low) * np.linalg.norm(values.sizes)
    rows = np.vstack([centred, np.full(values.mean.shape, spread)])
    return np.asarray(rows / np.linalg.norm(rows, axis=0))


def _apart(distance: Floats, near: float) -> list[int]:
    """The columns that are no nearer than this to one that stands before them."""
    kept: list[int] = []
    for column in range(len(distance)):
        if (distance[column, kept] > near).all():
            kept.append(column)
    return kept


def _normals(root: Floats, draws: int, seed: int) -> Floats:
    """Independent normal vectors, shape (draws, columns of the root)."""
    return np.random.default_rng(seed).standard_normal((draws, len(root)))
