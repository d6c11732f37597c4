"""Family-wise error over the verdicts of a study, or over other tests."""

import numpy as np
from numpy.typing import ArrayLike

from beyondbase.inference.bounded import Floats


def holm(p: ArrayLike, *, weights: ArrayLike | None = None) -> Floats:
    """Holm-adjusted p-values (Holm 1979, section 3), in the order given, shape (hypotheses,).

    With weights (section 4) the hypotheses are taken by p / weight, and each is rejected as long as all
    before it are and its p is at most alpha times its share of the weights of those that are left. That asks
    nothing of how the tests hang together. An adjusted p is at most alpha where the hypothesis is rejected
    at alpha, and only there.

    Args:
        p: p-values.
        weights: how much of alpha each hypothesis starts with, in any unit; all alike if None.

    Raises:
        ValueError: not one positive weight per hypothesis.
    """
    if weights is not None:
        return _weighted(np.asarray(p, dtype=np.float64), np.asarray(weights, dtype=np.float64))
    # statsmodels takes over a second to import, and only a judged family needs it.
    from statsmodels.stats.multitest import multipletests  # noqa: PLC0415

    array = np.asarray(p, dtype=np.float64)
    if array.size == 0:
        return array
    return np.asarray(multipletests(array, method="holm")[1], dtype=np.float64)


def _weighted(p: Floats, weights: Floats) -> Floats:
    if weights.shape != p.shape or not (weights > 0).all():
        raise ValueError(f"{p.size} p-values need as many positive weights, found {weights.tolist()}")
    order = np.argsort(p / weights, kind="stable")
    left = np.cumsum(weights[order][::-1])[::-1]
    adjusted = np.empty_like(p)
    adjusted[order] = np.minimum(np.maximum.accumulate(p[order] * (left / weights[order])), 1.0)
    return adjusted
