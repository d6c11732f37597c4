"""Graders by their names and options."""

from collections.abc import Mapping
from dataclasses import is_dataclass
from typing import Any

from beyondbase.errors import InputError
from beyondbase.graders.options import known_options, read_options
from beyondbase.graders.protocol import Grader
from beyondbase.messages import quote, suggest
from beyondbase.registry import GRADERS


def make_grader(name: str, options: Mapping[str, Any] | None = None) -> Grader:
    """Make a grader from a task's settings.

    Args:
        name: One of `beyondbase.registry.GRADERS`, such as "math" or "exact".
        options: The grader's attributes, lists for tuples; of those with limits also limit_s, memory_mib
            and workers.

    Raises:
        InputError: There is no such grader, it has no such option or value, or another package's cannot be
            loaded.
    """
    if name not in GRADERS:
        found = f"found {quote(name)}{suggest(name, GRADERS)}"
        raise InputError(f"grader: {found}; use one of {', '.join(GRADERS)}")
    kind = grader_kind(name)
    grader: Grader = kind(**read_options(kind, name, options or {}))
    return grader


def options_of(name: str) -> tuple[str, ...]:
    """List the options of a grader as a study file has them; none of a grader that is not there."""
    return tuple(known_options(grader_kind(name))) if name in GRADERS else ()


def grader_kind(name: str) -> type[Any]:
    """Find the class of a grader.

    Raises:
        KeyError: There is no such grader.
        InputError: What another package has registered under the name is none.
    """
    kind: Any = GRADERS[name]
    if not (isinstance(kind, type) and is_dataclass(kind) and callable(getattr(kind, "grade", None))):
        raise GRADERS.refusal(name, "is no dataclass with the method grade")
    if getattr(kind, "name", None) != name:
        raise GRADERS.refusal(name, f"has another name: its attribute name must be {quote(name)}")
    try:
        known_options(kind)
    except (TypeError, NameError) as error:
        reason = str(error)
    else:
        return kind
    raise GRADERS.refusal(name, f"has an option that cannot be read ({reason})")
