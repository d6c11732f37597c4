"""Who writes to a folder of shards: one process at a time, and one shard after another.

The order of the writes makes every moment a good one to be killed at, or to run out of disk:

* Folder, lock, what a killed writer left, manifest, shards. Killed before the manifest, a run leaves an
  empty folder, which the next one takes as new; killed after it, a set without completions. Shards without
  their settings are never there, so that nobody has to guess what they were made with.
* A shard goes under a draft's name, is synced, gets its own name, and then its folder is synced. Killed
  before the rename, a writer leaves a draft, which no reader takes for a shard and the next writer removes;
  after it, a whole shard. Where only the last sync fails, the shard may be there although the caller was
  refused: who keeps account of the folder in memory must read it again then.
* Completions come before what is said of them, and each grade and score carries the digest of its text:
  one whose completion is gone, or was sampled again with another text, counts as none. So graders and
  scorers need no lock on the completions, nor these on them.
"""

import uuid
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from beyondbase.store.durable import explained, make_folder
from beyondbase.store.layout import LOCK_FILE, drafts_in, next_number
from beyondbase.store.lock import WriterLock
from beyondbase.store.shards import Kind, write_shard


class ShardWriter:
    """Adds shards to a folder; only for who holds the lock.

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

    def write(self, columns: Sequence[Any]) -> Path:
        """Write one shard; it is on the disk, whole, once this returns.

        Raises:
            InputError: The disk refuses; nothing of the shard is left, but where the folder alone could not
                be synced.
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
        # Before all else: the file to lock lies in it.
        make_folder(folder)
        return WriterLock(folder / LOCK_FILE, wait=wait)


def clear_drafts(folder: Path) -> None:
    """Remove what a killed writer left behind; only for who holds the lock."""
    for draft in drafts_in(folder):
        draft.unlink(missing_ok=True)
