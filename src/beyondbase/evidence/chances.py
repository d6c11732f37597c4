"""Exact chances of guessing: what an arm has, in the place of counts, whose chances can be computed."""

import re
from collections.abc import Iterable, Iterator, Mapping
from pathlib import Path

import numpy as np
from numpy.typing import ArrayLike

from beyondbase.errors import InputError
from beyondbase.inference.bounded import Floats
from beyondbase.messages import place, quote, read_text, suggest
from beyondbase.study import Study
from beyondbase.table.separated import csv_rows, row_of

COLUMNS = ("task", "problem_id", "chance")
# Of one arm on one task, by problem.
Chances = Mapping[str, float]
_NUMBER = re.compile(r"[0-9.]+(?:[eE][+-]?[0-9]+)?", re.ASCII)
_SHOWN = 3


def load_chances(study: Study, problems: Mapping[str, Iterable[str]]) -> dict[tuple[str, str], Chances]:
    """Read the chances of all arms of a study that have a file of them.

    Args:
        problems: The ids of the problems of each of its tasks.

    Returns:
        The chances by (task, arm), in the order of the study.

    Raises:
        InputError: A file cannot be read, holds what is no chance, or not every problem once.
    """
    known = {task: frozenset(ids) for task, ids in problems.items()}
    found = {arm: _read(path, known) for arm, path in study.chance_paths.items()}
    return {(task, arm): found[arm][task] for task in problems for arm in found}


def solved_by_chance(chance: ArrayLike, k: ArrayLike) -> Floats:
    """Compute pass@k of guesses that are independent: 1 - (1 - p)^k.

    Args:
        chance: The chance p of one guess.
        k: How many guesses; broadcast against `chance`.

    Source: the complement of k failures in a row (a geometric law's distribution function).
    """
    with np.errstate(divide="ignore"):
        # Logarithms, because 1 - p is 1 to the computer where p is small; at p = 1 they are infinite.
        failures = np.asarray(k) * np.log1p(-np.asarray(chance, dtype=np.float64))
    solved: Floats = -np.expm1(failures)
    return solved


def _read(path: Path, known: Mapping[str, frozenset[str]]) -> dict[str, Chances]:
    found: dict[str, dict[str, float]] = {task: {} for task in known}
    places: dict[tuple[str, str], str] = {}
    for at, cells in _rows(path):
        task, problem = cells["task"], cells["problem_id"]
        if task not in known:
            use = f"the study names {', '.join(known)}{suggest(task, known)}"
            raise InputError(f"{at}: task: found {quote(task)}; {use}")
        if problem not in known[task]:
            use = "delete the row, or correct the id"
            raise InputError(f"{at}: problem_id: found {quote(problem)}, no problem of {quote(task)}; {use}")
        if problem in found[task]:
            first = places[task, problem]
            raise InputError(f"{at}: problem {quote(problem)} stands also at {first}; keep one of the two")
        places[task, problem] = at
        found[task][problem] = _chance(at, cells["chance"])
    for task, ids in known.items():
        _check_whole(path, task, ids - found[task].keys())
    return dict(found)


def _rows(path: Path) -> Iterator[tuple[str, dict[str, str]]]:
    """The rows of a file, each with where it stands."""
    text = read_text(path, remedy=f"give a .csv file with the columns {', '.join(COLUMNS)}")
    lines = csv_rows(path, text)
    _, header = next(lines)
    if sorted(header) != sorted(COLUMNS):
        use = f"use {', '.join(COLUMNS)}, each once"
        raise InputError(f"{path}:1: found the columns {', '.join(map(quote, header))}; {use}")
    for numbers, cells in lines:
        at = f"{path}:{numbers[-1]}"
        yield at, row_of(at, header, cells)


def _chance(at: str, text: str) -> float:
    try:
        chance = float(text) if _NUMBER.fullmatch(text) else -1.0
    except ValueError:
        chance = -1.0
    if not 0 <= chance <= 1:
        raise InputError(
            f"{at}: chance: found {quote(text)}; write a probability from 0 to 1, such as 0.0125"
        )
    return chance


def _check_whole(path: Path, task: str, missing: frozenset[str]) -> None:
    if missing:
        names = ", ".join(map(quote, sorted(missing)[:_SHOWN]))
        more = f" and {len(missing) - _SHOWN:,} more" if len(missing) > _SHOWN else ""
        raise InputError(
            f"{path}: found no row of {place('tasks', task)} for problem {names}{more}; give the chance of"
            " every problem"
        )
