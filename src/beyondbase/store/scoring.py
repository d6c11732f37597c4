"""Scores: log-probabilities of stored completions under another model."""

from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numpy.typing import NDArray

from beyondbase.store.identity import fingerprint_of
from beyondbase.store.manifest import Manifest
from beyondbase.store.notes import find_notes
from beyondbase.store.places import Slots
from beyondbase.store.shards import FINISHES, SCORES


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


def scorer_mark(fingerprint: str, scorer: Manifest) -> str:
    """Mark the shards of a scorer: scores of this set by this very model."""
    return fingerprint_of({"set": fingerprint, "scorer": scorer.fingerprint})


def places_to_score(slots: Slots, k: int) -> NDArray[np.bool_]:
    """Choose the first k completions of each problem, by index, that are not errors.

    Args:
        slots: The completions, with their finish.
        k: How many of each problem.
    """
    fit: NDArray[np.bool_] = slots.present & (slots.columns["finish"] != FINISHES.index("error"))
    fit &= slots.rank(fit) < k
    return fit


def read_scores(slots: Slots, folder: Path, mark: str) -> Scores:
    """Read the scores of one scorer.

    Args:
        slots: The completions.
        folder: Where the scores lie.
        mark: The fingerprint of their shards.

    Raises:
        InputError: A completion has two scores, or a shard is damaged.
    """
    size = slots.digest.size
    logprob, tokens = np.zeros(size), np.zeros(size, dtype=np.int64)
    scored = find_notes(slots, folder, SCORES, mark, {"logprob": logprob, "tokens": tokens})
    return Scores(slots.ids, slots.problem[scored], slots.index[scored], logprob[scored], tokens[scored])
