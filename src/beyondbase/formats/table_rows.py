"""Rows of tables that no tool is known to have written: .jsonl, .csv, .tsv and .parquet, one dict each."""

import json
from collections.abc import Callable, Iterator
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.formats.readers.cells import json_rows, json_whole, mapping
from beyondbase.messages import decode, quote
from beyondbase.table.columns import Row, opened_parquet, parquet_rows
from beyondbase.table.decoding import opened, text_lines, text_whole
from beyondbase.table.separated import csv_rows, delimiter_of, without_end, wrong_width

_BATCH = 256


def rows_of(kind: str, path: Path) -> Iterator[Row]:
    """Read a table row by row, each with where it stands; an empty cell of text is None.

    Args:
        kind: One of `TABLES`.
        path: The file.

    Raises:
        InputError: The file cannot be read, or is not of that kind.
    """
    return _READERS[kind](path)


def _json(path: Path) -> Iterator[Row]:
    """One object a line, or a list of objects as the whole file."""
    if not _is_list(path):
        yield from json_rows(path)
        return
    for number, row in enumerate(json_whole(path)):
        at = f"{path}: [{number}]"
        yield at, mapping(at, row)


def _is_list(path: Path) -> bool:
    lines = (line.strip() for _, line in text_lines(path))
    return next(filter(None, lines), "").startswith("[")


def _text(path: Path) -> Iterator[Row]:
    """Cells parted by the sign that the header line is parted by."""
    data = _bytes(path)
    sign = delimiter_of(path, data)
    text = decode(path, without_end(data), "which is not UTF-8; save it as UTF-8")
    rows = csv_rows(path, text, sign=sign, found="is no CSV", use="write it again as CSV")
    names = _names(path, next(rows, (range(0), []))[1])
    for lines, cells in rows:
        if cells and (len(cells) < len(names) or any(cells[len(names) :])):
            raise wrong_width(f"{path}:{lines.start}", len(cells), len(names))
        if cells:
            named = zip(names, cells, strict=False)
            yield f"{path}:{lines.start}", {name: cell or None for name, cell in named}


def _names(path: Path, header: list[str]) -> list[str]:
    names = [name.strip() for name in header]
    while names and not names[-1]:
        names.pop()
    odd = next((name for name in names if not name or names.count(name) > 1), None)
    if odd is not None:
        found = f"the column {quote(odd)} twice" if odd else "a column without a name"
        raise InputError(f"{path}:1: found {found}; give each column a name of its own")
    return names


def _parquet(path: Path) -> Iterator[Row]:
    with opened_parquet(path) as file:
        yield from parquet_rows(path, file, _BATCH)


def _bytes(path: Path) -> bytes:
    with opened(path) as stream:
        data = stream.read()
    wide = not json.detect_encoding(data[:4]).startswith("utf-8")
    return text_whole(path).encode("utf-8", "surrogatepass") if wide else data


_READERS: dict[str, Callable[[Path], Iterator[Row]]] = {
    "jsonl": _json,
    "csv": _text,
    "tsv": _text,
    "parquet": _parquet,
}
TABLES = tuple(_READERS)
