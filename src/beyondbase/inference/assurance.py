"""How much more data would show what a pilot suggests: predictive power by simulation.

More problems are added to those at hand, so the pilot counts twice: it is part of what will be judged, and
it says what the rest will be like. The rest is drawn from two kinds of laws, half of the draws each. The
first is the law that was observed: the truth is as it looks. The second are laws that the pilot leaves open,
from its posterior by the Bayesian bootstrap (Rubin 1981), with half an observation more at the unfavourable
end of the support, as in Jeffreys' prior of a share, so that 0 of 118 is not taken for never. Power over a
posterior is the predictive power of Spiegelhalter and Freedman (1986), the assurance of O'Hagan, Stevens and
Campbell (2005). Alone it asks for so much that a truth which is as it looks is nearly always shown; power at
the estimate alone asks for so little that of the truths left open a third is not. The size told is about the
least at which the mean of the two is .8, so that either is about .7 to .9 (docs/remedies.md).
"""

from bisect import bisect_left, bisect_right
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import sqrt

import numpy as np
from scipy import special

from beyondbase.inference.counted import ALIKE, counted, shows_gain
from beyondbase.inference.tails import Floats

POWER = 0.8
POWER_OF_SEVERAL = 0.9  # where all of several effects must be shown: both of two then are with .8 at least
SUGGESTIVE = 0.1
NEARBY = 6
FAR = 100
DRAWS = 200
JEFFREYS = 0.5
# Numbers with no more than two digits before their zeros: "about" has no more to say.
ROUND = (*range(1, 100), *(digits * 10**zeros for zeros in range(1, 9) for digits in range(10, 100)))
STRIDE = 8
NORMAL_SCORES = special.ndtri((np.arange(DRAWS // 2) + 0.5) / (DRAWS // 2))


@dataclass(frozen=True, eq=False)
class Pilot:
    """The data at hand on one side of a threshold.

    Attributes:
        gains: by how much each unit of resampling speaks for this side: the distance from the threshold,
            summed over its problems, shape (units,).
        sizes: problems in each unit, shape (units,).
        worst: gain of a problem at the unfavourable end of the support; None where there is no such end,
            and Student's test is used.
        noise: mean sampling variance of a problem's value; NaN where unknown, or where more samples per
            problem would change the effect itself (shares of solved problems).
        samples: least samples per problem.
        looks: what the p of this effect was multiplied with, because it is the best of several.
        kept_k: the k of the effect, where it would grow with the samples unless the study sets it.
    """

    gains: Floats
    sizes: Floats
    worst: float | None
    noise: float
    samples: int
    looks: float = 1.0
    kept_k: int | None = None

    @property
    def favourable(self) -> bool:
        """Whether the estimate lies on this side, and not at the threshold but for rounding."""
        return float(self.gains.sum()) > ALIKE * float(np.abs(self.gains).sum())


@dataclass(frozen=True)
class Remedy:
    """What would probably show an effect, in round numbers.

    Attributes:
        more: units of resampling to add; None where a hundredfold would not do.
        samples: samples on each of the problems at hand, those at hand included; None where a hundredfold
            would not do.
        promised: whether the truth is unlikely to be at the threshold, where nothing would do. If not, the
            numbers hold for a truth that is as it looks.
    """

    more: int | None
    samples: int | None
    promised: bool


def remedy(pilot: Pilot, level: float, p: float, *, power: float = POWER, seed: int = 0) -> Remedy:
    """About the least sizes at which an effect would be shown with a chance of `power`.

    A promise wants a p of at most .1 at hand, and that no more than six times the data do: beyond that, what
    the pilot leaves open is too wide for one number. So at most one pilot in ten gets one whose truth is at
    the threshold, or beyond it.

    Args:
        pilot: the data at hand, on the side on which the estimate lies.
        level: one-sided level at which the effect must be shown.
        p: its p-value at hand.
        power: chance to show it.
        seed: of the draws.
    """
    search = _Search(pilot, level / pilot.looks, power, seed, growth(level, p))
    more = search.more(NEARBY, left_open=True) if p <= SUGGESTIVE else None
    promised = more is not None
    if not promised:
        more = search.more(FAR, left_open=False)
    return Remedy(more, search.samples(left_open=promised), promised)


def growth(level: float, p: float) -> float:
    """To how many times their size data of this p must grow to reach a level, roughly.

    A normal score grows as the root of the size.
    """
    score = max(-float(special.ndtri(p)), 1 / FAR)
    return ((float(-special.ndtri(level)) + 1) / score) ** 2


@dataclass(frozen=True, eq=False)
class _Search:
    pilot: Pilot
    level: float
    power: float
    seed: int
    growth: float

    def more(self, reach: int, *, left_open: bool) -> int | None:
        """Units to add, up to `reach` times those at hand."""
        units = len(self.pilot.gains)
        sizes = ROUND[: bisect_right(ROUND, (reach - 1) * units)]
        chance = _chance_of_units(self.pilot, self.level, self.seed, left_open=left_open)
        return _least(chance, sizes, (self.growth - 1) * units, self.power)

    def samples(self, *, left_open: bool) -> int | None:
        """Samples per problem, up to a hundred times those at hand."""
        at_hand = self.pilot.samples
        sizes = ROUND[bisect_right(ROUND, at_hand) : bisect_right(ROUND, FAR * at_hand)]
        chance = _chance_of_samples(self.pilot, self.level, left_open=left_open)
        return _least(chance, sizes, self.growth * at_hand, self.power) if chance else None


def _chance_of_units(pilot: Pilot, level: float, seed: int, *, left_open: bool) -> Callable[[int], float]:
    """Chance to show the effect with so many more units, drawn from laws like the pilot's."""
    values, counts = counted(pilot.gains)
    prior = np.zeros_like(counts)
    worst = None
    if pilot.worst is not None:
        worst = pilot.worst * float(pilot.sizes.max())
        values = np.append(values, pilot.worst * pilot.sizes.mean())
        counts, prior = np.append(counts, 0.0), np.append(prior, JEFFREYS)
    observed = np.tile(counts / counts.sum(), (DRAWS, 1))
    draws = np.random.default_rng([seed, 1]).standard_gamma(counts + prior, (DRAWS, len(counts)))
    others = draws / draws.sum(axis=1, keepdims=True) if left_open else observed
    laws = np.vstack([observed, others])

    def chance(more: int) -> float:
        new = np.random.default_rng([seed, 2]).multinomial(more, laws)
        return float(shows_gain(values[:, None], (counts + new).T, worst, level).mean())

    return chance


def _chance_of_samples(pilot: Pilot, level: float, *, left_open: bool) -> Callable[[int], float] | None:
    """Chance to show the effect with so many samples on the same problems; None where there is no noise.

    With n' instead of n samples, those at hand included, the sampling variance w of a unit's gain falls to
    w n / n', and the spread between units with it. The mean gain moves by a normal amount of variance
    (w / units) (1 - n / n'), times n / n' where the truth is as it looks.
    """
    units = len(pilot.gains)
    spread = float(pilot.gains.var(ddof=1)) if units > 1 else 0.0
    noise = min(pilot.noise * float(pilot.sizes.mean()), spread)
    if not noise > 0:
        return None
    values, counts = counted(pilot.gains)
    mean = float(pilot.gains.mean())
    worst = None if pilot.worst is None else pilot.worst * float(pilot.sizes.max())

    def chance(samples: int) -> float:
        rest = pilot.samples / samples
        kept = sqrt(1 - noise / spread * (1 - rest))
        move = sqrt(noise / units * (1 - rest))
        as_it_looks = move * sqrt(rest)
        moves = np.outer([as_it_looks, move if left_open else as_it_looks], NORMAL_SCORES).ravel()
        gains = mean + kept * (values - mean)[:, None] + moves
        return float(shows_gain(gains, np.repeat(counts[:, None], len(moves), axis=1), worst, level).mean())

    return chance


def _least(chance: Callable[[int], float], sizes: Sequence[int], guess: float, power: float) -> int | None:
    """About the least of increasing sizes at which the chance is `power`; None if it is not at any."""
    low, high, stride = -1, len(sizes), STRIDE
    at = min(bisect_left(sizes, guess), high - 1)
    while high - low > 1:
        if chance(sizes[at]) >= power:
            high = at
        else:
            low = at
        if low >= 0 and high < len(sizes):
            at = (low + high) // 2
        else:
            at = max(at - stride, 0) if low < 0 else min(at + stride, len(sizes) - 1)
            stride *= 2
    return sizes[high] if high < len(sizes) else None
