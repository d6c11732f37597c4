"""An attack on the conjecture that Gaffke's bound holds, by exact enumeration and an evolving search.

Only one end of the support counts, and scale does not: a law has values from -1, the extra observation's, to
any gain, and mean zero. It puts a few values, so a sample is how many there are of each. The p-value of each
sample is a race: in sum(g_i y_i) > 0 with independent exponential g_i, a gain a and a loss b that meet settle
so that the loss goes with chance a / (a + b), the gain else, because exponential variables have no memory;
the sum is positive if gains are left in the end. Nothing cancels here, and there is no path and no
saddlepoint, so it shares nothing with what the library computes. What is sought is the greatest ratio of the
probability of a p-value as small, to that p-value, over all levels from 1/2 to .0005. More than 1 would end
the conjecture.
"""

from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special
from worst_rows import Finding

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]

SEED = 20_260_101
LEAST_LEVEL, MOST_LEVEL = 5e-4, 0.5
KEPT = 5  # one law of so many is a parent
END = 12.0  # a loss with this logit and more is at the end of the support
INSIDE = 0.9  # ... or at most so much of it, where it is to stay away from the end


@dataclass(frozen=True)
class Shape:
    """Numbers of observations, of values that are losses and of those that are gains."""

    size: int
    losses: int
    gains: int


class Race:
    """p-values of all samples of a shape, for many laws at once."""

    def __init__(self, shape: Shape) -> None:
        kinds, side = shape.losses + shape.gains, shape.size + 1
        every = np.indices((side,) * kinds).reshape(kinds, -1).T
        self._states = every[every.sum(axis=1) <= shape.size]
        self._totals = self._states.sum(axis=1)
        self._place = np.full((side,) * kinds, -1)
        self._place[tuple(self._states.T)] = np.arange(len(self._states))
        self._shape = shape
        self.counts = self._states[self._totals == shape.size]
        ways = special.gammaln(shape.size + 1) - special.gammaln(self.counts + 1).sum(axis=1)
        self._log_ways = ways[:, None]

    def p(self, losses: Floats, gains: Floats) -> Floats:
        """p-value of "the mean is greater" for each sample, shape (samples, laws).

        Args:
            losses: shape (losses, laws), between 0 and 1.
            gains: shape (gains, laws).
        """
        beyond = np.vstack([losses, np.ones((1, losses.shape[1]))])
        # A last row for "the extra observation has gone too": then the sum is positive.
        found = np.zeros((len(self._states) + 1, losses.shape[1]))
        for total in range(self._shape.size + 1):
            rows = np.flatnonzero(self._totals == total)
            below, above = self._racing(rows)
            met = above >= 0
            found[rows[~met]] = 1.0
            rows, below, above = rows[met], below[met], above[met]
            gain, loss = gains[above], beyond[below]
            without_loss = found[self._without(rows, np.where(below < len(losses), below, -1))]
            without_gain = found[self._without(rows, len(losses) + above)]
            found[rows] = (gain * without_loss + loss * without_gain) / (gain + loss)
        return np.asarray(found[self._place[tuple(self.counts.T)]])

    def chances(self, law: Floats) -> Floats:
        """Multinomial probability of each sample, shape (samples, laws), where values have these chances."""
        return np.asarray(np.exp(self._log_ways + self.counts @ np.log(np.maximum(law, 1e-300))))

    def _racing(self, rows: Integers) -> tuple[Integers, Integers]:
        """The loss and the gain that meet: the first that is there; the extra one, or -1, where none is."""
        there = self._states[rows] > 0
        below, above = there[:, : self._shape.losses], there[:, self._shape.losses :]
        first = np.where(below.any(axis=1), below.argmax(axis=1), self._shape.losses)
        return first, np.where(above.any(axis=1), above.argmax(axis=1), -1)

    def _without(self, rows: Integers, kind: Integers) -> Integers:
        """The state with one less of a kind; the last row where the kind is -1, the extra observation."""
        states = self._states[rows].copy()
        own = kind >= 0
        states[np.flatnonzero(own), kind[own]] -= 1
        return np.where(own, self._place[tuple(states.T)], len(self._states))


@dataclass(frozen=True, eq=False)
class Laws:
    """Many laws of one shape, a column each: losses, gains, their chances."""

    losses: Floats
    gains: Floats
    chances: Floats


def laws_of(genes: Floats, shape: Shape, most: float) -> Laws:
    """Laws with mean zero: logits of the losses, logarithms of gains (to a scale) and of chances."""
    loss, gain, log_chance = np.split(genes, [shape.losses, shape.losses + shape.gains])
    losses = most * np.where(loss > END, 1.0, special.expit(loss))
    chances = special.softmax(log_chance, axis=0)
    gains = np.exp(gain - gain.max(axis=0))
    lost = (chances[: shape.losses] * losses).sum(axis=0)
    return Laws(losses, gains * lost / (chances[shape.losses :] * gains).sum(axis=0), chances)


def ratios(race: Race, laws: Laws) -> tuple[Floats, Floats]:
    """Per law the greatest ratio of the chance of a p-value as small to that p-value, and where it is."""
    p = race.p(laws.losses, laws.gains)
    order = np.argsort(p, axis=0)
    p = np.take_along_axis(p, order, axis=0)
    chance = np.cumsum(np.take_along_axis(race.chances(laws.chances), order, axis=0), axis=0)
    ratio = np.where((p >= LEAST_LEVEL) & (p <= MOST_LEVEL), chance / np.maximum(p, LEAST_LEVEL), 0.0)
    best, law = ratio.argmax(axis=0), np.arange(p.shape[1])
    return ratio[best, law], p[best, law]


@dataclass(frozen=True)
class Attack:
    """A search over laws of one shape: so many laws at once, so many times; losses are at most `most`."""

    shape: Shape
    laws: int
    rounds: int
    most: float = 1.0


def findings(plan: Attack) -> list[Finding]:
    """The law with the greatest ratio: parents are the best fifth, children differ from one at any scale."""
    shape = plan.shape
    rng = np.random.default_rng([SEED, shape.size, shape.losses, shape.gains, round(100 * plan.most)])
    race, kinds = Race(shape), shape.losses + shape.gains
    spread = np.repeat([4.0, 2.0, 3.0], [shape.losses, shape.gains, kinds])[:, None]
    genes = spread * rng.standard_normal((2 * kinds, plan.laws))
    ratio, level = ratios(race, laws_of(genes, shape, plan.most))
    for _ in range(plan.rounds):
        best = np.argsort(-ratio)[: plan.laws // KEPT]
        children = _children(genes[:, rng.choice(best, plan.laws)], rng)
        further = ratios(race, laws_of(children, shape, plan.most))
        genes = np.hstack([genes[:, best], children])
        ratio, level = np.append(ratio[best], further[0]), np.append(level[best], further[1])
    first = int(np.argmax(ratio))
    law = laws_of(genes[:, [first]], shape, plan.most)
    name = "any mean" if plan.most == 1 else f"any mean, no loss beyond {plan.most:g} of the reach"
    rejected = float(ratio[first] * level[first])
    return [Finding("attack", name, shape.size, float(level[first]), rejected, 0.0, None, _words(law))]


def _children(parents: Floats, rng: np.random.Generator) -> Floats:
    scale = 10 ** rng.uniform(-3, 0.5, (1, parents.shape[1]))
    some = rng.random(parents.shape) < rng.uniform(0.15, 1, (1, parents.shape[1]))
    return parents + scale * some * rng.standard_normal(parents.shape)


def _words(law: Laws) -> str:
    values = np.concatenate([-law.losses[:, 0], law.gains[:, 0]])
    pairs = zip(values, law.chances[:, 0], strict=True)
    return ", ".join(f"{value:+.4g} with chance {chance:.4g}" for value, chance in pairs)
