"""The largest error of a test of a mean, over laws of two values whose mean is the threshold.

A problem's value is the threshold plus a gain with probability 1 - q, and minus a loss else; q = gain /
(gain + loss) puts the mean at the threshold, where any rejection is an error. The number of losses among m
problems decides, and the p-value grows with it. So a test that still rejects at j losses rejects with a
binomial probability, P(Bin(m, q) <= j), which is largest at the smallest gain that lets it: one root for each
loss and each j, and no Monte-Carlo error. The p-values are the library's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from cells import REACH
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import elementwise
from worst_rows import NOTHING, Finding

from beyondbase.inference.bounded import p_greater, p_less, values_of

Floats = NDArray[np.float64]
# Of the way from the threshold to the end of the support: the losses tried, most of them near the end.
LOSSES = (1.0, 0.999, 0.97, 0.85, 0.6, 0.3, 0.125, 0.03)
LARGE = 1000  # problems from which fewer are tried
LEAST = 1e-7  # in widths of the support: a smaller gain is none
CLOSE = 1e-10


@dataclass(frozen=True)
class MeanTest:
    """One-sided test of the mean of values with bounds.

    Attributes:
        name: what it shows.
        low: least possible value.
        high: greatest possible value.
        than: the threshold.
        greater: whether it shows that the mean is greater, or else less.
    """

    name: str
    low: float
    high: float
    than: float
    greater: bool

    @property
    def reach(self) -> float:
        """Greatest loss: from the threshold to the end of the support against what is shown."""
        return self.than - self.low if self.greater else self.high - self.than

    @property
    def room(self) -> float:
        """Greatest gain."""
        return self.high - self.than if self.greater else self.than - self.low

    def p(self, gains: Floats, clusters: NDArray[np.int64] | None = None) -> Floats:
        """p-values of the library for values told as gains over the threshold, a column per sample."""
        sign = 1.0 if self.greater else -1.0
        values = values_of(self.than + sign * gains, support=(self.low, self.high), clusters=clusters)
        p: Floats = (p_greater if self.greater else p_less)(values, self.than)
        return p


DIFFERENCE = MeanTest("difference > 0", -1, 1, 0.0, greater=True)
SHARE = MeanTest("share < .02", 0, 1, 0.02, greater=False)
GAIN = MeanTest("share > .02", 0, 1, 0.02, greater=True)
TESTS = (
    DIFFERENCE,
    MeanTest("difference > -.05", -1, 1, -0.05, greater=True),
    MeanTest("difference > .05", -1, 1, 0.05, greater=True),
    MeanTest("gap > .1", -1, 1, 0.1, greater=True),
    MeanTest("gap < .1", -1, 1, 0.1, greater=False),
    MeanTest("slope > 0", -REACH, REACH, 0.0, greater=True),
    SHARE,
    GAIN,
    MeanTest("win share > .45", 0, 1, 0.45, greater=True),
    MeanTest("win share < .45", 0, 1, 0.45, greater=False),
    MeanTest("win share < .5", 0, 1, 0.5, greater=False),
)


@dataclass(frozen=True)
class Place:
    """A test at a size and a level."""

    test: MeanTest
    units: int
    level: float


@dataclass(frozen=True)
class TwoValues:
    """A law of two values, and how often it is rejected; of m values `most` losses still are."""

    rejected: float
    gain: float
    loss: float
    most: int

    @property
    def chance(self) -> float:
        """Probability of the loss that puts the mean at the threshold."""
        return self.gain / (self.gain + self.loss)

    @property
    def words(self) -> str:
        """The law in words."""
        law = f"+{self.gain:.6g}, but -{self.loss:.6g} with chance {self.chance:.6g}"
        return f"{law}; rejected up to {counted(self.most, 'loss')}"


def counted(number: int, what: str) -> str:
    """A number of things that end in s."""
    return f"{number or 'no'} {what}{'es' if number > 1 else ''}"


NONE = TwoValues(0.0, 0.0, 1.0, -1)
Tail = Callable[[Place, Floats, Floats, Floats], Floats]


def by_library(place: Place, gain: Floats, loss: Floats, losses: Floats) -> Floats:
    """p-values of samples with so many losses, asked of the library in one call."""
    row = np.arange(place.units)[:, None]
    return place.test.p(np.where(row < losses, -loss, gain))


def by_half(place: Place, gain: Floats, loss: Floats, losses: Floats) -> Floats:
    """The same with half an extra observation, where losses end at the end of the support: a beta tail."""
    return np.asarray(special.betainc(place.units - losses, losses + 0.5, loss / (gain + loss)))


def worst(place: Place, tail: Tail = by_library, shares: tuple[float, ...] = LOSSES) -> TwoValues:
    """The law of two values that is rejected most often, among losses of these shares of the reach."""
    grids = np.meshgrid(place.test.reach * np.array(shares), losses_tried(place.units))
    loss, losses = (grid.ravel() for grid in grids)
    gain = least_gain(place, loss, losses, tail)
    rejected = np.where(np.isnan(gain), 0.0, special.bdtr(losses, place.units, gain / (gain + loss)))
    best = int(np.argmax(rejected))
    if not rejected[best] > 0:
        return NONE
    return TwoValues(float(rejected[best]), float(gain[best]), float(loss[best]), int(losses[best]))


def losses_tried(units: int) -> Floats:
    """Numbers of losses: the first few, then ever fewer, to all but one."""
    grid = np.unique([0, 1, 2, 3, *np.round(1.6 ** np.arange(3, 40)).astype(int)])
    return np.asarray(grid[grid < units], dtype=np.float64)


def least_gain(place: Place, loss: Floats, losses: Floats, tail: Tail = by_library) -> Floats:
    """Smallest gain at which a sample with so many losses is rejected; NaN where none is."""
    test = place.test

    def beyond(log_gain: Floats, loss: Floats, losses: Floats) -> Floats:
        p = tail(place, np.minimum(np.exp(log_gain), test.room), loss, losses)
        return np.asarray(np.log(np.maximum(p, 1e-300)) - np.log(place.level))

    ends = [np.full_like(loss, np.log(end)) for end in (LEAST * (test.high - test.low), test.room)]
    found = elementwise.find_root(
        beyond, (ends[0], ends[1]), args=(loss, losses), tolerances={"fatol": CLOSE}
    )
    return np.where(found.success, np.exp(found.x), np.nan)


def findings(place: Place) -> list[Finding]:
    """The worst law of two values, and what half an extra observation would have made of its like."""
    shares = LOSSES if place.units < LARGE else LOSSES[::2]
    found, before = worst(place, shares=shares), worst(place, by_half, (1.0,)).rejected
    words = found.words if found.rejected else NOTHING
    return [Finding("mean", place.test.name, place.units, place.level, found.rejected, 0.0, before, words)]
