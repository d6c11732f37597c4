"""Columns of many shards as arrays, texts as codes into their distinct values."""

from collections.abc import Mapping, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from beyondbase.store.shards import Kind, read_shard

_GROUP = 64


@dataclass(frozen=True, eq=False)
class Words:
    """A column of text.

    Attributes:
        codes: For each row the number of its word.
        words: The distinct values, in no order.
    """

    codes: NDArray[np.int32]
    words: tuple[str, ...]


@dataclass(frozen=True, eq=False)
class Frame:
    """Rows of many shards.

    Attributes:
        paths: The shards, in the order of their names.
        ends: The number of rows up to the end of each shard.
        numbers: The columns of numbers.
        texts: The columns of text.
    """

    paths: tuple[Path, ...]
    ends: NDArray[np.int64]
    numbers: Mapping[str, NDArray[Any]]
    texts: Mapping[str, Words]

    def path_of(self, row: int) -> Path:
        """Find the shard that holds a row."""
        return self.paths[int(np.searchsorted(self.ends, row, side="right"))]


def read_frame(paths: Sequence[Path], kind: Kind, columns: Sequence[str], fingerprint: str) -> Frame:
    """Read columns of many shards.

    Raises:
        InputError: One of them is damaged, or from elsewhere.
    """

    def read(group: Sequence[Path]) -> tuple[list[int], dict[str, Any]]:
        tables = [read_shard(path, kind, columns, fingerprint) for path in group]
        whole = pa.concat_tables(tables)
        return [table.num_rows for table in tables], {name: _cells(whole.column(name)) for name in columns}

    groups = [paths[start : start + _GROUP] for start in range(0, len(paths), _GROUP)]
    # Two: half of the work on a small shard is Python's, which has one thread.
    with ThreadPoolExecutor(2) as pool:
        parts = [*pool.map(read, groups)]
    counts = [count for numbers, _ in parts for count in numbers]
    types = {name: kind.schema.field(name).type for name in columns}
    cells = {name: [part[name] for _, part in parts] for name in columns}
    return Frame(
        paths=tuple(paths),
        ends=np.cumsum(counts, dtype=np.int64),
        numbers={
            name: np.concatenate([np.empty(0, dtype=kind_.to_pandas_dtype()), *cells[name]])
            for name, kind_ in types.items()
            if not pa.types.is_string(kind_)
        },
        texts={name: _joined(cells[name]) for name, kind_ in types.items() if pa.types.is_string(kind_)},
    )


def _cells(column: Any) -> Any:
    if not pa.types.is_string(column.type):
        return column.to_numpy()
    encoded = column.dictionary_encode().combine_chunks()
    return Words(np.asarray(encoded.indices), tuple(encoded.dictionary.to_pylist()))


def _joined(parts: Sequence[Words]) -> Words:
    # Not Arrow's own unify_dictionaries, which takes several times as long.
    known: dict[str, int] = {}
    codes = [np.empty(0, dtype=np.int32)]
    for part in parts:
        numbers = [known.setdefault(word, len(known)) for word in part.words]
        codes.append(np.array(numbers, dtype=np.int32)[part.codes])
    return Words(np.concatenate(codes), tuple(known))
