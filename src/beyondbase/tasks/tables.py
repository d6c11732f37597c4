"""Rows of problems: from a .jsonl or .parquet file, or from the Hub or its cache through `datasets`."""

import json
from collections.abc import Callable, Iterator, Mapping
from contextlib import nullcontext
from functools import partial
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from beyondbase.errors import InputError
from beyondbase.extras import require
from beyondbase.hub import check_name, hub_or_cache, not_loaded
from beyondbase.messages import quote, read_text

Row = tuple[str, Mapping[str, Any]]
NO_DATASET = 'use file = "…" for a file of your own, or a name of the Hub such as "openai/gsm8k"'


def read_table(path: Path) -> Iterator[Row]:
    """Read the rows of a file, each with where it stands.

    Raises:
        InputError: The file cannot be read, or is not what its suffix says.
    """
    readers: dict[str, Callable[[Path], Iterator[Row]]] = {
        ".jsonl": _json_rows,
        ".parquet": _parquet_rows,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: found the suffix {quote(path.suffix)}; give a .jsonl or a .parquet file")
    return reader(path)


def read_hub(dataset: str, *, config: str | None, split: str, revision: str | None) -> Iterator[Row]:
    """Read the rows of a dataset of the Hub, or of its copy in the cache, each with where it stands.

    Args:
        dataset: Its id, or the https address of a .jsonl or .parquet file.
        config: The part of the dataset, where it has several.
        revision: The commit; the newest if None.

    Raises:
        InputError: It cannot be loaded; the message has the loader's own words.
    """
    at = "".join((dataset, f" ({config})" if config else "", f", split {split}"))
    datasets = require("datasets", "tasks")
    arguments: dict[str, Any] = {"path": dataset, "name": config, "revision": revision}
    elsewhere = dataset.startswith("https://")
    if elsewhere:
        arguments = {"path": "parquet" if dataset.endswith(".parquet") else "json", "data_files": dataset}
    else:
        check_name(dataset, "hub", use=NO_DATASET)
    with nullcontext("") if elsewhere else hub_or_cache(dataset) as silence:
        try:
            table = datasets.load_dataset(**arguments, split=split)
        except Exception as error:  # noqa: BLE001 - the Hub's clients raise what their libraries raise
            use = "correct the name, split or revision, or give a local copy as path"
            raise not_loaded(f"{at}:", error, silence, use=use) from None
    return ((f"{at}: row {number}", row) for number, row in enumerate(table, 1))


def _json_rows(path: Path) -> Iterator[Row]:
    text = read_text(path, remedy="give a file of problems, one JSON object per line")
    # Not splitlines: U+2028 and its like end a line for Python, but may stand inside a JSON string.
    for number, line in enumerate(text.split("\n"), 1):
        if line.strip():
            yield (at := f"{path}:{number}"), _object(at, line)


def _object(at: str, line: str) -> Mapping[str, Any]:
    try:
        row = json.loads(line, object_pairs_hook=partial(_pairs, at))
    except InputError:
        raise
    except (ValueError, RecursionError) as error:
        raise InputError(f"{at}: found what is not JSON ({error}); write one object per line") from None
    if not isinstance(row, dict):
        raise InputError(f'{at}: found {quote(row)}; write an object such as {{"question": …}}')
    return row


def _pairs(at: str, pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    row: dict[str, Any] = {}
    for name, value in pairs:
        if name in row:
            raise InputError(f"{at}: found the key {quote(name)} twice; delete one")
        row[name] = value
    return row


def _parquet_rows(path: Path) -> Iterator[Row]:
    number = 0
    try:
        with path.open("rb") as stream:
            for batch in pa.parquet.ParquetFile(stream).iter_batches():
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}: row {number}", row
    except FileNotFoundError:
        raise InputError(f"{path}: there is no such file; correct the path") from None
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as parquet ({error}); write it again") from None
