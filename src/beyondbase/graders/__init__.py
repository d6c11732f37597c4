"""Graders: from a completion and its problem to one of six outcomes, with the rule that decided.

`correct` and `wrong` are verdicts on an answer; `undecided` is an answer that was looked at in full and of
which no rule could tell either. `unparsed` is a completion that ended without stating one, `truncated` one
that was cut off before it did, `error` one that failed, or whose answer the grader could not judge within
its limits. An error is never wrong; what is undecided counts as wrong and is told apart.

Graders are made from a task's settings by `make_grader`, or directly: `MathGrader(tolerance=1e-3)`. They
read completions as they come; `grade_batches` gives verdicts back in the batches that completions came in.
"""

from collections.abc import Callable, Mapping
from dataclasses import fields
from typing import Any

from beyondbase.errors import InputError
from beyondbase.graders.choice import ChoiceGrader
from beyondbase.graders.countdown import CountdownGrader
from beyondbase.graders.exact import ExactGrader
from beyondbase.graders.gym import GymGrader
from beyondbase.graders.math_verify import MathVerifyGrader
from beyondbase.graders.maths import MathGrader
from beyondbase.graders.pool import Limits
from beyondbase.graders.protocol import Grader, grade_batches
from beyondbase.messages import quote, suggest

__all__ = [
    "ChoiceGrader",
    "CountdownGrader",
    "ExactGrader",
    "Grader",
    "GymGrader",
    "Limits",
    "MathGrader",
    "MathVerifyGrader",
    "grade_batches",
    "make_grader",
    "options_of",
]

_KINDS: dict[str, Callable[..., Grader]] = {
    grader.name: grader
    for grader in (MathGrader, MathVerifyGrader, ExactGrader, ChoiceGrader, GymGrader, CountdownGrader)
}
# What `Limits` calls otherwise: in a study file the keys stand beside the grader's own.
_LIMITS = {"limit_s": "seconds", "memory_mib": "memory_mib", "workers": "workers"}


def options_of(name: str) -> tuple[str, ...]:
    """List the options of a grader as a study file has them; none of a grader that is not there."""
    names = [option.name for option in fields(_KINDS[name])] if name in _KINDS else []  # type: ignore[arg-type] # all are dataclasses
    return tuple(word for one in names for word in (_LIMITS if one == "limits" else (one,)))


def make_grader(name: str, options: Mapping[str, Any] | None = None) -> Grader:
    """Make a grader from a task's settings.

    Args:
        name: "math", "math-verify", "exact", "choice", "gym" or "countdown".
        options: The grader's attributes, lists for tuples; of those with limits also limit_s, memory_mib
            and workers.

    Raises:
        InputError: There is no such grader, or it has no such option or value.
    """
    if name not in _KINDS:
        raise InputError(
            f"grader: found {quote(name)}{suggest(name, _KINDS)}; use one of {', '.join(_KINDS)}"
        )
    kind = _KINDS[name]
    known = {option.name: option for option in fields(kind)}  # type: ignore[arg-type] # all are dataclasses
    limits = _LIMITS if known.pop("limits", None) else {}
    values: dict[str, Any] = {}
    for key, value in (options or {}).items():
        if key not in known and key not in limits:
            names = [*known, *limits]
            raise InputError(
                f"{name} grader: found an unknown option {quote(key)}{suggest(key, names)}; "
                f"use one of {', '.join(names)}"
            )
        _check_type(key, value)
        values[key] = tuple(value) if isinstance(value, list) else value
    costs = {limits[key]: values.pop(key) for key in list(values) if key in limits}
    return kind(**values, **({"limits": Limits(**costs)} if costs else {}))


_TYPES: dict[str, tuple[type | tuple[type, ...], str]] = {
    "extract": ((list, tuple), "a list of rules"),
    "answer": (str, "a word in quotes"),
    "units": (str, "a word in quotes"),
    "percent": (str, "a word in quotes"),
    "letters": (str, "letters in quotes"),
    "check": (str, "a word in quotes"),
    "case": (bool, "true or false"),
    "tolerance": ((int, float), "a number"),
    "places": (int, "a whole number"),
    "settings": (Mapping, "a table"),
    "limit_s": ((int, float), "a number"),
    "memory_mib": (int, "a whole number"),
    "workers": (int, "a whole number"),
}


def _check_type(key: str, value: object) -> None:
    kind, words = _TYPES[key]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"{key}: found {quote(value)}; use {words}")
