"""A place for every completion, by problem and index, and what stands there, without a word of text."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.store.frames import Frame, Words

INDEX_LIMIT = 2**20


@dataclass(frozen=True, eq=False)
class Slots:
    """A place for every completion that could be there: problem by problem, index by index.

    Attributes:
        ids: The problems, in the order of their characters.
        starts: The first place of each problem, and the end of the last.
        columns: What stands at each place; a "digest" of 0 where there is no completion.
        frames: The rows that were read, by problem and index.
        words: The numbers of the problems in frames.
        begin: The first place of each problem by this number.
        room: And how many places it has.
    """

    ids: tuple[str, ...]
    starts: NDArray[np.int64]
    columns: Mapping[str, NDArray[Any]]
    frames: tuple[Frame, ...]
    words: Words
    begin: NDArray[np.int64]
    room: NDArray[np.int64]

    @property
    def digest(self) -> NDArray[np.int64]:
        """The digest of the text at each place, or 0."""
        digest: NDArray[np.int64] = self.columns["digest"]
        return digest

    @property
    def present(self) -> NDArray[np.bool_]:
        """Whether each place holds a completion."""
        present: NDArray[np.bool_] = self.digest != 0
        return present

    @property
    def index(self) -> NDArray[np.int32]:
        """The index that each place is for."""
        first = np.repeat(self.starts[:-1].astype(np.int32), np.diff(self.starts))
        return np.arange(self.starts[-1], dtype=np.int32) - first

    @property
    def problem(self) -> NDArray[np.int32]:
        """The number of the problem of each place among the ids."""
        return np.repeat(np.arange(len(self.ids), dtype=np.int32), np.diff(self.starts))

    def match(self, frame: Frame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        """Find the place of each row of another frame, and whether its very text stands there."""
        place, there = self._places(frame)
        place[~there] = 0
        if self.digest.size:
            there &= self.digest[place] == frame.columns["digest"]
        return place, there

    def where(self, chosen: NDArray[np.bool_]) -> Iterator[tuple[Path, NDArray[np.int64], NDArray[np.int64]]]:
        """List each shard that holds some of the chosen places, its rows that do, and their places."""
        for frame in self.frames:
            place, there = self._places(frame)
            place[~there] = 0
            there[there] = chosen[place[there]]
            rows = np.flatnonzero(there)
            parts = np.split(rows, np.searchsorted(rows, frame.ends))
            begins = [0, *frame.ends.tolist()]
            for path, begin, part in zip(frame.paths, begins, parts, strict=False):
                if part.size:
                    yield path, part - begin, place[part]

    def rank(self, counted: NDArray[np.bool_]) -> NDArray[np.int64]:
        """Number the counted places of each problem, from 0; for others, how many come before."""
        before = np.concatenate([[0], np.cumsum(counted)])
        rank: NDArray[np.int64] = before[:-1] - np.repeat(before[self.starts[:-1]], np.diff(self.starts))
        return rank

    def key(self, place: int) -> tuple[str, int]:
        """Say which problem and index a place is for."""
        code = int(np.searchsorted(self.starts, place, side="right")) - 1
        return self.ids[code], place - int(self.starts[code])

    def _places(self, frame: Frame) -> tuple[NDArray[np.int64], NDArray[np.bool_]]:
        code, index = frame.columns["problem_id"], frame.columns["index"]
        # There may be problems by now that had no completion when these were read.
        fresh = len(self.words) - self.room.size
        begin, room = np.pad(self.begin, (0, fresh)), np.pad(self.room, (0, fresh))
        return begin[code] + index, (index >= 0) & (index < room[code])


def slots_of(frames: Iterable[Frame], words: Words, *, n: int | None = None) -> Slots:
    """Give every row its place.

    Args:
        frames: The rows.
        words: The numbers of their problems.
        n: Leave out completions from this index on.

    Raises:
        InputError: An index is out of bounds, or two rows are the same completion.
    """
    found = [*frames]
    room, count = _rooms(found, len(words), n)
    names = [*words]
    order = sorted(np.flatnonzero(room).tolist(), key=names.__getitem__)
    starts = np.concatenate([[0], np.cumsum(room[order])])
    begin = np.zeros(room.size, dtype=np.int64)
    begin[order] = starts[:-1]
    columns = _placed(found, begin, room, int(starts[-1]))
    left = tuple(frame.only("problem_id", "index") for frame in found)
    slots = Slots(tuple(names[code] for code in order), starts, columns, left, words, begin, room)
    if np.count_nonzero(slots.digest) < count:
        pairs = ((frame.columns["problem_id"], frame.columns["index"]) for frame in found)
        kept = [(begin[code] + index, index < room[code]) for code, index in pairs]
        raise twin(slots, [(frame, *places) for frame, places in zip(found, kept, strict=True)])
    return slots


def twin(slots: Slots, rows: Iterable[tuple[Frame, NDArray[np.int64], NDArray[np.bool_]]]) -> InputError:
    """Say which two rows of frames have the same place.

    Args:
        slots: The places.
        rows: Frames, the place of each of their rows, and which of these count.
    """
    kept = [(frame, np.flatnonzero(there), place[there]) for frame, place, there in rows]
    place = np.concatenate([part for _, _, part in kept])
    order = np.argsort(place, kind="stable")
    at = int(np.flatnonzero(np.diff(place[order]) == 0)[0])
    paths = [frame.path_of(row) for frame, part, _ in kept for row in part.tolist()]
    one, other = (paths[row] for row in order[at : at + 2].tolist())
    where = f"twice in {one}" if one == other else f"in {one} and in {other}"
    name = named(*slots.key(int(place[order[at]])))
    return InputError(f"{name}: stands {where}; move one of the two out of this folder")


def _rooms(frames: Sequence[Frame], size: int, n: int | None) -> tuple[NDArray[np.int64], int]:
    room, count = np.zeros(size, dtype=np.int64), 0
    for frame in frames:
        code, index = frame.columns["problem_id"], frame.columns["index"]
        _check(frame, "index", (index < 0) | (index >= INDEX_LIMIT), f"not within 0 .. {INDEX_LIMIT - 1}")
        _check(frame, "digest", frame.columns["digest"] == 0, "that of no text")
        if n is not None:
            code, index = code[index < n], index[index < n]
        np.maximum.at(room, code, index.astype(np.int64) + 1)
        count += index.size
    return room, count


def _placed(
    frames: Sequence[Frame], begin: NDArray[np.int64], room: NDArray[np.int64], size: int
) -> dict[str, NDArray[Any]]:
    columns: dict[str, NDArray[Any]] = {}
    for frame in frames:
        code, index = frame.columns["problem_id"], frame.columns["index"]
        kept = index < room[code]
        place = begin[code] + index
        for name in frame.columns.keys() - {"problem_id", "index"}:
            cells = frame.columns[name]
            target = columns.setdefault(name, np.zeros(size, dtype=cells.dtype))
            target[place[kept]] = cells[kept]
    return columns


def named(problem_id: str, index: int) -> str:
    """Say which completion is meant."""
    return f"problem {quote(problem_id)}, completion {index}"


def _check(frame: Frame, name: str, bad: NDArray[np.bool_], reason: str) -> None:
    if bad.any():
        row = int(np.argmax(bad))
        found = f"found the {name} {frame.columns[name][row]}, which is {reason}"
        raise InputError(f"{frame.path_of(row)}: {found}; move it out of this folder")
