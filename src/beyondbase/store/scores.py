"""The scores of a set: log-probabilities of its completions under other models."""

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beyondbase.completions import Completion
from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.store import layout
from beyondbase.store.annotations import AnnotationWriters, read_annotations, scorer_mark
from beyondbase.store.columns import columns_of, named
from beyondbase.store.completions import WHOLE, CompletionShards
from beyondbase.store.index import keys_of
from beyondbase.store.manifest import SCORER, read_manifest
from beyondbase.store.shards import FINISHES, SCORES

_ROUNDING = 1e-4


@dataclass(frozen=True)
class Scored:
    """What another model makes of one completion.

    Attributes:
        problem_id: The problem.
        index: The completion's number.
        logprob: Sum over its tokens, under that model at temperature 1.
        tokens: How many tokens these were.
    """

    problem_id: str
    index: int
    logprob: float
    tokens: int


@dataclass(frozen=True, eq=False)
class Scores:
    """The scores of one model as arrays of one length, by problem and index.

    Attributes:
        problem_ids: The problems of the set, in the order of their characters.
        problem: The number of each completion's problem among these.
        index: Its number among the problem's completions.
        logprob: Sum over its tokens.
        tokens: How many tokens these were.
    """

    problem_ids: tuple[str, ...]
    problem: NDArray[np.int32]
    index: NDArray[np.int32]
    logprob: NDArray[np.float64]
    tokens: NDArray[np.int64]


class ScoreShards:
    """The shards of scores of a set; the methods are those of `SampleSet`, which says what they do.

    Args:
        folder: The set's.
        completions: The set's.
    """

    def __init__(self, folder: Path, completions: CompletionShards) -> None:
        self._set, self._completions = folder, completions
        self._writers = AnnotationWriters(SCORES, completions)

    def append(
        self, scorer: str, identity: Mapping[str, Any], scored: Sequence[Scored], *, wait: float
    ) -> None:
        """Store scores as one shard."""
        if not scored:
            return
        keys = keys_of(scored)
        with self._writers.writing(self._folder(scorer), scorer=identity, wait=wait) as writer:
            digests = writer.digests(keys)
            _check_logprobs(scored)
            writer.write(keys, digests, columns_of(SCORES, scored, digest=digests))

    def close(self) -> None:
        """Let other processes score."""
        self._writers.close()

    def scorers(self) -> list[str]:
        """List the scorers."""
        return layout.scorers_in(self._set)

    def unscored(self, scorer: str, *, k: int) -> Iterator[list[Completion]]:
        """Read what a scorer has yet to see of the first k completions that are not errors."""
        index = self._completions.index("finish")
        asked = index.present & (index.columns["finish"] != FINISHES.index("error"))
        asked &= index.rank(asked) < k
        if scorer in self.scorers():
            asked &= ~read_annotations(index, self._folder(scorer), SCORES, self._mark(scorer))
        for batch, _ in self._completions.chosen(index, asked, WHOLE):
            yield batch

    def identity(self, scorer: str) -> Mapping[str, Any]:
        """Read the settings of a scorer."""
        return read_manifest(self._folder(scorer), SCORER).identity

    def read(self, scorer: str) -> Scores:
        """Read the scores of a scorer, by problem and index."""
        if scorer not in self.scorers():
            others = ", ".join(map(quote, self.scorers())) or "none"
            found = f"holds no scores by {quote(scorer)} (scorers here: {others})"
            raise InputError(f"{self._set}: {found}; score first, or correct the name")
        # Scores second, as grades are: one of a completion that came meanwhile is none of those read.
        index = self._completions.index()
        logprob, tokens = np.zeros(index.digest.size), np.zeros(index.digest.size, dtype=np.int64)
        into = {"logprob": logprob, "tokens": tokens}
        scored = read_annotations(index, self._folder(scorer), SCORES, self._mark(scorer), into)
        ids, problem, number = index.problem_ids, index.problem[scored], index.index[scored]
        return Scores(ids, problem, number, logprob[scored], tokens[scored])

    def _folder(self, scorer: str) -> Path:
        return layout.scores_folder(self._set, scorer)

    def _mark(self, scorer: str) -> str:
        return scorer_mark(self._completions.fingerprint, read_manifest(self._folder(scorer), SCORER))


def _check_logprobs(batch: Sequence[Scored]) -> None:
    for item in batch:
        # Not just above 0: a sum over many tokens that were nearly certain is rounded.
        if not item.logprob <= _ROUNDING * item.tokens:
            found = (
                f"logprob: found {item.logprob} for {item.tokens} tokens; give the sum of their logarithms"
            )
            raise InputError(f"{named(item.problem_id, item.index)}: {found}")
