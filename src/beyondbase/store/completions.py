"""The completions of a set: which there are, what is missing, and their texts."""

import hashlib
from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from beyondbase.completions import Completion
from beyondbase.errors import InputError
from beyondbase.store import layout
from beyondbase.store.columns import columns_of, named, utf8
from beyondbase.store.identity import seeds_of
from beyondbase.store.index import CompletionIndex, Key, keys_of, read_index
from beyondbase.store.lock import WriterLock
from beyondbase.store.shards import COMPLETIONS, read_shard
from beyondbase.store.writer import ShardWriter

WHOLE = tuple(name for name in COMPLETIONS.schema.names if name != "digest")
TOKENS = ("token_ids", "token_logprobs")
PLAIN = tuple(name for name in WHOLE if name not in TOKENS)


@dataclass(frozen=True, eq=False)
class MissingKeys:
    """Completions to sample, all of index 0 first, so that a stopped run has some of every problem.

    Attributes:
        problem_ids: The problems, as they were asked for.
        problem: For each completion the number of its problem among these.
        index: For each completion its index.
    """

    problem_ids: tuple[str, ...]
    problem: NDArray[np.int64]
    index: NDArray[np.int64]

    def __len__(self) -> int:
        return int(self.index.size)

    def __iter__(self) -> Iterator[Key]:
        # In pieces, because ten million Python numbers take a hundred times the room of the arrays.
        for start in range(0, len(self), 65_536):
            piece = slice(start, start + 65_536)
            names = [self.problem_ids[i] for i in self.problem[piece].tolist()]
            yield from zip(names, self.index[piece].tolist(), strict=True)


class DigestTable:
    """The digest of each text by problem and index, for one batch after another to be added."""

    def __init__(self) -> None:
        # By problem and index; 0 is no digest, and stands where there is no completion.
        self._digests: dict[str, array[int]] = {}

    def get(self, keys: Sequence[Key]) -> list[int]:
        """Give the digests of some completions; 0 for one that is not there."""
        get = self._digests.get
        found = ((get(name, ()), index) for name, index in keys)
        return [there[index] if index < len(there) else 0 for there, index in found]

    def first_known(self, keys: Sequence[Key]) -> Key | None:
        """Find the first of some completions that is there."""
        get = self._digests.get
        found = ((key, get(key[0], ())) for key in keys)
        return next((key for key, there in found if key[1] < len(there) and there[key[1]]), None)

    def add(self, keys: Sequence[Key], digests: Sequence[int]) -> None:
        """Add completions that are not there yet."""
        for (name, index), digest in zip(keys, digests, strict=True):
            if index >= len(self._digests.get(name, ())):
                self._grow(name, index + 1)
            self._digests[name][index] = digest

    def merge(self, index: CompletionIndex, chosen: NDArray[np.bool_]) -> bool:
        """Add the completions at many positions; False, and none, where some of them are there already."""
        digest = np.where(chosen, index.digest, 0)
        bounds = zip(index.problem_ids, index.starts[:-1].tolist(), index.starts[1:].tolist(), strict=True)
        parts = {name: digest[start:end] for name, start, end in bounds}
        if any((part.astype(bool) & self._present(name, part.size)).any() for name, part in parts.items()):
            return False
        for name, part in parts.items():
            self._grow(name, part.size)
            # 0 on one side at least.
            np.frombuffer(self._digests[name], dtype=np.int64)[: part.size] |= part
        return True

    def counts(self) -> dict[str, int]:
        """Count the completions of each problem."""
        return {name: len(digests) - digests.count(0) for name, digests in self._digests.items()}

    def missing(self, problem_ids: Sequence[str], n: int) -> MissingKeys:
        """List what is missing of the first n completions of each problem."""
        absent = np.empty((len(problem_ids), n), dtype=np.bool_)
        for row, name in enumerate(problem_ids):
            absent[row] = ~self._present(name, n)
        index, problem = np.nonzero(absent.T)
        return MissingKeys(tuple(problem_ids), problem, index)

    def _present(self, name: str, size: int) -> NDArray[np.bool_]:
        present = np.zeros(size, dtype=np.bool_)
        digests = np.frombuffer(self._digests.get(name, b""), dtype=np.int64)[:size]
        present[: digests.size] = digests != 0
        return present

    def _grow(self, name: str, size: int) -> None:
        digests = self._digests.setdefault(name, array("q"))
        if len(digests) < size:
            # More than asked for, because a run adds one index after another.
            more = max(size - len(digests), len(digests) // 4, 16)
            digests.frombytes(bytes(8 * more))


class CompletionShards:
    """The shards of completions of a set, and which completions they hold, kept up to date as shards come.

    Args:
        folder: The set's.
        fingerprint: The set's.
        lock: The set's, where this process is its writer.

    Raises:
        InputError: The disk refuses.
    """

    def __init__(self, folder: Path, fingerprint: str, lock: WriterLock | None = None) -> None:
        self.fingerprint = fingerprint
        self._set, self._folder, self._lock = folder, folder / layout.COMPLETIONS, lock
        self._writer = ShardWriter(self._folder, COMPLETIONS, fingerprint) if lock else None
        self._digests, self._shards, self._current = DigestTable(), set[str](), False

    def append(self, completions: Sequence[Completion]) -> None:
        """Store completions as one shard, as `SampleSet.append` says."""
        if self._writer is None or not (self._lock and self._lock.held):
            raise InputError(f"{self._set}: is not open for writing here; use SampleSet.open")
        if not completions:
            return
        keys = keys_of(completions)
        known = self.digests().first_known(keys)
        if known:
            raise InputError(f"{self._set}: {named(*known)}: is there already; sample only what is wanted")
        columns, digests = _columns(completions, keys, self.fingerprint)
        # Where the disk refuses late, the shard may be there all the same: look again before the next.
        self._current = False
        shard = self._writer.write(columns)
        self._shards.add(shard.name)
        self._digests.add(keys, digests)
        self._current = True

    def close(self) -> None:
        """Append no more."""
        self._writer = None

    def digests(self) -> DigestTable:
        """Say which completions there are.

        Raises:
            InputError: A shard is damaged.
        """
        if not self._current:
            new = [path for path in self._paths() if path.name not in self._shards]
            index = read_index(new, self.fingerprint)
            if not self._digests.merge(index, index.present):
                # Some of them are copies of older shards: reading all says of which.
                self.index()
            self._shards |= {path.name for path in new}
            # Only who holds the lock knows that nobody else adds to them.
            self._current = self._lock is not None and self._lock.held
        return self._digests

    def digests_of(self, keys: Sequence[Key]) -> list[int]:
        """Give the digests of some completions, of new ones too; 0 for one that is not there.

        Raises:
            InputError: A shard is damaged.
        """
        found = self._digests.get(keys)
        # The disk only where memory does not do: grading asks this of every batch.
        return found if all(found) else self.digests().get(keys)

    def index(self, *extra: str, n: int | None = None) -> CompletionIndex:
        """Read which completions there are, as `read_index` does.

        Raises:
            InputError: A shard is damaged, or two hold the same completion.
        """
        return read_index(self._paths(), self.fingerprint, *extra, n=n)

    def batches(self) -> Iterator[list[Completion]]:
        """Read everything, a shard at a time.

        Raises:
            InputError: A shard is damaged.
        """
        for path in self._paths():
            yield _read(path, self.fingerprint, WHOLE)

    def table(self, columns: Sequence[str]) -> pa.Table:
        """Read columns of everything.

        Raises:
            InputError: A shard is damaged.
        """
        tables = [read_shard(path, COMPLETIONS, columns, self.fingerprint) for path in self._paths()]
        return pa.concat_tables([COMPLETIONS.schema.empty_table().select([*columns]), *tables])

    def chosen(
        self, index: CompletionIndex, chosen: NDArray[np.bool_], columns: tuple[str, ...] = PLAIN
    ) -> Iterator[tuple[list[Completion], NDArray[np.int64]]]:
        """Read the completions at some positions, and these, a shard at a time.

        Args:
            index: The completions.
            chosen: Which of its positions.
            columns: `PLAIN`, or `WHOLE` to read the tokens too.

        Raises:
            InputError: A shard is damaged.
        """
        for path, rows, positions in index.where(chosen):
            yield _read(path, self.fingerprint, columns, rows), positions

    def these(self, keys: Sequence[Key]) -> list[Completion]:
        """Read some completions, by problem and index, without their tokens.

        Raises:
            InputError: A shard is damaged.
        """
        index = self.index()
        asked = np.zeros(index.digest.size, dtype=np.bool_)
        asked[index.positions(keys)] = True
        found = [item for batch, _ in self.chosen(index, asked & index.present) for item in batch]
        return sorted(found, key=lambda item: (item.problem_id, item.index))

    def _paths(self) -> list[Path]:
        return layout.shards_in(self._folder)


def text_digests(texts: Sequence[bytes]) -> list[int]:
    """Tell texts apart by 64 bits of their sha256, never 0."""
    sha256, number = hashlib.sha256, int.from_bytes
    return [number(sha256(text).digest()[:8], signed=True) or 1 for text in texts]


EMPTY_DIGEST = text_digests([b""])[0]


def _columns(
    batch: Sequence[Completion], keys: Sequence[Key], fingerprint: str
) -> tuple[list[Any], list[int]]:
    """Turn completions into the columns of a shard, and give the digest of each text."""
    for item, seed in zip(batch, seeds_of(fingerprint, keys), strict=True):
        if item.seed is not None and item.seed != seed:
            found = f"seed: found {item.seed}, but its own, by seed_of, is {seed}"
            raise InputError(f"{named(item.problem_id, item.index)}: {found}")
    texts = [utf8(item.text) for item in batch]
    digests = text_digests(texts)
    return columns_of(COMPLETIONS, batch, digest=digests, text=texts), digests


def _read(
    path: Path, fingerprint: str, columns: tuple[str, ...], rows: NDArray[np.int64] | None = None
) -> list[Completion]:
    table = read_shard(path, COMPLETIONS, columns, fingerprint)
    if rows is not None:
        table = table.take(rows)
    cells = {name: table.column(name).to_pylist() for name in columns}
    for name in TOKENS:
        found = cells.get(name, [None] * table.num_rows)
        cells[name] = [None if cell is None else tuple(cell) for cell in found]
    return [Completion(**dict(zip(cells, row, strict=True))) for row in zip(*cells.values(), strict=True)]
