"""Studies in which a finding is false by a hair, and a grader accepts wrong answers."""

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beyondbase.inference.tipping import Slipped, p_with_slips
from beyondbase.judging.slips import Counted, OftenSolved, PassSum, SolvedAlone, Source

Floats = NDArray[np.float64]
Integers = NDArray[np.int64]
Chances = tuple[Floats, Floats]

N = 128
UNSOLVED = 0.5
CROWD = 20  # times the share on one problem in as many: slips that are heaped
MARGIN, GAP = 0.02, 0.1


@dataclass(frozen=True)
class Claim:
    """A finding that a law puts just at its threshold.

    Attributes:
        name: of the finding.
        source: of its effect, from two arms, the one that slips speak for first.
        up: whether the effect is to be shown greater than the threshold.
        than: the threshold.
        law: chances of a right answer of both arms under which the mean effect is the threshold.
    """

    name: str
    source: Callable[[Counted, Counted], Source]
    up: bool
    than: float
    law: Callable[[np.random.Generator, tuple[int, int]], Chances]


def exchangeable(rng: np.random.Generator, shape: tuple[int, int]) -> Chances:
    """Half of the problems are beyond both arms; on the others both have rates of one law."""
    hard = rng.random(shape) < UNSOLVED
    first, second = np.where(hard, 0.0, rng.beta(0.3, 1.0, (2, *shape)))
    return first, second


def nearly_sure(rng: np.random.Generator, shape: tuple[int, int]) -> Chances:
    """Each arm is certain of half the problems, and nearly so of the others."""
    first, second = np.where(rng.random((2, *shape)) < UNSOLVED, 1.0, 0.98)
    return first, second


def solved_alone(share: float, *, first: bool) -> Callable[[np.random.Generator, tuple[int, int]], Chances]:
    """Half the problems are beyond both arms, a share is beyond one, and the rest is certain for both."""

    def law(rng: np.random.Generator, shape: tuple[int, int]) -> Chances:
        kind = rng.random(shape)
        both, one = (kind >= UNSOLVED + share).astype(float), (kind >= UNSOLVED).astype(float)
        return (one, both) if first else (both, one)

    return law


def _passes(k: int, other: int) -> Callable[[Counted, Counted], Source]:
    return lambda one, two: PassSum((one, two), (1.0, -1.0), ((k,), (other,)))


CLAIMS = (
    Claim(f"base ahead at k = n = {N} (McNemar)", _passes(N, N), up=True, than=0.0, law=exchangeable),
    Claim("base ahead at k = 32", _passes(32, 32), up=True, than=0.0, law=exchangeable),
    Claim(
        f"base pass@{N} 10 points above RL pass@1",
        _passes(N, 1),
        up=True,
        than=GAP,
        law=solved_alone(GAP, first=True),
    ),
    Claim(
        "RL alone solves more than 2 %",
        lambda rl, base: SolvedAlone(rl, base, N),
        up=True,
        than=MARGIN,
        law=solved_alone(MARGIN, first=True),
    ),
    Claim(
        "RL alone solves less than 2 %",
        lambda base, rl: SolvedAlone(rl, base, N),
        up=False,
        than=MARGIN,
        law=solved_alone(MARGIN, first=False),
    ),
    Claim(
        "RL always right more often (32 answers)",
        lambda rl, base: OftenSolved((rl, base), 32, 32),
        up=True,
        than=0.0,
        law=nearly_sure,
    ),
)


def everywhere(_rng: np.random.Generator, share: float, one: Floats, other: Floats) -> Chances:
    """The full share on all problems of the arm that it favours, and none in the other."""
    return np.full_like(one, share), np.zeros_like(other)


def some(rng: np.random.Generator, share: float, one: Floats, other: Floats) -> Chances:
    """Anything up to the share on each problem of that arm, and of the other."""
    return share * rng.random(one.shape), 0.2 * share * rng.random(other.shape)


def alike(_rng: np.random.Generator, share: float, one: Floats, other: Floats) -> Chances:
    """The same in both arms: the share on problems where it hides the other arm's lead, else none."""
    both = np.where(other > one, share, 0.0)
    return both, both


def heaped(rng: np.random.Generator, share: float, one: Floats, other: Floats) -> Chances:
    """Twenty times the share on one problem in twenty of that arm: the share on average, and not at most."""
    return np.where(rng.random(one.shape) < 1 / CROWD, CROWD * share, 0.0), np.zeros_like(other)


Spread = Callable[[np.random.Generator, float, Floats, Floats], Chances]
SPREADS: dict[str, tuple[Spread, bool]] = {
    "favoured arm": (everywhere, False),
    "here and there": (some, False),
    "alike in both": (alike, True),
    "heaped": (heaped, False),
}


@dataclass(frozen=True)
class Scene:
    """A claim at its threshold, problems, and how slips up to a share are spread."""

    claim: Claim
    problems: int
    spread: str
    share: float

    @property
    def name(self) -> str:
        """What seeds are made of."""
        return f"{self.claim.name}/{self.problems}/{self.spread}/{self.share:g}"

    @property
    def alike(self) -> bool:
        """Whether the tipping point is that of slips alike in all arms."""
        return SPREADS[self.spread][1]

    def draw(self, rng: np.random.Generator, replicates: int) -> tuple[tuple[Integers, Integers], Integers]:
        """Accepted answers of both arms, shape (problems, replicates), and the slips of the first."""
        one, other = self.claim.law(rng, (self.problems, replicates))
        slips = SPREADS[self.spread][0](rng, self.share, one, other)
        right = [rng.binomial(N, chance) for chance in (one, other)]
        wrong = [rng.binomial(N - c, slip) for c, slip in zip(right, slips, strict=True)]
        return (right[0] + wrong[0], right[1] + wrong[1]), wrong[0]

    def source(self, one: Integers, other: Integers) -> Source:
        """The effect of counts, problem by problem."""
        arms = (
            Counted(name, np.full(c.size, N), c.ravel()) for name, c in (("favoured", one), ("other", other))
        )
        return self.claim.source(*arms)

    def p(self, source: Source, share: float, replicates: int) -> Floats:
        """p-values with slips up to a share, of all replicates at once."""
        found = source.effect.slipped(share, up=self.claim.up, alike=self.alike)
        values = found.values.reshape(self.problems, replicates)
        scale = np.repeat(found.scale, replicates)
        than = self.claim.than if self.claim.up else -self.claim.than
        return p_with_slips(Slipped(values, found.low, found.high, scale), than)


def scenes() -> list[Scene]:
    """All of them, in the order of the page."""
    return [
        Scene(claim, problems, spread, share)
        for spread in SPREADS
        for claim in CLAIMS
        for problems in (60, 300)
        for share in (0.0001, 0.001, 0.01)
    ]
