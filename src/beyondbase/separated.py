"""Text with columns: which sign parts them, and what spreadsheets leave at the end."""

import re
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
