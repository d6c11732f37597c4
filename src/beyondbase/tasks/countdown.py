"""Countdown with written steps: combine all numbers, each once, into a target, one step on each line.

A question is `20 13 11 6 4 -> 36`: the numbers and the target. A solution has one step fewer than there are
numbers; each takes two of the numbers that are left and leaves their sum, difference, product or quotient,
which is a whole number from 1 to 99.
"""

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache

import numpy as np
from numpy.typing import NDArray

from beyondbase.errors import InputError
from beyondbase.messages import quote

LARGEST = 99
OPERATIONS = "+-*/"
_QUESTION = re.compile(r"(\d{1,2}(?: \d{1,2})+) -> (\d{1,2})", re.ASCII)
# Beyond this the enumeration of one problem takes minutes.
_MOST_NUMBERS = 6

Numbers = tuple[int, ...]
Move = tuple[int, str, int, int]


@dataclass(frozen=True)
class Outcomes:
    """What comes of some numbers, by target (0 to 99).

    Attributes:
        solutions: How many different traces end in each target; steps that differ in order are different.
        chance: Probability that the mover who draws uniformly among legal moves ends there.
    """

    solutions: NDArray[np.int64]
    chance: NDArray[np.float64]


def write_question(numbers: Numbers, target: int) -> str:
    """Write a question; the numbers fall, so that equal problems have equal questions."""
    return f"{' '.join(map(str, sorted(numbers, reverse=True)))} -> {target}"


def read_question(text: str) -> tuple[Numbers, int]:
    """Read the numbers and the target of a question.

    Raises:
        InputError: It is none.
    """
    found = _QUESTION.fullmatch(text.strip())
    numbers = tuple(map(int, found[1].split())) if found else ()
    target = int(found[2]) if found else 0
    if not 2 <= len(numbers) <= _MOST_NUMBERS or min(*numbers, target) < 1:
        use = f"use 2 to {_MOST_NUMBERS} numbers and a target from 1 to {LARGEST}, such as 20 13 11 6 4 -> 36"
        raise InputError(f"countdown: found {quote(text)}; {use}")
    return numbers, target


def result_of(left: int, operation: str, right: int) -> int | None:
    """Compute a step; None where it is not allowed."""
    if operation == "/":
        result = left // right if right and left % right == 0 else 0
    else:
        result = {"+": left + right, "-": left - right, "*": left * right}[operation]
    return result if 1 <= result <= LARGEST else None


def moves(numbers: Numbers) -> Iterator[Move]:
    """List the different legal moves: the larger number, the operation, the smaller one, the result."""
    held = Counter(numbers)
    values = sorted(held, reverse=True)
    for place, left in enumerate(values):
        for right in values[place:]:
            if left == right and held[left] < 2:
                continue
            for operation in OPERATIONS:
                result = result_of(left, operation, right)
                if result is not None:
                    yield left, operation, right, result


@lru_cache(maxsize=200_000)
def outcomes(numbers: Numbers) -> Outcomes:
    """Enumerate all that can come of some numbers.

    Args:
        numbers: Sorted; 1 to 6 of them.

    Returns:
        Solutions and chances of every target, by dynamic programming over what is left after a move.
    """
    solutions, chance = np.zeros(LARGEST + 1, np.int64), np.zeros(LARGEST + 1)
    if len(numbers) == 1:
        solutions[numbers[0]] = chance[numbers[0]] = 1
        return Outcomes(solutions, chance)
    after = [outcomes(_left(numbers, move)) for move in moves(numbers)]
    if after:
        solutions = np.sum([one.solutions for one in after], axis=0)
        chance = np.mean([one.chance for one in after], axis=0)
    return Outcomes(solutions, chance)


def _left(numbers: Numbers, move: Move) -> Numbers:
    rest = list(numbers)
    rest.remove(move[0])
    rest.remove(move[2])
    return tuple(sorted([*rest, move[3]]))
