"""Sample sets: the completions of one model on one task at one setting, and what graders and scorers said."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Self

import pyarrow as pa

from beyondbase.completions import Completion, Graded
from beyondbase.errors import InputError
from beyondbase.files import AnyPath
from beyondbase.store.completions import CompletionShards, MissingKeys
from beyondbase.store.durable import explained
from beyondbase.store.grades import Counts, GradeShards, Rows, Sample
from beyondbase.store.lock import WriterLock
from beyondbase.store.manifest import Manifest, claim_folder, read_manifest
from beyondbase.store.scores import Scored, Scores, ScoreShards
from beyondbase.store.writer import clear_drafts, lock_folder


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


class SampleSet:
    """One folder of completions; `open` it to write, `read` it else, from as many processes as you like.

    Grading and scoring go beside a process that samples: the completions, the grades of each grader and the
    scores of each scorer are folders of shards with a writer, and a lock, of their own.

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
        self._completions = CompletionShards(folder, manifest.fingerprint, lock)
        self._grades = GradeShards(folder, self._completions)
        self._scores = ScoreShards(folder, self._completions)

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
                manifest = claim_folder(folder, identity)
            return cls(folder, manifest, lock)
        except BaseException:
            lock.release()
            raise

    @classmethod
    def read(cls, folder: AnyPath) -> Self:
        """Open a set for reading, grading and scoring.

        Raises:
            InputError: There is none.
        """
        folder = Path(folder)
        return cls(folder, read_manifest(folder))

    def close(self) -> None:
        """Let other processes write."""
        self._completions.close()
        self._grades.close()
        self._scores.close()
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
        self._completions.append(completions)

    def wanted(self, problem_ids: Sequence[str], n: int) -> MissingKeys:
        """List the completions that are missing to n of each problem.

        Raises:
            InputError: A problem is named twice, or a shard is damaged.
        """
        if len(set(problem_ids)) < len(problem_ids):
            raise InputError(f"{self.folder}: found a problem id twice in the task; make ids unique")
        return self._completions.digests().missing(problem_ids, n)

    def completions(self) -> Iterator[list[Completion]]:
        """Read everything, a shard at a time.

        Raises:
            InputError: A shard is damaged.
        """
        return self._completions.batches()

    def these(self, keys: Sequence[tuple[str, int]]) -> list[Completion]:
        """Read some completions, by problem and index, without their tokens.

        Raises:
            InputError: A shard is damaged.
        """
        return self._completions.these(keys)

    def table(self, *columns: str) -> pa.Table:
        """Read columns of all completions; "digest" is 64 bits of a text's sha256, for finding equal ones.

        Raises:
            InputError: A shard is damaged.
        """
        return self._completions.table(columns)

    def status(self) -> Status:
        """Say how far the set has come.

        Raises:
            InputError: A shard is damaged.
        """
        counts = [number for number in self._completions.digests().counts().values() if number]
        size = sum(path.stat().st_size for path in self.folder.rglob("*.parquet"))
        return Status(len(counts), sum(counts), min(counts, default=0), max(counts, default=0), size)

    def append_grades(self, grader: str, version: str, graded: Sequence[Graded], *, wait: float = 0) -> None:
        """Store grades as one shard; another version of a grader has grades of its own.

        The first call locks the grader's folder until `close`; `wait` is how many seconds to wait for another
        process that grades with it.

        Raises:
            InputError: A completion is not there or graded already, another process grades with this
                grader, or the disk refuses; nothing of the batch is stored then.
        """
        self._grades.append(grader, version, graded, wait=wait)

    def graders(self) -> list[tuple[str, str]]:
        """List the graders, by name and version, that graded here."""
        return self._grades.graders()

    def ungraded(self, grader: str, version: str) -> Iterator[list[Completion]]:
        """Read the completions that a grader has yet to see, a shard at a time, without their tokens.

        Raises:
            InputError: A shard is damaged.
        """
        return self._grades.ungraded(grader, version)

    def grades(self, grader: str, version: str) -> Iterator[list[Graded]]:
        """Read the grades of a grader, a shard at a time.

        Raises:
            InputError: A shard is damaged.
        """
        return self._grades.batches(grader, version)

    def tally(self, grader: str, version: str, *, n: int | None = None) -> Counts:
        """Count what a grader said, problem by problem.

        With n, the completions of indices 0 .. n - 1 only are counted, as if no others were there.

        Raises:
            InputError: There is no completion, one has no grade, or a shard is damaged.
        """
        return self._grades.tally(grader, version, n=n)

    def rows(self, grader: str, version: str, *, n: int | None = None) -> Rows:
        """Read all but the texts of completions, with what a grader said, by problem and index.

        n is as in `tally`.

        Raises:
            InputError: A shard is damaged.
        """
        return self._grades.rows(grader, version, n=n)

    def examples(self, grader: str, version: str, *, k: int, n: int | None = None) -> list[Sample]:
        """Read the first k graded completions of each problem, by problem and index.

        n is as in `tally`.

        Raises:
            InputError: A shard is damaged.
        """
        return self._grades.examples(grader, version, k=k, n=n)

    def answered(self, grader: str, version: str, *, k: int) -> Iterator[list[Completion]]:
        """Read the first k completions of each problem whose answer a grader judged, a shard at a time.

        Raises:
            InputError: A shard is damaged.
        """
        return self._grades.answered(grader, version, k=k)

    def append_scores(
        self, scorer: str, identity: Mapping[str, Any], scored: Sequence[Scored], *, wait: float = 0
    ) -> None:
        """Store scores as one shard; like `append_grades`, beside processes that sample and grade.

        Args:
            scorer: A name for the model that scores, such as that of its arm.
            identity: Its settings: all that a score hangs on.
            scored: Its scores.
            wait: Seconds to wait for another process that scores with it.

        Raises:
            InputError: A completion is not there or scored already, the scorer's name has scores of other
                settings, another process scores with it, or the disk refuses; nothing of the batch is
                stored then.
        """
        self._scores.append(scorer, identity, scored, wait=wait)

    def scorers(self) -> list[str]:
        """List the scorers whose scores are here."""
        return self._scores.scorers()

    def unscored(self, scorer: str, *, k: int) -> Iterator[list[Completion]]:
        """Read what a scorer has yet to see of the first k completions of each problem that are not errors.

        The first are those of the lowest indices; a scorer that is not here has seen nothing.

        Raises:
            InputError: A shard is damaged.
        """
        return self._scores.unscored(scorer, k=k)

    def scorer_identity(self, scorer: str) -> Mapping[str, Any]:
        """Read the settings of a scorer.

        Raises:
            InputError: There are no scores of that name.
        """
        return self._scores.identity(scorer)

    def scores(self, scorer: str) -> Scores:
        """Read the scores of a scorer, by problem and index.

        Raises:
            InputError: There are none of that name, or a shard is damaged.
        """
        return self._scores.read(scorer)
