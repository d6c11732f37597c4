"""From which k one curve stays ahead of another: an interval for the crossing, by tests in a fixed order."""

from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike, NDArray

from beyondbase.inference.bounded import Values, p_greater, p_less


@dataclass(frozen=True)
class Crossover:
    """Where the base overtakes for good: the estimate and its interval.

    Attributes:
        k: smallest k from which the estimated difference stays below zero; None if it does not.
        lower: one above the last k up to which RL is shown to lead; 1 where it is not shown at the first.
        upper: k from which the base is shown to lead; None where that is not shown at the last.
    """

    k: int | None
    lower: int
    upper: int | None


def crossover_interval(ks: ArrayLike, values: Values, k: int | None, *, alpha: float = 0.05) -> Crossover:
    """Confidence set for the k at which the base overtakes for good, each side by a fixed sequence of tests.

    "RL leads at k" is tested from the first k upwards and "the base leads at k" from the last k downwards,
    one by one at alpha / 2, until a test does not reject. The crossing lies above the last k of the first
    sequence, and not above the last of the second.

    Each side errs with probability at most alpha / 2, with no adjustment for the number of k (tests in a
    fixed order: Maurer, Hothorn and Lehmacher 1995). Upwards, the hypotheses are "the crossing is at most k".
    They are nested: where one is true, all later ones are. To say something false the first true one must be
    rejected, and there the base leads, so its test does that with probability at most alpha / 2; all others
    count only after it. Downwards, with "the crossing is above k", the same holds: at the first true one the
    base does not lead, unless the curve falls below zero there and comes back before the next k of the grid.

    Args:
        ks: increasing grid of k, shape (columns,).
        values: per-problem differences, RL minus base, one column per k.
        k: the estimate, from `estimators.crossover`.
        alpha: chance that the interval misses the crossing, or has an upper end where there is none.
    """
    grid = np.asarray(ks, dtype=np.int64)
    leads = _unbroken(p_greater(values) <= alpha / 2)
    trails = _unbroken(p_less(values)[::-1] <= alpha / 2)
    return Crossover(
        k=k,
        lower=int(grid[leads - 1]) + 1 if leads else 1,
        upper=int(grid[-trails]) if trails else None,
    )


def _unbroken(shown: NDArray[np.bool_]) -> int:
    """How many of them are true before the first that is not."""
    return int(np.cumprod(shown).sum())
