"""Rows of tables that no tool is known to have written: .jsonl, .csv, .tsv and .parquet, one dict each."""

import csv
import io
import json
import sys
from collections.abc import Callable, Iterator, Mapping
from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.parquet

from beyondbase.errors import InputError
from beyondbase.formats.cells import json_rows, json_whole, mapping
from beyondbase.formats.decoding import opened, text_lines, text_whole
from beyondbase.messages import quote
from beyondbase.separated import delimiter_of, without_end

Row = tuple[str, Mapping[str, Any]]
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
    try:
        text = without_end(data).decode("utf-8-sig")
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        found = f"found the byte 0x{data[error.start]:02x}, which is not UTF-8"
        raise InputError(f"{path}:{line}: {found}; save it as UTF-8") from None
    # Completions are longer than what the module takes for a mistake.
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    try:
        yield from _cells(path, reader)
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: is no CSV ({error}); write it again as CSV") from None


def _cells(path: Path, reader: Any) -> Iterator[Row]:
    names = [name.strip() for name in next(reader, [])]
    while names and not names[-1]:
        names.pop()
    odd = next((name for name in names if not name or names.count(name) > 1), None)
    if odd is not None:
        found = f"the column {quote(odd)} twice" if odd else "a column without a name"
        raise InputError(f"{path}:1: found {found}; give each column a name of its own")
    line = reader.line_num + 1
    for cells in reader:
        extra = cells[len(names) :]
        if cells and (len(cells) < len(names) or any(extra)):
            found = f"found {len(cells)} cells under {len(names)} columns"
            raise InputError(f"{path}:{line}: {found}; write one cell per column")
        if cells:
            yield f"{path}:{line}", {name: cell or None for name, cell in zip(names, cells, strict=False)}
        line = reader.line_num + 1


def _parquet(path: Path) -> Iterator[Row]:
    number = 0
    try:
        with path.open("rb") as stream:
            for batch in pa.parquet.ParquetFile(stream).iter_batches(_BATCH):
                for row in batch.to_pylist():
                    number += 1
                    yield f"{path}: row {number}", row
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        raise InputError(f"{path}: cannot be read as parquet ({error}); write it again") from None


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
