"""How few accepted answers would have to be wrong for a finding to fall: a bound from above.

No law of slips is assumed: the counts are changed, and the finding is tested again. Every answer that turns
wrong lowers the value of its problem, so the finding is the less shown the more of them do. The least number
is a knapsack with a test in place of the weight; it is sought greedily, so what is told makes the finding
fall, and fewer might. tests/test_fragility.py holds it against all subsets in small cases.
"""

from bisect import bisect_left
from collections.abc import Callable
from dataclasses import dataclass
from typing import TypeAlias

import numpy as np
from numpy.typing import ArrayLike, NDArray
from scipy import optimize

from beyondbase.inference.bounded import Floats, values_of

Integers: TypeAlias = NDArray[np.int64]
DIGITS = 9  # of what an answer weighs: nothing that rounding decides
EDGE = 1e-9


@dataclass(frozen=True, eq=False)
class Moves:
    """Accepted answers that may turn wrong: one item per problem and arm that the finding favours.

    Attributes:
        problem: row of the item's problem.
        accepted: answers that were accepted.
        fall: by how much the value of the item's problem falls where so many of each are wrong, shape
            (items,).
        in_parts: whether some of an item's answers may do more, each, than all of them, as where problems
            count that are nearly always solved.
    """

    problem: Integers
    accepted: Integers
    fall: Callable[[Integers], Floats]
    in_parts: bool = False


def fewest_wrong(
    values: Floats,
    moves: Moves,
    shown: Callable[[Floats], bool],
    *,
    low: float,
    clusters: ArrayLike | None = None,
) -> Integers | None:
    """Numbers of wrong answers, item by item, at which a finding is no more shown; None if it always is.

    Args:
        values: by how much each problem speaks for the finding, less the threshold, shape (problems,).
        moves: what may turn wrong.
        shown: whether values show the finding.
        low: least possible value of a problem.
        clusters: label per problem, or None.
    """
    if not moves.problem.size or shown(_fallen(values, moves, moves.accepted)):
        return None
    weigh = _Scale(values, low, clusters)
    items, counts = _parts(moves, weigh) if moves.in_parts else _whole(moves, weigh)

    def taken(steps: int) -> Integers:
        return np.bincount(items[:steps], counts[:steps], len(moves.accepted)).astype(np.int64)

    def falls(steps: int) -> bool:
        return not shown(_fallen(values, moves, taken(steps)))

    steps = bisect_left(range(len(items) + 1), x=True, key=falls)
    if steps > len(items):  # the rest of each item's answers, of which none seemed to do anything
        return moves.accepted
    return _completed(values, moves, shown, weigh, taken(steps - 1), taken(steps))


def _whole(moves: Moves, weigh: "_Scale") -> tuple[Integers, Integers]:
    """Items with all their answers, by what an answer weighs."""
    worth = _rounded(weigh(moves, moves.accepted) / moves.accepted)
    order = np.lexsort((moves.problem, moves.accepted, -worth))
    return order, moves.accepted[order]


def _parts(moves: Moves, weigh: "_Scale") -> tuple[Integers, Integers]:
    """Items in parts, by what an answer weighs after those before it.

    They are the pieces of the least concave curve above what so many answers weigh: antitonic regression of
    the increments (Barlow and others 1972, section 1.2).
    """
    most = int(moves.accepted.max())
    weights = np.array([weigh(moves, np.minimum(count, moves.accepted)) for count in range(most + 1)])
    more, pieces = np.diff(weights, axis=0), []
    for item, accepted in enumerate(moves.accepted.tolist()):
        found = optimize.isotonic_regression(_rounded(more[:accepted, item], more.max()), increasing=False)
        starts = found.blocks[:-1]
        pieces.append(np.array([np.full(len(starts), item), starts, np.diff(found.blocks), found.x[starts]]))
    items, starts, counts, worth = np.hstack(pieces)
    order = np.lexsort((items, starts, -_rounded(worth)))
    return items[order].astype(np.int64), counts[order].astype(np.int64)


def _completed(  # noqa: PLR0913, PLR0917 - the state of one search
    values: Floats,
    moves: Moves,
    shown: Callable[[Floats], bool],
    weigh: "_Scale",
    taken: Integers,
    enough: Integers,
) -> Integers:
    """Add the fewest answers of any one further item that make it fall, at most those of `enough`."""
    free = taken == 0

    def added(count: int) -> Integers:
        part = np.where(free, np.minimum(count, moves.accepted), 0)
        best = int(np.argmax(np.where(free, _rounded(weigh(moves, part)), -1)))
        more = taken.copy()
        more[best] += part[best]
        return more

    counts = range(1, int((enough - taken).sum()))
    place = bisect_left(counts, x=True, key=lambda count: not shown(_fallen(values, moves, added(count))))
    return added(counts[place]) if place < len(counts) else enough


def _fallen(values: Floats, moves: Moves, wrong: Integers) -> Floats:
    fallen = values.copy()
    np.subtract.at(fallen, moves.problem, moves.fall(wrong))
    return fallen


def _rounded(values: Floats, peak: float | None = None) -> Floats:
    peak = peak or float(np.abs(values).max()) or 1.0
    return np.asarray(np.round(values / peak, DIGITS))


class _Scale:
    """What falls weigh: by how much they raise the exponent of the tail area, at its saddlepoint."""

    def __init__(self, values: Floats, low: float, clusters: ArrayLike | None) -> None:
        found = values_of(
            values, support=(min(low, float(values.min())), float(values.max())), clusters=clusters
        )
        sums, unit = -found.sums[:, 0], np.arange(len(values))
        if clusters is not None:
            unit = np.unique(np.asarray(clusters), return_inverse=True)[1]
        terms = np.append(sums, -found.low * found.sizes.max())
        self._s = _saddlepoint(terms)
        self._tilted = (self._s / (1 - self._s * sums))[unit]

    def __call__(self, moves: Moves, wrong: Integers) -> Floats:
        weight: Floats = -np.log1p(-np.minimum(self._tilted[moves.problem] * moves.fall(wrong), 1 - EDGE))
        return weight


def _saddlepoint(terms: Floats) -> float:
    """Root above zero of sum y / (1 - s y); where there is none, next to zero: falls weigh by their size."""
    size = float(np.abs(terms).max()) or 1.0
    if terms.max() <= EDGE * size or terms.sum() >= 0:
        return EDGE / size

    def gradient(s: float) -> float:
        return float((terms / (1 - s * terms)).sum())

    return float(optimize.brentq(gradient, 0.0, (1 - EDGE) / float(terms.max())))
