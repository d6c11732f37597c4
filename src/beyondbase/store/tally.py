"""What one grader said of completions: counts per problem, and all of it as arrays."""

from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.store.places import Slots, named
from beyondbase.store.shards import OUTCOMES


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


def count(slots: Slots, outcome: NDArray[np.int8]) -> Counts:
    """Count outcomes per problem.

    Args:
        slots: The completions.
        outcome: The number of the outcome at each of their places, -1 where there is none.
    """
    bounds = zip(slots.starts[:-1].tolist(), slots.starts[1:].tolist(), strict=True)
    size = len(OUTCOMES)
    # One more than the number, for -1. A problem at a time: no copy of them all.
    cells = [np.bincount(outcome[start:end] + 1, minlength=size + 1)[1:] for start, end in bounds]
    table = np.array(cells, dtype=np.int64).reshape(len(slots.ids), size)
    by = {name: table[:, place].copy() for place, name in enumerate(OUTCOMES)}
    return Counts(
        problem_ids=slots.ids,
        n=table.sum(axis=1) - by["error"],
        c=by["correct"],
        errors=by["error"],
        truncated=by["truncated"],
        unparsed=by["unparsed"],
        undecided=by["undecided"],
    )


def rows_of(slots: Slots, outcome: NDArray[np.int8]) -> Rows:
    """Put completions into arrays.

    Args:
        slots: The completions, with their tokens and finish.
        outcome: The number of the outcome at each of their places, -1 where there is none.
    """
    there = slots.present

    def kept(cells: NDArray[Any]) -> NDArray[Any]:
        return cells[there]

    return Rows(
        problem_ids=slots.ids,
        problem=kept(slots.problem),
        index=kept(slots.index),
        digest=kept(slots.digest),
        tokens=kept(slots.columns["tokens"]).astype(np.int64),
        finish=kept(slots.columns["finish"]),
        outcome=kept(outcome),
    )


def check_graded(slots: Slots, outcome: NDArray[np.int8], at: str, remedy: str) -> None:
    """Refuse to count where a completion has no grade.

    Raises:
        InputError: Names the first of them.
    """
    bare = slots.present & (outcome < 0)
    if bare.any():
        first = named(*slots.key(int(np.argmax(bare))))
        found = f"{int(bare.sum()):,} of {int(slots.present.sum()):,} completions have no grade"
        raise InputError(f"{at}: {found} (first: {first}); {remedy}")
