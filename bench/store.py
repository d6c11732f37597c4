"""The store's speed: completions put on the disk, and ten million of them counted.

Appending is against JSON lines, which most tools write, with the same promise: on the disk after every
batch. Counting is against pyarrow's own scan of the same shards for the same sums, which checks nothing:
not that every completion has one grade, of this very text, nor that no shard is damaged. The figure is
the ratio within one run, so that a slow machine slows both.
"""

import argparse
import json
import os
import random
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import pyarrow as pa
import pyarrow.dataset

from beyondbase.completions import Completion, Grade, Graded
from beyondbase.store import SampleSet, seed_of
from beyondbase.store.layout import grades_folder

BATCH, PROBLEMS, TEXT = 2_000, 5_000, 300
IDENTITY = {"model": "bench", "temperature": 0.6}
GRADER = ("bench", "1")


def main() -> None:
    """Print one line per comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=100, help="batches of 2,000 completions to append")
    parser.add_argument("--rows", type=int, default=10_000_000, help="completions to count")
    parser.add_argument("--sizes", type=int, nargs="+", default=[20_000, BATCH], help="of their batches")
    parser.add_argument("--count", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--by", choices=("ours", "pyarrow"), help=argparse.SUPPRESS)
    options = parser.parse_args()
    if options.count:
        print(json.dumps(count(options.count, options.by)))
        return
    with tempfile.TemporaryDirectory() as folder:
        append(Path(folder), options.batches)
    for batch in options.sizes:
        with tempfile.TemporaryDirectory() as folder:
            tally(Path(folder), options.rows, batch)


def append(folder: Path, batches: int) -> None:
    """Append completions of 300 characters in batches, in turn with JSON lines."""
    ours = theirs = 0.0
    with SampleSet.open(folder / "set", IDENTITY) as store, (folder / "lines.jsonl").open("w") as lines:
        for number in range(batches):
            batch = completions(store.fingerprint, number)
            start = time.perf_counter()
            store.append(batch)
            middle = time.perf_counter()
            lines.writelines(json.dumps(item.__dict__) + "\n" for item in batch)
            lines.flush()
            os.fsync(lines.fileno())
            ours, theirs = ours + middle - start, theirs + time.perf_counter() - middle
        size = store.status().size / (folder / "lines.jsonl").stat().st_size
    rows = batches * BATCH
    print(
        f"append {rows:,} in batches of {BATCH:,}: {rows / ours:,.0f} completions/s; JSON lines "
        f"{rows / theirs:,.0f}/s; {theirs / ours:.2f} times as fast, {size:.2f} of the size"
    )


def tally(folder: Path, rows: int, batch: int) -> None:
    """Count completions that came in batches, each way in a process of its own."""
    with SampleSet.open(folder, IDENTITY) as store:
        for number in range(rows // batch):
            some = completions(store.fingerprint, number, batch)
            store.append(some)
            said: list[Grade] = ["correct" if item.seed % 3 else "wrong" for item in some]
            grades = zip(some, said, strict=True)
            store.append_grades(*GRADER, [Graded(x.problem_id, x.index, word, "42") for x, word in grades])
    for by in ("ours", "pyarrow"):
        count_apart(folder, by)
    ours, theirs = count_apart(folder, "ours"), count_apart(folder, "pyarrow")
    if ours["correct"] != theirs["correct"]:
        sys.exit(f"counts differ: {ours['correct']} and {theirs['correct']}")
    print(
        f"tally {rows:,} rows in batches of {batch:,}: {_shown(ours)}; pyarrow's scan {_shown(theirs)}; "
        f"{theirs['seconds'] / ours['seconds']:.2f} times as fast"
    )


def _shown(run: dict[str, float]) -> str:
    return f"{run['seconds']:.2f} s ({run['busy']:.2f} s of CPU), {run['peak']:,.0f} MiB at most"


def count_apart(folder: Path, by: str) -> dict[str, float]:
    """Count in a new process, so that its peak of memory is that of counting."""
    command = [sys.executable, __file__, "--count", str(folder), "--by", by]
    result = subprocess.run(command, capture_output=True, text=True, check=True)  # noqa: S603 - our own command
    found: dict[str, float] = json.loads(result.stdout)
    return found


def count(folder: Path, by: str) -> dict[str, float]:
    """Count, and say how long it took and how much memory the process had at most."""
    start, begin = time.perf_counter(), time.process_time()
    correct = _count_ours(folder) if by == "ours" else _count_pyarrow(folder)
    seconds, busy = time.perf_counter() - start, time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return {"seconds": seconds, "busy": busy, "peak": peak, "correct": correct}


def _count_ours(folder: Path) -> int:
    return int(SampleSet.read(folder).tally(*GRADER).c.sum())


def _count_pyarrow(folder: Path) -> int:
    paths = {"completions": folder / "completions", "grades": grades_folder(folder, *GRADER)}
    sums = {}
    for name, path in paths.items():
        columns = ["problem_id", "outcome"] if name == "grades" else ["problem_id"]
        table = pa.dataset.dataset(path, format="parquet").to_table(columns=columns)
        sums[name] = table.group_by(columns).aggregate([([], "count_all")])
    right = sums["grades"].filter(pa.compute.field("outcome") == "correct")
    return int(np.asarray(right.column("count_all")).sum())


def completions(fingerprint: str, number: int, size: int = BATCH) -> list[Completion]:
    """Make one batch, in the order in which a run samples."""
    rng = random.Random(number)  # noqa: S311 - text to write, no secret
    words = [f"{rng.getrandbits(20):x}" for _ in range(200)]
    batch = []
    for row in range(number * size, (number + 1) * size):
        name, index = f"train/algebra/{row % PROBLEMS}.json", row // PROBLEMS
        text = " ".join(rng.choices(words, k=TEXT // 5)).ljust(TEXT, ".")[:TEXT]
        seed = seed_of(fingerprint, name, index)
        batch.append(Completion(name, index, seed, text, 90, "stop", -rng.random() * 90, None, None))
    return batch


if __name__ == "__main__":
    main()
