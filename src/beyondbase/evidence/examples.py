"""Completions to read beside the counts: a few per problem, shown and never counted."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beyondbase.errors import InputError
from beyondbase.evidence.tallies import Tally
from beyondbase.messages import quote, read_text, suggest
from beyondbase.study import Study
from beyondbase.table.columns import arrow_errors, column_of, locate, parquet_table
from beyondbase.table.decoding import file_bytes, numbered, suffix_among
from beyondbase.table.header import Header
from beyondbase.table.objects import Objects

COLUMNS = ("task", "arm", "problem_id", "outcome", "text")
OUTCOMES = ("correct", "wrong", "undecided", "unparsed", "truncated", "error")
LIMIT = 8

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
_TEXTS = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
_HEADER = Header(COLUMNS)
_Row = tuple[str, dict[str, Any]]
_Tallies = Mapping[tuple[str, str], Tally]


@dataclass(frozen=True)
class Example:
    """One completion, with what became of it.

    Attributes:
        task: name of the task.
        arm: name of the arm that wrote it.
        problem_id: the problem, as in the counts.
        outcome: one of `OUTCOMES`.
        text: the completion, whole. A lone surrogate, which JSON can spell and no file in UTF-8 can hold,
            is U+FFFD.
    """

    task: str
    arm: str
    problem_id: str
    outcome: str
    text: str


def load_examples(study: Study, tallies: _Tallies) -> tuple[Example, ...]:
    """Read the examples of a study.

    Returns:
        The examples in the order of tasks, arms and problems; those of one problem in that of the files.

    Raises:
        InputError: A file cannot be read, or a row is no example of a problem that was counted.
    """
    ranks = {key: {name: i for i, name in enumerate(tally.problem_ids)} for key, tally in tallies.items()}
    order = {key: place for place, key in enumerate(tallies)}
    placed: list[tuple[int, int, Example]] = []
    numbers: Counter[tuple[str, str, str]] = Counter()
    for path in study.example_paths:
        for at, row in _rows(path):
            example = _example(at, row)
            _check_names(at, example, study, ranks)
            key, name = (example.task, example.arm), example.problem_id
            numbers[*key, name] += 1
            if numbers[*key, name] > LIMIT:
                raise InputError(_too_many(at, example))
            placed.append((order[key], ranks[key][name], example))
    return tuple(example for _, _, example in sorted(placed, key=lambda item: item[:2]))


def _rows(path: Path) -> Iterator[_Row]:
    kind = suffix_among(path, (".jsonl", ".parquet"))
    rows = _parquet_rows(path) if kind == ".parquet" else _json_rows(path)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{path}: found no example; add one, or delete the key examples")
    yield first
    yield from rows


def _json_rows(path: Path) -> Iterator[_Row]:
    text = read_text(path, remedy="add examples, or delete the key examples")
    for at, row in _OBJECTS.rows(path, numbered(text)):
        _HEADER.check(at, [*row])
        yield at, row


def _reason(error: Exception) -> str:
    if isinstance(error, json.JSONDecodeError):
        return f"found what is not JSON ({error.msg}, column {error.colno})"
    return f"found what cannot be read ({error})"


_OBJECTS = Objects(
    other=lambda value: f"found {quote(value)}; write an object with the keys {', '.join(COLUMNS)}",
    told=_reason,
)


def _parquet_rows(path: Path) -> Iterator[_Row]:
    data = file_bytes(path)
    with arrow_errors(path, "is no parquet file", "write it again as parquet"):
        table = parquet_table(data)
    _HEADER.check(str(path), table.column_names)
    columns = [_cells(path, table, name) for name in COLUMNS]
    for number, cells in enumerate(zip(*columns, strict=True)):
        yield locate(path, number), dict(zip(COLUMNS, cells, strict=True))


def _cells(path: Path, table: pa.Table, name: str) -> list[Any]:
    kinds = (*_TEXTS, pa.types.is_integer) if name == "problem_id" else _TEXTS
    column, kind = column_of(path, table, name, kinds, "store text")
    # Text as bytes, because Arrow does not look whether what it calls text is UTF-8.
    is_text = any(test(kind) for test in _TEXTS)
    cells: list[Any] = (pc.cast(column, pa.large_binary()) if is_text else column).to_pylist()
    return cells


def _example(at: str, row: Mapping[str, Any]) -> Example:
    example = Example(**{name: _text(f"{at}: {name}", name, row[name]) for name in COLUMNS})
    if example.outcome not in OUTCOMES:
        remedy = f"use one of {', '.join(OUTCOMES)}{suggest(example.outcome, OUTCOMES)}"
        raise InputError(f"{at}: outcome: found {quote(example.outcome)}; {remedy}")
    return example


def _text(at: str, name: str, value: Any) -> str:
    if isinstance(value, bytes):
        try:
            return value.decode("utf-8")
        except UnicodeDecodeError as error:
            found = f"found the byte 0x{value[error.start]:02x}, which is not UTF-8"
            raise InputError(f"{at}: {found}; store text in UTF-8") from None
    if name == "problem_id" and type(value) is int:
        return str(value)
    if not isinstance(value, str):
        raise InputError(f"{at}: found {quote(value)}; store text")
    return _LONE_SURROGATE.sub("\ufffd", value)


def _check_names(
    at: str, example: Example, study: Study, ranks: Mapping[tuple[str, str], Mapping[str, int]]
) -> None:
    for kind, name, known in (("task", example.task, study.tasks), ("arm", example.arm, study.arms)):
        if name not in known:
            remedy = f"{study.path} names {', '.join(known)}{suggest(name, known)}"
            raise InputError(f"{at}: {kind}: found {quote(name)}; {remedy}")
    ids = ranks.get((example.task, example.arm), {})
    if example.problem_id not in ids:
        where = f"of arm {quote(example.arm)} on task {quote(example.task)}"
        remedy = f"use a problem_id of the counts{suggest(example.problem_id, ids)}"
        raise InputError(
            f"{at}: problem_id: found {quote(example.problem_id)}, but no counts {where}; {remedy}"
        )


def _too_many(at: str, example: Example) -> str:
    where = ", ".join(f"{key} {quote(getattr(example, key))}" for key in ("task", "arm", "problem_id"))
    found = f"found example {LIMIT + 1} of {where}"
    return f"{at}: {found}; keep at most {LIMIT} of each, because the page carries every text"
