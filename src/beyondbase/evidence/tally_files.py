"""Files of counts as tables of text, .csv, .tsv and .parquet alike; their form is checked, not the cells."""

from pathlib import Path
from typing import Any

import pyarrow as pa
import pyarrow.compute as pc

from beyondbase.errors import InputError
from beyondbase.evidence.count_cells import column_hint
from beyondbase.messages import decode, quote, wrong_byte
from beyondbase.table.columns import arrow_errors, column_of, csv_table, locate, parquet_table
from beyondbase.table.decoding import file_bytes, suffix_among
from beyondbase.table.header import Header
from beyondbase.table.separated import delimiter_of, without_end, wrong_width

REQUIRED = ("task", "arm", "problem_id", "n", "c")
OPTIONAL = ("cluster", "level")
COLUMNS = REQUIRED + OPTIONAL
_HEADER = Header(REQUIRED, OPTIONAL, hint=column_hint, shows_found=True)
_READABLE = (pa.types.is_string, pa.types.is_large_string, pa.types.is_integer)
_NO_TEXT = "so this is no CSV in UTF-8; save it as CSV in UTF-8"


def read_file(path: Path) -> pa.Table:
    """Read all columns as text, with "" where a cell or an optional column is absent.

    Raises:
        InputError: The file is not what its suffix says, or its columns are not those of counts.
    """
    kind = suffix_among(path, (".csv", ".tsv", ".parquet"))[1:]
    data = file_bytes(path)
    if not data.strip():
        raise InputError(f"{path}: is empty; write the columns {', '.join(REQUIRED)}")
    with arrow_errors(path, f"is no {kind} file", f"write it again as {kind}"):
        table = _read_parquet(path, data) if kind == "parquet" else _read_text(path, data)
    if not table.num_rows:
        raise InputError(f"{path}: found no rows; add a row for each task, arm and problem")
    absent = [name for name in OPTIONAL if name not in table.column_names]
    for name in absent:
        table = table.append_column(name, pa.array([""] * table.num_rows, pa.string()))
    return table.select(COLUMNS)


def _read_text(path: Path, data: bytes) -> pa.Table:
    decode(path, data, _NO_TEXT)
    if (bad := data.find(b"\0")) >= 0:
        raise wrong_byte(path, data, bad, _NO_TEXT)
    data = without_end(data)
    ragged: list[Any] = []
    types = dict.fromkeys((*COLUMNS, ""), pa.string())
    table = csv_table(data + b"\n", types, sign=delimiter_of(path, data), ragged=ragged)
    table = _without_empty(path, table)
    _HEADER.check(str(path), table.column_names)
    for row in ragged[:1]:
        raise wrong_width(f"{path}:{row.number}", row.actual_columns, row.expected_columns)
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


def _read_parquet(path: Path, data: bytes) -> pa.Table:
    table = parquet_table(data)
    _HEADER.check(str(path), table.column_names)
    for place, name in enumerate(table.column_names):
        use = "store integers, without NaN" if name in ("n", "c") else "store text, without NaN"
        column: Any = pc.cast(column_of(path, table, name, _READABLE, use)[0], pa.string())
        try:
            # Whoever wrote the file may have put any bytes where it says text.
            column.validate(full=True)
        except pa.ArrowInvalid as error:
            reason = " ".join(str(error).split())[:200]
            use = "store text in UTF-8"
            raise InputError(f"{path}: {name}: found text that is no UTF-8 ({reason}); {use}") from None
        table = table.set_column(place, name, column.fill_null(""))
    return table
