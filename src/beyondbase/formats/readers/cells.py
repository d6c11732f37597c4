"""Rows of JSON, as other tools write them, and their cells; every mistake is named by its place."""

from collections.abc import Callable, Iterator, Mapping, Sequence
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.table.decoding import text_lines, text_whole
from beyondbase.table.objects import Objects

_MISSING = object()
_POSITIONS = (
    "found a list of texts that are known by their position alone (as in generations.json of "
    "bigcode-evaluation-harness), which cannot be aligned; write them with ids, and score them with a tool "
    'that keeps a verdict for each, such as human-eval ({"task_id": ..., "completion": ...} per line): '
    "its file is ..._results.jsonl"
)


def _other(value: Any) -> str:
    if isinstance(value, list) and value and all(isinstance(part, list) for part in value):
        return _POSITIONS
    return f"found {quote(value)}; give a file with one JSON object per line"


# What a tool writes twice under one key it reads back as the last.
_OBJECTS = Objects(other=_other, again="write the file again", unique=False)


def json_rows(path: Path) -> Iterator[tuple[str, dict[str, Any]]]:
    """Read one object per line, each with where it stands; only one line is held at a time.

    Raises:
        InputError: The file cannot be read, or a line is no JSON object.
    """
    return _OBJECTS.rows(path, text_lines(path))


def json_whole(path: Path) -> Any:
    """Read a file that is one JSON value, as a whole.

    Raises:
        InputError: The file cannot be read, or is no JSON.
    """
    return _OBJECTS.parse(str(path), text_whole(path))


def mapping(at: str, value: Any) -> dict[str, Any]:
    """Insist on a JSON object.

    Raises:
        InputError: It is none.
    """
    return _OBJECTS.insist(at, value)


def name_in(at: str, row: Mapping[str, Any], key: str) -> str:
    """Read an id: text, or a whole number.

    Raises:
        InputError: It is missing or something else.
    """
    value = row.get(key, _MISSING)
    if isinstance(value, int) and not isinstance(value, bool):
        return str(value)
    if isinstance(value, str) and value:
        return value
    raise _unfit(at, row, key, "an id")


def text_in(at: str, row: Mapping[str, Any], key: str) -> str:
    """Read a text.

    Raises:
        InputError: It is missing or something else.
    """
    value = row.get(key, _MISSING)
    if isinstance(value, str):
        return value
    raise _unfit(at, row, key, "a text")


def flag_in(at: str, row: Mapping[str, Any], key: str) -> bool:
    """Read true or false.

    Raises:
        InputError: It is missing or something else.
    """
    value = row.get(key, _MISSING)
    if isinstance(value, bool):
        return value
    raise _unfit(at, row, key, "true or false")


def texts_in(at: str, row: Mapping[str, Any], key: str) -> list[str]:
    """Read a list of texts.

    Raises:
        InputError: It is missing or something else.
    """
    return _list_in(at, row, key, "a list of texts", lambda part: isinstance(part, str))


def flags_in(at: str, row: Mapping[str, Any], key: str, *, n: int) -> list[bool]:
    """Read n times true or false.

    Raises:
        InputError: It is missing or something else, or not as long.
    """
    flags: list[bool] = _list_in(at, row, key, "true or false each", lambda part: isinstance(part, bool))
    return paired(at, key, flags, n=n)


def paired(at: str, key: str, values: Sequence[Any], *, n: int) -> list[Any]:
    """Insist that a list has a value for each of n completions.

    Raises:
        InputError: It has not.
    """
    if len(values) != n:
        raise InputError(f"{at}: {key}: found {len(values)} values for {n} completions; write the file again")
    return [*values]


def first_text(row: Mapping[str, Any], keys: Sequence[str]) -> str:
    """Read the first of several keys that holds text; "" where none does."""
    return next((row[key] for key in keys if isinstance(row.get(key), str) and row[key].strip()), "")


def _list_in(at: str, row: Mapping[str, Any], key: str, what: str, fits: Callable[[Any], bool]) -> list[Any]:
    value = row.get(key, _MISSING)
    if isinstance(value, list) and all(fits(part) for part in value):
        return value
    raise _unfit(at, row, key, what)


def _unfit(at: str, row: Mapping[str, Any], key: str, what: str) -> InputError:
    if key in row:
        return InputError(f"{at}: {key}: found {quote(row[key])}; should be {what}")
    found = quote(", ".join(row))
    return InputError(f"{at}: found no {key}, but {found}; give the file that the tool wrote, and its name")
