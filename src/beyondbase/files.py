"""Files that are written whole or not at all."""

import os
from collections.abc import Iterable
from pathlib import Path

AnyPath = str | os.PathLike[str]


def as_paths(paths: AnyPath | Iterable[AnyPath]) -> list[Path]:
    """Take one path, as text too, or several of them."""
    # To Python a text is several texts, of one letter each.
    return [Path(path) for path in ([paths] if isinstance(paths, str | os.PathLike) else paths)]


def write_whole(text: str, path: AnyPath) -> None:
    """Write a text file through a draft beside it; on failure the old file stays as it was.

    Args:
        text: the content, written as UTF-8.
        path: the file; missing folders are made.

    Raises:
        OSError: the file cannot be written.
    """
    path = Path(path)
    path.parent.mkdir(parents=True, exist_ok=True)
    # The process id keeps two runs that write one folder apart.
    draft = path.with_name(f".{path.name}.{os.getpid()}.tmp")
    try:
        draft.write_text(text, encoding="utf-8", newline="\n")
        draft.replace(path)
    finally:
        draft.unlink(missing_ok=True)
