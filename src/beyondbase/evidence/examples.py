"""Completions to read beside the counts: a few per problem, shown and never counted."""

import json
import re
from collections import Counter
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.parquet

from beyondbase.errors import InputError
from beyondbase.evidence.tallies import Tally
from beyondbase.messages import quote, read_text, suggest
from beyondbase.study import Study

COLUMNS = ("task", "arm", "problem_id", "outcome", "text")
OUTCOMES = ("correct", "wrong", "undecided", "unparsed", "truncated", "error")
LIMIT = 8

_LONE_SURROGATE = re.compile("[\ud800-\udfff]")
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
    readers = {".jsonl": _json_rows, ".parquet": _parquet_rows}
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: found the suffix {_shown(path.suffix)}; give a .jsonl or a .parquet file")
    rows = reader(path)
    first = next(rows, None)
    if first is None:
        raise InputError(f"{path}: found no example; add one, or delete the key examples")
    yield first
    yield from rows


def _json_rows(path: Path) -> Iterator[_Row]:
    text = read_text(path, remedy="add examples, or delete the key examples")
    # Not splitlines: U+2028 and its like end a line for Python, but may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield (at := f"{path}:{number}"), _object(at, line)


def _object(at: str, line: str) -> dict[str, Any]:
    try:
        row = json.loads(line, object_pairs_hook=partial(_pairs, at))
    except InputError:
        raise
    except json.JSONDecodeError as error:
        reason = f"{error.msg}, column {error.colno}"
        raise InputError(f"{at}: found what is not JSON ({reason}); write one object per line") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{at}: found what cannot be read ({error}); write one object per line") from None
    if not isinstance(row, dict):
        raise InputError(f"{at}: found {_shown(row)}; write an object with the keys {', '.join(COLUMNS)}")
    _check_columns(at, [*row])
    return row


def _pairs(at: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in pairs:
        if name in row:
            raise InputError(f"{at}: found the key {_shown(name)} twice; delete one")
        row[name] = value
    return row


def _parquet_rows(path: Path) -> Iterator[_Row]:
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); correct the path") from None
    try:
        # Not pq.read_table: that takes "name=value" folders of the path for columns.
        table = pa.parquet.ParquetFile(pa.BufferReader(data)).read()
    except (pa.ArrowException, OSError) as error:
        raise InputError(f"{path}: is no parquet file ({error}); write it again as parquet") from None
    _check_columns(str(path), table.column_names)
    columns = [_cells(path, name, table.column(name)) for name in COLUMNS]
    for number, cells in enumerate(zip(*columns, strict=True), 1):
        yield f"{path}: row {number}", dict(zip(COLUMNS, cells, strict=True))


def _cells(path: Path, name: str, column: Any) -> list[Any]:
    kind = column.type.value_type if pa.types.is_dictionary(column.type) else column.type
    texts = (pa.types.is_string, pa.types.is_large_string, pa.types.is_string_view)
    is_text = any(test(kind) for test in texts)
    is_id = name == "problem_id" and pa.types.is_integer(kind)
    if not (is_text or is_id or pa.types.is_null(kind)):
        raise InputError(f"{path}: {name}: found a column of type {kind}; store text")
    plain: Any = pc.cast(column, kind)
    # Text as bytes, because Arrow does not look whether what it calls text is UTF-8.
    cells: list[Any] = (pc.cast(plain, pa.large_binary()) if is_text else plain).to_pylist()
    return cells


def _check_columns(at: str, names: list[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            found = f"found an unknown column {_shown(name)}{suggest(name, COLUMNS)}"
            raise InputError(f"{at}: {found}; the columns are {', '.join(COLUMNS)}")
        if names.count(name) > 1:
            raise InputError(f"{at}: found the column {_shown(name)} twice; delete one")
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise InputError(f"{at}: missing the columns {', '.join(missing)}; add them")


def _example(at: str, row: Mapping[str, Any]) -> Example:
    example = Example(**{name: _text(f"{at}: {name}", name, row[name]) for name in COLUMNS})
    if example.outcome not in OUTCOMES:
        remedy = f"use one of {', '.join(OUTCOMES)}{suggest(example.outcome, OUTCOMES)}"
        raise InputError(f"{at}: outcome: found {_shown(example.outcome)}; {remedy}")
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
        raise InputError(f"{at}: found {_shown(value)}; store text")
    return _LONE_SURROGATE.sub("\ufffd", value)


def _check_names(
    at: str, example: Example, study: Study, ranks: Mapping[tuple[str, str], Mapping[str, int]]
) -> None:
    for kind, name, known in (("task", example.task, study.tasks), ("arm", example.arm, study.arms)):
        if name not in known:
            remedy = f"{study.path} names {', '.join(known)}{suggest(name, known)}"
            raise InputError(f"{at}: {kind}: found {_shown(name)}; {remedy}")
    ids = ranks.get((example.task, example.arm), {})
    if example.problem_id not in ids:
        where = f"of arm {_shown(example.arm)} on task {_shown(example.task)}"
        remedy = f"use a problem_id of the counts{suggest(example.problem_id, ids)}"
        raise InputError(
            f"{at}: problem_id: found {_shown(example.problem_id)}, but no counts {where}; {remedy}"
        )


def _too_many(at: str, example: Example) -> str:
    where = ", ".join(f"{key} {_shown(getattr(example, key))}" for key in ("task", "arm", "problem_id"))
    found = f"found example {LIMIT + 1} of {where}"
    return f"{at}: {found}; keep at most {LIMIT} of each, because the page carries every text"


def _shown(value: object) -> str:
    return _LONE_SURROGATE.sub("\ufffd", quote(value))
