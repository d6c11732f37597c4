"""Files of an export: written line by line, whole or not at all, and never over another content."""

import os
from collections.abc import Iterable
from dataclasses import dataclass
from pathlib import Path

from beyondbase.errors import InputError
from beyondbase.formats.readers.imported import digest_of


@dataclass(frozen=True)
class Draft:
    """A file to write.

    Attributes:
        path: Where, within the folder of the export.
        lines: Its lines, without their ends.
    """

    path: Path
    lines: Iterable[str]


def place_lines(out: Path, draft: Draft) -> Path:
    """Write a file, where there is none of the same content.

    Args:
        out: The folder of the export.
        draft: The file.

    Returns:
        Where it lies.

    Raises:
        InputError: Another file lies there, or the disk refuses.
    """
    path = out / draft.path
    # The process id keeps two runs that write one folder apart.
    hidden = path.with_name(f".{path.name[:100]}.{os.getpid()}.tmp")
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        with hidden.open("w", encoding="utf-8", newline="\n") as stream:
            stream.writelines(f"{line}\n" for line in draft.lines)
        if not path.exists():
            hidden.replace(path)
        elif digest_of(path) != digest_of(hidden):
            raise InputError(f"{path}: is there with another content; export into another folder, or move it")
    except OSError as error:
        raise InputError(
            f"{path}: cannot be written ({error.strerror}); make room, and run it again"
        ) from None
    finally:
        hidden.unlink(missing_ok=True)
    return path
