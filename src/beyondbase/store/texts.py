"""Rows of shards with their texts, as few as are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from beyondbase.completions import Completion, Grade
from beyondbase.store.frames import Frame
from beyondbase.store.rows import Slots
from beyondbase.store.shards import COMPLETIONS, read_shard
from beyondbase.store.tally import OUTCOMES

WHOLE = tuple(name for name in COMPLETIONS.schema.names if name != "digest")
TOKENS = ("token_ids", "token_logprobs")
PLAIN = tuple(name for name in WHOLE if name not in TOKENS)


@dataclass(frozen=True)
class Sample:
    """A completion to read, with what became of it."""

    problem_id: str
    index: int
    outcome: Grade
    text: str


def read_completions(
    path: Path, fingerprint: str, *, rows: NDArray[np.int64] | None = None, columns: tuple[str, ...] = WHOLE
) -> list[Completion]:
    """Read completions of one shard.

    Args:
        path: The shard.
        fingerprint: That of the set.
        rows: Which of its rows, if not all.
        columns: `WHOLE`, or `PLAIN` to leave the tokens alone.

    Raises:
        InputError: The shard is damaged.
    """
    table = read_shard(path, COMPLETIONS, columns, fingerprint)
    if rows is not None:
        table = table.take(rows)
    cells = {name: table.column(name).to_pylist() for name in columns}
    for name in TOKENS:
        found = cells.get(name, [None] * table.num_rows)
        cells[name] = [None if cell is None else tuple(cell) for cell in found]
    rows_of_cells = zip(*cells.values(), strict=True)
    return [Completion(**dict(zip(cells, row, strict=True))) for row in rows_of_cells]


def rows_by_shard(frame: Frame, rows: NDArray[np.int64]) -> Iterator[tuple[Path, NDArray[np.int64]]]:
    """Split rows of a frame by the shard that holds them, numbered within it, in ascending order."""
    begins = np.concatenate([[0], frame.ends])
    parts = np.split(np.sort(rows), np.searchsorted(np.sort(rows), frame.ends))
    for path, begin, part in zip(frame.paths, begins[:-1], parts[:-1], strict=True):
        if part.size:
            yield path, part - begin


def first_samples(slots: Slots, outcome: NDArray[np.int8], k: int, fingerprint: str) -> list[Sample]:
    """Read the first k graded completions of each problem, by problem and index.

    Args:
        slots: The completions.
        outcome: The number of the outcome at each of their places, or -1.
        k: How many of each problem.
        fingerprint: That of the set.

    Raises:
        InputError: A shard is damaged.
    """
    before = np.concatenate([[0], np.cumsum(outcome >= 0)])
    rank = before[:-1] - np.repeat(before[slots.starts[:-1]], np.diff(slots.starts))
    places = np.flatnonzero((outcome >= 0) & (rank < k))
    words = {
        row: OUTCOMES[outcome[place]] for row, place in zip(slots.row[places].tolist(), places, strict=True)
    }
    texts = [
        item
        for path, rows in rows_by_shard(slots.frame, slots.row[places])
        for item in read_completions(path, fingerprint, rows=rows, columns=PLAIN)
    ]
    samples = [
        Sample(item.problem_id, item.index, words[row], item.text)
        # Both are in the order of rows.
        for row, item in zip(sorted(words), texts, strict=True)
    ]
    return sorted(samples, key=lambda sample: (sample.problem_id, sample.index))
