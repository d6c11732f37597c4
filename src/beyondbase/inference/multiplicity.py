"""Holm's adjustment, where hypotheses may start with unequal shares of alpha."""

import numpy as np
from numpy.typing import ArrayLike

from beyondbase.inference.bounded import Floats


def holm(p: ArrayLike, *, weights: ArrayLike | None = None) -> Floats:
    """Holm-adjusted p-values (Holm 1979, sections 3 and 4), in the order given, shape (hypotheses,).

    The hypotheses are taken by p / weight, and each is rejected as long as all before it are and its p is at
    most alpha times its share of the weights of those that are left. That asks nothing of how the tests hang
    together. An adjusted p is at most alpha where the hypothesis is rejected at alpha, and only there.

    Args:
        p: p-values.
        weights: how much of alpha each hypothesis starts with, in any unit; all alike if None.

    Raises:
        ValueError: not one positive weight per hypothesis.
    """
    values = np.asarray(p, dtype=np.float64)
    shares = np.ones_like(values) if weights is None else np.asarray(weights, dtype=np.float64)
    if shares.shape != values.shape or not (shares > 0).all():
        raise ValueError(f"{values.size} p-values need as many positive weights, found {shares.tolist()}")
    order = np.argsort(values / shares, kind="stable")
    left = np.cumsum(shares[order][::-1])[::-1]
    adjusted = np.empty_like(values)
    adjusted[order] = np.minimum(np.maximum.accumulate(values[order] * (left / shares[order])), 1.0)
    return adjusted
