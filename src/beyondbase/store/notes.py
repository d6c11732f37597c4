"""What is noted of completions, grades and scores: where it stands, and the one process that adds to it."""

from collections.abc import Callable, Hashable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.store.frames import Frame, read_frames
from beyondbase.store.layout import shards_in
from beyondbase.store.places import Slots, named, twin
from beyondbase.store.rows import Seen
from beyondbase.store.shards import GRADES, KEYS, Kind
from beyondbase.store.shelf import Shelf, lock_folder

Key = tuple[str, int]


class Notebook:
    """Takes the notes of one grader or scorer, and no completion's twice.

    Args:
        folder: Where they lie.
        kind: What they are.
        mark: Gives the fingerprint of their shards, once the lock is held.
        slots: And reads the completions of the set.
        wait: Seconds to wait for another process that writes here.

    Raises:
        InputError: Another process writes here, or a shard is damaged.
    """

    def __init__(
        self, folder: Path, kind: Kind, mark: Callable[[], str], slots: Callable[[], Slots], *, wait: float
    ) -> None:
        self._folder, self._kind = folder, kind
        self._lock = lock_folder(folder, wait=wait)
        try:
            fingerprint = mark()
            self._shelf = Shelf(folder, kind, fingerprint)
            self._noted = Seen()
            known = slots()
            self._noted.merge(known, find_notes(known, folder, kind, fingerprint))
        except BaseException:
            self.close()
            raise

    def append(
        self,
        keys: Sequence[Key],
        columns: Callable[[Sequence[int]], Sequence[Any]],
        digest: Callable[[str, int], int | None],
    ) -> None:
        """Store notes as one shard.

        Args:
            keys: The completions, by problem and index.
            columns: Makes the columns of the shard from the digests of their texts.
            digest: Gives the digest of a stored completion's text.

        Raises:
            InputError: A completion is not there or has such a note already, or the disk refuses.
        """
        verb = self._kind.verb
        known = self._noted.first_known(keys)
        if known:
            one = self._kind.rows.removesuffix("s")
            raise InputError(
                f"{self._folder}: {named(*known)}: has a {one} already; {verb} only what has none"
            )
        found = [digest(*key) for key in keys]
        if None in found:
            absent = named(*keys[found.index(None)])
            raise InputError(f"{self._folder}: {absent}: is not in the set; {verb} only what is stored")
        digests = [number for number in found if number is not None]
        self._shelf.put(columns(digests))
        self._noted.add(keys, digests)

    def close(self) -> None:
        """Let another process write here."""
        self._lock.release()


class Desk:
    """The notebooks that a process has open, each locked until they are closed."""

    def __init__(self) -> None:
        self._open: dict[Hashable, Notebook] = {}

    def append(
        self,
        name: Hashable,
        begin: Callable[[], Notebook],
        keys: Sequence[Key],
        columns: Callable[[Sequence[int]], Sequence[Any]],
        digest: Callable[[str, int], int | None],
    ) -> None:
        """Store notes in a notebook, which is opened first if need be.

        Args:
            name: The notebook's name.
            begin: Opens it.
            keys: As in `Notebook.append`, and so the others.
            columns: As there.
            digest: As there.

        Raises:
            InputError: As there, or the notebook cannot be opened.
        """
        notebook = self._open.get(name)
        if notebook is None:
            notebook = self._open[name] = begin()
        try:
            notebook.append(keys, columns, digest)
        except BaseException:
            # As in SampleSet.append: what is on the disk is read again before the next.
            self._open.pop(name).close()
            raise

    def __contains__(self, name: Hashable) -> bool:
        return name in self._open

    def close(self) -> None:
        """Let other processes write."""
        for notebook in self._open.values():
            notebook.close()
        self._open.clear()


def find_notes(
    slots: Slots, folder: Path, kind: Kind, mark: str, into: Mapping[str, NDArray[Any]] | None = None
) -> NDArray[np.bool_]:
    """Find out which places have a note.

    A note on a text that is no longer there (its shard was moved away and the completion sampled again)
    is none.

    Args:
        slots: The completions.
        folder: Where the notes lie.
        kind: What they are.
        mark: The fingerprint of their shards.
        into: Takes columns of the notes, each at the place of its completion.

    Raises:
        InputError: A completion has two notes, or a shard is damaged.
    """
    targets = into or {}
    paths = shards_in(folder)
    noted, count = np.zeros(slots.digest.size, dtype=np.bool_), 0

    def frames() -> Iterator[Frame]:
        return read_frames(paths, kind, (*KEYS, *targets), mark, slots.words)

    for frame in frames():
        place, there = slots.match(frame)
        # Copies only where some rows are of no use.
        rows = slice(None) if there.all() else there
        at = place[rows]
        noted[at] = True
        count += at.size
        for name, target in targets.items():
            target[at] = frame.columns[name][rows]
    if np.count_nonzero(noted) < count:
        raise twin(slots, ((frame, *slots.match(frame)) for frame in frames()))
    return noted


def outcomes_at(slots: Slots, folder: Path, mark: str) -> NDArray[np.int8]:
    """Give every place the number of its outcome in `OUTCOMES`, or -1 where it has no grade.

    Raises:
        InputError: As `find_notes`, or an outcome is unknown.
    """
    outcome = np.full(slots.digest.size, -1, dtype=np.int8)
    find_notes(slots, folder, GRADES, mark, {"outcome": outcome})
    return outcome
