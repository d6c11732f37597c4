"""Statements that an effect is above or below a threshold, tried with slips of the grader."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from beyondbase.inference.bounded import Floats, p_greater, values_of
from beyondbase.inference.fragility import Moves, fewest_wrong
from beyondbase.inference.tipping import Integers, p_with_slips
from beyondbase.judging.slips import Counted, OftenSolved, PassSum, SeldomSolved, Source

Wrong: TypeAlias = dict[str, Integers]
TIE = 1e-9


@dataclass(frozen=True, eq=False)
class Threshold:
    """The statement that an effect is above a threshold, or below it, to be tried with slips.

    Attributes:
        source: of the effect.
        than: the threshold.
        clusters: label per problem, or None.
        above: whether the statement is "above".
        columns: of an effect over a grid of k, those at which it is looked for against it; None where there
            is but one k. "Above" then means at every k, its opposite at one of these columns.
    """

    source: Source
    than: float
    clusters: Sequence[str] | None
    above: bool = True
    columns: NDArray[np.bool_] | None = None

    def opposite(self) -> "Threshold":
        """The statement turned round."""
        return replace(self, above=not self.above)

    def shown(self, share: float, level: float, *, support: bool, alike: bool) -> bool:
        """Whether the statement, or without `support` its opposite, is shown for all slips up to a share."""
        up = self.above == support
        if self.columns is None:
            return bool(self._p(share, up=up, alike=alike)[0] <= level)
        if not up:
            p = self._p(share, up=up, alike=alike, columns=self.columns)
            return bool(p.min() * p.size <= level)
        last = np.arange(len(self.columns)) == len(self.columns) - 1
        # What slips do grows with k, so most that are not shown at all k are not shown at the last.
        parts = (some for some in (last, ~last) if some.any())
        return all((self._p(share, up=up, alike=alike, columns=some) <= level).all() for some in parts)

    def fewest_wrong(self, level: float, *, support: bool) -> Wrong | None:
        """Answers per arm and problem that, if wrong, leave it open at a level; None if no number does."""
        up = self.above == support
        if self.columns is None or not isinstance(self.source, PassSum):
            return self._fewest_at_one(level, up=up)
        p = self._p(0.0, up=up, alike=False)
        if up:
            weakest = {int(np.argmax(p >= p.max() - TIE)), len(p) - 1}
            ways = [self._at(column).fewest_wrong(level, support=support) for column in sorted(weakest)]
            return fewest([way for way in ways if way is not None])
        count = int(self.columns.sum())
        surest = np.flatnonzero(self.columns & (p * count <= level))
        return together([self._at(int(at)).fewest_wrong(level / count, support=support) for at in surest])

    def _at(self, column: int) -> "Threshold":
        if not isinstance(self.source, PassSum):
            raise TypeError(f"{self.source} has no grid of k")
        return replace(self, source=self.source.at(column), columns=None)

    def _fewest_at_one(self, level: float, *, up: bool) -> Wrong | None:
        arms = {arm.name: (arm, np.flatnonzero(arm.c)) for arm in self.source.favoured(up=up)}
        if not arms:
            return None
        found = self.source.effect.slipped(0.0, up=up, alike=False)
        threshold = self.than if up else -self.than
        low, high = found.low - threshold, found.high - threshold

        def fall(wrong: Integers) -> Floats:
            parts = _by_arm(arms, wrong)
            falls = (self.source.fall(arm, parts[name], up=up)[rows] for name, (arm, rows) in arms.items())
            return np.concatenate([*falls])

        def shown(values: Floats) -> bool:
            kept = values_of(values, support=(low, high), clusters=self.clusters)
            return bool(p_greater(kept)[0] <= level)

        moves = Moves(
            np.concatenate([rows for _, rows in arms.values()]),
            np.concatenate([arm.c[rows] for arm, rows in arms.values()]),
            fall,
            isinstance(self.source, OftenSolved | SeldomSolved),
        )
        wrong = fewest_wrong(found.values[:, 0] - threshold, moves, shown, low=low, clusters=self.clusters)
        return None if wrong is None else _by_arm(arms, wrong)

    def _p(self, share: float, *, up: bool, alike: bool, columns: NDArray[np.bool_] | None = None) -> Floats:
        found = self.source.effect.slipped(share, up=up, alike=alike)
        if columns is not None:
            found = found._replace(values=found.values[:, columns], scale=found.scale[columns])
        return p_with_slips(found, self.than if up else -self.than, clusters=self.clusters)


def fewest(ways: Sequence[Wrong]) -> Wrong | None:
    """The way with the fewest wrong answers, the first of those that have as few."""
    return min(ways, key=answers, default=None)


def together(ways: Sequence[Wrong | None]) -> Wrong | None:
    """All of several ways at once; None where one is not there or another arm would have to be wrong.

    What is wrong for one statement makes another of the same arm weaker too, but one of another arm stronger.
    """
    known = [way for way in ways if way is not None]
    if not ways or len(known) < len(ways) or any(way.keys() != known[0].keys() for way in known):
        return None
    return {arm: np.max([way[arm] for way in known], axis=0) for arm in known[0]}


def answers(wrong: Wrong) -> int:
    """How many answers are wrong."""
    return int(sum(part.sum() for part in wrong.values()))


def _by_arm(arms: Mapping[str, tuple[Counted, Integers]], wrong: Integers) -> Wrong:
    """Numbers of wrong answers of every problem, by arm, from those of the problems with accepted ones."""
    found: Wrong = {}
    for name, (arm, rows) in arms.items():
        found[name] = np.zeros(len(arm.c), dtype=np.int64)
        found[name][rows], wrong = wrong[: rows.size], wrong[rows.size :]
    return found
