"""The outcomes of one grader in a set, as the one process that grades sees them."""

from collections.abc import Callable, Sequence
from pathlib import Path

from beyondbase.completions import Graded
from beyondbase.errors import InputError
from beyondbase.store.batches import grade_columns, keys_of
from beyondbase.store.frames import Frame, read_frame
from beyondbase.store.layout import shards_in
from beyondbase.store.rows import Seen, Slots, named
from beyondbase.store.shards import GRADES
from beyondbase.store.shelf import Shelf, lock_folder
from beyondbase.store.tally import outcomes_at

KEYS = ("problem_id", "index", "digest")


class Grading:
    """Takes the grades of one grader, and no completion's twice.

    Args:
        folder: Where its grades lie.
        fingerprint: That of the set.
        slots: Reads the completions of the set, once the lock is held.
        wait: Seconds to wait for another process that grades with it.

    Raises:
        InputError: Another process grades with it, or a shard is damaged.
    """

    def __init__(self, folder: Path, fingerprint: str, slots: Callable[[], Slots], *, wait: float) -> None:
        self._folder = folder
        self._lock = lock_folder(folder, wait=wait)
        try:
            self._shelf = Shelf(folder, GRADES, fingerprint)
            self._graded = Seen()
            known = slots()
            outcome = outcomes_at(known, read_grades(folder, fingerprint))
            self._graded.merge(known, outcome >= 0)
        except BaseException:
            self.close()
            raise

    def append(self, batch: Sequence[Graded], digest: Callable[[str, int], int | None]) -> None:
        """Store grades as one shard.

        Args:
            batch: The grades.
            digest: Gives the digest of a stored completion's text.

        Raises:
            InputError: A completion is not there or graded already, or the disk refuses.
        """
        keys = keys_of(batch)
        known = self._graded.first_known(keys)
        if known:
            raise InputError(
                f"{self._folder}: {named(*known)}: has a grade already; grade only what has none"
            )
        found = [digest(*key) for key in keys]
        if None in found:
            absent = named(*keys[found.index(None)])
            raise InputError(f"{self._folder}: {absent}: is not in the set; grade only what is stored")
        digests = [number for number in found if number is not None]
        self._shelf.put(grade_columns(batch, digests))
        self._graded.add(keys, digests)

    def close(self) -> None:
        """Let another process grade."""
        self._lock.release()


def read_grades(folder: Path, fingerprint: str) -> Frame:
    """Read all grades in a folder, without the answers.

    Raises:
        InputError: A shard is damaged.
    """
    return read_frame(shards_in(folder), GRADES, (*KEYS, "outcome"), fingerprint)
