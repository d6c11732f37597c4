"""Rows of many shards by problem and index, without a word of text."""

from array import array
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

import numpy as np
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.mistakes import quote
from beyondbase.store.frames import Frame

INDEX_LIMIT = 2**20


@dataclass(frozen=True, eq=False)
class Slots:
    """A place for every completion that could be there: problem by problem, index by index.

    Attributes:
        ids: The problems, in the order of their characters.
        starts: The first place of each problem, and the end of the last.
        row: For each place its row in the frame, or -1.
        frame: The rows.
    """

    ids: tuple[str, ...]
    starts: NDArray[np.int64]
    row: NDArray[np.int64]
    frame: Frame

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether each place holds a completion."""
        return self.row >= 0

    def match(self, frame: Frame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Find the place of each row of another frame, and whether its very text stands there."""
        ids = frame.texts["problem_id"]
        known = {name: code for code, name in enumerate(self.ids)}
        code = np.array([known.get(word, -1) for word in ids.words], dtype=np.int64)[ids.codes]
        place: NDArray[np.int64] = self.starts[code] + frame.numbers["index"]
        there = (code >= 0) & (place < self.starts[code + 1])
        place[~there] = 0
        row = self.row[place] if self.row.size else place
        there &= row >= 0
        if self.row.size:
            there &= self.frame.numbers["digest"][row] == frame.numbers["digest"]
        return place, there

    def name(self, place: int) -> str:
        """Say which completion a place is for."""
        code = int(np.searchsorted(self.starts, place, side="right")) - 1
        return named(self.ids[code], place - int(self.starts[code]))

    def twin(self, place: NDArray[np.int64], rows: NDArray[np.int64], frame: Frame) -> InputError:
        """Say which two of some rows of a frame have the same place."""
        order = np.argsort(place[rows], kind="stable")
        at = int(np.flatnonzero(np.diff(place[rows][order]) == 0)[0])
        first, second = rows[order[at : at + 2]].tolist()
        one, other = frame.path_of(first), frame.path_of(second)
        where = f"twice in {one}" if one == other else f"in {one} and in {other}"
        twin = self.name(int(place[first]))
        return InputError(f"{twin}: stands {where}; move one of the two out of this folder")


def slots_of(frame: Frame) -> Slots:
    """Give every row its place.

    Raises:
        InputError: An index is out of bounds, or two rows are the same completion.
    """
    ids, index = frame.texts["problem_id"], frame.numbers["index"]
    words = ids.words
    _check_bounds(frame, index)
    order = sorted(range(len(words)), key=words.__getitem__)
    rank = np.empty(len(words), dtype=np.int64)
    rank[order] = np.arange(len(words))
    code = rank[ids.codes]
    starts = np.concatenate([[0], np.cumsum(_widths(code, index, len(words)))])
    place: NDArray[np.int64] = starts[code] + index
    row = np.full(starts[-1], -1)
    row[place] = np.arange(place.size)
    slots = Slots(tuple(words[i] for i in order), starts, row, frame)
    if np.count_nonzero(row >= 0) < place.size:
        raise slots.twin(place, np.arange(place.size), frame)
    return slots


def _widths(code: NDArray[np.int64], index: NDArray[np.int32], size: int) -> NDArray[np.int64]:
    most = int(index.max(initial=-1)) + 1
    if most * size <= 2 * index.size:
        # Nearly as many of each problem: places to spare are cheaper than the exact width.
        return np.full(size, most)
    widths = np.zeros(size, dtype=np.int64)
    np.maximum.at(widths, code, index + np.int64(1))
    return widths


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
        digest = np.zeros(present.size, dtype=np.int64)
        digest[present] = slots.frame.numbers["digest"][slots.row[present]]
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


def named(problem_id: str, index: int) -> str:
    """Say which completion is meant."""
    return f"problem {quote(problem_id)}, completion {index}"


def _check_bounds(frame: Frame, index: NDArray[np.int32]) -> None:
    bad = np.flatnonzero((index < 0) | (index >= INDEX_LIMIT))
    if bad.size:
        row = int(bad[0])
        found = f"found the index {index[row]}, which is not within 0 .. {INDEX_LIMIT - 1}"
        raise InputError(f"{frame.path_of(row)}: {found}; move it out of this folder")
