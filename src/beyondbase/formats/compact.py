"""Samples as tables that are small enough for a repository: counts, and log-probabilities."""

from collections.abc import Callable, Mapping
from pathlib import Path

import pyarrow as pa
import pyarrow.parquet as pq

from beyondbase.errors import InputError
from beyondbase.evidence.likelihood_files import write_scores
from beyondbase.evidence.load import load_evidence
from beyondbase.evidence.sampled_arm import samples_of
from beyondbase.evidence.tallies import Tally
from beyondbase.files import AnyPath
from beyondbase.study import Study

Tallies = Mapping[tuple[str, str], Tally]
COUNTS_FILE, SCORES_FILE = "counts.parquet", "scores.parquet"


def write_light(study: Study, out: AnyPath) -> list[Path]:
    """Write what the claims read of a study's samples, for [evidence] tallies and scores of a copy of it.

    Args:
        study: With sample sets that are graded.
        out: The folder to write into.

    Returns:
        The files: counts, and log-probabilities where the study has some.

    Raises:
        InputError: The samples are not fit to be judged on, or a file is there already.
    """
    samples_of(study)
    out = Path(out)
    tallies = load_evidence(study).tallies
    for tally in tallies.values():
        # Counts in a table do not tell which of the wrong answers may be right.
        for reason in (*tally.unfit, *([tally.doubt.reason] if tally.doubt else [])):
            raise InputError(f"{study.path}: {reason}; only samples that can be judged on are written")
    writers: dict[str, Callable[[Path, Tallies], object]] = {COUNTS_FILE: _write_counts}
    if any(tally.likelihoods is not None for tally in tallies.values()):
        writers[SCORES_FILE] = write_scores
    paths = [out / name for name in writers]
    for path in paths:
        if path.exists():
            raise InputError(f"{path}: is there already; move it away, or give another folder with --out")
    try:
        out.mkdir(parents=True, exist_ok=True)
        for path, write in zip(paths, writers.values(), strict=True):
            write(path, tallies)
    except OSError as error:
        raise InputError(f"{out}: cannot be written ({error.strerror}); choose a folder with --out") from None
    return paths


def _write_counts(path: Path, tallies: Tallies) -> None:
    parts = [
        pa.table(
            {
                "task": [task] * len(tally.problem_ids),
                "arm": [arm] * len(tally.problem_ids),
                "problem_id": tally.problem_ids,
                "n": tally.n,
                "c": tally.c,
                "cluster": tally.clusters or [""] * len(tally.problem_ids),
                "level": tally.levels or [""] * len(tally.problem_ids),
            }
        )
        for (task, arm), tally in tallies.items()
    ]
    pq.write_table(pa.concat_tables(parts), path, compression="zstd")
