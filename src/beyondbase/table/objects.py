"""Rows of JSON, one object a line, or one value as a whole file; every mistake is named by its place."""

import json
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.messages import quote


def _not_json(error: Exception) -> str:
    return f"found what is not JSON ({error})"


@dataclass(frozen=True)
class Objects:
    """What rows of JSON must be, and what a user reads where they are not.

    Attributes:
        other: Says of a value that is no object what was found, and what to do.
        again: What to do about text that is no JSON.
        unique: Whether a key that stands twice in an object is refused; else its last value counts.
        told: Says what the parser found.
    """

    other: Callable[[Any], str]
    again: str = "write one object per line"
    unique: bool = True
    told: Callable[[Exception], str] = _not_json

    def parse(self, at: str, text: str) -> Any:
        """Read one JSON value.

        Raises:
            InputError: The text is no JSON, or holds a key twice.
        """
        try:
            return json.loads(text, object_pairs_hook=partial(_once, at) if self.unique else None)
        except InputError:
            raise
        except (ValueError, RecursionError) as error:
            # The writer may have been killed within its last line.
            raise InputError(f"{at}: {self.told(error)}; {self.again}") from None

    def insist(self, at: str, value: Any) -> dict[str, Any]:
        """Insist on an object.

        Raises:
            InputError: It is none.
        """
        if not isinstance(value, dict):
            raise InputError(f"{at}: {self.other(value)}")
        return value

    def rows(self, path: Path, lines: Iterable[tuple[int, str]]) -> Iterator[tuple[str, dict[str, Any]]]:
        """Read one object per line that is not blank, each with where it stands.

        Args:
            path: The file, for places.
            lines: Its lines, each with its number from 1.

        Raises:
            InputError: A line is no object.
        """
        for number, line in lines:
            if line.strip():
                at = f"{path}:{number}"
                yield at, self.insist(at, self.parse(at, line))


def _once(at: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in pairs:
        if name in row:
            raise InputError(f"{at}: found the key {quote(name)} twice; delete one")
        row[name] = value
    return row
