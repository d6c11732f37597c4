"""Follow up what undecided pilots are told would decide them, and write docs/remedies.md and .csv.

python calibration/remedies.py --replicates 100 --out docs/remedies.md
"""

import argparse
import os
import zlib
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from dataclasses import dataclass, replace
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from laws import Floats
from remedy_page import Row, page, write_csv
from remedy_scenes import FEW, Noise, Scene, noise_scenes, scenes
from scipy import stats
from tqdm import tqdm

from beyondbase.inference.assurance import Pilot, Remedy, remedy
from beyondbase.inference.bounded import Values, p_greater

SEED = 20_250_417
LEVELS = (0.05, 0.05 / 8, 0.05 / 100)


@dataclass(frozen=True)
class Followed:
    """An undecided pilot, what it was told, and what became of it.

    Attributes:
        told: the remedy.
        growth: the size told, over that at hand; NaN where none was told.
        as_it_looks: whether the size told decides where the pilot is the law.
        by_law: the same under the law that the pilot came from.
    """

    told: Remedy
    growth: float
    as_it_looks: bool
    by_law: bool


def p_of(pilot: Pilot) -> float:
    """The p-value of the pilot's side by its own test."""
    if pilot.worst is None:
        return float(stats.ttest_1samp(pilot.gains, 0, alternative="greater").pvalue)
    return float(p_greater(Values(pilot.gains[:, None], pilot.sizes, pilot.worst, np.inf))[0])


def run(scene: Scene | Noise, replicates: int) -> list[Row]:
    """Pilots of one scene, followed up at every level; seeds are the scene's name and the replicate."""
    found: dict[float, list[Followed]] = {level: [] for level in LEVELS}
    for replicate in range(replicates):
        rng = np.random.default_rng([SEED, zlib.crc32(scene.name.encode()), replicate])
        follow = _follow_samples(scene, rng) if isinstance(scene, Noise) else _follow_units(scene, rng)
        for level, followed in follow:
            found[level].append(followed)
    return [_row(scene, level, replicates, followed) for level, followed in found.items()]


def _follow_units(scene: Scene, rng: np.random.Generator) -> Iterator[tuple[float, Followed]]:
    above = scene.pilot(*scene.draw(rng, scene.units))
    side = scene.same if above.favourable else scene.below
    pilot = side(above)
    p = p_of(pilot) if pilot.favourable else 0.0
    for level in LEVELS:
        if p > level:
            told = remedy(pilot, level, p)
            more = told.more or 0
            again = rng.integers(scene.units, size=more)
            as_it_looks = p_of(_joined(pilot, pilot.gains[again], pilot.sizes[again])) <= level
            drawn = side(scene.pilot(*scene.draw(rng, more if told.promised else 0)))
            by_law = p_of(_joined(pilot, drawn.gains, drawn.sizes)) <= level
            yield level, Followed(told, 1 + more / scene.units if more else np.nan, as_it_looks, by_law)


def _joined(pilot: Pilot, gains: Floats, sizes: Floats) -> Pilot:
    return replace(
        pilot, gains=np.concatenate([pilot.gains, gains]), sizes=np.concatenate([pilot.sizes, sizes])
    )


def _follow_samples(scene: Noise, rng: np.random.Generator) -> Iterator[tuple[float, Followed]]:
    """By law: the true rates of the same problems. As it looks: these rates, moved to the estimate."""
    base, rl = scene.rates(rng)
    counts = rng.binomial(FEW, [base, rl]).astype(np.float64)
    above = scene.pilot(counts[0], counts[1], FEW)
    side = scene.same if above.favourable else scene.below
    pilot = side(above)
    p = p_of(pilot) if pilot.favourable else 0.0
    moved = (rl + above.gains.mean() - (rl - base).mean()).clip(0, 1)
    for level in LEVELS:
        if p > level:
            told = remedy(pilot, level, p)
            total = told.samples or FEW
            as_it_looks, by_law = (
                p_of(side(scene.pilot(counts[0] + extra[0], counts[1] + extra[1], total))) <= level
                for extra in (rng.binomial(total - FEW, [base, end]) for end in (moved, rl))
            )
            yield level, Followed(told, told.samples / FEW if told.samples else np.nan, as_it_looks, by_law)


def _row(scene: Scene | Noise, level: float, replicates: int, found: Sequence[Followed]) -> Row:
    known = [one for one in found if not np.isnan(one.growth)]
    promised = [one for one in known if one.told.promised]
    others = [one for one in known if not one.told.promised]
    units = scene.problems if isinstance(scene, Noise) else scene.units
    return Row(
        kind=scene.kind,
        units=units,
        distance=scene.distance,
        level=level,
        pilots=replicates,
        undecided=len(found),
        promised=len(promised),
        growth=float(np.median([one.growth for one in promised])) if promised else np.nan,
        came_true=sum(one.by_law for one in promised),
        came_true_as_it_looks=sum(one.as_it_looks for one in promised),
        doubtful=len(others),
        doubtful_came_true=sum(one.as_it_looks for one in others),
    )


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, follow pilots up, write the page and the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=100)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="part of a scene's name, such as McNemar")
    parser.add_argument("--out", type=Path, default=Path("docs/remedies.md"))
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the workers' numpy: one core each
    known: list[Scene | Noise] = [*scenes(), *noise_scenes()]
    chosen = [scene for scene in known if options.only in scene.name]
    if not chosen:
        parser.error(f"no scene is named like {options.only!r}; one is {known[0].name}")
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        parts = pool.map(partial(run, replicates=options.replicates), chosen)
        rows = [row for part in tqdm(parts, total=len(chosen), unit="scene") for row in part]
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_csv(options.out.with_suffix(".csv"), rows)
    command = (
        f"python calibration/remedies.py --replicates {options.replicates} --out {options.out.as_posix()}"
    )
    options.out.write_text(
        page(rows, command + (f" --only {options.only}" if options.only else "")), encoding="utf-8"
    )


if __name__ == "__main__":
    main()
