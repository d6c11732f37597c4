"""reasoning-gym's own scorers; runs in grading processes only.

The problem passes through JSON on its way here. That changes what only arc_agi and rearc look at, which
are not scored here; a test holds every scored dataset to it.
"""

import contextlib
import copy
from collections.abc import Callable, Mapping
from functools import lru_cache, partial
from typing import Any

from beyondbase.extras import require


def prepare(settings: Mapping[str, Any]) -> Callable[[Any], bool]:
    """Load the library and return what does the jobs: whether a scorer gives an answer all points."""
    library = require("reasoning_gym", "gym")
    return partial(_score, lru_cache(maxsize=None)(partial(_dataset, library, settings)))


def _dataset(library: Any, settings: Mapping[str, Any], name: str) -> Any:
    # Its problems are of no interest; its scorer needs an instance.
    with contextlib.suppress(TypeError):
        return library.create_dataset(name, size=1, seed=1, **settings)
    return library.create_dataset(name, size=1, seed=1)


def _score(dataset: Callable[[str], Any], job: list[Any]) -> bool:
    name, answer, entry = job
    return bool(dataset(name).score_answer(answer, copy.deepcopy(entry)) == 1)
