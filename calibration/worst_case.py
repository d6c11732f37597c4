"""Search for the worst case of every test that decides, and write docs/worst-case.md and .csv.

python calibration/worst_case.py --out docs/worst-case.md
"""

import argparse
import os
from collections.abc import Callable, Sequence
from concurrent.futures import ProcessPoolExecutor, as_completed
from dataclasses import dataclass
from functools import partial
from multiprocessing import get_context
from pathlib import Path

import worst_attack
import worst_clusters
import worst_curves
import worst_mean
import worst_noise
import worst_smallest
import worst_three
from tqdm import tqdm
from worst_attack import Attack, Shape
from worst_mean import DIFFERENCE, GAIN, SHARE, TESTS, Place
from worst_page import page
from worst_rows import LEVELS, SIZES, Finding, write_csv

CURVES = (30, 100, 500)
NOISE = (30, 100, 500)
SMALL = range(2, 13)
LARGER = {30: (300, 40), 60: (40, 40), 100: (20, 30)}  # laws at once and rounds


@dataclass(frozen=True)
class Job:
    """One place of the search; `weight` is about how long it takes."""

    block: str
    weight: int
    find: Callable[[], list[Finding]]


def jobs() -> list[Job]:
    """The whole search, in the order of the page."""
    return [
        Job("smallest", 1, worst_smallest.findings),
        *(Job("mean", at.units, partial(worst_mean.findings, at)) for at in _means()),
        *(
            Job("third value", at.units, partial(worst_three.findings, at))
            for at in _places((DIFFERENCE, SHARE), SIZES)
        ),
        *(Job("attack", plan.shape.size, partial(worst_attack.findings, plan)) for plan in _attacks()),
        *(
            Job("noise", units, partial(worst_noise.findings, claim.name, units, level))
            for claim in worst_noise.CLAIMS
            for units in NOISE
            for level in LEVELS
        ),
        *_clusters(),
        *_curves(),
    ]


def _places(tests: Sequence[worst_mean.MeanTest], sizes: Sequence[int]) -> list[Place]:
    return [Place(test, units, level) for test in tests for units in sizes for level in LEVELS]


def _means() -> list[Place]:
    """Where gains are far from the end of the support, tests differ in scale alone: two are enough."""
    large = [size for size in SIZES if size >= worst_mean.LARGE]
    return [at for at in _places(TESTS, SIZES) if at.units not in large or at.test in {DIFFERENCE, SHARE}]


def _attacks() -> list[Attack]:
    shapes = ((2, 1), (1, 2), (2, 2), (1, 3), (3, 1))
    small = [(Shape(size, *shape), 400, 80) for size in SMALL for shape in shapes]
    larger = [(Shape(size, *shape), *effort) for size, effort in LARGER.items() for shape in shapes[:2]]
    free = [Attack(*plan) for plan in (*small, *larger)]
    inside = [Attack(*plan, most=worst_attack.INSIDE) for plan in (*small, *larger) if plan[0].losses == 2]
    return [*free, *inside]


def _clusters() -> list[Job]:
    found = []
    for at in _places((DIFFERENCE, SHARE), worst_clusters.PAIRS):
        kinds = (worst_clusters.pairs, worst_clusters.harder, worst_clusters.unseen)
        found += [Job("clusters", at.units, partial(kind, at)) for kind in kinds]
    for sizes in worst_clusters.UNEQUAL:
        places = _places((DIFFERENCE, SHARE), (sizes.clusters,))
        found += [Job("clusters", at.units, partial(worst_clusters.unequal, at, sizes)) for at in places]
    given = Place(GAIN, 0, LEVELS[0])
    return [*found, Job("clusters", 1, partial(worst_clusters.by_size, given))]


def _curves() -> list[Job]:
    places = [
        (units, level, columns) for columns in worst_curves.COLUMNS for units in CURVES for level in LEVELS
    ]
    kinds = (worst_curves.everywhere, worst_curves.somewhere)
    tests = [Job("curves", place[0], partial(kind, *place)) for kind in kinds for place in places]
    bands = [(units, columns) for columns in worst_curves.COLUMNS for units in CURVES]
    return [
        *tests,
        *(Job("curves", units, partial(worst_curves.band, units, columns)) for units, columns in bands),
    ]


def search(chosen: Sequence[Job], processes: int) -> list[Finding]:
    """Findings of all jobs in their order, which do not hang on the number of processes."""
    found: dict[int, list[Finding]] = {}
    order = sorted(range(len(chosen)), key=lambda place: -chosen[place].weight)
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        places = {pool.submit(chosen[place].find): place for place in order}
        for done in tqdm(as_completed(places), total=len(places), unit="search"):
            found[places[done]] = done.result()
    return [row for place in sorted(found) for row in found[place]]


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, search, write the page and the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="a part of the search, such as clusters")
    parser.add_argument("--out", type=Path, default=Path("docs/worst-case.md"))
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the workers' numpy: one core each
    chosen = [job for job in jobs() if options.only in job.block]
    if not chosen:
        parser.error(f"no part is named like {options.only!r}; one is {jobs()[0].block}")
    rows = search(chosen, options.processes)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_csv(options.out.with_suffix(".csv"), rows)
    only = f" --only {options.only!r}" if options.only else ""
    command = f"python calibration/worst_case.py{only} --out {options.out.as_posix()}"
    options.out.write_text(page(rows, command), encoding="utf-8")


if __name__ == "__main__":
    main()
