"""Annotations: what a grader or a scorer said of completions, one row for each, in a folder of its own."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.store.columns import ShardRows, named, read_columns
from beyondbase.store.completions import CompletionShards, DigestTable
from beyondbase.store.durable import explained
from beyondbase.store.identity import fingerprint_of
from beyondbase.store.index import CompletionIndex, Key, duplicate
from beyondbase.store.layout import shards_in
from beyondbase.store.manifest import SCORER, Manifest, claim_folder
from beyondbase.store.shards import KEYS, Kind
from beyondbase.store.writer import ShardWriter, lock_folder


class AnnotationWriter:
    """Adds the annotations of one grader or scorer, and no completion's twice; locked until closed.

    Args:
        folder: Where they lie.
        kind: What they are.
        completions: What they are of.
        scorer: The settings to claim the folder for; a grader has none.
        wait: Seconds to wait for another process that writes here.

    Raises:
        InputError: Another process writes here, the folder is of other settings, a shard is damaged, or the
            disk refuses.
    """

    def __init__(
        self,
        folder: Path,
        kind: Kind,
        completions: CompletionShards,
        *,
        scorer: Mapping[str, Any] | None = None,
        wait: float,
    ) -> None:
        self._folder, self._kind, self._completions = folder, kind, completions
        self._lock = lock_folder(folder, wait=wait)
        try:
            # Under the lock: two processes that begin a folder would write its settings over each other.
            fingerprint = completions.fingerprint if scorer is None else self.claim(scorer)
            self._shards = ShardWriter(folder, kind, fingerprint)
            index = completions.index()
            self._annotated = DigestTable()
            self._annotated.merge(index, read_annotations(index, folder, kind, fingerprint))
        except BaseException:
            self.close()
            raise

    def claim(self, scorer: Mapping[str, Any]) -> str:
        """Write the scorer's settings beside its shards, or compare them; returns the mark of the shards.

        Raises:
            InputError: The folder is of other settings, or the disk refuses.
        """
        with explained(self._folder):
            return scorer_mark(self._completions.fingerprint, claim_folder(self._folder, scorer, SCORER))

    def digests(self, keys: Sequence[Key]) -> list[int]:
        """Give the digests of the texts that are about to be annotated.

        Raises:
            InputError: A completion is annotated already, or not in the set.
        """
        verb = self._kind.verb
        known = self._annotated.first_known(keys)
        if known:
            one = self._kind.rows.removesuffix("s")
            raise InputError(
                f"{self._folder}: {named(*known)}: has a {one} already; {verb} only what has none"
            )
        digests = self._completions.digests_of(keys)
        if 0 in digests:
            absent = named(*keys[digests.index(0)])
            raise InputError(f"{self._folder}: {absent}: is not in the set; {verb} only what is stored")
        return digests

    def write(self, keys: Sequence[Key], digests: Sequence[int], columns: Sequence[Any]) -> None:
        """Store annotations as one shard, and keep in mind which completions have one.

        Raises:
            InputError: The disk refuses.
        """
        self._shards.write(columns)
        self._annotated.add(keys, digests)

    def close(self) -> None:
        """Let another process write here."""
        self._lock.release()


class AnnotationWriters:
    """The folders of annotations that this process writes to, each locked from its first batch on.

    Args:
        kind: What the annotations are.
        completions: What they are of.
    """

    def __init__(self, kind: Kind, completions: CompletionShards) -> None:
        self._kind, self._completions = kind, completions
        self._open: dict[Path, AnnotationWriter] = {}

    @contextmanager
    def writing(
        self, folder: Path, *, scorer: Mapping[str, Any] | None = None, wait: float
    ) -> Iterator[AnnotationWriter]:
        """Give the writer of a folder for one batch; it is opened first if need be.

        Args:
            folder: Where the annotations lie.
            scorer: As `AnnotationWriter` has it, and so the other.
            wait: As there.

        Raises:
            InputError: As there.
        """
        writer = self._open.get(folder)
        if writer is None:
            writer = AnnotationWriter(folder, self._kind, self._completions, scorer=scorer, wait=wait)
            self._open[folder] = writer
        elif scorer is not None:
            # It was opened for the settings of an earlier batch, which may have been others.
            writer.claim(scorer)
        try:
            yield writer
        except BaseException:
            # As in CompletionShards.append: what is on the disk is read again before the next batch.
            self._open.pop(folder).close()
            raise

    def close(self) -> None:
        """Let other processes write."""
        for writer in self._open.values():
            writer.close()
        self._open.clear()


def scorer_mark(fingerprint: str, scorer: Manifest) -> str:
    """Mark the shards of a scorer: scores of the set of this fingerprint by this very model."""
    return fingerprint_of({"set": fingerprint, "scorer": scorer.fingerprint})


def read_annotations(
    index: CompletionIndex,
    folder: Path,
    kind: Kind,
    fingerprint: str,
    into: Mapping[str, NDArray[Any]] | None = None,
) -> NDArray[np.bool_]:
    """Find out which positions are annotated.

    An annotation of a text that is no longer there (its shard was moved away and the completion sampled
    again) is none.

    Args:
        index: The completions.
        folder: Where the annotations lie.
        kind: What they are.
        fingerprint: That of their shards.
        into: Takes columns of them, each cell at the position of its completion.

    Raises:
        InputError: A completion is annotated twice, or a shard is damaged.
    """
    targets = into or {}
    paths = shards_in(folder)
    annotated, count = np.zeros(index.digest.size, dtype=np.bool_), 0

    def parts() -> Iterator[ShardRows]:
        return read_columns(paths, kind, (*KEYS, *targets), fingerprint, index.codes)

    for rows in parts():
        position, there = index.match(rows)
        # Copies only where some rows are of no use.
        kept = slice(None) if there.all() else there
        at = position[kept]
        annotated[at] = True
        count += at.size
        for name, target in targets.items():
            target[at] = rows.columns[name][kept]
    if np.count_nonzero(annotated) < count:
        # Read once more, because only now the rows of all shards are needed at a time.
        raise duplicate(index, ((rows, *index.match(rows)) for rows in parts()))
    return annotated
