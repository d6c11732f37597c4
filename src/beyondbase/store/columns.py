"""Columns of shards: made of batches of rows, and read from many shards as arrays, some shards at a time."""

import re
from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from operator import attrgetter
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.store.shards import Kind, read_shard

LONE_SURROGATE = re.compile("[\ud800-\udfff]")

# Few enough rows to work on in memory that is used again: to get new pages takes longer than to fill them.
_GROUP = 32
_AHEAD = 3


class ProblemCodes:
    """A number for each problem id, in the order in which they come."""

    def __init__(self) -> None:
        self._codes: defaultdict[str, int] = defaultdict(count().__next__)

    def __len__(self) -> int:
        return len(self._codes)

    def __iter__(self) -> Iterator[str]:
        return iter(self._codes)

    def encode(self, ids: Sequence[str]) -> NDArray[np.int32]:
        """Give the numbers of some ids; a new one gets the next."""
        # Not Arrow's own unify_dictionaries, which takes several times as long.
        return np.array([*map(self._codes.__getitem__, ids)], dtype=np.int32)


@dataclass(frozen=True, eq=False)
class ShardRows:
    """Rows of some shards.

    Attributes:
        paths: The shards, in the order of their names.
        ends: The number of rows up to the end of each shard.
        columns: The columns; texts as numbers, and -1 for a number that is not known.
    """

    paths: tuple[Path, ...]
    ends: NDArray[np.int64]
    columns: Mapping[str, NDArray[Any]]

    def path_of(self, row: int) -> Path:
        """Find the shard that holds a row."""
        return self.paths[int(np.searchsorted(self.ends, row, side="right"))]

    def only(self, *names: str) -> "ShardRows":
        """Keep some columns."""
        return ShardRows(self.paths, self.ends, {name: self.columns[name] for name in names})


@dataclass(frozen=True, eq=False)
class _Text:
    codes: NDArray[np.int32]
    values: Sequence[str]


def columns_of(kind: Kind, batch: Sequence[Any], **made: Sequence[Any]) -> list[Any]:
    """Turn a batch of rows into the columns of a shard.

    Args:
        kind: What the shard will hold.
        batch: The rows; every column that was not made is the attribute of its name.
        made: Columns by name.

    Raises:
        InputError: A row holds what its column cannot, or a value that is not among those listed for it.
    """
    # By columns: calls for every row would take longer than the disk.
    for name, known in kind.words.items():
        _check_listed(batch, name, known)
    columns = []
    for field in kind.schema:
        cells = made.get(field.name)
        values = [*map(attrgetter(field.name), batch)] if cells is None else cells
        columns.append(_array(field, values, batch))
    return columns


def read_columns(
    paths: Sequence[Path], kind: Kind, columns: Sequence[str], fingerprint: str, codes: ProblemCodes
) -> Iterator[ShardRows]:
    """Read columns of many shards, some shards at a time.

    Args:
        paths: The shards.
        kind: What they hold.
        columns: Which columns; of texts the ids, and those of which the kind lists the values.
        fingerprint: That of the shards.
        codes: Numbers the problems.

    Raises:
        InputError: One of the shards is damaged, from elsewhere, or holds an unknown value.
    """

    def read(group: Sequence[Path]) -> tuple[list[int], dict[str, Any]]:
        tables = [read_shard(path, kind, columns, fingerprint) for path in group]
        whole = pa.concat_tables(tables or [kind.schema.empty_table().select([*columns])])
        return [table.num_rows for table in tables], {name: _cells(whole.column(name)) for name in columns}

    # One without rows where there are no shards: it has all the columns.
    groups = [paths[start : start + _GROUP] for start in range(0, max(len(paths), 1), _GROUP)]
    for group, (counts, cells) in zip(groups, _read_ahead(read, groups), strict=True):
        rows = ShardRows(tuple(group), np.cumsum(counts, dtype=np.int64), cells)
        if "problem_id" in cells:
            text = cells["problem_id"]
            cells["problem_id"] = codes.encode(text.values)[text.codes]
        for name in kind.words.keys() & cells.keys():
            cells[name] = _numbers(rows, name, kind.words[name])
        yield rows


def named(problem_id: str, index: int) -> str:
    """Say which completion is meant."""
    return f"problem {quote(problem_id)}, completion {index}"


def utf8(text: str) -> bytes:
    """Encode a text; a lone surrogate, which no file in UTF-8 can hold, is U+FFFD."""
    try:
        return text.encode()
    except UnicodeEncodeError:
        return LONE_SURROGATE.sub("\ufffd", text).encode()


def _check_listed(batch: Sequence[Any], name: str, known: Sequence[str]) -> None:
    values = [*map(attrgetter(name), batch)]
    for value in {*values}.difference(known):
        item = batch[values.index(value)]
        at = f"{named(item.problem_id, item.index)}: {name}"
        raise InputError(f"{at}: found {quote(value)}; use one of {', '.join(known)}")


def _array(field: "pa.Field[Any]", values: Sequence[Any], batch: Sequence[Any]) -> Any:
    try:
        return pa.array(values, field.type)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        row = next((number for number, value in enumerate(values) if not _fits(value, field.type)), 0)
    at = f"{named(batch[row].problem_id, batch[row].index)}: {field.name}"
    raise InputError(f"{at}: found {quote(values[row])}; give what a column of {field.type} can hold")


def _fits(value: Any, kind: pa.DataType) -> bool:
    try:
        pa.array([value], kind)
    except (pa.ArrowException, OverflowError, TypeError, ValueError):
        return False
    return True


def _read_ahead(read: Any, groups: Sequence[Any]) -> Iterator[Any]:
    # Two: half of the work on a small shard is Python's, which has one thread. A little ahead, to use the
    # same memory again.
    with ThreadPoolExecutor(2) as pool:
        coming: deque[Future[Any]] = deque()
        for group in groups:
            coming.append(pool.submit(read, group))
            if len(coming) == _AHEAD:
                yield coming.popleft().result()
        while coming:
            yield coming.popleft().result()


def _cells(column: Any) -> Any:
    if not pa.types.is_string(column.type):
        return (column.fill_null(-1) if column.null_count else column).to_numpy()
    encoded = column.dictionary_encode().combine_chunks()
    return _Text(np.asarray(encoded.indices), encoded.dictionary.to_pylist())


def _numbers(rows: ShardRows, name: str, known: Sequence[str]) -> NDArray[np.int8]:
    text: Any = rows.columns[name]
    for code, value in enumerate(text.values):
        if value not in known:
            path = rows.path_of(int(np.argmax(text.codes == code)))
            found = f"found the {name} {quote(value)}, know {', '.join(known)}"
            raise InputError(f"{path}: {found}; move it out of this folder")
    numbers = np.array([known.index(value) for value in text.values], dtype=np.int8)
    cells: NDArray[np.int8] = numbers[text.codes]
    return cells
