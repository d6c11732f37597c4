"""Replicates of a cell: draw tallies under a law, and ask the library for bands and verdicts.

Everything judged here is computed by the functions that the claims call. p-values of many replicates
are asked for in one call, a column each, because columns do not depend on each other.
"""

import zlib
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np
from laws import KS, LAWS, SAMPLES, SOBOL_POWER, STEPS, TAUS, Expected, Floats, Truth, arms, coupled, truth_of
from numpy.typing import NDArray

from beyondbase import estimators
from beyondbase.inference.bounded import Values, p_greater, p_less, values_of
from beyondbase.judging.case import DENSE_BELOW, POINTS_PER_OCTAVE
from beyondbase.judging.verdict import Verdict, all_of, opposite

SEED = 20_250_417
ALPHA = 0.05
CLEAR = 0.3
CLUSTER_SIZES = (1, 1, 1, 1, 2, 2, 2, 2, 2, 3, 3, 3, 3, 3, 4, 4, 5, 5, 6, 7)
CLUSTER_SHARE = 0.7
IN_CLUSTERS = "/clusters"


@dataclass(frozen=True)
class Cell:
    """A block of the table, the law (or family of laws) and the number of problems."""

    block: str
    law: str
    problems: int

    @property
    def name(self) -> str:
        """Name that `--only` is matched against."""
        return f"{self.block}/{self.law}/m={self.problems}"


@dataclass(frozen=True, eq=False)
class Observed:
    """Counts of correct samples among SAMPLES, and the estimates that the library makes of them."""

    base: NDArray[np.int64]
    middle: NDArray[np.int64]
    rl: NDArray[np.int64]

    def passes(self, arm: str, k: int) -> Floats:
        """pass@k of each problem."""
        return np.asarray(PASS_TABLE[getattr(self, arm), k - 1])

    def always(self, arm: str) -> Floats:
        """Whether all samples are correct."""
        return estimators.pass_hat_k(SAMPLES, getattr(self, arm), SAMPLES)

    def covers(self, arm: str, tau: float) -> Floats:
        """Whether a share `tau` of the samples is correct."""
        return estimators.cover_at_tau(SAMPLES, getattr(self, arm), tau)


PASS_TABLE = estimators.pass_at_k_curve(SAMPLES, np.arange(SAMPLES + 1))
Side = Observed | Expected
_CENTRED = STEPS - STEPS.mean()
TREND = _CENTRED * np.ptp(STEPS) / (_CENTRED**2).sum()
REACH = float(TREND[TREND > 0].sum())


def _difference(k: int) -> Callable[[Side], Floats]:
    return lambda side: side.passes("rl", k) - side.passes("base", k)


def _trend(k: int) -> Callable[[Side], Floats]:
    return lambda side: np.column_stack([side.passes(a, k) for a in ("base", "middle", "rl")]) @ TREND


def _cover(tau: float) -> Callable[[Side], Floats]:
    return lambda side: side.covers("rl", tau) - side.covers("base", tau)


# Arms are independent given the success probabilities, so one formula serves estimates and expectations.
EFFECTS: dict[str, Callable[[Side], Floats]] = {
    **{f"difference@{k}": _difference(k) for k in (1, 16, 64, SAMPLES)},
    "alone": lambda side: side.passes("rl", SAMPLES) * (1 - side.passes("base", SAMPLES)),
    "perfect": lambda side: side.always("rl") - side.always("base"),
    "never": lambda side: side.passes("base", SAMPLES) - side.passes("rl", SAMPLES),
    "gap": lambda side: side.passes("base", SAMPLES) - side.passes("rl", 1),
    **{f"cover@{tau}": _cover(tau) for tau in TAUS},
    **{f"trend@{k}": _trend(k) for k in (1, SAMPLES)},
}
SUPPORTS = {"alone": (0.0, 1.0), "trend@1": (-REACH, REACH), f"trend@{SAMPLES}": (-REACH, REACH)}


def truth_under(law: str, power: int = SOBOL_POWER) -> Truth:
    """True means of all effects under a law, by 2^power points."""
    return truth_of(LAWS[law], EFFECTS, power=power)


def dense_grid() -> tuple[int, ...]:
    """The grid that `Case.grid` makes of SAMPLES samples."""
    octaves = np.arange(np.log2(DENSE_BELOW), np.log2(SAMPLES), 1 / POINTS_PER_OCTAVE)
    return tuple(sorted({*range(1, DENSE_BELOW + 1), *np.round(2**octaves).astype(int).tolist(), *KS}))


def clusters_of(cell: Cell) -> NDArray[np.int64] | None:
    """Cluster labels of cells with clusters: 20 clusters of 1 to 7 problems."""
    clustered = cell.block == "clusters" or cell.law.endswith(IN_CLUSTERS)
    return np.repeat(np.arange(len(CLUSTER_SIZES)), CLUSTER_SIZES) if clustered else None


def generator(cell: Cell, replicate: int) -> np.random.Generator:
    """Random numbers of one replicate; the seed is the cell's name and its own number."""
    return np.random.default_rng([SEED, zlib.crc32(cell.name.encode()), replicate])


def scores(cell: Cell, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Two independent normal scores of each problem, alike within clusters."""
    first, second = rng.standard_normal((2, cell.problems))
    labels = clusters_of(cell)
    if labels is None:
        return first, second
    shared = rng.standard_normal((2, len(CLUSTER_SIZES)))[:, labels]
    own, common = np.sqrt([1 - CLUSTER_SHARE, CLUSTER_SHARE])
    return own * first + common * shared[0], own * second + common * shared[1]


def draw(cell: Cell, replicate: int) -> Observed:
    """Counts of one replicate."""
    rng = generator(cell, replicate)
    p = arms(LAWS[cell.law], *coupled(*scores(cell, rng)))
    base, middle, rl = (rng.binomial(SAMPLES, share) for share in (p.base, p.middle, p.rl))
    return Observed(base, middle, rl)


class Tails:
    """Both one-sided p-values of an effect against a margin, for all replicates of a chunk."""

    def __init__(self, cell: Cell, truth: Truth, drawn: Sequence[Observed]) -> None:
        self.truth, self._clusters, self._drawn = truth.effects, clusters_of(cell), drawn
        self._stacks: dict[str, Values] = {}
        self._found: dict[tuple[str, float], list[Verdict]] = {}

    def above(self, effect: str, *, margin: float | None = None) -> list[Verdict]:
        """What `measures.greater` decides by; the margin is the truth unless given."""
        than = self.truth[effect] if margin is None else margin
        if (effect, than) not in self._found:
            values = self._stack(effect)
            pairs = zip(p_greater(values, than).tolist(), p_less(values, than).tolist(), strict=True)
            self._found[effect, than] = [Verdict(effect, support, refute) for support, refute in pairs]
        return self._found[effect, than]

    def below(self, effect: str, *, margin: float | None = None) -> list[Verdict]:
        """What `measures.less` decides by."""
        return [opposite(effect, verdict) for verdict in self.above(effect, margin=margin)]

    def _stack(self, effect: str) -> Values:
        if effect not in self._stacks:
            columns = np.column_stack([EFFECTS[effect](one) for one in self._drawn])
            support = SUPPORTS.get(effect, (-1.0, 1.0))
            self._stacks[effect] = values_of(columns, support=support, clusters=self._clusters)
        return self._stacks[effect]


def verdicts(tails: Tails, names: Sequence[str] = ()) -> dict[str, list[Verdict]]:
    """Every claim at its margin, by name; only `names` where given."""
    return {name: claim(tails) for name, claim in CLAIMS.items() if not names or name in names}


def _both(first: list[Verdict], second: list[Verdict]) -> list[Verdict]:
    return [all_of("both", *parts) for parts in zip(first, second, strict=True)]


def _overtakes(lead: float, large: float) -> Callable[[Tails], list[Verdict]]:
    one, last = "difference@1", f"difference@{SAMPLES}"
    return lambda t: _both(
        t.above(one, margin=t.truth[one] - lead), t.below(last, margin=t.truth[last] + large)
    )


def _sharpens(perfect: float, never: float) -> Callable[[Tails], list[Verdict]]:
    return lambda t: _both(
        t.above("perfect", margin=t.truth["perfect"] - perfect),
        t.above("never", margin=t.truth["never"] - never),
    )


def _alike(k: int) -> Callable[[Tails], list[Verdict]]:
    name = f"difference@{k}"
    return lambda t: _both(
        t.above(name, margin=-abs(t.truth[name])), t.below(name, margin=abs(t.truth[name]))
    )


def _covers_more(tau: float) -> Callable[[Tails], list[Verdict]]:
    return lambda t: t.above(f"cover@{tau}")


CLAIMS: dict[str, Callable[[Tails], list[Verdict]]] = {
    "rl-leads-at-1": lambda t: t.above("difference@1"),
    "base-ahead-at-64": lambda t: t.below("difference@64"),
    "base-ahead-at-128": lambda t: t.below("difference@128"),
    "base-overtakes (lead at margin)": _overtakes(0.0, CLEAR),
    "base-overtakes (large k at margin)": _overtakes(CLEAR, 0.0),
    "base-overtakes (both at margin)": _overtakes(0.0, 0.0),
    "rl-solved-is-subset": lambda t: t.below("alone"),
    "rl-sharpens (always at margin)": _sharpens(0.0, CLEAR),
    "rl-sharpens (never at margin)": _sharpens(CLEAR, 0.0),
    "alike-at-1": _alike(1),
    "alike-at-128": _alike(SAMPLES),
    "trend-at-1": lambda t: t.above("trend@1"),
    "trend-at-128": lambda t: t.below("trend@128"),
    "sampling-gap": lambda t: t.above("gap"),
    **{f"cover-at-{tau}": _covers_more(tau) for tau in TAUS},
}
