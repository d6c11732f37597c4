"""Killed writers, two writers and full disks: nothing half-written is seen, lost or doubled."""

import errno
import json
import os
import random
import signal
import socket
import time
from pathlib import Path

import pytest
from store_factory import (
    BATCH,
    GRADER,
    IDENTITY,
    PROBLEMS,
    die_within,
    filled,
    graded,
    hold,
    hold_with_child,
    keys,
    made,
    shards,
    start,
    write_limited,
    write_on,
)

from beyondbase.completions import Graded
from beyondbase.errors import InputError
from beyondbase.store import SampleSet
from beyondbase.store.layout import grades_folder


def test_twenty_kills_lose_at_most_the_batch_in_flight(tmp_path: Path) -> None:
    """After kill -9 at any moment all that was acknowledged is there, once, and the next run goes on."""
    moments = random.Random(4)  # noqa: S311 - moments, no secret
    known = 0
    for _ in range(20):
        said = killed_after(tmp_path, batches=moments.randrange(20), pause=moments.random() * 0.02)
        found = keys(SampleSet.read(tmp_path))
        assert known + said <= len(found) <= known + said + BATCH
        known = len(found)
        # The first in the order of sampling, each once: nothing was skipped on the way.
        assert found == sorted((str(i % PROBLEMS), i // PROBLEMS) for i in range(known))
    assert known > 20 * BATCH


def killed_after(folder: Path, *, batches: int, pause: float) -> int:
    """Kill a writer some time after it told of so many batches; returns how many completions it told of."""
    process, pipe = start(write_on, folder)
    with pipe:
        assert pipe.recv() == "open"
        told = sum(pipe.recv() for _ in range(batches))
        time.sleep(pause)
        process.kill()
        process.join()
        assert process.exitcode == -signal.SIGKILL
        while True:
            try:
                told += pipe.recv()
            except EOFError:
                return told


@pytest.mark.parametrize(
    ("name", "call", "before", "stored"),
    [
        ("fsync", 1, True, 0),
        ("fsync", 1, False, 0),
        ("replace", 1, True, 0),
        ("replace", 1, False, 5),
        ("fsync", 2, False, 5),
    ],
)
def test_a_kill_at_any_step_leaves_all_of_a_shard_or_nothing(
    tmp_path: Path, name: str, call: int, *, before: bool, stored: int
) -> None:
    """Before the rename a batch is not there, after it, it is; a draft goes with the next writer."""
    filled(tmp_path, [("a", 0)])
    process, pipe = start(die_within, tmp_path, name, call, before=before)
    process.join()
    pipe.close()
    assert process.exitcode == -signal.SIGKILL
    drafts = [*(tmp_path / "completions").glob(".*.draft")]
    assert len(drafts) == (0 if stored else 1)
    assert len(keys(SampleSet.read(tmp_path))) == 1 + stored
    with SampleSet.open(tmp_path, IDENTITY) as store:
        assert not any(draft.exists() for draft in drafts)
        store.append([made(store, *key) for key in store.wanted(["b", "a"], 5)])
    assert len(keys(store)) == 10


def test_a_second_writer_is_refused_by_name(tmp_path: Path) -> None:
    """Who writes a set is named with process, host and since when; reading needs no lock."""
    process, pipe = start(hold, tmp_path, 0)
    with pipe:
        assert pipe.recv() == "open"
        with pytest.raises(InputError) as caught:
            SampleSet.open(tmp_path, IDENTITY)
        holder = json.loads((tmp_path / ".lock").read_text(encoding="utf-8"))
        assert holder["pid"] == process.pid
        who = f"process {process.pid} on {socket.gethostname()} since {holder['since']}"
        assert str(caught.value) == f"{tmp_path}: is being written by {who}; wait for it to end, or stop it"
        assert SampleSet.read(tmp_path).status().completions == 0
        process.kill()
        process.join()
    # What it wrote about itself is still there, but the lock went with it.
    assert json.loads((tmp_path / ".lock").read_text(encoding="utf-8")) == holder
    SampleSet.open(tmp_path, IDENTITY).close()


def test_a_second_writer_can_wait(tmp_path: Path) -> None:
    """With time to wait a writer comes in as soon as the other leaves, and not before."""
    with SampleSet.open(tmp_path, IDENTITY) as first:
        process, pipe = start(hold, tmp_path, 60)
        with pipe:
            assert not pipe.poll(1)
            first.append([made(first, "a", 0)])
            first.close()
            assert pipe.recv() == "open"
            with pytest.raises(InputError, match=f"process {process.pid} "):
                SampleSet.open(tmp_path, IDENTITY, wait=0.2)
            pipe.send("leave")
            process.join()
    assert process.exitcode == 0
    SampleSet.open(tmp_path, IDENTITY).close()


def test_a_child_does_not_keep_the_lock_of_a_killed_parent(tmp_path: Path) -> None:
    """A forked worker that outlives the writer does not hold the set."""
    process, pipe = start(hold_with_child, tmp_path)
    with pipe:
        child = pipe.recv()
        with pytest.raises(InputError, match=f"process {process.pid} "):
            SampleSet.open(tmp_path, IDENTITY)
        process.kill()
        process.join()
        try:
            SampleSet.open(tmp_path, IDENTITY, wait=1).close()
        finally:
            os.kill(child, signal.SIGKILL)


def test_two_graders_of_one_name_do_not_mix(tmp_path: Path) -> None:
    """A grader's folder has one writer; another grader, or version, works beside it."""
    filled(tmp_path, [("a", 0), ("a", 1)])
    one, other = SampleSet.read(tmp_path), SampleSet.read(tmp_path)
    grade = Graded("a", 0, "correct", None)
    with one, other:
        one.append_grades(*GRADER, [grade])
        with pytest.raises(InputError, match="is being written by process"):
            other.append_grades(*GRADER, [Graded("a", 1, "correct", None)])
        other.append_grades("exact", "2", [grade])
        one.close()
        other.append_grades(*GRADER, [Graded("a", 1, "correct", None)])
        assert other.tally(*GRADER).c.tolist() == [2]


@pytest.mark.parametrize("call", ["fsync", "replace"])
@pytest.mark.parametrize(
    ("number", "remedy"),
    [
        (errno.ENOSPC, "free some space on that disk"),
        (errno.EDQUOT, "free some space on that disk"),
        (errno.EROFS, "make the folder writable"),
    ],
)
def test_a_full_disk_stops_and_resumes(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, call: str, number: int, remedy: str
) -> None:
    """Where the disk refuses, the folder, what is safe and what to do are said, and the next try goes on."""

    def refuse(*_: object, **__: object) -> None:
        raise OSError(number, os.strerror(number))

    with SampleSet.open(tmp_path, IDENTITY) as store:
        store.append([made(store, "a", 0)])
        batch = [made(store, "a", 1), made(store, "a", 2)]
        with monkeypatch.context() as broken:
            broken.setattr(os, call, refuse)
            with pytest.raises(InputError) as caught:
                store.append(batch)
        message = str(caught.value)
        assert message.startswith(f"{tmp_path / 'completions'}: cannot be written ({os.strerror(number)}; ")
        assert "MB free there); what was stored before is safe and whole" in message
        assert message.endswith(f"{remedy}, then run the same command again: it goes on where it stopped")
        assert [*(tmp_path / "completions").iterdir()] == shards(tmp_path)
        assert [*store.wanted(["a"], 3)] == [("a", 1), ("a", 2)]
        store.append(batch)
    assert keys(store) == [("a", 0), ("a", 1), ("a", 2)]


def test_a_disk_that_fails_late_doubles_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Where only the folder could not be synced, the batch may be there: it is looked for, not doubled."""
    real, calls = os.fsync, []

    def refuse_second(handle: int) -> None:
        calls.append(handle)
        if len(calls) == 2:
            raise OSError(errno.EIO, os.strerror(errno.EIO))
        real(handle)

    with SampleSet.open(tmp_path, IDENTITY) as store:
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", refuse_second)
            with pytest.raises(InputError, match="cannot be written"):
                store.append([made(store, "a", 0)])
        assert [*store.wanted(["a"], 2)] == [("a", 1)]
        with pytest.raises(InputError, match="is there already"):
            store.append([made(store, "a", 0)])
        store.append([made(store, "a", 1)])
    assert keys(store) == [("a", 0), ("a", 1)]


def test_a_disk_that_refuses_grades_loses_none(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Grades are stored whole or not at all, and grading goes on."""
    graded(tmp_path, [("a", 0)])
    filled(tmp_path, [("a", 1)])

    def refuse(*_: object) -> None:
        raise OSError(errno.ENOSPC, os.strerror(errno.ENOSPC))

    with SampleSet.read(tmp_path) as store:
        grade = Graded("a", 1, "wrong", None)
        with monkeypatch.context() as broken:
            broken.setattr(os, "fsync", refuse)
            with pytest.raises(InputError, match="No space left on device"):
                store.append_grades(*GRADER, [grade])
        store.append_grades(*GRADER, [grade])
        assert store.tally(*GRADER).n.tolist() == [2]
    assert not [*grades_folder(tmp_path, *GRADER).glob(".*.draft")]


def test_a_real_limit_on_files_is_explained(tmp_path: Path) -> None:
    """A file that the system cuts short (ulimit -f) leaves nothing, and smaller batches still go in."""
    filled(tmp_path, [("a", 0)])
    process, pipe = start(write_limited, tmp_path)
    with pipe:
        message = pipe.recv()
        process.join()
    assert process.exitcode == 0
    assert "cannot be written (File too large" in message
    assert "raise the limit on the size of files (ulimit -f)" in message
    assert keys(SampleSet.read(tmp_path)) == [("a", 0), ("c", 0)]
    assert not [*(tmp_path / "completions").glob(".*")]


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    """A file where the folder should be is a user's mistake."""
    (tmp_path / "task").write_text("", encoding="utf-8")
    with pytest.raises(InputError) as caught:
        SampleSet.open(tmp_path / "task" / "arm", IDENTITY)
    assert str(caught.value).startswith(f"{tmp_path / 'task' / 'arm'}: cannot be written (")


def test_a_reader_never_sees_half_a_shard(tmp_path: Path) -> None:
    """Beside a running writer every read finds whole batches, and ever more of them."""
    process, pipe = start(write_on, tmp_path)
    with pipe:
        assert pipe.recv() == "open"
        sizes = []
        while not sizes or sizes[-1] < 50 * BATCH:
            sizes.append(len(keys(SampleSet.read(tmp_path))))
            assert process.is_alive()
        process.kill()
        process.join()
    assert {size % BATCH for size in sizes} == {0}
    assert sizes == sorted(sizes)
