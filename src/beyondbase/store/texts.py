"""Rows of shards with their texts, as few as are asked for."""

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from beyondbase.completions import Completion, Grade
from beyondbase.store.places import Slots
from beyondbase.store.shards import COMPLETIONS, OUTCOMES, read_shard

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


def read_chosen(
    slots: Slots, chosen: NDArray[np.bool_], fingerprint: str, *, columns: tuple[str, ...]
) -> Iterator[list[Completion]]:
    """Read the completions at some places, a shard at a time.

    Args:
        slots: The completions.
        chosen: Which of the places.
        fingerprint: That of the set.
        columns: As in `read_completions`.

    Raises:
        InputError: A shard is damaged.
    """
    for path, rows, _ in slots.where(chosen):
        yield read_completions(path, fingerprint, rows=rows, columns=columns)


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
    graded = outcome >= 0
    samples = [
        Sample(item.problem_id, item.index, OUTCOMES[word], item.text)
        for path, rows, places in slots.where(graded & (slots.rank(graded) < k))
        for item, word in zip(
            read_completions(path, fingerprint, rows=rows, columns=PLAIN),
            outcome[places].tolist(),
            strict=True,
        )
    ]
    return sorted(samples, key=lambda sample: (sample.problem_id, sample.index))
