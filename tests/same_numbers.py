"""What differs between two results.json beyond rounding."""

from collections.abc import Iterator
from typing import Any

RELATIVE = 1e-7
# Printed numbers end at 1e-13, but for p-values, whose digits count however small they are.
ABSOLUTE = 2e-13


def differences(found: dict[str, Any], wanted: dict[str, Any]) -> list[str]:
    """Say where two results differ: in a number by more than 1e-7 of it, or in anything else at all.

    Versions of Python and of libraries are left out.

    Args:
        found: content of a results.json.
        wanted: content of another.
    """
    here, there = (dict(_leaves(content | {"versions": None})) for content in (found, wanted))
    only = [f"{place}: only in one" for place in sorted(here.keys() ^ there.keys())]
    both = (place for place in here if place in there)
    return only + [
        f"{place}: {here[place]!r}, not {there[place]!r}"
        for place in both
        if not _same(here[place], there[place], place)
    ]


def _leaves(value: Any, place: str = "") -> Iterator[tuple[str, Any]]:
    inner = value.items() if isinstance(value, dict) else enumerate(value) if isinstance(value, list) else ()
    for key, item in inner:
        yield from _leaves(item, f"{place}/{key}")
    if not isinstance(value, dict | list):
        yield place, value


def _same(one: Any, other: Any, place: str) -> bool:
    if not (isinstance(one, float) and isinstance(other, float)):
        return bool(one == other) and type(one) is type(other)
    is_p = any(part.startswith("p_") or part.endswith("_p") for part in place.split("/"))
    return abs(one - other) <= max(RELATIVE * max(abs(one), abs(other)), 0.0 if is_p else ABSOLUTE)
