"""Simulate ways to keep the error over a claim's verdicts, and write docs/families.md.

    python calibration/families.py [--replicates N]

Scores are normal, so that only the procedures differ: one problem has the spread of DeepScaleR's differences
at k = 128 (s.d. .35), its four tasks have 30, 40, 385 and 605 problems, and their mean is over problems.
"""

import argparse
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from scipy import special
from tqdm import tqdm

from beyondbase.inference.bounded import Floats
from beyondbase.inference.graphical import Holm, Procedure, adjusted_by
from beyondbase.judging.shares import FIRST, Pair, graph

PAGE = Path(__file__).parents[1] / "docs" / "families.md"
SIZES, SPREAD, ALPHA, SEED = np.array([30.0, 40, 385, 605]), 0.35, 0.05, 2026
TASKS = len(SIZES)
HEAD = """# How alpha is shared within a claim

Written by `nox -s families` ({replicates:,} families a row, seed {seed}).

A claim is judged on a pair over all tasks together and on each of its tasks
([claims.md](claims.md#over-what-the-error-is-kept)). In %: how often the case over all tasks of the
first pair is decided rightly, which part of its tasks is, which part of all secondary cases is, and how
often any verdict of the family is wrong, which should be at most {alpha:g}.

* *alike*: Holm's procedure over all cases.
* *strict*: tasks are tested once all tasks together are decided; secondary pairs wait for the first.
* *ours*: four fifths of a pair's share are of all tasks together, one fifth of its tasks; secondary
  pairs wait.
* *halves*: the same with one half and one half.

Effects are in points of pass@k. Where one is zero, "below zero" is false, so that SUPPORTED alone is
wrong.

"""
FOOT = """
Where tasks agree, *strict* decides most, and *ours* is 2 to 3 points behind. Where they differ, *strict*
decides next to none of the tasks that stand out, as all of them together say little, and *ours* nearly
as many as *alike*. With secondary pairs all *alike*, the first pair loses a third of its power; if they
wait, nothing. The price is that they are decided only after it.
"""


@dataclass(frozen=True)
class Scene:
    """Effects of pairs on the four tasks; pairs after `leading` are secondary."""

    name: str
    effects: Sequence[Sequence[float]]
    leading: int = 1


COMMON, NULL = (-0.03,) * TASKS, (0.0,) * TASKS
SCENES = (
    Scene("one pair, -3 on all tasks", [COMMON]),
    Scene("one pair, -2.5 on all tasks", [(-0.025,) * TASKS]),
    Scene("one pair, -5 on the largest task alone", [(0, 0, 0, -0.05)]),
    Scene("one pair, +6 and -4.5 on the two large tasks", [(0, 0, 0.06, -0.045)]),
    Scene("one pair, -20 on the two small tasks alone", [(-0.2, -0.2, 0, 0)]),
    Scene("one pair, nothing anywhere", [NULL]),
    Scene("three pairs, -3", [COMMON] * 3, leading=3),
    Scene("three pairs, one of them with nothing", [COMMON, NULL, COMMON], leading=3),
    Scene("one pair and four secondary ones, -3", [COMMON] * 5),
    Scene("the same, secondary ones with nothing", [COMMON, *[NULL] * 4]),
)


def procedures(scene: Scene) -> dict[str, Procedure]:
    """The ways to share alpha, by name."""
    width = 1 + TASKS
    pairs = [
        Pair(at * width, tuple(range(at * width + 1, (at + 1) * width)), secondary=at >= scene.leading)
        for at in range(len(scene.effects))
    ]
    size = width * len(pairs)
    ways = {"strict": 1.0, "ours": FIRST, "halves": 0.5}
    return {"alike": Holm.over(size)} | {
        name: graph(pairs, size, first=first) for name, first in ways.items()
    }


def drawn(scene: Scene, rng: np.random.Generator) -> tuple[Floats, Floats]:
    """Scores of all cases, negative where the estimate is, and their true effects."""
    weights = SIZES / SIZES.sum()
    effects = np.array(scene.effects, dtype=np.float64)
    means = effects + rng.standard_normal(effects.shape) * SPREAD / np.sqrt(SIZES)
    all_of, truth = ((some @ weights)[:, None] for some in (means, effects))
    scores = np.hstack([all_of * np.sqrt(SIZES.sum()), means * np.sqrt(SIZES)]) / SPREAD
    return scores.ravel(), np.hstack([truth, effects]).ravel()


def row(scene: Scene, replicates: int) -> dict[str, Floats]:
    """Per procedure, in %: decided rightly (first pair over all tasks, its tasks, secondary), any wrong."""
    rng, ways = np.random.default_rng(SEED), procedures(scene)
    found = {name: np.zeros(4) for name in ways}
    width = 1 + TASKS
    for _ in tqdm(range(replicates), desc=scene.name):
        scores, truth = drawn(scene, rng)
        p = np.minimum(special.ndtr(scores), special.ndtr(-scores))
        for name, procedure in ways.items():
            decided = adjusted_by(procedure, p) <= ALPHA
            right = decided & (np.sign(scores) == np.sign(truth))
            wrong = decided & ((scores < 0) != (truth < 0))
            secondary = right[scene.leading * width :]
            found[name] += [
                right[0],
                right[1:width].mean(),
                secondary.mean() if secondary.size else np.nan,
                wrong.any(),
            ]
    return {name: 100 * total / replicates for name, total in found.items()}


def page(replicates: int) -> str:
    """The page, head to foot."""
    lines = ["| scene | procedure | all tasks | tasks | secondary | any wrong |", "|---|---|---|---|---|---|"]
    for scene in SCENES:
        for name, numbers in row(scene, replicates).items():
            cells = ("—" if np.isnan(number) else f"{number:.1f}" for number in numbers)
            lines.append(f"| {scene.name} | {name} | {' | '.join(cells)} |")
    head = HEAD.format(replicates=replicates, seed=SEED, alpha=100 * ALPHA)
    return head + "\n".join(lines) + "\n" + FOOT


def main() -> None:
    """Read the arguments and write the page."""
    parser = argparse.ArgumentParser(description="Simulate families of verdicts.")
    parser.add_argument("--replicates", type=int, default=4_000)
    PAGE.write_text(page(parser.parse_args().replicates))


if __name__ == "__main__":
    main()
