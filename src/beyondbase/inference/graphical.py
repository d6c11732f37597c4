"""Family-wise error by graphs: each hypothesis has a share of alpha, and passes it on once it is rejected.

Source: Bretz, Maurer, Brannath and Posch (2009), "A graphical approach to sequentially rejective multiple
test procedures", Statistics in Medicine 28:586, algorithms 1 and 2. Every such procedure is a short cut of
closed testing with weighted Bonferroni tests, so it asks nothing of how the tests hang together; Holm's
(1979) is the graph in which all have the same share and pass it on to all others alike. What is rejected
does not hang on the order in which one goes about it.
"""

from dataclasses import dataclass
from typing import Protocol, Self

import numpy as np
from numpy.typing import ArrayLike

from beyondbase.inference.bounded import Floats

LEAST = 1e-12  # of a share: what rounding leaves of one that was passed on whole


class Procedure(Protocol):
    """Where a sequentially rejective procedure stands."""

    @property
    def shares(self) -> Floats:
        """The share of alpha that each hypothesis has now, shape (hypotheses,); 0 for those rejected."""
        ...

    def without(self, at: int) -> Self:
        """The procedure after the hypothesis at a place was rejected."""
        ...


@dataclass(frozen=True, eq=False)
class Holm:
    """Holm's procedure (1979).

    Attributes:
        open: which hypotheses are not rejected, shape (hypotheses,).
    """

    open: Floats

    @classmethod
    def over(cls, size: int) -> "Holm":
        """The procedure at its start."""
        return cls(np.ones(size))

    @property
    def shares(self) -> Floats:
        """As `Procedure`."""
        shares: Floats = self.open / max(self.open.sum(), 1.0)
        return shares

    def without(self, at: int) -> "Holm":
        """As `Procedure`."""
        left = self.open.copy()
        left[at] = 0.0
        return Holm(left)


@dataclass(frozen=True, eq=False)
class Graph:
    """A graph of hypotheses.

    Attributes:
        shares: of alpha, shape (hypotheses,), none negative, together at most 1.
        passes: the part of its share that the hypothesis of a row passes to that of a column, shape
            (hypotheses, hypotheses), none negative, rows together at most 1, zero on the diagonal.
    """

    shares: Floats
    passes: Floats

    def without(self, at: int) -> "Graph":
        """The graph after a rejection: what led through the hypothesis now leads past it."""
        row, column = self.passes[at], self.passes[:, at]
        # One that would get its share back through the rejected hypothesis passes all of it to the others.
        rest = (1 - column * row)[:, None] + np.zeros_like(self.passes)
        passed = self.passes + np.outer(column, row)
        passes = np.divide(passed, rest, out=np.zeros_like(passed), where=rest > LEAST)
        np.fill_diagonal(passes, 0.0)
        passes[at], passes[:, at] = 0.0, 0.0
        shares = self.shares + self.shares[at] * row
        shares[at] = 0.0
        return Graph(shares, passes)


def adjusted_by(procedure: Procedure, p: ArrayLike) -> Floats:
    """Adjusted p-values, shape (hypotheses,): the least alpha at which the procedure rejects each.

    Bretz et al. (2009), algorithm 2. 1 where a hypothesis has no share, because others that would pass it on
    are not rejected at any alpha.

    Args:
        procedure: at its start.
        p: of its hypotheses.
    """
    values = np.asarray(p, dtype=np.float64)
    adjusted, most = np.ones(len(values)), 0.0
    for _ in values:
        ratios = _ratios(procedure.shares, values)
        at = int(np.argmin(ratios))
        most = max(most, float(ratios[at]))
        if most >= 1:
            break
        adjusted[at] = most
        procedure = procedure.without(at)
    return adjusted


def own_level(procedure: Procedure, p: ArrayLike, at: int, alpha: float) -> float:
    """The greatest p at which a hypothesis is rejected at alpha, the others being as they are.

    That is what it has of alpha when all others that can be rejected before it are.
    """
    others = np.asarray(p, dtype=np.float64).copy()
    others[at] = np.inf
    share = float(at_the_end(procedure, others, alpha).shares[at])
    # Without a share no p is small enough, not even one of 0.
    return alpha * share if share > LEAST else -1.0


def at_the_end(procedure: Procedure, p: ArrayLike, alpha: float) -> Procedure:
    """The procedure after everything that it rejects at alpha."""
    values = np.asarray(p, dtype=np.float64)
    while True:
        ratios = _ratios(procedure.shares, values)
        first = int(np.argmin(ratios))
        if not ratios[first] <= alpha:
            return procedure
        procedure = procedure.without(first)


def _ratios(shares: Floats, p: Floats) -> Floats:
    """P over share, infinite where there is no share."""
    ratios = np.full(len(p), np.inf)
    np.divide(p, shares, out=ratios, where=shares > LEAST)
    return ratios
