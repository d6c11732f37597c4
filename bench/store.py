"""The store's speed: completions put on the disk, and ten million of them counted and listed.

Appending is against JSON lines, which most tools write, with the same promise: on the disk after every
batch. Counting is against pyarrow's own scan of the same shards for the same sums, which checks nothing:
not that every completion has one grade, of this very text, nor that no shard is damaged. The figure is
the ratio within one run, so that a slow machine slows both. The shards to count hold short texts, which
counting does not read, and are made by columns, so that this takes no longer than what is timed.
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
from typing import Any

import numpy as np
import pyarrow as pa
import pyarrow.dataset

from beyondbase.completions import Completion
from beyondbase.store import OUTCOMES, SampleSet, seed_of
from beyondbase.store.layout import grades_folder
from beyondbase.store.shards import COMPLETIONS, GRADES, write_shard

BATCH, PROBLEMS, TEXT = 2_000, 5_000, 300
IDENTITY = {"model": "bench", "temperature": 0.6}
GRADER = ("bench", "1")


def main() -> None:
    """Print one line per comparison."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--batches", type=int, default=100, help="batches of 2,000 completions to append")
    parser.add_argument("--rows", type=int, default=10_000_000, help="completions to count")
    parser.add_argument(
        "--sizes", type=int, nargs="+", default=[20_000, 10_000, 1_000], help="of their shards"
    )
    parser.add_argument("--count", type=Path, help=argparse.SUPPRESS)
    parser.add_argument("--by", choices=("ours", "pyarrow", "rows"), help=argparse.SUPPRESS)
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
    ours = theirs = busy = 0.0
    with SampleSet.open(folder / "set", IDENTITY) as store, (folder / "lines.jsonl").open("w") as lines:
        for number in range(batches):
            batch = completions(store.fingerprint, number)
            start, begin = time.perf_counter(), time.process_time()
            store.append(batch)
            middle, busy = time.perf_counter(), busy + time.process_time() - begin
            lines.writelines(json.dumps(item.__dict__) + "\n" for item in batch)
            lines.flush()
            os.fsync(lines.fileno())
            ours, theirs = ours + middle - start, theirs + time.perf_counter() - middle
        size = store.status().size / (folder / "lines.jsonl").stat().st_size
    rows = batches * BATCH
    print(
        f"append {rows:,} in batches of {BATCH:,}: {rows / ours:,.0f} completions/s "
        f"({rows / busy:,.0f} per second of CPU); JSON lines "
        f"{rows / theirs:,.0f}/s; {theirs / ours:.2f} times as fast, {size:.2f} of the size",
        flush=True,
    )


def tally(folder: Path, rows: int, batch: int) -> None:
    """Count completions that came in batches, each way in a process of its own."""
    fill(folder, rows, batch)
    ours, theirs, listed = (count_apart(folder, by) for by in ("ours", "pyarrow", "rows"))
    if not ours["correct"] == theirs["correct"] == listed["correct"]:
        sys.exit(f"counts differ: {ours['correct']}, {theirs['correct']} and {listed['correct']}")
    print(
        f"tally {rows:,} rows in {rows // batch:,} shards: {_shown(ours)}; pyarrow's scan {_shown(theirs)}; "
        f"{theirs['busy'] / ours['busy']:.2f} times as fast by CPU; as rows {_shown(listed)}",
        flush=True,
    )


def fill(folder: Path, rows: int, batch: int) -> None:
    """Write completions and grades in the order in which a run samples."""
    with SampleSet.open(folder, IDENTITY) as store:
        fingerprint = store.fingerprint
    grades = grades_folder(folder, *GRADER)
    grades.mkdir(parents=True)
    for number in range(rows // batch):
        whole = table(number, batch)
        for kind, path in ((COMPLETIONS, folder / "completions"), (GRADES, grades)):
            columns = [whole[name] for name in kind.schema.names]
            write_shard(path / f"{number:06d}-x.parquet", kind, columns, fingerprint)


def table(number: int, size: int) -> dict[str, Any]:
    """Make the columns of one shard of completions and of one of their grades."""
    draw = np.random.default_rng(number)
    row = np.arange(number * size, (number + 1) * size)
    lists = {name: COMPLETIONS.schema.field(name).type for name in ("token_ids", "token_logprobs")}
    return {
        "problem_id": pa.array([f"train/algebra/{name}.json" for name in (row % PROBLEMS).tolist()]),
        "index": pa.array((row // PROBLEMS).astype(np.int32)),
        "digest": pa.array(draw.integers(1, 2**62, size)),
        "tokens": pa.array(draw.integers(1, 2_000, size, dtype=np.int32)),
        "finish": pa.array(["stop"] * size),
        "logprob": pa.array(-90 * draw.random(size)),
        "seed": pa.array(draw.integers(0, 2**62, size)),
        "text": pa.array(["text"] * size),
        "outcome": pa.array(np.where(draw.random(size) < 0.6, "correct", "wrong").tolist()),
        "rule": pa.array(["number"] * size),
        "answer": pa.array(["42"] * size),
        **{name: pa.nulls(size, kind) for name, kind in lists.items()},
    }


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
    correct = {"ours": _count_ours, "pyarrow": _count_pyarrow, "rows": _count_rows}[by](folder)
    seconds, busy = time.perf_counter() - start, time.process_time() - begin
    peak = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10
    return {"seconds": seconds, "busy": busy, "peak": peak, "correct": correct}


def _count_ours(folder: Path) -> int:
    return int(SampleSet.read(folder).tally(*GRADER).c.sum())


def _count_rows(folder: Path) -> int:
    rows = SampleSet.read(folder).rows(*GRADER)
    return int((rows.outcome == OUTCOMES.index("correct")).sum())


def _count_pyarrow(folder: Path) -> int:
    paths = {"completions": folder / "completions", "grades": grades_folder(folder, *GRADER)}
    sums = {}
    for name, path in paths.items():
        columns = ["problem_id", "outcome"] if name == "grades" else ["problem_id"]
        table = pa.dataset.dataset(path, format="parquet").to_table(columns=columns)
        sums[name] = table.group_by(columns).aggregate([([], "count_all")])
    right = sums["grades"].filter(pa.compute.field("outcome") == "correct")
    return int(np.asarray(right.column("count_all")).sum())


def completions(fingerprint: str, number: int) -> list[Completion]:
    """Make one batch, in the order in which a run samples."""
    rng = random.Random(number)  # noqa: S311 - text to write, no secret
    words = [f"{rng.getrandbits(20):x}" for _ in range(200)]
    batch = []
    for row in range(number * BATCH, (number + 1) * BATCH):
        name, index = f"train/algebra/{row % PROBLEMS}.json", row // PROBLEMS
        text = " ".join(rng.choices(words, k=TEXT // 5)).ljust(TEXT, ".")[:TEXT]
        seed = seed_of(fingerprint, name, index)
        batch.append(Completion(name, index, seed, text, 90, "stop", -rng.random() * 90, None, None))
    return batch


if __name__ == "__main__":
    main()
