"""One of several: which filter, scorer or suite of a file is meant."""

from collections.abc import Sequence
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.messages import quote, suggest


def chosen(what: str, pick: str | None, found: Sequence[str], files: Sequence[Path]) -> str:
    """Choose what is picked, or the only one there is.

    Args:
        what: What is chosen among.
        pick: The user's choice, if any.
        found: What the files hold.

    Raises:
        InputError: There is none, there are several and none is picked, or there is no such one.
    """
    if not found:
        raise InputError(f"{files[0]}: found no {what} in it; give the file as the tool wrote it")
    if pick is None and len(found) == 1:
        return found[0]
    if pick in found:
        return str(pick)
    said = f"found no {what} {quote(pick)}{suggest(str(pick), found)}" if pick else f"found several {what}s"
    raise InputError(f"{files[0]}: {said}; pick one of {', '.join(found)}")


def without_choice(tool: str, pick: str | None) -> None:
    """Refuse a choice where there is nothing to choose.

    Raises:
        InputError: Something is picked.
    """
    if pick is not None:
        raise InputError(
            f"{tool}: found the pick {quote(pick)}, but its files hold one verdict; leave it out"
        )
