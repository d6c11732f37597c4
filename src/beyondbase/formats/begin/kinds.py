"""Which tool wrote a file: told by its suffix and its first row."""

from collections.abc import Mapping
from pathlib import Path
from typing import Any

from beyondbase.errors import InputError
from beyondbase.formats.readers.cells import json_whole
from beyondbase.formats.table_rows import rows_of
from beyondbase.table.columns import opened_parquet

# The keys that a tool's rows have together.
_ROWS = {
    "lm-eval": {"doc_id", "resps", "filter"},
    "limit-of-rlvr": {"idx", "code", "pred", "score"},
    "human-eval": {"task_id", "completion", "passed"},
}
_NEMO = {"generation", "expected_answer"}


def suffix_of(path: Path) -> str:
    """The suffix that says what a file is, without that of its compression."""
    return Path(path.name.lower().removesuffix(".gz")).suffix


def kind_of(path: Path) -> str:
    """Name the tool that wrote a file, or the kind of table that it is.

    Raises:
        InputError: The file cannot be read, or is none that is known.
    """
    suffix = suffix_of(path)
    if suffix == ".eval":
        return "inspect"
    if suffix in {".csv", ".tsv"}:
        return suffix[1:]
    if suffix == ".parquet":
        return "lighteval" if {"doc", "model_response"} <= _columns(path) else "parquet"
    return _whole(path) if suffix == ".json" else _lines(path)


def table_kind(path: Path) -> str:
    """Name the kind of table that a file is, whoever wrote it."""
    suffix = suffix_of(path)[1:]
    return suffix if suffix in {"csv", "tsv", "parquet"} else "jsonl"


def _whole(path: Path) -> str:
    try:
        value = json_whole(path)
    except InputError:
        # Some call files of lines .json, too.
        return _lines(path)
    if isinstance(value, dict) and isinstance(value.get("eval"), dict):
        return "inspect" if "status" in value else "evalplus"
    first = value[0] if isinstance(value, list) and value else None
    return "livecodebench" if isinstance(first, dict) and "graded_list" in first else "jsonl"


def _lines(path: Path) -> str:
    _, row = next(rows_of("jsonl", path), (None, {}))
    return next((tool for tool, keys in _ROWS.items() if keys <= row.keys()), None) or _nemo(row)


def _nemo(row: Mapping[str, Any]) -> str:
    return (
        "nemo-skills" if row.keys() >= _NEMO and row.keys() & {"symbolic_correct", "judgement"} else "jsonl"
    )


def _columns(path: Path) -> set[str]:
    with opened_parquet(path) as file:
        return set(file.schema_arrow.names)
