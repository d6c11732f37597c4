"""A folder of shards, as its one writer sees it."""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from beyondbase.store.durable import explained, make_folder
from beyondbase.store.layout import LOCK_FILE, drafts_in, next_number
from beyondbase.store.lock import WriterLock
from beyondbase.store.shards import Kind, write_shard


class Shelf:
    """Puts shards into a folder.

    Args:
        folder: Where they go.
        kind: What they hold.
        fingerprint: The set that they belong to.

    Raises:
        InputError: The disk refuses.
    """

    def __init__(self, folder: Path, kind: Kind, fingerprint: str) -> None:
        self._folder, self._kind, self._fingerprint = folder, kind, fingerprint
        with explained(folder):
            make_folder(folder)
            clear_drafts(folder)
            self._number = next_number(folder)

    def put(self, columns: Sequence[Any]) -> Path:
        """Write one shard; it is on the disk, whole, once this returns.

        Raises:
            InputError: The disk refuses; nothing of the shard is left.
        """
        # The random part keeps shards apart that two machines number alike.
        path = self._folder / f"{self._number:06d}-{uuid.uuid4().hex[:12]}.parquet"
        with explained(self._folder):
            write_shard(path, self._kind, columns, self._fingerprint)
        self._number += 1
        return path


def lock_folder(folder: Path, *, wait: float) -> WriterLock:
    """Make a folder and lock it for one writer.

    Raises:
        InputError: Another process writes there, or the disk refuses.
    """
    with explained(folder):
        make_folder(folder)
        return WriterLock(folder / LOCK_FILE, wait=wait)


def clear_drafts(folder: Path) -> None:
    """Remove what a killed writer left behind; only for who holds the lock."""
    for draft in drafts_in(folder):
        draft.unlink(missing_ok=True)
