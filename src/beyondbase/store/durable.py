"""Files that are on the disk, whole, once the call that writes them returns; or not there at all."""

import contextlib
import errno
import os
import shutil
from collections.abc import Iterator
from pathlib import Path

from beyondbase.errors import InputError

_FULL = {errno.ENOSPC, errno.EDQUOT}


def write_durably(path: Path, data: bytes | memoryview) -> None:
    """Write a file through a draft in its folder; readers see all of it or nothing.

    Raises:
        OSError: It cannot be written; the draft is gone, and an older file of that name as it was.
    """
    draft = path.with_name(f".{path.name}.draft")
    try:
        with draft.open("wb") as stream:
            stream.write(data)
            stream.flush()
            os.fsync(stream.fileno())
        draft.replace(path)
    finally:
        with contextlib.suppress(OSError):
            draft.unlink(missing_ok=True)
    sync_folder(path.parent)


def make_folder(path: Path) -> None:
    """Make a folder and those above it, so that they outlive a power cut."""
    if not path.is_dir():
        make_folder(path.parent)
        path.mkdir(exist_ok=True)
        sync_folder(path.parent)


def sync_folder(path: Path) -> None:
    """Have the names in a folder outlive a power cut."""
    handle = os.open(path, os.O_RDONLY)
    try:
        os.fsync(handle)
    except OSError as error:
        # Some network disks cannot do it for folders, and say so.
        if error.errno not in {errno.EINVAL, errno.ENOTSUP}:
            raise
    finally:
        os.close(handle)


@contextlib.contextmanager
def explained(folder: Path) -> Iterator[None]:
    """Turn a disk's refusal into what a user can do about it.

    Raises:
        InputError: Something inside raised an OSError.
    """
    try:
        yield
    except OSError as error:
        reason = error.strerror or str(error)
        safe = "what was stored before is safe and whole"
        raise InputError(
            f"{folder}: cannot be written ({reason}{_free(folder)}); {safe}; {_remedy(error)}, "
            "then run the same command again: it goes on where it stopped"
        ) from None


def _remedy(error: OSError) -> str:
    if error.errno in _FULL:
        return "free some space on that disk"
    if error.errno == errno.EFBIG:
        return "raise the limit on the size of files (ulimit -f)"
    return "make the folder writable"


def _free(folder: Path) -> str:
    for place in (folder, *folder.parents):
        with contextlib.suppress(OSError):
            return f"; {shutil.disk_usage(place).free / 1e6:,.0f} MB free there"
    return ""
