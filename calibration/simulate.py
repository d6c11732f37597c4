"""Simulate bands and verdicts under known laws, and write docs/calibration.md and .csv.

python calibration/simulate.py --replicates 2000 --out docs/calibration.md
"""

import argparse
import os
from collections.abc import Iterator, Sequence
from concurrent.futures import ProcessPoolExecutor
from itertools import repeat
from multiprocessing import get_context
from pathlib import Path

import likelihoods
from cells import CLUSTER_SIZES, IN_CLUSTERS, Cell, truth_under
from laws import FAMILIES, LAWS, SOBOL_POWER, Truth, laws_in
from replicates import CHUNK, Totals, add, run_chunk
from table import Row, page, rows_of, write_csv
from tqdm import tqdm

SIZES = (30, 60, 272, 500)
DENSE = (("saturated", 30), ("saturated", 272), ("minerva-7b", 30), ("minerva-7b", 272))


def cells() -> list[Cell]:
    """Every cell of the table."""
    return [
        *(Cell("bands", law, problems) for law in LAWS for problems in SIZES),
        *(Cell("dense", law, problems) for law, problems in DENSE),
        *(Cell("clusters", law, sum(CLUSTER_SIZES)) for law in LAWS),
        *(Cell("holm", name, sum(m for _, m in family)) for name, family in FAMILIES.items()),
        *(Cell("likelihoods", law, problems) for law in likelihoods.LAWS for problems in SIZES),
        *(Cell("likelihoods", law + IN_CLUSTERS, sum(CLUSTER_SIZES)) for law in likelihoods.LAWS),
    ]


def simulate(
    chosen: Sequence[Cell], replicates: int, processes: int, *, power: int = SOBOL_POWER
) -> tuple[list[Row], float]:
    """Rows of the cells, and the greatest integration error of the truths behind them.

    Chunks and seeds depend on the cell and the replicate alone, so any number of processes gives the
    same rows.
    """
    names = list(dict.fromkeys(law for cell in chosen for law in laws_in(cell.law)))
    with ProcessPoolExecutor(processes, mp_context=get_context("spawn")) as pool:
        found = pool.map(truth_under, names, repeat(power))
        truths = dict(zip(names, found, strict=True))
        rows = [
            row for cell, totals in _run(pool, chosen, truths, replicates) for row in rows_of(cell, totals)
        ]
    return rows, max((truth.error for truth in truths.values()), default=0.0)


def _run(
    pool: ProcessPoolExecutor, chosen: Sequence[Cell], truths: dict[str, Truth], replicates: int
) -> Iterator[tuple[Cell, Totals]]:
    starts = range(0, replicates, CHUNK)
    jobs = [(cell, start, min(start + CHUNK, replicates)) for cell in chosen for start in starts]
    known = [{name: truths[name] for name in laws_in(cell.law)} for cell, _, _ in jobs]
    cells_, begins, ends = zip(*jobs, strict=True)
    chunks = pool.map(run_chunk, cells_, known, begins, ends)
    with tqdm(total=len(jobs), unit="chunk") as bar:
        for cell in chosen:
            found = []
            for _ in starts:
                found.append(next(chunks))
                bar.update()
            yield cell, add({}, found)


def main(arguments: Sequence[str] | None = None) -> None:
    """Read the command line, simulate, write the page and the rows."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--replicates", type=int, default=2000)
    parser.add_argument("--processes", type=int, default=os.cpu_count())
    parser.add_argument("--only", default="", help="part of a cell's name, such as bands/saturated/m=30")
    parser.add_argument("--out", type=Path, default=Path("docs/calibration.md"))
    options = parser.parse_args(arguments)
    os.environ["OMP_NUM_THREADS"] = "1"  # read by the workers' numpy: one core each
    chosen = [cell for cell in cells() if options.only in cell.name]
    if not chosen:
        parser.error(f"no cell is named like {options.only!r}; one is {cells()[0].name}")
    rows, error = simulate(chosen, options.replicates, options.processes)
    options.out.parent.mkdir(parents=True, exist_ok=True)
    write_csv(options.out.with_suffix(".csv"), rows)
    command = (
        f"python calibration/simulate.py --replicates {options.replicates} --out {options.out.as_posix()}"
    )
    only = f" --only {options.only}" if options.only else ""
    options.out.write_text(page(rows, command + only, error), encoding="utf-8")


if __name__ == "__main__":
    main()
