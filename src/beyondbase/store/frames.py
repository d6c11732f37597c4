"""Columns of many shards as arrays, some shards at a time."""

from collections import defaultdict, deque
from collections.abc import Iterator, Mapping, Sequence
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.store.shards import Kind, read_shard

# Few enough rows to work on in memory that is used again: to get new pages takes longer than to fill them.

_GROUP = 32
_AHEAD = 3


class Words:
    """Texts that are numbered as they come."""

    def __init__(self) -> None:
        self._numbers: defaultdict[str, int] = defaultdict(count().__next__)

    def __len__(self) -> int:
        return len(self._numbers)

    def __iter__(self) -> Iterator[str]:
        return iter(self._numbers)

    def number(self, words: Sequence[str]) -> NDArray[np.int32]:
        """Give the numbers of some texts; a new one gets the next."""
        # Not Arrow's own unify_dictionaries, which takes several times as long.
        return np.array([*map(self._numbers.__getitem__, words)], dtype=np.int32)


@dataclass(frozen=True, eq=False)
class Frame:
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

    def only(self, *names: str) -> "Frame":
        """Keep some columns."""
        return Frame(self.paths, self.ends, {name: self.columns[name] for name in names})


@dataclass(frozen=True, eq=False)
class _Text:
    codes: NDArray[np.int32]
    words: Sequence[str]


def read_frames(
    paths: Sequence[Path], kind: Kind, columns: Sequence[str], fingerprint: str, ids: Words
) -> Iterator[Frame]:
    """Read columns of many shards, some shards at a time.

    Args:
        paths: The shards.
        kind: What they hold.
        columns: Which columns; of texts the ids, and those of which the kind lists the values.
        fingerprint: That of the shards.
        ids: Numbers the problems.

    Raises:
        InputError: One of the shards is damaged, from elsewhere, or holds an unknown value.
    """

    def read(group: Sequence[Path]) -> tuple[list[int], dict[str, Any]]:
        tables = [read_shard(path, kind, columns, fingerprint) for path in group]
        whole = pa.concat_tables(tables or [kind.schema.empty_table().select([*columns])])
        return [table.num_rows for table in tables], {name: _cells(whole.column(name)) for name in columns}

    # One without rows where there are no shards: it has all the columns.
    groups = [paths[start : start + _GROUP] for start in range(0, max(len(paths), 1), _GROUP)]
    for group, (counts, cells) in zip(groups, _ahead(read, groups), strict=True):
        frame = Frame(tuple(group), np.cumsum(counts, dtype=np.int64), cells)
        if "problem_id" in cells:
            text = cells["problem_id"]
            cells["problem_id"] = ids.number(text.words)[text.codes]
        for name in kind.words.keys() & cells.keys():
            cells[name] = _numbers(frame, name, kind.words[name])
        yield frame


def _ahead(read: Any, groups: Sequence[Any]) -> Iterator[Any]:
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


def _numbers(frame: Frame, name: str, known: Sequence[str]) -> NDArray[np.int8]:
    text: Any = frame.columns[name]
    for code, word in enumerate(text.words):
        if word not in known:
            path = frame.path_of(int(np.argmax(text.codes == code)))
            found = f"found the {name} {quote(word)}, know {', '.join(known)}"
            raise InputError(f"{path}: {found}; move it out of this folder")
    numbers = np.array([known.index(word) for word in text.words], dtype=np.int8)
    cells: NDArray[np.int8] = numbers[text.codes]
    return cells
