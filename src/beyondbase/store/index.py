"""The index of a set: a position for every completion, and what stands there, without a word of text."""

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.store.columns import LONE_SURROGATE, ProblemCodes, ShardRows, named, read_columns
from beyondbase.store.shards import COMPLETIONS, KEYS

INDEX_LIMIT = 2**20

Key = tuple[str, int]


@dataclass(frozen=True, eq=False)
class CompletionIndex:
    """A position for every completion that could be there: problem by problem, index by index.

    Attributes:
        problem_ids: The problems, in the order of their characters.
        starts: The first position of each problem, and the end of the last.
        columns: What stands at each position; a "digest" of 0 where there is no completion.
        rows: The rows that were read, by problem and index.
        codes: The numbers of the problems in rows.
        first: The first position of each problem by this number.
        width: And how many positions it has.
    """

    problem_ids: tuple[str, ...]
    starts: NDArray[np.int64]
    columns: Mapping[str, NDArray[Any]]
    rows: tuple[ShardRows, ...]
    codes: ProblemCodes
    first: NDArray[np.int64]
    width: NDArray[np.int64]

    @property
    def digest(self) -> NDArray[np.int64]:
        """The digest of the text at each position, or 0."""
        digest: NDArray[np.int64] = self.columns["digest"]
        return digest

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether each position holds a completion."""
        present: NDArray[np.bool_] = self.digest != 0
        return present

    @property
    def index(self) -> NDArray[np.int32]:
        """The index that each position is for."""
        first = np.repeat(self.starts[:-1].astype(np.int32), np.diff(self.starts))
        return np.arange(self.starts[-1], dtype=np.int32) - first

    @property
    def problem(self) -> NDArray[np.int32]:
        """The number of the problem of each position among the ids."""
        return np.repeat(np.arange(len(self.problem_ids), dtype=np.int32), np.diff(self.starts))

    def match(self, rows: ShardRows) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Find the position of each of other rows, and whether its very text stands there."""
        position, there = self._locate(rows)
        if self.digest.size:
            there &= self.digest[position] == rows.columns["digest"]
        return position, there

    def where(self, chosen: NDArray[np.bool_]) -> Iterator[tuple[Path, NDArray[np.int64], NDArray[np.int64]]]:
        """List each shard that holds some of the chosen positions, its rows that do, and their positions."""
        for rows in self.rows:
            position, there = self._locate(rows)
            there[there] = chosen[position[there]]
            found = np.flatnonzero(there)
            parts = np.split(found, np.searchsorted(found, rows.ends))
            begins = [0, *rows.ends.tolist()]
            for path, begin, part in zip(rows.paths, begins, parts, strict=False):
                if part.size:
                    yield path, part - begin, position[part]

    def rank(self, counted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Number the counted positions of each problem, from 0; for others, how many come before."""
        before = np.concatenate([[0], np.cumsum(counted)])
        rank: NDArray[np.int64] = before[:-1] - np.repeat(before[self.starts[:-1]], np.diff(self.starts))
        return rank

    def key(self, position: int) -> Key:
        """Say which problem and index a position is for."""
        number = int(np.searchsorted(self.starts, position, side="right")) - 1
        return self.problem_ids[number], position - int(self.starts[number])

    def positions(self, keys: Iterable[Key]) -> NDArray[np.int64]:
        """Find the positions of some completions; one that can have none is passed over."""
        numbers = {name: number for number, name in enumerate(self.problem_ids)}
        found = []
        for name, index in keys:
            number = numbers.get(name)
            if number is not None and 0 <= index < self.starts[number + 1] - self.starts[number]:
                found.append(int(self.starts[number]) + index)
        return np.array(found, dtype=np.int64)

    def _locate(self, rows: ShardRows) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        # Position 0 where there is none.
        code, index = rows.columns["problem_id"], rows.columns["index"]
        # There may be problems by now that had no completion when these were read.
        fresh = len(self.codes) - self.width.size
        first, width = np.pad(self.first, (0, fresh)), np.pad(self.width, (0, fresh))
        position, there = first[code] + index, (index >= 0) & (index < width[code])
        position[~there] = 0
        return position, there


def keys_of(batch: Sequence[Any]) -> list[Key]:
    """Name the completions of a batch by problem and index.

    Raises:
        InputError: Such a name is not possible, or stands there twice.
    """
    keys = [(item.problem_id, item.index) for item in batch]
    for name in {name for name, _ in keys}:
        if not name or LONE_SURROGATE.search(name):
            raise InputError(f"problem_id: found {name!a}; give every problem an id that UTF-8 can hold")
    for name, index in keys:
        if not 0 <= index < INDEX_LIMIT:
            raise InputError(f"{named(name, index)}: number completions 0 .. {INDEX_LIMIT - 1}")
    if len(set(keys)) < len(keys):
        twice = next(key for key, times in Counter(keys).items() if times > 1)
        raise InputError(f"{named(*twice)}: stands twice in one batch; give it once")
    return keys


def read_index(paths: Sequence[Path], fingerprint: str, *extra: str, n: int | None = None) -> CompletionIndex:
    """Read which completions there are.

    Args:
        paths: The shards.
        fingerprint: That of the set.
        extra: Columns to read besides the digest.
        n: Leave out completions from this index on.

    Raises:
        InputError: A shard is damaged, an index is out of bounds, or two rows are the same completion.
    """
    codes = ProblemCodes()
    parts = [*read_columns(paths, COMPLETIONS, (*KEYS, *extra), fingerprint, codes)]
    width, count = _widths(parts, len(codes), n)
    names = [*codes]
    order = sorted(np.flatnonzero(width).tolist(), key=names.__getitem__)
    starts = np.concatenate([[0], np.cumsum(width[order])])
    first = np.zeros(width.size, dtype=np.int64)
    first[order] = starts[:-1]
    columns = _at_positions(parts, first, width, int(starts[-1]))
    ids = tuple(names[code] for code in order)
    keys_only = tuple(rows.only("problem_id", "index") for rows in parts)
    index = CompletionIndex(ids, starts, columns, keys_only, codes, first, width)
    if np.count_nonzero(index.digest) < count:
        # Fewer positions than rows: two of them met.
        pairs = ((rows.columns["problem_id"], rows.columns["index"]) for rows in parts)
        kept = [(first[code] + number, number < width[code]) for code, number in pairs]
        raise duplicate(index, [(rows, *found) for rows, found in zip(parts, kept, strict=True)])
    return index


def duplicate(
    index: CompletionIndex, found: Iterable[tuple[ShardRows, NDArray[np.int64], NDArray[np.bool_]]]
) -> InputError:
    """Say which two rows have the same position.

    Args:
        index: The positions.
        found: Rows, the position of each, and which of them count.
    """
    kept = [(rows, np.flatnonzero(there), position[there]) for rows, position, there in found]
    position = np.concatenate([part for _, _, part in kept])
    order = np.argsort(position, kind="stable")
    at = int(np.flatnonzero(np.diff(position[order]) == 0)[0])
    paths = [rows.path_of(row) for rows, part, _ in kept for row in part.tolist()]
    one, other = (paths[row] for row in order[at : at + 2].tolist())
    where = f"twice in {one}" if one == other else f"in {one} and in {other}"
    name = named(*index.key(int(position[order[at]])))
    return InputError(f"{name}: stands {where}; move one of the two out of this folder")


def _widths(parts: Sequence[ShardRows], size: int, n: int | None) -> tuple[NDArray[np.int64], int]:
    width, count = np.zeros(size, dtype=np.int64), 0
    for rows in parts:
        code, index = rows.columns["problem_id"], rows.columns["index"]
        _refuse(rows, "index", (index < 0) | (index >= INDEX_LIMIT), f"not within 0 .. {INDEX_LIMIT - 1}")
        _refuse(rows, "digest", rows.columns["digest"] == 0, "that of no text")
        if n is not None:
            code, index = code[index < n], index[index < n]
        np.maximum.at(width, code, index.astype(np.int64) + 1)
        count += index.size
    return width, count


def _at_positions(
    parts: Sequence[ShardRows], first: NDArray[np.int64], width: NDArray[np.int64], size: int
) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    for rows in parts:
        code, index = rows.columns["problem_id"], rows.columns["index"]
        kept = index < width[code]
        position = first[code] + index
        for name in rows.columns.keys() - {"problem_id", "index"}:
            cells = rows.columns[name]
            target = columns.setdefault(name, np.zeros(size, dtype=cells.dtype))
            target[position[kept]] = cells[kept]
    return columns


def _refuse(rows: ShardRows, name: str, bad: NDArray[np.bool_], reason: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        found = f"found the {name} {rows.columns[name][row]}, which is {reason}"
        raise InputError(f"{rows.path_of(row)}: {found}; move it out of this folder")
