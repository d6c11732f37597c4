"""Tasks of reasoning-gym: any of its datasets by name, size and seed, made on the spot without a network."""

from collections.abc import Mapping
from importlib.metadata import version
from types import MappingProxyType
from typing import Any

from beyondbase.completions import Problem
from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.messages import quote, suggest

_NONE: Mapping[str, Any] = MappingProxyType({})


def load_gym(
    name: str, *, size: int, seed: int = 0, settings: Mapping[str, Any] = _NONE
) -> tuple[Problem, ...]:
    """Make the problems of a reasoning-gym dataset.

    Args:
        name: What reasoning-gym calls it, such as "chain_sum".
        size: How many problems.
        seed: Same seed, size and settings, same problems, in one version of reasoning-gym.
        settings: Further settings of that dataset, such as its difficulty.

    Returns:
        Problems named "0", "1", ...; `entry` is the whole item, which the dataset's own scorer takes. `gold`
        is "" where a dataset has no single right answer, as those of puzzles with many solutions.

    Raises:
        InputError: There is no such dataset, or it takes no such settings.
    """
    require("reasoning_gym", "gym")
    factory = require("reasoning_gym.factory", "gym")
    if name not in factory.DATASETS:
        raise InputError(
            f"gym: found {quote(name)}; name a dataset of reasoning-gym{suggest(name, factory.DATASETS)}"
        )
    if size < 1:
        raise InputError(f"size: found {size}; use at least 1")
    try:
        dataset = factory.create_dataset(name, size=size, seed=seed, **settings)
        items = [dataset[number] for number in range(size)]
    except (TypeError, ValueError, AssertionError) as error:
        given = ", ".join(settings) or "none"
        raise InputError(
            f"gym {quote(name)}: cannot be made ({error}); correct its settings ({given})"
        ) from None
    return tuple(_problem(number, item) for number, item in enumerate(items))


def gym_version() -> str:
    """Name the version of reasoning-gym, on which its problems hang."""
    require("reasoning_gym", "gym")
    return version("reasoning-gym")


def _problem(number: int, item: Mapping[str, Any]) -> Problem:
    answer = item["answer"]
    return Problem(
        id=str(number),
        question=item["question"],
        gold="" if answer is None else str(answer),
        entry=dict(item),
    )
