"""The largest error of a test of a mean, over laws with a gain and two rare losses.

As with one loss (`worst_mean`), but a lost problem loses all with a chance `share`, and else a part of
it. A sample is how many lost all and how many lost a part; which ones are rejected, the library says. The
least gains at which the first few samples just are, are tried one by one. Samples with more losses than
are asked for count as not rejected.
"""

from dataclasses import dataclass
from functools import partial

import numpy as np
from scipy import special
from worst_mean import LARGE, Floats, MeanTest, Place, least_gain
from worst_rows import NOTHING, Finding

SEED = 20_260_102
LAWS, FEW_LAWS = 16, 4  # few where a sample is large
BORDERS = np.array([(0, 0), (0, 1), (1, 0), (0, 2), (1, 1), (2, 0)])
MOST = 5  # losses of either kind that are asked for


@dataclass(frozen=True, eq=False)
class Losses:
    """Laws of the loss: a part of the reach, or all of it with a chance."""

    part: Floats
    share: Floats

    def mean(self, reach: float) -> Floats:
        """Mean loss of a problem that loses."""
        return reach * (self.share + (1 - self.share) * self.part)


def findings(place: Place) -> list[Finding]:
    """The worst law with two losses."""
    rng = np.random.default_rng([SEED, place.units])
    laws = LAWS if place.units < LARGE else FEW_LAWS
    losses = Losses(rng.uniform(0.02, 0.98, laws), rng.uniform(0.02, 0.98, laws))
    law, border = (grid.ravel() for grid in np.meshgrid(np.arange(laws), np.arange(len(BORDERS))))
    gain = least_gain(place, law.astype(float), border.astype(float), partial(_at_border, losses))
    pairs = zip(law.tolist(), gain.tolist(), strict=True)
    rejected = [_rejected(place, losses, *pair) for pair in pairs]
    best = int(np.argmax(rejected))
    words = _words(place.test, losses, int(law[best]), float(gain[best])) if rejected[best] else NOTHING
    return [
        Finding("third value", place.test.name, place.units, place.level, rejected[best], 0.0, None, words)
    ]


def _at_border(losses: Losses, place: Place, gain: Floats, law: Floats, border: Floats) -> Floats:
    """p-values of the samples at the borders, each under the gain and the losses of its law."""
    whole, part = BORDERS[border.astype(int)].T
    return _p(place, gain, losses.part[law.astype(int)], whole, part)


def _p(place: Place, gain: Floats, part_lost: Floats, whole: Floats, part: Floats) -> Floats:
    row, reach = np.arange(place.units)[:, None], place.test.reach
    lost = np.where(row < whole, reach, reach * part_lost)
    return place.test.p(np.where(row < whole + part, -lost, gain))


def _rejected(place: Place, losses: Losses, law: int, gain: float) -> float:
    """Chance of the samples that are rejected under one law."""
    if np.isnan(gain):
        return 0.0
    some = np.arange(min(MOST, place.units // 2) + 1.0)
    whole, part = (grid.ravel() for grid in np.meshgrid(some, some))
    # A hair more, so that the sample that just is rejected is.
    p = _p(place, np.full(whole.shape, gain * (1 + 1e-9)), losses.part[[law]], whole, part)
    chance = gain / (gain + float(losses.mean(place.test.reach)[law]))
    share = float(losses.share[law])
    counts = np.stack([whole, part, place.units - whole - part])
    ways = special.gammaln(place.units + 1) - special.gammaln(counts + 1).sum(axis=0)
    logs = np.log([chance * share, chance * (1 - share), 1 - chance])
    return float(np.exp(ways + logs @ counts)[p <= place.level].sum())


def _words(test: MeanTest, losses: Losses, law: int, gain: float) -> str:
    part, share = losses.part[law] * test.reach, losses.share[law]
    chance = gain / (gain + losses.mean(test.reach)[law])
    return (
        f"+{gain:.6g}, but -{test.reach:.6g} with chance {chance * share:.6g} and -{part:.6g} with chance"
        f" {chance * (1 - share):.6g}"
    )
