"""Plant wrong answers that a grader accepts, see what tipping points say, and write docs/tipping.md and .csv.

python calibration/tipping.py --replicates 2000 --out docs/tipping.md
"""

import argparse
import os
import zlib
from collections.abc import Sequence
from concurrent.futures import ProcessPoolExecutor
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import numpy as np
from tipping_page import LEVEL, Row, page, write_csv
from tipping_scenes import Floats, Integers, N, Scene, scenes
from tqdm import tqdm

from beyondbase.inference.tipping import SHARES
from beyondbase.judging.thresholds import Threshold, answers

SEED = 20_250_418
FEW = 20  # of which no median is told
CLOSER = 60  # studies in which the finding is given that are looked at more closely
# Between these multiples of the planted share, tipping points are placed.
PARTS = np.array([*np.arange(0.02, 0.2, 0.02), *np.arange(0.2, 1.5, 0.05), 2.0, 3.0, 5.0])


def run(scene: Scene, replicates: int) -> Row:
    """Studies of one scene; the seed is its name."""
    rng = np.random.default_rng([SEED, zlib.crc32(scene.name.encode())])
    (one, other), slips = scene.draw(rng, replicates)
    source = scene.source(one, other)
    given = scene.p(source, 0.0, replicates) <= LEVEL
    borne = scene.p(source, scene.share, replicates) <= LEVEL
    some = np.flatnonzero(given)[:CLOSER]
    fall = _falls(scene, one[:, some], other[:, some], slips[:, some].sum(axis=0))
    return Row(
        scene.spread,
        scene.claim.name,
        scene.problems,
        scene.share,
        replicates,
        int(given.sum()),
        int((given & borne).sum()),
        _tipping(scene, one[:, some], other[:, some]),
        float(np.median(fall)) if len(fall) >= FEW else np.nan,
        float(np.mean(fall <= 1)) if len(fall) >= FEW else np.nan,
    )


def run_at(place: int, replicates: int) -> Row:
    """Studies of the scene at a place: scenes hold functions, which do not travel between processes."""
    return run(scenes()[place], replicates)


def _tipping(scene: Scene, one: Integers, other: Integers) -> float:
    """The median tipping point of some studies over the planted share, to a step of `PARTS`."""
    count = one.shape[1]
    if count < FEW:
        return np.nan
    source = scene.source(one, other)
    shares = [share for share in PARTS * scene.share if share <= SHARES[-1]]
    held = sum((scene.p(source, share, count) <= LEVEL).astype(int) for share in shares)
    return float(np.append(0.0, PARTS)[int(np.median(held))])


def _falls(scene: Scene, one: Integers, other: Integers, slips: Integers) -> Floats:
    """Accepted answers that would have to be wrong over those that were, study by study."""
    found = []
    for at in range(one.shape[1]):
        source = scene.source(one[:, at], other[:, at])
        wrong = Threshold(source, scene.claim.than, None, scene.claim.up).fewest_wrong(LEVEL, support=True)
        if wrong is not None and slips[at]:
            found.append(answers(wrong) / slips[at])
    return np.array(found, dtype=np.float64)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, draw the studies, write the page and the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="part of a scene's name, such as heaped")
    parser.add_argument("--out", type=Path, default=Path("docs/tipping.md"))
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the workers' numpy: one core each
    chosen = [place for place, scene in enumerate(scenes()) if options.only in scene.name]
    if not chosen:
        parser.error(f"no scene is named like {options.only!r}; one is {scenes()[0].name}")
    with ProcessPoolExecutor(options.processes, mp_context=get_context("spawn")) as pool:
        found = pool.map(partial(run_at, replicates=options.replicates), chosen)
        rows = list(tqdm(found, total=len(chosen), unit="scene"))
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_csv(options.out.with_suffix(".csv"), rows)
    only = f" --only {options.only!r}" if options.only else ""
    made = f"--replicates {options.replicates} --out {options.out.as_posix()}{only}"
    command = f"python calibration/tipping.py {made}"
    options.out.write_text(page(rows, command, N, CLOSER), encoding="utf-8")


if __name__ == "__main__":
    main()
