"""The largest error of the claims' tests where the values of problems are estimates from samples.

A problem is of one of two kinds, each with its success probabilities: most gain a little, a few collapse,
and the mean over both is exactly the threshold. The number of collapsed problems is binomial and is not
simulated: the rejection rate is simulated given each number, and weighted with its chance (stratified
sampling). How large the gain must be, a pilot run tries; the rate that is told comes from another one.
"""

import zlib
from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from cells import REACH, TREND
from numpy.typing import NDArray
from scipy import stats
from worst_mean import DIFFERENCE, SHARE, Floats, MeanTest, Place, least_gain
from worst_rows import NOTHING, Finding

from beyondbase import estimators

SEED = 20_260_103
SLACKS = (1.0, 1.05, 1.15, 1.3, 1.6, 2.0, 3.0)  # in least gains without noise
PILOT, REPLICATES = 50, 500
DRAWN, K = 256, 128
MOST_GAIN = 0.8

Rates = tuple[float, ...]
Counts = NDArray[np.int64]


@dataclass(frozen=True)
class Claim:
    """One part of a claim, as a test of the mean of what its arms' counts are made to.

    Attributes:
        name: the claim and its part.
        test: of the mean.
        samples: completions of each arm.
        values: of problems, from the counts of each arm, shape (arms, problems, replicates).
        gaining: success probabilities of the arms where the value's mean is a gain over the threshold.
        collapsed: where it is a loss.
        loss: the mean of that.
    """

    name: str
    test: MeanTest
    samples: int
    values: Callable[[Counts], Floats]
    gaining: Callable[[float], Rates]
    collapsed: Rates
    loss: float


def _passes(counts: Counts, k: int, n: int) -> Floats:
    return np.asarray(estimators.pass_at_k_curve(n, np.arange(n + 1))[counts, k - 1])


def _always(counts: Counts) -> Floats:
    return np.asarray(estimators.pass_hat_k(DRAWN, np.arange(DRAWN + 1), K)[counts])


def _solving(share: float) -> float:
    """Success probability at which K samples hold a right one with this chance."""
    return float(-np.expm1(np.log1p(-share) / K))


BELOW = MeanTest("difference < 0", -1, 1, 0.0, greater=False)
CLAIMS = (
    Claim(
        "rl-leads-at-1; base-overtakes, at k = 1",
        DIFFERENCE,
        K,
        lambda c: (c[1] - c[0]) / K,
        lambda gain: (1 - gain, 1.0),
        (1.0, 0.0),
        1.0,
    ),
    Claim(
        "base-overtakes, at k = 128 of n = 256",
        BELOW,
        DRAWN,
        lambda c: _passes(c[1], K, DRAWN) - _passes(c[0], K, DRAWN),
        lambda gain: (1.0, _solving(1 - gain)),
        (0.0, 1.0),
        1.0,
    ),
    Claim(
        "rl-sharpens, always right in 128 of n = 256",
        DIFFERENCE,
        DRAWN,
        lambda c: _always(c[1]) - _always(c[0]),
        lambda gain: ((1 - gain) ** (1 / K), 1.0),
        (1.0, 0.0),
        1.0,
    ),
    Claim(
        "rl-solved-is-subset, at k = 128 of n = 256",
        SHARE,
        DRAWN,
        lambda c: _passes(c[1], K, DRAWN) * (1 - _passes(c[0], K, DRAWN)),
        lambda gain: (_solving(0.98 + gain), 1.0),
        (0.0, 1.0),
        0.98,
    ),
    Claim(
        "algorithms-end-alike, difference at k = 1 below .05",
        MeanTest("difference < .05", -1, 1, 0.05, greater=False),
        K,
        lambda c: (c[1] - c[0]) / K,
        lambda gain: (0.95 + gain, 1.0) if gain < 0.05 else (1.0, 1.05 - gain),
        (0.0, 1.0),
        0.95,
    ),
    Claim(
        "sampling-gap-stays-large, base at k = 128",
        MeanTest("gap > .1", -1, 1, 0.1, greater=True),
        K,
        lambda c: _passes(c[0], K, K) - c[1] / K,
        lambda gain: (1.0, 0.9 - gain),
        (0.0, 1.0),
        1.1,
    ),
    Claim(
        "training-narrows, slope at k = 1 over three steps",
        MeanTest("slope > 0", -REACH, REACH, 0.0, greater=True),
        K,
        lambda c: np.einsum("a,apr->pr", TREND, c / K),
        lambda gain: (1 - gain / REACH, 1 - gain / REACH, 1.0),
        (1.0, 1.0, 0.0),
        REACH,
    ),
)


@dataclass(frozen=True)
class Law:
    """Problems that gain so much, or collapse with the chance that puts the mean at the threshold."""

    claim: Claim
    gain: float

    @property
    def chance(self) -> float:
        """Probability of a collapse."""
        return self.gain / (self.gain + self.claim.loss)

    @property
    def words(self) -> str:
        """The law in words."""
        kinds = (self.claim.gaining(self.gain), self.claim.collapsed)
        typical, collapsed = (" ".join(f"{p:.6g}" for p in rates) for rates in kinds)
        return f"success probabilities by arm {typical}; with chance {self.chance:.6g} {collapsed}"

    def p(self, gone: NDArray[np.bool_], replicates: int, rng: np.random.Generator) -> Floats:
        """p-values of drawn samples in which these problems have collapsed."""
        kinds = [np.array(rates)[:, None] for rates in (self.claim.collapsed, self.claim.gaining(self.gain))]
        rates = np.where(gone, *kinds)[:, :, None]
        counts = rng.binomial(self.claim.samples, np.repeat(rates, replicates, axis=2))
        test = self.claim.test
        return test.p((1.0 if test.greater else -1.0) * (self.claim.values(counts) - test.than))


def findings(name: str, units: int, level: float) -> list[Finding]:
    """The worst of some gains, tried in a pilot run and then simulated anew."""
    claim = next(claim for claim in CLAIMS if claim.name == name)
    place = Place(claim.test, units, level)
    least = float(least_gain(place, np.array([claim.loss]), np.zeros(1))[0])
    laws = [Law(claim, least * slack) for slack in SLACKS if least * slack < MOST_GAIN * claim.test.room]
    if not laws:
        return [Finding("noise", name, units, level, 0.0, 0.0, None, NOTHING)]
    seed = [SEED, zlib.crc32(name.encode()), units, round(1 / level)]
    pilots = [rate(law, place, PILOT, np.random.default_rng([*seed, 0]))[0] for law in laws]
    law = laws[int(np.argmax(pilots))]
    rejected, error = rate(law, place, REPLICATES, np.random.default_rng([*seed, 1]))
    return [Finding("noise", name, units, level, rejected, error, None, law.words)]


def rate(law: Law, place: Place, replicates: int, rng: np.random.Generator) -> tuple[float, float]:
    """How often the test rejects under a law, and the standard error of that.

    Numbers of collapsed problems are gone through from none, up to the first that is never rejected.
    """
    rejected, variance = 0.0, 0.0
    for collapsed in range(place.units):
        p = law.p(np.arange(place.units) < collapsed, replicates, rng)
        share = float((p <= place.level).mean())
        if share == 0:
            break
        weight = float(stats.binom.pmf(collapsed, place.units, law.chance))
        rejected += weight * share
        variance += weight**2 * share * (1 - share) / replicates
    return rejected, float(np.sqrt(variance))
