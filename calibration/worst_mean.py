"""The largest error of one test of a mean, over laws of two values whose mean is the threshold.

A problem's value is the threshold plus a gain with probability 1 - q, and minus a loss else; q = gain /
(gain + loss) puts the mean at the threshold, where any rejection is an error. The number of losses among m
problems decides, and the p-value grows with it. So a test that still rejects at j losses rejects with a
binomial probability, P(Bin(m, q) <= j), which is largest at the smallest gain that lets it: one root for each
loss and each j, and no Monte-Carlo error. The p-values are the library's own.
"""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray
from scipy import special
from scipy.optimize import elementwise

from beyondbase.inference.bounded import p_greater, p_less, values_of

Floats = NDArray[np.float64]
# Of the way from the threshold to the end of the support: losses, most of them near the end.
LOSSES = (1.0, 0.999, 0.99, 0.95, 0.9, 0.75, 0.5, 0.3, 0.125, 0.05, 0.01)
ROOT = {"xrtol": 1e-9, "xatol": 0.0, "frtol": 0.0, "fatol": 1e-10}
LEAST = 1e-7  # in widths of the support: a smaller gain is none


@dataclass(frozen=True)
class MeanTest:
    """One-sided test of the mean of values with bounds.

    Attributes:
        name: what it decides, in words.
        low: least possible value.
        high: greatest possible value.
        than: the threshold, at which the null hypothesis ends.
        greater: whether rejection shows that the mean is greater, or else less.
    """

    name: str
    low: float
    high: float
    than: float
    greater: bool

    @property
    def reach(self) -> float:
        """Greatest loss: from the threshold to the end of the support against what is tested."""
        return self.than - self.low if self.greater else self.high - self.than

    @property
    def room(self) -> float:
        """Greatest gain."""
        return self.high - self.than if self.greater else self.than - self.low

    def p(self, gains: Floats) -> Floats:
        """p-values of the library, where values are told as gains over the threshold, one column per sample."""
        sign = 1.0 if self.greater else -1.0
        values = values_of(self.than + sign * gains, support=(self.low, self.high))
        return (p_greater if self.greater else p_less)(values, self.than)


@dataclass(frozen=True)
class TwoPoint:
    """A law of two values, and how often it is rejected; `losses` of m are the most that still are."""

    rejected: float
    gain: float
    loss: float
    losses: int

    @property
    def chance(self) -> float:
        """Probability of the loss that puts the mean at the threshold."""
        return self.gain / (self.gain + self.loss)


NONE = TwoPoint(0.0, 0.0, 0.0, 0)
Tail = Callable[[MeanTest, int, Floats, Floats, Floats], Floats]


def tail_of_library(test: MeanTest, problems: int, gain: Floats, loss: Floats, losses: Floats) -> Floats:
    """p-values of samples with so many losses, asked of the library in one call."""
    row = np.arange(problems)[:, None]
    return test.p(np.where(row < losses, -loss, gain))


def worst(test: MeanTest, problems: int, level: float, *, tail: Tail = tail_of_library) -> TwoPoint:
    """The law of two values that is rejected most often at a level."""
    most = np.unique(np.geomspace(1, problems, 2 + int(2 * np.log2(problems))).astype(int) - 1)
    loss, losses = (a.ravel() for a in np.meshgrid(test.reach * np.array(LOSSES), most.astype(np.float64)))
    gain = least_gain(test, problems, level, loss, losses, tail=tail)
    rejected = special.bdtr(losses, problems, gain / (gain + loss))
    best = int(np.argmax(np.where(np.isnan(gain), 0.0, rejected)))
    if np.isnan(gain[best]):
        return NONE
    return TwoPoint(float(rejected[best]), float(gain[best]), float(loss[best]), int(losses[best]))


def least_gain(
    test: MeanTest, problems: int, level: float, loss: Floats, losses: Floats, *, tail: Tail = tail_of_library
) -> Floats:
    """Smallest gain at which a sample with so many losses is rejected; NaN where none is."""

    def beyond(log_gain: Floats, loss: Floats, losses: Floats) -> Floats:
        p = tail(test, problems, np.minimum(np.exp(log_gain), test.room), loss, losses)
        return np.log(np.maximum(p, 1e-300)) - np.log(level)

    ends = np.full_like(loss, np.log(LEAST * (test.high - test.low))), np.full_like(loss, np.log(test.room))
    found = elementwise.find_root(beyond, ends, args=(loss, losses), tolerances=ROOT)
    return np.where(found.success, np.exp(found.x), np.nan)
