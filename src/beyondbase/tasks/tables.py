"""Rows of problems: from a .jsonl or .parquet file, or from the Hub or its cache through `datasets`."""

from collections.abc import Iterator
from contextlib import nullcontext
from pathlib import Path
from typing import Any

from beyondbase.extras import require
from beyondbase.hub import check_name, hub_or_cache, not_loaded
from beyondbase.messages import quote, read_text
from beyondbase.table.columns import Row, opened_parquet, parquet_rows
from beyondbase.table.decoding import numbered, suffix_among
from beyondbase.table.objects import Objects

NO_DATASET = 'use file = "…" for a file of your own, or a name of the Hub such as "openai/gsm8k"'
_OBJECTS = Objects(other=lambda value: f'found {quote(value)}; write an object such as {{"question": …}}')
_BATCH = 65_536


def read_table(path: Path) -> Iterator[Row]:
    """Read the rows of a file, each with where it stands.

    Raises:
        InputError: The file cannot be read, or is not what its suffix says.
    """
    if suffix_among(path, (".jsonl", ".parquet")) == ".parquet":
        return _parquet_rows(path)
    text = read_text(path, remedy="give a file of problems, one JSON object per line")
    return _OBJECTS.rows(path, numbered(text))


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


def _parquet_rows(path: Path) -> Iterator[Row]:
    with opened_parquet(path) as file:
        yield from parquet_rows(path, file, _BATCH)
