"""Which completions there are, and which are wanted."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from beyondbase.store.frames import Words, read_frames
from beyondbase.store.layout import shards_in
from beyondbase.store.lock import WriterLock
from beyondbase.store.places import Slots, slots_of
from beyondbase.store.shards import COMPLETIONS, KEYS


class Seen:
    """Which completions there are and the digests of their texts, kept up to date as shards come."""

    def __init__(self) -> None:
        # By problem and index; 0 is no digest, and stands where there is no completion.
        self._digests: dict[str, array[int]] = {}

    def digest(self, problem_id: str, index: int) -> int | None:
        """Give the digest of a completion's text, or None where there is no such completion."""
        digests = self._digests.get(problem_id, ())
        return (digests[index] or None) if 0 <= index < len(digests) else None

    def first_known(self, keys: Sequence[tuple[str, int]]) -> tuple[str, int] | None:
        """Find the first of some completions that is there."""
        get = self._digests.get
        found = ((key, get(key[0], ())) for key in keys)
        return next((key for key, there in found if key[1] < len(there) and there[key[1]]), None)

    def add(self, keys: Sequence[tuple[str, int]], digests: Sequence[int]) -> None:
        """Take note of completions that are not there yet."""
        for (name, index), digest in zip(keys, digests, strict=True):
            if index >= len(self._digests.get(name, ())):
                self._room(name, index + 1)
            self._digests[name][index] = digest

    def merge(self, slots: Slots, present: NDArray[np.bool_]) -> bool:
        """Take note of many completions; False, and of none, where some of them are known already."""
        digest = np.where(present, slots.digest, 0)
        bounds = zip(slots.ids, slots.starts[:-1].tolist(), slots.starts[1:].tolist(), strict=True)
        parts = {name: digest[start:end] for name, start, end in bounds}
        if any((part.astype(bool) & self._mask(name, part.size)).any() for name, part in parts.items()):
            return False
        for name, part in parts.items():
            self._room(name, part.size)
            # Unknown on one side at least.
            np.frombuffer(self._digests[name], dtype=np.int64)[: part.size] |= part
        return True

    def counts(self) -> dict[str, int]:
        """Count the completions of each problem."""
        return {name: len(digests) - digests.count(0) for name, digests in self._digests.items()}

    def wanted(self, problem_ids: Sequence[str], n: int) -> "Wanted":
        """List what is missing of the first n completions of each problem."""
        absent = np.empty((len(problem_ids), n), dtype=np.bool_)
        for row, name in enumerate(problem_ids):
            absent[row] = ~self._mask(name, n)
        index, problem = np.nonzero(absent.T)
        return Wanted(tuple(problem_ids), problem, index)

    def _mask(self, name: str, size: int) -> NDArray[np.bool_]:
        mask = np.zeros(size, dtype=np.bool_)
        digests = np.frombuffer(self._digests.get(name, b""), dtype=np.int64)[:size]
        mask[: digests.size] = digests != 0
        return mask

    def _room(self, name: str, size: int) -> None:
        digests = self._digests.setdefault(name, array("q"))
        if len(digests) < size:
            # More than asked for, because a run adds one index after another.
            more = max(size - len(digests), len(digests) // 4, 16)
            digests.frombytes(bytes(8 * more))


class Stock:
    """The completions in a folder, looked up again as shards come.

    Args:
        folder: Where the shards lie.
        fingerprint: That of the set.
        lock: That of its writer, where this process is the writer.
    """

    def __init__(self, folder: Path, fingerprint: str, lock: WriterLock | None) -> None:
        self._folder, self._fingerprint, self._lock = folder, fingerprint, lock
        self._seen, self._known, self._current = Seen(), set[str](), False

    def look(self) -> Seen:
        """Say which completions there are.

        Raises:
            InputError: A shard is damaged.
        """
        if not self._current:
            new = [path for path in shards_in(self._folder) if path.name not in self._known]
            slots = read_slots(new, self._fingerprint)
            if not self._seen.merge(slots, slots.present):
                # Some of them are copies of older shards: reading all says of which.
                read_slots(shards_in(self._folder), self._fingerprint)
            self._known |= {path.name for path in new}
            # Only who holds the lock knows that nobody else adds to them.
            self._current = self._lock is not None and self._lock.held
        return self._seen

    def digest(self, problem_id: str, index: int) -> int | None:
        """Give the digest of a completion's text, or None where there is no such completion.

        Raises:
            InputError: A shard is damaged.
        """
        found = self._seen.digest(problem_id, index)
        return self.look().digest(problem_id, index) if found is None else found

    def doubt(self) -> None:
        """Look at the disk again the next time."""
        self._current = False

    def take(self, shard: Path, keys: Sequence[tuple[str, int]], digests: Sequence[int]) -> None:
        """Take note of the one shard that came since the last look."""
        self._known.add(shard.name)
        self._seen.add(keys, digests)
        self._current = True


@dataclass(frozen=True, eq=False)
class Wanted:
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

    def __iter__(self) -> Iterator[tuple[str, int]]:
        # In pieces, because ten million Python numbers take a hundred times the room of the arrays.
        for start in range(0, len(self), 65_536):
            piece = slice(start, start + 65_536)
            names = [self.problem_ids[i] for i in self.problem[piece].tolist()]
            yield from zip(names, self.index[piece].tolist(), strict=True)


def read_slots(paths: Sequence[Path], fingerprint: str, *extra: str, n: int | None = None) -> Slots:
    """Read which completions there are.

    Args:
        paths: The shards.
        fingerprint: That of the set.
        extra: Columns to read besides the digest.
        n: Leave out completions from this index on.

    Raises:
        InputError: A shard is damaged, or two hold the same completion.
    """
    words = Words()
    frames = read_frames(paths, COMPLETIONS, (*KEYS, *extra), fingerprint, words)
    return slots_of(frames, words, n=n)
