"""What graders and scorers said of the completions of a set."""

from collections.abc import Iterator, Mapping, Sequence
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beyondbase.completions import Completion, Graded
from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.store import layout
from beyondbase.store.batches import grade_columns, keys_of, score_columns
from beyondbase.store.durable import explained
from beyondbase.store.lock import WriterLock
from beyondbase.store.manifest import SCORER, Manifest, claim_folder, read_manifest
from beyondbase.store.notes import Desk, Notebook, find_notes, outcomes_at
from beyondbase.store.places import Slots
from beyondbase.store.rows import Stock, read_slots
from beyondbase.store.scoring import Scored, Scores, places_to_score, read_scores, scorer_mark
from beyondbase.store.shards import GRADES, OUTCOMES, SCORES, read_shard
from beyondbase.store.tally import Counts, Rows, check_graded, count, rows_of
from beyondbase.store.texts import PLAIN, WHOLE, Sample, first_samples, read_chosen


class JudgedSet:
    """The part of a sample set that grading, scoring and counting use.

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
        self._stock = Stock(self._completions, manifest.fingerprint, lock)
        self._desk = Desk()

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
        folder = layout.grades_folder(self.folder, grader, version)

        def begin() -> Notebook:
            return Notebook(folder, GRADES, lambda: self.fingerprint, self._slots, wait=wait)

        columns = partial(grade_columns, graded)
        self._desk.append(folder, begin, keys_of(graded), columns, self._stock.digest)

    def graders(self) -> list[tuple[str, str]]:
        """List the graders, by name and version, that graded here."""
        return layout.graders_in(self.folder)

    def ungraded(self, grader: str, version: str) -> Iterator[list[Completion]]:
        """Read the completions that a grader has yet to see, a shard at a time, without their tokens.

        Raises:
            InputError: A shard is damaged.
        """
        slots, outcome = self._outcomes(grader, version)
        yield from read_chosen(slots, slots.present & (outcome < 0), self.fingerprint, columns=PLAIN)

    def grades(self, grader: str, version: str) -> Iterator[list[Graded]]:
        """Read the grades of a grader, a shard at a time.

        Raises:
            InputError: A shard is damaged.
        """
        for path in layout.shards_in(layout.grades_folder(self.folder, grader, version)):
            columns = ("problem_id", "index", "outcome", "answer", "rule")
            table = read_shard(path, GRADES, columns, self.fingerprint)
            yield [
                Graded(*row) for row in zip(*(column.to_pylist() for column in table.columns), strict=True)
            ]

    def tally(self, grader: str, version: str, *, n: int | None = None) -> Counts:
        """Count what a grader said, problem by problem.

        Args:
            grader: The grader's name.
            version: Its version.
            n: Count the completions of indices 0 .. n - 1 only, as if no others were there.

        Raises:
            InputError: There is no completion, one has no grade, or a shard is damaged.
        """
        slots, outcome = self._outcomes(grader, version, n=n)
        if not slots.ids:
            raise InputError(f"{self.folder}: holds no completions; sample first")
        others = ", ".join(" ".join(name) for name in self.graders()) or "none"
        remedy = f"grade them, or name a grader that graded all (graders here: {others})"
        check_graded(slots, outcome, f"{self.folder}: {grader} {version}", remedy)
        return count(slots, outcome)

    def rows(self, grader: str, version: str, *, n: int | None = None) -> Rows:
        """Read all but the texts of completions, with what a grader said, by problem and index.

        Args:
            grader: The grader's name.
            version: Its version.
            n: As in `tally`.

        Raises:
            InputError: A shard is damaged.
        """
        return rows_of(*self._outcomes(grader, version, "tokens", "finish", n=n))

    def examples(self, grader: str, version: str, *, k: int, n: int | None = None) -> list[Sample]:
        """Read the first k graded completions of each problem, by problem and index.

        Args:
            grader: The grader's name.
            version: Its version.
            k: How many of each problem.
            n: As in `tally`.

        Raises:
            InputError: A shard is damaged.
        """
        slots, outcome = self._outcomes(grader, version, n=n)
        return first_samples(slots, outcome, k, self.fingerprint)

    def answered(self, grader: str, version: str, *, k: int) -> Iterator[list[Completion]]:
        """Read the first k completions of each problem whose answer a grader judged, a shard at a time.

        Args:
            grader: The grader's name.
            version: Its version.
            k: How many of each problem.

        Raises:
            InputError: A shard is damaged.
        """
        slots, outcome = self._outcomes(grader, version)
        judged = np.isin(outcome, [OUTCOMES.index(word) for word in ("correct", "wrong", "undecided")])
        yield from read_chosen(slots, judged & (slots.rank(judged) < k), self.fingerprint, columns=PLAIN)

    def these(self, keys: Sequence[tuple[str, int]]) -> list[Completion]:
        """Read some completions, by problem and index, without their tokens.

        Raises:
            InputError: A shard is damaged.
        """
        slots, wanted = self._slots(), _by_problem(keys)
        chosen = np.zeros(slots.digest.size, dtype=np.bool_)
        for place, name in enumerate(slots.ids):
            start, end = slots.starts[place : place + 2].tolist()
            chosen[[start + index for index in wanted.get(name, ()) if index < end - start]] = True
        batches = read_chosen(slots, chosen & slots.present, self.fingerprint, columns=PLAIN)
        return sorted(
            (one for batch in batches for one in batch), key=lambda one: (one.problem_id, one.index)
        )

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
        if not scored:
            return
        folder = layout.scores_folder(self.folder, scorer)

        def mark() -> str:
            with explained(folder):
                return scorer_mark(self.fingerprint, claim_folder(folder, identity, SCORER))

        def begin() -> Notebook:
            return Notebook(folder, SCORES, mark, self._slots, wait=wait)

        if folder in self._desk:
            # Its notebook was begun for some identity, which may be another.
            mark()
        columns = partial(score_columns, scored)
        self._desk.append(folder, begin, keys_of(scored), columns, self._stock.digest)

    def scorers(self) -> list[str]:
        """List the scorers whose scores are here."""
        return layout.scorers_in(self.folder)

    def unscored(self, scorer: str, *, k: int) -> Iterator[list[Completion]]:
        """Read what a scorer has yet to see of the first k completions of each problem that are not errors.

        Args:
            scorer: The scorer's name; one that is not here has seen nothing.
            k: How many of each problem, in the order of their indices.

        Raises:
            InputError: A shard is damaged.
        """
        slots = self._slots("finish")
        chosen = places_to_score(slots, k)
        if scorer in self.scorers():
            folder, mark = self._scorer(scorer)
            chosen &= ~find_notes(slots, folder, SCORES, mark)
        yield from read_chosen(slots, chosen, self.fingerprint, columns=WHOLE)

    def scorer_identity(self, scorer: str) -> Mapping[str, Any]:
        """Read the settings of a scorer.

        Raises:
            InputError: There are no scores of that name.
        """
        return read_manifest(layout.scores_folder(self.folder, scorer), SCORER).identity

    def scores(self, scorer: str) -> Scores:
        """Read the scores of a scorer, by problem and index.

        Raises:
            InputError: There are none of that name, or a shard is damaged.
        """
        if scorer not in self.scorers():
            others = ", ".join(map(quote, self.scorers())) or "none"
            found = f"holds no scores by {quote(scorer)} (scorers here: {others})"
            raise InputError(f"{self.folder}: {found}; score first, or correct the name")
        return read_scores(self._slots(), *self._scorer(scorer))

    @property
    def _completions(self) -> Path:
        return self.folder / layout.COMPLETIONS

    def _scorer(self, scorer: str) -> tuple[Path, str]:
        folder = layout.scores_folder(self.folder, scorer)
        return folder, scorer_mark(self.fingerprint, read_manifest(folder, SCORER))

    def _slots(self, *extra: str, n: int | None = None) -> Slots:
        return read_slots(layout.shards_in(self._completions), self.fingerprint, *extra, n=n)

    def _outcomes(
        self, grader: str, version: str, *extra: str, n: int | None = None
    ) -> tuple[Slots, NDArray[np.int8]]:
        # Grades second: one of a completion that came meanwhile is no grade of those that were read.
        slots = self._slots(*extra, n=n)
        folder = layout.grades_folder(self.folder, grader, version)
        return slots, outcomes_at(slots, folder, self.fingerprint)


def _by_problem(keys: Sequence[tuple[str, int]]) -> dict[str, list[int]]:
    found: dict[str, list[int]] = {}
    for name, index in keys:
        found.setdefault(name, []).append(index)
    return found
