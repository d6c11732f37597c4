"""rows.json in a sample set: how many completions an import has, written before the first is stored."""

import json
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.messages import quote
from beyondbase.store.durable import explained, make_folder, write_durably

EXPECTED_FILE = "rows.json"


def expect_rows(folder: Path, completions: int) -> None:
    """Write how many completions a set is to have, so that one that was cut short can be told.

    Raises:
        InputError: The disk refuses.
    """
    data = json.dumps({"completions": completions}).encode() + b"\n"
    path = folder / EXPECTED_FILE
    with explained(folder):
        if not path.exists() or path.read_bytes() != data:
            make_folder(folder)
            write_durably(path, data)


def rows_expected(folder: Path) -> int | None:
    """Read how many completions a set is to have; None where nobody said so.

    Args:
        folder: The folder of the set.

    Raises:
        InputError: The file is damaged, or cannot be read.
    """
    path = folder / EXPECTED_FILE
    try:
        found = json.loads(path.read_bytes())
    except FileNotFoundError:
        return None
    except OSError as error:
        raise InputError(f"{path}: cannot be read ({error.strerror}); make it readable") from None
    except (ValueError, RecursionError) as error:
        raise InputError(f"{path}: is no JSON ({error}); import the samples again") from None
    count = found.get("completions") if isinstance(found, dict) else None
    if isinstance(count, bool) or not isinstance(count, int) or count < 0:
        raise InputError(f"{path}: completions: found {quote(count)}; import the samples again")
    return count
