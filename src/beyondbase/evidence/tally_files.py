"""Files of counts as tables of text, .csv, .tsv and .parquet alike; their form is checked, not the cells."""

import io
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from beyondbase.errors import InputError
from beyondbase.evidence.count_cells import column_hint
from beyondbase.messages import quote, suggest
from beyondbase.separated import delimiter_of, without_end

REQUIRED = ("task", "arm", "problem_id", "n", "c")
OPTIONAL = ("cluster", "level")
COLUMNS = REQUIRED + OPTIONAL


def read_file(path: Path) -> pa.Table:
    """Read all columns as text, with "" where a cell or an optional column is absent.

    Raises:
        InputError: The file is not what its suffix says, or its columns are not those of counts.
    """
    readers: dict[str, Callable[[Path, bytes], pa.Table]] = {
        ".csv": _read_text,
        ".tsv": _read_text,
        ".parquet": _read_parquet,
    }
    reader = readers.get(path.suffix.lower())
    if reader is None:
        raise InputError(f"{path}: found the suffix {quote(path.suffix)}; give a .csv, .tsv or .parquet file")
    try:
        data = path.read_bytes()
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); correct the path") from None
    if not data.strip():
        raise InputError(f"{path}: is empty; write the columns {', '.join(REQUIRED)}")
    try:
        table = reader(path, data)
    except (pa.ArrowException, OSError) as error:
        kind = path.suffix[1:]
        raise InputError(f"{path}: is no {kind} file ({error}); write it again as {kind}") from None
    if not table.num_rows:
        raise InputError(f"{path}: found no rows; add a row for each task, arm and problem")
    absent = [name for name in OPTIONAL if name not in table.column_names]
    for name in absent:
        table = table.append_column(name, pa.array([""] * table.num_rows, pa.string()))
    return table.select(COLUMNS)


def _check_header(path: Path, names: Sequence[str]) -> None:
    for name in names:
        if name not in COLUMNS:
            hint, known = column_hint(name) or suggest(name, COLUMNS), ", ".join(COLUMNS)
            raise InputError(f"{path}: found an unknown column {quote(name)}{hint}; the columns are {known}")
        if names.count(name) > 1:
            raise InputError(f"{path}: found the column {quote(name)} twice; delete one")
    missing = [name for name in REQUIRED if name not in names]
    if missing:
        raise InputError(
            f"{path}: missing the columns {', '.join(missing)}; found {', '.join(names)}; add them"
        )


def locate(path: Path, row: int) -> str:
    """Show where a row (the first is 0) stands: by line in text, by row in a parquet file."""
    return f"{path}:{row + 2}" if path.suffix.lower() != ".parquet" else f"{path}: row {row + 1}"


def _read_text(path: Path, data: bytes) -> pa.Table:
    _check_text(path, data)
    data = without_end(data)
    ragged: list[pa.csv.InvalidRow] = []

    def keep(row: pa.csv.InvalidRow) -> Literal["skip"]:
        ragged.append(row)
        return "skip"

    table = pa.csv.read_csv(
        io.BytesIO(data + b"\n"),
        # One thread, because only then does a bad row come with its number.
        read_options=pa.csv.ReadOptions(use_threads=False),
        parse_options=pa.csv.ParseOptions(
            delimiter=delimiter_of(path, data), ignore_empty_lines=False, invalid_row_handler=keep
        ),
        convert_options=pa.csv.ConvertOptions(column_types=dict.fromkeys((*COLUMNS, ""), pa.string())),
    )
    table = _without_empty(path, table)
    _check_header(path, table.column_names)
    for row in ragged[:1]:
        found = f"found {row.actual_columns} cells under {row.expected_columns} columns"
        raise InputError(f"{path}:{row.number}: {found}; write one cell per column")
    return table


def _without_empty(path: Path, table: pa.Table) -> pa.Table:
    """Leave out columns without a name and without content, as spreadsheets write them."""
    for place in reversed(range(table.num_columns)):
        if table.column_names[place]:
            continue
        filled: Any = pc.index(pc.not_equal(table.column(place), pa.scalar("")), value=True)
        if filled.as_py() >= 0:
            row = int(filled.as_py())
            found = f"found {quote(table.column(place)[row].as_py())} in a column without a name"
            raise InputError(f"{locate(path, row)}: {found}; name the column in the header, or empty it")
        table = table.remove_column(place)
    return table


def _check_text(path: Path, data: bytes) -> None:
    try:
        data.decode("utf-8")
    except UnicodeDecodeError as error:
        bad = error.start
    else:
        bad = data.find(b"\0")
    if bad >= 0:
        line = data.count(b"\n", 0, bad) + 1
        found = f"found the byte 0x{data[bad]:02x}, so this is no CSV in UTF-8"
        raise InputError(f"{path}:{line}: {found}; save it as CSV in UTF-8")


def _read_parquet(path: Path, data: bytes) -> pa.Table:
    # Not pq.read_table: that takes "name=value" folders of the path for columns.
    table = pa.parquet.ParquetFile(io.BytesIO(data)).read()
    _check_header(path, table.column_names)
    for name in table.column_names:
        kind = table.schema.field(name).type
        kind = kind.value_type if pa.types.is_dictionary(kind) else kind
        readable = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer, pa.types.is_null)
        if not any(test(kind) for test in readable):
            remedy = "store integers" if name in ("n", "c") else "store text"
            raise InputError(f"{path}: {name}: found a column of type {kind}; {remedy}, without NaN")
        cells: Any = pc.cast(pc.cast(table.column(name), kind), pa.string())
        table = table.set_column(table.column_names.index(name), name, cells.fill_null(""))
    return table
