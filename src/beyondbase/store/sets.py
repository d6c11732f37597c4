"""Sample sets: the completions of one model on one task at one setting, and what graders said of them."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import numpy as np
import pyarrow as pa
from numpy.typing import NDArray

from beyondbase.completions import Completion, Graded
from beyondbase.errors import InputError
from beyondbase.store import layout
from beyondbase.store.batches import completion_columns, keys_of
from beyondbase.store.durable import explained
from beyondbase.store.frames import read_frame
from beyondbase.store.grading import KEYS, Grading, read_grades
from beyondbase.store.lock import WriterLock
from beyondbase.store.manifest import Manifest, claim_folder, read_manifest
from beyondbase.store.rows import Seen, Slots, Wanted, named, slots_of
from beyondbase.store.shards import COMPLETIONS, GRADES, read_shard
from beyondbase.store.shelf import Shelf, clear_drafts, lock_folder
from beyondbase.store.tally import Counts, check_graded, count, outcomes_at
from beyondbase.store.texts import PLAIN, Sample, first_samples, read_completions, rows_by_shard


@dataclass(frozen=True)
class Status:
    """How far a set has come.

    Attributes:
        problems: Problems with a completion.
        completions: All completions.
        least: Those of the problem with the fewest.
        most: Those of the problem with the most.
        size: Bytes of all shards, those of grades too.
    """

    problems: int
    completions: int
    least: int
    most: int
    size: int


class SampleSet:
    """One folder of completions; `open` it to write, `read` it else, from as many processes as you like.

    Attributes:
        folder: Where it lies.
        identity: The settings it was sampled with.
        fingerprint: The sha256 of these.
    """

    def __init__(self, folder: Path, manifest: Manifest, lock: WriterLock | None = None) -> None:
        self.folder = folder
        self.identity: Mapping[str, Any] = manifest.identity
        self.fingerprint = manifest.fingerprint
        self._lock = lock
        self._shelf: Shelf | None = None
        self._seen, self._known, self._current = Seen(), set[str](), False
        self._gradings: dict[tuple[str, str], Grading] = {}

    @classmethod
    def open(cls, folder: Path, identity: Mapping[str, Any], *, wait: float = 0) -> Self:
        """Open a set for writing, or begin it.

        Args:
            folder: Where it lies.
            identity: The settings: all that a completion hangs on, but how many there are.
            wait: Seconds to wait for another writer; `math.inf` waits for good.

        Raises:
            InputError: Another process writes it, it was sampled with other settings, or the disk refuses.
        """
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
    def read(cls, folder: Path) -> Self:
        """Open a set for reading and grading.

        Raises:
            InputError: There is none.
        """
        return cls(folder, read_manifest(folder))

    def close(self) -> None:
        """Let other processes write."""
        self._shelf = None
        for grading in self._gradings.values():
            grading.close()
        self._gradings.clear()
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
        self._refresh()
        keys = keys_of(completions)
        known = self._seen.first_known(keys)
        if known:
            raise InputError(f"{self.folder}: {named(*known)}: is there already; sample only what is wanted")
        columns, digests = completion_columns(completions, keys, self.fingerprint)
        # Where the disk refuses late, the shard may be there all the same: look again before the next.
        self._current = False
        self._known.add(self._shelf.put(columns).name)
        self._seen.add(keys, digests)
        self._current = True

    def wanted(self, problem_ids: Sequence[str], n: int) -> Wanted:
        """List the completions that are missing to n of each problem.

        Raises:
            InputError: A problem is named twice, or a shard is damaged.
        """
        if len(set(problem_ids)) < len(problem_ids):
            raise InputError(f"{self.folder}: found a problem id twice in the task; make ids unique")
        self._refresh()
        return self._seen.wanted(problem_ids, n)

    def append_grades(self, grader: str, version: str, graded: Sequence[Graded], *, wait: float = 0) -> None:
        """Store grades as one shard; another version of a grader has grades of its own.

        Works beside a process that samples; the first call locks the grader's folder until `close`.

        Args:
            grader: The grader's name.
            version: Its version.
            graded: Its grades.
            wait: Seconds to wait for another process that grades with it.

        Raises:
            InputError: A completion is not there or graded already, another process grades with this
                grader, or the disk refuses; nothing of the batch is stored then.
        """
        if not graded:
            return
        grading = self._gradings.get((grader, version))
        if grading is None:
            folder = layout.grades_folder(self.folder, grader, version)
            grading = Grading(folder, self.fingerprint, self._slots, wait=wait)
            self._gradings[grader, version] = grading
        try:
            grading.append(graded, self._digest)
        except BaseException:
            # As in append: what is on the disk is read again before the next.
            self._gradings.pop((grader, version)).close()
            raise

    def graders(self) -> list[tuple[str, str]]:
        """List the graders, by name and version, that graded here."""
        return layout.graders_in(self.folder)

    def completions(self) -> Iterator[list[Completion]]:
        """Read everything, a shard at a time.

        Raises:
            InputError: A shard is damaged.
        """
        for path in layout.shards_in(self._completions):
            yield read_completions(path, self.fingerprint)

    def ungraded(self, grader: str, version: str) -> Iterator[list[Completion]]:
        """Read the completions that a grader has yet to see, a shard at a time, without their tokens.

        Raises:
            InputError: A shard is damaged.
        """
        slots, outcome = self._outcomes(grader, version)
        rows = slots.row[slots.present & (outcome < 0)]
        for path, part in rows_by_shard(slots.frame, rows):
            yield read_completions(path, self.fingerprint, rows=part, columns=PLAIN)

    def grades(self, grader: str, version: str) -> Iterator[list[Graded]]:
        """Read the grades of a grader, a shard at a time.

        Raises:
            InputError: A shard is damaged.
        """
        for path in layout.shards_in(layout.grades_folder(self.folder, grader, version)):
            columns = ("problem_id", "index", "outcome", "answer")
            table = read_shard(path, GRADES, columns, self.fingerprint)
            yield [
                Graded(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)
            ]

    def tally(self, grader: str, version: str) -> Counts:
        """Count what a grader said, problem by problem.

        Raises:
            InputError: There is no completion, one has no grade, or a shard is damaged.
        """
        slots, outcome = self._outcomes(grader, version)
        if not slots.ids:
            raise InputError(f"{self.folder}: holds no completions; sample first")
        others = ", ".join(" ".join(name) for name in self.graders()) or "none"
        remedy = f"grade them, or name a grader that graded all (graders here: {others})"
        check_graded(slots, outcome, f"{self.folder}: {grader} {version}", remedy)
        return count(slots, outcome)

    def examples(self, grader: str, version: str, *, k: int) -> list[Sample]:
        """Read the first k graded completions of each problem, by problem and index.

        Raises:
            InputError: A shard is damaged.
        """
        slots, outcome = self._outcomes(grader, version)
        return first_samples(slots, outcome, k, self.fingerprint)

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
        self._refresh()
        counts = [number for number in self._seen.counts().values() if number]
        size = sum(path.stat().st_size for path in self.folder.rglob("*.parquet"))
        return Status(len(counts), sum(counts), min(counts, default=0), max(counts, default=0), size)

    @property
    def _completions(self) -> Path:
        return self.folder / layout.COMPLETIONS

    def _slots(self) -> Slots:
        paths = layout.shards_in(self._completions)
        return slots_of(read_frame(paths, COMPLETIONS, KEYS, self.fingerprint))

    def _outcomes(self, grader: str, version: str) -> tuple[Slots, NDArray[np.int8]]:
        # Grades second: one of a completion that came meanwhile is no grade of those that were read.
        slots = self._slots()
        folder = layout.grades_folder(self.folder, grader, version)
        return slots, outcomes_at(slots, read_grades(folder, self.fingerprint))

    def _digest(self, problem_id: str, index: int) -> int | None:
        found = self._seen.digest(problem_id, index)
        if found is None:
            self._refresh()
            found = self._seen.digest(problem_id, index)
        return found

    def _refresh(self) -> None:
        if self._current:
            return
        new = [path for path in layout.shards_in(self._completions) if path.name not in self._known]
        slots = slots_of(read_frame(new, COMPLETIONS, KEYS, self.fingerprint))
        if not self._seen.merge(slots, slots.present):
            # Some of them are copies of older shards: reading all says of which.
            self._slots()
        self._known |= {path.name for path in new}
        # Only who holds the lock knows that nobody else adds to them.
        self._current = self._lock is not None and self._lock.held
