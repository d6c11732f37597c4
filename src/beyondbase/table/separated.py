"""Text with columns: which sign parts them, what spreadsheets leave at the end, and its rows."""

import csv
import io
import re
import sys
from collections.abc import Iterator, Sequence
from pathlib import Path

from beyondbase.errors import InputError

# A tab first, because a name may hold the others.
_SIGNS = {"\t": "a tab", ";": '";"', ",": '","'}
_BOM = b"\xef\xbb\xbf"


def delimiter_of(path: Path, data: bytes) -> str:
    """Find what parts the columns, by the header line alone: a comma, a semicolon or a tab.

    Args:
        path: The file, for messages.
        data: Its content, in UTF-8.

    Raises:
        InputError: The header line has two of them outside of quotes, or is one for Excel.
    """
    line = re.split(rb"[\r\n]", data.removeprefix(_BOM).lstrip(b"\r\n"), maxsplit=1)[0].decode(
        "utf-8", "replace"
    )
    if line.lstrip('"').startswith("sep="):
        raise InputError(f"{path}:1: found {line.strip()}, which only Excel reads; delete this line")
    bare = re.sub(r'"[^"]*"', "", line)
    found = [sign for sign in _SIGNS if sign in bare]
    if len(found) > 1:
        signs = " and ".join(_SIGNS[sign] for sign in found)
        remedy = "part the columns by one of them, and put names that hold the other into quotes"
        raise InputError(f"{path}:1: found {signs} in the header line; {remedy}")
    return found[0] if found else ","


def without_end(data: bytes) -> bytes:
    """Leave out lines at the end that hold nothing but delimiters."""
    end = len(data)
    while (cut := max(data.rfind(b"\n", 0, end), data.rfind(b"\r", 0, end))) >= 0:
        if data[cut + 1 : end].strip(b' ,;\t"'):
            break
        end = cut
    return data[:end]


def csv_rows(
    path: Path, text: str, *, sign: str = ",", found: str = "found what is no CSV", use: str = "correct it"
) -> Iterator[tuple[range, list[str]]]:
    """Give the rows of a text, the header too, each with the numbers of its lines.

    Args:
        path: The file, for messages.
        text: Its content.
        sign: What parts the columns.
        found: What is said of a text that is no CSV.
        use: What to do about it.

    Raises:
        InputError: A quote is not closed, or closed within a cell.
    """
    # Completions are longer than what the module takes for a mistake.
    csv.field_size_limit(sys.maxsize)
    reader = csv.reader(io.StringIO(text, newline=""), delimiter=sign, strict=True)
    first = 1
    try:
        for cells in reader:
            yield range(first, reader.line_num + 1), cells
            first = reader.line_num + 1
    except csv.Error as error:
        raise InputError(f"{path}:{reader.line_num}: {found} ({error}); {use}") from None


def wrong_width(at: str, cells: int, columns: int) -> InputError:
    """Say of a row that it has more or fewer cells than there are columns."""
    return InputError(f"{at}: found {cells} cells under {columns} columns; write one cell per column")


def row_of(at: str, names: Sequence[str], cells: Sequence[str]) -> dict[str, str]:
    """Give the cells of a row their names.

    Raises:
        InputError: There are more or fewer than names.
    """
    if len(cells) != len(names):
        raise wrong_width(at, len(cells), len(names))
    return dict(zip(names, cells, strict=True))
