"""One writer at a time: a lock that the system frees when its holder ends, however it ends."""

import contextlib
import errno
import json
import os
import socket
import time
import weakref
from datetime import UTC, datetime
from pathlib import Path
from typing import Self

from beyondbase.errors import InputError

_PAUSE = 0.05
_BUSY = {errno.EAGAIN, errno.EACCES}


class WriterLock:
    """An exclusive lock on a file, which says in itself who holds it.

    Args:
        path: The file to lock; it stays, because removing it would let two writers in.
        wait: Seconds to wait for another holder; `math.inf` waits for good.

    Raises:
        InputError: Another process holds it still.
        OSError: The disk cannot lock.
    """

    def __init__(self, path: Path, *, wait: float) -> None:
        self._handle: int | None = None
        # Appended to, never made anew: all must lock the same file.
        handle = os.open(path, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
        try:
            _acquire(handle, path, wait)
            _sign(handle)
        except BaseException:
            os.close(handle)
            raise
        self._handle = handle
        _held.add(self)

    @property
    def held(self) -> bool:
        """Whether this process holds the lock."""
        return self._handle is not None

    def release(self) -> None:
        """Let the next writer in."""
        if self._handle is not None:
            with contextlib.suppress(OSError):
                os.ftruncate(self._handle, 0)
            self.forget()

    def forget(self) -> None:
        """Close the file only: in a forked child, that leaves the lock to the parent."""
        if self._handle is not None:
            os.close(self._handle)
            self._handle = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.release()


_held: weakref.WeakSet[WriterLock] = weakref.WeakSet()


def _forget_all() -> None:
    for lock in list(_held):
        lock.forget()


if hasattr(os, "register_at_fork"):
    # A worker that outlives its killed parent would keep the lock otherwise.
    os.register_at_fork(after_in_child=_forget_all)


def _acquire(handle: int, path: Path, wait: float) -> None:
    try:
        import fcntl  # noqa: PLC0415 - absent on Windows, where reading still works
    except ModuleNotFoundError:
        raise InputError(f"{path.parent}: cannot be locked here; write samples on Linux or macOS") from None
    end = time.monotonic() + wait
    while True:
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError as error:
            if error.errno not in _BUSY:
                raise
            if time.monotonic() >= end:
                raise InputError(_busy(handle, path)) from None
            time.sleep(_PAUSE)
        else:
            return


def _sign(handle: int) -> None:
    since = datetime.now(UTC).strftime("%Y-%m-%dT%H:%M:%SZ")
    holder = {"pid": os.getpid(), "host": socket.gethostname(), "since": since}
    os.ftruncate(handle, 0)
    os.pwrite(handle, json.dumps(holder).encode(), 0)


def _busy(handle: int, path: Path) -> str:
    who = "another process"
    # It may be about to sign.
    for _ in range(10):
        with contextlib.suppress(ValueError, KeyError, TypeError):
            holder = json.loads(os.pread(handle, 4096, 0))
            who = f"process {holder['pid']} on {holder['host']} since {holder['since']}"
            break
        time.sleep(_PAUSE)
    return f"{path.parent}: is being written by {who}; wait for it to end, or stop it"
