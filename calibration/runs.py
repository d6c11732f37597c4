"""Simulate ways to count runs as draws of their algorithm, and print the tables of docs/statistics.md.

    python calibration/runs.py [--replicates N]

Means of runs are normal and known without error, so that the runs alone decide: with problems at hand, which
take half of the level too, every way errs less often. Runs have the half of 5 % that the claim gives them.
"""

import argparse
import sys
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import permutations

import numpy as np
from numpy.typing import NDArray
from scipy import stats

from beyondbase.inference.bounded import Floats

TAIL, SEED = 0.05 / 2, 2026
WAYS = ("pooled", "larger", "Welch", "ours")
RIGHT = "Right verdicts, in %: all alike, with a margin of 5 s.d.; one 10 s.d. beyond the margin"


@dataclass(frozen=True)
class Scene:
    """Algorithms by their numbers of runs, and how much the runs of each vary."""

    repeats: Sequence[int]
    spreads: Sequence[float]

    def __str__(self) -> str:
        """Both, in words of a table."""
        runs, spreads = (", ".join(f"{one:g}" for one in some) for some in (self.repeats, self.spreads))
        return f"{runs} | {spreads}"


ERRORS = (
    *(
        Scene(repeats, (1, high))
        for repeats in ((2, 2), (3, 2), (3, 3), (5, 2), (10, 2), (5, 5))
        for high in (1, 4, 16)
    ),
    *(Scene((count,) * 6, (4, *[1] * 5)) for count in (2, 3, 5)),
    Scene((3, *[2] * 5), (1, 4, *[1] * 4)),
)
POWERS = tuple(Scene((runs,) * count, (1,) * count) for count in (2, 6) for runs in (2, 3, 4, 5, 10))


@dataclass(frozen=True, eq=False)
class Draws:
    """Means and variances of the runs of all algorithms, shape (algorithms, replicates)."""

    repeats: NDArray[np.int64]
    means: Floats
    variances: Floats

    @classmethod
    def of(cls, scene: Scene, replicates: int) -> "Draws":
        """Studies of a scene, in which all algorithms have the mean 0."""
        rng, repeats = np.random.default_rng(SEED), np.array(scene.repeats)
        runs = [
            spread * rng.standard_normal((count, replicates))
            for count, spread in zip(scene.repeats, scene.spreads, strict=True)
        ]
        means, variances = ([how(some) for some in runs] for how in (_mean, _variance))
        return cls(repeats, np.array(means), np.array(variances))

    def room(self, one: int, two: int, tail: float) -> dict[str, Floats]:
        """By how much the difference of two algorithms is exceeded by its upper limit, by each way."""
        m, n = self.repeats[[one, two]]
        degrees = int((self.repeats - 1).sum())
        pooled = (self.variances * (self.repeats - 1)[:, None]).sum(axis=0) / degrees * (1 / m + 1 / n)
        first, second = self.variances[one] / m, self.variances[two] / n
        own = first + second
        satterthwaite = own**2 / (first**2 / (m - 1) + second**2 / (n - 1))
        found = {
            "pooled": (pooled, degrees),
            "larger": (np.maximum(pooled, own), degrees),
            "Welch": (own, satterthwaite),
            "ours": (own, min(m, n) - 1),
        }
        return {way: stats.t.isf(tail, freedom) * np.sqrt(size) for way, (size, freedom) in found.items()}

    def within(self, margin: float, at: float) -> dict[str, float]:
        """In %, how often all are shown to be nearer than a margin, the first being `at` above the second."""
        shown = {way: np.ones(self.means.shape[1], dtype=np.bool_) for way in WAYS}
        # At the boundary only the pair that is there counts: the others may lie anywhere.
        pairs = [(0, 1)] if at else permutations(range(len(self.repeats)), 2)
        for one, two in pairs:
            difference = self.means[one] - self.means[two] + at
            for way, room in self.room(one, two, TAIL).items():
                shown[way] &= difference + room < margin
        return {way: 100 * float(found.mean()) for way, found in shown.items()}

    def apart(self, beyond: float) -> dict[str, float]:
        """In %, how often some are shown to be beyond a margin of 0, the first being so far above all."""
        shown = {way: np.zeros(self.means.shape[1], dtype=np.bool_) for way in WAYS}
        pairs = [*permutations(range(len(self.repeats)), 2)]
        for one, two in pairs:
            difference = self.means[one] - self.means[two] + beyond * ((one == 0) - (two == 0))
            for way, room in self.room(one, two, TAIL / len(pairs)).items():
                shown[way] |= difference > room
        return {way: 100 * float(found.mean()) for way, found in shown.items()}


def _mean(runs: Floats) -> Floats:
    return np.asarray(runs.mean(axis=0))


def _variance(runs: Floats) -> Floats:
    return np.asarray(runs.var(axis=0, ddof=1))


def row(scene: Scene, *sides: dict[str, float]) -> str:
    """One line of a table."""
    return f"| {scene} | {' | '.join(f'{side[way]:.1f}' for side in sides for way in WAYS)} |"


def main() -> None:
    """Read the arguments and print both tables."""
    parser = argparse.ArgumentParser(description="Simulate runs of algorithms.")
    parser.add_argument("--replicates", type=int, default=100_000)
    replicates = parser.parse_args().replicates
    head = "| runs | s.d. | " + " | ".join(f"{side}, {way}" for side in ("within", "apart") for way in WAYS)
    lines = [f"{head} |", "|" + "---|" * (2 + 2 * len(WAYS))]
    false, right = ["False verdicts at the boundary, in %", "", *lines], [RIGHT, "", *lines]
    for scene in ERRORS:
        draws = Draws.of(scene, replicates)
        false.append(row(scene, draws.within(1.0, 1.0), draws.apart(0.0)))
    for scene in POWERS:
        draws = Draws.of(scene, replicates)
        right.append(row(scene, draws.within(5.0, 0.0), draws.apart(10.0)))
    sys.stdout.write("\n".join([*false, "", *right, ""]))


if __name__ == "__main__":
    main()
