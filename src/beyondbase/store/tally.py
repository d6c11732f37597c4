"""Counts per problem from completions and the outcomes of one grader."""

from dataclasses import dataclass
from typing import get_args

import numpy as np
from numpy.typing import NDArray

from beyondbase.completions import Grade
from beyondbase.errors import InputError
from beyondbase.mistakes import quote
from beyondbase.store.frames import Frame, Words
from beyondbase.store.rows import Slots

OUTCOMES: tuple[Grade, ...] = get_args(Grade)


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
    """

    problem_ids: tuple[str, ...]
    n: NDArray[np.int64]
    c: NDArray[np.int64]
    errors: NDArray[np.int64]
    truncated: NDArray[np.int64]
    unparsed: NDArray[np.int64]


def outcomes_at(slots: Slots, grades: Frame) -> NDArray[np.int8]:
    """Give every place the number of its outcome in `OUTCOMES`, or -1 where it has no grade.

    A grade of a text that is no longer there (its shard was moved away and the completion sampled again)
    is none.

    Raises:
        InputError: A completion has two grades, or an outcome is unknown.
    """
    said = grades.texts["outcome"]
    _check_words(grades, said)
    place, alive = slots.match(grades)
    outcome = np.full(slots.row.size, -1, dtype=np.int8)
    numbers = np.array([OUTCOMES.index(word) for word in said.words], dtype=np.int8)
    outcome[place[alive]] = numbers[said.codes[alive]]
    if np.count_nonzero(outcome >= 0) < np.count_nonzero(alive):
        raise slots.twin(place, np.flatnonzero(alive), grades)
    return outcome


def count(slots: Slots, outcome: NDArray[np.int8]) -> Counts:
    """Count outcomes per problem.

    Args:
        slots: The completions.
        outcome: The outcome at each of their places.
    """
    size = len(OUTCOMES)
    problem = np.repeat(np.arange(len(slots.ids)), np.diff(slots.starts))
    cells = (problem * size + outcome)[outcome >= 0]
    table = np.bincount(cells, minlength=size * len(slots.ids)).reshape(len(slots.ids), size)
    by = {name: table[:, place].copy() for place, name in enumerate(OUTCOMES)}
    return Counts(
        problem_ids=slots.ids,
        n=table.sum(axis=1) - by["error"],
        c=by["correct"],
        errors=by["error"],
        truncated=by["truncated"],
        unparsed=by["unparsed"],
    )


def check_graded(slots: Slots, outcome: NDArray[np.int8], at: str, remedy: str) -> None:
    """Refuse to count where a completion has no grade.

    Raises:
        InputError: Names the first of them.
    """
    bare = np.flatnonzero(slots.present & (outcome < 0))
    if bare.size:
        whole = int(slots.present.sum())
        found = f"{bare.size:,} of {whole:,} completions have no grade (first: {slots.name(int(bare[0]))})"
        raise InputError(f"{at}: {found}; {remedy}")


def _check_words(grades: Frame, said: Words) -> None:
    for code, word in enumerate(said.words):
        if word not in OUTCOMES:
            path = grades.path_of(int(np.argmax(said.codes == code)))
            found = f"found the outcome {quote(word)}, know {', '.join(OUTCOMES)}"
            raise InputError(f"{path}: {found}; move it out of this folder")
