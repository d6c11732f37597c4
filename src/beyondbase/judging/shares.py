"""What share of alpha each verdict of a family has, and to which others it passes once it is decided.

The family is a claim with all its cases, or the whole study. In the family of a claim the cases of a pair
belong together: the one over all tasks stands before those of its tasks, because it asks the user's question
and has most evidence; four fifths of the share of the pair are its own. The last fifth lets a task be decided
where the tasks differ and all of them together say nothing. Pairs with an arm that the study calls secondary
start with nothing. Once it is decided, a case over all tasks passes one half to its tasks and one half to
other pairs; a task passes its share to what is left of its pair, and to other pairs when nothing is.
"""

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from beyondbase.inference.bounded import Floats
from beyondbase.inference.graphical import Graph, Holm, Procedure, adjusted_by
from beyondbase.judging.case import Case
from beyondbase.judging.claim import Claim
from beyondbase.study.kinds import FamilyOf

FIRST = 0.8  # of a pair's share, of the case over all its tasks
ONWARD = 0.5  # of the share of a decided case over all tasks, to other pairs
NEARLY_NONE = 2.0**-16  # to other pairs, as long as a case of its own pair is open


@dataclass(frozen=True, eq=False)
class Shared:
    """A family of verdicts.

    Attributes:
        places: of its verdicts among those of the study.
        procedure: that keeps the error over them.
    """

    places: tuple[int, ...]
    procedure: Procedure


@dataclass(frozen=True)
class Pair:
    """The places of the cases of one pair, or of one group of arms, within its family.

    Attributes:
        pooled: of the case over all tasks, if there is one.
        tasks: of those on single tasks, one or more.
        secondary: whether they start with nothing.
    """

    pooled: int | None
    tasks: tuple[int, ...]
    secondary: bool = False

    def shared(self, size: int, first: float) -> Floats:
        """How the pair divides a share of 1 among its cases, shape (size,)."""
        shares = np.zeros(size)
        shares[list(self.tasks)] = (1.0 if self.pooled is None else 1 - first) / len(self.tasks)
        if self.pooled is not None:
            shares[self.pooled] = first
        return shares


def families(found: Sequence[tuple[Claim, Case]], over: FamilyOf) -> list[Shared]:
    """The families of a study's verdicts, in the order of their first verdict.

    Args:
        found: claim and case of every verdict.
        over: what makes a family.
    """
    if over == "study":
        return [Shared(tuple(range(len(found))), Holm.over(len(found)))] if found else []
    places: dict[str, list[int]] = defaultdict(list)
    for place, (claim, _) in enumerate(found):
        places[claim.id].append(place)
    return [
        Shared(tuple(some), graph(pairs_of([found[place][1] for place in some]), len(some)))
        for some in places.values()
    ]


def adjusted_over(shared: Sequence[Shared], p: Sequence[float]) -> list[float]:
    """The adjusted p of every verdict, family by family."""
    adjusted = list(p)
    for some in shared:
        found = adjusted_by(some.procedure, [p[place] for place in some.places])
        for place, value in zip(some.places, found.tolist(), strict=True):
            adjusted[place] = value
    return adjusted


def graph(pairs: Sequence[Pair], size: int, *, first: float = FIRST) -> Graph:
    """The graph of a claim's cases; see the head of this module.

    Args:
        pairs: all that the claim is judged on.
        size: number of its cases.
        first: of a pair's share, that of the case over all its tasks.
    """
    leading = [pair for pair in pairs if not pair.secondary] or pairs
    shares = _mean([pair.shared(size, first) for pair in leading], size)
    passes = np.zeros((size, size))
    for pair in pairs:
        ranks = [
            [one.shared(size, first) for one in pairs if one is not pair and one.secondary is secondary]
            for secondary in (False, True)
        ]
        onward = _mean([_mean(some, size) for some in ranks if some], size)
        for place in (*pair.tasks, *(() if pair.pooled is None else (pair.pooled,))):
            away = ONWARD if place == pair.pooled else NEARLY_NONE
            passes[place] = _mixed(_rest(pair, place, size), onward, away)
    return Graph(shares, passes)


def pairs_of(cases: Sequence[Case]) -> list[Pair]:
    """The cases of a claim by the arms that they are about."""
    places: dict[tuple[str, ...], list[int]] = defaultdict(list)
    for place, case in enumerate(cases):
        places[case.base, case.label, *case.others].append(place)
    return [_pair(some, cases) for some in places.values()]


def _pair(places: Sequence[int], cases: Sequence[Case]) -> Pair:
    pooled = next((place for place in places if cases[place].parts), None)
    case = cases[places[0]]
    secondary = all(case.arm(name).secondary for name in case.others)
    return Pair(pooled, tuple(place for place in places if place != pooled), secondary)


def _rest(pair: Pair, place: int, size: int) -> Floats:
    """How a decided case divides what stays in its pair: one half for that over all tasks, if it has one."""
    rest = np.zeros(size)
    others = [task for task in pair.tasks if task != place]
    rest[others] = 1 / max(len(others), 1)
    if pair.pooled not in {None, place}:
        rest[pair.pooled] = rest.sum() or 1.0
    return rest / (rest.sum() or 1.0)


def _mixed(here: Floats, onward: Floats, away: float) -> Floats:
    """A part `away` of what is passed goes onward, unless one of the two ways leads nowhere."""
    if not (here.any() and onward.any()):
        return here + onward
    return (1 - away) * here + away * onward


def _mean(parts: Sequence[Floats], size: int) -> Floats:
    return np.asarray(np.sum(parts, axis=0) / max(len(parts), 1) + np.zeros(size), dtype=np.float64)
