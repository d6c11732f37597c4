"""The grades of a set: stored for each grader and version, counted, and read beside the completions."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from beyondbase.completions import Completion, Grade, Graded
from beyondbase.errors import InputError
from beyondbase.store import layout
from beyondbase.store.annotations import AnnotationWriters, read_annotations
from beyondbase.store.columns import columns_of, named, utf8
from beyondbase.store.completions import CompletionShards
from beyondbase.store.index import CompletionIndex, keys_of
from beyondbase.store.shards import GRADES, OUTCOMES, read_shard

_JUDGED = [OUTCOMES.index(outcome) for outcome in ("correct", "wrong", "undecided")]


@dataclass(frozen=True)
class Sample:
    """A completion to read, with what became of it."""

    problem_id: str
    index: int
    outcome: Grade
    text: str


@dataclass(frozen=True, eq=False)
class Counts:
    """What became of the completions of each problem.

    Attributes:
        problem_ids: The problems, in the order of their characters.
        n: Completions that say something of the model: all but errors.
        c: Correct ones.
        errors: Completions that some machinery lost; they are in no other column.
        truncated: Those of n that hit the limit of tokens.
        unparsed: Those of n in which no answer was found.
        undecided: Those of n of whose answer the grader could not tell whether it is right.
    """

    problem_ids: tuple[str, ...]
    n: NDArray[np.int64]
    c: NDArray[np.int64]
    errors: NDArray[np.int64]
    truncated: NDArray[np.int64]
    unparsed: NDArray[np.int64]
    undecided: NDArray[np.int64]


@dataclass(frozen=True, eq=False)
class Rows:
    """Completions as arrays of one length, by problem and index.

    Attributes:
        problem_ids: The problems, in the order of their characters.
        problem: The number of each completion's problem among these.
        index: Its number among the problem's completions.
        digest: 64 bits of its text's sha256; `EMPTY_DIGEST` where the text is empty.
        tokens: How many tokens were generated, -1 where that is not known.
        finish: The number of its reason to end in `FINISHES`.
        outcome: The number of its outcome in `OUTCOMES`, -1 where it has no grade.
    """

    problem_ids: tuple[str, ...]
    problem: NDArray[np.int32]
    index: NDArray[np.int32]
    digest: NDArray[np.int64]
    tokens: NDArray[np.int64]
    finish: NDArray[np.int8]
    outcome: NDArray[np.int8]


class GradeShards:
    """The shards of grades of a set; the methods are those of `SampleSet`, which says what they do.

    Args:
        folder: The set's.
        completions: The set's.
    """

    def __init__(self, folder: Path, completions: CompletionShards) -> None:
        self._set, self._completions = folder, completions
        self._writers = AnnotationWriters(GRADES, completions)

    def append(self, grader: str, version: str, graded: Sequence[Graded], *, wait: float) -> None:
        """Store grades as one shard."""
        if not graded:
            return
        keys = keys_of(graded)
        with self._writers.writing(self._folder(grader, version), wait=wait) as writer:
            digests = writer.digests(keys)
            answers = [None if item.answer is None else utf8(item.answer) for item in graded]
            writer.write(keys, digests, columns_of(GRADES, graded, digest=digests, answer=answers))

    def close(self) -> None:
        """Let other processes grade."""
        self._writers.close()

    def graders(self) -> list[tuple[str, str]]:
        """List the graders, by name and version."""
        return layout.graders_in(self._set)

    def batches(self, grader: str, version: str) -> Iterator[list[Graded]]:
        """Read the grades of a grader, a shard at a time."""
        columns = ("problem_id", "index", "outcome", "answer", "rule")
        for path in layout.shards_in(self._folder(grader, version)):
            table = read_shard(path, GRADES, columns, self._completions.fingerprint)
            rows = zip(*(column.to_pylist() for column in table.columns), strict=True)
            yield [Graded(*row) for row in rows]

    def ungraded(self, grader: str, version: str) -> Iterator[list[Completion]]:
        """Read the completions that a grader has yet to see, a shard at a time."""
        index, outcome = self._outcomes(grader, version)
        for batch, _ in self._completions.chosen(index, index.present & (outcome < 0)):
            yield batch

    def answered(self, grader: str, version: str, *, k: int) -> Iterator[list[Completion]]:
        """Read the first k completions of each problem whose answer was judged, a shard at a time."""
        index, outcome = self._outcomes(grader, version)
        judged = np.isin(outcome, _JUDGED)
        for batch, _ in self._completions.chosen(index, judged & (index.rank(judged) < k)):
            yield batch

    def examples(self, grader: str, version: str, *, k: int, n: int | None) -> list[Sample]:
        """Read the first k graded completions of each problem, by problem and index."""
        index, outcome = self._outcomes(grader, version, n=n)
        graded = outcome >= 0
        samples = [
            Sample(item.problem_id, item.index, OUTCOMES[number], item.text)
            for batch, positions in self._completions.chosen(index, graded & (index.rank(graded) < k))
            for item, number in zip(batch, outcome[positions].tolist(), strict=True)
        ]
        return sorted(samples, key=lambda sample: (sample.problem_id, sample.index))

    def tally(self, grader: str, version: str, *, n: int | None) -> Counts:
        """Count what a grader said, problem by problem."""
        index, outcome = self._outcomes(grader, version, n=n)
        if not index.problem_ids:
            raise InputError(f"{self._set}: holds no completions; sample first")
        bare = index.present & (outcome < 0)
        if bare.any():
            first = named(*index.key(int(np.argmax(bare))))
            found = f"{int(bare.sum()):,} of {int(index.present.sum()):,} completions have no grade"
            others = ", ".join(" ".join(name) for name in self.graders()) or "none"
            remedy = f"grade them, or name a grader that graded all (graders here: {others})"
            raise InputError(f"{self._set}: {grader} {version}: {found} (first: {first}); {remedy}")
        return _count(index, outcome)

    def rows(self, grader: str, version: str, *, n: int | None) -> Rows:
        """Read all but the texts of completions, with what a grader said."""
        index, outcome = self._outcomes(grader, version, "tokens", "finish", n=n)
        there = index.present
        return Rows(
            problem_ids=index.problem_ids,
            problem=index.problem[there],
            index=index.index[there],
            digest=index.digest[there],
            tokens=index.columns["tokens"][there].astype(np.int64),
            finish=index.columns["finish"][there],
            outcome=outcome[there],
        )

    def _folder(self, grader: str, version: str) -> Path:
        return layout.grades_folder(self._set, grader, version)

    def _outcomes(
        self, grader: str, version: str, *extra: str, n: int | None = None
    ) -> tuple[CompletionIndex, NDArray[np.int8]]:
        """Read the index, and give each position the number of its outcome, or -1 where it has no grade."""
        # Grades second: one of a completion that came meanwhile is no grade of those that were read.
        index = self._completions.index(*extra, n=n)
        outcome = np.full(index.digest.size, -1, dtype=np.int8)
        folder = self._folder(grader, version)
        read_annotations(index, folder, GRADES, self._completions.fingerprint, {"outcome": outcome})
        return index, outcome


def _count(index: CompletionIndex, outcome: NDArray[np.int8]) -> Counts:
    bounds = zip(index.starts[:-1].tolist(), index.starts[1:].tolist(), strict=True)
    size = len(OUTCOMES)
    # One more than the number, for -1. A problem at a time: no copy of them all.
    cells = [np.bincount(outcome[start:end] + 1, minlength=size + 1)[1:] for start, end in bounds]
    table = np.array(cells, dtype=np.int64).reshape(len(index.problem_ids), size)
    by = {name: table[:, number].copy() for number, name in enumerate(OUTCOMES)}
    return Counts(
        problem_ids=index.problem_ids,
        n=table.sum(axis=1) - by["error"],
        c=by["correct"],
        errors=by["error"],
        truncated=by["truncated"],
        unparsed=by["unparsed"],
        undecided=by["undecided"],
    )
