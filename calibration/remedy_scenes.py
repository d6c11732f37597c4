"""Kinds of effects whose remedies are followed up, each at several distances of the truth from its threshold.

A scene draws units of resampling under a known law. Its distance is that of the true mean from the threshold
in standard errors of the pilot: 0 is at the threshold, 2 is suggested by most pilots of that size.
"""

from collections.abc import Callable
from dataclasses import dataclass, replace
from functools import cache, partial
from math import nan, sqrt

import numpy as np
from cells import CLUSTER_SHARE, CLUSTER_SIZES, EFFECTS, REACH, Observed
from laws import LAWS, SAMPLES, Floats, arms, coupled

from beyondbase.inference.assurance import Pilot
from beyondbase.inference.precision import sampling_variance

Draw = Callable[[np.random.Generator, int], tuple[Floats, Floats]]
DISTANCES = (0.0, 0.75, 1.5, 2.25, 3.0, 3.75, 4.5, 5.25, 6.0, 6.75)
SHARES = (0.0, 0.002, 0.005, 0.01, 0.02)
MARGIN = 0.02
DIFFERING = 0.35
TRUTH_UNITS = 100_000
FEW = 8


@dataclass(frozen=True)
class Scene:
    """Units of one law, tested against a threshold.

    Attributes:
        kind: of effect.
        units: of the pilot.
        distance: of the truth from the threshold, in standard errors of the pilot; of a share, the share.
        draw: sums of values and numbers of problems of so many units.
        threshold: that the mean is tested against.
        support: of one problem's value; infinite where the test is Student's.
    """

    kind: str
    units: int
    distance: float
    draw: Draw
    threshold: float
    support: tuple[float, float] = (-1.0, 1.0)

    @property
    def name(self) -> str:
        """Name that `--only` is matched against, and the seed."""
        return f"{self.kind}/units={self.units}/{self.distance:g}"

    def pilot(self, sums: Floats, sizes: Floats) -> Pilot:
        """Units as a remedy sees them, on the side above the threshold."""
        low = self.support[0]
        worst = low - self.threshold if np.isfinite(low) else None
        return Pilot(sums - sizes * self.threshold, sizes, worst, nan, SAMPLES)

    def same(self, pilot: Pilot) -> Pilot:
        """Units on the side above the threshold, as they are."""
        return pilot

    def below(self, pilot: Pilot) -> Pilot:
        """The same units on the side below it."""
        worst = None if pilot.worst is None else self.threshold - self.support[1]
        return replace(pilot, gains=-pilot.gains, worst=worst)


@dataclass(frozen=True)
class Noise:
    """Problems of few samples each, which get more of them: pass@1 of RL minus that of the base.

    Attributes:
        problems: how many.
        spread: standard deviation of the true difference between problems.
        distance: of the true mean from the threshold, in standard errors of the pilot.
    """

    problems: int
    spread: float
    distance: float

    @property
    def kind(self) -> str:
        """Of effect."""
        return f"more samples, spread {self.spread:g}"

    @property
    def name(self) -> str:
        """Name that `--only` is matched against, and the seed."""
        return f"{self.kind}/units={self.problems}/{self.distance:g}"

    def rates(self, rng: np.random.Generator) -> tuple[Floats, Floats]:
        """Success rates of base and RL."""
        base = rng.uniform(0.25, 0.75, self.problems)
        noise = 2 * (0.25 - 0.25 / 12) / FEW
        lead = self.distance * sqrt((self.spread**2 + noise) / self.problems)
        return base, (base + rng.normal(lead, self.spread, self.problems)).clip(0, 1)

    def pilot(self, base: Floats, rl: Floats, samples: int) -> Pilot:
        """Counts of so many samples, as a remedy sees them, on the side above zero."""
        noise = sampling_variance(samples, base / samples, 1) + sampling_variance(samples, rl / samples, 1)
        return Pilot((rl - base) / samples, np.ones(self.problems), -1.0, float(noise.mean()), samples)

    def same(self, pilot: Pilot) -> Pilot:
        """Problems on the side above zero, as they are."""
        return pilot

    def below(self, pilot: Pilot) -> Pilot:
        """The same problems on the side below it."""
        return replace(pilot, gains=-pilot.gains)


def scenes() -> list[Scene]:
    """Every scene of the table."""
    moved = {
        "difference at k = 1": (_of_law("minerva-7b", "difference@1"), (-1.0, 1.0), (60, 272)),
        "difference at k = n, moved": (
            _of_law("minerva-7b", f"difference@{SAMPLES}"),
            (-1.0, 1.0),
            (60, 272),
        ),
        "Delta SE": (_of_law("math500-7b", "gap"), (-1.0, 1.0), (60, 500)),
        "Cover@.5, moved": (_of_law("aime24-32b", "cover@0.5"), (-1.0, 1.0), (60,)),
        "slope at k = 1": (_of_law("minerva-7b", "trend@1"), (-REACH, REACH), (60,)),
        "clusters of 1 to 7": (_clustered, (-1.0, 1.0), (20, 60)),
        "entropy (Student)": (_entropy, (-np.inf, np.inf), (60,)),
    }
    return [
        *(
            _moved(kind, units, distance, draw, support)
            for kind, (draw, support, sizes) in moved.items()
            for units in sizes
            for distance in DISTANCES
        ),
        *(
            _mcnemar(units, distance)
            for units in (60, 300)
            for distance in DISTANCES
            if distance * sqrt(DIFFERING / units) < DIFFERING
        ),
        *(_share(units, share) for units in (118, 500) for share in SHARES),
    ]


def _moved(kind: str, units: int, distance: float, draw: Draw, support: tuple[float, float]) -> Scene:
    """The threshold lies so many standard errors below the true mean, which a large draw tells."""
    mean, spread = _truth(draw)
    return Scene(kind, units, distance, draw, mean - distance * spread / sqrt(units), support)


@cache
def _truth(draw: Draw) -> tuple[float, float]:
    """Mean over problems, and standard deviation of a unit's distance from it, by problems per unit."""
    sums, sizes = draw(np.random.default_rng(0), TRUTH_UNITS)
    mean = float(sums.sum() / sizes.sum())
    return mean, float((sums - sizes * mean).std() / sizes.mean())


def _of_law(law: str, effect: str) -> Draw:
    return partial(_effect, law, effect)


def _effect(law: str, effect: str, rng: np.random.Generator, units: int) -> tuple[Floats, Floats]:
    first, second = rng.standard_normal((2, units))
    return _observed(law, effect, first, second, rng), np.ones(units)


def _observed(law: str, effect: str, first: Floats, second: Floats, rng: np.random.Generator) -> Floats:
    p = arms(LAWS[law], *coupled(first, second))
    counts = (rng.binomial(SAMPLES, share) for share in (p.base, p.middle, p.rl))
    return EFFECTS[effect](Observed(*counts))


def _clustered(rng: np.random.Generator, units: int) -> tuple[Floats, Floats]:
    """Differences at k = 1 in clusters of 1 to 7, of which most of the spread is shared."""
    sizes = rng.choice(CLUSTER_SIZES, units)
    labels = np.repeat(np.arange(units), sizes)
    own, common = sqrt(1 - CLUSTER_SHARE), sqrt(CLUSTER_SHARE)
    scores = own * rng.standard_normal((2, len(labels))) + common * rng.standard_normal((2, units))[:, labels]
    sums = np.zeros(units)
    np.add.at(sums, labels, _observed("minerva-7b", "difference@1", scores[0], scores[1], rng))
    return sums, sizes.astype(np.float64)


def _entropy(rng: np.random.Generator, units: int) -> tuple[Floats, Floats]:
    """Entropy of one arm minus that of another, lognormal over problems."""
    shared, ours, theirs = rng.standard_normal((3, units))
    values = np.exp(0.5 * shared + 0.2 * ours) - 0.9 * np.exp(0.5 * shared + 0.2 * theirs)
    return values, np.ones(units)


def _mcnemar(units: int, distance: float) -> Scene:
    """-1, 0 and 1 against zero, with a fixed share of problems that differ."""
    lead = distance * sqrt(DIFFERING / units)
    draw = partial(_drawn, (-1.0, 0.0, 1.0), ((DIFFERING - lead) / 2, 1 - DIFFERING, (DIFFERING + lead) / 2))
    return Scene("McNemar, k = n", units, distance, draw, 0.0)


def _share(units: int, share: float) -> Scene:
    """Minus the share that RL alone solves, above -2 %."""
    draw = partial(_drawn, (-1.0, 0.0), (share, 1 - share))
    return Scene("RL alone below 2 %", units, share, draw, -MARGIN, (-1.0, 0.0))


def _drawn(
    values: tuple[float, ...], chances: tuple[float, ...], rng: np.random.Generator, units: int
) -> tuple[Floats, Floats]:
    return rng.choice(values, units, p=chances), np.ones(units)


def noise_scenes() -> list[Noise]:
    """Every scene of samples per problem."""
    return [
        Noise(problems, spread, distance)
        for problems, spread in ((60, 0.0), (300, 0.0), (300, 0.1))
        for distance in DISTANCES
    ]
