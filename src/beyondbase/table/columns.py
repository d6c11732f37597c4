"""Tables of Arrow: parquet files, as a whole or row by row, and text with columns read as columns."""

import io
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Literal

import pyarrow as pa
import pyarrow.compute as pc
import pyarrow.csv
import pyarrow.parquet

from beyondbase.errors import InputError

Row = tuple[str, Mapping[str, Any]]


def locate(path: Path, row: int) -> str:
    """Show where a row (the first is 0) stands: by line in text, by row in a parquet file."""
    return f"{path}:{row + 2}" if path.suffix.lower() != ".parquet" else f"{path}: row {row + 1}"


@contextmanager
def arrow_errors(path: Path, found: str, use: str, *, most: int | None = None) -> Iterator[None]:
    """Say of a file that Arrow cannot read what it is not, why, and what to do.

    Args:
        path: The file.
        found: What it is not.
        use: What to do.
        most: How many characters of the reason's first line are shown; None for all lines as a whole.

    Raises:
        InputError: In the place of what Arrow raises.
    """
    try:
        yield
    except (pa.ArrowException, OSError, UnicodeDecodeError) as error:
        reason = str(error) if most is None else (str(error).splitlines() or [""])[0][:most]
        raise InputError(f"{path}: {found} ({reason}); {use}") from None


def parquet_table(data: bytes) -> pa.Table:
    """Read a parquet file as a whole.

    Raises:
        ArrowException, OSError: It is damaged, or none.
    """
    # Not pq.read_table: that takes "name=value" folders of the path for columns.
    return pa.parquet.ParquetFile(pa.BufferReader(data)).read()


@contextmanager
def opened_parquet(path: Path, *, use: str = "write it again") -> Iterator[pa.parquet.ParquetFile]:
    """Open a parquet file to read it piece by piece.

    Args:
        path: The file.
        use: What to do where it is damaged.

    Raises:
        InputError: It is not there, damaged, or none; also where that comes out within the context.
    """
    with arrow_errors(path, "cannot be read as parquet", use):
        try:
            stream = path.open("rb")
        except FileNotFoundError:
            raise InputError(f"{path}: there is no such file; correct the path") from None
        with stream:
            yield pa.parquet.ParquetFile(stream)


def parquet_rows(
    path: Path, file: pa.parquet.ParquetFile, size: int, columns: list[str] | None = None
) -> Iterator[Row]:
    """Give the rows of an open parquet file, each with where it stands.

    Args:
        path: The file, for places.
        file: The same, open.
        size: How many rows are held at a time.
        columns: Those to read; None for all.

    Raises:
        ArrowException, OSError, UnicodeDecodeError: It is damaged.
    """
    number = 0
    for batch in file.iter_batches(size, columns=columns):
        for row in batch.to_pylist():
            number += 1
            yield f"{path}: row {number}", row


def csv_table(
    data: bytes, types: dict[str, Any], *, sign: str = ",", ragged: list[Any] | None = None
) -> pa.Table:
    """Read text with columns.

    Args:
        data: The text, in UTF-8.
        types: The type of each column that may be there.
        sign: What parts the columns.
        ragged: Takes the rows with more or fewer cells than columns, each with its `number`, and no line is
            passed over then; None to refuse such rows, and to pass over empty lines.

    Raises:
        ArrowException: The text is no table, or a cell is not of the type of its column.
    """

    def keep(row: pa.csv.InvalidRow) -> Literal["skip"]:
        ragged.append(row)  # type: ignore[union-attr]
        return "skip"

    every = ragged is not None
    return pa.csv.read_csv(
        io.BytesIO(data),
        # One thread, because only then does a bad row come with its number.
        read_options=pa.csv.ReadOptions(use_threads=not every),
        parse_options=pa.csv.ParseOptions(
            delimiter=sign, ignore_empty_lines=not every, invalid_row_handler=keep if every else None
        ),
        convert_options=pa.csv.ConvertOptions(column_types=types),
    )


def column_of(
    path: Path, table: pa.Table, name: str, kinds: Sequence[Callable[[Any], bool]], use: str
) -> tuple[Any, pa.DataType]:
    """Take a column of a parquet file, its dictionary undone, and its type.

    Args:
        path: The file, for messages.
        table: What it holds.
        name: The column.
        kinds: Tests of types, such as `pa.types.is_string`, of which one must hold; nulls alone always do.
        use: What to do about another type.

    Raises:
        InputError: It is of another type.
    """
    kind: Any = table.schema.field(name).type
    kind = kind.value_type if pa.types.is_dictionary(kind) else kind
    if not (pa.types.is_null(kind) or any(test(kind) for test in kinds)):
        raise InputError(f"{path}: {name}: found a column of type {kind}; {use}")
    return pc.cast(table.column(name), kind), kind
