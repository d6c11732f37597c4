"""Whether a column that was guessed to name problems does."""

import json
from collections.abc import Sequence
from hashlib import sha256
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.evidence.vocabulary import NAMES, plain
from beyondbase.formats.table_rows import rows_of
from beyondbase.messages import quote


def check_id(kind: str, files: Sequence[Path], column: str, asked: str | None) -> None:
    """Refuse a plain index that numbers something else than problems, such as the completions of each.

    Args:
        kind: One of `TABLES`.
        files: Of one arm or several.
        column: What was guessed to name problems.
        asked: The column of what was asked; None if there is none, and nothing to hold the index against.

    Raises:
        InputError: One index stands beside two questions.
    """
    if asked is None or plain(column) not in NAMES["id"][-1]:
        return
    known: dict[str, str] = {}
    for at, row in (pair for path in files for pair in rows_of(kind, path)):
        text = json.dumps(row.get(asked), sort_keys=True, default=str)
        digest = sha256(text.encode("utf-8", "surrogatepass")).hexdigest()
        if known.setdefault(str(row.get(column)), digest) != digest:
            found = (
                f"found {quote(row.get(column))} beside another {asked} than before, so it names no problem"
            )
            raise InputError(f"{at}: {column}: {found}; say --id COLUMN, or --group {asked}")
