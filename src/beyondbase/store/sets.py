"""Sample sets: the completions of one model on one task at one setting, and what graders said of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from beyondbase.completions import Completion
from beyondbase.errors import InputError
from beyondbase.files import AnyPath
from beyondbase.store import layout
from beyondbase.store.batches import completion_columns, keys_of
from beyondbase.store.durable import explained
from beyondbase.store.judged import JudgedSet
from beyondbase.store.lock import WriterLock
from beyondbase.store.manifest import Manifest, claim_folder, read_manifest
from beyondbase.store.places import named
from beyondbase.store.rows import Wanted
from beyondbase.store.shards import COMPLETIONS, read_shard
from beyondbase.store.shelf import Shelf, clear_drafts, lock_folder
from beyondbase.store.texts import read_completions


@dataclass(frozen=True)
class Status:
    """How far a set has come.

    Attributes:
        problems: Problems with a completion.
        completions: All completions.
        least: Those of the problem with the fewest.
        most: Those of the problem with the most.
        size: Bytes of all shards, those of grades and scores too.
    """

    problems: int
    completions: int
    least: int
    most: int
    size: int


class SampleSet(JudgedSet):
    """One folder of completions; `open` it to write, `read` it else, from as many processes as you like.

    Attributes:
        folder: Where it lies.
        identity: The settings it was sampled with.
        fingerprint: The sha256 of these.
    """

    def __init__(self, folder: Path, manifest: Manifest, lock: WriterLock | None = None) -> None:
        super().__init__(folder, manifest, lock)
        self._shelf: Shelf | None = None

    @classmethod
    def open(cls, folder: AnyPath, identity: Mapping[str, Any], *, wait: float = 0) -> Self:
        """Open a set for writing, or begin it.

        Args:
            folder: Where it lies.
            identity: The settings: all that a completion hangs on, but how many there are.
            wait: Seconds to wait for another writer; `math.inf` waits for good.

        Raises:
            InputError: Another process writes it, it was sampled with other settings, or the disk refuses.
        """
        folder = Path(folder)
        lock = lock_folder(folder, wait=wait)
        try:
            with explained(folder):
                clear_drafts(folder)
                opened = cls(folder, claim_folder(folder, identity), lock)
            opened._shelf = Shelf(opened._completions, COMPLETIONS, opened.fingerprint)
        except BaseException:
            lock.release()
            raise
        return opened

    @classmethod
    def read(cls, folder: AnyPath) -> Self:
        """Open a set for reading and grading.

        Raises:
            InputError: There is none.
        """
        folder = Path(folder)
        return cls(folder, read_manifest(folder))

    def close(self) -> None:
        """Let other processes write."""
        self._shelf = None
        self._desk.close()
        if self._lock:
            self._lock.release()

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def append(self, completions: Sequence[Completion]) -> None:
        """Store completions as one shard; they are on the disk, whole, once this returns.

        A lone surrogate in a text is stored as U+FFFD, and log-probabilities of tokens in 32 bits.

        Raises:
            InputError: A completion is there already or has not its own seed, or the disk refuses; nothing
                of the batch is stored then.
        """
        if self._shelf is None or not (self._lock and self._lock.held):
            raise InputError(f"{self.folder}: is not open for writing here; use SampleSet.open")
        if not completions:
            return
        keys = keys_of(completions)
        known = self._stock.look().first_known(keys)
        if known:
            raise InputError(f"{self.folder}: {named(*known)}: is there already; sample only what is wanted")
        columns, digests = completion_columns(completions, keys, self.fingerprint)
        # Where the disk refuses late, the shard may be there all the same: look again before the next.
        self._stock.doubt()
        self._stock.take(self._shelf.put(columns), keys, digests)

    def wanted(self, problem_ids: Sequence[str], n: int) -> Wanted:
        """List the completions that are missing to n of each problem.

        Raises:
            InputError: A problem is named twice, or a shard is damaged.
        """
        if len(set(problem_ids)) < len(problem_ids):
            raise InputError(f"{self.folder}: found a problem id twice in the task; make ids unique")
        return self._stock.look().wanted(problem_ids, n)

    def completions(self) -> Iterator[list[Completion]]:
        """Read everything, a shard at a time.

        Raises:
            InputError: A shard is damaged.
        """
        for path in layout.shards_in(self._completions):
            yield read_completions(path, self.fingerprint)

    def table(self, *columns: str) -> pa.Table:
        """Read columns of all completions; "digest" is 64 bits of a text's sha256, for finding equal ones.

        Raises:
            InputError: A shard is damaged.
        """
        paths = layout.shards_in(self._completions)
        tables = [read_shard(path, COMPLETIONS, columns, self.fingerprint) for path in paths]
        return pa.concat_tables([COMPLETIONS.schema.empty_table().select([*columns]), *tables])

    def status(self) -> Status:
        """Say how far the set has come.

        Raises:
            InputError: A shard is damaged.
        """
        counts = [number for number in self._stock.look().counts().values() if number]
        size = sum(path.stat().st_size for path in self.folder.rglob("*.parquet"))
        return Status(len(counts), sum(counts), min(counts, default=0), max(counts, default=0), size)
