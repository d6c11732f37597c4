"""The largest error of a test of a mean over problems that come in clusters.

A cluster gains on all of its problems, or is lost with all of them; the mean is over problems. Three kinds:

* clusters of one size, each lost with the same chance: a law of two values, as without clusters;
* unequal sizes, the same in all samples, each cluster lost with the same chance, whatever its size;
* clusters drawn with their sizes, of which the large ones alone are ever lost.

In all of them samples differ only by how many clusters of each size there are and are lost, so
probabilities are exact. Two more break what the method takes for granted, that no cluster is larger than the
largest at hand and that clusters are draws from one law.
"""

from collections.abc import Iterator
from dataclasses import dataclass, replace
from itertools import product

import numpy as np
from cells import CLUSTER_SIZES
from scipy import special, stats
from worst_mean import NONE, Floats, MeanTest, Place, Tail, TwoValues, by_half, least_gain, worst
from worst_rows import NOTHING, Finding

from beyondbase.inference.bounded import Values, p_greater, p_less

PAIRS = (20, 50, 98, 272)
MOST = 3  # clusters lost in samples that are asked for
BIG = (2, 7, 30)  # problems in a large cluster
MANY = (1, 2, 5, 10, 20)  # large clusters expected
SEEN = 40  # ... and the most that are asked for
NEARLY = 1.2  # times the level: a law by size that is rejected oftener is none that is sought


@dataclass(frozen=True)
class Sizes:
    """Clusters of a sample: how many there are of each size."""

    name: str
    size: tuple[int, ...]
    number: tuple[int, ...]

    @property
    def clusters(self) -> int:
        """Number of clusters."""
        return sum(self.number)


def sizes_of(name: str, sizes: list[int]) -> Sizes:
    """A sample of clusters of these sizes."""
    size, number = np.unique(sizes, return_counts=True)
    return Sizes(name, tuple(size.tolist()), tuple(number.tolist()))


def zipf(clusters: int) -> Sizes:
    """Sizes that fall as 1 / rank, from as many problems as there are clusters."""
    return sizes_of("sizes as 1 / rank", [max(1, round(clusters / rank)) for rank in range(1, clusters + 1)])


UNEQUAL = (
    sizes_of("sizes 1 to 7", list(CLUSTER_SIZES)),
    sizes_of("sizes 1 to 7", list(CLUSTER_SIZES) * 5),
    zipf(20),
    zipf(50),
)


def p_of(test: MeanTest, sizes: Sizes, gain: Floats, loss: Floats, lost: Floats) -> Floats:
    """p-values of samples of which `lost` clusters of each size are lost, shape (sizes, samples)."""
    size = np.repeat(sizes.size, sizes.number)
    rank = np.concatenate([np.arange(number) for number in sizes.number])
    gone = rank[:, None] < np.repeat(lost, sizes.number, axis=0)
    sign = 1.0 if test.greater else -1.0
    sums = size[:, None] * (test.than + sign * np.where(gone, -loss, gain))
    values = Values(sums, size.astype(np.float64), test.low, test.high)
    p: Floats = (p_greater if test.greater else p_less)(values, test.than)
    return p


def pairs(place: Place) -> list[Finding]:
    """Clusters of two problems."""
    two = Sizes("", (2,), (place.units,))

    def tail(place: Place, gain: Floats, loss: Floats, losses: Floats) -> Floats:
        return p_of(place.test, two, gain, loss, losses[None])

    found, before = worst(place, tail), worst(place, by_half, (1.0,)).rejected
    return [replace(_finding("clusters of two", place, found.rejected, found.words), before=before)]


def unequal(place: Place, sizes: Sizes) -> list[Finding]:
    """Unequal sizes, each cluster lost with the same chance; more than MOST lost do not count."""

    def at_border(place: Place, gain: Floats, loss: Floats, index: Floats) -> Floats:
        return p_of(place.test, sizes, gain, loss, lost[:, index.astype(int)])

    lost = np.array(list(_few(sizes))).T
    reach = np.full(lost.shape[1], place.test.reach)
    border = np.flatnonzero(lost.sum(axis=0) <= 1)
    gains = least_gain(place, reach[border], border.astype(float), at_border)
    found = NONE
    for gain in np.unique(gains[~np.isnan(gains)]) * (1 + 1e-9):
        law = TwoValues(0.0, float(gain), place.test.reach, MOST)
        rejected = p_of(place.test, sizes, np.full_like(reach, gain), reach, lost) <= place.level
        chance = float(_chances(sizes, lost, law.chance)[rejected].sum())
        most = int(lost[:, rejected].sum(axis=0).max(initial=0))
        found = max(found, TwoValues(chance, law.gain, law.loss, most), key=lambda law: law.rejected)
    return [_finding(sizes.name, place, found.rejected, found.words)]


def _few(sizes: Sizes) -> Iterator[tuple[int, ...]]:
    """Numbers of lost clusters of each size, with at most MOST in all."""
    for some in product(*(range(min(number, MOST) + 1) for number in sizes.number)):
        if sum(some) <= MOST:
            yield some


def _chances(sizes: Sizes, lost: Floats, chance: float) -> Floats:
    number = np.array(sizes.number)[:, None]
    ways = np.exp(
        special.gammaln(number + 1) - special.gammaln(lost + 1) - special.gammaln(number - lost + 1)
    )
    each: Floats = ways * chance**lost * (1 - chance) ** (number - lost)
    return np.asarray(each.prod(axis=0))


def harder(place: Place) -> list[Finding]:
    """Clusters of one problem or of many, drawn with their sizes; the large ones alone are ever lost.

    What counts is a rejection by a sample that holds a large cluster; `unseen` has the others.
    """
    best = max((law for big in BIG for law in _harder(place, big)), key=lambda law: law.rejected)
    return [_finding("larger clusters harder", place, best.rejected, best.words(place.test.reach))]


@dataclass(frozen=True)
class Harder:
    """A law of clusters with one problem, or `big` ones with chance `share`, lost with chance `chance`."""

    rejected: float
    gain: float
    big: int
    share: float
    chance: float

    def words(self, reach: float) -> str:
        """The law in words."""
        large = f"with chance {self.share:.6g} a cluster of {self.big}"
        return f"+{self.gain:.6g}; {large}, which is lost, -{reach:.6g}, with chance {self.chance:.6g}"


def _harder(place: Place, big: int) -> Iterator[Harder]:
    """Laws with the least gains at which some sample is rejected."""
    yield Harder(0.0, 0.0, big, 0.0, 0.0)
    reach, some = np.full(MOST, place.test.reach), np.arange(MOST, dtype=np.float64)
    tails = {many: _with_large(place, big, many) for many in range(1, min(SEEN, place.units - 1) + 1)}
    borders = [tails[many] for many in MANY if many in tails]
    gains = np.concatenate([least_gain(place, reach, some, tail) for tail in borders])
    gains = np.unique(gains[~np.isnan(gains)]) * (1 + 1e-9)
    many, lost = np.array(list(tails)), np.arange(MOST + 1)
    shape = len(lost), len(gains)
    gain, gone = (grid.ravel() for grid in np.broadcast_arrays(gains, lost[:, None].astype(np.float64)))
    loss = np.full_like(gain, place.test.reach)
    p = np.stack([tail(place, gain, loss, gone).reshape(shape) for tail in tails.values()])
    for share in (min(number / place.units, 0.5) for number in MANY):
        chance = (1 + share * (big - 1)) * gains / (share * big * (gains + place.test.reach))
        drawn = stats.binom.pmf(many, place.units, share)[:, None, None]
        chances = drawn * stats.binom.pmf(lost[:, None], many[:, None, None], np.minimum(chance, 1))
        rejected = np.where(chance <= 1, (chances * (p <= place.level)).sum(axis=(0, 1)), 0.0)
        for at in np.flatnonzero(rejected):
            yield Harder(float(rejected[at]), float(gains[at]), big, share, float(chance[at]))


def _with_large(place: Place, big: int, many: int) -> Tail:
    """p-values of samples with so many large clusters, which alone may be lost."""
    sizes = Sizes("", (1, big), (place.units - many, many))

    def tail(place: Place, gain: Floats, loss: Floats, losses: Floats) -> Floats:
        return p_of(place.test, sizes, gain, loss, np.stack([np.zeros_like(losses), losses]))

    return tail


def by_size(place: Place) -> list[Finding]:
    """Sizes that are given, and a law for each: one large cluster alone ever gains, and all it can."""
    best, words = 0.0, ""
    for big, small in product(range(2, 31), range(1, 61)):
        chance = place.test.reach * (small + big) / (big * (place.test.reach + place.test.room))
        if best < chance < place.level * NEARLY and _alone(place, big, small) <= place.level:
            best = chance
            words = f"{small} clusters of 1, always lost, and one of {big}, lost but with chance {chance:.6g}"
    return [replace(_finding("sizes given, law by size", place, best, words), decides=False)]


def _alone(place: Place, big: int, small: int) -> float:
    """p-value of the sample in which the large cluster gains all it can and the others are lost."""
    sizes, room = Sizes("", (1, big), (small, 1)), np.array([place.test.room])
    return float(p_of(place.test, sizes, room, np.array([place.test.reach]), np.array([[small], [0.0]]))[0])


def unseen(place: Place) -> list[Finding]:
    """Clusters of one problem gain, rare ones of seven are lost: samples that hold none of these."""
    big = 7
    gain = least_gain(place, np.array([place.test.reach]), np.zeros(1))[0]
    if np.isnan(gain):
        return []
    chance = gain / (gain + big * place.test.reach)
    rejected = float(np.exp(place.units * np.log1p(-chance)))
    words = (
        f"+{gain:.6g}; with chance {chance:.6g} a cluster of {big} that is lost, and the sample holds none"
    )
    return [replace(_finding("larger than any in the sample", place, rejected, words), decides=False)]


def _finding(kind: str, place: Place, rejected: float, words: str) -> Finding:
    name = f"{kind}: {place.test.name}"
    told = words if rejected else NOTHING
    return Finding("clusters", name, place.units, place.level, rejected, 0.0, None, told)
